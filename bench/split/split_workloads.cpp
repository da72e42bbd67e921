// Splitting held against published workloads: every value known, every plan and every bound accepted by the checker.
//
//   split_workloads                    the four of shared/data/partition, BERT L-3 repeated to 800 nodes, 200 random ones
//   split_workloads --highs[=PYTHON]   also plain HiGHS on the ordered form, one run per place of the CPU
//
// SLUICE_SHARED says where shared/ is (default ../shared). Seconds are of this process's processor time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/usage.h"
#include "split/baselines.h"
#include "split/check/check.h"
#include "split/plan.h"
#include "split/price.h"
#include "split/random_problem.h"
#include "split/read.h"

namespace {

using namespace sluice;
using namespace sluice::splits;

struct Known {
  const char* file;
  double load, seconds;  ///< optimum; published reference
  const char* memory;
};
constexpr Known workloads[] = {{"bert24_inference_Layer", 17.790, 0.00, "-"},
                               {"resnet50_inference_Layer", 33.775, 0.27, "5.5 MB"},
                               {"gnmt_inference_Layer", 32.911, 26.8, "549 MB"},
                               {"bert_l-3_inference_Operator", 27.919, 5.6, "-"}};

bool failed = false;
void expect(bool holds, const std::string& what) {
  if (holds) return;
  failed = true;
  fmt::print("FAILED: {}\n", what);
}

std::string loadOf(const Problem& problem, const std::optional<Stages>& stages) {
  return stages ? fmt::format("{:.3f}", measure(problem, *stages).load) : "none";
}

/// Seconds of plain HiGHS, from the script beside this file.
double highs(const std::string& python, const std::filesystem::path& file, double load) {
  const std::string command = python + " " SLUICE_BENCH_SPLIT "/ordered_highs.py " + file.string();
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return 0;
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), pipe));
  if (pclose(pipe) != 0) return 0;
  const auto answer = nlohmann::json::parse(text, nullptr, false);
  if (!answer.is_object()) return 0;
  expect(std::abs(answer["load"].get<double>() - load) < 1e-3 * load, "HiGHS finds the same optimum");
  return answer["cpu_seconds"].get<double>();
}

/// The middle layer of BERT L-3 (all that node 173 needs and node 128 does not, and what only ends there) repeated until
/// there are `nodes` nodes: each copy reads what the one before makes, and the same mask; the last layer reads the last.
Problem repeated(const Problem& problem, std::size_t nodes) {
  Problem result = problem;
  result.name += "_repeated";
  const std::size_t n = problem.nodes.size();
  const auto idOf = [&](const char* name) {
    for (std::uint32_t v = 0; v < n; ++v)
      if (problem.nodes[v].name == name) return v;
    return nowhere;
  };
  const std::uint32_t first = idOf("128"), last = idOf("173");
  std::vector<std::vector<std::uint32_t>> before(n);
  for (const Tensor& tensor : problem.tensors)
    for (const std::uint32_t to : tensor.to) before[to].push_back(tensor.from);
  const auto needs = [&](std::uint32_t node) {
    std::vector<bool> needed(n, false);
    std::vector<std::uint32_t> open = {node};
    while (!open.empty()) {
      const std::uint32_t v = open.back();
      open.pop_back();
      if (needed[v]) continue;
      needed[v] = true;
      open.insert(open.end(), before[v].begin(), before[v].end());
    }
    return needed;
  };
  const std::vector<bool> start = needs(first), end = needs(last);
  std::vector<bool> makes(n, false), layer(n, false);
  for (const Tensor& tensor : problem.tensors) makes[tensor.from] = true;
  for (std::uint32_t v = 0; v < n; ++v) layer[v] = end[v] && !start[v];
  for (std::uint32_t v = 0; v < n; ++v)
    if (!makes[v] && !before[v].empty() && layer[before[v].front()]) layer[v] = true;
  std::uint32_t output = last;
  for (std::size_t copy = 1; result.nodes.size() < nodes; ++copy) {
    std::vector<std::uint32_t> number(n, nowhere);
    for (std::uint32_t v = 0; v < n; ++v) {
      if (!layer[v]) continue;
      number[v] = static_cast<std::uint32_t>(result.nodes.size());
      Node node = problem.nodes[v];
      node.name = std::to_string(1000 * copy + v);
      if (!node.group.empty()) node.group += "/" + std::to_string(copy);
      result.nodes.push_back(std::move(node));
    }
    const auto readersOf = [&](const Tensor& tensor, bool inside) {
      std::vector<std::uint32_t> to;
      for (const std::uint32_t v : tensor.to)
        if (layer[v] == inside) to.push_back(inside ? number[v] : v);
      return to;
    };
    for (const Tensor& tensor : problem.tensors) {
      if (tensor.from == last) continue;  // below
      const std::vector<std::uint32_t> inside = readersOf(tensor, true);
      if (inside.empty()) continue;
      const std::uint32_t from = tensor.from == first ? output
                                 : layer[tensor.from] ? number[tensor.from]
                                                      : tensor.from;
      const auto known = std::find_if(result.tensors.begin(), result.tensors.end(),
                                      [&](const Tensor& other) { return other.from == from; });
      if (known == result.tensors.end()) {
        result.tensors.push_back({.from = from, .to = inside, .amount = tensor.amount});
      } else {
        if (from == output) known->to.clear();  // what read the layer before now reads the last copy
        known->to.insert(known->to.end(), inside.begin(), inside.end());
      }
    }
    for (const Tensor& tensor : problem.tensors)
      if (tensor.from == last)
        result.tensors.push_back(
            {.from = number[last], .to = readersOf(tensor, false), .amount = tensor.amount});
    output = number[last];
  }
  return result;
}

/// Solves and has the plan checked; one row.
Plan shown(const Problem& problem, const SolveOptions& options, double& spent) {
  const double begin = processorSeconds();
  Result<Plan> plan = solve(problem, options);
  spent = processorSeconds() - begin;
  if (!plan.ok()) {
    expect(false, problem.name + ": " + plan.error().text());
    return {};
  }
  const Result<std::string> verdict = checking::checkPlan(problemJson(problem), planJson(problem, *plan));
  expect(verdict.ok(), problem.name + ": " + (verdict.ok() ? "" : verdict.error().text()));
  return *plan;
}

}  // namespace

int main(int argc, char** argv) {
  std::string python;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--highs")) python = argument.size() > 8 ? argument.substr(8) : "python3";
  }
  const char* shared = std::getenv("SLUICE_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared != nullptr ? shared : "../shared") / "data/partition";
  fmt::print("{:<30}{:>6}{:>10}{:>10}{:>9}{:>8}{:>11}{:>10}{:>9}{:>8}\n", "workload", "nodes", "load",
             "bound", "s", "MB", "reference", "its MB", "HiGHS s", "ratio");
  double spent = 0;
  for (const Known& known : workloads) {
    const auto path = folder / (std::string(known.file) + ".json");
    const Result<Problem> problem = readProblem(path);
    if (!problem.ok()) return fmt::print("{}\n", problem.error().text()), 1;
    const Plan plan = shown(*problem, {}, spent);
    expect(plan.proven, problem->name + " is proven");
    expect(std::abs(plan.value - known.load) < 6e-4, problem->name + " has the known optimum");
    const double memory = peakMebibytes();
    expect(memory < 100, problem->name + " takes less than 100 MB");
    const double other = python.empty() ? 0 : highs(python, path, plan.value);
    if (other > 0) expect(other >= 3 * spent, problem->name + " is 3 times faster than HiGHS");
    fmt::print("{:<30}{:>6}{:>10.3f}{:>10.3f}{:>9.4f}{:>8.1f}{:>9.2f} s{:>10}{:>9}{:>8}\n", problem->name,
               problem->nodes.size(), plan.value, plan.lowerBound, spent, memory, known.seconds, known.memory,
               other > 0 ? fmt::format("{:.2f}", other) : "-",
               other > 0 ? fmt::format("{:.0f}", other / spent) : "-");
    std::fflush(stdout);
  }
  fmt::print("\n{:<30}{:>10}{:>12}{:>12}{:>12}{:>12}\n", "the largest load of", "ours", "contract", "balance",
             "next-fit", "seed");
  for (const Known& known : workloads) {
    const Result<Problem> problem = readProblem(folder / (std::string(known.file) + ".json"));
    fmt::print("{:<30}{:>10.3f}{:>12}{:>12}{:>12}{:>12}\n", problem->name, known.load,
               loadOf(*problem, contractBranches(*problem)), loadOf(*problem, balance(*problem)),
               loadOf(*problem, nextFit(*problem)), loadOf(*problem, seedEnumeration(*problem)));
  }
  Problem large = *readProblem(folder / "bert_l-3_inference_Operator.json");
  large.boards[0].count = 6;
  large = repeated(large, 800);
  const Plan plan = shown(large, {}, spent);
  fmt::print(
      "\n{}: {} nodes, 6 accelerators and a CPU: load {:.3f}, bound {:.3f}, {} steps, {:.2f} s, {:.1f} MB\n",
      large.name, large.nodes.size(), plan.value, plan.lowerBound, plan.steps, spent, peakMebibytes());
  expect(spent < 60 && plan.proven, "800 nodes are proven within a minute");
  std::fflush(stdout);
  int proven = 0, none = 0, count = 0;
  double worst = 0, sum = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Problem problem = randomProblem({.nodes = 20 + static_cast<std::uint32_t>(seed % 30),
                                           .boards = 6,
                                           .edges = 1.3,
                                           .reach = 3 + static_cast<std::uint32_t>(seed % 9)},
                                          seed);
    const Objective objective = {.goal = seed % 2 == 0 ? Goal::load : Goal::latency};
    const double begin = processorSeconds();
    const Result<Plan> found = solve(
        problem, {.objective = objective, .orders = 8, .limits = {.steps = 3'000'000, .bytes = 32u << 20}});
    sum += processorSeconds() - begin;
    if (!found.ok()) {
      ++none;
      continue;
    }
    ++count;
    proven += found->proven ? 1 : 0;
    if (!found->proven) {
      const double gap = 100 * (found->value / found->lowerBound - 1);
      worst = std::max(worst, gap);
      fmt::print("  {}: {} {:.3f}, bound {:.3f}, gap {:.1f} %\n", problem.name, nameOf(objective.goal),
                 found->value, found->lowerBound, gap);
    }
    if (found->steps < 30'000) {
      const Result<std::string> verdict =
          checking::checkPlan(problemJson(problem), planJson(problem, *found));
      expect(verdict.ok(), problem.name + ": " + (verdict.ok() ? "" : verdict.error().text()));
    }
  }
  fmt::print(
      "random networks of 20 to 49 nodes: {} plans, {} proven, largest gap {:.1f} %, {} infeasible; {:.1f} "
      "s\n",
      count, proven, worst, none, sum);
  return failed ? 1 : 0;
}

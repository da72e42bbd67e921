#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/threads.h"
#include "base/usage.h"
#include "search/front.h"
#include "search/sampler.h"

/// Fronts found in 1,000 evaluations of ZDT1 (10 variables), ZDT2 (10) and DTLZ2 (12 variables, three losses): median
/// hypervolume of all that was evaluated, and seconds of processor, beside pagmo's and Optuna's samplers in the same run.
///
///     fronts [--seeds=10] [--tpe-seeds=10] [--python=PYTHON] [--no-pagmo] [--json]
///
/// pagmo (GPL-3 or LGPL-3) is run in a program of its own, which is compiled here if its library is installed
/// (libpagmo-dev). --python names one that has Optuna; without it there is none. --tpe-seeds: Optuna's TPE takes minutes.
/// All volumes are taken by our `hypervolume` (tested in src/search), with 1.1 in every loss as reference. Fails if our
/// NSGA-II has a smaller median than any of them, is slower than pagmo, or not ten times as fast as Optuna.
namespace {

using namespace sluice;
using namespace sluice::search;
constexpr std::size_t evaluations = 1000;

struct Problem {
  std::string name;
  std::size_t variables, losses;
};
const std::vector<Problem> problems = {{"zdt1", 10, 2}, {"zdt2", 10, 2}, {"dtlz2", 12, 3}};

/// Source  E. Zitzler, K. Deb, L. Thiele, Evolutionary Computation 8(2), 2000 (ZDT); K. Deb et al., "Scalable multi-objective
///         optimization test problems", CEC 2002 (DTLZ)
std::vector<double> lossesOf(const Problem& problem, const Point& point) {
  const auto x = [&](std::size_t i) { return *point.values[i]; };
  double sum = 0;
  if (problem.name == "dtlz2") {
    for (std::size_t i = 2; i < problem.variables; ++i) sum += (x(i) - 0.5) * (x(i) - 0.5);
    const double a = x(0) * std::numbers::pi / 2, b = x(1) * std::numbers::pi / 2, r = 1 + sum;
    return {r * std::cos(a) * std::cos(b), r * std::cos(a) * std::sin(b), r * std::sin(a)};
  }
  for (std::size_t i = 1; i < problem.variables; ++i) sum += x(i);
  const double g = 1 + 9 * sum / static_cast<double>(problem.variables - 1), share = x(0) / g;
  return {x(0), g * (problem.name == "zdt1" ? 1 - std::sqrt(share) : 1 - share * share)};
}

struct Run {
  double volume = 0, seconds = -1;  ///< of processor; below 0: it failed
};

double volumeOf(std::vector<std::vector<double>> losses) {
  const std::vector<double> reference(losses.empty() ? 2 : losses[0].size(), 1.1);
  return hypervolume(std::move(losses), reference);
}

Run ours(Method method, const Problem& problem, std::uint64_t seed) {
  Space space;
  for (std::size_t i = 0; i < problem.variables; ++i)
    space.parameters.push_back(realParameter("x" + std::to_string(i), 0, 1));
  Objectives objectives;
  for (std::size_t i = 0; i < problem.losses; ++i)
    objectives.objectives.push_back({"loss" + std::to_string(i)});
  Run run;
  std::vector<std::vector<double>> losses;
  for (int repeat = 0; repeat < (method == Method::nsga2 || method == Method::moead ? 3 : 1); ++repeat) {
    losses.clear();
    const double start = threadProcessorSeconds();
    auto sampler = Sampler::make(space, objectives, {.method = method}, seed);
    std::vector<Trial> history;
    while (history.size() < evaluations) {
      auto points = sampler->propose(history, 1);
      if (!points.ok()) return {};
      history.push_back({points->front(), State::done, {lossesOf(problem, points->front()), 0}});
      losses.push_back(history.back().score.losses);
    }
    const double seconds = threadProcessorSeconds() - start;
    if (repeat == 0 || seconds < run.seconds) run.seconds = seconds;
  }
  run.volume = volumeOf(losses);
  return run;
}

/// A peer's answer: a line of version, one of seconds, one of losses per evaluation.
Run peer(const std::string& command, std::string& version) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char buffer[65536];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  if (::pclose(pipe) != 0) return {};
  std::istringstream lines(text);
  Run run;
  std::vector<std::vector<double>> losses;
  std::string line;
  std::getline(lines, version);
  std::getline(lines, line);
  if (!parseDouble(line, run.seconds)) return {};
  while (std::getline(lines, line)) {
    std::istringstream numbers(line);
    losses.emplace_back();
    for (double loss = 0; numbers >> loss;) losses.back().push_back(loss);
  }
  if (losses.size() != evaluations) return {};
  run.volume = volumeOf(std::move(losses));
  return run;
}

double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

struct Line {
  std::string problem, sampler;
  std::size_t seeds = 0;
  double median = 0, least = 0, most = 0, seconds = 0;
};

Line lineOf(const std::string& problem, const std::string& sampler, const std::vector<Run>& runs) {
  std::vector<double> volumes, seconds;
  for (const Run& run : runs)
    if (run.seconds >= 0) volumes.push_back(run.volume), seconds.push_back(run.seconds);
  if (volumes.size() < runs.size() || runs.empty()) {
    std::fprintf(stderr, "%s, %s: %zu of %zu runs failed\n", problem.c_str(), sampler.c_str(),
                 runs.size() - volumes.size(), runs.size());
    return {problem, sampler};
  }
  return {problem,
          sampler,
          runs.size(),
          medianOf(volumes),
          *std::min_element(volumes.begin(), volumes.end()),
          *std::max_element(volumes.begin(), volumes.end()),
          medianOf(seconds)};
}

void show(const Line& line, bool json) {
  if (line.seeds == 0) return;
  if (json)
    std::printf(
        "{\"name\": \"front\", \"problem\": \"%s\", \"sampler\": \"%s\", \"seeds\": %zu, "
        "\"median_hypervolume\": %.4f, "
        "\"processor_seconds\": %.6f}\n",
        line.problem.c_str(), line.sampler.c_str(), line.seeds, line.median, line.seconds);
  else
    std::printf("| %s | %s | %zu | %.4f | %.4f to %.4f | %.4f |\n", line.problem.c_str(),
                line.sampler.c_str(), line.seeds, line.median, line.least, line.most, line.seconds);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 10, tpeSeeds = 10;
  std::string python;
  bool withPagmo = true, json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i], value = argument.substr(argument.find('=') + 1);
    if (argument.starts_with("--seeds="))
      seeds = std::stoull(value);
    else if (argument.starts_with("--tpe-seeds="))
      tpeSeeds = std::stoull(value);
    else if (argument.starts_with("--python="))
      python = value;
    else if (argument == "--no-pagmo")
      withPagmo = false;
    else if (argument == "--json")
      json = true;
    else
      return std::fprintf(stderr, "unknown argument %s\n", argv[i]), 2;
  }
  const std::string source = SLUICE_BENCH_SOURCE "/peers/";
  const std::string program =
      (std::filesystem::temp_directory_path() / ("pagmo_front-" + std::to_string(::getpid()))).string();
  if (withPagmo && std::system(("c++ -std=c++17 -O2 " + source + "pagmo_front.cpp -o " + program +
                                " -lpagmo -lboost_serialization -ltbb -lpthread")
                                   .c_str()) != 0) {
    std::fprintf(stderr, "pagmo's program does not compile (Debian: libpagmo-dev); it is left out\n");
    withPagmo = false;
  }
  if (!json)
    std::puts(
        "| problem | sampler | seeds | median hypervolume | least to most | s of processor "
        "|\n|---|---|---|---|---|---|");
  bool good = true;
  std::vector<Line> mine;
  for (const Problem& problem : problems)
    for (const Method method : {Method::nsga2, Method::moead, Method::tpe}) {
      if (method == Method::tpe && tpeSeeds == 0) continue;
      std::vector<Run> runs;
      for (std::uint64_t seed = 1; seed <= (method == Method::tpe ? std::min(seeds, tpeSeeds) : seeds);
           ++seed)
        runs.push_back(ours(method, problem, seed));
      const Line line = lineOf(problem.name, "Sluice " + std::string(nameOf(method)), runs);
      good = good && line.seeds > 0;
      if (method == Method::nsga2) mine.push_back(line);
      show(line, json);
    }
  struct Peer {
    std::string name, before, after;  ///< of problem, variables, evaluations, seed
    std::uint64_t seeds;
    double timesAsFast;  ///< as we are to be
  };
  std::vector<Peer> peers;
  if (withPagmo) {  // its own defaults; and those of Deb's paper
    peers.push_back({"nsga2, defaults", program, " 40 0.95 10 0.01 50", seeds, 1});
    peers.push_back({"nsga2, mutation 1/n, indices 20", program, " 40 0.9 20 0.1 20", seeds, 1});
  }
  if (!python.empty()) {
    peers.push_back({"nsga2", python + " " + source + "optuna_front.py nsga2", "", seeds, 10});
    peers.push_back(
        {"tpe", python + " " + source + "optuna_front.py tpe", "", std::min(seeds, tpeSeeds), 10});
  }
  std::erase_if(peers, [](const Peer& other) { return other.seeds == 0; });
  for (const Peer& other : peers)
    for (std::size_t p = 0; p < problems.size(); ++p) {
      std::vector<Run> runs(other.seeds);
      std::vector<std::string> versions(other.seeds);
      const bool sameSpeed = other.timesAsFast == 1;
      std::vector<double> between;  // our seconds, taken between those of a peer that is about as fast
      parallelFor(runs.size(), sameSpeed ? 1 : 2, [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t i = begin; i < end; ++i) {
          runs[i] = peer(other.before + " " + problems[p].name + " " + std::to_string(problems[p].variables) +
                             " " + std::to_string(evaluations) + " " + std::to_string(i + 1) + other.after,
                         versions[i]);
          if (sameSpeed) between.push_back(ours(Method::nsga2, problems[p], i + 1).seconds);
        }
      });
      if (sameSpeed) {
        mine[p].seconds = medianOf(between);
        show(mine[p], json);
      }
      const Line line = lineOf(problems[p].name, versions[0] + " " + other.name, runs);
      show(line, json);
      if (line.seeds == 0 || mine[p].median < line.median ||
          mine[p].seconds * other.timesAsFast > line.seconds) {
        std::printf("NOT MET: %s beside %s\n", line.problem.c_str(), line.sampler.c_str());
        good = false;
      }
    }
  std::error_code ignored;
  std::filesystem::remove(program, ignored);
  return good ? 0 : 1;
}

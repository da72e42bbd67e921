#include "split.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>

#include "base/file.h"
#include "base/text.h"
#include "split/check/check.h"
#include "split/plan.h"
#include "split/read.h"

namespace sluice::tool {
namespace {

using namespace splits;

constexpr int openExit = 4;

int fail(const Error& error) {
  std::fprintf(stderr, "sluice: %s\n", error.text().c_str());
  return exitCode(error.code);
}

double cpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double peakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

Result<int> plan(const SplitOptions& options) {
  SolveOptions solveOptions;
  solveOptions.objective.goal = options.objective == "load"      ? Goal::load
                                : options.objective == "latency" ? Goal::latency
                                                                 : Goal::boards;
  if (options.loadLimit > 0) solveOptions.objective.loadLimit = options.loadLimit;
  if (solveOptions.objective.goal == Goal::boards && options.loadLimit <= 0)
    return Error{ErrorCode::usage, "--objective boards needs --load-limit, the time between frames", {}};
  solveOptions.limits.steps = options.effort * 1'000'000;
  solveOptions.orders = options.orders;
  SLUICE_TRY(const Problem problem, readProblem(options.file));
  const double begin = cpuSeconds();
  SLUICE_TRY(const Plan plan, solve(problem, solveOptions));
  const double seconds = cpuSeconds() - begin;
  SLUICE_RETURN_IF_ERROR(writeFile(options.plan, planJson(problem, plan)));
  std::printf("%s: %s %s over %s", problem.name.c_str(), nameOf(plan.objective.goal),
              formatFixed(plan.value, plan.objective.goal == Goal::boards ? 0 : 6).c_str(),
              countOf(static_cast<std::int64_t>(plan.stages.size()), "stage").c_str());
  if (plan.proven)
    std::printf(", the least there is");
  else
    std::printf("; no plan is below %s, a gap of %s %%", formatFixed(plan.lowerBound, 6).c_str(),
                formatFixed(100 * (plan.value / plan.lowerBound - 1), 2).c_str());
  std::printf(" (%s steps, %s s, %s MB)\n", formatCount(static_cast<std::int64_t>(plan.steps)).c_str(),
              formatFixed(seconds, 3).c_str(), formatFixed(peakMegabytes(), 1).c_str());
  std::printf("  load %s, latency %s, boards %u\n", formatFixed(plan.measures.load, 6).c_str(),
              formatFixed(plan.measures.latency, 6).c_str(), plan.measures.boards);
  for (const Stage& stage : plan.stages)
    std::printf(
        "  place %u  %-12s %s, from %s to %s\n", stage.place, problem.boards[stage.board].name.c_str(),
        countOf(static_cast<std::int64_t>(stage.nodes.size()), "node").c_str(),
        problem.nodes[stage.nodes.front()].name.c_str(), problem.nodes[stage.nodes.back()].name.c_str());
  return plan.proven ? 0 : openExit;
}

Result<int> checkFile(const SplitOptions& options) {
  constexpr std::uint64_t mostBytes = std::uint64_t{1} << 30;
  SLUICE_TRY(const std::string problem, readFile(options.file, mostBytes));
  SLUICE_TRY(const std::string plan, readFile(options.plan, mostBytes));
  const Result<std::string> verdict = splits::checking::checkPlan(problem, plan);
  if (!verdict.ok()) return badInput(verdict.error().message, options.plan.filename().string());
  std::printf("%s\n", verdict->c_str());
  return 0;
}

}  // namespace

void addSplit(CLI::App& app, SplitOptions& options) {
  CLI::App* split = app.add_subcommand("split", "split a network over boards, with proof of what is best");
  split->require_subcommand(1);
  const auto file = [&](CLI::App* command) {
    command
        ->add_option("FILE", options.file,
                     "network and boards (sluice-split/1, or a device-placement workload)")
        ->required()
        ->type_name("FILE");
  };
  CLI::App* plan = split->add_subcommand("plan", "the best plan, its lower bound and a certificate");
  file(plan);
  plan->add_option(
          "--objective", options.objective,
          "what is made least: the load of the slowest stage or link, the latency of a frame, or the boards")
      ->type_name("load|latency|boards")
      ->check(CLI::IsMember({"load", "latency", "boards"}).description(""))
      ->capture_default_str();
  plan->add_option("--load-limit", options.loadLimit,
                   "no stage and no link may take longer than this for a frame")
      ->type_name("T")
      ->check(CLI::PositiveNumber.description(""));
  plan->add_option("--effort", options.effort,
                   "millions of steps; then the best found, with a proven bound (about 10 ns to 100 ns each)")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40).description(""))
      ->capture_default_str();
  plan->add_option("--orders", options.orders,
                   "orders of the nodes that are tried for a good plan to start from")
      ->type_name("N")
      ->check(CLI::Range(1u, 100000u).description(""))
      ->capture_default_str();
  plan->add_option("-o,--output", options.plan, "plan and certificate")->required()->type_name("PLAN.json");
  plan->footer("Exit codes: 0 proven, 3 nothing fits, 4 a plan, but the proof is open.");
  CLI::App* check = split->add_subcommand("check", "verify what `plan` wrote, without its solver");
  file(check);
  check->add_option("PLAN", options.plan, "file that `sluice split plan` wrote")
      ->required()
      ->type_name("PLAN.json");
  split->footer(
      "Examples:\n"
      "  sluice split plan gnmt_inference_Layer.json -o plan.json\n"
      "  sluice split plan net.split.json --objective boards --load-limit 40 -o plan.json\n"
      "  sluice split check gnmt_inference_Layer.json plan.json\n");
}

int runSplit(const CLI::App& app, const SplitOptions& options) {
  const CLI::App* split = app.get_subcommand("split");
  const Result<int> result = split->got_subcommand("plan") ? plan(options) : checkFile(options);
  return result.ok() ? *result : fail(result.error());
}

}  // namespace sluice::tool

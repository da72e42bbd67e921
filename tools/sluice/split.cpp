#include "split.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "base/usage.h"
#include "frontend/model.h"
#include "read_model.h"
#include "split/check/check.h"
#include "split/network/build_time.h"
#include "split/network/inner_split.h"
#include "split/network/joint.h"
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

/// What the plan says, with units if it has them.
void show(const Problem& problem, const Plan& plan, double seconds, const char* unit) {
  const auto figure = [&](double value, int digits) { return formatFixed(value, digits) + unit; };
  std::printf("%s: %s %s over %s", problem.name.c_str(), nameOf(plan.objective.goal),
              plan.objective.goal == Goal::boards ? formatFixed(plan.value, 0).c_str()
                                                  : figure(plan.value, 6).c_str(),
              countOf(static_cast<std::int64_t>(plan.stages.size()), "stage").c_str());
  if (plan.proven)
    std::printf(", the least there is");
  else
    std::printf("; no plan is below %s, a gap of %s %%", formatFixed(plan.lowerBound, 6).c_str(),
                formatFixed(100 * (plan.value / plan.lowerBound - 1), 2).c_str());
  std::printf(" (%s steps, %s s, %s MB)\n", formatCount(static_cast<std::int64_t>(plan.steps)).c_str(),
              formatFixed(seconds, 3).c_str(), formatFixed(peakMebibytes(), 1).c_str());
  std::printf("  load %s, latency %s, boards %u\n", figure(plan.measures.load, 6).c_str(),
              figure(plan.measures.latency, 6).c_str(), plan.measures.boards);
  for (const Stage& stage : plan.stages)
    std::printf(
        "  place %u  %-12s %s, from %s to %s\n", stage.place, problem.boards[stage.board].name.c_str(),
        countOf(static_cast<std::int64_t>(stage.nodes.size()), "node").c_str(),
        problem.nodes[stage.nodes.front()].name.c_str(), problem.nodes[stage.nodes.back()].name.c_str());
}

void showFront(const JointPlan& joint) {
  std::printf("  a frame every   boards   boards' worth (no less than)   longest synthesis   latency\n");
  for (std::size_t p = 0; p < joint.front.size(); ++p) {
    const JointPoint& point = joint.front[p];
    std::printf("%c %10s us   %4u%s   %8s (%s) %17s s %13s us%s\n", p == joint.chosen ? '*' : ' ',
                formatFixed(point.interval, 3).c_str(), point.boards, point.boardsProven ? " " : "?",
                formatFixed(point.share, 3).c_str(), formatFixed(point.shareBound, 3).c_str(),
                formatFixed(point.buildSeconds, 0).c_str(), formatFixed(point.latency, 2).c_str(),
                point.splits > 0 ? "  split inside" : "");
  }
}

void showBuild(const NetworkPlan& plan) {
  const std::vector<double> seconds = buildTimes(plan.network.problem, plan.plan.stages);
  std::printf("  synthesis, predicted:");
  for (const double part : seconds) std::printf(" %s s", formatFixed(part, 0).c_str());
  std::printf("; %s s with two workers", formatFixed(buildSpan(seconds, 2), 0).c_str());
  if (plan.build)
    std::printf("; no cuts have a shorter longest part than %s s",
                formatFixed(plan.build->plan.lowerBound + BuildTimeModel().start, 0).c_str());
  std::printf("\n");
}

Result<int> planModel(const SplitOptions& options, const SolveOptions& solveOptions) {
  if (options.boards.empty())
    return Error{ErrorCode::usage, "a model is split over boards: name them with --board NAME:COUNT", {}};
  SLUICE_TRY(const ClusterSpec cluster,
             clusterSpec(options.boards, options.topology, options.link, options.fixedOrder));
  const double begin = processorSeconds();
  SLUICE_TRY(ir::Graph imported, frontend::importModel(options.file));
  SLUICE_TRY(const ir::Graph graph, lowerModel(std::move(imported)));
  NetworkPlanOptions planOptions{.goal = solveOptions.objective.goal,
                                 .loadLimit = solveOptions.objective.loadLimit,
                                 .map = {.regime = options.regime},
                                 .limits = solveOptions.limits};
  if (options.reuseFactor > 0) planOptions.map.reuseFactor = options.reuseFactor;
  if (options.targetInterval > 0) planOptions.map.targetInterval = options.targetInterval;
  SLUICE_TRY(const InnerOptions inner, innerOptions(options.inside));
  planOptions.fastestBuild = options.objective == "build-time";
  InnerPlan within;
  if (options.objective == "pareto") {
    JointOptions jointOptions;
    if (options.inside != "auto") jointOptions.inner.ways = inner.ways;
    SLUICE_TRY(JointPlan joint, planJointly(graph, cluster, planOptions, jointOptions));
    showFront(joint);
    within.plan = std::move(joint.plan);
    within.splits = std::move(joint.splits);
  } else {
    SLUICE_TRY(within, planWithin(graph, cluster, planOptions, inner));
  }
  const NetworkPlan& found = within.plan;
  const Problem& problem = found.network.problem;
  std::filesystem::path problemFile = options.problem;
  if (problemFile.empty()) {
    problemFile = options.plan;
    problemFile.replace_extension(".problem.json");
  }
  SLUICE_RETURN_IF_ERROR(writeFile(problemFile, problemJson(problem)));
  SLUICE_RETURN_IF_ERROR(writeFile(options.plan, planJson(problem, found.plan)));
  show(problem, found.plan, processorSeconds() - begin, " us");
  for (const InnerSplit& split : within.splits)
    std::printf("  %s is split by %s into %s\n", split.node.c_str(), nameOf(split.options.how),
                countOf(static_cast<std::int64_t>(split.options.shares.size()), "part").c_str());
  showBuild(found);
  if (found.map.targetInterval && options.objective != "pareto")
    std::printf("  for a frame every %s cycles, of %u paces tried\n",
                std::to_string(*found.map.targetInterval).c_str(), found.factors);
  if (found.map.reuseFactor)
    std::printf("  at reuse factor %s, of %u tried; verify: sluice split check %s %s\n",
                std::to_string(*found.map.reuseFactor).c_str(), found.factors, problemFile.filename().c_str(),
                options.plan.filename().c_str());
  return found.plan.proven ? 0 : openExit;
}

Result<int> plan(const SplitOptions& options) {
  SolveOptions solveOptions;
  solveOptions.objective.goal = options.objective == "latency"  ? Goal::latency
                                : options.objective == "boards" ? Goal::boards
                                                                : Goal::load;
  if (options.loadLimit > 0) solveOptions.objective.loadLimit = options.loadLimit;
  if (solveOptions.objective.goal == Goal::boards && options.loadLimit <= 0)
    return Error{ErrorCode::usage, "--objective boards needs --load-limit, the time between frames", {}};
  solveOptions.limits.steps = options.effort * 1'000'000;
  solveOptions.orders = options.orders;
  SLUICE_TRY(const std::string text, readFile(options.file, std::uint64_t{1} << 30));
  if (!isProblem(text) && (!options.boards.empty() || options.file.extension() != ".json"))
    return planModel(options, solveOptions);
  if (options.objective == "build-time" || options.objective == "pareto")
    return Error{ErrorCode::usage, "--objective " + options.objective + " is for models", {}};
  if (!options.boards.empty())
    return Error{ErrorCode::usage, "--board is for models; this file names its own boards", {}};
  SLUICE_TRY(const Problem problem, parseProblem(text, options.file.string()));
  const double begin = processorSeconds();
  SLUICE_TRY(const Plan plan, solve(problem, solveOptions));
  const double seconds = processorSeconds() - begin;
  SLUICE_RETURN_IF_ERROR(writeFile(options.plan, planJson(problem, plan)));
  show(problem, plan, seconds, "");
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
  plan->add_option(
          "FILE", options.file,
          "network and boards (sluice-split/1, or a device-placement workload), or a model for --board")
      ->required()
      ->type_name("FILE");
  plan->add_option("--objective", options.objective,
                   "what is made least: the load of the slowest stage or link, the latency of a frame, or "
                   "the boards; of "
                   "models also the longest synthesis of a part; pareto: folds and memories layer by layer, "
                   "the front shown")
      ->type_name("load|rate|latency|boards|build-time|pareto")
      ->check(CLI::IsMember({"load", "rate", "latency", "boards", "build-time", "pareto"}).description(""))
      ->capture_default_str();
  plan->add_option("--load-limit", options.loadLimit,
                   "no stage and no link may take longer than this for a frame (of models: microseconds)")
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
  plan->add_option("--board", options.boards,
                   "of a model: board, and how many of it; may stand several times")
      ->type_name("NAME[:COUNT]");
  plan->add_option("--topology", options.topology, "of a model: how the boards are wired")
      ->type_name("chain|ring|star|switch|mesh:COLUMNS")
      ->capture_default_str();
  plan->add_option("--link", options.link, "of a model: what the wires are, by name or a file")
      ->type_name("NAME")
      ->capture_default_str();
  plan->add_option(
          "--split-inside", options.inside,
          "of a model: how layers may be split inside; auto: in any way, but only if nothing fits without")
      ->type_name("auto|any|outputs|inputs|rows|none")
      ->capture_default_str();
  plan->add_flag("--fixed-order", options.fixedOrder, "of a model: places take the boards as they are named");
  plan->add_option(
          "--reuse-factor", options.reuseFactor,
          "of a model: multiplications that share a multiplier; without it, what serves the objective")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32).description(""));
  plan->add_option("--target-ii", options.targetInterval,
                   "of a model: fewest multipliers that take a frame at least every N cycles")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40).description(""));
  plan->add_option(
          "--problem", options.problem,
          "of a model: where the network and its boards go, for `check`; without it, beside the plan")
      ->type_name("FILE.json");
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
      "  sluice split plan model.onnx --board pynq-z2:5 --topology chain -o plan.json\n"
      "  sluice split check plan.problem.json plan.json\n"
      "  sluice split check gnmt_inference_Layer.json plan.json\n");
}

int runSplit(const CLI::App& app, const SplitOptions& options) {
  const CLI::App* split = app.get_subcommand("split");
  const Result<int> result = split->got_subcommand("plan") ? plan(options) : checkFile(options);
  return result.ok() ? *result : fail(result.error());
}

}  // namespace sluice::tool

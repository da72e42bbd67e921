#include "split_build.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "split/plan.h"
#include "split/read.h"
#include "split/seats.h"

namespace sluice::tool {
namespace {

using namespace splits;

/// Links faster than this carry beats as they come; slower ones carry frames, and buffer them themselves.
constexpr double longestStreamLatency = 1000;  // cycles

/// A check behind the proof: splits inside layers on random codes.
Status expectSameCodes(const ir::Graph& before, const ir::Graph& after) {
  constexpr std::size_t frames = 64;
  SLUICE_TRY(const ir::IntegerEngine one, ir::IntegerEngine::compile(before));
  SLUICE_TRY(const ir::IntegerEngine other, ir::IntegerEngine::compile(after));
  const ir::CodeRows codes = ir::randomCodes(before, one.regions(), frames, 1);
  SLUICE_TRY(const ir::CodeRows wanted, one.run(codes, frames));
  SLUICE_TRY(const ir::CodeRows got, other.run(codes, frames));
  SLUICE_CHECK(wanted == got, "splits inside layers change no code");
  return {};
}

/// The parts of an earlier build in the folder that shall stay, with the settings of their nodes.
Status keepParts(const BuildOptions& options, NetworkPlanOptions& plan) {
  if (options.freeze.empty()) return {};
  const std::filesystem::path file = options.output / "deployment.json";
  SLUICE_TRY(const std::string text, readFile(file, std::uint64_t{1} << 28));
  std::vector<std::string> known;
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    for (const std::string& name : options.freeze) {
      const std::size_t before = plan.frozen.size();
      for (const auto& board : json.at("boards")) {
        known.push_back(board.at("top_module").get<std::string>());
        if (known.back() != name) continue;
        FrozenPart part{.name = name, .nodes = {}, .board = board.at("board").get<std::string>()};
        for (const auto& node : board.at("nodes")) part.nodes.push_back(node.get<std::string>());
        plan.frozen.push_back(std::move(part));
        const nlohmann::json own = board.value("node_settings", nlohmann::json::object());
        for (const auto& [node, settings] : own.items()) {
          SLUICE_TRY(const map::NodeOptionsMap one,
                     map::parseNodeOptions(node + " " + settings.get<std::string>()));
          plan.map.nodes.insert(one.begin(), one.end());
        }
      }
      if (plan.frozen.size() == before)
        return badInput("no subgraph is called '" + name +
                            "'; --freeze takes those of the build in the folder: " + join(known, ", "),
                        file.string());
    }
  } catch (const nlohmann::json::exception& problem) {
    return badInput(std::string("is no deployment of ours: ") + problem.what(), file.string());
  }
  return {};
}

}  // namespace

Result<PlannedSplit> planSplit(const ir::Graph& graph, const BuildOptions& options,
                               const map::MapOptions& mapOptions) {
  PlannedSplit result;
  SLUICE_TRY(result.cluster, clusterSpec(options.boards, options.topology, options.link, options.fixedOrder));
  NetworkPlanOptions planOptions{.map = mapOptions};
  if (options.objective == "latency") {
    planOptions.goal = Goal::latency;
  } else if (options.objective == "boards") {
    if (!options.targetInterval)
      return Error{ErrorCode::usage, "--objective boards needs --target-ii, the cycles between frames", {}};
    planOptions.goal = Goal::boards;
    double slowest = result.cluster.kinds[0].board.targetMhz;
    for (const ClusterSpec::Kind& kind : result.cluster.kinds)
      slowest = std::min<double>(slowest, kind.board.targetMhz);
    planOptions.loadLimit = static_cast<double>(*options.targetInterval) / slowest;
  } else if (options.objective == "build-time") {
    planOptions.fastestBuild = true;
  } else if (options.objective != "rate" && options.objective != "pareto") {
    return Error{ErrorCode::usage,
                 "no objective is called '" + options.objective +
                     "'; known: rate, latency, boards, build-time, pareto",
                 {}};
  }
  SLUICE_RETURN_IF_ERROR(keepParts(options, planOptions));
  if (options.objective == "pareto") {
    JointOptions jointOptions;
    if (options.splitInside != "auto") {
      SLUICE_TRY(const InnerOptions inner, innerOptions(options.splitInside));
      jointOptions.inner.ways = inner.ways;
    }
    SLUICE_TRY(JointPlan joint, planJointly(graph, result.cluster, planOptions, jointOptions));
    result.plan = std::move(joint.plan);
    result.front = std::move(joint.front);
    result.chosen = joint.chosen;
    result.graph = std::move(joint.graph);
    if (!joint.splits.empty()) SLUICE_RETURN_IF_ERROR(expectSameCodes(graph, result.graph));
  } else {
    SLUICE_TRY(const InnerOptions inner, innerOptions(options.splitInside));
    SLUICE_TRY(InnerPlan within, planWithin(graph, result.cluster, planOptions, inner));
    result.plan = std::move(within.plan);
    result.graph = std::move(within.graph);
    if (!within.splits.empty()) SLUICE_RETURN_IF_ERROR(expectSameCodes(graph, result.graph));
  }
  const Stages& stages = result.plan.plan.stages;
  for (const Stage& stage : stages) result.boards.push_back(result.cluster.kinds[stage.board].board);
  SLUICE_TRY(map::Partition parts, splits::partitionOf(result.graph, result.plan.network, stages));
  if (familiesOf(result.cluster).size() > 1)
    for (const device::Board& board : result.boards) parts.families.push_back(board.part.family);
  SLUICE_TRY(result.design, map::mapGraph(result.graph, result.plan.map, parts));
  for (map::Cut& cut : result.design.cuts) {
    const std::uint32_t from = result.design.streams[cut.from.index].subgraph.index,
                        to = result.design.streams[cut.to.index].subgraph.index;
    const double cycles =
        hopBetween(result.plan.network.problem, stages[from].place, stages[to].place).latency *
        result.boards[to].targetMhz;
    cut.latency = cycles <= longestStreamLatency ? static_cast<std::uint32_t>(std::ceil(cycles)) : 0;
  }
  return result;
}

Status describeSplit(const ir::Graph& graph, const PlannedSplit& split, const map::Design& design,
                     report::Report& report) {
  std::vector<std::uint64_t> latencies;
  for (const report::SubgraphRow& row : report.subgraphs) latencies.push_back(row.latency);
  std::vector<std::string> tensors;
  for (const ir::Tensor& tensor : graph.tensors) tensors.push_back(tensor.name);
  SLUICE_TRY(report.deployment, report::deploymentOf(design, split.cluster, split.plan, latencies, tensors));
  for (std::size_t p = 0; p < split.front.size(); ++p) {
    const JointPoint& point = split.front[p];
    report.deployment->front.push_back({.interval = point.interval,
                                        .share = point.share,
                                        .shareBound = point.shareBound,
                                        .buildSeconds = point.buildSeconds,
                                        .boards = point.boards,
                                        .boardsProven = point.boardsProven,
                                        .isChosen = p == split.chosen});
  }
  for (std::size_t w = 0; w < report.deployment->wires.size(); ++w)
    report.deployment->wires[w].latencyCycles = split.design.cuts[w].latency;
  return {};
}

void addSplitFiles(const PlannedSplit& split, const report::Deployment& deployment,
                   std::vector<emit::File>& files) {
  files.push_back({"split/problem.json", problemJson(split.plan.network.problem)});
  files.push_back({"split/plan.json", planJson(split.plan.network.problem, split.plan.plan)});
  if (split.plan.build) {
    files.push_back({"split/build_time.problem.json", problemJson(split.plan.build->problem)});
    files.push_back(
        {"split/build_time.plan.json", planJson(split.plan.build->problem, split.plan.build->plan)});
  }
  files.push_back({"deployment.json", report::deploymentJson(deployment)});
  for (std::size_t p = 0; p < deployment.places.size(); ++p) {
    const std::string folder = deployment.places[p].folder + "/";
    files.push_back({folder + "links.json", report::linkMapJson(deployment, p)});
    report::ConstraintsFile constraints = report::constraintsSkeleton(deployment, p);
    files.push_back({folder + constraints.name, std::move(constraints.content)});
  }
}

void addResourceFiles(const report::Report& report, std::vector<emit::File>& files) {
  for (std::size_t p = 0; p < report.boards.size(); ++p) {
    const report::BoardRow& board = report.boards[p];
    nlohmann::ordered_json json = {
        {"board", board.name}, {"part", board.part}, {"kind", report::kindName(board.kind)}};
    for (const device::Usage& row : board.usage)
      json["resources"][row.resource] = {{"used", row.used}, {"available", row.available}};
    files.push_back({report.deployment->places[p].folder + "/resources.json", json.dump(1) + "\n"});
  }
}

}  // namespace sluice::tool

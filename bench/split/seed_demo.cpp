// The demonstration of fastML-2024 from start to finish: its networks, quantized here, split over five PYNQ-Z2 in its
// three ways, and what the cluster then does.
//
//   seed_demo                 all networks of shared/models/seed-demo, links of 1 Gb Ethernet
//   seed_demo LINK            another link
//   seed_demo LINK NETWORK    one network (part of its name)
//
// Of every network: accuracy beside the float network's; the plans by layers alone (sequential), with the widest layer
// split by inputs, by outputs, by what serves best, and the notebook's own splits; of every plan, whether all outputs are those of
// the unsplit network over all 5,000 test images; the whole cluster against the latency of its links.
// SLUICE_SHARED says where shared/ is (default ../shared). Exit code 1 if a line does not hold.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cluster/machine.h"
#include "frontend/model.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "passes/pipeline.h"
#include "quantize/quantize.h"
#include "quantize/score.h"
#include "show.h"
#include "split/check/check.h"
#include "split/network/inner_split.h"
#include "split/plan.h"
#include "split/price.h"
#include "split/read.h"

namespace {

using namespace sluice;
using namespace sluice::splits;
namespace fs = std::filesystem;

bool failed = false;
void expect(bool holds, const std::string& what) {
  if (holds) return;
  failed = true;
  fmt::print("FAILED: {}\n", what);
}

struct Images {
  quantize::Calibration samples;
  std::vector<std::int64_t> labels;
};

/// 28 x 28 pixels / 256; or 16 x 16 as the demonstration's README says: two zeros round them, sums of 2 x 2 over 1,024.
Result<Images> images(const std::string& set, bool small, std::size_t most) {
  const fs::path folder = show::sharedFolder() / "data/mnist";
  SLUICE_TRY(const std::string pixels, show::readIdx(folder / (set + "-images-idx3-ubyte.gz"), 16));
  SLUICE_TRY(const std::string labels, show::readIdx(folder / (set + "-labels-idx1-ubyte.gz"), 8));
  Images result;
  result.samples.samples = std::min(most, pixels.size() / 784);
  std::vector<double>& out = result.samples.inputs.emplace_back();
  for (std::size_t n = 0; n < result.samples.samples; ++n) {
    if (n < labels.size()) result.labels.push_back(labels[n]);
    const auto pixel = [&](std::size_t row, std::size_t column) -> double {
      if (row < 2 || column < 2 || row >= 30 || column >= 30) return 0;
      return static_cast<unsigned char>(pixels[n * 784 + (row - 2) * 28 + column - 2]);
    };
    if (!small)
      for (std::size_t i = 0; i < 784; ++i)
        out.push_back(static_cast<unsigned char>(pixels[n * 784 + i]) / 256.0);
    else
      for (std::size_t r = 0; r < 32; r += 2)
        for (std::size_t c = 0; c < 32; c += 2)
          out.push_back((pixel(r, c) + pixel(r, c + 1) + pixel(r + 1, c) + pixel(r + 1, c + 1)) / 1024);
  }
  return result;
}

struct Trial {
  std::string name;
  ir::Graph graph;
  NetworkPlan plan;
};

/// The stages of what stands on each board by name; what is not named stands with the last of what it reads.
Stages stagesOf(const Problem& problem, const std::vector<std::vector<std::string>>& boards) {
  std::vector<std::uint32_t> stage(problem.nodes.size(), 0);
  for (std::uint32_t v = 0; v < problem.nodes.size(); ++v) {
    for (const Tensor& tensor : problem.tensors)
      if (std::find(tensor.to.begin(), tensor.to.end(), v) != tensor.to.end())
        stage[v] = std::max(stage[v], stage[tensor.from]);
    for (std::uint32_t b = 0; b < boards.size(); ++b)
      if (std::find(boards[b].begin(), boards[b].end(), problem.nodes[v].name) != boards[b].end())
        stage[v] = std::max(stage[v], b);
  }
  Stages stages;
  for (std::uint32_t b = 0; b < boards.size(); ++b) {
    Stage one{.place = b, .board = 0, .nodes = {}};
    for (std::uint32_t v = 0; v < stage.size(); ++v)
      if (stage[v] == b) one.nodes.push_back(v);
    if (!one.nodes.empty()) stages.push_back(std::move(one));
  }
  return stages;
}

/// Given stages at the fastest pace that fits; nothing if none does.
Result<std::optional<Trial>> notebook(const std::string& name, const ir::Graph& graph,
                                      const ClusterSpec& cluster,
                                      const std::vector<std::vector<std::string>>& boards) {
  const std::vector<map::MapOptions> paces = pacesOf(graph, {.regime = map::Regime::streamed}, 4096);
  std::optional<Trial> best;
  const auto fits = [&](std::uint32_t pace) -> Result<bool> {
    Result<NetworkProblem> network = networkProblem(graph, paces[pace], cluster, Times::interval);
    if (!network.ok() && network.error().code == ErrorCode::infeasible) return false;
    if (!network.ok()) return network.error();
    const Stages stages = stagesOf(network->problem, boards);
    if (!isFeasible(network->problem, stages, impossible)) return false;
    const Measures measures = measure(network->problem, stages);
    if (best && measures.load >= best->plan.plan.measures.load * (1 - 1e-9)) return true;
    best = Trial{.name = name,
                 .graph = graph,
                 .plan = {.network = std::move(network).value(), .plan = {}, .map = paces[pace]}};
    best->plan.plan.stages = stages;
    best->plan.plan.measures = measures;
    best->plan.plan.value = measures.load;
    return true;
  };
  SLUICE_TRY([[maybe_unused]] const auto fastest,
             firstThatFits(static_cast<std::uint32_t>(paces.size()), fits));
  return best;
}

std::string paceText(const map::MapOptions& map) {
  return map.targetInterval ? fmt::format("{} cycles a frame", *map.targetInterval)
                            : fmt::format("{}", map.reuseFactor.value_or(0));
}

/// Names of nodes whose name begins so: parts, and what is done in them.
std::vector<std::string> partNodes(const ir::Graph& graph, const std::string& part) {
  std::vector<std::string> names;
  for (const ir::Node& node : graph.nodes)
    if (node.name.ends_with(part)) names.push_back(node.name);
  return names;
}

std::string utilisation(const Trial& trial) {
  const Problem& problem = trial.plan.network.problem;
  double most = 0;
  std::string which;
  for (const Stage& stage : trial.plan.plan.stages)
    for (std::size_t r = 0; r < problem.resources.size(); ++r) {
      double used = 0;
      for (const std::uint32_t node : stage.nodes) used += problem.nodes[node].size[r];
      const double share = used / problem.boards[stage.board].capacity[r];
      if (share > most) {
        most = share;
        which = problem.resources[r];
      }
    }
  return fmt::format("{:.0f} % of {}", 100 * most, which);
}

Status showCluster(const Trial& trial) {
  const Problem& problem = trial.plan.network.problem;
  SLUICE_TRY(cluster::Machine machine, cluster::readMachine(planJson(problem, trial.plan.plan)));
  if (machine.transfers.empty()) {
    fmt::print("  one board: no link, a frame every {:.3f} us\n", trial.plan.plan.measures.load);
    return {};
  }
  fmt::print("  | link latency, us | a frame every, us | latency, us | frames before, behind a link |\n");
  for (const double latency : {1.0, 10.0, 100.0, 1000.0}) {
    for (cluster::Transfer& transfer : machine.transfers) transfer.latency = latency;
    SLUICE_TRY(const cluster::Fifos fifos, cluster::leastFifos(machine));
    SLUICE_TRY(const cluster::EventGraph graph, cluster::graphOf(machine, fifos));
    SLUICE_TRY(const cluster::Simulation run, cluster::simulate(graph, {.frames = 100'000}));
    SLUICE_TRY(const cluster::Simulation offered,
               cluster::simulate(graph, {.frames = 100'000,
                                         .interval = static_cast<cluster::Time>(std::ceil(run.interval))}));
    const double interval = run.interval / cluster::ticksPerUnit;
    fmt::print("  | {:.0f} | {:.3f} | {:.2f} | {}, {} |\n", latency, interval,
               static_cast<double>(offered.latency(1)) / cluster::ticksPerUnit, fifos.sending,
               fifos.receiving);
    expect(std::fabs(interval - trial.plan.plan.measures.load) < 1e-3,
           "the slowest stage or link sets the rate, and not the latency of a link");
  }
  return {};
}

Status demonstrate(const std::string& name, const ClusterSpec& boards) {
  const bool isSmall = name.find("256_") != std::string::npos, isQuantized = name.ends_with("q6");
  SLUICE_TRY(const ir::Graph imported,
             frontend::importModel(show::sharedFolder() / "models/seed-demo" / (name + ".h5")));
  SLUICE_TRY(const Images test, images("test", isSmall, 5000));
  ir::Graph network = imported;
  std::size_t floatRight = 0;
  if (!isQuantized) {
    SLUICE_TRY(const Images train, images("train", isSmall, 256));
    SLUICE_TRY(quantize::Quantized quantized, quantize::quantize(imported, train.samples));
    network = std::move(quantized.graph);
  }
  SLUICE_TRY(const auto answers, quantize::referenceOutputs(imported, test.samples, 1));
  floatRight = quantize::countRight(answers[0], test.labels);
  SLUICE_TRY(const ir::Graph lowered, passes::lower(network));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(lowered));
  const std::size_t count = test.samples.samples;
  SLUICE_TRY(const ir::CodeRows codes,
             ir::hardwareInputCodes(lowered, engine.regions(), test.samples.inputs, count));
  SLUICE_TRY(const ir::CodeRows wanted, engine.run(codes, count));
  SLUICE_TRY(const auto values,
             ir::outputValues(lowered, engine.regions(), wanted, count, test.samples.inputs));
  const std::size_t right = quantize::countRight(values[0], test.labels);
  fmt::print(
      "\n{}: {} of {} right, {} {} ({:+.2f} %)\n", name, right, count,
      isQuantized ? "in its framework's quantizers" : "the float network", floatRight,
      100 * (static_cast<double>(right) - static_cast<double>(floatRight)) / static_cast<double>(count));
  expect(static_cast<double>(right) >= static_cast<double>(floatRight) - 0.001 * static_cast<double>(count),
         "no loss beyond 0.1 %");

  std::vector<Trial> trials;
  const auto automatic = [&](const std::string& how, const std::vector<passes::LayerSplit>& ways) -> Status {
    SLUICE_TRY(InnerPlan plan,
               planWithin(lowered, boards, {}, {.ways = ways, .mostSplits = 2, .mostParts = 5}));
    std::string text = how;
    for (const InnerSplit& split : plan.splits)
      text +=
          fmt::format(", {} by {} in {}", split.node, nameOf(split.options.how), split.options.shares.size());
    if (plan.splits.empty() && !ways.empty()) text += ", no split is better";
    trials.push_back({.name = text, .graph = std::move(plan.graph), .plan = std::move(plan.plan)});
    return {};
  };
  SLUICE_RETURN_IF_ERROR(automatic("sequential", {}));
  SLUICE_RETURN_IF_ERROR(automatic("input split", {passes::LayerSplit::inputs}));
  SLUICE_RETURN_IF_ERROR(automatic("neuron split", {passes::LayerSplit::outputs}));
  const std::size_t ours = trials.size();

  // The notebook's own: the first layer in halves on two boards, the rest with the second; or cut behind the first layer.
  const std::vector<std::string> layers = passes::splittableLayers(lowered, passes::LayerSplit::outputs);
  std::string widest;  // the layer with the most weights: the first one of the dense networks
  std::int64_t most = 0;
  for (const std::string& layer : passes::splittableLayers(lowered, passes::LayerSplit::inputs)) {
    const ir::Node& node = lowered.node(*lowered.findNode(layer));
    const std::int64_t weights = ir::elements(lowered.tensor(node.inputs[1]).type.shape);
    if (weights <= most) continue;
    most = weights;
    widest = layer;
  }
  const auto halves = [&](const std::string& title, passes::LayerSplit how) -> Status {
    SLUICE_TRY(const ir::Graph graph, passes::splitLayer(lowered, widest, {.how = how}));
    SLUICE_TRY(auto trial,
               notebook(title, graph, boards, {partNodes(graph, "_part0"), partNodes(graph, "_part1")}));
    if (trial)
      trials.push_back(std::move(*trial));
    else
      fmt::print("  {}: does not fit\n", title);
    return {};
  };
  if (layers.size() > 1) {
    SLUICE_TRY(auto trial, notebook("notebook: cut before " + layers[1], lowered, boards, {{}, {layers[1]}}));
    if (trial) trials.push_back(std::move(*trial));
  }
  SLUICE_RETURN_IF_ERROR(halves("notebook: inputs of " + widest + " in halves", passes::LayerSplit::inputs));
  SLUICE_RETURN_IF_ERROR(
      halves("notebook: neurons of " + widest + " in halves", passes::LayerSplit::outputs));

  fmt::print(
      "  | split | boards | reuse factor, or pace | a frame every, us | fullest board | equal on 5,000 "
      "images |\n");
  double best = impossible;
  for (std::size_t t = 0; t < ours; ++t) best = std::min(best, trials[t].plan.plan.measures.load);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    const Trial& trial = trials[t];
    SLUICE_TRY(const ir::IntegerEngine other, ir::IntegerEngine::compile(trial.graph));
    SLUICE_TRY(const ir::CodeRows got, other.run(codes, count));
    fmt::print("  | {} | {} | {} | {:.4f} | {} | {} |\n", trial.name, trial.plan.plan.measures.boards,
               paceText(trial.plan.map), trial.plan.plan.measures.load, utilisation(trial),
               got == wanted ? "yes" : "NO");
    expect(got == wanted, "a split changes a code: " + trial.name);
    if (t < ours) {
      const auto verdict = checking::checkPlan(problemJson(trial.plan.network.problem),
                                               planJson(trial.plan.network.problem, trial.plan.plan));
      expect(verdict.ok(), trial.name + ": " + (verdict.ok() ? "" : verdict.error().text()));
    } else {
      expect(best <= trial.plan.plan.measures.load * (1 + 1e-9), "ours is at least as good as " + trial.name);
    }
  }
  const auto largest = std::max_element(trials.begin(), trials.begin() + static_cast<std::ptrdiff_t>(ours),
                                        [](const Trial& a, const Trial& b) {
                                          return a.plan.plan.measures.boards < b.plan.plan.measures.boards;
                                        });
  fmt::print("  the cluster of: {}\n", largest->name);
  return showCluster(*largest);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string link = argc > 1 ? argv[1] : "eth1", only = argc > 2 ? argv[2] : "";
  const Result<ClusterSpec> boards = clusterSpec({"pynq-z2:5"}, "chain", link, false);
  if (!boards.ok()) {
    fmt::print("{}\n", boards.error().text());
    return 1;
  }
  fmt::print("Five PYNQ-Z2 on a chain, {}\n", boards->link.title);
  for (const char* name : {"mnist_784_16_10", "mnist_256_46_10", "mnist_784_16_32_10", "mnist_cnn_73k",
                           "mnist_784_16_10_q6", "mnist_cnn_73k_q6"}) {
    if (std::string(name).find(only) == std::string::npos) continue;
    if (const Status status = demonstrate(name, *boards); !status.ok()) {
      fmt::print("{}: {}\n", name, status.error().text());
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

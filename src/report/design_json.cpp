#include "report/design_json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "dataflow/simulate.h"
#include "flow/verify.h"

namespace sluice::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kPredictedFrames = 4;

Json portJson(const map::Design& design, const ir::Graph& graph, const map::DesignPort& port) {
  const map::Stream& stream = design.streams[port.stream.index];
  const ir::Codes& codes = *graph.tensor(port.tensor).type.codes;
  Json scale = codes.scale.size() == 1 ? Json(codes.scale[0]) : Json(codes.scale);
  Json json = {{"name", port.name},
               {"direction", port.isInput ? "in" : "out"},
               {"tensor", graph.tensor(port.tensor).name},
               {"bits_per_element", stream.beat.format.bits},
               {"signed", stream.beat.format.isSigned},
               {"elements_per_beat", stream.beat.elements},
               {"beats_per_frame", stream.beatsPerFrame},
               {"scale", scale},
               {"zero_point", codes.zeroPoint}};
  if (!port.weights.empty()) {
    json["weights"] = "weights/" + port.name + ".npy";
    json["bits_per_frame"] = stream.beatsPerFrame * stream.beat.width();
  }
  return json;
}

std::string endName(const map::Design& design, map::KernelId kernel) {
  return kernel.valid() ? design.kernels[kernel.index].name : "outside";
}

Json nodeNames(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes) {
  Json names = Json::array();
  for (const ir::NodeId node : nodes) names.push_back(graph.node(node).name);
  return names;
}

}  // namespace

Result<std::string> designJson(const map::Design& design, const ir::Graph& graph) {
  const dataflow::Network network = map::network(design);
  SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(network));
  SLUICE_TRY(const dataflow::Outcome outcome, dataflow::simulate(network, {.frames = kPredictedFrames}));
  if (outcome.deadlock) return infeasible("the design deadlocks: " + join(outcome.deadlock->waits, "; "));

  Json json;
  json["format"] = "sluice design 1";
  json["name"] = design.name;
  json["regime"] = design.regime == map::Regime::unrolled ? "unrolled" : "streamed";
  json["ports"] = Json::array();
  std::uint64_t start = UINT64_MAX;
  for (const map::DesignPort& port : design.ports) {
    json["ports"].push_back(portJson(design, graph, port));
    if (port.isInput) start = std::min(start, outcome.trace.pushes[port.stream.index].front());
  }
  json["ii"] = performance.initiationInterval;
  json["latency"] = performance.latency;
  Json predicted = Json::object();
  for (const map::DesignPort& port : design.ports) {
    if (port.isInput) continue;
    Json cycles = Json::array();
    for (const std::uint64_t cycle : outcome.trace.pops[port.stream.index]) cycles.push_back(cycle - start);
    predicted[port.name] = std::move(cycles);
  }
  json["predicted"] = std::move(predicted);
  if (design.fifoStorage.has_value())
    json["fifos"] = {{"bits", design.fifoStorage->bits}, {"lower_bound", design.fifoStorage->lowerBound}};
  json["streams"] = Json::array();
  for (std::size_t s = 0; s < design.streams.size(); ++s) {
    const map::Stream& stream = design.streams[s];
    json["streams"].push_back({{"name", stream.name},
                               {"tensor", graph.tensor(stream.tensor).name},
                               {"from", endName(design, stream.writer)},
                               {"to", endName(design, stream.reader)},
                               {"subgraph", design.subgraphs[stream.subgraph.index].name},
                               {"bits", stream.beat.width()},
                               {"elements", stream.beat.elements},
                               {"depth", stream.depth},
                               {"kind", kernel::fifoKindName(stream.kind)},
                               {"occupancy", outcome.trace.peak[s]}});
  }
  json["kernels"] = Json::array();
  for (const map::KernelInstance& instance : design.kernels) {
    Json loops = Json::array();
    for (const dataflow::Loop& loop : instance.kernel.schedule.loops) loops.push_back(loop.extent);
    json["kernels"].push_back({{"name", instance.name},
                               {"family", instance.kernel.family},
                               {"nodes", nodeNames(graph, instance.nodes)},
                               {"subgraph", design.subgraphs[instance.subgraph.index].name},
                               {"loops", loops},
                               {"interval", instance.kernel.schedule.interval},
                               {"depth", instance.kernel.schedule.depth},
                               {"multipliers", instance.multipliers},
                               {"multiplications", instance.multiplications}});
  }
  json["subgraphs"] = Json::array();
  for (std::size_t g = 0; g < design.subgraphs.size(); ++g) {
    Json nodes = Json::array();
    for (const map::KernelInstance& instance : design.kernels)
      if (instance.subgraph.index == g)
        for (const ir::NodeId node : instance.nodes) nodes.push_back(graph.node(node).name);
    json["subgraphs"].push_back({{"module", design.subgraphs[g].name}, {"nodes", std::move(nodes)}});
  }
  json["cuts"] = Json::array();
  for (const map::Cut& cut : design.cuts)
    json["cuts"].push_back({{"tensor", graph.tensor(cut.tensor).name},
                            {"from", design.streams[cut.from.index].name},
                            {"to", design.streams[cut.to.index].name}});
  return json.dump(1) + "\n";
}

}  // namespace sluice::report

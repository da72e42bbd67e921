#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "emit/stitch.h"
#include "report/report.h"

namespace sluice::report {
namespace {

std::string shapeText(const ir::Shape& shape) {
  std::vector<std::string> extents;
  for (const std::int64_t extent : shape) extents.push_back(std::to_string(extent));
  return extents.empty() ? "scalar" : join(extents, "x");
}

std::string formatText(const kernel::Beat& beat) {
  return (beat.format.isSigned ? "s" : "u") + std::to_string(beat.format.bits) + " x " +
         std::to_string(beat.elements);
}

std::uint64_t weightsOf(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes) {
  std::uint64_t count = 0;
  for (const ir::NodeId node : nodes)
    if (std::holds_alternative<ir::Dense>(graph.node(node).operation) ||
        std::holds_alternative<ir::CodeConv>(graph.node(node).operation))
      count += static_cast<std::uint64_t>(ir::elements(graph.tensor(graph.node(node).inputs[1]).type.shape));
  return count;
}

KernelRow kernelRow(const ir::Graph& graph, const map::Design& design, const map::KernelInstance& instance) {
  KernelRow row{.name = instance.kernel.name, .family = instance.kernel.family};
  std::vector<std::string> nodes;
  for (const ir::NodeId node : instance.nodes) nodes.push_back(graph.node(node).name);
  row.node = join(nodes, ", ");
  std::vector<std::string> reads, writes, in, out;
  std::uint64_t frames = 1;
  for (std::size_t p = 0; p < instance.kernel.ports.size(); ++p) {
    const map::Stream& stream = design.streams[instance.streams[p].index];
    const bool isRead = instance.kernel.ports[p].direction == dataflow::Direction::read;
    (isRead ? reads : writes).push_back(shapeText(graph.tensor(stream.tensor).type.shape));
    (isRead ? in : out).push_back(formatText(stream.beat));
    const std::uint64_t perPass =
        dataflow::beatsPerPass(instance.kernel.schedule, static_cast<std::uint32_t>(p));
    if (perPass > 0) frames = std::max<std::uint64_t>(1, stream.beatsPerFrame / perPass);
  }
  row.shape = join(reads, ", ") + " -> " + join(writes, ", ");
  row.input = join(in, ", ");
  row.output = join(out, ", ");
  row.weights = weightsOf(graph, instance.nodes);
  row.multiplications = instance.multiplications;
  row.multipliers = instance.multipliers;
  row.cyclesPerFrame =
      dataflow::iterations(instance.kernel.schedule) * instance.kernel.schedule.interval * frames;
  row.depth = instance.kernel.schedule.depth;
  row.subgraph = instance.subgraph.index;
  return row;
}

std::vector<Report::Arrow> arrowsOf(const ir::Graph& graph, const map::Design& design) {
  std::vector<Report::Arrow> arrows;
  const auto index = [](map::KernelId id) { return id.valid() ? static_cast<int>(id.index) : -1; };
  const auto label = [&](const map::Stream& stream) { return graph.tensor(stream.tensor).name; };
  std::map<map::StreamId, map::StreamId> cutTo;
  for (const map::Cut& cut : design.cuts) cutTo[cut.from] = cut.to;
  for (std::uint32_t s = 0; s < design.streams.size(); ++s) {
    const map::Stream& stream = design.streams[s];
    const auto cut = cutTo.find(map::StreamId(s));
    const bool enters = std::any_of(design.cuts.begin(), design.cuts.end(),
                                    [&](const map::Cut& c) { return c.to == map::StreamId(s); });
    if (enters) continue;  // drawn by the stream at the other side of the cut
    if (cut != cutTo.end())
      arrows.push_back(
          {index(stream.writer), index(design.streams[cut->second.index].reader), label(stream), true});
    else
      arrows.push_back({index(stream.writer), index(stream.reader), label(stream), false});
  }
  return arrows;
}

}  // namespace

const char* kindName(Kind kind) {
  switch (kind) {
    case Kind::proven:
      return "proven";
    case Kind::simulated:
      return "simulated";
    case Kind::synthesised:
      return "synthesised";
    case Kind::estimated:
      return "estimated";
  }
  return "";
}

std::string heldWhere(const CutRow& row) {
  const auto beats = [](std::uint32_t count) { return countOf(static_cast<std::int64_t>(count), "beat"); };
  const std::uint32_t either = row.fromDepth + row.toDepth - row.fromAlone - row.toAlone;
  std::string text = beats(row.toAlone) + " behind the link";
  if (row.latency > 0)
    text += ": a beat's place there is taken for the " +
            countOf(static_cast<std::int64_t>(row.latency), "cycle") +
            " of the way, as links carry no credits";
  text += "; " + beats(row.fromAlone) +
          " before it: the producer's pipeline takes a place when it starts on a beat";
  if (row.interval > 1) text += ", and the link takes one in " + std::to_string(row.interval) + " cycles";
  if (either > 0)
    text += "; " + beats(either) + " more may stand on either side and are " +
            (row.toDepth > row.toAlone ? row.fromDepth > row.fromAlone ? "on both" : "behind" : "before");
  return text;
}

Result<Report> describe(const ir::Graph& graph, const map::Design& design, const emit::Rtl& rtl,
                        hdl::Family family, const dataflow::Performance& performance) {
  Report report{.name = design.name,
                .regime = design.regime == map::Regime::unrolled ? "unrolled" : "streamed",
                .regimeReason = design.regimeReason,
                .family = hdl::familyName(family),
                .interval = performance.initiationInterval,
                .latency = performance.latency,
                .intervalProven = performance.periodic};
  if (design.fifoStorage.has_value()) {
    report.fifoBits = design.fifoStorage->bits;
    report.leastFifoBits = design.fifoStorage->lowerBound;
  }
  const dataflow::Network network = map::network(design);
  SLUICE_TRY(report.profile, dataflow::profile(network));
  SLUICE_TRY(report.timeline, dataflow::timeline(network, report.profile));
  std::set<hdl::Family> families;
  for (std::uint32_t g = 0; g < design.subgraphs.size(); ++g) {
    report.subgraphs.push_back({.name = design.subgraphs[g].name});
    if (const hdl::Family own = map::familyOf(design, map::SubgraphId(g), family);
        families.insert(own).second)
      report.family =
          families.size() == 1 ? hdl::familyName(own) : report.family + " and " + hdl::familyName(own);
  }

  for (std::size_t k = 0; k < design.kernels.size(); ++k) {
    const map::KernelInstance& instance = design.kernels[k];
    KernelRow row = kernelRow(graph, design, instance);
    row.busy = report.profile.actors[k].utilisation;
    row.cost = hdl::cost(*rtl.kernels[k], map::familyOf(design, instance.subgraph, family));
    report.operations += row.multiplications;
    report.weights += row.weights;
    SubgraphRow& home = report.subgraphs[row.subgraph];
    for (const ir::NodeId node : instance.nodes) home.nodes.push_back(graph.node(node).name);
    home.resources.estimated += row.cost;
    report.kernels.push_back(std::move(row));
  }
  std::map<std::pair<std::string, hdl::Family>, hdl::Cost> fifoCosts;
  for (const std::shared_ptr<const hdl::Module>& module : rtl.modules)
    if (module->name.starts_with("fifo_"))
      for (const hdl::Family own : families) fifoCosts[{module->name, own}] = hdl::cost(*module, own);
  for (std::size_t s = 0; s < design.streams.size(); ++s) {
    const map::Stream& stream = design.streams[s];
    const auto end = [&](map::KernelId id, const char* outside) {
      return id.valid() ? design.kernels[id.index].kernel.name : std::string(outside);
    };
    FifoRow row{.name = stream.name,
                .from = end(stream.writer, "(in)"),
                .to = end(stream.reader, "(out)"),
                .width = stream.beat.width(),
                .depth = stream.depth,
                .peak = report.profile.channels[s].peak,
                .kind = kernel::fifoKindName(stream.kind),
                .cost = fifoCosts[{kernel::fifoName(map::fifoParams(stream)),
                                   map::familyOf(design, stream.subgraph, family)}],
                .subgraph = stream.subgraph.index};
    SubgraphRow& home = report.subgraphs[row.subgraph];
    home.resources.estimated += row.cost;
    const std::string port = graph.tensor(stream.tensor).name + ": " + formatText(stream.beat);
    if (!stream.writer.valid()) home.inputs += (home.inputs.empty() ? "" : ", ") + port;
    if (!stream.reader.valid()) home.outputs += (home.outputs.empty() ? "" : ", ") + port;
    report.fifos.push_back(std::move(row));
  }
  for (const SubgraphRow& subgraph : report.subgraphs) report.total.estimated += subgraph.resources.estimated;
  report.arrows = arrowsOf(graph, design);
  return report;
}

std::string number(std::uint64_t count) { return formatCount(static_cast<std::int64_t>(count)); }

}  // namespace sluice::report

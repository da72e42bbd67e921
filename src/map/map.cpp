#include "map/map.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "dataflow/size.h"
#include "ir/regions.h"
#include "kernel/streamed_weights/streamed_weights.h"
#include "kernel/unrolled/unrolled.h"
#include "map/join.h"
#include "map/kernel_choice.h"
#include "map/pace.h"
#include "map/partition.h"

namespace sluice::map {
namespace {

/// `automatic` unrolls up to so many multiplications a frame: about what a mid-sized part holds as adder graphs.
constexpr std::uint64_t kUnrollLimit = 6000;

/// A product of two signals takes about as much as so many with constants.
constexpr std::uint64_t kSignalProduct = 8;

/// Of a product by constants.
std::uint64_t nonZeroWeights(const ir::Graph& graph, const ir::Node& dense) {
  const std::vector<std::int64_t>& weights = ir::codesOf(graph.tensor(dense.inputs[1]));
  return weights.size() - static_cast<std::size_t>(std::count(weights.begin(), weights.end(), 0));
}

/// Products a frame that an unrolled node has hardware for: with constants that are not 0, for every vector of a frame; of two
/// signals, each as so many.
std::uint64_t productsUnrolled(const ir::Graph& graph, const ir::Node& node) {
  const auto results = static_cast<std::uint64_t>(ir::elements(graph.tensor(node.output).type.shape));
  if (const auto* pairwise = std::get_if<ir::CodeBinary>(&node.operation))
    return pairwise->kind == ir::CodeBinaryKind::multiply ? kSignalProduct * results : 0;
  if (!std::holds_alternative<ir::Dense>(node.operation)) return 0;
  const auto columns = static_cast<std::uint64_t>(ir::channels(graph.tensor(node.output).type.shape));
  return nonZeroWeights(graph, node) * (results / columns);
}

/// Everything mapGraph knows while it works.
class Mapper {
 public:
  Mapper(const ir::Graph& graph, const MapOptions& options, const ir::Regions& regions,
         const Partition& partition)
      : graph_(graph), options_(options), regions_(regions), partition_(partition), joiner_(design_, graph) {}

  Result<Design> run() {
    design_.name = graph_.name;
    design_.regime = options_.regime;
    if (design_.regime == Regime::automatic) chooseRegime();
    if (design_.regime == Regime::streamed) {
      SLUICE_RETURN_IF_ERROR(checkNodeOptions());
      pace_ = paceOf(graph_, regions_.integer, options_);
      if (options_.reuseFactor || pace_.reuseFactor > 0)
        design_.reuseFactor = pace_.reuseFactor;
      else
        design_.targetInterval = pace_.frame;
    }
    SLUICE_CHECK(partition_.families.empty() || partition_.families.size() == partition_.stages,
                 "a family for every stage, or for none");
    for (std::uint32_t g = 0; g < partition_.stages; ++g) {
      design_.subgraphs.push_back({.name = joiner_.moduleNames().take("sub" + std::to_string(g))});
      if (!partition_.families.empty()) design_.subgraphs.back().family = partition_.families[g];
    }
    SLUICE_RETURN_IF_ERROR(choosePortNames());
    findReaders();
    for (std::uint32_t g = 0; g < partition_.stages; ++g) SLUICE_RETURN_IF_ERROR(mapSubgraph(g));
    if (options_.targetInterval && design_.regime == Regime::streamed)
      SLUICE_RETURN_IF_ERROR(checkInterval(*options_.targetInterval));
    std::stable_sort(design_.ports.begin(), design_.ports.end(),
                     [](const DesignPort& a, const DesignPort& b) {
                       return std::pair(!a.isInput, a.position) < std::pair(!b.isInput, b.position);
                     });
    return std::move(design_);
  }

 private:
  /// Unrolled where nothing else was asked for, no node works on positions of a map or multiplies matrices of signals, and it is
  /// small.
  void chooseRegime() {
    design_.regime = Regime::streamed;
    if (options_.reuseFactor || options_.targetInterval || !options_.nodes.empty()) {
      design_.regimeReason = "a reuse factor, an interval or settings of nodes are for streamed kernels";
      return;
    }
    for (const ir::NodeId id : regions_.integer) {
      const ir::Operation& o = graph_.node(id).operation;
      if (std::holds_alternative<ir::CodeConv>(o) || std::holds_alternative<ir::AccumulateConv>(o) ||
          std::holds_alternative<ir::Pool>(o) || std::holds_alternative<ir::Resize>(o) ||
          std::holds_alternative<ir::Pad>(o) || std::holds_alternative<ir::Gather>(o)) {
        design_.regimeReason = "node '" + graph_.node(id).name + "' (" + ir::info(o).name +
                               ") works on every position of a map with the same hardware";
        return;
      }
    }
    std::uint64_t products = 0;
    for (const ir::NodeId id : regions_.integer) {
      const ir::Node& node = graph_.node(id);
      products += productsUnrolled(graph_, node);
      if (!std::holds_alternative<ir::CodeMatMul>(node.operation)) continue;
      design_.regimeReason =
          "node '" + node.name + "' multiplies two tensors, whose products would take a multiplier each";
      return;
    }
    const bool small = products <= kUnrollLimit;
    if (small) design_.regime = Regime::unrolled;
    design_.regimeReason = formatCount(static_cast<std::int64_t>(products)) + " products a frame, " +
                           (small ? "at most " : "more than ") +
                           formatCount(static_cast<std::int64_t>(kUnrollLimit)) +
                           " (one of two signals counts as " + std::to_string(kSignalProduct) + ")";
  }

  /// Settings are for nodes of the integer middle.
  Status checkNodeOptions() const {
    for (const auto& [name, settings] : options_.nodes) {
      std::vector<std::string> names;
      bool found = false;
      for (const ir::NodeId id : regions_.integer) {
        const ir::Node& node = graph_.node(id);
        found = found || node.name == name || (!node.origins.empty() && node.origins.front() == name);
        names.push_back(node.name);
      }
      if (!found)
        return badInput("settings for '" + name + "', but no node in hardware is called so; there are " +
                        join(names, ", "));
    }
    return {};
  }

  /// Errors  infeasible: kernels that take more cycles a frame, with the least interval that would do.
  Status checkInterval(std::uint64_t target) const {
    std::uint64_t least = target;
    std::vector<std::string> slow;
    const auto note = [&](std::uint64_t cycles, const std::string& who) {
      if (cycles <= target) return;
      least = std::max(least, cycles);
      slow.push_back(who + " takes " + std::to_string(cycles));
    };
    for (const KernelInstance& instance : design_.kernels) {
      const std::uint64_t perPass = dataflow::beatsPerPass(instance.kernel.schedule, 0);
      const std::uint64_t passes = design_.streams[instance.streams[0].index].beatsPerFrame / perPass;
      note(passes * dataflow::iterations(instance.kernel.schedule) * instance.kernel.schedule.interval,
           "kernel '" + instance.kernel.name + "'");
    }
    for (const Stream& stream : design_.streams)
      if (!stream.writer.valid() || !stream.reader.valid())
        note(stream.beatsPerFrame, "port '" + stream.name + "'");
    if (slow.empty()) return {};
    return infeasible("no frame every " + std::to_string(target) + " cycles: at the widest folds " +
                      join(slow, ", ") + "; ask for --target-ii " + std::to_string(least) + " or more");
  }

  /// The tensor under reshapes: streams are row-major, so a reshape moves nothing. (Under a Pad that windows do by
  /// themselves too: streamedInputs.)
  ir::TensorId root(ir::TensorId tensor) const {
    for (;;) {
      const ir::NodeId producer = graph_.tensor(tensor).producer;
      if (!producer.valid() || !std::holds_alternative<ir::Reshape>(graph_.node(producer).operation))
        return tensor;
      if (!std::binary_search(regions_.integer.begin(), regions_.integer.end(), producer)) return tensor;
      tensor = graph_.node(producer).inputs[0];
    }
  }
  /// A node that needs no kernel.
  bool needsNoKernel(ir::NodeId id) const {
    return std::holds_alternative<ir::Reshape>(graph_.node(id).operation) ||
           (design_.regime == Regime::streamed && padInside(graph_, id));
  }

  Status choosePortNames() {
    NamePool& pool = portPool_;
    const Result<std::vector<ir::TensorId>> coded = ir::codedInputs(graph_, regions_);
    for (const ir::TensorId input : regions_.hardwareInputs) {
      std::string name = graph_.tensor(input).name;
      for (std::size_t i = 0; coded.ok() && i < coded->size(); ++i)
        if ((*coded)[i] == input) name = graph_.tensor(graph_.inputs[i]).name;
      portNames_[input] = pool.take(name);
    }
    for (const ir::TensorId output : regions_.hardwareOutputs) {
      if (!graph_.tensor(output).producer.valid() || isHardwareInput(root(output)))
        return unsupported("output '" + graph_.tensor(output).name +
                           "' is an input: there is nothing to build");
      outputNames_.emplace_back(output, pool.take(outputName(output)));
    }
    return {};
  }
  /// The graph output that a hardware output alone leads to, and that alone leads to it; else its own name.
  std::string outputName(ir::TensorId output) const {
    std::vector<std::set<ir::TensorId>> sources(
        graph_.tensors.size());  // hardware outputs behind each tensor
    for (const ir::TensorId source : regions_.hardwareOutputs) sources[source.index].insert(source);
    for (const ir::NodeId id : regions_.epilogue)
      for (const ir::TensorId input : graph_.node(id).inputs)
        sources[graph_.node(id).output.index].insert(sources[input.index].begin(),
                                                     sources[input.index].end());
    std::vector<ir::TensorId> led;
    for (const ir::TensorId end : graph_.outputs)
      if (sources[end.index].contains(output)) led.push_back(end);
    if (led.size() == 1 && sources[led[0].index].size() == 1) return graph_.tensor(led[0]).name;
    return graph_.tensor(output).name;
  }
  bool isHardwareInput(ir::TensorId tensor) const {
    return std::find(regions_.hardwareInputs.begin(), regions_.hardwareInputs.end(), tensor) !=
           regions_.hardwareInputs.end();
  }

  /// Kernel-making nodes of a subgraph, in order.
  std::vector<ir::NodeId> nodesOf(std::uint32_t stage) const {
    std::vector<ir::NodeId> nodes;
    for (const ir::NodeId id : regions_.integer)
      if (partition_.stage[id.index] == stage && !needsNoKernel(id)) nodes.push_back(id);
    return nodes;
  }

  /// Which subgraphs read a tensor (under reshapes), ascending; each once per reading input of a node.
  struct Readers {
    std::map<std::uint32_t, std::uint32_t> reads;  ///< subgraph -> number of node inputs
    std::vector<std::size_t> outputs;              ///< positions in outputNames_
  };
  /// Of every tensor at once: asking each node for each tensor would take the square of the network's length.
  void findReaders() {
    for (const ir::NodeId id : regions_.integer) {
      if (needsNoKernel(id)) continue;
      for (const ir::TensorId input : streamedInputs(graph_, graph_.node(id)))
        ++readers_[root(input)].reads[partition_.stage[id.index]];
    }
    for (std::size_t o = 0; o < outputNames_.size(); ++o)
      readers_[root(outputNames_[o].first)].outputs.push_back(o);
  }
  Readers readersOf(ir::TensorId tensor) const {
    const auto found = readers_.find(tensor);
    return found == readers_.end() ? Readers{} : found->second;
  }

  /// How often a tensor is taken in its home subgraph: by kernels, by other subgraphs (once each), by outputs.
  /// Kernels of an unrolled subgraph do not take what it makes itself: it is one kernel.
  std::uint32_t usesAtHome(const Readers& readers, std::uint32_t home, bool madeHere) const {
    auto uses = static_cast<std::uint32_t>(readers.outputs.size());
    for (const auto& [subgraph, reads] : readers.reads)
      if (subgraph != home)
        ++uses;
      else if (!(madeHere && design_.regime == Regime::unrolled))
        uses += kernelReads(reads);
    return uses;
  }
  /// An unrolled subgraph reads a tensor once, however many of its nodes do.
  std::uint32_t kernelReads(std::uint32_t reads) const {
    return design_.regime == Regime::unrolled ? std::min(reads, 1u) : reads;
  }

  /// An input of the present subgraph, from outside or from another one.
  Status enter(ir::TensorId tensor, std::uint32_t subgraph, std::optional<StreamId> from) {
    const Readers readers = readersOf(tensor);
    const bool home = !from.has_value();
    kernel::Beat beat;
    fixed::Interval range = graph_.tensor(tensor).type.codes->range;
    if (from) {
      beat = design_.streams[from->index].beat;
      range = design_.streams[from->index].range;
    } else {
      beat = {.elements = inputElements(tensor, subgraph), .format = fixed::formatFor(range)};
    }
    const std::uint32_t uses =
        home ? usesAtHome(readers, subgraph, false) : kernelReads(readers.reads.at(subgraph));
    SLUICE_RETURN_IF_ERROR(joiner_.provide(tensor, {}, beat, range, uses));
    entering_.emplace_back(tensor, from);
    if (home) SLUICE_RETURN_IF_ERROR(leave(tensor, subgraph, readers));
    return {};
  }

  /// The beat of an input of the whole design: what its first reader would like.
  std::uint32_t inputElements(ir::TensorId tensor, std::uint32_t subgraph) const {
    const auto all = static_cast<std::uint32_t>(ir::elements(graph_.tensor(tensor).type.shape));
    if (design_.regime == Regime::unrolled) return all;
    for (const ir::NodeId id : regions_.integer) {
      if (needsNoKernel(id) || partition_.stage[id.index] != subgraph) continue;
      const std::vector<ir::TensorId> inputs = streamedInputs(graph_, graph_.node(id));
      for (std::uint32_t i = 0; i < inputs.size(); ++i)
        if (root(inputs[i]) == tensor)
          if (const std::uint32_t wish = wishedElements(graph_, graph_.node(id), i, options_, pace_);
              wish != 0)
            return wish;
    }
    return 1;
  }

  /// Takes a tensor out of its home subgraph to whoever reads it elsewhere.
  Status leave(ir::TensorId tensor, std::uint32_t home, const Readers& readers) {
    for (const auto& [subgraph, reads] : readers.reads) {
      if (subgraph == home) continue;
      SLUICE_TRY(const StreamId stream, joiner_.take(tensor, {}, joiner_.beatOf(tensor).elements));
      leaving_[{subgraph, tensor}] = stream;
    }
    for (const std::size_t output : readers.outputs) {
      SLUICE_TRY(const StreamId stream, joiner_.take(tensor, {}, joiner_.beatOf(tensor).elements));
      design_.ports.push_back({.name = outputNames_[output].second,
                               .isInput = false,
                               .tensor = outputNames_[output].first,
                               .stream = stream,
                               .position = static_cast<std::uint32_t>(output)});
    }
    return {};
  }

  /// Lets tensors in that the subgraph reads and does not make.
  Status enterAll(std::uint32_t subgraph) {
    entering_.clear();
    std::set<ir::TensorId> seen;
    for (const ir::NodeId id : nodesOf(subgraph))
      for (const ir::TensorId input : streamedInputs(graph_, graph_.node(id))) {
        const ir::TensorId tensor = root(input);
        const ir::NodeId producer = graph_.tensor(tensor).producer;
        const bool fromOutside = isHardwareInput(tensor);
        if (!fromOutside && partition_.stage[producer.index] == subgraph) continue;
        if (!seen.insert(tensor).second) continue;
        const bool home = fromOutside && !leaving_.contains({subgraph, tensor});
        SLUICE_RETURN_IF_ERROR(
            enter(tensor, subgraph, home ? std::nullopt : std::optional(leaving_.at({subgraph, tensor}))));
      }
    return {};
  }

  /// Streams that come in exist only once somebody took them: now they can be named as ports and cuts.
  void nameEntries(std::uint32_t subgraph) {
    for (const auto& [tensor, from] : entering_) {
      const auto stream =
          std::find_if(design_.streams.begin(), design_.streams.end(), [&, t = tensor](const Stream& s) {
            return s.subgraph == SubgraphId(subgraph) && s.tensor == t && !s.writer.valid();
          });
      SLUICE_CHECK(stream != design_.streams.end(), "a tensor that comes in is read");
      const StreamId id(static_cast<std::size_t>(stream - design_.streams.begin()));
      if (from)
        design_.cuts.push_back({.from = *from, .to = id, .tensor = tensor});
      else
        design_.ports.push_back({.name = portNames_.at(tensor),
                                 .isInput = true,
                                 .tensor = tensor,
                                 .stream = id,
                                 .position = positionOf(tensor)});
    }
  }
  std::uint32_t positionOf(ir::TensorId input) const {
    return static_cast<std::uint32_t>(
        std::find(regions_.hardwareInputs.begin(), regions_.hardwareInputs.end(), input) -
        regions_.hardwareInputs.begin());
  }

  Status mapSubgraph(std::uint32_t subgraph) {
    joiner_.beginSubgraph(SubgraphId(subgraph));
    SLUICE_RETURN_IF_ERROR(enterAll(subgraph));
    SLUICE_RETURN_IF_ERROR(design_.regime == Regime::unrolled ? mapUnrolled(subgraph)
                                                              : mapStreamed(subgraph));
    nameEntries(subgraph);
    return {};
  }

  Status mapStreamed(std::uint32_t subgraph) {
    MapOptions own;
    if (!partition_.families.empty()) {
      own = options_;
      own.family = partition_.families[subgraph];
    }
    const MapOptions& options = partition_.families.empty() ? options_ : own;
    for (const ir::NodeId id : nodesOf(subgraph)) {
      const ir::Node& node = graph_.node(id);
      std::vector<Offer> offers;
      const std::vector<ir::TensorId> inputs = streamedInputs(graph_, node);
      for (const ir::TensorId input : inputs)
        offers.push_back({joiner_.beatOf(root(input)), joiner_.rangeOf(root(input))});
      SLUICE_TRY(Choice choice, chooseKernel(graph_, node, offers, options, pace_));
      const kernel::StreamPort output = choice.kernel.ports.back();
      const auto outputPort = static_cast<std::uint32_t>(choice.kernel.ports.size() - 1);
      const KernelId placed = joiner_.place(std::move(choice.kernel), node.name, {id});
      design_.kernels[placed.index].multiplications = choice.multiplications;
      design_.kernels[placed.index].multipliers = choice.multipliers;
      for (std::uint32_t i = 0; i < inputs.size(); ++i) {
        std::vector<FrontKernel> front;
        if (i < choice.front.size()) front = std::move(choice.front[i]);
        SLUICE_RETURN_IF_ERROR(takeThrough(node.name, root(inputs[i]), std::move(front),
                                           {.kernel = placed, .port = i}, choice.inputElements[i]));
      }
      if (choice.weights) SLUICE_RETURN_IF_ERROR(enterWeights(node, placed, std::move(*choice.weights)));
      SLUICE_RETURN_IF_ERROR(
          produce(node.output, {.kernel = placed, .port = outputPort}, output.beat, output.range, subgraph));
    }
    return {};
  }

  /// A port of the design for the weights of a node, and what stands between it and port 1 of the kernel: a width converter
  /// if the port is narrower, a buffer if they are taken several times.
  Status enterWeights(const ir::Node& node, KernelId placed, StreamedWeights weights) {
    const ir::TensorId tensor = node.inputs[1];
    const std::uint64_t set = weights.frame.size();
    const std::string name = graph_.tensor(tensor).name;
    const kernel::Beat beat{weights.elements, fixed::formatFor(weights.range)};
    const kernel::Beat portBeat{weights.portElements, beat.format};
    const StreamId first(design_.streams.size());
    Endpoint to{.kernel = placed, .port = 1};
    if (weights.passes > 1) {
      SLUICE_TRY(kernel::Kernel buffer,
                 kernel::weightBuffer({.beats = static_cast<std::uint32_t>(set / weights.elements),
                                       .elements = weights.elements,
                                       .range = weights.range,
                                       .passes = weights.passes}));
      to = {.kernel = joiner_.place(std::move(buffer), node.name + "_weights", {}), .port = 0};
    }
    SLUICE_TRY([[maybe_unused]] const StreamId in,
               joiner_.connect(tensor, set, {}, portBeat, weights.range, to, weights.elements, name));
    if (weights.passes > 1) {
      SLUICE_TRY(
          [[maybe_unused]] const StreamId out,
          joiner_.connect(tensor, set * weights.passes, {.kernel = to.kernel, .port = 1}, beat, weights.range,
                          {.kernel = placed, .port = 1}, weights.elements, name + "_again"));
    }
    SLUICE_CHECK(!design_.streams[first.index].writer.valid(), "the first stream comes from outside");
    design_.ports.push_back(
        {.name = portPool_.take(name),
         .isInput = true,
         .tensor = tensor,
         .stream = first,
         .position = static_cast<std::uint32_t>(regions_.hardwareInputs.size() + weightPorts_++),
         .weights = std::move(weights.frame)});
    return {};
  }

  /// Takes a tensor into a port by way of the kernels that stand before it.
  Status takeThrough(const std::string& node, ir::TensorId tensor, std::vector<FrontKernel> front,
                     Endpoint to, std::uint32_t elements) {
    std::vector<KernelId> placed;
    for (FrontKernel& kernel : front) {
      placed.push_back(joiner_.place(std::move(kernel.kernel), node + "_" + kernel.part, {}));
      design_.kernels[placed.back().index].multiplications = kernel.multiplications;
      design_.kernels[placed.back().index].multipliers = kernel.multipliers;
    }
    for (std::size_t k = 0; k <= front.size(); ++k) {
      const bool last = k == front.size();
      const Endpoint use = last ? to : Endpoint{.kernel = placed[k], .port = 0};
      const std::uint32_t wanted = last ? elements : front[k].inputElements;
      if (k == 0) {
        SLUICE_TRY([[maybe_unused]] const StreamId stream, joiner_.take(tensor, use, wanted));
        continue;
      }
      const kernel::StreamPort from = design_.kernels[placed[k - 1].index].kernel.ports[1];
      SLUICE_TRY([[maybe_unused]] const StreamId stream,
                 joiner_.connect(tensor, front[k - 1].elementsOut, {.kernel = placed[k - 1], .port = 1},
                                 from.beat, from.range, use, wanted, node + "_" + front[k - 1].part));
    }
    return {};
  }

  /// A tensor made here: forked inside, and led out to where it is read.
  Status produce(ir::TensorId tensor, Endpoint source, kernel::Beat beat, fixed::Interval range,
                 std::uint32_t subgraph) {
    const Readers readers = readersOf(tensor);
    SLUICE_RETURN_IF_ERROR(joiner_.provide(tensor, source, beat, range, usesAtHome(readers, subgraph, true)));
    return leave(tensor, subgraph, readers);
  }

  /// The kernel nodes of a subgraph with the reshapes before them, in order.
  std::vector<ir::NodeId> withReshapes(const std::vector<ir::NodeId>& nodes) const {
    std::set<ir::NodeId> all(nodes.begin(), nodes.end());
    for (const ir::NodeId id : nodes)
      for (ir::TensorId input : graph_.node(id).inputs)
        while (input != root(input)) {
          const ir::NodeId reshape = graph_.tensor(input).producer;
          all.insert(reshape);
          input = graph_.node(reshape).inputs[0];
        }
    return {all.begin(), all.end()};
  }

  Status mapUnrolled(std::uint32_t subgraph) {
    const std::vector<ir::NodeId> nodes = nodesOf(subgraph);
    const kernel::UnrolledParams params{
        .graph = &graph_, .nodes = withReshapes(nodes), .levelsPerStage = options_.levelsPerStage};
    const kernel::UnrolledPorts ports = kernel::unrolledPorts(graph_, params.nodes);
    const std::string name =
        graph_.node(nodes.front()).name + (nodes.size() > 1 ? "_to_" + graph_.node(nodes.back()).name : "");
    SLUICE_TRY(kernel::Kernel pipeline, kernel::unrolledPipeline(identifier(name), params));
    const std::vector<kernel::StreamPort> streamPorts = pipeline.ports;
    const KernelId placed = joiner_.place(std::move(pipeline), name, nodes);
    for (const ir::NodeId id : nodes)
      if (std::holds_alternative<ir::Dense>(graph_.node(id).operation))
        design_.kernels[placed.index].multiplications += nonZeroWeights(graph_, graph_.node(id));
    std::uint32_t port = 0;
    for (const ir::TensorId read : ports.reads) {
      const std::uint32_t elements = streamPorts[port].beat.elements;
      SLUICE_TRY([[maybe_unused]] const StreamId stream,
                 joiner_.take(root(read), {.kernel = placed, .port = port++}, elements));
    }
    for (const ir::TensorId write : ports.writes) {
      SLUICE_RETURN_IF_ERROR(produce(write, {.kernel = placed, .port = port}, streamPorts[port].beat,
                                     streamPorts[port].range, subgraph));
      ++port;
    }
    return {};
  }

  const ir::Graph& graph_;
  const MapOptions& options_;
  const ir::Regions& regions_;
  const Partition& partition_;
  Design design_;
  Joiner joiner_;
  Pace pace_;
  NamePool portPool_;
  std::size_t weightPorts_ = 0;
  std::map<ir::TensorId, std::string> portNames_;
  std::map<ir::TensorId, Readers> readers_;
  std::vector<std::pair<ir::TensorId, std::string>> outputNames_;
  std::map<std::pair<std::uint32_t, ir::TensorId>, StreamId>
      leaving_;  ///< (reader, tensor) -> stream at home
  std::vector<std::pair<ir::TensorId, std::optional<StreamId>>> entering_;
};

}  // namespace

Result<Design> mapGraph(const ir::Graph& lowered, const MapOptions& options) {
  SLUICE_TRY(const Partition parts, partition(lowered, options.splitBefore));
  return mapGraph(lowered, options, parts);
}

Result<Design> mapGraph(const ir::Graph& lowered, const MapOptions& options, const Partition& parts) {
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  Result<Design> design = Mapper(lowered, options, regions, parts).run();
  if (design.ok() || options.regime != Regime::automatic || design.error().code != ErrorCode::unsupported)
    return design;
  // What cannot be unrolled although it is small: streamed it may be possible.
  MapOptions streamed = options;
  streamed.regime = Regime::streamed;
  Result<Design> second = Mapper(lowered, streamed, regions, parts).run();
  if (!second.ok()) return design;
  second->regimeReason = design.error().text();
  return second;
}

}  // namespace sluice::map

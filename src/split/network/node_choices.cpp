#include "split/network/node_choices.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "dataflow/schedule.h"
#include "hdl/simplify.h"
#include "kernel/fifo/fifo.h"
#include "kernel/fork/fork.h"
#include "kernel/width/width.h"
#include "split/network/subgraph_costs.h"

namespace sluice::splits {
namespace {

/// Converters belong to nobody.
constexpr std::size_t anybody = SIZE_MAX;

void add(std::vector<double>& to, const std::vector<double>& size) {
  to.resize(std::max(to.size(), size.size()), 0.0);
  for (std::size_t r = 0; r < size.size(); ++r) to[r] += size[r];
}

/// Cycles a frame of a kernel into whose first port go `elements`.
std::uint64_t cyclesOf(const kernel::Kernel& kernel, std::uint64_t elements) {
  const std::uint64_t beats = elements / kernel.ports[0].beat.elements;
  const std::uint64_t passes = beats / dataflow::beatsPerPass(kernel.schedule, 0);
  return passes * dataflow::iterations(kernel.schedule) * kernel.schedule.interval;
}

std::vector<std::uint32_t> readsOf(const map::Choice& choice) {
  std::vector<std::uint32_t> reads = choice.inputElements;
  for (std::size_t i = 0; i < reads.size() && i < choice.front.size(); ++i)
    if (!choice.front[i].empty()) reads[i] = choice.front[i].front().inputElements;
  return reads;
}

std::uint32_t writesOf(const map::Choice& choice) { return choice.kernel.ports.back().beat.elements; }

}  // namespace

const std::vector<double>& Prices::of(const kernel::Kernel& kernel, std::size_t owner, int styles) {
  const auto number = static_cast<std::int64_t>(families_.size());
  std::vector<std::int64_t> key = {static_cast<std::int64_t>(owner), styles,
                                   families_.try_emplace(kernel.family, number).first->second};
  for (const kernel::StreamPort& port : kernel.ports)
    key.insert(key.end(), {port.beat.elements, port.beat.format.bits, port.beat.format.isSigned ? 1 : 0,
                           port.range.lo, port.range.hi});
  const dataflow::Schedule& schedule = kernel.schedule;
  key.insert(key.end(),
             {schedule.interval, schedule.depth, static_cast<std::int64_t>(schedule.loops.size())});
  for (const dataflow::Loop& loop : schedule.loops) key.push_back(loop.extent);
  for (const dataflow::Access& access : schedule.accesses) {
    key.insert(key.end(), {access.port, access.stage, static_cast<std::int64_t>(access.when.size())});
    for (const dataflow::When& when : access.when)
      key.insert(key.end(), {when.loop, static_cast<std::int64_t>(when.relation), when.value});
  }
  const auto [found, isNew] = known_.try_emplace(std::move(key));
  if (isNew) found->second = sizesOf(hdl::cost(kernel::hardware(kernel), family_));
  return found->second;
}

const std::vector<double>& Prices::fifo(std::uint32_t bits, bool isPort) {
  const auto [found, isNew] = fifos_.try_emplace(std::pair(bits, isPort));
  if (isNew)
    found->second = sizesOf(hdl::cost(
        hdl::simplify(kernel::fifo({.width = bits, .depth = 2, .kind = {}, .reserveIsPush = isPort})),
        family_));
  return found->second;
}

Result<std::vector<NodeFacts>> nodeFacts(const ir::Graph& lowered, const std::vector<ir::NodeId>& nodes,
                                         const ir::Regions& regions) {
  std::map<ir::NodeId, std::uint32_t> number;
  for (std::uint32_t v = 0; v < nodes.size(); ++v) number[nodes[v]] = v;
  // Through nodes without a kernel, which move nothing.
  const auto makerOf = [&](ir::TensorId tensor) -> std::pair<ir::TensorId, std::optional<std::uint32_t>> {
    for (;;) {
      const ir::NodeId producer = lowered.tensor(tensor).producer;
      if (!producer.valid()) return {tensor, std::nullopt};
      if (const auto found = number.find(producer); found != number.end()) return {tensor, found->second};
      if (!std::binary_search(regions.integer.begin(), regions.integer.end(), producer))
        return {tensor, std::nullopt};
      tensor = lowered.node(producer).inputs[0];
    }
  };
  const auto elementsOf = [&](ir::TensorId tensor) {
    return static_cast<std::uint64_t>(ir::elements(lowered.tensor(tensor).type.shape));
  };
  std::vector<NodeFacts> facts(nodes.size());
  std::set<ir::TensorId> fromOutside;
  for (std::uint32_t v = 0; v < nodes.size(); ++v) {
    const ir::Node& node = lowered.node(nodes[v]);
    facts[v].id = nodes[v];
    facts[v].elements = elementsOf(node.output);
    for (const ir::TensorId input : map::streamedInputs(lowered, node)) {
      const auto [tensor, from] = makerOf(input);
      facts[v].inputs.push_back({.from = from,
                                 .elements = elementsOf(input),
                                 .isFirstReader = !from && fromOutside.insert(tensor).second});
      if (from) ++facts[*from].uses;
    }
  }
  for (const ir::TensorId output : regions.hardwareOutputs)
    if (const auto from = makerOf(output).second) {
      ++facts[*from].uses;
      ++facts[*from].outputs;
    }
  return facts;
}

Result<map::Choice> ChoiceMaker::choose(std::uint32_t v, const map::NodeOptions& setting,
                                        const map::Pace& pace,
                                        const std::vector<std::uint32_t>& offered) const {
  const ir::Node& node = graph.node(facts[v].id);
  const std::vector<ir::TensorId> inputs = map::streamedInputs(graph, node);
  std::vector<map::Offer> offers;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (const auto from = facts[v].inputs[i].from) {
      offers.push_back({.beat = facts[*from].beat, .range = facts[*from].range});
      offers.back().beat.elements = offered[i];
    } else {
      const fixed::Interval range = graph.tensor(inputs[i]).type.codes->range;
      offers.push_back({.beat = {.elements = 0, .format = fixed::formatFor(range)}, .range = range});
    }
  }
  map::MapOptions own = options;
  own.nodes = {{node.name, setting}};
  return map::chooseKernel(graph, node, offers, own, pace);
}

Result<NodeChoice> ChoiceMaker::fold(std::uint32_t v, const map::NodeOptions& setting, const map::Pace& pace,
                                     const std::vector<std::uint32_t>& offered) {
  SLUICE_TRY(const map::Choice chosen, choose(v, setting, pace, offered));
  const kernel::StreamPort& out = chosen.kernel.ports.back();
  facts[v].beat = out.beat;
  facts[v].range = out.range;
  NodeChoice choice{.options = setting,
                    .reads = readsOf(chosen),
                    .writes = writesOf(chosen),
                    .multipliers = chosen.multipliers};
  // Pinned, it must be the same beside any producer: if that cannot be said in settings, the setting that led to it stays.
  map::NodeOptions pinned = setting;
  const ir::Operation& operation = graph.node(facts[v].id).operation;
  pinned.reuseFactor = pinned.targetInterval = std::nullopt;
  if (std::holds_alternative<ir::Dense>(operation)) {
    pinned.simd = choice.reads[0];
    pinned.pe = choice.writes;
  } else if (std::holds_alternative<ir::CodeConv>(operation)) {
    pinned.simd = chosen.inputElements[0];
    pinned.pe = choice.writes;
    pinned.pack = choice.reads[0];
    if (!chosen.front[0].empty())
      pinned.positionsAtOnce = chosen.front[0].front().kernel.ports[1].beat.elements / choice.reads[0];
  } else {
    pinned.pack = choice.reads[0];
  }
  for (const std::uint32_t other : {1u, offered.empty() ? 1u : offered[0]}) {
    const auto again = choose(v, pinned, pace, std::vector<std::uint32_t>(offered.size(), other));
    if (!again.ok() || readsOf(*again) != choice.reads || writesOf(*again) != choice.writes ||
        again->inputElements != chosen.inputElements)
      return choice;
  }
  choice.options = pinned;
  return choice;
}

void ChoiceMaker::addWay(NodeChoice& choice, std::uint64_t elements, const kernel::StreamPort& from,
                         std::uint32_t to) {
  add(choice.size, prices.fifo(from.beat.width(), false));
  choice.cycles = std::max(choice.cycles, elements / from.beat.elements);
  if (from.beat.elements == to) return;
  const auto converter = kernel::widthConverter({.from = from.beat.elements, .to = to, .range = from.range});
  SLUICE_CHECK(converter.ok(), "mapping would place it too");
  add(choice.size, prices.of(*converter, anybody, 0));
  add(choice.size, prices.fifo(to * from.beat.format.bits, false));
  choice.cycles = std::max(choice.cycles, cyclesOf(*converter, elements));
}

Result<NodeChoice> ChoiceMaker::price(std::uint32_t v, const NodeChoice& folded, const map::Pace& pace) {
  const map::NodeOptions& set = folded.options;
  // Line buffers make no difference to a product, nor its multipliers to them; what has but one kernel has both.
  const NodeFacts& fact = facts[v];
  // Settings that are not pinned need the beats that led to them.
  SLUICE_TRY(map::Choice chosen, choose(v, folded.options, pace, folded.reads));
  if (readsOf(chosen) != folded.reads || writesOf(chosen) != folded.writes)
    return unsupported("is chosen otherwise beside another producer", graph.node(fact.id).name);
  NodeChoice choice = folded;
  choice.size.clear();
  choice.cycles = fact.elements / choice.writes;
  for (std::size_t i = 0; i < fact.inputs.size(); ++i) {
    std::uint64_t elements = fact.inputs[i].elements;
    if (i < chosen.front.size())
      for (std::size_t k = 0; k < chosen.front[i].size(); ++k) {
        const map::FrontKernel& front = chosen.front[i][k];
        add(choice.size, prices.of(front.kernel, v, static_cast<int>(set.rows)));
        choice.cycles = std::max(choice.cycles, cyclesOf(front.kernel, elements));
        elements = front.elementsOut;
        addWay(
            choice, elements, front.kernel.ports[1],
            k + 1 < chosen.front[i].size() ? chosen.front[i][k + 1].inputElements : chosen.inputElements[i]);
      }
    if (i == 0) choice.cycles = std::max(choice.cycles, cyclesOf(chosen.kernel, elements));
    if (fact.inputs[i].isFirstReader) {
      const std::uint32_t bits = fixed::formatFor(chosen.kernel.ports[i].range).bits;
      add(choice.size, prices.fifo(choice.reads[i] * bits, true));
      choice.cycles = std::max(choice.cycles, fact.inputs[i].elements / choice.reads[i]);
    }
  }
  const bool hasFronts =
      std::any_of(chosen.front.begin(), chosen.front.end(), [](const auto& f) { return !f.empty(); });
  const int products = 8 * static_cast<int>(set.multiplier) + static_cast<int>(set.weights);
  add(choice.size, prices.of(chosen.kernel, v, products + (hasFronts ? 0 : 64 * static_cast<int>(set.rows))));
  const kernel::StreamPort& out = chosen.kernel.ports.back();
  if (fact.uses > 1) {
    SLUICE_TRY(const kernel::Kernel fork,
               kernel::fork({.outputs = fact.uses, .beat = out.beat, .range = out.range}));
    add(choice.size, prices.of(fork, anybody, 0));
    add(choice.size, prices.fifo(out.beat.width(), false));
  }
  for (std::uint32_t o = 0; o < fact.outputs; ++o) add(choice.size, prices.fifo(out.beat.width(), false));
  return choice;
}

std::optional<MenuEdge::Join> ChoiceMaker::join(const NodeFacts& from, std::uint32_t written,
                                                std::uint32_t read) {
  NodeChoice way;
  if (from.elements % written != 0 || from.elements % read != 0) return std::nullopt;
  if (written != read && (!kernel::widthFits(from.elements, written, read) ||
                          !kernel::widthConverter({.from = written, .to = read, .range = from.range}).ok()))
    return std::nullopt;
  kernel::StreamPort port{.name = {}, .beat = from.beat, .range = from.range};
  port.beat.elements = written;
  addWay(way, from.elements, port, read);
  way.cycles = std::max(way.cycles, from.elements / read);
  return MenuEdge::Join{.cycles = way.cycles, .size = std::move(way.size)};
}

}  // namespace sluice::splits

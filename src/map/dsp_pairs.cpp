#include "map/dsp_pairs.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/text.h"

namespace sluice::map {
namespace {

using kernel::MultiplierStyle;

struct LayerCost {
  std::uint64_t dsp = 0, lut = 0;
  bool operator==(const LayerCost&) const = default;
};

/// What each kernel-making node takes, with the kernels that stand before its own (they follow it in the design, and are
/// nobody's: a transposed convolution multiplies in one of them).
std::map<ir::NodeId, LayerCost> layerCosts(const Design& design, hdl::Family family) {
  std::map<ir::NodeId, LayerCost> costs;
  ir::NodeId owner;
  for (const KernelInstance& instance : design.kernels) {
    if (!instance.nodes.empty()) owner = instance.nodes.front();
    if (!owner.valid()) continue;  // a fork of an input
    const hdl::Cost cost =
        hdl::cost(kernel::hardware(instance.kernel), familyOf(design, instance.subgraph, family));
    costs[owner].dsp += cost.dsp;
    costs[owner].lut += cost.allLuts();
  }
  return costs;
}

NodeOptions settingsOf(const MapOptions& options, const ir::Node& node) {
  const NodeOptions* const said = saidOf(options.nodes, node);
  return said != nullptr ? *said : NodeOptions();
}

MapOptions withPairs(const MapOptions& options, const ir::Graph& graph,
                     const std::vector<ir::NodeId>& nodes) {
  MapOptions paired = options;
  for (const ir::NodeId id : nodes) {
    const ir::Node& node = graph.node(id);
    NodeOptions own = settingsOf(options, node);
    own.multiplier = MultiplierStyle::dspPairs;
    paired.nodes[node.name] = own;
  }
  return paired;
}

/// The design with all of `nodes` paired. Nodes that cannot be (factors too wide for any block) are taken off the list.
Result<Design> mapPaired(const ir::Graph& graph, const MapOptions& options, std::vector<ir::NodeId>& nodes) {
  Result<Design> all = mapGraph(graph, withPairs(options, graph, nodes));
  if (all.ok()) return all;
  std::vector<ir::NodeId> possible;
  for (const ir::NodeId id : nodes)
    if (mapGraph(graph, withPairs(options, graph, {id})).ok()) possible.push_back(id);
  nodes = std::move(possible);
  return mapGraph(graph, withPairs(options, graph, nodes));
}

void sortBySaving(std::vector<PairedLayer>& layers) {
  std::stable_sort(layers.begin(), layers.end(), [](const PairedLayer& a, const PairedLayer& b) {
    const auto saved = [](const PairedLayer& layer) { return layer.single - layer.paired; };
    return saved(a) != saved(b) ? saved(a) > saved(b) : a.lutMore < b.lutMore;
  });
}

}  // namespace

Result<DspPairs> pairWhereDspsLack(const ir::Graph& lowered, const MapOptions& given, const Design& design,
                                   std::span<const std::uint64_t> available) {
  SLUICE_CHECK(design.regime == Regime::streamed, "unrolled designs have no DSP blocks");
  SLUICE_CHECK(available.size() == 1 || available.size() == design.subgraphs.size(),
               "blocks for the whole, or for each subgraph");
  MapOptions options = given;
  options.regime = Regime::streamed;  // settings of nodes would decide it
  DspPairs pairs{.nodes = options.nodes};

  const std::map<ir::NodeId, LayerCost> single = layerCosts(design, options.family);
  std::map<ir::NodeId, std::uint32_t> home;
  for (const KernelInstance& instance : design.kernels)
    if (!instance.nodes.empty()) home[instance.nodes.front()] = instance.subgraph.index;
  std::vector<std::uint64_t> used(available.size(), 0);
  const auto slot = [&](std::uint32_t subgraph) { return available.size() == 1 ? 0 : subgraph; };
  std::vector<ir::NodeId> candidates;
  for (const auto& [id, cost] : single) {
    used[slot(home.at(id))] += cost.dsp;
    pairs.single += cost.dsp;
    const ir::Operation& operation = lowered.node(id).operation;
    const bool multiplies =
        std::holds_alternative<ir::Dense>(operation) || std::holds_alternative<ir::CodeConv>(operation);
    if (multiplies && cost.dsp > 1 && !settingsOf(options, lowered.node(id)).streamWeights)
      candidates.push_back(id);
  }
  pairs.paired = pairs.single;
  for (const std::uint64_t blocks : available) pairs.available += blocks;

  SLUICE_TRY(const Design all, mapPaired(lowered, options, candidates));
  const std::map<ir::NodeId, LayerCost> paired = layerCosts(all, options.family);
  std::vector<PairedLayer> possible;
  for (const ir::NodeId id : candidates) {
    const LayerCost &before = single.at(id), &after = paired.at(id);
    if (after.dsp >= before.dsp) continue;
    const bool free = settingsOf(options, lowered.node(id)).multiplier == MultiplierStyle::automatic;
    (free ? possible : pairs.held)
        .push_back({.node = lowered.node(id).name,
                    .subgraph = home.at(id),
                    .single = before.dsp,
                    .paired = after.dsp,
                    .lutMore = static_cast<std::int64_t>(after.lut) - static_cast<std::int64_t>(before.lut)});
  }
  sortBySaving(possible);
  sortBySaving(pairs.held);

  std::vector<ir::NodeId> chosen;
  for (const PairedLayer& layer : possible) {
    std::uint64_t& blocks = used[slot(layer.subgraph)];
    if (blocks <= available[slot(layer.subgraph)]) continue;
    blocks -= layer.single - layer.paired;
    pairs.paired -= layer.single - layer.paired;
    pairs.layers.push_back(layer);
    chosen.push_back(*lowered.findNode(layer.node));
  }
  pairs.nodes = withPairs(options, lowered, chosen).nodes;
  pairs.enough = true;
  for (std::size_t s = 0; s < used.size(); ++s) pairs.enough = pairs.enough && used[s] <= available[s];
  return pairs;
}

std::string pairText(const PairedLayer& layer) {
  return layer.node + ": " + formatCount(static_cast<std::int64_t>(layer.paired)) + " instead of " +
         countOf(static_cast<std::int64_t>(layer.single), "DSP block") + " for " +
         formatCount(layer.lutMore) + " LUT";
}

}  // namespace sluice::map

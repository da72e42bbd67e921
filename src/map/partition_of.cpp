#include "map/partition_of.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "ir/regions.h"
#include "map/kernel_choice.h"

namespace sluice::map {

Result<std::vector<ir::NodeId>> kernelNodes(const ir::Graph& graph, Regime regime) {
  SLUICE_TRY(const ir::Regions regions, ir::regions(graph));
  std::vector<ir::NodeId> nodes;
  for (const ir::NodeId id : regions.integer) {
    const bool none = std::holds_alternative<ir::Reshape>(graph.node(id).operation) ||
                      (regime == Regime::streamed && padInside(graph, id));
    if (!none) nodes.push_back(id);
  }
  return nodes;
}

Result<Partition> partitionOf(const ir::Graph& graph, Regime regime,
                              const std::vector<std::uint32_t>& stages) {
  SLUICE_TRY(const std::vector<ir::NodeId> nodes, kernelNodes(graph, regime));
  SLUICE_CHECK(nodes.size() == stages.size(), "one stage for every node with a kernel");
  Partition result{.stage = std::vector<std::uint32_t>(graph.nodes.size(), 0)};
  result.stages = stages.empty() ? 1 : *std::max_element(stages.begin(), stages.end()) + 1;
  std::vector<bool> placed(graph.nodes.size(), false), used(result.stages, false);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    result.stage[nodes[i].index] = stages[i];
    placed[nodes[i].index] = used[stages[i]] = true;
  }
  if (const auto empty = std::find(used.begin(), used.end(), false); empty != used.end())
    return badInput("stage " + std::to_string(empty - used.begin()) + " holds no node");
  // Nodes without a kernel: with what they read. A node is checked against what it reads, through them.
  for (std::uint32_t v = 0; v < graph.nodes.size(); ++v) {
    std::uint32_t earliest = 0;
    for (const ir::TensorId input : graph.nodes[v].inputs)
      if (const ir::NodeId producer = graph.tensor(input).producer; producer.valid())
        earliest = std::max(earliest, result.stage[producer.index]);
    if (!placed[v])
      result.stage[v] = earliest;
    else if (result.stage[v] < earliest)
      return badInput("stands in stage " + std::to_string(result.stage[v]) + " and reads what stage " +
                          std::to_string(earliest) + " computes",
                      "node '" + graph.nodes[v].name + "'");
  }
  return result;
}

Result<Partition> finestPartition(const ir::Graph& graph, Regime regime) {
  SLUICE_TRY(const std::vector<ir::NodeId> nodes, kernelNodes(graph, regime));
  std::vector<std::uint32_t> stages(nodes.size());
  std::iota(stages.begin(), stages.end(), 0u);
  return partitionOf(graph, regime, stages);
}

}  // namespace sluice::map

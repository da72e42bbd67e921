#include "map/partition.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "ir/regions.h"

namespace sluice::map {
namespace {

/// Nodes of the middle that become kernels (a reshape is only a change of names for the same elements).
bool hasKernel(const ir::Node& node) { return !std::holds_alternative<ir::Reshape>(node.operation); }

struct Middle {
  std::vector<ir::NodeId> nodes;
  std::vector<bool> contains;  ///< per node of the graph
};

Middle middleOf(const ir::Graph& graph, const ir::Regions& regions) {
  Middle middle{.nodes = regions.integer, .contains = std::vector<bool>(graph.nodes.size(), false)};
  for (const ir::NodeId id : middle.nodes) middle.contains[id.index] = true;
  return middle;
}

/// Stages when `named` nodes start one each.
std::vector<std::uint32_t> stagesOf(const ir::Graph& graph, const Middle& middle,
                                    const std::set<ir::NodeId>& named) {
  std::vector<std::uint32_t> stage(graph.nodes.size(), 0);
  for (const ir::NodeId id : middle.nodes) {
    for (const ir::TensorId input : graph.node(id).inputs) {
      const ir::NodeId producer = graph.tensor(input).producer;
      if (producer.valid() && middle.contains[producer.index])
        stage[id.index] = std::max(stage[id.index], stage[producer.index]);
    }
    if (named.contains(id)) ++stage[id.index];
  }
  return stage;
}

/// Whether some kernel of the middle feeds the node: then a cut before it has work on both sides.
std::vector<bool> workBefore(const ir::Graph& graph, const Middle& middle) {
  std::vector<bool> result(graph.nodes.size(), false);
  for (const ir::NodeId id : middle.nodes)
    for (const ir::TensorId input : graph.node(id).inputs) {
      const ir::NodeId producer = graph.tensor(input).producer;
      if (producer.valid() && middle.contains[producer.index])
        if (result[producer.index] || hasKernel(graph.node(producer))) result[id.index] = true;
    }
  return result;
}

}  // namespace

std::vector<std::string> legalSplits(const ir::Graph& graph) {
  const Result<ir::Regions> regions = ir::regions(graph);
  if (!regions.ok()) return {};
  const Middle middle = middleOf(graph, *regions);
  const std::vector<bool> before = workBefore(graph, middle);
  std::vector<std::string> names;
  for (const ir::NodeId id : middle.nodes)
    if (before[id.index] && hasKernel(graph.node(id))) names.push_back(graph.node(id).name);
  return names;
}

Result<Partition> partition(const ir::Graph& graph, const std::vector<std::string>& splitBefore) {
  SLUICE_TRY(const ir::Regions regions, ir::regions(graph));
  const Middle middle = middleOf(graph, regions);
  const std::vector<std::string> legal = legalSplits(graph);
  const auto isLegal = [&](const std::string& name) {
    return std::find(legal.begin(), legal.end(), name) != legal.end();
  };
  const std::string choice =
      legal.empty() ? "this network cannot be cut" : "it can be cut before " + join(legal, ", ");

  std::set<ir::NodeId> named;
  for (const std::string& name : splitBefore) {
    const ir::Node* found = nullptr;
    for (const ir::NodeId id : middle.nodes) {
      const ir::Node& node = graph.node(id);
      const bool begins = node.name == name || (!node.origins.empty() && node.origins.front() == name);
      const bool inside = std::find(node.origins.begin(), node.origins.end(), name) != node.origins.end();
      if (!begins && !inside) continue;
      if (!begins)
        return badInput("cannot cut before '" + name + "': it is computed inside '" + node.name + "' (" +
                        join(node.origins, " + ") + " are one exact step); " + choice);
      found = &node;
      named.insert(id);
      break;
    }
    if (found == nullptr) {
      if (graph.findNode(name).has_value())
        return badInput("cannot cut before '" + name + "': it is computed on the host, not in hardware; " +
                        choice);
      return badInput("no node is called '" + name + "'; " + choice);
    }
    if (!isLegal(found->name))
      return badInput("cannot cut before '" + name + "': nothing stands before it in hardware; " + choice);
  }
  Partition result{.stage = stagesOf(graph, middle, named)};
  // Stages no node stands in (two names on one path that a third overtakes) are closed up.
  std::set<std::uint32_t> used;
  for (const ir::NodeId id : middle.nodes)
    if (hasKernel(graph.node(id))) used.insert(result.stage[id.index]);
  for (std::uint32_t& stage : result.stage)
    stage = static_cast<std::uint32_t>(std::distance(used.begin(), used.lower_bound(stage)));
  result.stages = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(used.size()));
  return result;
}

}  // namespace sluice::map

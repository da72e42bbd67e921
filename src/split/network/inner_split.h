#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"
#include "passes/split_layer.h"
#include "split/network/plan_network.h"

/// Plans that also split inside layers (passes/split_layer.h): where a layer is too large for any board, or where the
/// boards keep a better pace with it in parts.
///
/// A split multiplies what can be placed, so it is searched greedily, and only the cuts and places of each graph are
/// exact: the layer that fills a board most is split in every allowed way into 2, 3, ... parts, each graph is planned, the
/// best is kept, and so on until nothing gets better. Parts have shares like the boards' look-up tables.
namespace sluice::splits {

struct InnerSplit {
  std::string node;
  passes::LayerSplitOptions options;
};

struct InnerPlan {
  ir::Graph graph;  ///< with the splits; the network's own if there are none
  std::vector<InnerSplit> splits;
  NetworkPlan plan;
  std::uint32_t graphs = 1;  ///< planned
};

struct InnerOptions {
  std::vector<passes::LayerSplit> ways;
  bool onlyIfNeeded = false;     ///< as soon as there is a plan, it stands
  std::uint32_t mostSplits = 4;  ///< layers that are split
  std::uint32_t mostParts = 8;   ///< of a layer
};

/// Errors: those of planNetwork for the graph nearest to fitting; where no split helped, for the network itself.
Result<InnerPlan> planWithin(const ir::Graph& lowered, const ClusterSpec& cluster,
                             const NetworkPlanOptions& options, const InnerOptions& inner);

/// "none"; "outputs", "inputs", "rows" or several with commas between; "any": all of them; "auto": any, but only if
/// nothing fits without. Errors: usage
Result<InnerOptions> innerOptions(const std::string& text);

/// "outputs", "inputs", "rows".
const char* nameOf(passes::LayerSplit how);

}  // namespace sluice::splits

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "map/design.h"
#include "map/partition.h"

/// Partitions that are not named but computed: what a splitter works on, and what it gives back.
///
/// What is placed are the nodes with a kernel of their own. A reshape moves nothing, and a Pad that a window does by itself
/// has no hardware: both go along with whoever reads them.
namespace sluice::map {

/// Nodes of the integer middle that get a kernel in this regime, in order.
Result<std::vector<ir::NodeId>> kernelNodes(const ir::Graph& graph, Regime regime);

/// nodes[i] of kernelNodes in stage stages[i]. Errors: badInput for a node that stands before one it reads, or for a stage
/// that holds none.
Result<Partition> partitionOf(const ir::Graph& graph, Regime regime,
                              const std::vector<std::uint32_t>& stages);

/// Every node with a kernel in a subgraph of its own: what that costs and takes is what the node costs and takes.
Result<Partition> finestPartition(const ir::Graph& graph, Regime regime);

}  // namespace sluice::map

#pragma once

#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// A part of a lowered graph as a graph of its own: what one subgraph or one board computes.
///
/// Tensors of codes that the part reads and does not compute become its inputs, of the same type, in the order of the
/// graph's tensors; what others read of it, or is an output of the middle, become its outputs, in that order too. Names stay.
namespace sluice::passes {

struct Extract {
  ir::Graph graph;
  std::vector<ir::TensorId> inputs, outputs;  ///< the tensors of the whole graph that they are
};

/// `nodes`: of the integer middle, ascending, convex. Errors: those of inference (none for a valid graph).
Result<Extract> extract(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes);

}  // namespace sluice::passes

#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

/// What of a lowered network does not become integers, so that nobody has to guess.
namespace sluice::passes {

/// One real operation that the host computes.
struct HostNode {
  ir::NodeId node;
  bool before = false;  ///< before the integer part, else behind it
  std::string why;      ///< "no quantizer comes before it", ...
};

/// In node order; quantizers of the inputs and pure moves of elements included, Inputs not. The graph is lowered.
///
/// Errors  those of ir::regions: the graph is not lowered
Result<std::vector<HostNode>> hostPart(const ir::Graph& lowered);

/// The same in sentences, one per node: "node 'prob' (softmax) stays with the host: no quantizer comes behind it".
Result<std::vector<std::string>> hostPartText(const ir::Graph& lowered);

}  // namespace sluice::passes

#pragma once

#include <vector>

#include "ir/graph.h"

/// Inside of the passes that look for chains: fuse-chains, sink-moves, lower-linear, check-lowered.
namespace sluice::passes {

/// Whether the node makes codes of real numbers.
bool isQuantizer(const ir::Node& node);

/// Per tensor: whether codes are among what it is computed from, through real operations (or it is codes
/// itself).
std::vector<bool> touchesCodes(const ir::Graph& graph);

/// Why the quantizer of a chain on codes could not become integer. Success if it could.
Status chainProblem(const ir::Graph& graph, const ir::Node& quantizer);

}  // namespace sluice::passes

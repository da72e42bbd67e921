#pragma once

#include <vector>

#include "ir/graph.h"
#include "kernel/testing.h"
#include "kernel/unrolled/unrolled.h"

/// For tests only: a graph as an unrolled pipeline, and what the reference interpreter says of it.
namespace sluice::kernel {

std::vector<ir::NodeId> integerNodes(const ir::Graph& graph);

/// What the ports write for what they read, by the reference interpreter. Aborts if it refuses the codes.
PassData referencePass(const ir::Graph& graph, const UnrolledPorts& ports, const PassData& reads);

}  // namespace sluice::kernel

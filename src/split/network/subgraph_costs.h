#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "device/board.h"
#include "hdl/cost.h"
#include "map/design.h"
#include "split/network/cluster_spec.h"

/// What the subgraphs of a design cost and take. Private to the folder.
namespace sluice::splits {

/// Of every subgraph, on its own family if it has one, without the modules around its kernels and FIFOs, which hold nothing
/// but wires.
std::vector<hdl::Cost> costsOf(const map::Design& design, hdl::Family family);

/// Cycles a frame of the slowest kernel or stream of every subgraph.
std::vector<std::uint64_t> cyclesOf(const map::Design& design);

/// A cost as numbers, in the order of device::usage.
std::vector<double> sizesOf(const hdl::Cost& cost);

/// What a plan may use of a board, in the order of device::usage.
std::vector<double> capacityOf(const device::Board& board, const ClusterSpec& cluster);

/// Nodes, boards, tensors and links of a design with every node in a subgraph of its own; times and sizes are still to fill
/// in. Resources and capacities as networkProblem has them (network_problem.h).
Problem problemOf(const map::Design& design, const std::string& name, const std::vector<std::string>& nodes,
                  const ClusterSpec& cluster, Work work);

}  // namespace sluice::splits

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "ir/graph.h"
#include "map/map.h"
#include "split/network/cluster_spec.h"
#include "split/problem.h"

/// A network of ours as a problem of splitting.
///
/// The network is mapped with every node in a subgraph of its own. What such a subgraph costs (its kernels, width
/// converters, forks, and the FIFOs inside it and on both sides of its cuts) is what its node takes of a board; the cycles
/// of its slowest kernel or port are its time; what goes over its cuts are the tensors. So nothing is estimated twice: the
/// design that is built from a plan has the same kernels, and less between them.
///
///   sizes    LUT, LUT as memory, FF, carry, DSP, BRAM18 (device::usage); a board has its share of them, less what drives
///            its links
///            Boards of several families: a node is mapped and counted for each, and what it takes of a LUT4 and of a LUT6 are
///            two resources, "LUT (ecp5)" and "LUT (xc7)". A board has as much of its own family's as it holds, and no limit
///            on the others': so the problem, its solver and its checker know nothing of families
///   times    microseconds: cycles a frame at the board's clock. All kernels of a board work at once, so a stage takes as
///            long as its slowest (Work::slowest). For the latency: cycles from the first beat in to the last beat out of
///            each node alone, added up (Work::sum), as if a kernel began when the one before it has ended: never too small
///   amounts  bits a frame, as they cross the cut
///
/// What comes from the host and goes back to it is not counted: it does not depend on the split, but for the place where it
/// enters.
namespace sluice::splits {

struct NetworkProblem {
  Problem problem;  ///< node i is the i-th of map::kernelNodes
  map::Regime regime = map::Regime::streamed;
  std::vector<ir::NodeId> nodes;
  std::vector<std::uint64_t> cycles;  ///< per node, of a frame; of several families the most
  std::vector<hdl::Cost> costs;       ///< per node, on the first board's family
};

enum class Times : std::uint8_t { interval, latency };

/// `options.regime` is streamed or unrolled. Errors: those of mapGraph.
Result<NetworkProblem> networkProblem(const ir::Graph& lowered, const map::MapOptions& options,
                                      const ClusterSpec& cluster, Times times);

/// What a node takes of a board of that kind, and what a plan may use of it, both on its family and in the order of
/// device::usage.
std::vector<double> sizeOn(const Problem& problem, std::uint32_t board, std::uint32_t node);
std::vector<double> capacityOn(const Problem& problem, std::uint32_t board);

/// Microseconds of the slowest node on the board that is fastest for it: no plan is below. Nothing is sized or counted for it.
/// Errors: those of mapGraph.
Result<double> leastLoad(const ir::Graph& lowered, const map::MapOptions& options,
                         const ClusterSpec& cluster);

/// The subgraphs of a plan: stage i of the plan is subgraph i.
Result<map::Partition> partitionOf(const ir::Graph& lowered, const NetworkProblem& network,
                                   const Stages& stages);

}  // namespace sluice::splits

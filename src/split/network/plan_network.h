#pragma once

#include "split/network/network_problem.h"
#include "split/solve.h"

/// From a network and boards to a plan, with the reuse factor chosen.
namespace sluice::splits {

struct NetworkPlanOptions {
  Goal goal = Goal::load;
  double loadLimit = impossible;  ///< microseconds between frames
  map::MapOptions map;            ///< without a factor or an interval, the factor is chosen
  SearchLimits limits;
  std::uint64_t largestFactor = 4096;  ///< of those that are tried
};

struct NetworkPlan {
  NetworkProblem network;
  Plan plan;
  map::MapOptions map;        ///< with the regime and the factor that were chosen
  std::uint32_t factors = 1;  ///< reuse factors tried
};

/// Goal::load     the least time between frames; of the plans that have it, one with the fewest boards
///                and, as far as it was looked for, the least latency
/// Goal::latency  the least latency
/// Goal::boards   the fewest boards for `loadLimit`
///
/// Where neither a reuse factor nor an interval nor the unrolled regime is asked for, all powers of two from `largestFactor` down
/// that fit are tried, and the best plan stands; of equal ones that with the larger factor. The bound of a plan is
/// proven for its factor.
///
/// Errors   infeasible, with the resource and by how much; those of mapGraph
Result<NetworkPlan> planNetwork(const ir::Graph& lowered, const ClusterSpec& cluster,
                                const NetworkPlanOptions& options);

}  // namespace sluice::splits

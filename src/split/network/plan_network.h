#pragma once

#include <functional>
#include <optional>

#include "split/network/freeze.h"
#include "split/network/network_problem.h"
#include "split/solve.h"

/// From a network and boards to a plan, with the reuse factor chosen.
namespace sluice::splits {

struct NetworkPlanOptions {
  Goal goal = Goal::load;
  double loadLimit = impossible;  ///< microseconds between frames
  map::MapOptions map;            ///< without a factor or an interval, the factor is chosen
  SearchLimits limits;
  std::uint64_t largestFactor = 4096;  ///< of those that are tried (pacesOf)
  std::vector<FrozenPart> frozen;      ///< stages that stay as they are
  bool fastestBuild = false;  ///< Goal::load: at the pace that was chosen, the cuts that are built fastest
  double below = impossible;  ///< Goal::load: plans that take as long are of no use, and are not looked for
};

/// The cuts that make the longest synthesis shortest, of the network at its pace. `plan` is of buildTimeProblem.
struct FastestBuild {
  Problem problem;
  Plan plan;
};

struct NetworkPlan {
  NetworkProblem network;
  Plan plan;
  map::MapOptions map;                ///< with the regime and the factor or interval that were chosen
  std::optional<FastestBuild> build;  ///< with NetworkPlanOptions::fastestBuild; plan.stages are its stages
  std::uint32_t factors = 1;          ///< factors or intervals tried
};

/// Goal::load     the least time between frames; of the plans that have it, one with the fewest boards
///                and, as far as it was looked for, the least latency
/// Goal::latency  the least latency
/// Goal::boards   the fewest boards for `loadLimit`
///
/// Where neither a reuse factor nor an interval nor the unrolled regime is asked for, the paces of pacesOf are tried, and the
/// best plan stands; of equal ones that with the slower pace. The fastest that fits is found by halving. Slower ones, which
/// need fewer boards and so may leave out a slow link, are tried as long as their slowest node alone (leastLoad) is faster
/// than the best plan. The bound of a plan is proven for its pace.
///
/// Errors   infeasible, with the resource and by how much, or that nothing is below; those of mapGraph
Result<NetworkPlan> planNetwork(const ir::Graph& lowered, const ClusterSpec& cluster,
                                const NetworkPlanOptions& options);

/// Paces to choose from, the fastest first. Dense networks: powers of two up to `largestFactor` as reuse factor of every layer.
/// Networks with convolutions, whose layers have very different numbers of pixels: target intervals 2^k and 3 * 2^k.
std::vector<map::MapOptions> pacesOf(const ir::Graph& lowered, const map::MapOptions& options,
                                     std::uint64_t largestFactor);

/// The first of `count` things that fits, where all behind it fit as well; nothing if none does. About log2(count) are
/// tried, the middle one first: neither the slowest designs nor the largest.
Result<std::optional<std::uint32_t>> firstThatFits(std::uint32_t count,
                                                   const std::function<Result<bool>(std::uint32_t)>& fits);

}  // namespace sluice::splits

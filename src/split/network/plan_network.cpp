#include "split/network/plan_network.h"

#include <optional>
#include <utility>

namespace sluice::splits {
namespace {

Result<NetworkPlan> planAt(const ir::Graph& lowered, const ClusterSpec& cluster,
                           const NetworkPlanOptions& options, const map::MapOptions& map) {
  NetworkPlan result{.map = map};
  SLUICE_TRY(result.network,
             networkProblem(lowered, map, cluster,
                            options.goal == Goal::latency ? Times::latency : Times::interval));
  SolveOptions solveOptions{.objective = {.goal = options.goal, .loadLimit = options.loadLimit}};
  solveOptions.limits = options.limits;
  SLUICE_TRY(result.plan, solve(result.network.problem, solveOptions));
  return result;
}

/// The same load with as few boards as can be, and with as little on the links: the plan's objective stays the load, and so
/// does its proof.
Status spareBoards(NetworkPlan& plan, const SearchLimits& limits) {
  if (plan.plan.objective.goal != Goal::load || plan.plan.stages.size() < 2) return {};
  const double load = plan.plan.measures.load;
  for (const Goal goal : {Goal::boards, Goal::latency}) {
    SolveOptions options{.objective = {.goal = goal, .loadLimit = load}};
    options.limits = limits;
    const Result<Plan> other = solve(plan.network.problem, options);
    if (!other.ok() || other->measures.load > load) continue;
    const Measures &now = plan.plan.measures, &then = other->measures;
    if (std::pair(then.boards, then.latency) >= std::pair(now.boards, now.latency)) continue;
    plan.plan.stages = other->stages;
    plan.plan.measures = other->measures;
  }
  return {};
}

}  // namespace

Result<NetworkPlan> planNetwork(const ir::Graph& lowered, const ClusterSpec& cluster,
                                const NetworkPlanOptions& options) {
  map::MapOptions map = options.map;
  map.splitBefore.clear();
  map.family = cluster.kinds[0].board.part.family;
  if (map.regime == map::Regime::automatic) map.regime = map::Regime::streamed;
  const bool isFree = map.regime == map::Regime::streamed && !map.reuseFactor && !map.targetInterval;
  if (!isFree) {
    SLUICE_TRY(NetworkPlan plan, planAt(lowered, cluster, options, map));
    SLUICE_RETURN_IF_ERROR(spareBoards(plan, options.limits));
    return plan;
  }
  std::optional<NetworkPlan> best;
  std::optional<Error> refused;
  std::uint32_t tried = 0;
  for (std::uint64_t factor = options.largestFactor; factor >= 1; factor /= 2) {
    map.reuseFactor = factor;
    Result<NetworkPlan> plan = planAt(lowered, cluster, options, map);
    ++tried;
    if (!plan.ok()) {
      if (plan.error().code != ErrorCode::infeasible) return plan.error();
      if (!refused) refused = plan.error();
      if (best) break;  // smaller factors take more
      continue;
    }
    if (!best || plan->plan.value < best->plan.value * (1 - 1e-9)) best = std::move(plan).value();
  }
  if (!best) return *refused;
  best->factors = tried;
  SLUICE_RETURN_IF_ERROR(spareBoards(*best, options.limits));
  return std::move(*best);
}

}  // namespace sluice::splits

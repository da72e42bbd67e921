#include "split/network/plan_network.h"

#include <optional>

namespace sluice::splits {
namespace {

constexpr std::uint64_t largestFactor = 4096;

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

/// The same load with as few boards as can be: the plan's objective stays the load, and so does its proof.
Status spareBoards(NetworkPlan& plan, const SearchLimits& limits) {
  if (plan.plan.objective.goal != Goal::load || plan.plan.stages.size() < 2) return {};
  SolveOptions options{.objective = {.goal = Goal::boards, .loadLimit = plan.plan.measures.load}};
  options.limits = limits;
  const Result<Plan> fewer = solve(plan.network.problem, options);
  if (!fewer.ok() || fewer->measures.boards >= plan.plan.measures.boards ||
      fewer->measures.load > plan.plan.measures.load)
    return {};
  plan.plan.stages = fewer->stages;
  plan.plan.measures = fewer->measures;
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
  for (std::uint64_t factor = largestFactor; factor >= 1; factor /= 2) {
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

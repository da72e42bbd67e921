#include "split/network/plan_network.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "map/pace.h"
#include "split/network/build_time.h"
#include "split/price.h"

namespace sluice::splits {
namespace {

Result<NetworkPlan> planAt(const ir::Graph& lowered, const ClusterSpec& cluster,
                           const NetworkPlanOptions& options, const map::MapOptions& map) {
  NetworkPlan result{.map = map};
  SLUICE_TRY(result.network,
             networkProblem(lowered, map, cluster,
                            options.goal == Goal::latency ? Times::latency : Times::interval));
  SLUICE_RETURN_IF_ERROR(freezeParts(result.network.problem, options.frozen));
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

/// Plans for paces, the fastest first, each made once.
struct PaceSearch {
  const ir::Graph& lowered;
  const ClusterSpec& cluster;
  const NetworkPlanOptions& options;
  std::vector<map::MapOptions> paces;
  std::map<std::uint32_t, Result<NetworkPlan>> plans;
  std::map<std::uint32_t, double> bounds;

  const Result<NetworkPlan>& at(std::uint32_t pace) {
    if (!plans.contains(pace)) plans.emplace(pace, planAt(lowered, cluster, options, paces[pace]));
    return plans.at(pace);
  }
  /// `impossible` if a node cannot keep the pace.
  Result<double> bound(std::uint32_t pace) {
    if (const auto known = bounds.find(pace); known != bounds.end()) return known->second;
    const Result<double> least = leastLoad(lowered, paces[pace], cluster);
    if (!least.ok() && least.error().code != ErrorCode::infeasible) return least.error();
    return bounds[pace] = least.ok() ? *least : impossible;
  }
  /// Whether there is a plan; that there is none may be for no other reason than room.
  Result<bool> fits(std::uint32_t pace) {
    const Result<NetworkPlan>& plan = at(pace);
    if (!plan.ok() && plan.error().code != ErrorCode::infeasible) return plan.error();
    return plan.ok();
  }
  [[nodiscard]] double valueAt(std::uint32_t pace) { return at(pace)->plan.value; }
  /// How many paces there are up to the last whose slowest node is below `limit`.
  Result<std::uint32_t> countBelow(double limit) {
    for (auto pace = static_cast<std::uint32_t>(paces.size()); pace > 0; --pace) {
      SLUICE_TRY(const double least, bound(pace - 1));
      if (least < limit) return pace;
    }
    return 0;
  }

  Result<NetworkPlan> fastest() {
    SLUICE_TRY(const std::uint32_t count, countBelow(options.below));
    if (count == 0) return infeasible("some node alone takes as long as the best plan so far");
    SLUICE_TRY(const std::optional<std::uint32_t> first,
               firstThatFits(count, [&](std::uint32_t pace) { return fits(pace); }));
    if (!first) return at(count - 1).error();
    std::uint32_t best = *first;
    for (std::uint32_t pace = *first + 1; pace < count; ++pace) {
      SLUICE_TRY(const double bounded, bound(pace));
      if (bounded > valueAt(best) * (1 + 1e-9)) break;
      SLUICE_TRY(const bool isPlanned, fits(pace));
      if (isPlanned && valueAt(pace) <= valueAt(best) * (1 + 1e-9)) best = pace;
    }
    return at(best);
  }

  /// Slower paces take less, so the slowest that keeps the limit is tried first.
  Result<NetworkPlan> fewestBoards() {
    SLUICE_TRY(std::uint32_t count, countBelow(options.loadLimit * (1 + 1e-9)));
    if (count == 0) count = 1;
    std::optional<std::uint32_t> best;
    for (std::uint32_t pace = count; pace-- > 0;) {
      SLUICE_TRY(const bool isPlanned, fits(pace));
      if (best && (!isPlanned || valueAt(pace) >= valueAt(*best))) break;
      if (isPlanned) best = pace;
    }
    return at(best.value_or(count - 1));
  }
};

/// The cuts built fastest. The objective stays the load, with its bound; what these cuts make of it is said.
Status cutForBuilding(NetworkPlan& plan, const NetworkPlanOptions& options) {
  plan.build = FastestBuild{.problem = buildTimeProblem(plan.network.problem), .plan = {}};
  SolveOptions solveOptions;
  solveOptions.limits = options.limits;
  SLUICE_TRY(plan.build->plan, solve(plan.build->problem, solveOptions));
  const Stages& stages = plan.build->plan.stages;
  if (!isFeasible(plan.network.problem, stages, options.loadLimit))
    return infeasible("the cuts that are built fastest take longer for a frame than is allowed");
  plan.plan.stages = stages;
  plan.plan.measures = measure(plan.network.problem, stages);
  plan.plan.value = plan.plan.measures.load;
  plan.plan.proven = plan.plan.proven && plan.plan.value <= plan.plan.lowerBound * (1 + sameValue);
  return {};
}

/// What is done with the plan of the pace that was chosen.
Status finish(NetworkPlan& plan, const NetworkPlanOptions& options) {
  return options.fastestBuild ? cutForBuilding(plan, options) : spareBoards(plan, options.limits);
}

}  // namespace

std::vector<map::MapOptions> pacesOf(const ir::Graph& lowered, const map::MapOptions& options,
                                     std::uint64_t largestFactor) {
  std::vector<map::MapOptions> paces;
  std::uint64_t most =
      0;  // multiplications a frame of the busiest product, where some are done pixel by pixel
  bool hasConvolutions = false;
  for (const ir::Node& node : lowered.nodes) {
    const map::Product product = map::productOf(lowered, node);
    most = std::max({most, product.vectors * product.inputs * product.outputs,
                     static_cast<std::uint64_t>(ir::elements(lowered.tensor(node.output).type.shape))});
    hasConvolutions = hasConvolutions || std::holds_alternative<ir::CodeConv>(node.operation);
  }
  map::MapOptions pace = options;
  if (!hasConvolutions) {
    for (std::uint64_t factor = 1; factor <= largestFactor; factor *= 2) {
      pace.reuseFactor = factor;
      paces.push_back(pace);
    }
    return paces;
  }
  for (std::uint64_t interval = 16; interval < 2 * most; interval *= 2)
    for (const std::uint64_t target : {interval, interval + interval / 2}) {
      pace.targetInterval = target;
      paces.push_back(pace);
    }
  return paces;
}

Result<std::optional<std::uint32_t>> firstThatFits(std::uint32_t count,
                                                   const std::function<Result<bool>(std::uint32_t)>& fits) {
  std::uint32_t low = 0, high = count;  // `high` fits, or is one too many
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    SLUICE_TRY(const bool fit, fits(middle));
    if (fit)
      high = middle;
    else
      low = middle + 1;
  }
  return high == count ? std::nullopt : std::optional(high);
}

Result<NetworkPlan> planNetwork(const ir::Graph& lowered, const ClusterSpec& cluster,
                                const NetworkPlanOptions& options) {
  map::MapOptions map = options.map;
  map.splitBefore.clear();
  map.family = cluster.kinds[0].board.part.family;
  if (map.regime == map::Regime::automatic) map.regime = map::Regime::streamed;
  const bool isFree = map.regime == map::Regime::streamed && !map.reuseFactor && !map.targetInterval;
  if (!isFree) {
    SLUICE_TRY(NetworkPlan plan, planAt(lowered, cluster, options, map));
    SLUICE_RETURN_IF_ERROR(finish(plan, options));
    return plan;
  }
  PaceSearch search{lowered, cluster, options, pacesOf(lowered, map, options.largestFactor), {}, {}};
  SLUICE_TRY(NetworkPlan best, options.goal == Goal::boards ? search.fewestBoards() : search.fastest());
  best.factors = static_cast<std::uint32_t>(search.plans.size());
  SLUICE_RETURN_IF_ERROR(finish(best, options));
  return best;
}

}  // namespace sluice::splits

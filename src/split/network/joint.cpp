#include "split/network/joint.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "split/network/build_time.h"
#include "split/network/subgraph_costs.h"

namespace sluice::splits {
namespace {

bool beats(const JointPoint& a, const JointPoint& b) {
  return a.interval <= b.interval * (1 + 1e-9) && a.boards <= b.boards && a.share <= b.share * (1 + 1e-9);
}

/// Every interval at which some node gains a choice, ascending, from the first that leaves each node one.
std::vector<std::uint64_t> intervalsOf(const Menu& menu) {
  std::set<std::uint64_t> all;
  std::uint64_t least = 0;
  for (const std::vector<NodeChoice>& choices : menu.choices) {
    least = std::max(least, choices.front().cycles);
    for (const NodeChoice& choice : choices) all.insert(choice.cycles);
  }
  all.erase(all.begin(), all.lower_bound(least));
  return {all.begin(), all.end()};
}

/// The fewest boards that keep the interval; where links are too slow for it, the least load.
Result<Plan> fewestBoards(const Problem& problem, const Selection& selection, const ClusterSpec& cluster,
                          const JointOptions& options) {
  double slowest = cluster.kinds[0].board.targetMhz;
  for (const ClusterSpec::Kind& kind : cluster.kinds)
    slowest = std::min<double>(slowest, kind.board.targetMhz);
  SolveOptions solveOptions;
  solveOptions.limits = options.limits;
  solveOptions.objective = {.goal = Goal::boards,
                            .loadLimit = static_cast<double>(selection.cycles) / slowest};
  Result<Plan> plan = solve(problem, solveOptions);
  if (plan.ok() || plan.error().code != ErrorCode::infeasible) return plan;
  solveOptions.objective = {};
  return solve(problem, solveOptions);
}

}  // namespace

std::vector<double> meanCapacity(const ClusterSpec& cluster) {
  std::vector<double> mean;
  for (const ClusterSpec::Kind& kind : cluster.kinds) {
    const std::vector<double> one = capacityOf(kind.board, cluster);
    mean.resize(one.size(), 0.0);
    for (std::size_t r = 0; r < one.size(); ++r) mean[r] += kind.count * one[r] / cluster.places();
  }
  return mean;
}

Result<std::vector<JointPoint>> jointFront(const Menu& menu, const ClusterSpec& cluster,
                                           const JointOptions& options) {
  const std::vector<double> capacity = meanCapacity(cluster);
  std::vector<JointPoint> front;
  std::string missing;
  const auto consider = [&](const Selection& selection) -> Status {
    if (selection.bound > cluster.places()) {
      missing = "at " + std::to_string(selection.cycles) + " cycles a frame it takes " +
                formatFixed(selection.bound, 2) + " boards' worth of what it takes most of";
      return {};
    }
    Result<Plan> plan = fewestBoards(problemOf(menu, selection, cluster), selection, cluster, options);
    if (!plan.ok()) {
      if (plan.error().code != ErrorCode::infeasible) return plan.error();
      missing = plan.error().message;
      return {};
    }
    const std::vector<double> seconds = buildTimes(problemOf(menu, selection, cluster), plan->stages);
    JointPoint point{.selection = selection,
                     .interval = plan->measures.load,
                     .latency = plan->measures.latency,
                     .share = selection.share,
                     .shareBound = selection.bound,
                     .boards = plan->measures.boards,
                     .boardsProven = cluster.kinds.size() == 1 &&
                                     plan->measures.boards <= std::ceil(selection.bound - 1e-9),
                     .buildSeconds = *std::max_element(seconds.begin(), seconds.end()),
                     .plan = std::move(plan).value()};
    if (std::any_of(front.begin(), front.end(), [&](const JointPoint& p) { return beats(p, point); }))
      return {};
    std::erase_if(front, [&](const JointPoint& p) { return beats(point, p); });
    front.push_back(std::move(point));
    return {};
  };
  double least = impossible;  // share of the faster intervals
  for (const std::uint64_t cycles : intervalsOf(menu)) {
    const std::optional<Selection> selection = leastShare(menu, cycles, capacity, options.searchNodes);
    if (!selection || selection->share >= least * (1 - 1e-9)) continue;
    least = selection->share;
    SLUICE_RETURN_IF_ERROR(consider(*selection));
  }
  // The least share may be spread so that it needs a board more than another selection: one factor for all is looked at too,
  // so that nothing is lost by choosing.
  for (const Menu::Uniform& uniform : menu.uniform) {
    Selection selection = noWorseThan(menu, uniform, capacity);
    const auto bounded = leastShare(menu, selection.cycles, capacity, options.searchNodes);
    selection.bound = bounded ? bounded->bound : 0;
    SLUICE_RETURN_IF_ERROR(consider(selection));
  }
  if (front.empty()) return infeasible("no choice of folds fits the boards: " + missing);
  std::stable_sort(front.begin(), front.end(),
                   [](const JointPoint& a, const JointPoint& b) { return a.interval < b.interval; });
  return front;
}

Result<JointPlan> planJointly(const ir::Graph& lowered, const ClusterSpec& cluster,
                              const NetworkPlanOptions& options, const JointOptions& joint) {
  JointPlan result;
  SLUICE_TRY(result.menu,
             menuOf(lowered, cluster, {.map = options.map, .largestFactor = options.largestFactor}));
  SLUICE_TRY(result.front, jointFront(result.menu, cluster, joint));
  map::MapOptions map = options.map;
  map.splitBefore.clear();
  map.family = cluster.kinds[0].board.part.family;
  std::optional<Error> refused;
  for (; result.chosen < result.front.size(); ++result.chosen) {
    NetworkPlanOptions own = options;
    own.goal = Goal::load;
    own.map = optionsOf(result.menu, result.front[result.chosen].selection, map);
    Result<NetworkPlan> plan = planNetwork(lowered, cluster, own);
    if (!plan.ok() && plan.error().code == ErrorCode::infeasible) {
      // Between neighbours of different folds a converter may be slower than any kernel: nobody has to keep the interval.
      own.map.targetInterval.reset();
      own.map.reuseFactor = 1;
      plan = planNetwork(lowered, cluster, own);
    }
    if (plan.ok()) {
      result.plan = std::move(plan).value();
      result.plan.factors = static_cast<std::uint32_t>(result.front.size());
      return result;
    }
    if (plan.error().code != ErrorCode::infeasible) return plan.error();
    if (!refused) refused = plan.error();
  }
  return *refused;
}

}  // namespace sluice::splits

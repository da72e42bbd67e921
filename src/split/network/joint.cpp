#include "split/network/joint.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "map/partition_of.h"
#include "split/network/build_time.h"
#include "split/network/subgraph_costs.h"

namespace sluice::splits {
namespace {

bool beats(const JointPoint& a, const JointPoint& b) {
  return a.interval <= b.interval * (1 + 1e-9) && a.boards <= b.boards && a.share <= b.share * (1 + 1e-9);
}

/// Every interval at which some node or join gains a choice, ascending, from the first that leaves each node one.
std::vector<std::uint64_t> intervalsOf(const Menu& menu) {
  std::set<std::uint64_t> all;
  std::uint64_t least = 0;
  for (const std::vector<NodeChoice>& choices : menu.choices) {
    least = std::max(least, choices.front().cycles);
    for (const NodeChoice& choice : choices) all.insert(choice.cycles);
  }
  for (const MenuEdge& edge : menu.edges)
    for (const auto& [beats, join] : edge.joins) all.insert(join.cycles);
  all.erase(all.begin(), all.lower_bound(least));
  return {all.begin(), all.end()};
}

/// The least shares over the intervals. A slower interval never needs more, so where both ends of a stretch need the same
/// nothing lies between.
struct Staircase {
  const Menu& menu;
  const std::vector<double>& capacity;
  const JointOptions& options;
  std::vector<std::uint64_t> intervals;
  std::map<std::size_t, std::optional<Selection>> known;

  const std::optional<Selection>& at(std::size_t i) {
    const auto [found, isNew] = known.try_emplace(i);
    if (isNew) found->second = leastShare(menu, intervals[i], capacity, options.share);
    return found->second;
  }
  void fill(std::size_t low, std::size_t high) {
    const double slower = at(high) ? at(high)->share : impossible;
    const double faster = at(low) ? at(low)->share : impossible;
    const auto ratio = static_cast<double>(intervals[high]) / static_cast<double>(intervals[low]);
    if (high - low < 2 || ratio < 1 + options.spacing || faster <= slower * (1 + 1e-9)) return;
    const std::size_t middle = (low + high) / 2;
    fill(low, middle);
    fill(middle, high);
  }
  /// Ascending, without those that are no less than a faster one.
  std::vector<Selection> steps() {
    if (intervals.empty()) return {};
    at(0);
    if (intervals.size() > 1) fill(0, intervals.size() - 1);
    std::vector<Selection> result;
    double least = impossible;
    for (auto& [i, selection] : known) {
      if (!selection || selection->share >= least * (1 - 1e-9)) continue;
      least = selection->share;
      result.push_back(std::move(*selection));
    }
    return result;
  }
};

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
  Staircase stairs{menu, capacity, options, intervalsOf(menu), {}};
  for (const Selection& selection : stairs.steps()) SLUICE_RETURN_IF_ERROR(consider(selection));
  // The least share may be spread so that it needs a board more than another selection: one factor for all is looked at too,
  // so that nothing is lost by choosing.
  for (const Menu::Uniform& uniform : menu.uniform) {
    Selection selection = noWorseThan(menu, uniform, capacity);
    const auto bounded = leastShare(menu, selection.cycles, capacity, options.share);
    selection.bound = bounded ? std::min(bounded->bound, selection.share) : 0;
    SLUICE_RETURN_IF_ERROR(consider(selection));
  }
  if (front.empty()) return infeasible("no choice of folds fits the boards: " + missing);
  std::stable_sort(front.begin(), front.end(),
                   [](const JointPoint& a, const JointPoint& b) { return a.interval < b.interval; });
  return front;
}

Result<BuiltPoint> buildPoint(const ir::Graph& lowered, const map::MapOptions& options, const Plan& plan,
                              const ClusterSpec& cluster) {
  SLUICE_TRY(const std::vector<ir::NodeId> nodes, map::kernelNodes(lowered, options.regime));
  std::vector<std::uint32_t> stage(nodes.size(), 0);
  for (std::uint32_t s = 0; s < plan.stages.size(); ++s)
    for (const std::uint32_t node : plan.stages[s].nodes) stage[node] = s;
  SLUICE_TRY(const map::Partition parts, map::partitionOf(lowered, options.regime, stage));
  SLUICE_TRY(map::Design design, map::mapGraph(lowered, options, parts));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, options.family));
  const std::vector<std::uint64_t> cycles = cyclesOf(design);
  BuiltPoint built{.cycles = *std::max_element(cycles.begin(), cycles.end()),
                   .boards = static_cast<std::uint32_t>(design.subgraphs.size()),
                   .fifoBits = design.fifoStorage->bits};
  const std::vector<double> capacity = meanCapacity(cluster);
  std::vector<double> all(capacity.size(), 0.0);
  const std::vector<hdl::Cost> costs = costsOf(design, options.family);
  for (std::size_t s = 0; s < costs.size(); ++s) {
    const std::vector<double> size = sizesOf(costs[s]);
    const std::vector<double> own = capacityOf(cluster.kinds[plan.stages[s].board].board, cluster);
    for (std::size_t r = 0; r < all.size(); ++r) {
      all[r] += size[r];
      built.fits = built.fits && size[r] <= own[r];
    }
  }
  for (std::size_t r = 0; r < all.size(); ++r)
    if (all[r] > 0) built.share = std::max(built.share, capacity[r] > 0 ? all[r] / capacity[r] : impossible);
  return built;
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

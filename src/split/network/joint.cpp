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
                          const SearchLimits& limits) {
  double slowest = cluster.kinds[0].board.targetMhz;
  for (const ClusterSpec::Kind& kind : cluster.kinds)
    slowest = std::min<double>(slowest, kind.board.targetMhz);
  SolveOptions solveOptions;
  solveOptions.limits = limits;
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
    Result<Plan> plan = fewestBoards(problemOf(menu, selection, cluster), selection, cluster, options.limits);
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
  std::vector<double>& all = built.size;
  all.assign(capacity.size(), 0.0);
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

Result<std::vector<BuiltJointPoint>> buildFront(const ir::Graph& lowered, const Menu& menu,
                                                const std::vector<JointPoint>& front,
                                                const ClusterSpec& cluster,
                                                const BuildFrontOptions& options) {
  const std::vector<double> capacity = meanCapacity(cluster);
  map::MapOptions base;
  base.family = cluster.kinds[0].board.part.family;
  const std::size_t count = std::min(options.most, front.size());
  std::vector<BuiltJointPoint> result;
  for (std::size_t p = 0; p < count; ++p) {
    BuiltJointPoint point{.point = front[count > 1 ? p * (front.size() - 1) / (count - 1) : 0]};
    point.said = point.point.share;
    const std::uint64_t interval = point.point.selection.cycles;
    std::vector<std::vector<std::uint32_t>> seen;
    for (std::uint32_t round = 0; round < options.rounds; ++round) {
      const Selection& selection = point.point.selection;
      seen.push_back(selection.choice);
      SLUICE_TRY(point.built,
                 buildPoint(lowered, optionsOf(menu, selection, base), point.point.plan, cluster));
      result.push_back(point);
      std::vector<double> beyond = point.built.size;
      const std::vector<double> counted = sizeOf(menu, selection);
      for (std::size_t r = 0; r < beyond.size(); ++r) beyond[r] -= counted[r];
      std::optional<Selection> again = leastShare(menu, interval, capacity, options.share, beyond);
      if (again && again->choice == selection.choice) result.back().said = again->share;  // it stays
      if (!again || std::find(seen.begin(), seen.end(), again->choice) != seen.end()) break;
      const Problem problem = problemOf(menu, *again, cluster);
      Result<Plan> plan = fewestBoards(problem, *again, cluster, options.limits);
      if (!plan.ok() && plan.error().code == ErrorCode::infeasible) break;
      if (!plan.ok()) return plan.error();
      point.said = again->share;
      point.point.selection = std::move(*again);
      point.point.plan = std::move(plan).value();
    }
  }
  return result;
}

namespace {

/// A network that points of a front are of.
struct Variant {
  ir::Graph graph;
  std::vector<InnerSplit> splits;
  Menu menu;
};

/// The points of both that no other beats, fastest first.
std::vector<JointPoint> merged(std::vector<JointPoint> front, const std::vector<JointPoint>& other) {
  for (const JointPoint& point : other) {
    if (std::any_of(front.begin(), front.end(), [&](const JointPoint& p) { return beats(p, point); }))
      continue;
    std::erase_if(front, [&](const JointPoint& p) { return beats(point, p); });
    front.push_back(point);
  }
  std::stable_sort(front.begin(), front.end(),
                   [](const JointPoint& a, const JointPoint& b) { return a.interval < b.interval; });
  return front;
}

/// Boards stand empty at the fastest point: all that takes most would fit into fewer than three of four of them.
bool leavesRoom(const std::vector<JointPoint>& front, const ClusterSpec& cluster) {
  return front.empty() || front.front().share < 0.75 * cluster.places();
}

}  // namespace

Result<JointPlan> planJointly(const ir::Graph& lowered, const ClusterSpec& cluster,
                              const NetworkPlanOptions& options, const JointOptions& joint) {
  const MenuOptions menuOptions{.map = options.map, .largestFactor = options.largestFactor};
  JointPlan result;
  std::vector<Variant> variants;  // by whether a point has splits
  {
    Variant whole{.graph = lowered, .splits = {}, .menu = {}};
    SLUICE_TRY(whole.menu, menuOf(lowered, cluster, menuOptions));
    variants.push_back(std::move(whole));
  }
  const Result<std::vector<JointPoint>> front = jointFront(variants[0].menu, cluster, joint);
  if (front.ok())
    result.front = *front;
  else if (front.error().code != ErrorCode::infeasible)
    return front.error();
  if (cluster.places() > 1 && variants[0].menu.isBoardBound && !joint.inner.ways.empty() &&
      options.frozen.empty() && leavesRoom(result.front, cluster)) {
    NetworkPlanOptions rate = options;
    rate.goal = Goal::load;
    Result<InnerPlan> within = planWithin(lowered, cluster, rate, joint.inner);
    if (within.ok() && !within->splits.empty()) {
      Variant split{.graph = std::move(within->graph), .splits = std::move(within->splits), .menu = {}};
      SLUICE_TRY(split.menu, menuOf(split.graph, cluster, menuOptions));
      Result<std::vector<JointPoint>> more = jointFront(split.menu, cluster, joint);
      if (more.ok()) {
        for (JointPoint& point : *more) point.splits = static_cast<std::uint32_t>(split.splits.size());
        result.front = merged(std::move(result.front), *more);
        variants.push_back(std::move(split));
      }
    }
  }
  if (result.front.empty()) return front.error();
  map::MapOptions map = options.map;
  map.splitBefore.clear();
  map.family = cluster.kinds[0].board.part.family;
  std::optional<Error> refused;
  for (; result.chosen < result.front.size(); ++result.chosen) {
    const JointPoint& point = result.front[result.chosen];
    const Variant& variant = variants[point.splits > 0 ? 1 : 0];
    NetworkPlanOptions own = options;
    own.goal = Goal::load;
    own.map = optionsOf(variant.menu, point.selection, map);
    Result<NetworkPlan> plan = planNetwork(variant.graph, cluster, own);
    if (plan.ok()) {
      result.plan = std::move(plan).value();
      result.plan.factors = static_cast<std::uint32_t>(result.front.size());
      result.graph = variant.graph;
      result.splits = variant.splits;
      return result;
    }
    if (plan.error().code != ErrorCode::infeasible) return plan.error();
    if (!refused) refused = plan.error();
  }
  return *refused;
}

}  // namespace sluice::splits

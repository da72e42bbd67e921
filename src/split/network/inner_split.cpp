#include "split/network/inner_split.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace sluice::splits {
namespace {

/// The share of the largest board that a node takes, of the resource it takes most of.
double fill(const Problem& problem, std::uint32_t node) {
  double most = 0;
  for (std::size_t r = 0; r < problem.resources.size(); ++r) {
    double largest = 0;
    for (const Board& board : problem.boards)  // without limit: a resource of another family
      if (board.capacity[r] < impossible) largest = std::max(largest, board.capacity[r]);
    if (largest > 0) most = std::max(most, problem.nodes[node].size[r] / largest);
  }
  return most;
}

/// Nodes that can be split in one of the ways, fullest first.
Result<std::vector<std::string>> fullest(const ir::Graph& graph, const ClusterSpec& cluster,
                                         const NetworkPlanOptions& options, const InnerOptions& inner,
                                         const std::optional<InnerPlan>& best) {
  std::optional<NetworkProblem> own;
  if (!best) {
    map::MapOptions map = options.map;
    map.splitBefore.clear();
    map.family = cluster.kinds[0].board.part.family;
    if (map.regime == map::Regime::automatic) map.regime = map::Regime::streamed;
    if (map.regime == map::Regime::streamed && !map.reuseFactor && !map.targetInterval)
      map = pacesOf(graph, map, options.largestFactor).back();
    SLUICE_TRY(own, networkProblem(graph, map, cluster, Times::interval));
  }
  const Problem& problem = best ? best->plan.network.problem : own->problem;
  std::vector<std::pair<double, std::string>> nodes;
  for (std::uint32_t v = 0; v < problem.nodes.size(); ++v)
    for (const passes::LayerSplit how : inner.ways) {
      const auto names = passes::splittableLayers(graph, how);
      if (std::find(names.begin(), names.end(), problem.nodes[v].name) == names.end()) continue;
      nodes.emplace_back(-fill(problem, v), problem.nodes[v].name);
      break;
    }
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [share, name] : nodes) names.push_back(name);
  return names;
}

/// Shares of the first `parts` boards, largest board kinds as they come.
std::vector<std::uint64_t> sharesOf(const ClusterSpec& cluster, std::uint32_t parts) {
  std::vector<std::uint64_t> shares;
  for (const ClusterSpec::Kind& kind : cluster.kinds)
    shares.insert(shares.end(), kind.count, std::max<std::uint64_t>(1, kind.board.part.budget.lut / 100));
  if (!cluster.order.empty()) {
    shares.clear();
    for (const std::uint32_t kind : cluster.order)
      shares.push_back(std::max<std::uint64_t>(1, cluster.kinds[kind].board.part.budget.lut / 100));
  }
  shares.resize(parts);
  return shares;
}

}  // namespace

const char* nameOf(passes::LayerSplit how) {
  switch (how) {
    case passes::LayerSplit::outputs:
      return "outputs";
    case passes::LayerSplit::inputs:
      return "inputs";
    case passes::LayerSplit::rows:
      return "rows";
  }
  return "";
}

Result<InnerOptions> innerOptions(const std::string& text) {
  using passes::LayerSplit;
  InnerOptions options;
  if (text == "none") return options;
  if (text == "any" || text == "auto") {
    options.ways = {LayerSplit::outputs, LayerSplit::inputs, LayerSplit::rows};
    options.onlyIfNeeded = text == "auto";
    return options;
  }
  for (const std::string& word : split(text, ',')) {
    bool known = false;
    for (const LayerSplit how : {LayerSplit::outputs, LayerSplit::inputs, LayerSplit::rows})
      if (word == nameOf(how)) {
        options.ways.push_back(how);
        known = true;
      }
    if (!known)
      return Error{ErrorCode::usage,
                   "layers are not split by '" + word + "'; known: outputs, inputs, rows, any, auto, none",
                   {}};
  }
  return options;
}

Result<InnerPlan> planWithin(const ir::Graph& lowered, const ClusterSpec& cluster,
                             const NetworkPlanOptions& options, const InnerOptions& inner) {
  const std::uint32_t places = cluster.places();
  std::optional<InnerPlan> best;
  ir::Graph graph = lowered;
  std::vector<InnerSplit> splits;
  std::uint32_t graphs = 1;
  Result<NetworkPlan> whole = planNetwork(lowered, cluster, options);
  if (whole.ok())
    best = InnerPlan{.graph = lowered, .splits = {}, .plan = std::move(whole).value()};
  else if (whole.error().code != ErrorCode::infeasible)
    return whole.error();
  while (!(best && inner.onlyIfNeeded) && splits.size() < inner.mostSplits && places > 1) {
    SLUICE_TRY(const std::vector<std::string> nodes, fullest(graph, cluster, options, inner, best));
    if (nodes.empty()) break;
    const std::string& node = nodes.front();
    std::optional<InnerPlan> better;
    std::optional<std::pair<ir::Graph, InnerSplit>>
        step;  // where nothing fits yet: the first split, to go on from
    for (const passes::LayerSplit how : inner.ways)
      for (std::uint32_t parts = 2; parts <= std::min(places, inner.mostParts); ++parts) {
        const InnerSplit split{node,
                               {.how = how,
                                .shares = sharesOf(cluster, parts),
                                .tree = cluster.topology == Topology::Kind::chain ? passes::SumTree::chain
                                                                                  : passes::SumTree::flat}};
        Result<ir::Graph> candidate = passes::splitLayer(graph, node, split.options);
        if (!candidate.ok()) continue;
        NetworkPlanOptions own = options;
        if (best && best->plan.map.reuseFactor) own.largestFactor = *best->plan.map.reuseFactor;
        const double now = better ? better->plan.plan.value : best ? best->plan.plan.value : impossible;
        if (options.goal == Goal::load) own.below = now * (1 - 1e-3);
        Result<NetworkPlan> plan = planNetwork(*candidate, cluster, own);
        ++graphs;
        if (!plan.ok()) {
          if (plan.error().code != ErrorCode::infeasible && plan.error().code != ErrorCode::unsupported)
            return plan.error();
          if (plan.error().code == ErrorCode::infeasible && parts == std::min(places, inner.mostParts) &&
              !step)
            step = {std::move(candidate).value(), split};
          continue;
        }
        if (plan->plan.value >= now * (1 - 1e-3)) continue;
        better = InnerPlan{
            .graph = std::move(candidate).value(), .splits = splits, .plan = std::move(plan).value()};
        better->splits.push_back(split);
      }
    if (better) {
      graph = better->graph;
      splits = better->splits;
      best = std::move(better);
    } else if (!best && step) {
      graph = std::move(step->first);
      splits.push_back(step->second);
    } else {
      break;
    }
  }
  if (!best) {
    const bool isTooLarge = whole.error().message.ends_with("it must be split inside");
    if (!isTooLarge) return whole.error();
    Error error = whole.error();
    error.message +=
        inner.ways.empty() || places == 1
            ? " over several boards (--split-inside any), or take a larger --reuse-factor or --target-ii, or "
              "a "
              "larger board"
            : ", and in none of the parts that were tried it fits: take a larger --reuse-factor or "
              "--target-ii, or larger boards";
    return error;
  }
  best->graphs = graphs;
  return std::move(*best);
}

}  // namespace sluice::splits

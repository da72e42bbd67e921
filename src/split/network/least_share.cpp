#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "split/network/join_graph.h"
#include "split/network/menu.h"

namespace sluice::splits {
namespace {

using ShareVector = std::vector<double>;  // of each resource

/// Choices of a node that join alike, as one value of a variable.
struct Class {
  std::vector<std::uint32_t> choices;  ///< of the menu, none beaten in every share by another
  std::vector<ShareVector> shares;
};

/// Nothing if it takes of what there is not.
std::optional<ShareVector> shareVector(const std::vector<double>& size, std::span<const double> capacity) {
  ShareVector share(capacity.size(), 0.0);
  for (std::size_t r = 0; r < capacity.size(); ++r) {
    if (size[r] <= 0) continue;
    if (capacity[r] <= 0) return std::nullopt;
    share[r] = size[r] / capacity[r];
  }
  return share;
}

bool isNoMore(const ShareVector& a, const ShareVector& b) {
  for (std::size_t r = 0; r < a.size(); ++r)
    if (a[r] > b[r]) return false;
  return true;
}

/// min over selections of the largest share: depth first, pruned by what elimination looks ahead.
///
/// For weights l >= 0 of the resources that add up to 1, the largest share is at least sum_r l_r * share_r, and the least of
/// that is known exactly. Weights that make it large are found by moving weight to whatever resource the selection they lead
/// to takes most of (multiplicative weights); those selections are the first answers.
struct ShareSearch {
  std::size_t resources = 0;
  JoinGraph graph;
  std::vector<std::vector<Class>> classes;
  struct Edge {
    std::uint32_t term = 0, columns = 1;
    std::vector<ShareVector> share;  ///< by view of the writer, then of the reader
    std::vector<bool> isLegal;
  };
  std::vector<Edge> edges;
  ShareVector beyond;                       ///< taken whatever is chosen
  std::vector<JoinGraph::Weighing> tables;  ///< of the weights, then of each resource alone
  double best = impossible;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> bestPick, pick;  ///< class and which of its choices
  std::vector<std::uint32_t> assigned;
  std::uint64_t left = 0;
  bool complete = true;

  static double weigh(const ShareVector& share, const ShareVector& weights) {
    return std::inner_product(share.begin(), share.end(), weights.begin(), 0.0);
  }
  JoinGraph::Weighing weighAll(const ShareVector& weights) const {
    JoinGraph::Weighing weighing;
    for (const auto& node : classes) {
      weighing.alone.emplace_back();
      for (const Class& one : node) {
        double least = JoinGraph::never;
        for (const ShareVector& share : one.shares) least = std::min(least, weigh(share, weights));
        weighing.alone.back().push_back(least);
      }
    }
    for (const Edge& edge : edges) {
      weighing.terms.emplace_back();
      for (std::size_t i = 0; i < edge.share.size(); ++i)
        weighing.terms.back().push_back(edge.isLegal[i] ? weigh(edge.share[i], weights) : JoinGraph::never);
    }
    graph.eliminate(weighing);
    return weighing;
  }
  /// ShareVector of what is picked.
  ShareVector sumOf(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& picked) const {
    ShareVector sums = beyond;
    for (std::size_t v = 0; v < classes.size(); ++v) {
      const ShareVector& share = classes[v][picked[v].first].shares[picked[v].second];
      for (std::size_t r = 0; r < resources; ++r) sums[r] += share[r];
    }
    for (const Edge& edge : edges) {
      const std::size_t at = atOf(edge, picked);
      for (std::size_t r = 0; r < resources; ++r) sums[r] += edge.share[at][r];
    }
    return sums;
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edgeNodes;
  std::vector<std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>> edgeViews;  ///< of classes
  std::size_t atOf(const Edge& edge,
                   const std::vector<std::pair<std::uint32_t, std::uint32_t>>& picked) const {
    const auto e = static_cast<std::size_t>(&edge - edges.data());
    const auto [from, to] = edgeNodes[e];
    return std::size_t{edgeViews[e].first[picked[from].first]} * edge.columns +
           edgeViews[e].second[picked[to].first];
  }
  /// What the weights alone lead to; remembers it if it is the best. The bound is the weighing's least.
  ShareVector relax(const JoinGraph::Weighing& weighing, const ShareVector& weights) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> picked(classes.size());
    std::vector<double> extra;
    for (const std::uint32_t v : graph.order()) {
      graph.look(weighing, v, assigned, extra);
      std::uint32_t least = 0;
      for (std::uint32_t c = 0; c < extra.size(); ++c) {
        extra[c] += weighing.alone[v][c];
        if (extra[c] < extra[least]) least = c;
      }
      assigned[v] = least;
      std::uint32_t choice = 0;
      const Class& one = classes[v][least];
      for (std::uint32_t k = 1; k < one.shares.size(); ++k)
        if (weigh(one.shares[k], weights) < weigh(one.shares[choice], weights)) choice = k;
      picked[v] = {least, choice};
    }
    for (const Edge& edge : edges)
      if (!edge.isLegal[atOf(edge, picked)]) return {};  // met in pieces, it may be none
    ShareVector sums = sumOf(picked);
    const double most = *std::max_element(sums.begin(), sums.end());
    if (most < best) {
      best = most;
      bestPick = std::move(picked);
    }
    return sums;
  }

  struct Step {
    std::uint32_t c = 0, k = 0;
    double bound = 0;
  };
  /// `sums`: bounds from below of the weighted share and of each resource's, for what is assigned.
  void descend(std::size_t depth, const ShareVector& weights, const std::vector<double>& sums) {
    if (depth == classes.size()) {
      best = *std::max_element(sums.begin() + 1, sums.end());
      bestPick = pick;
      return;
    }
    const std::uint32_t v = graph.order()[depth];
    std::vector<std::vector<double>> extra(tables.size());
    std::vector<double> base(tables.size());
    for (std::size_t t = 0; t < tables.size(); ++t) {
      graph.look(tables[t], v, assigned, extra[t]);
      base[t] = sums[t] - graph.counted(tables[t], v, assigned);
    }
    std::vector<Step> steps;
    for (std::uint32_t c = 0; c < classes[v].size(); ++c) {
      if (extra[0][c] >= JoinGraph::never) continue;
      for (std::uint32_t k = 0; k < classes[v][c].shares.size(); ++k) {
        const ShareVector& share = classes[v][c].shares[k];
        const double bound = base[0] + extra[0][c] + weigh(share, weights);
        bool isBelow = bound < best * (1 - 1e-9);
        for (std::size_t r = 0; r < resources && isBelow; ++r)
          isBelow = base[r + 1] + extra[r + 1][c] + share[r] < best * (1 - 1e-9);
        if (isBelow) steps.push_back({c, k, bound});
      }
    }
    std::stable_sort(steps.begin(), steps.end(),
                     [](const Step& a, const Step& b) { return a.bound < b.bound; });
    std::vector<double> next(tables.size());
    for (const Step& step : steps) {
      if (left == 0) {
        complete = false;
        return;
      }
      --left;
      if (step.bound >= best * (1 - 1e-9)) return;  // so are all behind it
      const ShareVector& share = classes[v][step.c].shares[step.k];
      bool isBelow = true;
      next[0] = step.bound;
      for (std::size_t r = 0; r < resources; ++r) {
        next[r + 1] = base[r + 1] + extra[r + 1][step.c] + share[r];
        isBelow = isBelow && next[r + 1] < best * (1 - 1e-9);
      }
      if (!isBelow) continue;
      assigned[v] = step.c;
      pick[v] = {step.c, step.k};
      descend(depth + 1, weights, next);
    }
  }
};

/// Classes of the choices that keep the interval. False: a node has none.
bool readClasses(const Menu& menu, std::uint64_t cycles, std::span<const double> capacity,
                 std::vector<std::vector<Class>>& classes) {
  for (const std::vector<NodeChoice>& choices : menu.choices) {
    std::map<std::pair<std::vector<std::uint32_t>, std::uint32_t>, Class> byBeats;
    for (std::uint32_t c = 0; c < choices.size(); ++c) {
      if (choices[c].cycles > cycles) continue;
      std::optional<ShareVector> share = shareVector(choices[c].size, capacity);
      if (!share) continue;
      Class& one = byBeats[{choices[c].reads, choices[c].writes}];
      if (std::any_of(one.shares.begin(), one.shares.end(),
                      [&](const ShareVector& kept) { return isNoMore(kept, *share); }))
        continue;
      for (std::size_t k = one.shares.size(); k-- > 0;)
        if (isNoMore(*share, one.shares[k])) {
          one.shares.erase(one.shares.begin() + static_cast<std::ptrdiff_t>(k));
          one.choices.erase(one.choices.begin() + static_cast<std::ptrdiff_t>(k));
        }
      one.shares.push_back(std::move(*share));
      one.choices.push_back(c);
    }
    if (byBeats.empty()) return false;
    classes.emplace_back();
    for (auto& [beats, one] : byBeats) classes.back().push_back(std::move(one));
  }
  return true;
}

}  // namespace

std::optional<Selection> leastShare(const Menu& menu, std::uint64_t cycles, std::span<const double> capacity,
                                    const ShareLimits& limits, std::span<const double> beyond) {
  ShareSearch search{.resources = capacity.size()};
  if (!readClasses(menu, cycles, capacity, search.classes)) return std::nullopt;
  const std::size_t n = search.classes.size();
  search.beyond.assign(capacity.size(), 0.0);
  for (std::size_t r = 0; r < beyond.size(); ++r) {
    if (beyond[r] > 0 && capacity[r] <= 0) return std::nullopt;
    if (capacity[r] > 0) search.beyond[r] = beyond[r] / capacity[r];
  }
  for (const auto& node : search.classes) search.graph.addVariable(static_cast<std::uint32_t>(node.size()));
  for (const MenuEdge& menuEdge : menu.edges) {
    // Beats of the classes, numbered.
    const auto viewOf = [&](std::uint32_t v, const auto& beatOf) {
      std::map<std::uint32_t, std::uint32_t> numbers;
      for (const Class& one : search.classes[v]) numbers.emplace(beatOf(menu.choices[v][one.choices[0]]), 0);
      std::uint32_t next = 0;
      for (auto& [beat, number] : numbers) number = next++;
      std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>> view;  // of classes; beats
      for (const Class& one : search.classes[v])
        view.first.push_back(numbers.at(beatOf(menu.choices[v][one.choices[0]])));
      for (const auto& [beat, number] : numbers) view.second.push_back(beat);
      return view;
    };
    const auto writes = viewOf(menuEdge.from, [](const NodeChoice& c) { return c.writes; });
    const auto reads = viewOf(menuEdge.to, [&](const NodeChoice& c) { return c.reads[menuEdge.input]; });
    const auto wide = [](const auto& view) { return static_cast<std::uint32_t>(view.second.size()); };
    ShareSearch::Edge edge{.columns = wide(reads), .share = {}, .isLegal = {}};
    edge.term = search.graph.addTerm(search.graph.addView(menuEdge.from, writes.first, wide(writes)),
                                     search.graph.addView(menuEdge.to, reads.first, wide(reads)));
    for (const std::uint32_t written : writes.second)
      for (const std::uint32_t read : reads.second) {
        const auto join = menuEdge.joins.find({written, read});
        std::optional<ShareVector> share;
        if (join != menuEdge.joins.end() && join->second.cycles <= cycles)
          share = shareVector(join->second.size, capacity);
        edge.isLegal.push_back(share.has_value());
        edge.share.push_back(share ? std::move(*share) : ShareVector(capacity.size(), 0.0));
      }
    search.edges.push_back(std::move(edge));
    search.edgeNodes.emplace_back(menuEdge.from, menuEdge.to);
    search.edgeViews.emplace_back(writes.first, reads.first);
  }
  search.graph.finish();
  search.assigned.assign(n, 0);
  search.pick.assign(n, {0, 0});
  // Weights.
  ShareVector weights(capacity.size(), 1.0 / static_cast<double>(capacity.size())), bestWeights = weights;
  double bound = -1;
  for (std::uint32_t i = 0; i < limits.rounds; ++i) {
    const JoinGraph::Weighing weighing = search.weighAll(weights);
    if (weighing.least >= JoinGraph::never) return std::nullopt;
    const double least = weighing.least + ShareSearch::weigh(search.beyond, weights);
    if (least > bound) {
      bound = least;
      bestWeights = weights;
    }
    const ShareVector sums = search.relax(weighing, weights);
    if (sums.empty()) break;
    const double largest = *std::max_element(sums.begin(), sums.end());
    if (largest <= 0 || bound >= search.best * (1 - 1e-9)) break;
    double all = 0;
    for (std::size_t r = 0; r < sums.size(); ++r) {
      weights[r] *= std::exp((2.0 / (1 + 0.1 * i)) * (sums[r] / largest - 1));
      weights[r] = std::max(weights[r], 1e-9);
      all += weights[r];
    }
    for (double& weight : weights) weight /= all;
  }
  search.tables.push_back(search.weighAll(bestWeights));
  std::vector<double> sums = {search.tables[0].least + ShareSearch::weigh(search.beyond, bestWeights)};
  for (std::size_t r = 0; r < capacity.size(); ++r) {
    ShareVector alone(capacity.size(), 0.0);
    alone[r] = 1;
    search.tables.push_back(search.weighAll(alone));
    sums.push_back(search.tables.back().least + search.beyond[r]);
  }
  bound = *std::max_element(sums.begin(), sums.end());
  search.left = limits.nodes;
  search.descend(0, bestWeights, sums);
  if (search.bestPick.empty()) return std::nullopt;
  std::vector<std::uint32_t> choice(n);
  for (std::size_t v = 0; v < n; ++v)
    choice[v] = search.classes[v][search.bestPick[v].first].choices[search.bestPick[v].second];
  std::optional<Selection> selection = measureSelection(menu, std::move(choice), capacity, beyond);
  if (!selection) return std::nullopt;
  selection->bound = search.complete ? selection->share : std::min(bound, selection->share);
  return selection;
}

}  // namespace sluice::splits

#include <algorithm>
#include <cmath>
#include <numeric>

#include "split/network/menu.h"

namespace sluice::splits {
namespace {

/// min over selections of the largest share: depth first, pruned by partial sums and by weighted sums.
///
/// For weights l >= 0 of the resources that add up to 1, the largest share is at least sum_r l_r * share_r, and of that
/// the least for each node alone is known. Weights that make this large are found by moving weight to whatever resource
/// the selection they lead to takes most of (multiplicative weights); those selections are the first answers.
struct ShareSearch {
  std::size_t resources = 0;
  std::vector<std::vector<std::vector<double>>> share;  ///< node, choice, resource; nodes in search order
  std::vector<std::vector<std::uint32_t>> original;     ///< choice -> choice of the menu
  std::vector<double> weights;
  std::vector<std::vector<double>> leastRest;  ///< of nodes v.. per resource
  std::vector<double> leastWeighted;           ///< of nodes v..
  std::vector<std::vector<double>> weighted;   ///< node, choice
  double best = impossible;
  std::vector<std::uint32_t> bestChoice, choice;
  std::uint64_t left = 0;
  bool complete = true;

  double weigh(const std::vector<double>& s) const {
    return std::inner_product(s.begin(), s.end(), weights.begin(), 0.0);
  }
  /// What the weights alone lead to; remembers it if it is the best.
  double relax(std::vector<double>& sums) {
    double bound = 0;
    sums.assign(resources, 0);
    std::vector<std::uint32_t> picked;
    for (const auto& choices : share) {
      std::uint32_t least = 0;
      for (std::uint32_t c = 1; c < choices.size(); ++c)
        if (weigh(choices[c]) < weigh(choices[least])) least = c;
      picked.push_back(least);
      bound += weigh(choices[least]);
      for (std::size_t r = 0; r < resources; ++r) sums[r] += choices[least][r];
    }
    const double most = *std::max_element(sums.begin(), sums.end());
    if (most < best) {
      best = most;
      bestChoice = picked;
    }
    return bound;
  }
  void descend(std::size_t v, std::vector<double>& sums, double weightedSum) {
    if (v == share.size()) {
      best = *std::max_element(sums.begin(), sums.end());
      bestChoice = choice;
      return;
    }
    std::vector<std::uint32_t> order(share[v].size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return weighted[v][a] < weighted[v][b]; });
    for (const std::uint32_t c : order) {
      if (left == 0) {
        complete = false;
        return;
      }
      --left;
      const double sum = weightedSum + weighted[v][c];
      if (sum + leastWeighted[v + 1] >= best * (1 - 1e-9)) return;  // so are all behind it
      bool isBelow = true;
      for (std::size_t r = 0; r < resources; ++r)
        isBelow = isBelow && sums[r] + share[v][c][r] + leastRest[v + 1][r] < best * (1 - 1e-9);
      if (!isBelow) continue;
      for (std::size_t r = 0; r < resources; ++r) sums[r] += share[v][c][r];
      choice[v] = c;
      descend(v + 1, sums, sum);
      for (std::size_t r = 0; r < resources; ++r) sums[r] -= share[v][c][r];
    }
  }
};

}  // namespace

std::optional<Selection> leastShare(const Menu& menu, std::uint64_t cycles, std::span<const double> capacity,
                                    std::uint64_t most) {
  ShareSearch search{.resources = capacity.size()};
  const std::size_t n = menu.choices.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::vector<std::vector<double>>> shares(n);
  std::vector<std::vector<std::uint32_t>> originals(n);
  std::vector<double> spread(n, 0);
  for (std::size_t v = 0; v < n; ++v) {
    std::vector<NodeChoice> kept;  // those that the interval leaves, without what others beat
    for (std::uint32_t c = 0; c < menu.choices[v].size(); ++c) {
      const NodeChoice& choice = menu.choices[v][c];
      if (choice.cycles > cycles) continue;
      std::vector<double> share(capacity.size(), 0.0);
      bool isPossible = true;
      for (std::size_t r = 0; r < capacity.size(); ++r) {
        if (choice.size[r] <= 0) continue;
        isPossible = isPossible && capacity[r] > 0;
        if (capacity[r] > 0) share[r] = choice.size[r] / capacity[r];
      }
      if (!isPossible) continue;
      const auto beats = [](const std::vector<double>& a, const std::vector<double>& b) {
        for (std::size_t r = 0; r < a.size(); ++r)
          if (a[r] > b[r]) return false;
        return true;
      };
      if (std::any_of(shares[v].begin(), shares[v].end(), [&](const auto& k) { return beats(k, share); }))
        continue;
      for (std::size_t k = shares[v].size(); k-- > 0;)
        if (beats(share, shares[v][k])) {
          shares[v].erase(shares[v].begin() + static_cast<std::ptrdiff_t>(k));
          originals[v].erase(originals[v].begin() + static_cast<std::ptrdiff_t>(k));
        }
      shares[v].push_back(std::move(share));
      originals[v].push_back(c);
    }
    if (shares[v].empty()) return std::nullopt;
    for (const auto& share : shares[v])
      spread[v] = std::max(spread[v], *std::max_element(share.begin(), share.end()));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return spread[a] > spread[b]; });
  for (const std::size_t v : order) {
    search.share.push_back(shares[v]);
    search.original.push_back(originals[v]);
  }
  // Weights.
  search.weights.assign(capacity.size(), 1.0 / static_cast<double>(capacity.size()));
  std::vector<double> bestWeights = search.weights, sums;
  double bound = 0;
  constexpr int rounds = 400;
  for (int i = 0; i < rounds; ++i) {
    const double relaxed = search.relax(sums);
    if (relaxed > bound) {
      bound = relaxed;
      bestWeights = search.weights;
    }
    const double largest = *std::max_element(sums.begin(), sums.end());
    if (largest <= 0) break;
    double all = 0;
    for (std::size_t r = 0; r < sums.size(); ++r) {
      search.weights[r] *= std::exp((2.0 / (1 + 0.05 * i)) * (sums[r] / largest - 1));
      search.weights[r] = std::max(search.weights[r], 1e-9);
      all += search.weights[r];
    }
    for (double& weight : search.weights) weight /= all;
  }
  search.weights = bestWeights;
  search.leastRest.assign(n + 1, std::vector<double>(capacity.size(), 0.0));
  search.leastWeighted.assign(n + 1, 0);
  search.weighted.resize(n);
  for (std::size_t v = n; v-- > 0;) {
    search.leastRest[v] = search.leastRest[v + 1];
    double least = impossible;
    std::vector<double> alone(capacity.size(), impossible);
    for (const auto& share : search.share[v]) {
      search.weighted[v].push_back(search.weigh(share));
      least = std::min(least, search.weighted[v].back());
      for (std::size_t r = 0; r < capacity.size(); ++r) alone[r] = std::min(alone[r], share[r]);
    }
    search.leastWeighted[v] = search.leastWeighted[v + 1] + least;
    for (std::size_t r = 0; r < capacity.size(); ++r) search.leastRest[v][r] += alone[r];
  }
  bound = std::max(search.leastWeighted[0],
                   *std::max_element(search.leastRest[0].begin(), search.leastRest[0].end()));
  search.left = most;
  search.choice.assign(n, 0);
  sums.assign(capacity.size(), 0);
  search.descend(0, sums, 0);
  Selection selection{.choice = std::vector<std::uint32_t>(n, 0),
                      .cycles = 1,
                      .share = search.best,
                      .bound = search.complete ? search.best : std::min(bound, search.best)};
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t c = search.original[i][search.bestChoice[i]];
    selection.choice[order[i]] = c;
    selection.cycles = std::max(selection.cycles, menu.choices[order[i]][c].cycles);
  }
  return selection;
}

}  // namespace sluice::splits

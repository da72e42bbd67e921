#include "search/front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace sluice::search {

bool dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better |= a[i] < b[i];
  }
  return better;
}

bool dominates(const Score& a, const Score& b) {
  if (a.violation != b.violation) return a.violation < b.violation;
  if (a.violation > 0) return false;
  return dominates(std::span<const double>(a.losses), std::span<const double>(b.losses));
}

std::vector<std::size_t> ranksOf(std::span<const Score* const> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // After this nothing is dominated by what stands behind it.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (scores[a]->violation != scores[b]->violation) return scores[a]->violation < scores[b]->violation;
    return scores[a]->violation == 0 && scores[a]->losses < scores[b]->losses;
  });
  std::vector<std::size_t> ranks(scores.size());
  std::vector<std::vector<std::size_t>> fronts;
  // Domination is transitive, so "some member of front k dominates it" holds for k below its rank and no other.
  const auto beats = [&](const std::vector<std::size_t>& front, std::size_t candidate) {
    if (scores[candidate]->losses.size() == 2 && scores[candidate]->violation == 0)
      return dominates(*scores[front.back()], *scores[candidate]);  // the last has the least second loss
    return std::any_of(front.rbegin(), front.rend(),
                       [&](std::size_t member) { return dominates(*scores[member], *scores[candidate]); });
  };
  for (const std::size_t candidate : order) {
    std::size_t lo = 0, hi = fronts.size();
    while (lo < hi) {
      const std::size_t middle = (lo + hi) / 2;
      if (beats(fronts[middle], candidate))
        lo = middle + 1;
      else
        hi = middle;
    }
    if (lo == fronts.size()) fronts.emplace_back();
    fronts[lo].push_back(candidate);
    ranks[candidate] = lo;
  }
  return ranks;
}

std::vector<std::size_t> ranksOf(std::span<const Score> scores) {
  std::vector<const Score*> pointers;
  pointers.reserve(scores.size());
  for (const Score& score : scores) pointers.push_back(&score);
  return ranksOf(pointers);
}

std::vector<std::size_t> frontOf(std::span<const Score> scores) {
  const std::vector<std::size_t> ranks = ranksOf(scores);
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (ranks[i] == 0 && scores[i].violation == 0) front.push_back(i);
  return front;
}

std::vector<double> spacingOf(std::span<const Score* const> scores, std::span<const std::size_t> ranks) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  std::vector<double> spacing(scores.size(), 0);
  std::vector<std::size_t> members;
  std::vector<double> scaled;  // of the members, one after the other
  const std::size_t last = ranks.empty() ? 0 : *std::max_element(ranks.begin(), ranks.end());
  for (std::size_t rank = 0; rank <= last; ++rank) {
    members.clear();
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (ranks[i] == rank && scores[i]->violation == 0) members.push_back(i);
    if (members.empty()) continue;
    const std::size_t losses = scores[members[0]]->losses.size();
    scaled.assign(members.size() * losses, 0);
    for (std::size_t k = 0; k < losses; ++k) {
      double lo = infinite, hi = -infinite;
      for (const std::size_t i : members)
        lo = std::min(lo, scores[i]->losses[k]), hi = std::max(hi, scores[i]->losses[k]);
      for (std::size_t m = 0; m < members.size(); ++m) {
        const double loss = scores[members[m]]->losses[k];
        if (hi > lo) scaled[m * losses + k] = (loss - lo) / (hi - lo);
        if (loss == lo) spacing[members[m]] = infinite;
      }
    }
    for (std::size_t m = 0; m < members.size(); ++m) {
      double nearest = infinite, second = infinite;  // squares
      for (std::size_t n = 0; n < members.size(); ++n) {
        if (n == m) continue;
        double square = 0;
        for (std::size_t k = 0; k < losses; ++k) {
          const double step = scaled[m * losses + k] - scaled[n * losses + k];
          square += step * step;
        }
        if (square < nearest)
          second = nearest, nearest = square;
        else
          second = std::min(second, square);
      }
      spacing[members[m]] += std::sqrt(nearest) + std::sqrt(second);
    }
  }
  return spacing;
}

}  // namespace sluice::search

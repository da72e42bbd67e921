#include "search/front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

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
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Score &x = *scores[a], &y = *scores[b];
    if (x.violation != y.violation) return x.violation < y.violation;
    if (x.violation > 0) return a < b;
    for (std::size_t k = 0; k < x.losses.size(); ++k)
      if (x.losses[k] != y.losses[k]) return x.losses[k] < y.losses[k];
    return a < b;
  });
  constexpr std::size_t none = ~std::size_t{0};
  std::vector<std::size_t> ranks(scores.size()), newest,
      older(scores.size(), none);  // fronts as chains, newest first
  newest.reserve(scores.size());
  // Domination is transitive, so "some member of front k dominates it" holds for k below its rank and no other.
  const auto beats = [&](std::size_t member, std::size_t candidate) {
    if (scores[candidate]->losses.size() == 2 && scores[candidate]->violation == 0)
      return dominates(*scores[member], *scores[candidate]);  // the newest has the least second loss
    for (; member != none; member = older[member])
      if (dominates(*scores[member], *scores[candidate])) return true;
    return false;
  };
  for (const std::size_t candidate : order) {
    std::size_t lo = 0, hi = newest.size();
    while (lo < hi) {
      const std::size_t middle = (lo + hi) / 2;
      if (beats(newest[middle], candidate))
        lo = middle + 1;
      else
        hi = middle;
    }
    if (lo == newest.size()) newest.push_back(none);
    older[candidate] = newest[lo];
    newest[lo] = candidate;
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

namespace {

/// Members of one rank inside the limits: their losses scaled to the extent of all, one after the other; and who is best
/// in some loss.
struct Scaled {
  std::size_t losses = 0;
  std::vector<double> values;
  std::vector<bool> isEnd;

  Scaled(std::span<const Score* const> scores, const std::vector<std::size_t>& members) {
    losses = scores[members[0]]->losses.size();
    values.assign(members.size() * losses, 0);
    isEnd.assign(members.size(), false);
    for (std::size_t k = 0; k < losses; ++k) {
      double lo = std::numeric_limits<double>::infinity(), hi = -lo;
      for (const std::size_t i : members)
        lo = std::min(lo, scores[i]->losses[k]), hi = std::max(hi, scores[i]->losses[k]);
      for (std::size_t m = 0; m < members.size(); ++m) {
        const double loss = scores[members[m]]->losses[k];
        if (hi > lo) values[m * losses + k] = (loss - lo) / (hi - lo);
        if (loss == lo) isEnd[m] = true;
      }
    }
  }
  [[nodiscard]] double distance(std::size_t m, std::size_t n) const {
    double square = 0;
    for (std::size_t k = 0; k < losses; ++k) {
      const double step = values[m * losses + k] - values[n * losses + k];
      square += step * step;
    }
    return std::sqrt(square);
  }
};

/// The sum of the two least of some distances.
struct TwoLeast {
  double least = std::numeric_limits<double>::infinity(), second = least;
  void meet(double distance) {
    if (distance < least)
      second = least, least = distance;
    else if (distance < second)
      second = distance;
  }
  [[nodiscard]] double sum() const { return least + second; }
};

/// Takes members out, the one with the least spacing first and the later of equals, until `keep` are left.
void thin(std::span<const Score* const> scores, std::vector<std::size_t>& members, std::size_t keep) {
  if (members.size() <= keep) return;
  if (scores[members[0]]->violation > 0) return members.resize(keep);
  const std::size_t count = members.size();
  const Scaled scaled(scores, members);
  std::vector<double> distances(count * count, 0);
  for (std::size_t m = 0; m < count; ++m)
    for (std::size_t n = 0; n < m; ++n)
      distances[m * count + n] = distances[n * count + m] = scaled.distance(m, n);
  std::vector<std::size_t> left(count);
  std::iota(left.begin(), left.end(), std::size_t{0});
  while (left.size() > keep) {
    std::size_t worst = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < left.size(); ++i) {
      TwoLeast near;
      for (const std::size_t other : left)
        if (other != left[i]) near.meet(distances[left[i] * count + other]);
      const double spacing = scaled.isEnd[left[i]] ? std::numeric_limits<double>::infinity() : near.sum();
      if (spacing <= least) least = spacing, worst = i;
    }
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(worst));
  }
  for (std::size_t& m : left) m = members[m];
  members = std::move(left);
}

}  // namespace

std::vector<double> spacingOf(std::span<const Score* const> scores, std::span<const std::size_t> ranks) {
  std::vector<double> spacing(scores.size(), 0);
  std::vector<std::size_t> members;
  std::vector<TwoLeast> near;
  const std::size_t last = ranks.empty() ? 0 : *std::max_element(ranks.begin(), ranks.end());
  for (std::size_t rank = 0; rank <= last; ++rank) {
    members.clear();
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (ranks[i] == rank && scores[i]->violation == 0) members.push_back(i);
    if (members.empty()) continue;
    const Scaled scaled(scores, members);
    near.assign(members.size(), {});
    for (std::size_t m = 0; m < members.size(); ++m)
      for (std::size_t n = 0; n < m; ++n) {
        const double distance = scaled.distance(m, n);
        near[m].meet(distance);
        near[n].meet(distance);
      }
    for (std::size_t m = 0; m < members.size(); ++m)
      spacing[members[m]] = scaled.isEnd[m] ? std::numeric_limits<double>::infinity() : near[m].sum();
  }
  return spacing;
}

Selection select(std::span<const Score* const> scores, std::size_t keep) {
  Selection selection;
  const std::vector<std::size_t> ranks = ranksOf(scores);
  std::vector<std::size_t> members;
  for (std::size_t rank = 0; selection.kept.size() < std::min(keep, scores.size()); ++rank) {
    members.clear();
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (ranks[i] == rank) members.push_back(i);
    thin(scores, members, keep - selection.kept.size());
    selection.kept.insert(selection.kept.end(), members.begin(), members.end());
  }
  std::sort(selection.kept.begin(), selection.kept.end());
  std::vector<const Score*> kept;
  kept.reserve(selection.kept.size());
  selection.ranks.reserve(selection.kept.size());
  for (const std::size_t i : selection.kept) kept.push_back(scores[i]), selection.ranks.push_back(ranks[i]);
  selection.spacing = spacingOf(kept, selection.ranks);
  return selection;
}

}  // namespace sluice::search

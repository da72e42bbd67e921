#include "kernel/unrolled/network_search.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/rng.h"
#include "kernel/unrolled/difference_start.h"
#include "kernel/unrolled/pattern_search.h"

namespace sluice::kernel {
namespace {

/// Of the work, what starts may take.
constexpr std::uint64_t kStartPercent = 65;
/// A repair dissolves from 2 inner sums up to this many, and up to a quarter of all.
constexpr std::int64_t kMostDissolved = 30;

class Repairs {
 public:
  Repairs(SumNetwork start, PatternSearch& search, std::uint64_t seed)
      : current_(std::move(start)), best_(current_), search_(search), random_(seed, 9) {
    adders_ = bestAdders_ = current_.adders();
  }
  /// Units of work that the step cost beside the pattern search.
  std::uint64_t step() {
    const Vertex first = current_.firstInner();
    if (current_.size() == first) return 0;
    trial_ = current_;
    chooseRegion();
    touchedVertex_.assign(trial_.size(), false), touchedSum_.assign(trial_.size(), false);
    for (const Vertex v : region_) {
      const std::vector<Term> uses(trial_.uses(v).begin(), trial_.uses(v).end());
      const std::vector<Term> terms(trial_.terms(v).begin(), trial_.terms(v).end());
      if (!trial_.dissolve(v)) continue;
      for (const Term& use : uses) touchedSum_[use.vertex] = true;
      for (const Term& term : terms) touchedVertex_[term.vertex] = true;
    }
    vertices_.clear(), sums_.clear();
    for (Vertex v = 0; v < trial_.size(); ++v) {
      if (touchedVertex_[v] && !trial_.uses(v).empty()) vertices_.push_back(v);
      if (touchedSum_[v] && !trial_.terms(v).empty()) sums_.push_back(v);
    }
    search_.runAround(trial_, {.seed = random_.bits() | 1}, vertices_, sums_);
    const std::uint32_t adders = trial_.adders();
    const std::uint64_t work = 60 * std::uint64_t{trial_.size()} + 500 * region_.size();
    if (adders > adders_) return work;
    std::swap(current_, trial_);
    current_.tidy();
    adders_ = current_.adders();
    if (adders_ < bestAdders_) best_ = current_, bestAdders_ = adders_;
    return work + 100 * std::uint64_t{current_.size()};
  }
  [[nodiscard]] SumNetwork& best() { return best_; }

 private:
  std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(random_.bits() % n); }

  /// Inner sums around one of them: terms of those chosen, their users, and what such users are made of.
  void chooseRegion() {
    const Vertex first = trial_.firstInner();
    const std::int64_t inner = trial_.size() - first;
    const auto wanted = static_cast<std::size_t>(
        std::min(inner, random_.uniform(2, std::max<std::int64_t>(3, std::min(kMostDissolved, inner / 4)))));
    region_.assign(1, first + below(static_cast<std::size_t>(inner)));
    chosen_.assign(trial_.size(), false);
    chosen_[region_[0]] = true;
    for (std::size_t tries = 0; region_.size() < wanted && tries < 20 * wanted; ++tries) {
      const Vertex from = region_[below(region_.size())];
      const bool down = (random_.bits() & 1) != 0;
      auto near = down ? trial_.terms(from) : trial_.uses(from);
      if (near.empty()) continue;
      Vertex to = near[below(near.size())].vertex;
      if (!down && to < first) {
        near = trial_.terms(to);
        to = near[below(near.size())].vertex;
      }
      if (to < first || chosen_[to]) continue;
      chosen_[to] = true;
      region_.push_back(to);
    }
  }

  SumNetwork current_, best_, trial_ = current_;
  std::uint32_t adders_ = 0, bestAdders_ = 0;
  PatternSearch& search_;
  Rng random_;
  std::vector<Vertex> region_, vertices_, sums_;
  std::vector<bool> chosen_, touchedVertex_, touchedSum_;
};

std::optional<SumNetwork> start(const MatrixVector& problem, std::optional<std::uint32_t> depthLimit,
                                std::uint64_t number, std::uint64_t& trees) {
  constexpr std::array<const char*, 4> steps = {"r", "c", "cr", "rc"};
  for (const std::uint32_t height : {~0u, 3u, 2u, 1u}) {
    ++trees;
    auto network = differenceStart(problem, depthLimit,
                                   {.steps = steps[(number - 1) % steps.size()],
                                    .maxHeight = height,
                                    .seed = number <= steps.size() ? 0 : number});
    if (network || !depthLimit) return network;
  }
  return std::nullopt;
}

}  // namespace

SumNetwork searchNetwork(const MatrixVector& problem, std::optional<std::uint32_t> depthLimit,
                         const NetworkEffort& effort) {
  PatternSearch search;
  SumNetwork best(problem, depthLimit);
  search.run(best, {.seed = effort.seed});
  best.tidy();
  std::uint64_t beside = 0;  // work that the pattern search does not count
  const auto work = [&] { return search.work() + beside; };
  std::uint64_t dearest = work();
  const std::uint64_t treeWork =
      10 * problem.weights.size() * (std::uint64_t{problem.rows} + problem.columns);
  std::uint64_t failures = 0;  // starts that the depth limit or the matrix has no room for
  for (std::uint64_t number = 1;
       failures < 4 && work() + dearest + treeWork <= effort.work / 100 * kStartPercent; ++number) {
    const std::uint64_t before = work();
    std::uint64_t trees = 0;
    auto network = start(problem, depthLimit, number, trees);
    beside += trees * treeWork;
    failures += network ? 0 : 1;
    if (network) {
      search.run(*network, {.seed = effort.seed + number});
      network->tidy();
      if (network->adders() < best.adders()) best = std::move(*network);
    }
    dearest = std::max(dearest, work() - before);
  }
  Repairs repairs(std::move(best), search, effort.seed);
  while (work() < effort.work) {
    const std::uint64_t before = work();
    beside += repairs.step();
    if (work() == before) break;  // there is nothing to take apart
  }
  return std::move(repairs.best());
}

}  // namespace sluice::kernel

#include <algorithm>
#include <utility>

#include "search/evolve.h"
#include "search/front.h"

/// Evolution by non-dominated rank, made for budgets of hundreds to thousands of trials.
///
/// The parents are the best few of the trials so far: by rank, and within a rank by how far apart they lie. From two
/// parents chosen by tournament comes the next point. That is NSGA-II, and where it differs, the small budget is why:
///
///   * No generations: results count as soon as they may (`block` of them at a time). A generation of 50 of
///     1,000 trials would be bred from parents up to 50 trials out of date, twenty times in all.
///   * Few parents. All trials are kept by who asks, so the parents need not hold the front; they only breed.
///   * Crowding is the distance to the two nearest members in the plane of losses scaled to the front, and members go
///     one at a time. Deb's sum of gaps per loss means little with three losses.
///   * One child in ten is a difference step; numbers mutate more and farther than is usual for long runs.
///   * The first points are quasi-random, and no point is tried twice.
///
/// Conditions and choices need nothing special (evolve.h); limits come first in domination (front.h).
///
/// Source  Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEVC
///         6(2), 2002; differential evolution: R. Storn, K. Price, J. Global Optimization 11, 1997. The figures are those
///         of bench/search: one set for all problems, chosen by their median hypervolume after 1,000 trials.
namespace sluice::search {

namespace {

constexpr std::size_t usualParents = 12;
constexpr std::size_t block = 2;  // results taken in at a time

class Nsga2 : public Strategy {
 public:
  Result<std::optional<Point>> propose(const View& view) override {
    known_.follow(view.points);
    const std::size_t parents = view.options.population != 0 ? view.options.population : usualParents;
    const std::size_t startup =
        std::max<std::size_t>(block, view.options.startup != 0 ? view.options.startup : parents);
    Rng rng(view.seed, view.number);
    if (view.number < startup || view.seen.size() < block) return start_.propose(view, known_, rng);
    takeIn(view, parents, startup);
    return freshPoint(view, known_, rng, [&](int) {
      if (!rng.chance(differencesAmongChildren))
        return pointAt(view.space, childOf(view.space, people_[pick(rng)], people_[pick(rng)], {}, rng));
      const Individual &base = people_[pick(rng)], &a = people_[pick(rng)], &b = people_[pick(rng)];
      return pointAt(view.space, differenceOf(view.space, base, a, b, rng));
    });
  }

 private:
  /// After this the parents are a function of the first `used` results.
  void takeIn(const View& view, std::size_t parents, std::size_t startup) {
    const std::size_t seen = view.seen.size();
    const std::size_t used = std::max(seen / block * block, std::min(startup, seen) / block * block);
    if (taken_ == used && !ranks_.empty()) return;
    while (taken_ < std::max(used, block)) {
      people_.push_back(individualOf(view, taken_++));
      if (taken_ % block == 0) keepBest(parents);
    }
  }

  /// The best `parents` stay.
  void keepBest(std::size_t parents) {
    std::vector<const Score*> scores;
    scores.reserve(people_.size());
    for (const Individual& person : people_) scores.push_back(&person.score);
    Selection selection = select(scores, parents);
    for (std::size_t i = 0; i < selection.kept.size(); ++i)
      if (selection.kept[i] != i) people_[i] = std::move(people_[selection.kept[i]]);
    people_.erase(people_.begin() + static_cast<std::ptrdiff_t>(selection.kept.size()), people_.end());
    ranks_ = std::move(selection.ranks);
    spacing_ = std::move(selection.spacing);
  }

  std::size_t pick(Rng& rng) const {
    const auto last = static_cast<std::int64_t>(people_.size()) - 1;
    const auto a = static_cast<std::size_t>(rng.uniform(0, last)),
               b = static_cast<std::size_t>(rng.uniform(0, last));
    if (ranks_[a] != ranks_[b]) return ranks_[a] < ranks_[b] ? a : b;
    return spacing_[a] >= spacing_[b] ? a : b;
  }

  std::vector<Individual> people_;  ///< the parents
  std::vector<std::size_t> ranks_;
  std::vector<double> spacing_;
  std::size_t taken_ = 0;  ///< results taken in
  PointSet known_;
  EvenStart start_;
};

}  // namespace

std::unique_ptr<Strategy> makeNsga2() { return std::make_unique<Nsga2>(); }

}  // namespace sluice::search

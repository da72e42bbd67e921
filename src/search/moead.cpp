#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "search/evolve.h"

/// Evolution by decomposition: a fixed fan of directions, one scalar problem per direction, and neighbours breed with
/// neighbours.
///
/// Proposal n is bred for direction n mod N, from the best trials so far of the directions beside it. A direction's best
/// is the trial with the least of max over losses of weight * (loss - least loss seen) / extent seen. A result is
/// compared with the best of every direction, so that one good trial may serve several; trials outside the limits
/// lose to those inside.
///
/// Source  Q. Zhang, H. Li, "MOEA/D: a multiobjective evolutionary algorithm based on decomposition", IEEE TEVC 11(6), 2007
///         (Tchebycheff form). Ours differs: no generations; losses are scaled to what was seen; few directions by
///         default, for budgets of hundreds to thousands of trials.
namespace sluice::search {

namespace {

constexpr std::size_t usualDirections = 20, neighbours = 6;
constexpr double anybody = 0.1;

/// Weights that sum to 1: evenly spaced with two losses, else quasi-random on the simplex, the corners among them.
std::vector<std::vector<double>> directionsOf(std::size_t losses, std::size_t count) {
  std::vector<std::vector<double>> directions;
  const Halton halton(losses, 1);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> weights(losses, 0);
    if (losses == 2) {
      weights[0] = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.5;
      weights[1] = 1 - weights[0];
    } else if (i < losses && count > losses) {
      weights[i] = 1;
    } else {
      const std::vector<double> unit = halton.at(i);
      double sum = 0;
      for (std::size_t k = 0; k < losses; ++k) sum += weights[k] = -std::log(std::max(unit[k], 1e-12));
      for (double& weight : weights) weight /= sum;
    }
    for (double& weight : weights) weight = std::max(weight, 1e-3);
    directions.push_back(std::move(weights));
  }
  return directions;
}

class Moead : public Strategy {
 public:
  Result<std::optional<Point>> propose(const View& view) override {
    known_.follow(view.points);
    if (directions_.empty()) begin(view);
    const std::size_t startup = view.options.startup != 0 ? view.options.startup : directions_.size();
    Rng rng(view.seed, view.number);
    if (view.number < startup || view.seen.empty())
      return start_.propose(view, known_, rng);
    while (taken_ < view.seen.size()) takeIn(individualOf(view, taken_++));
    const std::size_t direction = view.number % directions_.size();
    return freshPoint(view, known_, rng, [&](int) {
      const auto pick = [&]() -> const Individual& {
        const auto& near = near_[direction];
        const auto last =
            static_cast<std::int64_t>((rng.chance(anybody) ? directions_.size() : near.size()) - 1);
        const auto drawn = static_cast<std::size_t>(rng.uniform(0, last));
        return best_[static_cast<std::size_t>(last) + 1 == near.size() ? near[drawn] : drawn];
      };
      const Individual &a = pick(), &b = pick(), &c = pick();
      if (rng.chance(differencesAmongChildren))
        return pointAt(view.space, differenceOf(view.space, a, b, c, rng));
      return pointAt(view.space, childOf(view.space, a, b, {}, rng));
    });
  }

 private:
  void begin(const View& view) {
    directions_ =
        directionsOf(view.losses, view.options.population != 0 ? view.options.population : usualDirections);
    for (const auto& from : directions_) {
      std::vector<std::size_t> order(directions_.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      const auto distance = [&](std::size_t i) {
        double sum = 0;
        for (std::size_t k = 0; k < from.size(); ++k) sum += std::pow(directions_[i][k] - from[k], 2);
        return sum;
      };
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return distance(a) < distance(b); });
      order.resize(std::min(order.size(), neighbours));
      near_.push_back(std::move(order));
    }
  }

  void takeIn(Individual person) {
    const std::size_t losses = directions_[0].size();
    if (least_.empty())
      least_.assign(losses, std::numeric_limits<double>::infinity()), most_.assign(losses, -least_[0]);
    if (std::isfinite(person.score.violation))
      for (std::size_t k = 0; k < losses; ++k) {
        least_[k] = std::min(least_[k], person.score.losses[k]);
        most_[k] = std::max(most_[k], person.score.losses[k]);
      }
    if (best_.empty()) {
      best_.assign(directions_.size(), person);
      return;
    }
    for (std::size_t i = 0; i < directions_.size(); ++i)
      if (better(person.score, best_[i].score, directions_[i])) best_[i] = person;
  }

  [[nodiscard]] bool better(const Score& a, const Score& b, const std::vector<double>& weights) const {
    if (a.violation != b.violation) return a.violation < b.violation;
    const auto value = [&](const Score& score) {
      double largest = 0, sum = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) {
        const double extent = most_[k] > least_[k] ? most_[k] - least_[k] : 1;
        const double term = weights[k] * (score.losses[k] - least_[k]) / extent;
        largest = std::max(largest, term);
        sum += term;
      }
      return largest + 1e-3 * sum;
    };
    return std::isfinite(a.violation) && value(a) < value(b);
  }

  std::vector<std::vector<double>> directions_;
  std::vector<std::vector<std::size_t>> near_;  ///< directions beside each, itself first
  std::vector<Individual> best_;                ///< per direction
  std::vector<double> least_, most_;            ///< of each loss, as far as seen
  std::size_t taken_ = 0;
  PointSet known_;
  EvenStart start_;
};

}  // namespace

std::unique_ptr<Strategy> makeMoead() { return std::make_unique<Moead>(); }

}  // namespace sluice::search

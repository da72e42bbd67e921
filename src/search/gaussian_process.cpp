#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "search/evolve.h"
#include "search/halving.h"

/// A model of the losses, for trials that cost minutes or hours: a Gaussian process is fitted to the trials so far, and
/// the point is proposed that promises most.
///
/// Several losses become one anew for every proposal: max over losses of weight * scaled loss, with random weights, so
/// that the proposals of many directions together find the front. The process has a Matern 5/2 kernel; how far it
/// reaches (one length for all parameters) is chosen among a few by the likelihood of what was seen. Categories are
/// apart by a fixed step. Trials outside limits count as worse than all inside. The promise is the expected improvement
/// over the best seen, looked for among random points and mutations of the best trials.
///
/// At most 160 trials are looked at (the best and the newest): the time of a proposal is bounded, some milliseconds.
///
/// Source  J. Knowles, "ParEGO", IEEE TEVC 10(1), 2006; C. E. Rasmussen, C. K. I. Williams, "Gaussian processes for machine
///         learning", 2006, algorithm 2.1
namespace sluice::search {

namespace {

constexpr std::size_t mostTrials = 160;
constexpr int randomCandidates = 150, nearCandidates = 350;
constexpr double noise = 1e-6;

/// Lower triangle L with L * L^T = a (n * n, row-major), in place; false: not positive definite.
bool decompose(std::vector<double>& a, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j) {
        if (!(sum > 0)) return false;
        a[i * n + i] = std::sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
  return true;
}

/// x with L * x = b.
std::vector<double> solveLower(const std::vector<double>& l, std::size_t n, std::vector<double> b) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= l[i * n + k] * b[k];
    b[i] /= l[i * n + i];
  }
  return b;
}

/// x with L^T * x = b.
std::vector<double> solveUpper(const std::vector<double>& l, std::size_t n, std::vector<double> b) {
  for (std::size_t i = n; i-- > 0;) {
    b[i] /= l[i * n + i];
    for (std::size_t k = 0; k < i; ++k) b[k] -= l[i * n + k] * b[i];
  }
  return b;
}

/// Square of the distance of two points; a category, and a parameter that counts in one of them only, is 1/2 apart.
double squareBetween(const Space& space, const Point& p, const std::vector<double>& a, const Point& q,
                     const std::vector<double>& b) {
  double square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!p.values[i] && !q.values[i]) continue;
    if (space.parameters[i].kind == Kind::categorical || !p.values[i] || !q.values[i])
      square += p.values[i] == q.values[i] ? 0 : 0.25;
    else
      square += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return square;
}

double kernel(double square, double length) {
  const double r = std::sqrt(5 * square) / length;
  return (1 + r + r * r / 3) * std::exp(-r);
}

struct Model {
  std::vector<const Individual*> trials;
  std::vector<const Point*> points;
  double length = 1, likelihood = -std::numeric_limits<double>::infinity();
  std::vector<double> lower, weights;  ///< L, and K^-1 * y
};

/// Expected improvement below `least`.
double promise(const Space& space, const Model& model, const Point& point, const std::vector<double>& unit,
               double least) {
  const std::size_t n = model.trials.size();
  std::vector<double> k(n);
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) {
    k[i] = kernel(squareBetween(space, point, unit, *model.points[i], model.trials[i]->genes), model.length);
    mean += k[i] * model.weights[i];
  }
  const std::vector<double> v = solveLower(model.lower, n, std::move(k));
  double variance = 1 + noise;
  for (const double x : v) variance -= x * x;
  const double deviation = std::sqrt(std::max(variance, 1e-12)), z = (least - mean) / deviation;
  return deviation * (z * 0.5 * std::erfc(-z * M_SQRT1_2) + std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI));
}

class GaussianProcess : public Strategy {
 public:
  Result<std::optional<Point>> propose(const View& view) override {
    known_.follow(view.points);
    const std::size_t startup = view.options.startup != 0 ? view.options.startup : usualStartup;
    Rng rng(view.seed, view.number);
    while (people_.size() < view.seen.size()) {
      people_.push_back(individualOf(view, people_.size()));
      scores_.push_back(people_.back().score);
    }
    Model model = trialsOf(view);
    if (view.number < startup || model.trials.size() < 3) return start_.propose(view, known_, rng);
    const std::vector<double> y = scalars(model, view.losses, rng);
    if (!fit(view.space, y, model)) return start_.propose(view, known_, rng);
    std::vector<std::size_t> order(y.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return y[a] < y[b]; });
    return freshPoint(view, known_, rng, [&](int) {
      Point chosen;
      double most = -1;
      for (int i = 0; i < randomCandidates + nearCandidates; ++i) {
        std::vector<double> unit(view.space.parameters.size());
        if (i < randomCandidates) {
          for (double& u : unit) u = rng.real();
        } else {  // around the ten best in this direction, the best most often
          const auto parent = static_cast<std::size_t>(10 * rng.real() * rng.real());
          unit = model.trials[order[std::min(parent, order.size() - 1)]]->genes;
          mutate(view.space, unit, 1.5, rng.chance(0.5) ? 10 : 50, rng);
        }
        Point point = pointAt(view.space, unit);
        if (!chosen.values.empty() && !meetsConstraints(view.space, point)) continue;
        const double value =
            known_.contains(point) ? 0 : promise(view.space, model, point, unit, y[order[0]]);
        if (value <= most) continue;
        most = value;
        chosen = std::move(point);
      }
      return chosen;
    });
  }

 private:
  /// Trials that ended, at most so many: half by rank and spacing, half the newest.
  [[nodiscard]] Model trialsOf(const View& view) const {
    std::vector<bool> taken(people_.size());
    std::size_t count = 0;
    const auto take = [&](std::size_t i) {
      if (taken[i] || view.seen[i].state != State::done) return;
      taken[i] = true;
      ++count;
    };
    if (people_.size() > mostTrials)
      for (const std::size_t i : best(scores_, mostTrials / 2)) take(i);
    for (std::size_t i = people_.size(); i-- > 0 && count < mostTrials;) take(i);
    Model model;
    for (std::size_t i = 0; i < people_.size(); ++i)
      if (taken[i]) model.trials.push_back(&people_[i]), model.points.push_back(&view.seen[i].point);
    return model;
  }

  /// One number per trial, of mean 0 and deviation 1: the losses in a random direction.
  static std::vector<double> scalars(const Model& model, std::size_t losses, Rng& rng) {
    std::vector<double> weights(losses), least(losses, std::numeric_limits<double>::infinity()),
        most(losses, -least[0]);
    double sum = 0;
    for (double& weight : weights) sum += weight = -std::log(1 - rng.real());
    for (const Individual* trial : model.trials)
      for (std::size_t k = 0; k < losses; ++k) {
        least[k] = std::min(least[k], trial->score.losses[k]);
        most[k] = std::max(most[k], trial->score.losses[k]);
      }
    std::vector<double> y;
    double worst = 0;
    for (const Individual* trial : model.trials) {
      double largest = 0, total = 0;
      for (std::size_t k = 0; k < losses; ++k) {
        const double extent = most[k] > least[k] ? most[k] - least[k] : 1;
        const double term = weights[k] / sum * (trial->score.losses[k] - least[k]) / extent;
        largest = std::max(largest, term);
        total += term;
      }
      y.push_back(losses == 1 ? total : largest + 0.05 * total);
      worst = std::max(worst, y.back());
    }
    for (std::size_t i = 0; i < y.size(); ++i)
      if (const double outside = model.trials[i]->score.violation; outside > 0)
        y[i] = worst + outside / (1 + outside);
    double mean = 0, squares = 0;
    for (const double value : y) mean += value / static_cast<double>(y.size());
    for (const double value : y) squares += (value - mean) * (value - mean) / static_cast<double>(y.size());
    for (double& value : y) value = (value - mean) / (squares > 0 ? std::sqrt(squares) : 1);
    return y;
  }

  /// The length with the largest likelihood; false: none could be decomposed.
  static bool fit(const Space& space, const std::vector<double>& y, Model& model) {
    const std::size_t n = y.size();
    std::vector<double> squares(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        squares[i * n + j] = squareBetween(space, *model.points[i], model.trials[i]->genes, *model.points[j],
                                           model.trials[j]->genes);
    const double side = std::sqrt(static_cast<double>(space.parameters.size()));
    for (const double share : {0.2, 0.5, 1.2}) {
      std::vector<double> lower(n * n, 0);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j <= i; ++j)
          lower[i * n + j] = kernel(squares[i * n + j], share * side) + (i == j ? noise : 0);
      if (!decompose(lower, n)) continue;
      const std::vector<double> half = solveLower(lower, n, y);
      double likelihood = 0;
      for (std::size_t i = 0; i < n; ++i) likelihood -= 0.5 * half[i] * half[i] + std::log(lower[i * n + i]);
      if (!(likelihood > model.likelihood)) continue;
      model.likelihood = likelihood;
      model.length = share * side;
      model.weights = solveUpper(lower, n, half);
      model.lower = std::move(lower);
    }
    return !model.lower.empty();
  }

  std::vector<Individual> people_;
  std::vector<Score> scores_;
  PointSet known_;
  EvenStart start_;
};

}  // namespace

std::unique_ptr<Strategy> makeGaussianProcess() { return std::make_unique<GaussianProcess>(); }

}  // namespace sluice::search

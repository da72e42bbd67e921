#include <algorithm>
#include <cmath>
#include <limits>

#include "search/evolve.h"
#include "search/halving.h"

/// Tree-structured Parzen estimator for several losses: the next point is likely among the good trials and unlikely
/// among the others.
///
/// The good ones are the best tenth, at most 25, by rank and spacing (halving.h), with limits before losses. Good and
/// other trials become a density each: a mixture of one kernel per trial and a uniform one. A kernel is a product over
/// the parameters of its trial: a Gaussian cut off at the ends of the range for numbers, its choice or (seldom) another
/// one for categories. A parameter that does not count in a kernel is uniform in it. Of 24 points drawn from the good
/// density the one is proposed whose ratio good / others is largest.
///
/// Source  J. Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011; several losses: Y. Ozaki et al.,
///         "Multiobjective tree-structured Parzen estimator", JAIR 73, 2022. Ours differs: joint kernels (parameters are
///         drawn together, from one good trial), good trials by rank and spacing instead of hypervolume contributions,
///         equal weights, at most 200 other trials (the newest)
namespace sluice::search {

namespace {

constexpr std::size_t mostGood = 25, mostOthers = 200;
constexpr int candidates = 24;
constexpr double otherChoice = 0.2, narrowest = 0.1;

/// P(a < gaussian < b), a and b in deviations from its middle.
double massBetween(double a, double b) { return 0.5 * (std::erf(b * M_SQRT1_2) - std::erf(a * M_SQRT1_2)); }

/// Kernels of the same width per parameter.
class Density {
 public:
  Density(const Space& space, std::vector<const Individual*> trials, std::vector<const Point*> points)
      : space_(space), trials_(std::move(trials)), points_(std::move(points)) {
    const auto count = static_cast<double>(trials_.size());
    const double shrink =
        std::pow(std::max(1.0, count), -1.0 / (static_cast<double>(space.parameters.size()) + 4));
    for (std::size_t i = 0; i < space.parameters.size(); ++i) {  // Scott's rule on what the trials are apart
      double sum = 0, squares = 0, n = 0;
      for (std::size_t t = 0; t < trials_.size(); ++t) {
        if (!points_[t]->values[i]) continue;
        const double u = trials_[t]->genes[i];
        sum += u, squares += u * u, n += 1;
      }
      const double spread = n > 1 ? std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n))) : 0.25;
      widths_.push_back(std::clamp(spread * shrink, narrowest * shrink, 0.5));
    }
    // ln of what a Gaussian's top has to be divided by, per kernel: the part of it within the range.
    for (std::size_t t = 0; t < trials_.size(); ++t) {
      double scale = 0;
      for (std::size_t i = 0; i < widths_.size(); ++i)
        if (points_[t]->values[i] && space_.parameters[i].kind != Kind::categorical)
          scale -= std::log(
              widths_[i] * std::sqrt(2 * M_PI) *
              massBetween(-trials_[t]->genes[i] / widths_[i], (1 - trials_[t]->genes[i]) / widths_[i]));
      scales_.push_back(scale);
    }
  }

  std::vector<double> draw(Rng& rng) const {
    std::vector<double> unit(space_.parameters.size());
    for (double& u : unit) u = rng.real();
    const auto kernel = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(trials_.size())));
    if (kernel == trials_.size()) return unit;  // the uniform one
    for (std::size_t i = 0; i < unit.size(); ++i) {
      if (!points_[kernel]->values[i]) continue;
      const double middle = trials_[kernel]->genes[i];
      if (space_.parameters[i].kind == Kind::categorical) {
        if (!rng.chance(otherChoice)) unit[i] = middle;
        continue;
      }
      for (int attempt = 0; attempt < 20; ++attempt) {
        const double radius = std::sqrt(-2 * std::log(1 - rng.real())), angle = 2 * M_PI * rng.real();
        const double u = middle + widths_[i] * radius * std::cos(angle);
        if (u < 0 || u >= 1) continue;
        unit[i] = u;
        break;
      }
    }
    return unit;
  }

  /// ln of the density at a point whose positions are `unit`.
  [[nodiscard]] double at(const Point& point, const std::vector<double>& unit) const {
    double sum = 1;  // the uniform kernel
    for (std::size_t t = 0; t < trials_.size(); ++t) {
      double exponent = scales_[t], factor = 1;
      for (std::size_t i = 0; i < widths_.size(); ++i) {
        if (!points_[t]->values[i]) continue;
        if (space_.parameters[i].kind == Kind::categorical) {
          const auto choices = static_cast<double>(space_.parameters[i].choices.size());
          const bool same = point.values[i] == points_[t]->values[i];
          if (point.values[i]) factor *= otherChoice + (same ? (1 - otherChoice) * choices : 0);
          continue;
        }
        const double step = (unit[i] - trials_[t]->genes[i]) / widths_[i];
        exponent -= 0.5 * step * step;
      }
      sum += factor * std::exp(exponent);
    }
    return std::log(sum / static_cast<double>(trials_.size() + 1));
  }

 private:
  const Space& space_;
  std::vector<const Individual*> trials_;
  std::vector<const Point*> points_;
  std::vector<double> widths_, scales_;
};

class Tpe : public Strategy {
 public:
  Result<std::optional<Point>> propose(const View& view) override {
    known_.follow(view.points);
    const std::size_t startup = view.options.startup != 0 ? view.options.startup : usualStartup;
    Rng rng(view.seed, view.number);
    if (view.number < startup || view.seen.size() < 4) return start_.propose(view, known_, rng);
    while (people_.size() < view.seen.size()) people_.push_back(individualOf(view, people_.size()));
    const std::size_t keep = std::min(mostGood, std::max<std::size_t>(2, (people_.size() + 9) / 10));
    std::vector<Score> scores;
    for (const Individual& person : people_) scores.push_back(person.score);
    std::vector<bool> good(people_.size());
    for (const std::size_t i : best(scores, keep)) good[i] = true;
    std::vector<const Individual*> ours, others;
    std::vector<const Point*> ourPoints, otherPoints;
    for (std::size_t i = people_.size(); i-- > 0;) {
      if (!good[i] && others.size() == mostOthers) continue;
      (good[i] ? ours : others).push_back(&people_[i]);
      (good[i] ? ourPoints : otherPoints).push_back(&view.seen[i].point);
    }
    const Density better(view.space, ours, ourPoints), worse(view.space, others, otherPoints);
    return freshPoint(view, known_, rng, [&](int) {
      Point chosen;
      double most = -std::numeric_limits<double>::infinity();
      for (int i = 0; i < candidates; ++i) {
        const std::vector<double> unit = better.draw(rng);
        Point point = pointAt(view.space, unit);
        const double ratio = better.at(point, unit) - worse.at(point, unit);
        if (!chosen.values.empty() && !(ratio > most && meetsConstraints(view.space, point))) continue;
        most = ratio;
        chosen = std::move(point);
      }
      return chosen;
    });
  }

 private:
  std::vector<Individual> people_;
  PointSet known_;
  EvenStart start_;
};

}  // namespace

std::unique_ptr<Strategy> makeTpe() { return std::make_unique<Tpe>(); }

}  // namespace sluice::search

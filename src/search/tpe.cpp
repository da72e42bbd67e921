#include <algorithm>
#include <cmath>
#include <limits>

#include "search/evolve.h"
#include "search/halving.h"

/// Tree-structured Parzen estimator for several losses: the next point is likely among the good trials and unlikely
/// among the others.
///
/// The good ones are the best tenth, at most 25: whole ranks, and of the rank that does not fit those that lie farthest apart
/// (halving.h), with limits before losses. Good and other trials become a density each, parameter by parameter: a mixture
/// of one kernel per trial in which the parameter counts and a uniform one. A kernel is a Gaussian cut off at the ends of
/// the range, half as wide as the farther of its two neighbours is away, or its choice or (seldom) another one. Per parameter
/// 24 values are drawn from the good density and the one is taken whose ratio good / others is largest.
///
/// Source  J. Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011; several losses: Y. Ozaki et al.,
///         "Multiobjective tree-structured Parzen estimator", JAIR 73, 2022. Ours differs: good trials by rank and spacing
///         instead of hypervolume contributions, equal weights, at most 200 other trials (the newest), kernels half as wide.
///         Of the widths and least widths tried, and joint kernels of Scott's width, these had the largest volumes on ZDT1,
///         ZDT2 and DTLZ2 together
namespace sluice::search {

namespace {

constexpr std::size_t mostGood = 25, mostOthers = 200;
constexpr int candidates = 24;
constexpr double otherChoice = 0.2, widthShare = 0.5, narrowest = 0.01;

/// P(a < gaussian < b), a and b in deviations from its middle.
double massBetween(double a, double b) { return 0.5 * (std::erf(b * M_SQRT1_2) - std::erf(a * M_SQRT1_2)); }

/// Values of one parameter.
class Density {
 public:
  /// `values`: positions of the trials in which the parameter counts.
  Density(const Parameter& parameter, std::vector<double> values)
      : parameter_(parameter), values_(std::move(values)) {
    if (parameter_.kind == Kind::categorical) return;
    std::sort(values_.begin(), values_.end());
    const std::size_t count = values_.size();
    for (std::size_t t = 0; t < count; ++t) {
      const double left = values_[t] - (t > 0 ? values_[t - 1] : 0),
                   right = (t + 1 < count ? values_[t + 1] : 1) - values_[t];
      const double width = std::clamp(widthShare * std::max(left, right), narrowest, 1.0);
      widths_.push_back(width);
      // What the Gaussian's top has to be divided by: the part of it within the range.
      tops_.push_back(
          1 / (width * std::sqrt(2 * M_PI) * massBetween(-values_[t] / width, (1 - values_[t]) / width)));
    }
  }

  double draw(Rng& rng) const {
    const auto kernel = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(values_.size())));
    if (kernel == values_.size()) return rng.real();  // the uniform one
    if (parameter_.kind == Kind::categorical) return rng.chance(otherChoice) ? rng.real() : values_[kernel];
    for (int attempt = 0; attempt < 20; ++attempt) {
      const double radius = std::sqrt(-2 * std::log(1 - rng.real())), angle = 2 * M_PI * rng.real();
      const double u = values_[kernel] + widths_[kernel] * radius * std::cos(angle);
      if (u >= 0 && u < 1) return u;
    }
    return rng.real();
  }

  [[nodiscard]] double at(double unit) const {
    double sum = 1;  // the uniform kernel
    const bool categorical = parameter_.kind == Kind::categorical;
    const auto choices = static_cast<double>(parameter_.choices.size());
    for (std::size_t t = 0; t < values_.size(); ++t) {
      if (categorical) {
        const bool same = std::floor(unit * choices) == std::floor(values_[t] * choices);
        sum += otherChoice + (same ? (1 - otherChoice) * choices : 0);
        continue;
      }
      const double step = (unit - values_[t]) / widths_[t];
      sum += tops_[t] * std::exp(-0.5 * step * step);
    }
    return sum / static_cast<double>(values_.size() + 1);
  }

 private:
  const Parameter& parameter_;
  std::vector<double> values_, widths_, tops_;
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
    const std::size_t parameters = view.space.parameters.size();
    std::vector<std::vector<double>> ours(parameters), others(parameters);
    std::size_t otherTrials = 0;
    for (std::size_t i = people_.size(); i-- > 0;) {
      if (!good[i] && otherTrials++ >= mostOthers) continue;
      for (std::size_t p = 0; p < parameters; ++p)
        if (view.seen[i].point.values[p]) (good[i] ? ours : others)[p].push_back(people_[i].genes[p]);
    }
    std::vector<Density> better, worse;
    for (std::size_t p = 0; p < parameters; ++p) {
      better.emplace_back(view.space.parameters[p], std::move(ours[p]));
      worse.emplace_back(view.space.parameters[p], std::move(others[p]));
    }
    return freshPoint(view, known_, rng, [&](int) {
      std::vector<double> unit(parameters);
      for (std::size_t p = 0; p < parameters; ++p) {
        double most = -1;
        for (int i = 0; i < candidates; ++i) {
          const double u = better[p].draw(rng), ratio = better[p].at(u) / worse[p].at(u);
          if (ratio <= most) continue;
          most = ratio;
          unit[p] = u;
        }
      }
      return pointAt(view.space, unit);
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

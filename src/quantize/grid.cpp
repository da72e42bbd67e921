#include "quantize/grid.h"

#include <algorithm>
#include <cmath>

#include "fixed/rounding.h"

/// How the grids are searched.
///
/// A grid of given width is its scale. Candidates are the scale at which nothing is clipped and smaller ones: for
/// powers of two the next six, else forty in steps of 2 % down. Each candidate is judged by the choice's own measure.
/// KL compares histograms as TensorRT's calibration does (S. Migacz, "8-bit inference with TensorRT", GTC 2017): the
/// distribution of |x| clipped at the candidate's end against the same spread evenly over each code's bin. Ours
/// differs: the bins are laid so that a candidate's codes are whole numbers of bins only for power-of-two scales;
/// else a bin belongs to the code nearest to its middle.
namespace sluice::quantize {
namespace {

constexpr int powerCandidates = 7;
constexpr int floatCandidates = 41;
constexpr double floatStep = 0.98;
constexpr std::size_t histogramBins = 4096;

/// To nearest, ties to even, for |x| < 2^51: the sum has no room for digits behind the point.
double roundedToEven(double x) {
  constexpr double shift = 0x1.8p52;
  return (x + shift) - shift;
}

struct Extent {
  double lo = 0, hi = 0;
};

/// The scale at which [extent.lo, extent.hi] is just within the range.
double scaleFor(Extent extent, fixed::Interval range) {
  double scale = 0;
  if (range.hi > 0) scale = std::max(scale, extent.hi / static_cast<double>(range.hi));
  if (range.lo < 0) scale = std::max(scale, extent.lo / static_cast<double>(range.lo));
  return scale;
}

double allowed(double scale, bool powerOfTwo) {
  if (!(scale > 0)) return 1;
  if (!powerOfTwo) {
    // Up, so that the largest number stays within.
    auto single = static_cast<float>(scale);
    if (static_cast<double>(single) < scale) single = std::nextafterf(single, HUGE_VALF);
    return static_cast<double>(single);
  }
  return std::exp2(std::ceil(std::log2(scale) - 1e-9));
}

Extent extentOf(const std::vector<double>& values) {
  Extent extent;
  for (const double x : values) extent = {std::min(extent.lo, x), std::max(extent.hi, x)};
  return extent;
}

/// What remains when (100 - percentile) % of the numbers are cut off, half of them at each end where both occur.
Extent percentileExtent(std::vector<double> values, double percentile, bool isSigned) {
  if (values.empty()) return {};
  const double cut = (1 - percentile / 100) * (isSigned ? 0.5 : 1.0);
  const auto count = static_cast<double>(values.size());
  const auto at = static_cast<std::size_t>(std::min(count - 1, std::floor(cut * count)));
  std::sort(values.begin(), values.end());
  return {isSigned ? std::min(0.0, values[at]) : 0.0, std::max(0.0, values[values.size() - 1 - at])};
}

/// Kullback-Leibler divergence of the histogram of |x|, clipped as the grid does, from what the codes tell of it.
double divergence(const std::vector<double>& histogram, double binWidth, const Grid& grid) {
  const double most = static_cast<double>(std::max(grid.range.hi, -grid.range.lo)) * grid.scale;
  const auto last = std::min(histogram.size() - 1, static_cast<std::size_t>(most / binWidth));
  std::vector<double> clipped(histogram.begin(), histogram.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  for (std::size_t i = last + 1; i < histogram.size(); ++i) clipped[last] += histogram[i];
  // What the codes tell: the mass of each code, spread over its bins that are not empty.
  std::vector<double> told(clipped.size(), 0);
  double total = 0, toldTotal = 0;
  for (std::size_t i = 0; i < clipped.size();) {
    const auto codeOf = [&](std::size_t bin) {
      return grid.code((static_cast<double>(bin) + 0.5) * binWidth);
    };
    std::size_t end = i;
    double mass = 0, filled = 0;
    while (end < clipped.size() && codeOf(end) == codeOf(i)) {
      mass += histogram[end];  // without what was clipped: it is what the grid cannot tell
      filled += clipped[end] > 0 ? 1 : 0;
      ++end;
    }
    for (std::size_t k = i; k < end; ++k) {
      told[k] = clipped[k] > 0 ? mass / filled : 0;
      total += clipped[k];
      toldTotal += told[k];
    }
    i = end;
  }
  if (!(total > 0) || !(toldTotal > 0)) return 0;
  double sum = 0;
  constexpr double floorShare = 1e-12;
  for (std::size_t i = 0; i < clipped.size(); ++i) {
    const double p = clipped[i] / total, q = std::max(told[i] / toldTotal, floorShare);
    if (p > 0) sum += p * std::log(p / q);
  }
  return sum;
}

}  // namespace

const char* name(RangeChoice choice) {
  switch (choice) {
    case RangeChoice::minMax:
      return "min-max";
    case RangeChoice::percentile:
      return "percentile";
    case RangeChoice::mse:
      return "mse";
    case RangeChoice::kl:
      return "kl";
  }
  return "mse";
}

std::optional<RangeChoice> rangeChoiceFromName(std::string_view text) {
  for (const RangeChoice choice :
       {RangeChoice::minMax, RangeChoice::percentile, RangeChoice::mse, RangeChoice::kl})
    if (text == name(choice)) return choice;
  return std::nullopt;
}

std::int64_t Grid::code(double x) const { return fixed::clampToRange(std::nearbyint(x / scale), range); }

fixed::Interval rangeOfBits(std::uint32_t bits, bool isSigned) {
  return fixed::IntegerFormat{.bits = bits, .isSigned = isSigned}.range();
}

double squaredError(const Grid& grid, const std::vector<double>& values, const std::vector<double>& weights) {
  const double inverse = 1 / grid.scale;
  const auto lo = static_cast<double>(grid.range.lo), hi = static_cast<double>(grid.range.hi);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double q = std::clamp(roundedToEven(values[i] * inverse), lo, hi) * grid.scale;
    const double apart = values[i] - q;
    sum += (weights.empty() ? 1.0 : weights[i]) * apart * apart;
  }
  return sum;
}

Grid chooseGrid(const std::vector<double>& values, const GridOptions& options,
                const std::vector<double>& weights) {
  Grid grid{.scale = 1, .range = rangeOfBits(options.bits, options.isSigned)};
  const Extent extent = extentOf(values);
  const double widest = allowed(scaleFor(extent, grid.range), options.powerOfTwo);
  grid.scale = widest;
  if (options.choice == RangeChoice::minMax || (extent.lo == 0 && extent.hi == 0)) return grid;
  if (options.choice == RangeChoice::percentile) {
    const double scale = scaleFor(percentileExtent(values, options.percentile, options.isSigned), grid.range);
    if (scale > 0) grid.scale = allowed(scale, options.powerOfTwo);
    return grid;
  }
  std::vector<double> histogram;
  const double most = std::max(extent.hi, -extent.lo);
  const double binWidth = most / static_cast<double>(histogramBins - 1);
  if (options.choice == RangeChoice::kl) {
    histogram.assign(histogramBins, 0);
    for (const double x : values)
      if (x != 0) histogram[static_cast<std::size_t>(std::abs(x) / binWidth)] += 1;
  }
  double best = INFINITY;
  Grid chosen = grid;
  const int candidates = options.powerOfTwo ? powerCandidates : floatCandidates;
  for (int i = 0; i < candidates; ++i) {
    grid.scale =
        options.powerOfTwo ? std::ldexp(widest, -i) : allowed(widest * std::pow(floatStep, i), false);
    const double cost = options.choice == RangeChoice::kl ? divergence(histogram, binWidth, grid)
                                                          : squaredError(grid, values, weights);
    if (cost < best) {
      best = cost;
      chosen = grid;
    }
  }
  return chosen;
}

}  // namespace sluice::quantize

#include "passes/norm_formats.h"

#include <algorithm>
#include <cmath>

namespace sluice::passes {
namespace {

/// The largest power of two up to x > 0.
double powerBelow(double x) { return std::ldexp(1.0, std::ilogb(x)); }

/// The largest step up to `most` that is a power of two, or, of a known grid, a power of two times its step.
double stepBelow(double most, double grid) {
  return grid == 0 ? powerBelow(most) : grid * powerBelow(most / grid);
}

}  // namespace

Result<SoftmaxFormats> softmaxFormats(std::int64_t n, double allowed, double grid, double span) {
  if (n > (std::int64_t{1} << 16))
    return unsupported("a softmax over " + std::to_string(n) + " elements; at most 65536");
  const auto count = static_cast<double>(n);
  SoftmaxFormats formats;
  // Half of what is allowed for r, a quarter for e, an eighth each for distances and for what is far below.
  formats.inverseStep = std::max(powerBelow(std::min(allowed, 0.5)), finestNormStep);
  formats.expBits = std::clamp(static_cast<int>(std::ceil(std::log2(2 * count / allowed))), 4, 24);
  double reach = std::max(1.0, std::log(8 * count / allowed));
  formats.distanceStep = grid > 0 && grid >= allowed / 2 ? grid : stepBelow(allowed / 2, grid);
  while (reach / formats.distanceStep >= static_cast<double>(mostNormEntries)) formats.distanceStep *= 2;
  formats.lowest = static_cast<std::int64_t>(std::ceil(reach / formats.distanceStep));
  const bool isExact = formats.distanceStep == grid;
  const bool reachesAll = isExact && span > 0 && span <= static_cast<double>(formats.lowest);
  if (reachesAll) formats.lowest = std::max<std::int64_t>(1, static_cast<std::int64_t>(span));
  reach = static_cast<double>(formats.lowest) * formats.distanceStep;
  formats.bound = (isExact ? 0 : formats.distanceStep / 4) + (reachesAll ? 0 : count * std::exp(-reach)) +
                  count * std::ldexp(0.5, -formats.expBits) + formats.inverseStep / 2;
  return formats;
}

Result<LayerNormFormats> layerNormFormats(std::int64_t n, double epsilon, double allowed, double largest,
                                          double grid, double deviation) {
  if (n > (std::int64_t{1} << 12))
    return unsupported("a layer norm over " + std::to_string(n) + " elements; at most 4096");
  if (!(epsilon >= 0x1p-40))
    return unsupported("a layer norm whose epsilon is below 2^-40: a row of equal numbers has no norm");
  const auto count = static_cast<double>(n);
  const double root = std::sqrt(count);
  const double size = std::min(largest, std::sqrt(count));  // a little more than sqrt(n - 1): o takes part
  LayerNormFormats formats;
  const auto exponentOf = [&](double square) {
    return static_cast<std::int64_t>(std::lround(-std::log2(count * std::sqrt(square))));
  };
  formats.highest = exponentOf(epsilon) + 1;
  formats.lowest = deviation > 0 ? exponentOf(deviation * deviation + epsilon) - 1 : formats.highest - 30;
  const auto ofRow = [&](double step) {
    const double off = std::sqrt(count + 1) * step / 2;
    return (root * step / 2 + size * off) / (std::sqrt(count / 2) - off);
  };
  double most = 0.25;
  while (ofRow(most) > allowed / 2 && most > 0x1p-20) most /= 2;
  formats.normalStep = stepBelow(most, grid);
  const double off = std::sqrt(count + 1) * formats.normalStep / 2;
  formats.largest = static_cast<std::int64_t>(std::ceil(std::sqrt(2 * count) / formats.normalStep)) + 1;
  const double factor = size * (std::sqrt(2.0) + off / root) / 2;
  formats.rootStep = std::max(powerBelow(std::min(allowed / 2 / factor, 0.25)), finestNormStep);
  formats.rootLow =
      static_cast<std::int64_t>(std::floor(1 / (std::sqrt(2.0) + off / root) / formats.rootStep));
  formats.rootHigh =
      static_cast<std::int64_t>(std::ceil(1 / (std::sqrt(0.5) - off / root) / formats.rootStep));
  formats.bound = ofRow(formats.normalStep) + factor * formats.rootStep;
  return formats;
}

}  // namespace sluice::passes

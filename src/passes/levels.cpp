#include "passes/levels.h"

#include <algorithm>
#include <cmath>

#include "ir/reference_ops.h"

namespace sluice::passes {
namespace {

using Limit = Levels::Limit;

/// Between the powers 2^exponent and 2^(exponent + 1), whose codes are `below` and twice that.
Limit limitOf(fixed::Rounding rounding, std::int64_t exponent, double below) {
  const Limit floor{.at = 2 * below, .squared = false, .reached = true};
  const Limit ceil{.at = below, .squared = false, .reached = false};
  switch (rounding) {
    case fixed::Rounding::floor:
      return floor;
    case fixed::Rounding::ceil:
      return ceil;
    case fixed::Rounding::towardZero:  // of the exponent
      return exponent < 0 ? ceil : floor;
    case fixed::Rounding::awayFromZero:
      return exponent < 0 ? floor : ceil;
    default:
      return {.at = 2 * below * below, .squared = true, .reached = true};
  }
}

}  // namespace

std::optional<Levels> levelsOf(const ir::QuantizePower& power) {
  Levels positive;
  for (std::int64_t e = power.lowest; e <= power.highest; ++e) {
    const std::int64_t code = std::int64_t{1} << (e - power.lowest);
    positive.codes.push_back(code);
    if (e < power.highest) positive.limits.push_back(limitOf(power.rounding, e, static_cast<double>(code)));
  }
  if (!power.negative) return positive;
  Levels levels;
  for (auto code = positive.codes.rbegin(); code != positive.codes.rend(); ++code)
    levels.codes.push_back(-*code);
  for (auto limit = positive.limits.rbegin(); limit != positive.limits.rend(); ++limit)
    levels.limits.push_back({.at = -limit->at, .squared = limit->squared, .reached = !limit->reached});
  levels.limits.push_back({.at = 0, .squared = false, .reached = true});
  levels.codes.insert(levels.codes.end(), positive.codes.begin(), positive.codes.end());
  levels.limits.insert(levels.limits.end(), positive.limits.begin(), positive.limits.end());
  return levels;
}

std::optional<Levels> levelsOf(const ir::QuantizeFloat& minifloat) {
  const auto step = static_cast<int>(1 - minifloat.exponentBias) - static_cast<int>(minifloat.mantissaBits);
  const auto most = static_cast<std::int64_t>(std::ldexp(minifloat.largest, -step));
  ir::QuantizeFloat unscaled = minifloat;
  unscaled.scale = 1;
  // What a number of codes is rounded to, by the definition of the operation.
  const auto rounded = [&](double codes) {
    return static_cast<std::int64_t>(std::ldexp(ir::apply(unscaled, std::ldexp(codes, step)), -step));
  };
  // Subnormal numbers lie 1 apart, and so do the first normal ones; then the distance doubles with each power.
  std::vector<std::int64_t> sizes;
  std::int64_t distance = 1, nextPower = std::int64_t{2} << minifloat.mantissaBits;
  for (std::int64_t code = 0; code <= most; code += distance) {
    if (sizes.size() > mostLevels / 2) return std::nullopt;
    sizes.push_back(code);
    if (code == nextPower) distance *= 2, nextPower *= 2;
  }
  Levels levels;
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size)
    if (*size != 0) levels.codes.push_back(-*size);
  levels.codes.insert(levels.codes.end(), sizes.begin(), sizes.end());
  // Each mode changes levels at the lower one, at the upper one or half way: seen a quarter from either end.
  for (std::size_t i = 0; i + 1 < levels.codes.size(); ++i) {
    const std::int64_t below = levels.codes[i], above = levels.codes[i + 1];
    const double low = static_cast<double>(below), high = static_cast<double>(above),
                 middle = low + (high - low) / 2;
    if (rounded(low + (high - low) / 4) == above)
      levels.limits.push_back({.at = low, .squared = false, .reached = false});
    else if (rounded(middle + (high - low) / 4) == below)
      levels.limits.push_back({.at = high, .squared = false, .reached = true});
    else
      levels.limits.push_back({.at = middle, .squared = false, .reached = rounded(middle) == above});
  }
  return levels;
}

}  // namespace sluice::passes

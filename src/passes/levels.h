#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ir/ops.h"

/// Levels: the numbers of a format that is no even grid (minifloats, powers of two), and where one gives way to the
/// next.
///
///   powers of two from 1 to 4, with a sign, nearest exponent    -4   -2   -1    1   2   4
///   change at                                                     -8'  -2'   0   2'  8'      (n': at the root of n)
///
/// A quantizer to such a format is a staircase of unequal steps. It becomes two that hardware knows: the number of limits
/// that are reached, which thresholds count, and a small table from that number to the code. Limits are midpoints, ends
/// of an interval, or roots of powers of two, so comparing with one is exact for every kind of number of fixed/exact.h.
namespace sluice::passes {

struct Levels {
  struct Limit {
    double at = 0;         ///< in codes; if `squared`, sign and square of it
    bool squared = false;  ///< the limit is irrational: the root of 2, 8, 32..
    bool reached = true;   ///< the limit itself belongs to the upper level
  };
  std::vector<std::int64_t> codes;  ///< rising
  std::vector<Limit> limits;        ///< limits[i] lies between codes[i] and codes[i + 1]
};

constexpr std::size_t mostLevels = 4096;

/// Rising levels of what the operation gives, in codes of its output's scale. None: more than mostLevels.
std::optional<Levels> levelsOf(const ir::QuantizePower& power);
/// Its output must be codes, not real.
std::optional<Levels> levelsOf(const ir::QuantizeFloat& minifloat);

/// How many limits x has reached; none if this kind of number cannot tell.
template <typename Number>
std::optional<std::int64_t> levelOf(const Number& x, const Levels& levels) {
  const auto sign = x.sign();
  if (!sign) return std::nullopt;
  std::optional<Number> square;
  std::size_t low = 0, high = levels.limits.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const Levels::Limit& limit = levels.limits[middle];
    std::optional<int> side;
    if (!limit.squared) {
      side = (x - Number::of(limit.at)).sign();
    } else if (limit.at > 0 ? *sign <= 0 : *sign >= 0) {
      side = limit.at > 0 ? -1 : 1;
    } else {
      if (!square) square = limit.at > 0 ? x * x : -(x * x);
      side = (*square - Number::of(limit.at)).sign();
    }
    if (!side) return std::nullopt;
    if (*side > 0 || (*side == 0 && limit.reached))
      low = middle + 1;
    else
      high = middle;
  }
  return static_cast<std::int64_t>(low);
}

}  // namespace sluice::passes

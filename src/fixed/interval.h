#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.h"

/// Integer intervals and the widths that hold them. Every width in Sluice comes from a proven interval.
namespace sluice::fixed {

/// All integers from lo to hi, both included. Never empty.
struct Interval {
  std::int64_t lo = 0;
  std::int64_t hi = 0;

  bool operator==(const Interval&) const = default;
  [[nodiscard]] constexpr bool contains(std::int64_t value) const { return lo <= value && value <= hi; }
  [[nodiscard]] constexpr bool contains(Interval other) const { return lo <= other.lo && other.hi <= hi; }
};

constexpr Interval join(Interval a, Interval b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }

/// How an integer is held in hardware: two's complement if it is signed, plain binary if not. 1 to 64 bits.
struct IntegerFormat {
  std::uint32_t bits = 1;
  bool isSigned = false;

  bool operator==(const IntegerFormat&) const = default;
  /// Every integer the format holds. 64-bit unsigned is cut at 2^63 - 1.
  [[nodiscard]] constexpr Interval range() const {
    SLUICE_CHECK(bits >= 1 && bits <= 64, "hardware integers have 1 to 64 bits");
    if (isSigned)
      return {bits == 64 ? INT64_MIN : -(std::int64_t{1} << (bits - 1)),
              bits == 64 ? INT64_MAX : (std::int64_t{1} << (bits - 1)) - 1};
    return {0, bits >= 63 ? INT64_MAX : (std::int64_t{1} << bits) - 1};
  }
};

/// The narrowest format that holds the interval: signed exactly if lo < 0. {0,0} takes one unsigned bit.
constexpr IntegerFormat formatFor(Interval range) {
  SLUICE_CHECK(range.lo <= range.hi, "intervals are not empty");
  IntegerFormat format{.bits = 1, .isSigned = range.lo < 0};
  while (format.bits < 64 && !format.range().contains(range)) ++format.bits;
  return format;
}

/// Exact interval arithmetic. A bound that leaves 64 bits is a bug of the caller: ranges are checked on the
/// way in.
Interval add(Interval a, Interval b);
Interval subtract(Interval a, Interval b);
Interval multiply(Interval a, Interval b);
Interval negate(Interval a);
/// a * 2^bits, bits >= 0.
Interval shiftLeft(Interval a, std::uint32_t bits);
/// floor(a / 2^bits).
Interval shiftRight(Interval a, std::uint32_t bits);

}  // namespace sluice::fixed

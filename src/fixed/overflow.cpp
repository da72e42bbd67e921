#include "fixed/overflow.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sluice::fixed {
namespace {

using Wide = __int128;

constexpr std::array<const char*, 5> overflowNames = {"saturate", "saturateToZero", "saturateSymmetric",
                                                      "wrap", "wrapSignMagnitude"};

Wide modulo(Wide value, Wide size) {
  const Wide rest = value % size;
  return rest < 0 ? rest + size : rest;
}

/// For a value whose distance from range.lo is known only modulo twice the number of codes.
std::int64_t wrapped(Wide offset, Interval range, bool reflect) {
  const Wide size = static_cast<Wide>(range.hi) - range.lo + 1;
  if (!reflect) return static_cast<std::int64_t>(range.lo + modulo(offset, size));
  const Wide at = modulo(offset, 2 * size);
  return static_cast<std::int64_t>(at < size ? range.lo + at : range.hi - (at - size));
}

Interval symmetric(Interval range) { return {std::max(range.lo, -range.hi), range.hi}; }

/// Unsigned formats saturate instead of reflecting.
Overflow effective(Overflow overflow, Interval range) {
  return overflow == Overflow::wrapSignMagnitude && range.lo >= 0 ? Overflow::saturate : overflow;
}
bool wraps(Overflow overflow) {
  return overflow == Overflow::wrap || overflow == Overflow::wrapSignMagnitude;
}

}  // namespace

const char* name(Overflow overflow) { return overflowNames[static_cast<std::size_t>(overflow)]; }

std::optional<Overflow> overflowFromName(std::string_view name) {
  const auto* found = std::find(overflowNames.begin(), overflowNames.end(), name);
  if (found == overflowNames.end()) return std::nullopt;
  return static_cast<Overflow>(found - overflowNames.begin());
}

std::int64_t fit(std::int64_t value, Interval range, Overflow overflow, std::int64_t zero) {
  overflow = effective(overflow, range);
  if (overflow == Overflow::saturateSymmetric) range = symmetric(range);
  if (range.contains(value)) return value;
  if (overflow == Overflow::saturateToZero) return zero;
  if (!wraps(overflow)) return std::clamp(value, range.lo, range.hi);
  return wrapped(static_cast<Wide>(value) - range.lo, range, overflow == Overflow::wrapSignMagnitude);
}

std::int64_t fit(double value, Interval range, Overflow overflow, std::int64_t zero) {
  if (std::isnan(value)) value = 0;
  overflow = effective(overflow, range);
  if (value >= -0x1p63 && value < 0x1p63) return fit(static_cast<std::int64_t>(value), range, overflow, zero);
  if (overflow == Overflow::saturateToZero) return zero;
  if (overflow == Overflow::saturateSymmetric) range = symmetric(range);
  if (!wraps(overflow) || std::isinf(value)) return value > 0 ? range.hi : range.lo;
  // A double beyond 2^63 is a multiple of a power of two: reduce mantissa * 2^exponent by doubling.
  int exponent = 0;
  auto rest = static_cast<Wide>(std::ldexp(std::frexp(value, &exponent), 53));
  const Wide period = 2 * (static_cast<Wide>(range.hi) - range.lo + 1);
  for (exponent -= 53; exponent > 0; --exponent) rest = modulo(2 * modulo(rest, period), period);
  return wrapped(rest - range.lo, range, overflow == Overflow::wrapSignMagnitude);
}

Interval fitRange(Interval value, Interval range, Overflow overflow, std::int64_t zero) {
  overflow = effective(overflow, range);
  if (overflow == Overflow::saturateSymmetric) range = symmetric(range);
  if (range.contains(value)) return value;
  const Interval inside{std::max(value.lo, range.lo), std::min(value.hi, range.hi)};
  if (overflow == Overflow::saturateToZero)
    return inside.lo > inside.hi ? Interval{zero, zero} : join(inside, {zero, zero});
  if (!wraps(overflow))
    return {std::clamp(value.lo, range.lo, range.hi), std::clamp(value.hi, range.lo, range.hi)};
  // Fewer values than codes, all in one period (or one slope): the ends decide.
  const std::int64_t lo = fit(value.lo, range, overflow), hi = fit(value.hi, range, overflow);
  const Wide width = static_cast<Wide>(value.hi) - value.lo;
  if (static_cast<Wide>(hi) - lo == width) return {lo, hi};
  const bool reflects = overflow == Overflow::wrapSignMagnitude;
  if (reflects && static_cast<Wide>(lo) - hi == width) return {hi, lo};
  return range;
}

}  // namespace sluice::fixed

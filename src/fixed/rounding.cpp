#include "fixed/rounding.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sluice::fixed {
namespace {

constexpr std::array<const char*, 9> roundingNames = {
    "halfEven",         "floor",         "ceil", "towardZero", "awayFromZero", "halfUp", "halfDown",
    "halfAwayFromZero", "halfTowardZero"};

/// Where a number stands between the integer toward zero from it and the next one away from zero.
enum class Remainder : std::uint8_t { none, belowHalf, half, aboveHalf };

/// Whether the integer farther from zero is taken. All nine modes in one place, for doubles and shifts alike.
bool goesAway(Rounding rounding, Remainder remainder, bool negative, bool truncatedIsOdd) {
  if (remainder == Remainder::none) return false;
  switch (rounding) {
    case Rounding::floor:
      return negative;
    case Rounding::ceil:
      return !negative;
    case Rounding::towardZero:
      return false;
    case Rounding::awayFromZero:
      return true;
    default:
      break;
  }
  if (remainder != Remainder::half) return remainder == Remainder::aboveHalf;
  switch (rounding) {
    case Rounding::halfEven:
      return truncatedIsOdd;
    case Rounding::halfUp:
      return !negative;
    case Rounding::halfDown:
      return negative;
    case Rounding::halfAwayFromZero:
      return true;
    default:
      return false;  // halfTowardZero
  }
}

}  // namespace

const char* name(Rounding rounding) { return roundingNames[static_cast<std::size_t>(rounding)]; }

std::optional<Rounding> roundingFromName(std::string_view name) {
  const auto* found = std::find(roundingNames.begin(), roundingNames.end(), name);
  if (found == roundingNames.end()) return std::nullopt;
  return static_cast<Rounding>(found - roundingNames.begin());
}

double roundToInteger(double x, Rounding rounding) {
  if (!std::isfinite(x)) return x;
  // x - trunc(x) is exact, unlike x - floor(x), which loses the last bits of a small negative x.
  const double truncated = std::trunc(x);
  const double rest = std::fabs(x - truncated);
  const auto remainder = rest == 0    ? Remainder::none
                         : rest < 0.5 ? Remainder::belowHalf
                         : rest > 0.5 ? Remainder::aboveHalf
                                      : Remainder::half;
  const bool odd = std::fmod(truncated, 2.0) != 0;
  if (!goesAway(rounding, remainder, x < 0, odd)) return truncated;
  return x < 0 ? truncated - 1 : truncated + 1;
}

std::int64_t roundShiftRight(std::int64_t value, std::uint32_t bits, Rounding rounding) {
  SLUICE_CHECK(bits <= 63, "a shift by 64 or more has no meaning for 64-bit integers");
  if (bits == 0) return value;
  const std::int64_t floor = value >> bits;
  const std::uint64_t rest = static_cast<std::uint64_t>(value) & ((std::uint64_t{1} << bits) - 1);
  if (rest == 0) return floor;
  const std::uint64_t half = std::uint64_t{1} << (bits - 1);
  // Between zero and minus one the integer toward zero is the upper one, so the remainder is seen from above.
  const bool negative = value < 0;
  const std::int64_t truncated = negative ? floor + 1 : floor;
  const auto remainder = rest == half                ? Remainder::half
                         : (rest < half) != negative ? Remainder::belowHalf
                                                     : Remainder::aboveHalf;
  if (!goesAway(rounding, remainder, negative, (truncated & 1) != 0)) return truncated;
  return negative ? truncated - 1 : truncated + 1;
}

std::int64_t clampToRange(double x, Interval range) {
  if (std::isnan(x)) x = 0;
  // Doubles at and above 2^63 do not fit; below it, the conversion of an integer is exact.
  if (x >= 0x1.0p63) return range.hi;
  if (x < -0x1.0p63) return range.lo;
  return std::clamp(static_cast<std::int64_t>(x), range.lo, range.hi);
}

}  // namespace sluice::fixed

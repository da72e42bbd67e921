#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fixed/interval.h"

/// The only rounding code of Sluice: how a number that is no integer becomes one.
namespace sluice::fixed {

enum class Rounding : std::uint8_t {
  halfEven,          ///< to nearest, ties to even (QONNX ROUND, ap_fixed RND_CONV)
  floor,             ///< to minus infinity (FLOOR, TRN)
  ceil,              ///< to plus infinity (CEIL)
  towardZero,        ///< (ROUND_TO_ZERO, DOWN, TRN_ZERO)
  awayFromZero,      ///< (UP)
  halfUp,            ///< ties to plus infinity (RND)
  halfDown,          ///< ties to minus infinity (RND_MIN_INF)
  halfAwayFromZero,  ///< (HALF_UP of QONNX, RND_INF)
  halfTowardZero,    ///< (HALF_DOWN of QONNX, RND_ZERO)
};

/// "halfEven", as written in the text form of a graph; and back.
const char* name(Rounding rounding);
std::optional<Rounding> roundingFromName(std::string_view name);

/// The integer that `x` rounds to, exactly; infinities and NaN stay what they are.
double roundToInteger(double x, Rounding rounding);

/// round(value / 2^bits), exactly. bits <= 63.
std::int64_t roundShiftRight(std::int64_t value, std::uint32_t bits, Rounding rounding);

/// The integer of `range` nearest to `x`, which is an integer or infinite. NaN counts as 0.
std::int64_t clampToRange(double x, Interval range);

}  // namespace sluice::fixed

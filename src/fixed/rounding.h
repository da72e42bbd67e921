#pragma once

#include <cstdint>

/// How a real number becomes an integer. Only `fixed` rounds; everyone else names a mode.
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

}  // namespace sluice::fixed

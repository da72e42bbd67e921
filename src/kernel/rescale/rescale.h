#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernel/kernel.h"

/// Rescale, streamed: an affine requantizer for many codes.
///
///   v = a[c] * x[c] + b[c]
///   y[c] = clamp(v >> shift, range)                                    >> rounds to minus infinity
///   y[c] = clamp((v + 2^(shift-1) - 1 + bit `shift` of v) >> shift, range)    with tieToEven: to nearest,
///   ties to even
///
///   stage   1: x, a   2: product   3: v   4: rounded and shifted   5: clamped
///
/// A factor that all folds share is a constant, shifts and adds; others come from a small ROM, and the
/// multiplier is a DSP if both factors have at least 5 bits. `pack` elements a beat, II 1, depth 5 (4 without
/// rounding).
namespace sluice::kernel {

struct RescaleParams {
  std::uint32_t channels = 1;
  std::uint32_t pack = 1;  ///< elements of a beat; divides channels
  fixed::Interval input;
  std::vector<std::int64_t> a{1}, b{0};   ///< [channels or 1]
  std::uint32_t shift = 0;                ///< 0 .. 62
  fixed::Interval range;                  ///< of the clamp
  bool tieToEven = false;                 ///< needs shift >= 1
  std::optional<fixed::Interval> output;  ///< declared range of y; default: the proven one, inside `range`
};

/// Every value y can have is in it, and its ends are reached: the function is monotone in x.
fixed::Interval rescaleOutputRange(const RescaleParams& params);

/// Errors  badInput: pack, list lengths, shift, an empty clamp range, an output range that is too small;
///         unsupported: intermediate values beyond 62 bits
Result<Kernel> rescale(const RescaleParams& params);

/// DSP blocks of the kernel, exactly.
Result<std::uint32_t> rescaleDsps(const RescaleParams& params);

}  // namespace sluice::kernel

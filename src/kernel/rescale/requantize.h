#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "fixed/overflow.h"
#include "fixed/rounding.h"
#include "kernel/kernel.h"

/// Requantize, streamed: from one fixed-point format to another, a format for each channel if need be.
///
///   y[c] = fit(round(x[c] / 2^shift[c]), range[c])      fixed::roundShiftRight, fixed::fit; shift < 0: a left shift
///
///   stage   1: x   2: rounded, once for every different shift of the lane   3: fitted, and the fold's chosen
///
/// No multiplier: a lane has one path for each different (shift, range) among the channels it works on, and a mux by the
/// fold. `pack` elements a beat, II 1, depth 3. Implements ir::Requantize.
/// Does not apply to wrapSignMagnitude, nor to wrapping into ranges whose size is no power of two, where the value does
/// not stay inside anyway.
namespace sluice::kernel {

struct RequantizeParams {
  std::uint32_t channels = 1;
  std::uint32_t pack = 1;  ///< elements of a beat; divides channels
  fixed::Interval input;
  std::vector<std::int64_t> shift{0};   ///< [channels or 1], -62 .. 62
  std::vector<fixed::Interval> ranges;  ///< [channels or 1]
  fixed::Rounding rounding = fixed::Rounding::floor;
  fixed::Overflow overflow = fixed::Overflow::wrap;
  std::optional<fixed::Interval> output;  ///< declared range of y; default: the proven one
};

/// The hull of what the channels can give. Errors: those of requantize.
Result<fixed::Interval> requantizeOutputRange(const RequantizeParams& params);

/// Ports x, y.
/// Errors  badInput: pack, list lengths, a shift beyond 62, an empty range, an output range that is too small;
///         unsupported: values beyond 62 bits, overflow as above
Result<Kernel> requantize(const RequantizeParams& params);

}  // namespace sluice::kernel

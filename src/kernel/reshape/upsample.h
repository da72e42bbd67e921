#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/delay_line.h"
#include "kernel/kernel.h"

/// Upsample, streamed: every pixel of a map factorHeight x factorWidth times.
///
///   y[i][j][c] = x[i / factorHeight][j / factorWidth][c],   x [height][width][channels], `pack` channels a beat
///
///   loops   [height][factorHeight][width][factorWidth][channels/pack]
///   read x  in the first copy of a row and of a pixel;  write y always (stage 2)
///
/// A pixel's beats are kept in a delay line of one pixel, a row's in one of one row that steps once a pixel: what is
/// repeated goes in again. II 1: a frame takes as many iterations as y has beats.
/// Implements ir::Resize nearest by whole factors (asymmetric and half-pixel coordinates agree there), and ir::Expand:
/// from one pixel to a map, factors height and width; of one channel, channels = 1, width = h*w, factorWidth = channels, or
/// with beats of several copies, factorWidth * copies = channels.
namespace sluice::kernel {

struct UpsampleParams {
  std::uint32_t height = 1, width = 1, channels = 1;
  std::uint32_t pack = 1;  ///< divides channels
  std::uint32_t factorHeight = 1, factorWidth = 1;
  std::uint32_t copies =
      1;  ///< of every beat of x side by side in a beat of y, which then has copies * pack elements
  fixed::Interval range;
  BufferStyle rows = BufferStyle::automatic, pixels = BufferStyle::automatic;
  hdl::Family family = hdl::Family::xc7;
};

/// Ports x, y.
/// Errors  badInput: an empty map, a factor of 0, pack does not divide the channels; unsupported: a row beyond 2^30 beats
Result<Kernel> upsample(const UpsampleParams& params);

}  // namespace sluice::kernel

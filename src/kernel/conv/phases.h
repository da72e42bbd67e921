#pragma once

#include <optional>

#include "base/result.h"
#include "kernel/conv/conv.h"
#include "kernel/reshape/permute.h"
#include "kernel/reshape/slice.h"

/// A transposed convolution without the zeros: all phases of the output at once.
///
/// A convolution over a map with s - 1 positions inserted between pixels multiplies mostly padding: only every s-th row
/// and column of its kernel meets a pixel, and which ones depends on the output position modulo s alone, its phase. So
/// one window over the map itself, at (q, r), has all that the s x s outputs (s*q + a, s*r + b) need, and a product with
/// s * s times the outputs computes them together:
///
///   1-D, s = 2, kernel (w0 w1 w2), one column of padding:      x0 . x1 . x2
///     phase 0   y0 = w1 x0            y2 = w1 x1                 window (x_q, x_q+1), weights (w1, 0)
///     phase 1   y1 = w0 x0 + w2 x1    y3 = w0 x1 + w2 x2                               weights (w0, w2)
///
/// The products come as [row][column][phase row][phase column][channel]; permuted within a row of windows to [row][phase
/// row][column][phase column][channel] they are the rows of y in order. Where the height or width of y is no multiple of
/// s, the last phases of the last windows are cut off.
///
/// Against inserted padding: 1/(s*s) of the multiplications (zero weights counted), a buffer of one row of windows more,
/// no rows of padding in the row memory. Does not apply where the value inserted is another than that around the map, nor
/// where the pads differ so much that a window would not reach its pixels (unsupported: insert then).
namespace sluice::kernel {

struct PhaseParams {
  ConvParams
      conv;  ///< the convolution over the map with inserted positions: window.insertHeight, insertWidth > 1; stride
             ///< and dilation 1, one group. simd and pe are of the product of all phases
  std::uint32_t pack = 1;  ///< elements of a beat of y; divides phases across * output channels
};

/// What to build, in this order; width converters where beats differ are for the caller (conv's pe -> pack).
struct PhaseChain {
  ConvParams product;  ///< over the map itself, outChannels = phases * conv.outChannels
  PermuteParams rows;  ///< a pass is one row of windows
  std::optional<SliceParams> cut;
};

/// Errors  badInput: pack does not divide, nothing is inserted; unsupported: see above. Errors of the kernels come when they
///         are made
Result<PhaseChain> phases(const PhaseParams& params);

}  // namespace sluice::kernel

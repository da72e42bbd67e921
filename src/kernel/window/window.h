#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kernel/delay_line.h"
#include "kernel/kernel.h"

/// Sliding window: a feature map comes in pixel by pixel, and for every place of the window all its pixels go out.
/// A matrix-vector product behind it computes the convolution (conv/conv.h).
///
///   x   [height][width][channels]      channels last, `pack` of them a beat: channels/pack beats a pixel
///   y   [outHeight][outWidth][channels/pack][K / positionsAtOnce] beats, K = kernelHeight * kernelWidth; a beat holds
///       [positionsAtOnce][pack] elements. So the order of elements is always [channels/pack][kernelHeight][kernelWidth]
///       [pack], and positionsAtOnce = K (the default) gives all positions of the window, for `pack` channels, at once
///   outHeight = (inHeight + padTop + padBottom - (kernelHeight-1)*dilationHeight - 1) / strideHeight + 1, width alike
///   inHeight = (height-1) * insertHeight + 1: with insertHeight > 1 that many minus one rows of padding stand between
///   two rows (columns alike): the input of a transposed convolution
/// A position outside the map, or between inserted ones, is `padCode`. 1-D is height 1.
///
/// The scan. One iteration moves one beat along the rows of a grid that holds the map, the padding to its right and
/// the padding below it. Grid position (v, u) of channel fold c and position fold k, counted in iterations, is
/// (((v * columns + u) * folds + c) * positionFolds + k).
///
///   lemma   Pixel (r, q), fold c, is popped by the iteration at (r * insertHeight, lead + q * insertWidth, c, 0). The
///           window (i, j), folds c and k, is issued by the one at (firstRow + i*strideHeight, lead + firstColumn +
///           j*strideWidth, c, k): that of its lower right position. Its beat is pushed `depth` (1 to 3) cycles later.
///   because the lower right position is the last of the window that the scan reaches, and all others are at fixed
///           distances behind it: dilationHeight * columns * folds steps a row, dilationWidth * folds a column, where
///           a step is positionFolds iterations: nothing moves while a window goes out piece by piece.
///           So the window is a set of taps of one long delay line, whatever stalls.
///
/// Padding needs no stage of its own: where the scan is outside the map it reads nothing and puts padCode into the
/// delay line. What is left of a row's first column is the padding right of the row above (or, if the first window
/// lies in the first row, `lead` columns of padding before each row); what is above the first row is masked, because
/// there the line still holds the frame before. So frames follow each other without a gap, and the grid has only
/// max(left, right) columns and bottom rows more than the map.
///
/// A frame takes iterations(schedule) cycles at least: grid rows x columns x folds x positionFolds, windowScan() tells.
/// Nothing of the next frame is needed to finish one. (The price: where padding is below, some iterations read nothing.
/// A product behind it that takes two cycles or more a window beat hides them.) Fewer positions at once save the wide
/// beat, its FIFO and a converter, but then every grid position takes positionFolds iterations, also where no window is
/// complete: with strides a converter behind the full window is faster.
///
/// Storage: (kernelHeight-1) * dilationHeight rows in one memory, kernelHeight * (kernelWidth-1) elements a column step
/// in another, each a delay line in registers, SRL, LUT RAM or block RAM.
namespace sluice::kernel {

struct WindowParams {
  std::uint32_t height = 1, width = 1, channels = 1;
  std::uint32_t pack = 1;  ///< elements of an input beat; divides channels
  std::uint32_t kernelHeight = 1, kernelWidth = 1;
  std::uint32_t strideHeight = 1, strideWidth = 1;
  std::uint32_t dilationHeight = 1, dilationWidth = 1;
  std::uint32_t padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
  std::uint32_t insertHeight = 1, insertWidth = 1;  ///< > 1 only where the stride of the same axis is 1
  std::uint32_t positionsAtOnce = 0;                ///< of a window, in one beat; divides K; 0: all
  std::int64_t padCode = 0;
  fixed::Interval input;
  BufferStyle rows = BufferStyle::automatic, columns = BufferStyle::automatic;
  hdl::Family family = hdl::Family::xc7;  ///< for automatic buffers
};

/// What follows from the parameters.
struct WindowScan {
  std::uint32_t outHeight = 0, outWidth = 0;
  std::uint32_t folds = 1;              ///< beats of a pixel
  std::uint32_t positionFolds = 1;      ///< beats of a window and channel fold
  std::uint32_t positions = 1;          ///< kernelHeight * kernelWidth
  std::uint32_t rows = 0, columns = 0;  ///< of the grid
  std::uint32_t lead = 0;               ///< columns of the grid before the map
  std::uint32_t firstRow = 0,
                firstColumn = 0;  ///< lower right position of the first window, in rows and columns of the
                                  ///< map with its inserted ones
  fixed::Interval output;         ///< of the elements of y: input and, if there is padding, padCode
  [[nodiscard]] std::uint64_t iterations() const {
    return std::uint64_t{rows} * columns * folds * positionFolds;
  }
};

/// Errors  badInput: an empty map, kernel, stride, dilation or insertion; pack does not divide the channels or positionsAtOnce the kernel; the kernel
///         is larger than the padded map; an empty input range;
///         unsupported: a window would lie in the padding alone; stride and insertion on one axis; more than 2^31
///         iterations
Result<WindowScan> windowScan(const WindowParams& params);

/// Ports x, y. Errors: those of windowScan; unsupported: more than 2^16 elements in a beat of y.
Result<Kernel> window(const WindowParams& params);

}  // namespace sluice::kernel

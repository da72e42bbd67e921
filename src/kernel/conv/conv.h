#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/dense/dense.h"
#include "kernel/window/window.h"

/// Convolution, streamed: a sliding window, and the matrix-vector product of dense behind it.
///
///   y[i][j][m] = bias[m] + sum_{ky, kx, c} w[ky][kx][c][m] * x[i*stride + ky*dilation - pad][..][first(m) + c]
///
/// with c over the channels/groups inputs of m's group. Implements ir::CodeConv (1-D: height 1; its padding counts as
/// x's zero point: window.padCode). Depthwise is groups == channels, pointwise a kernel of 1 x 1, dense a map of one
/// pixel. A transposed convolution is window.insertHeight/Width (ir::Pad with `between`, folded in) and the kernel turned
/// round by whoever made the weights.
///
/// The chain of kernels, each with a FIFO before it:
///
///   x --> window --> width converter --> product --> y
///         [K * pack] elements a beat --> [simd]      [pe]
///
///   * window     none where the kernel is one pixel, unit stride, no padding, nothing inserted
///   * converter  none where simd is already what comes out of the window (window.positionsAtOnce * pack), or of x (pack)
///   * product    dense with its rows in the order in which elements come: channel fold, kernel row, kernel column,
///                channel in the fold
///
/// Folds are independent: `pack` channels at once come into the window, window.positionsAtOnce come out (all, unless few
/// multipliers make the wide beat not worth while: see window/window.h); `simd`, any divisor of the elements of a
/// product, is how many are multiplied at once (kernel positions x channels); `pe`, any divisor of its outputs, how many
/// outputs are worked on. So every reuse factor (inputs/simd) * (outputs/pe) is legal.
///
/// Groups. A product is made of `lanes` groups side by side, the fewest whose channels fill whole window beats: a
/// depthwise convolution with pack 4 works on four channels at once. What would multiply one group's inputs for another
/// group's outputs has weight 0 in all folds and vanishes (ProductForm::none). Products of a frame follow each other
/// (DenseParams::groups). Where simd is a multiple of pack, no multiplier of a depthwise convolution ever idles.
///
/// Facts   frame interval = max over the kernels of their iterations (ConvFacts); a FIFO of a few beats behind the window
///         hides the iterations in which the scan is in the padding, if the product takes two cycles a window beat or
///         more. Order of y: rows, columns, channels; pe channels a beat.
namespace sluice::kernel {

struct ConvParams {
  WindowParams window;  ///< geometry, x's interval and beat, padCode = x's zero point
  std::uint32_t outChannels = 1;
  std::uint32_t groups = 1;           ///< divides channels and outChannels
  std::vector<std::int64_t> weights;  ///< [kernelHeight][kernelWidth][channels/groups][outChannels]
  std::vector<std::int64_t> bias;     ///< [outChannels], or empty: zeros
  std::uint32_t simd = 1;             ///< divides ConvFacts::productInputs
  std::uint32_t pe = 1;               ///< divides ConvFacts::productOutputs
  std::optional<fixed::Interval>
      output;  ///< declared range of y; must hold the proven one, which is the default
  MultiplierStyle multiplier = MultiplierStyle::automatic;
  WeightMemory memory = WeightMemory::automatic;
  std::uint32_t levelsPerStage = 1;
};

/// What follows from shapes and pack; simd, pe and weights are not looked at, except for the iterations.
struct ConvFacts {
  std::uint32_t outHeight = 0, outWidth = 0;
  bool hasWindow = true;
  std::uint32_t windowBeat = 1;  ///< elements of a beat that comes to the product, before the converter
  std::uint32_t lanes = 1;       ///< groups in one product
  std::uint32_t products = 1;    ///< of an output pixel: groups / lanes
  std::uint32_t productInputs = 1, productOutputs = 1;  ///< of one product: K * channels/groups * lanes, and
                                                        ///< outChannels/groups * lanes
  std::uint64_t multiplications = 0;                    ///< of a frame, zero weights counted, other lanes not
  std::uint64_t windowIterations = 0;                   ///< of a frame; 0 without a window
  std::uint64_t productIterations = 0;                  ///< of a frame
};

/// Errors  those of windowScan; badInput: groups that do not divide
Result<ConvFacts> convFacts(const ConvParams& params);

struct ConvKernels {
  std::optional<Kernel> window;     ///< ports x, y
  std::optional<Kernel> converter;  ///< ports x, y
  Kernel product;                   ///< ports x, y
};

/// Errors  those of convFacts, widthConverter and dense; badInput: weights or biases of the wrong number, folds that do
///         not divide
Result<ConvKernels> conv(const ConvParams& params);

/// The product alone, with its weights in the order of the stream.
Result<DenseParams> convProduct(const ConvParams& params);

}  // namespace sluice::kernel

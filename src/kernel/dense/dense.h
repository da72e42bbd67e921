#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "kernel/kernel.h"

/// Dense, streamed: a matrix-vector product, spread over time.
///
///   y[j] = bias[j] + sum_i w[i][j] * x[i],   x [nIn], w [nIn][nOut] -> y [nOut]
///
/// `simd` inputs and `pe` outputs are worked on at once, so simd*pe multipliers do the work in
/// RF = (nIn/simd) * (nOut/pe) cycles a vector: the reuse factor. With `groups` > 1 a frame is that many products one
/// after the other, each with its own inputs, weights and outputs (a grouped or depthwise convolution). The loop nest
/// is
///
///   loops   [group < groups][outFold < nOut/pe][inFold < nIn/simd]      (without the first if groups == 1)
///   read x  when outFold == 0      simd elements; kept in a small memory if there are more output folds
///   write y when inFold == last    pe elements, outputs outFold*pe + p
///
///   stage 0      1         2               ...            T          T+1
///         pop x  x, w  ->  products  ->  adder tree  ->  sum  ->  accumulator, y
///
/// What makes it small
///   * Widths are proven from the actual weights: every product, every partial sum and the accumulator of
///   every
///     multiplier position hold exactly what can occur there, over all folds and prefixes of the sum.
///   * A position whose weight is 0 in every fold does not exist. One whose weight is the same in every fold
///   is a
///     constant multiplication (shifts and adds). Weights that vary are a field of one wide ROM.
///   * Where fold address and x together have at most 6 bits, the product is one table of them: no weight is
///   stored.
///   * The bias starts the accumulator (or is a term of the tree if the sum has one fold), so it costs no
///   adder stage.
///   * Two products of one x are one DSP block where it holds them, if asked for (product_pair.h). Bits of correction are
///     terms of the tree, which then has up to twice as many: one level more.
/// Multipliers are logic or DSP blocks by one rule, so that the number of DSP blocks is known exactly:
/// denseDsps().
///
/// Does not apply to weights that come over a stream, or that change at run time.
namespace sluice::kernel {

enum class MultiplierStyle : std::uint8_t {
  automatic,  ///< DSP if both factors have at least 5 bits and at most 18 (signed) and no table of fold and x does
              ///< it, else logic
  logic,  ///< never a DSP
  dsp,    ///< every variable weight a DSP, if its product has 9 bits or more: synthesis builds none for less
  dspPairs,  ///< as dsp, but two products a DSP where legal, those of fewer bits too
};

enum class WeightMemory : std::uint8_t {
  automatic,  ///< blockRam from 256 folds and 8 kbit on, else logic
  logic,      ///< look-up tables
  blockRam,
};

struct DenseParams {
  std::uint32_t nIn = 1, nOut = 1;    ///< of one product
  std::uint32_t simd = 1;             ///< elements of an input beat; divides nIn
  std::uint32_t pe = 1;               ///< elements of an output beat; divides nOut
  fixed::Interval input;              ///< of every element of x
  std::vector<std::int64_t> weights;  ///< [groups][nIn][nOut], row-major
  std::vector<std::int64_t> bias;     ///< [groups][nOut], or empty: zeros
  std::optional<fixed::Interval>
      output;  ///< declared range of y; must hold the proven one, which is the default
  MultiplierStyle multiplier = MultiplierStyle::automatic;
  WeightMemory memory = WeightMemory::automatic;
  std::uint32_t levelsPerStage =
      1;  ///< adders between two registers of the tree, >= 1 (more: docs/rationale/kernel.md)
  std::uint32_t groups = 1;               ///< products of a frame
  hdl::Family family = hdl::Family::xc7;  ///< which pairs of products a DSP block holds
};

/// The proven range of y over all outputs: exact, from the range of x and the weights.
fixed::Interval denseOutputRange(const DenseParams& params);

/// Errors  badInput: sizes that do not divide or fit, or an output range that is too small;
///         unsupported: sums beyond 62 bits, DSP multipliers beyond 25 x 18 signed bits
Result<Kernel> dense(const DenseParams& params);

/// DSP blocks of the kernel, exactly: every product, and every pair of params.family, fits one block.
Result<std::uint32_t> denseDsps(const DenseParams& params);

}  // namespace sluice::kernel

#pragma once

#include "kernel/dense/dense.h"

/// Weights that live outside and come over a stream: where a network's weights are more than its device holds, or change
/// while it runs.
///
/// Product. As dense (dense.h), but every iteration reads one beat of weights, pe * simd of them:
///
///   loops   [outFold < nOut/pe][inFold < nIn/simd]
///   read x  when outFold == 0      simd elements; kept for the later output folds
///   read w  always                 element p*simd + s: the weight of input inFold*simd + s and output outFold*pe + p
///   write y when inFold == last    pe elements
///
///   stage 0           1         2               ...            T          T+1
///         pop x, w    x, w  ->  products  ->  adder tree  ->  sum  ->  accumulator, y
///
/// Buffer. A product that is done many times a frame (a convolution: once a pixel) takes the same weights each time. They
/// come over the port once a frame:
///
///   loops   [pass < passes][beat < beats]
///   read w  when pass == 0         and given on at once, and kept
///   write   always                 later passes: from the memory
///
/// Double-buffered it is together with the FIFO in front of it: while the memory serves this frame, the FIFO takes the
/// weights of the next one. How many places that needs follows from how fast the port is (its elements a beat), and the
/// sizer finds it, as of any other FIFO: none where the port keeps up, a whole set where weights trickle in during the frame.
/// The memory's places and the FIFO's credits are the tokens that go back. Rejected: one memory of two halves; it holds two
/// sets always, and starts with an iteration that reads a set and works on none.
namespace sluice::kernel {

struct StreamedDenseParams {
  std::uint32_t nIn = 1, nOut = 1;
  std::uint32_t simd = 1, pe = 1;  ///< divide nIn and nOut
  fixed::Interval input;           ///< of every element of x
  fixed::Interval weight;          ///< of every weight
  std::vector<std::int64_t> bias;  ///< [nOut], or empty: zeros; these stay inside
  /// What comes, [nIn][nOut], row-major, if that is known: sums are then as wide as these weights need, and others are
  /// right as long as their sums stay within the same ranges. Empty: any weights of the range.
  std::vector<std::int64_t> promised;
  MultiplierStyle multiplier =
      MultiplierStyle::automatic;  ///< automatic: DSP if both factors have 5 to 18 bits; dspPairs: as dsp
};

/// Ports x, w, y. Errors  badInput: sizes that do not divide or fit; unsupported: sums beyond 62 bits
Result<Kernel> streamedDense(const StreamedDenseParams& params);

/// Weights [nIn][nOut] in the order in which the product reads them.
std::vector<std::int64_t> weightsInOrder(const StreamedDenseParams& params,
                                         const std::vector<std::int64_t>& weights);

struct WeightBufferParams {
  std::uint32_t beats = 1;     ///< of a set
  std::uint32_t elements = 1;  ///< of a beat
  fixed::Interval range;
  std::uint64_t passes = 2;  ///< how often each set is given out, >= 2
};

/// Ports w, y. Errors  badInput
Result<Kernel> weightBuffer(const WeightBufferParams& params);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernel/kernel.h"

/// Concatenate and split, streamed: beats of several streams one after the other, and back.
///
/// Along an axis, row-major streams take turns: inputs [outer][n_k][inner] give, for each of `outer` rounds, n_0 * inner
/// elements of the first, then n_1 * inner of the second, ... So a round is a number of beats of each input:
///
///   channels of a map [h][w][c_k]      rounds h*w, c_k / pack beats each
///   columns of a map                   rounds h,   w_k * c / pack beats each
///   rows of a map                      one round,  h_k * w * c / pack beats each
///
///   loops   [beat of the round]     one pass is one round
///   concat  read x_k in its beats, write y always (stage 1)
///   split   read x always, write y_k in its beats (stage 0)
///
/// II 1: a frame takes as many iterations as it has beats in all. Nothing is stored: while one input has its turn the
/// others wait in their FIFOs (dataflow::sizeChannels finds how much they hold).
/// Implements ir::Concat; split: several ir::Slice of one tensor that together take all of it.
namespace sluice::kernel {

struct ConcatInput {
  fixed::Interval range;
  std::uint32_t beats = 1;  ///< of a round
};

struct ConcatParams {
  std::uint32_t pack = 1;  ///< elements of every beat
  std::vector<ConcatInput> inputs;
};

/// Ports x0, x1, ...; y, whose range is the hull of all.
/// Errors  badInput: no inputs, an empty range, no elements, an input of no beats
Result<Kernel> concat(const ConcatParams& params);

struct SplitParams {
  std::uint32_t pack = 1;
  fixed::Interval range;
  std::vector<std::uint32_t> beats;  ///< of a round, per output
};

/// Ports x; y0, y1, ... Errors: as concat.
Result<Kernel> split(const SplitParams& params);

}  // namespace sluice::kernel

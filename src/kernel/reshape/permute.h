#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernel/delay_line.h"
#include "kernel/kernel.h"

/// Permute, streamed: the axes of a tensor in another order, by a buffer of one frame. Implements ir::Transpose. (A
/// reshape or flatten moves nothing: it is at most a width converter.)
///
///   y[i_perm(0), i_perm(1), ...] = x[i_0, i_1, ...],   axes of the row-major stream, in beats of `pack` elements. If the
///   last axis stays last it may be packed; else pack is 1.
///
///   loops   [n < beats + lag]
///   read  x when n < beats             beat n, into word n
///   write y when n >= lag (stage 2)    output beat n - lag
///   lag   the least with which no output beat is asked for before the iteration after the one that reads it:
///         1 + max over outputs m of (position of output m in x, minus m)
///
/// The address of an output is a register: going one step on adds the step of the loop that moves, less the way back of
/// the loops inside it that return to 0. A frame takes beats + lag iterations, and lag is nearly a frame where the
/// slowest axis becomes the fastest. (Two buffers in one kernel would not be faster: an iteration that must read the next
/// frame to write the last one would let no frame end before the next begins.)
namespace sluice::kernel {

struct PermuteParams {
  std::vector<std::uint32_t> shape;        ///< of x, outermost first, the last axis in beats
  std::vector<std::uint32_t> permutation;  ///< axis k of y is axis permutation[k] of x
  std::uint32_t pack = 1;                  ///< 1 unless the last axis stays last
  fixed::Interval range;
  BufferStyle buffer = BufferStyle::automatic;  ///< shiftRegister is built as lutRam
  hdl::Family family = hdl::Family::xc7;
};

/// Iterations between the first beat read and the first written. Errors: those of permute.
Result<std::uint32_t> permuteLag(const PermuteParams& params);

/// Ports x, y.
/// Errors  badInput: an empty axis, no permutation of the axes, packed beats that are torn apart;
///         unsupported: more than 2^22 beats
Result<Kernel> permute(const PermuteParams& params);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernel/kernel.h"

/// Slice and pad, streamed: a part of a tensor, and a tensor in a larger one. Axes are those of the row-major stream, the
/// last counted in beats of `pack` elements.
///
///   slice   loops over x, two a stepped axis; read every beat, write those kept, at stage 0. Implements ir::Slice: crop,
///           strided slices, one part of a split.
///   pad     loops over y; write every beat (stage 1), read where x is, padCode elsewhere. Implements ir::Pad. (In front of
///           a window or pool it is not needed: they pad by themselves.) The first beat of x is read in the first
///           iteration and kept until its place: else padding in front would be written for a frame that never comes.
///
/// II 1: a frame takes as many iterations as the larger tensor has beats; with a step that does not divide its axis (pad:
/// with pixels between), that axis counts rounded up to a multiple of the step.
namespace sluice::kernel {

struct SliceAxis {
  std::uint32_t extent = 1;
  std::uint32_t begin = 0, count = 1;  ///< begin, begin + step, ...: so many
  std::uint32_t step = 1;
};

struct SliceParams {
  std::uint32_t pack = 1;
  fixed::Interval range;
  std::vector<SliceAxis> axes;  ///< outermost first
};

/// Ports x, y. Errors  badInput: an empty axis, a part beyond it, a step of 0, no elements
Result<Kernel> slice(const SliceParams& params);

struct PadAxis {
  std::uint32_t extent = 1;
  std::uint32_t before = 0, after = 0;
  std::uint32_t between = 0;  ///< between neighbours of x
};

struct PadParams {
  std::uint32_t pack = 1;
  fixed::Interval range;
  std::int64_t padCode = 0;
  std::vector<PadAxis> axes;  ///< outermost first
};

/// Ports x, y (range: with padCode). Errors  badInput: an empty axis, no elements; unsupported: an axis beyond 2^30
Result<Kernel> pad(const PadParams& params);

}  // namespace sluice::kernel

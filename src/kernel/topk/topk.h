#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/kernel.h"

/// Top-k and arg-max, streamed: the indices of the k largest of n elements, largest first; of equal ones the
/// lower index first.
///
///   loops   [beat < n/pack]      read x every iteration, write y when beat == last (k indices in one beat)
///
/// k = 1: a tree over the beat finds its best element and its place (the right one wins only if it is
/// strictly larger), one register a level; the winner meets the best so far, again with "strictly larger", so
/// earlier indices win ties. k > 1: beats of one element. k registers hold the list in order; a new element
/// shifts the tail down from where it is strictly larger. All comparisons are against registers, so it takes
/// one element a cycle whatever k is.
namespace sluice::kernel {

struct TopKParams {
  std::uint32_t n = 1;     ///< elements of a frame
  std::uint32_t pack = 1;  ///< elements of an input beat; divides n; 1 if k > 1
  std::uint32_t k = 1;     ///< 1 .. n
  fixed::Interval input;
};

/// y: indices in [0, n-1].
/// Errors  badInput: pack does not divide n, k outside 1 .. n, pack > 1 with k > 1 (put a width converter in
/// front)
Result<Kernel> topK(const TopKParams& params);

}  // namespace sluice::kernel

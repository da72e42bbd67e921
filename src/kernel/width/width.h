#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/kernel.h"

/// Width converter: the same elements in the same order, in beats of another size.
///
/// `from` elements a beat become `to` elements a beat. One pass moves lcm(from, to) elements in as many
/// iterations as the narrower side has beats, so the narrower side never waits for the converter. Three
/// shapes:
///
///   split   from = r * to     load a beat, then shift it out                       no mux but load or shift
///   join    to = r * from     shift beats in from above                            no mux at all
///   mixed   3 -> 4            read every iteration, write in 1, 2, 3 of 0..3;      the leftover (at most
///                             what is where in which iteration is fixed            from + to - gcd elements)
///                             is muxed by the loop counter
///
/// A frame ends where a pass ends only if its elements divide by both sizes; otherwise elements of two frames
/// would share a beat: who builds the network checks that (widthFits).
namespace sluice::kernel {

struct WidthParams {
  std::uint32_t from = 1, to = 1;  ///< elements of a beat
  fixed::Interval range;           ///< of every element
};

/// Whether frames of so many elements can be moved in beats of both sizes.
bool widthFits(std::uint64_t elementsPerFrame, std::uint32_t from, std::uint32_t to);

/// Errors  badInput: a size of 0; unsupported: more than 1024 iterations a pass
Result<Kernel> widthConverter(const WidthParams& params);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>
#include <vector>

#include "dataflow/schedule.h"
#include "kernel/kernel.h"

/// Positions of a loop nest as sets of iterations: what kernels over feature maps say their accesses with.
///
/// A schedule tests one counter against one number. Strides come from split loops: an axis of 9 positions with
/// step 2 is two loops, coarse of 5 and fine of 2, position = 2 * coarse + fine. "Every second position from 3
/// on" is then fine == 1 and coarse >= 1, and "positions 3 .. 7" a union of three such tests.
namespace sluice::kernel {

/// One coordinate of a loop nest, as a coarse and a fine loop.
struct Axis {
  std::uint32_t coarse = 0, fine = 0;  ///< indices of its loops
  std::uint32_t step = 1;              ///< extent of the fine loop
};

/// All tests of a list must hold; of several lists one (Schedule: several accesses of one stream are a union).
using Tests = std::vector<dataflow::When>;
using AnyOf = std::vector<Tests>;

/// Appends the two loops of an axis that holds at least `extent` positions (a multiple of `step`).
Axis addAxis(dataflow::Schedule& schedule, std::uint32_t extent, std::uint32_t step);

/// Positions from, from+1, ... below `to`.
AnyOf interval(const Axis& axis, std::uint32_t from, std::uint32_t to);

/// Positions first, first + stride, ...: `count` of them. stride is 1 or the step of the axis.
AnyOf progression(const Axis& axis, std::uint32_t first, std::uint32_t count, std::uint32_t stride);

/// Iterations that are in both sets.
AnyOf bothOf(const AnyOf& a, const AnyOf& b);

/// Adds the accesses of a port.
void addAccesses(dataflow::Schedule& schedule, std::uint32_t port, dataflow::Direction direction,
                 std::uint32_t stage, const AnyOf& when);

/// Whether the iteration is in the set, stage 0.
Pipeline::Value holdsAny(Pipeline& pipeline, const AnyOf& when);

}  // namespace sluice::kernel

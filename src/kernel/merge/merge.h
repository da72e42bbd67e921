#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernel/kernel.h"

/// Merge, streamed: the sum of several streams on their common dyadic grid (a skip connection, partial sums
/// of a split).
///
///   y = sum_k x_k * 2^shift[k]
///
/// An iteration pops one beat of every input, so the inputs wait for one another: the FIFO of the shorter
/// branch must hold what the longer one is behind (dataflow::sizeChannels finds how much). A balanced tree of
/// adders, a register after each; II 1, depth = levels of the tree.
namespace sluice::kernel {

struct MergeInput {
  fixed::Interval range;
  std::uint32_t shift = 0;
};

struct MergeParams {
  std::uint32_t pack = 1;                 ///< elements of every beat
  std::vector<MergeInput> inputs;         ///< at least one
  std::optional<fixed::Interval> output;  ///< declared range of y; default: the proven one
};

/// Exact, for inputs that are independent.
Result<fixed::Interval> mergeOutputRange(const MergeParams& params);

/// Ports x0, x1, ...; y.
/// Errors  badInput: no inputs, an output range that is too small; unsupported: sums beyond 62 bits
Result<Kernel> merge(const MergeParams& params);

}  // namespace sluice::kernel

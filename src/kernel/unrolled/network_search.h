#pragma once

#include <cstdint>
#include <optional>

#include "kernel/unrolled/sum_network.h"

/// The search behind adderGraph: many starts, then taking the best one apart, again and again.
///
/// One greedy run (pattern_search.h) decides early and never looks back. Two remedies, both cheap because a
/// greedy run is:
///
///     starts     the matrix itself, and the matrix as differences of its rows, its columns, or both
///                (difference_start.h), the trees drawn anew each time; the best network goes on
///     repairs    some inner sums that lie close together are dissolved into the sums that use them, and the
///                greedy run decides anew there, breaking ties by lot. What is not worse is kept.
///
/// For 16 x 16 weights of 8 bits a single greedy run leaves 355 adders, the best of ten starts 341, and
/// repairs take another 3 in ten milliseconds, 10 in a second.
///
/// How long it goes on is counted in units of work, not in seconds, so the same problem has the same answer
/// on every machine.
namespace sluice::kernel {

struct NetworkEffort {
  std::uint64_t work = 0;  ///< units of about a nanosecond; 0: one greedy run on the matrix itself
  std::uint64_t seed = 1;
};

/// A network of `problem`, of depth at most `depthLimit` (>= leastDepth(problem)). `problem` passes check and
/// its weights are below 2^30.
SumNetwork searchNetwork(const MatrixVector& problem, std::optional<std::uint32_t> depthLimit,
                         const NetworkEffort& effort);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>

#include "kernel/unrolled/adder_graph.h"

/// The greedy pattern search behind adderGraph (adder_graph.h tells the idea); for adder_graph.cpp and
/// experiments.
namespace sluice::kernel {

/// What the search prefers. Every rule is static for a pattern except for its count.
struct SearchRule {
  enum class Weight : std::uint8_t {
    count,  ///< adders saved
    bits,   ///< adder bits saved, about: count * width of the overlap
  };
  Weight weight = Weight::count;
  /// Among equal counts: the shallower node first (else the narrower first).
  bool shallowFirst = true;
  /// Among patterns still equal: 0 the lower ids first, else an order drawn from this seed.
  std::uint64_t seed = 0;
};

/// Depths are at most `depthLimit` (>= leastDepth(problem)); ranges and depths are not yet filled in, dead
/// nodes may be left. `problem` passes check.
AdderGraph searchAdderGraph(const MatrixVector& problem, std::uint32_t depthLimit, const SearchRule& rule);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>

#include "kernel/unrolled/adder_graph.h"

/// The greedy pattern search behind adderGraph (adder_graph.h tells the idea); for adder_graph.cpp and
/// experiments.
namespace sluice::kernel {

/// What the search prefers. Of patterns that weigh the same, those go first whose rarer node has the fewest
/// terms left (it has the fewest other ways to be shared), then those of newer nodes: measured over the
/// benchmark matrices, that is worth one percent of the adders against shallow or narrow nodes first.
struct SearchRule {
  enum class Weight : std::uint8_t {
    count,    ///< occurrences: adders saved
    overlap,  ///< occurrences * (20 + bits in which both operands are present): about as many adders, 1.5 %
              ///< fewer bits
    bits,     ///< (occurrences - 1) * width of the sum
  };
  Weight weight = Weight::count;
  /// 0: newer nodes first, as above; else in an order drawn from this seed.
  std::uint64_t seed = 0;
};

/// Depths are at most `depthLimit` (>= leastDepth(problem)); ranges and depths are not yet filled in, dead
/// nodes may be left. `problem` passes check.
AdderGraph searchAdderGraph(const MatrixVector& problem, std::uint32_t depthLimit, const SearchRule& rule);

}  // namespace sluice::kernel

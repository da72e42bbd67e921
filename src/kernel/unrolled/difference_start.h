#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/unrolled/sum_network.h"

/// Starts for the search that write columns, or rows, as differences of one another.
///
/// Columns of W that resemble each other are cheaper through one another: y_d = +-2^s y_c + x * e, if e = w_d
/// -+ 2^s w_c has fewer digits than w_d. The cheapest such plan is a spanning tree over the columns and a zero
/// column as root. The same of rows, by transposition: with w_j = +-2^s w_i + e, x_i and x_j meet in z_i = x_i
/// +- 2^s x_j, which is used with the weights w_i, and x_j with e.
///
/// Patterns (pattern_search.h) find what rows or columns have in common digit by digit; differences also find
/// 7 = 8 - 1 beside 9 = 8 + 1 beside 16. On most matrices they gain nothing, on some of few columns a tenth.
///
/// Source   for columns: the two stages of da4ml (Sun et al., "da4ml: Distributed Arithmetic for Real-time Neural
///          Networks on FPGAs", 2025). Ours differs: rows too, shifted differences, no second stage (the tree is
///          where the one search starts), and depth by Kraft's inequality instead of a bound on the tree.
namespace sluice::kernel {

struct Differences {
  /// What is done in turn: 'r' for differences of rows, 'c' of columns.
  std::string_view steps;
  std::uint32_t maxHeight = 0xffffffffu;  ///< edges on the longest way of a tree, without the root's
  /// 0: the cheapest trees. Else edges count up to two digits more, as drawn.
  std::uint64_t seed = 0;
};

/// A network of `problem` with inner sums along the trees. None if there is no edge to take or the depth
/// limit is exceeded.
std::optional<SumNetwork> differenceStart(const MatrixVector& problem,
                                          std::optional<std::uint32_t> depthLimit, const Differences& which);

}  // namespace sluice::kernel

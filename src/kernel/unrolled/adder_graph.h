#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "fixed/interval.h"

/// Adder graphs: a matrix-vector product with constant weights, as shared additions.
///
/// In the unrolled regime y = x * W is computed anew every cycle and W never changes, so a multiplication is
/// only shifts (wires) and additions. Write every weight in canonical signed digits (CSD: digits -1, 0, 1, no
/// two neighbours nonzero; the fewest nonzero digits there are). A column of W is then a sum of *terms* sign
/// * (x_i << shift), and needs (terms - 1) adders alone. The columns together need far fewer, because pairs
/// of terms recur:
///
///     y0 = 3 x0 + 3 x1 = (x0<<2) - x0 + (x1<<2) - x1          3 adders alone
///     y1 =   x0 +   x1                                        1
///     u  = x0 + x1;   y0 = (u<<2) - u;   y1 = u               2 together
///
/// The search (network_search.h) finds what columns have in common, builds it once and uses it wherever it
/// occurs, until nothing occurs twice (pattern_search.h); it starts from the matrix and from the matrix as
/// differences of its rows or columns (difference_start.h), and takes its best answer apart again for as long
/// as it is given. What is left of each column is summed by a tree (sum_trees.h).
///
/// Depth is adders on the longest path and decides the pipeline's registers, so it can be bounded: terms at
/// depths l_1, l_2, ... can be summed within depth D exactly if sum 2^l_k <= 2^D (Kraft's inequality: combine
/// the two shallowest, again and again). The search keeps that sum for each column and takes an occurrence
/// only where it still holds afterwards, so a bound is met by construction, at each step, and not by luck.
///
/// Whatever a search returns is checked by `verify`, which knows nothing of searches: it expands the linear
/// form of every output in exact integers and compares it with W.
///
/// Where it does not pay: weights with many bits and few columns (little recurs); inputs so wide that a DSP
/// block multiplies for less; and one that changes at run time, which needs a multiplier.
///
/// Source   the pattern search goes back to Potkonjak, Srivastava and Chandrakasan, "Multiple constant
///          multiplications" (1996), and Hosangadi, Fallah and Kastner, "Optimizing polynomial expressions by
///          algebraic factorization and CSE" (2006). Ours differs: all shortest digit forms at once, patterns of
///          sums beside patterns of operands, the exact depth budget by Kraft's inequality, lazy counts, and
///          repairs of what one greedy run decided.
namespace sluice::kernel {

/// y = x * W, to be computed.
struct MatrixVector {
  std::uint32_t rows = 0;                 ///< inputs
  std::uint32_t columns = 0;              ///< outputs
  std::vector<std::int64_t> weights;      ///< [rows, columns], |w| < 2^61
  std::vector<fixed::Interval> inputs;    ///< [rows], what is known of each input
  std::vector<std::uint32_t> inputDepth;  ///< [rows], adders already on the way to each; empty: none
};

struct AdderGraph {
  /// value = signA * (a << shiftA) + signB * (b << shiftB). Nodes 0 .. inputs-1 are the inputs, node inputs +
  /// k is ops[k]; a and b are earlier nodes. At most one sign is negative unless no other way exists.
  struct Op {
    std::uint32_t a = 0, shiftA = 0;
    std::int32_t signA = 1;
    std::uint32_t b = 0, shiftB = 0;
    std::int32_t signB = 1;
    fixed::Interval range;    ///< exact: both ends are reached by inputs within their intervals
    std::uint32_t depth = 0;  ///< adders on the longest path, this one included
    bool operator==(const Op&) const = default;
  };
  /// y = sign * (node << shift); 0 without a node.
  struct Output {
    std::optional<std::uint32_t> node;
    std::uint32_t shift = 0;
    std::int32_t sign = 1;
    bool operator==(const Output&) const = default;
  };
  std::vector<fixed::Interval> inputs;
  std::vector<std::uint32_t> inputDepth;
  std::vector<Op> ops;
  std::vector<Output> outputs;

  [[nodiscard]] std::uint32_t nodes() const { return static_cast<std::uint32_t>(inputs.size() + ops.size()); }
  [[nodiscard]] fixed::Interval range(std::uint32_t node) const;
  [[nodiscard]] std::uint32_t depthOf(std::uint32_t node) const;
  /// Of the deepest output; inputs count with their own depth.
  [[nodiscard]] std::uint32_t depth() const;
  /// Bits that really add, over all ops: an operand's low bits that meet no bit of the other are wires.
  [[nodiscard]] std::uint64_t adderBits() const;
  /// Outputs with sign -1: a subtraction more unless the reader can take the negated value.
  [[nodiscard]] std::uint32_t negatedOutputs() const;
  bool operator==(const AdderGraph&) const = default;
};

struct AdderGraphOptions {
  /// Depth allowed above the least one there is (leastDepth); none: unbounded.
  std::optional<std::uint32_t> extraDepth = 1;
  /// How long the search goes on; the same on every machine. 0: one greedy run. The time of 1 is about that of
  /// ten greedy runs for small matrices, two for large ones, and in proportion from there.
  std::uint32_t effort = 1;
};

/// The least depth of any adder graph of `problem`: the largest over columns of ceil(log2(sum over terms
/// 2^depth)).
std::uint32_t leastDepth(const MatrixVector& problem);

/// Shapes agree, weights are below 2^61, no output leaves 62 bits. Errors: badInput.
Status check(const MatrixVector& problem);

/// A small adder graph of `problem`, the same for the same problem and options.
/// Errors   badInput (check)
/// Cost     see docs/rationale/unrolled.md; 16 x 16 weights of 8 bits: some 10 ms at effort 1
Result<AdderGraph> adderGraph(const MatrixVector& problem, const AdderGraphOptions& options = {});

/// Expands every output of `graph` to its linear form and compares it with the weights; checks order, ranges
/// and depths too. Knows nothing of how the graph was found. Errors: badInput naming what differs.
Status verify(const AdderGraph& graph, const MatrixVector& problem);

/// Terms of the canonical signed digits of `weight`: the fewest digits -1, 0, 1 with weight = sum digit[k] *
/// 2^k.
struct SignedDigits {
  std::uint64_t positive = 0;  ///< bit k: digit k is 1
  std::uint64_t negative = 0;  ///< bit k: digit k is -1
};
SignedDigits signedDigits(std::int64_t weight);

}  // namespace sluice::kernel

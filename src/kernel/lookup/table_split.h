#pragma once

#include <cstdint>
#include <functional>
#include <vector>

/// A table in parts, exact: a small table of bases, something that leads on from them, and what is left over.
///
///   y[x] = ((base[h] * 2^baseShift + lead) >> shift) + rest[x]          x = h * 2^low + l,  0 <= l < 2^low
///
/// Neighbouring entries of a smooth function differ by little, so most of a table's bits say the same thing many times.
/// Three kinds of `lead`:
///
///   differences   0                                   the base is about the least of 2^low entries, `rest` what is above it
///   offsets       offset[highest bits of h][l]        blocks that lie close together rise alike
///   lines         slope[h] * l                        a straight line in every block
///
/// Example: 255/x rounded, x from 32 to 39, low = 2: 8 8 8 7 | 7 7 7 7. Differences: base 7 7, rest 1 1 1 0 | 0 0 0 0, one bit.
/// Lines with shift 2: (34 - l) >> 2 is 8 8 8 7, (28 + 0 l) >> 2 is 7 7 7 7: exact, no rest. With shift 1 there is no line.
///
/// Nothing is rounded that was not rounded before: the entries are integers, and a split has to hit each of them. Whether it
/// can is decided, not tried:
///
///   lines      with rest below R = 2^restBits a base b serves a block if  (y - R + 1) 2^shift <= b + m l < (y + 1) 2^shift  for
///              all its entries. For a given slope m that is an interval of b, open where the spread of y 2^shift - m l is below
///              R 2^shift. The spread is convex in m, so the slope of least spread is found by bisection; if its interval is
///              empty, no line exists and the rest needs a bit more.
///   offsets    the same with L <= b + o <= U for every entry: a system of difference constraints. The bases least, the offsets
///              greatest: raise and lower until nothing moves (a solution), or an offset falls below 0 (there is none).
///   differences   exist for every table.
///
/// Does not apply where entries jump (a table of a permutation): differences are then as wide as the entries, and the sum
/// only costs. Wide entries of few codes gain little: below the point that the inputs resolve, all bits are noise, which only
/// `rest` can hold (a sigmoid of 512 codes in 16 bits).
///
/// Source  differences: M. Christ, L. Forget, F. de Dinechin, "Lossless Differential Table Compression for Hardware Function
///         Evaluation", IEEE TCAS-II 69 (2022), after S.-F. Hsiao et al. (2013, 2017). Offsets: F. de Dinechin, A. Tisserand,
///         "Multipartite table methods", IEEE TC 54 (2005), with one table of offsets. Ours differs: offsets and lines are fitted to
///         the finished entries instead of to the real function within a bound of error, and may be combined with a rest.
namespace sluice::kernel {

struct TableSplit {
  std::uint32_t low = 0;  ///< bits of l
  std::uint32_t shift = 0, baseShift = 0;
  std::vector<std::int64_t> base{};    ///< [2^(n - low)]
  std::vector<std::int64_t> offset{};  ///< [2^(rows' bits)][2^low], none negative; or empty
  std::vector<std::int64_t> slope{};   ///< [2^(n - low)]; or empty
  std::vector<std::int64_t> rest{};    ///< [2^n], none negative; or empty: all are 0
};

/// The entry at an address: the definition.
std::int64_t splitValue(const TableSplit& split, std::uint32_t address);

/// What a table of 2^addressBits words costs, in look-up tables.
using TablePrice = std::function<std::uint64_t(std::uint32_t addressBits, std::uint32_t width)>;

/// Look-up tables that sums and products of a split take.
std::uint64_t sumsPrice(const TableSplit& split);

/// Bits of each part's words.
std::uint32_t widthOf(const std::vector<std::int64_t>& words);

/// Wider entries are not split: slopes times places stay in 64 bits.
constexpr std::uint32_t kMostSplitWidth = 28;

/// The cheapest split of each kind that costs less than `below`, cheapest first; none if there is none. Requires 2^n entries,
/// n from 3 to 16, of at most kMostSplitWidth bits. `price` grows with both its arguments.
std::vector<TableSplit> splitTable(const std::vector<std::int64_t>& table, const TablePrice& price,
                                   std::uint64_t below);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernel/kernel.h"

/// Lookup, streamed: any function of few codes, as a table.
///
///   y[c] = table[c][x[c] - first]
///
/// The table is addressed with the raw bits of x (two's complement as it stands), put in order when it is
/// written down, so no subtraction is left. Channels of other folds lie behind one another: address = fold,
/// x. Codes that x never has repeat a neighbour, which helps whatever logic holds the table. `pack` elements
/// a beat, II 1, depth 2.
///
/// Half a table. Most activations are even, y[-x] = y[x], or odd about a point, y[-x] = sum - y[x] (tanh: 0; a sigmoid: 1). Where all
/// entries say so, the table holds |x| alone, and the sign comes back behind it:
///
///   stage 1  |x|    stage 2  table    stage 3  x < 0 ? sum - t : t    stage 4  y          (even: y in stage 3)
///
/// That is asked of the codes, so nothing is rounded and no bit differs. The lowest code of two's complement has no partner: it
/// must have its neighbour's entry, as saturating functions do. Done where the smaller table and the two sums cost at most
/// three quarters of the whole one (a block RAM as 64 look-up tables); it costs two cycles. Sign and sum are a carry into
/// inverted bits, one look-up table a bit each: |x| = (x ^ n) + n with n = 11..1 for x < 0, sum - t = (t ^ n) + (sum + 1).
///
/// A table in parts (table_split.h), of all codes or of |x|: bases, lines or offsets from them, and a narrow rest, whose sum is
/// every entry exactly. Tried for one table of more than 256 entries for all channels that is not asked to be in block RAM:
/// all forms are built and counted, a block RAM as the 150 look-up tables that are beside it on a device, and the cheapest is
/// taken if it costs at most three quarters of what there was. It costs one to three cycles. One of the forms is the table in one
/// piece in logic, which for a table that is constant in most places (an exponential that saturates) is less than a block.
namespace sluice::kernel {

enum class TableMemory : std::uint8_t {
  automatic,  ///< blockRam from 4096 bits on (64 look-up tables), else logic
  logic,
  blockRam,
};

enum class TableShape : std::uint8_t {
  automatic,  ///< the cheapest
  whole,
  half,       ///< of |x|: even or odd functions
  split,      ///< in parts
  halfSplit,  ///< of |x|, in parts
};

struct LookupParams {
  std::uint32_t channels = 1;
  std::uint32_t pack = 1;  ///< elements of a beat; divides channels
  fixed::Interval input;
  std::int64_t first = 0;                         ///< code of the first entry of each table
  std::vector<std::vector<std::int64_t>> tables;  ///< [channels or 1][entries]; must cover the input range
  std::optional<fixed::Interval> output;  ///< declared range of y; default: that of the reachable entries
  TableMemory memory = TableMemory::automatic;
  TableShape shape = TableShape::automatic;
};

/// Every value that y can have: exact.
fixed::Interval lookupOutputRange(const LookupParams& params);

/// Errors  badInput: pack, number of tables, tables that do not cover the input range, an output range that
/// is too
///         small; unsupported: more than 16 address bits, a shape that this table cannot take
Result<Kernel> lookup(const LookupParams& params);

}  // namespace sluice::kernel

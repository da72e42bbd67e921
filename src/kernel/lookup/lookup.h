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
namespace sluice::kernel {

enum class TableMemory : std::uint8_t {
  automatic,  ///< blockRam from 4096 bits on (64 look-up tables), else logic
  logic,
  blockRam,
};

struct LookupParams {
  std::uint32_t channels = 1;
  std::uint32_t pack = 1;  ///< elements of a beat; divides channels
  fixed::Interval input;
  std::int64_t first = 0;                         ///< code of the first entry of each table
  std::vector<std::vector<std::int64_t>> tables;  ///< [channels or 1][entries]; must cover the input range
  std::optional<fixed::Interval> output;  ///< declared range of y; default: that of the reachable entries
  TableMemory memory = TableMemory::automatic;
};

/// Every value that y can have: exact.
fixed::Interval lookupOutputRange(const LookupParams& params);

/// Errors  badInput: pack, number of tables, tables that do not cover the input range, an output range that
/// is too
///         small; unsupported: more than 16 address bits
Result<Kernel> lookup(const LookupParams& params);

}  // namespace sluice::kernel

#pragma once

#include <optional>

#include "kernel/lookup/lookup.h"
#include "kernel/lookup/table_split.h"

/// What lookup decides before any hardware is written. Private to the folder.
namespace sluice::kernel {

/// Look-up tables that a block RAM of 18 kbit is worth beside them: the fewest that any part known to `device` has per block
/// (XCZU9EG: 274,080 and 1,824).
inline constexpr std::uint64_t kBlockPrice = 150;

/// How a table of half the size gives the whole one.
struct Mirror {
  bool odd = false;
  std::int64_t sum = 0;  ///< of y[x] and y[-x], if odd
  std::int64_t top = 0;  ///< the largest |x| that the table holds; a larger one takes its entry
};

struct LookupPlan {
  LookupParams params;
  fixed::Interval output;
  std::optional<Mirror> mirror;     ///< the table is of |x|
  std::optional<TableSplit> split;  ///< the table is in parts
  bool sparse = false;  ///< so much of it is constant that it stands in logic, however large it is

  [[nodiscard]] std::uint32_t depth() const;  ///< stage of the write
  /// Of the table within a fold.
  [[nodiscard]] std::uint32_t addressBits() const;
  /// The word of one of the tables at an address; addresses of no code repeat a neighbour.
  [[nodiscard]] std::int64_t word(const std::vector<std::int64_t>& table, std::size_t address) const;
};

std::uint32_t foldsOf(const LookupParams& params);
const std::vector<std::int64_t>& tableOf(const LookupParams& params, std::uint32_t channel);

/// Whether a table stands in block RAM: one in one piece, and a part of one.
bool isBlock(TableMemory memory, std::uint64_t bits);
bool isBlockPart(TableMemory memory, std::uint32_t addressBits, std::uint32_t width);

/// Every form that may be the cheapest, at least one; the first is the one to beat. More than one only where the shape is left
/// open, or in parts of whatever kind. Errors: as lookup.
Result<std::vector<LookupPlan>> lookupPlans(const LookupParams& params);

/// The form that lookup builds: the cheapest if it costs at most three quarters of the one to beat, counted on the hardware of
/// one element. Errors: as lookup.
Result<LookupPlan> planLookup(const LookupParams& params);
/// The kernel of a plan, whatever it costs.
Kernel lookupKernel(LookupPlan plan);

}  // namespace sluice::kernel

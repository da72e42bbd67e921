#include "kernel/lookup/lookup_plan.h"

#include <algorithm>

#include "hdl/cost.h"
#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using Words = std::vector<std::int64_t>;

constexpr std::uint32_t kMostAddressBits = 16;
constexpr std::uint64_t kBlockRamBits = 4096;
/// A table of 2^8 entries is too small for its sums to pay.
constexpr std::uint32_t kLeastSplitBits = 9;
/// Of a table in parts: half a table may hold sum - y, two bits wider.
constexpr std::uint32_t kMostEntryBits = kMostSplitWidth - 2;
/// Whether a larger table is sparse is not asked: it would have to be constant nearly everywhere.
constexpr std::uint32_t kMostSparseBits = 12;

Status checkParams(const LookupParams& p) {
  if (p.channels == 0) return badInput("tables of no channels");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.channels, "channels"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  if (p.tables.size() != 1 && p.tables.size() != p.channels)
    return badInput(std::to_string(p.tables.size()) + " tables for " + std::to_string(p.channels) +
                    " channels: one for all, or one each");
  for (const auto& table : p.tables)
    if (p.input.lo < p.first || p.input.hi - p.first >= static_cast<std::int64_t>(table.size()))
      return badInput("a table of " + std::to_string(table.size()) + " entries from code " +
                      std::to_string(p.first) + " on does not cover x in [" + std::to_string(p.input.lo) +
                      ", " + std::to_string(p.input.hi) + "]");
  const std::uint32_t bits = fixed::formatFor(p.input).bits + indexBits(foldsOf(p));
  if (bits > kMostAddressBits)
    return unsupported("a table of " + std::to_string(bits) + " address bits; at most " +
                       std::to_string(kMostAddressBits) + ": use thresholds or a rescale");
  return {};
}

/// About what a table costs, in look-up tables: for the choice between whole and half.
std::uint64_t price(TableMemory memory, std::uint64_t bits) {
  constexpr std::uint64_t blockBits = 18 * 1024, blockPrice = 64, lutBits = 64;
  return isBlock(memory, bits) ? blockPrice * ((bits + blockBits - 1) / blockBits)
                               : (bits + lutBits - 1) / lutBits;
}

/// The symmetry of all tables, if they have one in common.
std::optional<Mirror> symmetry(const LookupParams& p) {
  const std::int64_t lo = p.input.lo, hi = p.input.hi;
  if (lo >= 0 || hi <= 0) return std::nullopt;
  const auto at = [&](const Words& table, std::int64_t x) {
    return table[static_cast<std::size_t>(x - p.first)];
  };
  Mirror mirror{.odd = false, .sum = at(p.tables[0], 1) + at(p.tables[0], -1), .top = std::max(-lo, hi)};
  if (-lo == hi + 1) mirror.top = hi;
  bool even = true, odd = true;
  for (const auto& table : p.tables) {
    if (mirror.top == hi && -lo > hi && at(table, lo) != at(table, lo + 1)) return std::nullopt;
    for (std::int64_t x = 1; x <= std::min(-lo, hi); ++x) {
      even = even && at(table, x) == at(table, -x);
      odd = odd && at(table, x) + at(table, -x) == mirror.sum;
    }
  }
  mirror.odd = !even;
  return even || odd ? std::optional(mirror) : std::nullopt;
}

/// Whether half a table is worth it.
bool halfPays(const LookupPlan& half) {
  const LookupParams& p = half.params;
  const std::uint32_t out = fixed::formatFor(half.output).bits, folds = indexBits(foldsOf(p));
  const auto bits = [&](std::uint32_t address) { return std::uint64_t{out} << (address + folds); };
  const std::uint64_t sums = fixed::formatFor(p.input).bits + (half.mirror->odd ? out : 0);
  return 4 * (price(p.memory, bits(half.addressBits())) + sums) <=
         3 * price(p.memory, bits(fixed::formatFor(p.input).bits));
}

/// Of a table in logic, in six-input look-up tables and the muxes between blocks of 256 words.
std::uint64_t logicPrice(std::uint32_t addressBits, std::uint32_t width) {
  const std::uint64_t blocks = addressBits <= 6 ? 1 : std::uint64_t{1} << (addressBits - 6);
  return width * (blocks + (addressBits <= 8 ? 0 : (((blocks / 4) - 1) + 2) / 3));
}

/// What a part costs by its size: the search works with it.
std::uint64_t partPrice(TableMemory memory, std::uint32_t addressBits, std::uint32_t width) {
  const auto words = std::uint32_t{1} << addressBits;
  return isBlockPart(memory, addressBits, width) ? kBlockPrice * hdl::blockRams(width, words)
                                                 : logicPrice(addressBits, width);
}

Words wordsOf(const LookupPlan& plan) {
  Words words(std::size_t{1} << plan.addressBits());
  for (std::size_t a = 0; a < words.size(); ++a) words[a] = plan.word(plan.params.tables[0], a);
  return words;
}

/// Stages from the address of a split table to its word, more than those of a whole one.
std::uint32_t splitStages(const TableSplit& split) {
  const bool leads = !split.slope.empty() || !split.offset.empty();
  return 1 + (split.slope.empty() ? 0 : 1) + (leads && !split.rest.empty() ? 1 : 0);
}

bool canSplit(const LookupPlan& plan, std::uint32_t leastBits) {
  return plan.params.tables.size() == 1 && plan.addressBits() >= leastBits &&
         fixed::formatFor(lookupOutputRange(plan.params)).bits <= kMostEntryBits;
}

/// The same table in parts, by kind of split.
std::vector<LookupPlan> inParts(const LookupPlan& plan, std::uint64_t below) {
  const auto price = [&](std::uint32_t addressBits, std::uint32_t width) {
    return partPrice(plan.params.memory, addressBits, width);
  };
  std::vector<LookupPlan> plans;
  for (TableSplit& split : splitTable(wordsOf(plan), price, below)) {
    plans.push_back(plan);
    plans.back().split = std::move(split);
  }
  return plans;
}

std::vector<LookupPlan> openPlans(LookupPlan whole, const std::optional<Mirror>& mirror) {
  LookupPlan half = whole;
  half.mirror = mirror;
  const bool halved = mirror && halfPays(half);
  std::vector<LookupPlan> plans{halved ? half : whole};
  const TableMemory memory = whole.params.memory;
  if (!canSplit(whole, kLeastSplitBits) || memory == TableMemory::blockRam) return plans;
  if (mirror && !halved) plans.push_back(half);
  if (memory == TableMemory::automatic && whole.addressBits() <= kMostSparseBits)
    for (std::size_t k = 0, all = plans.size(); k < all; ++k) {
      plans.push_back(plans[k]);
      plans.back().sparse = true;
    }
  const std::uint32_t width = fixed::formatFor(whole.output).bits;
  const std::uint64_t bits = std::uint64_t{width} << whole.addressBits();
  const std::uint64_t room = isBlock(memory, bits)
                                 ? kBlockPrice * hdl::blockRams(width, 1u << whole.addressBits())
                                 : logicPrice(whole.addressBits(), width);
  // Twice that: parts that are constant in places cost less than their room.
  for (LookupPlan& plan : inParts(whole, 2 * room)) plans.push_back(std::move(plan));
  if (mirror)
    for (LookupPlan& plan : inParts(half, 2 * room)) plans.push_back(std::move(plan));
  return plans;
}

Result<std::vector<LookupPlan>> plansAsAsked(LookupPlan plan, const std::optional<Mirror>& mirror) {
  const TableShape shape = plan.params.shape;
  if (shape == TableShape::half || shape == TableShape::halfSplit) {
    if (!mirror) return unsupported("half a table: its entries are neither even nor odd");
    plan.mirror = mirror;
  }
  if (shape != TableShape::split && shape != TableShape::halfSplit) return std::vector{std::move(plan)};
  if (!canSplit(plan, 3))
    return unsupported("a table in parts: one table of at least 8 entries of at most " +
                       std::to_string(kMostEntryBits) + " bits for all channels is needed");
  std::vector<LookupPlan> plans = inParts(plan, std::uint64_t{1} << 40);
  if (plans.empty()) return unsupported("a table in parts: no part would be narrower than the table");
  return plans;
}

/// LUTs, flip-flops being there with them, and block RAM.
std::uint64_t builtPrice(LookupPlan plan) {
  plan.params.channels = plan.params.pack = 1;  // only one table for all channels has several plans
  const hdl::Cost cost = hdl::cost(hardware(lookupKernel(std::move(plan))), hdl::Family::xc7);
  return cost.allLuts() + kBlockPrice * cost.bram18;
}

}  // namespace

std::uint32_t foldsOf(const LookupParams& p) { return p.tables.size() == 1 ? 1 : p.channels / p.pack; }

const Words& tableOf(const LookupParams& p, std::uint32_t channel) {
  return p.tables.size() == 1 ? p.tables[0] : p.tables[channel];
}

bool isBlock(TableMemory memory, std::uint64_t bits) {
  return memory == TableMemory::blockRam || (memory == TableMemory::automatic && bits >= kBlockRamBits);
}

bool isBlockPart(TableMemory memory, std::uint32_t addressBits, std::uint32_t width) {
  return memory != TableMemory::logic &&
         kBlockPrice * hdl::blockRams(width, std::uint32_t{1} << addressBits) <
             logicPrice(addressBits, width);
}

std::uint32_t LookupPlan::depth() const {
  return 2 + (!mirror ? 0 : mirror->odd ? 2 : 1) + (split ? splitStages(*split) : 0);
}

std::uint32_t LookupPlan::addressBits() const {
  return fixed::formatFor(mirror ? fixed::Interval{0, mirror->top} : params.input).bits;
}

std::int64_t LookupPlan::word(const Words& table, std::size_t address) const {
  const auto at = [&](std::int64_t code) { return table[static_cast<std::size_t>(code - params.first)]; };
  if (!mirror)
    return at(
        std::clamp(codeValue(address, fixed::formatFor(params.input)), params.input.lo, params.input.hi));
  const std::int64_t size = std::min(static_cast<std::int64_t>(address), mirror->top);
  if (size <= params.input.hi) return at(size);
  return mirror->odd ? mirror->sum - at(-size) : at(-size);
}

Result<std::vector<LookupPlan>> lookupPlans(const LookupParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  LookupPlan whole{.params = params, .output = lookupOutputRange(params), .mirror = {}, .split = {}};
  SLUICE_TRY(whole.output, declaredOr(whole.output, params.output));
  const std::optional<Mirror> mirror = symmetry(params);
  if (params.shape != TableShape::automatic) return plansAsAsked(std::move(whole), mirror);
  return openPlans(std::move(whole), mirror);
}

Result<LookupPlan> planLookup(const LookupParams& params) {
  SLUICE_TRY(std::vector<LookupPlan> plans, lookupPlans(params));
  if (plans.size() == 1) return std::move(plans[0]);
  std::vector<std::uint64_t> prices;
  for (const LookupPlan& plan : plans) prices.push_back(builtPrice(plan));
  auto best = static_cast<std::size_t>(std::min_element(prices.begin(), prices.end()) - prices.begin());
  if (params.shape == TableShape::automatic && 4 * prices[best] > 3 * prices[0]) best = 0;
  return std::move(plans[best]);
}

fixed::Interval lookupOutputRange(const LookupParams& p) {
  SLUICE_CHECK(checkParams(p).ok(), "the range of legal tables is asked for");
  std::optional<fixed::Interval> range;
  for (const auto& table : p.tables)
    for (std::int64_t x = p.input.lo; x <= p.input.hi; ++x) {
      const std::int64_t y = table[static_cast<std::size_t>(x - p.first)];
      range = range ? fixed::join(*range, {y, y}) : fixed::Interval{y, y};
    }
  return *range;
}

}  // namespace sluice::kernel

#include "kernel/lookup/table_split.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/result.h"
#include "fixed/interval.h"
#include "kernel/convex.h"

namespace sluice::kernel {
namespace {

using Words = std::vector<std::int64_t>;

std::int64_t ceilShift(std::int64_t value, std::uint32_t bits) { return -((-value) >> bits); }

std::uint32_t bitsOfRange(std::int64_t lo, std::int64_t hi) { return fixed::formatFor({lo, hi}).bits; }

std::uint64_t productPrice(std::uint32_t slopeBits, std::uint32_t low) {
  if (slopeBits + low <= 6) return slopeBits + low;
  return std::uint64_t{std::min(slopeBits, low)} * (std::max(slopeBits, low) + 1);
}

/// What a base may be, given all that is added to it.
struct Slack {
  std::int64_t lo = INT64_MIN, hi = INT64_MAX;
};

/// The most low bits that no base needs.
std::uint32_t bitsToDrop(const std::vector<Slack>& slacks) {
  std::uint32_t bits = 0;
  while (bits < 40 && std::all_of(
                          slacks.begin(), slacks.end(),
                          [&](const Slack& s) { return ceilShift(s.lo, bits + 1) <= s.hi >> (bits + 1); }))
    ++bits;
  return bits;
}

Words basesIn(const std::vector<Slack>& slacks, std::uint32_t drop) {
  Words base;
  for (const Slack& s : slacks) base.push_back(s.hi >> drop);
  return base;
}

class Search {
 public:
  Search(const Words& table, const TablePrice& price, std::uint64_t below)
      : table_(table),
        price_(price),
        below_(below),
        n_(static_cast<std::uint32_t>(std::bit_width(table.size() - 1))) {
    const auto [lo, hi] = std::minmax_element(table.begin(), table.end());
    width_ = bitsOfRange(*lo, *hi);
  }

  std::vector<TableSplit> all() {
    std::vector<std::pair<std::uint64_t, TableSplit>> found;
    for (const auto kind : {&Search::differences, &Search::lines, &Search::offsets}) {
      best_.reset();
      bestPrice_ = below_;
      (this->*kind)();
      if (best_) found.emplace_back(bestPrice_, std::move(*best_));
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<TableSplit> splits;
    for (auto& [price, split] : found) splits.push_back(std::move(split));
    return splits;
  }

 private:
  [[nodiscard]] std::uint64_t partPrice(const Words& words) const {
    return words.empty()
               ? 0
               : price_(static_cast<std::uint32_t>(std::bit_width(words.size() - 1)), widthOf(words));
  }

  /// Keeps a split that is cheaper than all before it.
  void offer(TableSplit split) {
    const std::uint64_t price = partPrice(split.base) + partPrice(split.offset) + partPrice(split.slope) +
                                partPrice(split.rest) + sumsPrice(split);
    if (price >= bestPrice_) return;
    bestPrice_ = price;
    best_ = std::move(split);
  }

  /// What is left when everything else is chosen.
  void offerWithRest(TableSplit split) {
    bool some = false;
    Words rest(table_.size());
    for (std::size_t x = 0; x < table_.size(); ++x) {
      rest[x] = table_[x] - splitValue(split, static_cast<std::uint32_t>(x));
      some = some || rest[x] != 0;
    }
    if (some) split.rest = std::move(rest);
    offer(std::move(split));
  }

  void differences() {
    for (std::uint32_t low = 1; low < n_; ++low) {
      const std::size_t blocks = table_.size() >> low;
      Words least(blocks), most(blocks);
      for (std::size_t h = 0; h < blocks; ++h) {
        const auto from = table_.begin() + static_cast<std::ptrdiff_t>(h << low);
        const auto [lo, hi] = std::minmax_element(from, from + (std::ptrdiff_t{1} << low));
        least[h] = *lo, most[h] = *hi;
      }
      // Low bits of the base that fall away cost nothing up to the width that the rest has anyway.
      for (std::uint32_t drop = 0; drop < width_; ++drop) {
        std::int64_t above = 0;
        TableSplit split{.low = low, .baseShift = drop};
        for (std::size_t h = 0; h < blocks; ++h) {
          split.base.push_back(least[h] >> drop);
          above = std::max(above, most[h] - split.base[h] * (std::int64_t{1} << drop));
        }
        if (bitsOfRange(0, above) >= width_) break;
        if (partPrice(split.base) + price_(n_, bitsOfRange(0, above)) < bestPrice_)
          offerWithRest(std::move(split));
      }
    }
  }

  /// Spread of y 2^shift - m l over block h.
  [[nodiscard]] Slack residues(std::size_t h, std::uint32_t low, std::uint32_t shift, std::int64_t m) const {
    Slack residue{INT64_MAX, INT64_MIN};
    for (std::int64_t l = 0; l < std::int64_t{1} << low; ++l) {
      const std::int64_t e =
          table_[(h << low) + static_cast<std::size_t>(l)] * (std::int64_t{1} << shift) - m * l;
      residue.lo = std::min(residue.lo, e), residue.hi = std::max(residue.hi, e);
    }
    return residue;
  }

  /// The slope in [from, to] of least spread, which is convex in the slope.
  [[nodiscard]] std::int64_t slopeIn(std::int64_t from, std::int64_t to, std::size_t h, std::uint32_t low,
                                     std::uint32_t shift) const {
    const auto spread = [&](std::int64_t m) {
      const Slack r = residues(h, low, shift, m);
      return r.hi - r.lo;
    };
    return leastOfConvex(from, to, spread);
  }

  void lines() {
    constexpr std::uint32_t mostRestBits = 3;
    for (std::uint32_t low = 2; low + 1 < n_; ++low) {
      const std::size_t blocks = table_.size() >> low;
      if (price_(n_ - low, width_) >= bestPrice_) continue;
      Words slope(blocks);
      for (std::uint32_t shift = 0; shift <= low + 3; ++shift) {
        std::int64_t spread = 0;
        for (std::size_t h = 0; h < blocks; ++h) {
          std::int64_t from = slope[h] * 2 - 3, to = slope[h] * 2 + 3;
          if (shift == 0) {
            from = INT64_MAX, to = INT64_MIN;
            for (std::size_t x = h << low; x + 1 < (h + 1) << low; ++x) {
              from = std::min(from, table_[x + 1] - table_[x]);
              to = std::max(to, table_[x + 1] - table_[x]);
            }
          }
          slope[h] = slopeIn(from, to, h, low, shift);
          const Slack r = residues(h, low, shift, slope[h]);
          spread = std::max(spread, r.hi - r.lo);
        }
        // R 2^shift - 1 >= spread
        const auto restBits =
            static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(spread >> shift)));
        if (restBits > mostRestBits) continue;
        const std::int64_t reach = ((std::int64_t{1} << restBits) << shift) - 1;
        std::vector<Slack> slacks;
        for (std::size_t h = 0; h < blocks; ++h) {
          const Slack r = residues(h, low, shift, slope[h]);
          slacks.push_back(
              {r.hi + (std::int64_t{1} << shift) - 1 - reach, r.lo + (std::int64_t{1} << shift) - 1});
        }
        TableSplit split{.low = low, .shift = shift, .baseShift = bitsToDrop(slacks), .slope = slope};
        split.base = basesIn(slacks, split.baseShift);
        const std::uint64_t known = partPrice(split.base) + partPrice(slope) +
                                    (restBits > 0 ? price_(n_, restBits) : 0) + sumsPrice(split);
        if (known < bestPrice_) offerWithRest(std::move(split));
        if (restBits == 0) break;
      }
    }
  }

  /// Blocks that share a row of offsets, and what has to hold for every entry of theirs.
  struct Row {
    std::uint32_t low = 0, rowBits = 0, shift = 0, restBits = 0, drop = 0;
  };
  [[nodiscard]] Slack boundOf(std::size_t x, const Row& row) const {
    const std::int64_t one = std::int64_t{1} << row.shift, top = table_[x] * one + one - 1;
    return {top - ((one << row.restBits) - 1), top};
  }

  /// The greatest offsets of at most `bits` bits that some bases, multiples of 2^drop, go with; false if there are none (for
  /// drop > 0 also if it takes longer than without: shortest paths over as many nodes as a row has offsets).
  bool fits(const Row& row, std::uint32_t bits, Words& offset) {
    const std::size_t rows = std::size_t{1} << row.rowBits, hardest = failedAt_ >> (n_ - row.rowBits);
    offset.assign(rows << row.low, (std::int64_t{1} << bits) - 1);
    for (std::size_t k = 0; k < rows; ++k) {
      const std::size_t r = (hardest + k) % rows;
      if (rowFits(row, r << (n_ - row.rowBits), offset.data() + (r << row.low))) continue;
      failedAt_ = r << (n_ - row.rowBits);  // where it was hard once, it will be again: looked at first
      return false;
    }
    return true;
  }
  [[nodiscard]] bool rowFits(const Row& row, std::size_t first, std::int64_t* offset) const {
    const std::size_t entries = std::size_t{1} << row.low, end = first + (table_.size() >> row.rowBits);
    std::size_t rounds = 0;
    for (bool moved = true; moved; ++rounds) {
      if (rounds > entries) return false;
      moved = false;
      for (std::size_t at = first; at < end; at += entries) {
        std::int64_t base = INT64_MIN;
        for (std::size_t l = 0; l < entries; ++l) base = std::max(base, boundOf(at + l, row).lo - offset[l]);
        base = ceilShift(base, row.drop) * (std::int64_t{1} << row.drop);
        for (std::size_t l = 0; l < entries; ++l) {
          const std::int64_t most = boundOf(at + l, row).hi - base;
          if (most >= offset[l]) continue;
          if (most < 0) return false;
          offset[l] = most;
          moved = true;
        }
      }
    }
    return true;
  }

  void offerOffsets(const Row& row, Words offset) {
    std::vector<Slack> slacks(table_.size() >> row.low);
    const std::size_t mask = (std::size_t{1} << row.low) - 1;
    for (std::size_t x = 0; x < table_.size(); ++x) {
      const Slack bound = boundOf(x, row);
      const std::int64_t o = offset[(x >> (n_ - row.rowBits) << row.low) | (x & mask)];
      Slack& slack = slacks[x >> row.low];
      slack = {std::max(slack.lo, bound.lo - o), std::min(slack.hi, bound.hi - o)};
    }
    TableSplit split{
        .low = row.low, .shift = row.shift, .baseShift = bitsToDrop(slacks), .offset = std::move(offset)};
    split.base = basesIn(slacks, split.baseShift);
    offerWithRest(std::move(split));
  }

  void offsets() {
    for (std::uint32_t low = 2; low + 2 < n_ && low <= 7; ++low)
      for (std::uint32_t restBits = 0; restBits <= 1; ++restBits)
        for (std::uint32_t shift = 0; shift <= 3; ++shift)
          for (std::uint32_t rowBits = n_ - low - 1; rowBits > 0; --rowBits)
            if (!offsets({low, rowBits, shift, restBits})) break;
  }

  /// False if fewer, longer rows have no solution either.
  bool offsets(Row row) {
    const auto price = [&](std::uint32_t bits) {
      return price_(n_ - row.low, width_) + price_(row.rowBits + row.low, bits) + width_ +
             (row.restBits > 0 ? price_(n_, row.restBits) + width_ : 0);
    };
    const std::uint32_t enough = width_ + row.shift;
    std::uint32_t most = enough, least = 1;
    while (most > 0 && price(most) >= bestPrice_) --most;
    Words offset, tried;
    if (most == 0) return true;
    if (!fits(row, most, offset)) return most < enough && fits(row, enough, offset);
    while (least < most) {
      const std::uint32_t bits = (least + most) / 2;
      if (fits(row, bits, tried)) {
        most = bits;
        offset.swap(tried);
      } else {
        least = bits + 1;
      }
    }
    offerOffsets(row, offset);
    // Offsets that leave the bases multiples of more: narrower bases, perhaps for a bit more in the offsets.
    for (std::uint32_t bits = most; bits <= most + 1; ++bits) {
      for (row.drop = 1; row.drop < width_ && fits(row, bits, tried); ++row.drop) offset = tried;
      if (row.drop > 1) offerOffsets(row, offset);
    }
    return true;
  }

  const Words& table_;
  const TablePrice& price_;
  std::uint64_t below_, bestPrice_ = 0;
  std::uint32_t n_, width_ = 1;
  std::size_t failedAt_ = 0;
  std::optional<TableSplit> best_;
};

}  // namespace

std::int64_t splitValue(const TableSplit& split, std::uint32_t address) {
  const std::uint32_t h = address >> split.low, l = address & ((1u << split.low) - 1);
  std::int64_t sum = split.base[h] * (std::int64_t{1} << split.baseShift);
  if (!split.offset.empty()) {
    const std::size_t blocks = (split.base.size() << split.low) / split.offset.size();
    sum += split.offset[(h / blocks << split.low) | l];
  }
  if (!split.slope.empty()) sum += split.slope[h] * std::int64_t{l};
  return (sum >> split.shift) + (split.rest.empty() ? 0 : split.rest[address]);
}

std::uint32_t widthOf(const Words& words) {
  const auto [lo, hi] = std::minmax_element(words.begin(), words.end());
  return bitsOfRange(*lo, *hi);
}

std::uint64_t sumsPrice(const TableSplit& split) {
  std::uint64_t price = widthOf(split.base) + 1;
  if (!split.slope.empty()) price += productPrice(widthOf(split.slope), split.low);
  if (!split.rest.empty() && !(split.offset.empty() && split.slope.empty()))
    price += std::max(widthOf(split.base) + split.baseShift, split.shift + 1) - split.shift;
  return price;
}

std::vector<TableSplit> splitTable(const Words& table, const TablePrice& price, std::uint64_t below) {
  SLUICE_CHECK(std::has_single_bit(table.size()) && table.size() >= 8 && table.size() <= 65536,
               "tables of 8 to 65536 entries, a power of two, are split");
  SLUICE_CHECK(widthOf(table) <= kMostSplitWidth, "entries that are split are narrow");
  return Search(table, price, below).all();
}

}  // namespace sluice::kernel

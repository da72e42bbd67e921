#include "kernel/lookup/table_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "base/rng.h"

namespace sluice::kernel {
namespace {

using Words = std::vector<std::int64_t>;

std::uint64_t bitsOf(std::uint32_t addressBits, std::uint32_t width) {
  return std::uint64_t{width} << addressBits;
}
constexpr std::uint64_t kAny = std::uint64_t{1} << 40;

Words rounded(std::uint32_t bits, const std::function<double(double)>& f) {
  Words words;
  for (std::size_t x = 0; x < std::size_t{1} << bits; ++x)
    words.push_back(std::lround(f(static_cast<double>(x) / std::ldexp(1.0, static_cast<int>(bits)))));
  return words;
}

/// Every split, each entry compared; the number of splits.
std::size_t allEqual(const Words& table) {
  const std::vector<TableSplit> splits = splitTable(table, bitsOf, kAny);
  for (const TableSplit& split : splits)
    for (std::uint32_t x = 0; x < table.size(); ++x)
      if (splitValue(split, x) != table[x]) {
        ADD_FAILURE() << "entry " << x << " of " << table.size() << " is " << table[x] << ", not "
                      << splitValue(split, x);
        return 0;
      }
  return splits.size();
}

TEST(TableSplit, OfRoundedFunctionsHasEveryEntry) {
  for (const std::uint32_t bits : {5u, 6u, 9u, 11u})
    for (const double top : {60.0, 1000.0, 60000.0}) {
      EXPECT_GT(allEqual(rounded(bits, [&](double x) { return top / (1 + std::exp(8 - 16 * x)); })), 0u);
      EXPECT_GT(allEqual(rounded(bits, [&](double x) { return top * std::tanh(4 * x - 2); })), 0u);
      EXPECT_GT(allEqual(rounded(bits, [&](double x) { return top * std::exp(-8 * x); })), 0u);
      EXPECT_GT(allEqual(rounded(bits, [&](double x) { return top / (1 + x); })), 0u);
    }
}

TEST(TableSplit, OfRandomTablesHasEveryEntry) {
  std::size_t splits = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed, 1);
    Words table(std::size_t{1} << rng.uniform(3, 9));
    const std::int64_t most = rng.chance(0.5) ? 2 : rng.uniform(1, 100000), rise = rng.uniform(-3, 3);
    for (std::size_t x = 0; x < table.size(); ++x)
      table[x] = static_cast<std::int64_t>(x) * rise + rng.uniform(-most, most);
    splits += allEqual(table);
  }
  EXPECT_GT(splits, 300u);
}

TEST(TableSplit, OfASigmoidTakesLessThanHalfOfItsBits) {
  const Words table = rounded(12, [](double x) { return 4095 / (1 + std::exp(8 - 16 * x)); });
  const auto splits = splitTable(table, bitsOf, kAny);
  ASSERT_FALSE(splits.empty());
  std::uint64_t bits = 0;
  for (const Words* part : {&splits[0].base, &splits[0].offset, &splits[0].slope, &splits[0].rest})
    if (!part->empty()) bits += part->size() * widthOf(*part);
  EXPECT_LT(bits, (std::uint64_t{12} << 12) / 2);
}

TEST(TableSplit, IsNoneThatCostsAsMuchAsIsAllowed) {
  const Words table = rounded(8, [](double x) { return 200 / (1 + x); });
  const auto cheapest = splitTable(table, bitsOf, kAny);
  ASSERT_FALSE(cheapest.empty());
  EXPECT_TRUE(splitTable(table, bitsOf, 10).empty());
}

/// No split with a rest: only exact lines and offsets are left.
std::uint64_t noRest(std::uint32_t addressBits, std::uint32_t width, std::uint32_t all) {
  return addressBits == all ? kAny : bitsOf(addressBits, width);
}

/// Whether ((b + m l) >> shift) gives four entries, by trying all.
bool lineExists(const std::int64_t* y, std::uint32_t shift) {
  const std::int64_t one = std::int64_t{1} << shift;
  for (std::int64_t b = y[0] * one; b < (y[0] + 1) * one; ++b)
    for (std::int64_t m = -8 * one; m <= 8 * one; ++m) {
      bool all = true;
      for (std::int64_t l = 1; l < 4 && all; ++l) all = (b + m * l) >> shift == y[l];
      if (all) return true;
    }
  return false;
}

TEST(TableSplit, FindsTheLinesOfTheExample) {
  const Words table{8, 8, 8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
  EXPECT_FALSE(lineExists(table.data(), 1));
  EXPECT_TRUE(lineExists(table.data(), 2));
  const auto splits = splitTable(table, [](auto a, auto w) { return noRest(a, w, 4); }, kAny);
  ASSERT_EQ(splits.size(), 1u);
  EXPECT_EQ(splits[0].shift, 2u);
  EXPECT_TRUE(splits[0].rest.empty());
}

TEST(TableSplit, FindsLinesExactlyWhereThereAreSome) {
  std::size_t some = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed, 2);
    Words table(16);
    for (std::size_t h = 0; h < 4; ++h) {
      const std::int64_t first = rng.uniform(0, 4), rise = rng.uniform(-4, 4);
      for (std::size_t l = 0; l < 4; ++l)
        table[4 * h + l] = first + static_cast<std::int64_t>(l) * rise / 3 + (rng.chance(0.04) ? 1 : 0);
    }
    bool exists = false;
    for (std::uint32_t shift = 0; shift <= 5 && !exists; ++shift) {
      exists = true;
      for (std::size_t h = 0; h < 4 && exists; ++h) exists = lineExists(&table[4 * h], shift);
    }
    bool found = false;
    for (const TableSplit& split : splitTable(table, [](auto a, auto w) { return noRest(a, w, 4); }, kAny))
      found = found || !split.slope.empty();
    EXPECT_EQ(found, exists) << "seed " << seed;
    some += exists ? 1 : 0;
  }
  EXPECT_GT(some, 20u);
  EXPECT_LT(some, 180u);
}

/// Whether two blocks of four entries have a row of offsets in common, by trying all with the first at 0.
bool offsetsExist(const std::int64_t* y, std::uint32_t shift) {
  const std::int64_t one = std::int64_t{1} << shift, most = 3 * one;
  const auto fits = [&](const std::int64_t* block, const std::int64_t* o) {
    std::int64_t lo = INT64_MIN, hi = INT64_MAX;
    for (std::size_t l = 0; l < 4; ++l) {
      lo = std::max(lo, block[l] * one - o[l]);
      hi = std::min(hi, (block[l] + 1) * one - 1 - o[l]);
    }
    return lo <= hi;
  };
  std::int64_t o[4] = {};
  for (o[1] = -most; o[1] <= most; ++o[1])
    for (o[2] = -most; o[2] <= most; ++o[2])
      for (o[3] = -most; o[3] <= most; ++o[3])
        if (fits(y, o) && fits(y + 4, o)) return true;
  return false;
}

TEST(TableSplit, FindsOffsetsExactlyWhereThereAreSome) {
  std::size_t some = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed, 3);
    Words table(32);
    for (auto& y : table) y = rng.uniform(0, 2);
    for (std::size_t x = 4; x < 32; ++x)
      if (rng.chance(0.85)) table[x] = table[x % 8 < 4 ? x : x - 4];
    bool exists = false;
    for (std::uint32_t shift = 0; shift <= 3 && !exists; ++shift) {
      exists = true;
      for (std::size_t row = 0; row < 4 && exists; ++row) exists = offsetsExist(&table[8 * row], shift);
    }
    bool found = false;
    for (const TableSplit& split : splitTable(table, [](auto a, auto w) { return noRest(a, w, 5); }, kAny))
      found = found || !split.offset.empty();
    EXPECT_EQ(found, exists) << "seed " << seed;
    some += exists ? 1 : 0;
  }
  EXPECT_GT(some, 5u);
  EXPECT_LT(some, 55u);
}

}  // namespace
}  // namespace sluice::kernel

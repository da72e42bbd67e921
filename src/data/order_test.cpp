#include "data/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/batches.h"
#include "data/testing.h"

namespace sluice::data {
namespace {

TEST(Permutation, HasEveryNumberOnceAndKnowsTheWayBack) {
  for (std::uint64_t count = 1; count <= 300; ++count) {
    const Permutation permutation(count, 5);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number = permutation.at(i);
      ASSERT_LT(number, count);
      ASSERT_EQ(permutation.positionOf(number), i);
      seen.insert(number);
    }
    ASSERT_EQ(seen.size(), count);
  }
}

TEST(Permutation, AllOrdersOfFourNumbersAreAboutEquallyLikely) {
  std::map<std::vector<std::uint64_t>, int> seen;
  for (std::uint64_t seed = 0; seed < 24000; ++seed) {
    const Permutation permutation(4, seed);
    ++seen[{permutation.at(0), permutation.at(1), permutation.at(2), permutation.at(3)}];
  }
  // 12 of the 24 are even; a network over two and two bits reaches all of them.
  ASSERT_EQ(seen.size(), 12u + 12u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 200);
}

TEST(Split, PartsHaveTheirSharesAndARowItsPartWhateverElseThereIs) {
  const Split split{{{"train", 0.7}, {"validation", 0.1}, {"test", 0.2}}, 9};
  ASSERT_TRUE(check(split).ok());
  std::vector<double> counts(3);
  for (std::uint64_t row = 0; row < 100000; ++row) ++counts[partOf(split, row)];
  for (std::size_t i = 0; i < 3; ++i) {
    const double share = split.parts[i].share;
    EXPECT_NEAR(counts[i], 1e5 * share, 4 * std::sqrt(1e5 * share * (1 - share)));
  }
  EXPECT_EQ(check({{{"a", 0.5}, {"b", 0.4}}, 0}).error().text(), "the shares sum to 0.9, not to 1");
  EXPECT_FALSE(check({{{"a", 0.5}, {"a", 0.5}}, 0}).ok());
  EXPECT_FALSE(check({{{"../a", 1}}, 0}).ok());
  EXPECT_FALSE(check({{{"a", 2}, {"b", -1}}, 0}).ok());
  EXPECT_FALSE(check(Split{}).ok());
}

TEST(RowOrder, EveryRowComesOnceWhereverTheShortBlockFalls) {
  for (std::uint64_t rows : {1, 9, 10, 11, 95, 100, 101, 999})
    for (std::uint64_t window : {1, 3, 8})
      for (std::uint64_t epoch = 0; epoch < 6; ++epoch) {
        const RowOrder order(rows, 10, window, 3, epoch);
        std::set<std::uint64_t> seen;
        for (std::uint64_t p = 0; p < rows; ++p) {
          const RowOrder::Place place = order.at(p);
          const auto blocks = order.blocksOf(place.window);
          ASSERT_NE(std::find(blocks.begin(), blocks.end(), place.block), blocks.end());
          ASSERT_LT(place.row, 10u);
          seen.insert(place.block * 10 + place.row);
        }
        ASSERT_EQ(seen.size(), rows);
        ASSERT_EQ(*seen.rbegin(), rows - 1);
      }
}

Made numbers(std::uint64_t rows) {
  return Made(rows, {{"x", Type::i4, {}}, {"y", Type::f8, {}}}, [](std::uint64_t row, std::size_t column) {
    return static_cast<double>(row) * (column == 0 ? 1 : 0.5);
  });
}

TEST(Batches, AreTheSameFromAnyWorkerAndFromTheMiddleOfAnEpoch) {
  Made source = numbers(100000), other = numbers(100000);
  const BatchOptions options{.size = 999, .seed = 4};
  Batches batches(source, options);
  ASSERT_EQ(batches.count(), 101u);
  std::vector<std::vector<std::int32_t>> one;
  std::set<std::int32_t> rows;
  for (std::uint64_t k = 0; k < batches.count(); ++k) {
    const auto block = batches.read(2, k);
    ASSERT_TRUE(block.ok());
    const auto x = valuesOf<std::int32_t>(*block, 0);
    const auto y = valuesOf<double>(*block, 1);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], 0.5 * x[i]);
    one.emplace_back(x.begin(), x.end());
    rows.insert(x.begin(), x.end());
  }
  EXPECT_EQ(rows.size(), 100000u);
  EXPECT_EQ(source.asked, 7);  // in order, every block is read once
  Batches second(other, options);
  for (std::uint64_t k = 100; k > 50; k -= 3) {
    const auto block = second.read(2, k);
    const auto x = valuesOf<std::int32_t>(*block, 0);
    EXPECT_EQ(std::vector<std::int32_t>(x.begin(), x.end()), one[k]);
    EXPECT_EQ(second.rowsOf(2, k), std::vector<std::uint64_t>(one[k].begin(), one[k].end()));
  }
  EXPECT_NE(second.rowsOf(3, 0), second.rowsOf(2, 0));
}

TEST(Batches, InOrderWhenNotShuffledAndAsRowsForTraining) {
  Made source = numbers(20000);
  Batches batches(source, {.size = 6000, .shuffle = false});
  const auto block = batches.read(0, 2);  // rows 12,000 to 17,999: of two blocks
  ASSERT_TRUE(block.ok());
  std::vector<float> matrix(block->rows * 2);
  toRows(source.schema(), *block, std::vector<std::size_t>{1, 0}, matrix);
  EXPECT_EQ(matrix[0], 6000);
  EXPECT_EQ(matrix[1], 12000);
  EXPECT_EQ(matrix[2 * 5999 + 1], 17999);
  EXPECT_EQ(batches.read(0, 3)->rows, 2000u);
}

using HeldBatches = DataTest;

TEST_F(HeldBatches, OfATableAreTheFileItselfInOrderAndGatheredOnceElse) {
  Made source = numbers(40000);
  ASSERT_TRUE(writeTable(source, at("t.sluice")).ok());
  std::vector<HeldBlock> held;
  {
    const std::unique_ptr<Source> table = std::move(openTable(at("t.sluice"))).value();
    Batches inOrder(*table, {.size = 4096, .shuffle = false}),
        across(*table, {.size = 10000, .shuffle = false});
    for (std::uint64_t k = 0; k < 5; ++k) held.push_back(*inOrder.hold(0, k));
    held.push_back(*across.hold(0, 1));
    held.push_back(*Batches(*table, {.size = 4096, .seed = 1}).hold(0, 0));
  }  // what is held stays
  for (std::size_t k = 0; k < held.size(); ++k) {
    const auto x = valuesOf<std::int32_t>(held[k].block, 0);
    const auto y = valuesOf<double>(held[k].block, 1);
    EXPECT_EQ(held[k].alone, k >= 5) << k;
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], 0.5 * x[i]);
    if (k < 5) {
      EXPECT_EQ(x[0], static_cast<std::int32_t>(4096 * k));
    }
    if (k > 0 && k < 4) {
      EXPECT_EQ(x.data(), valuesOf<std::int32_t>(held[k - 1].block, 0).data() + 4096)
          << "one behind the other, as in the file";
    }
  }
}

}  // namespace
}  // namespace sluice::data

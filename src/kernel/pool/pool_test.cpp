#include "kernel/pool/pool.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

/// 2 x 2 over 4 x 6 pixels of two channels.
PoolParams tiles() {
  PoolParams p;
  p.window = {.height = 4,
              .width = 6,
              .channels = 2,
              .kernelHeight = 2,
              .kernelWidth = 2,
              .strideHeight = 2,
              .strideWidth = 2,
              .input = {-8, 7}};
  return p;
}

TEST(Pool, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto count = checkViews(randomKernel("pool", seed), {.seed = seed, .lanes = 6, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Pool, TilesThatCoverTheMapTakeOneIterationABeat) {
  const PoolFacts facts = poolFacts(tiles()).value();
  EXPECT_TRUE(facts.tiles);
  EXPECT_EQ(facts.iterations, 4u * 6 * 2);
  EXPECT_EQ(facts.outHeight, 2u);
  EXPECT_EQ(facts.outWidth, 3u);
}

TEST(Pool, OverlappingWindowsAreNotTiles) {
  PoolParams p = tiles();
  p.window.kernelHeight = p.window.kernelWidth = 3;
  EXPECT_FALSE(poolFacts(p).value().tiles);
}

TEST(Pool, AGlobalSumKeepsOneRunningValueAChannel) {
  PoolParams p = tiles();
  p.operation = PoolOperation::sum;
  p.window.kernelHeight = 4;
  p.window.kernelWidth = 6;
  const PoolFacts facts = poolFacts(p).value();
  EXPECT_EQ(facts.output, (fixed::Interval{24 * -8, 24 * 7}));
  EXPECT_EQ(facts.iterations, 4u * 6 * 2);
  EXPECT_EQ(pool(p)->schedule.depth, 2u);
}

TEST(Pool, RefusesWhatHasNoMeaning) {
  const auto message = [](const PoolParams& p) { return pool(p).ok() ? "" : pool(p).error().message; };
  PoolParams p = tiles();
  p.window.insertWidth = 2;
  p.window.strideWidth = 1;
  EXPECT_EQ(message(p), "a pool over a map with inserted pixels");
  p = tiles();
  p.window.width = 1;
  p.window.kernelWidth = 2;
  p.window.dilationWidth = 4;
  p.window.padLeft = 3;
  p.window.padRight = 4;
  p.window.strideWidth = 1;
  EXPECT_EQ(message(p), "a window of the pool holds padding only: it has no max");
  p.operation = PoolOperation::sum;
  EXPECT_EQ(message(p), "");
  p.window.input = {0, std::int64_t{1} << 60};
  EXPECT_EQ(message(p), "the sum over a window needs more than 62 bits");
}

}  // namespace
}  // namespace sluice::kernel

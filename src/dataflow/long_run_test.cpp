#include "dataflow/long_run.h"

#include <gtest/gtest.h>

#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

TEST(LongRun, IsTheSimulatedRunOnRandomNetworks) {
  int skipped = 0, deadlocks = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Network network = testing::balancedNetwork(seed);
    constexpr std::uint64_t frames = 150;
    const auto outcome = simulate(network, {.frames = frames, .keepTrace = false});
    ASSERT_TRUE(outcome.ok());
    const auto run = runLong(network, frames);
    if (outcome->deadlock.has_value()) {
      EXPECT_FALSE(run.ok()) << seed;
      ++deadlocks;
      continue;
    }
    ASSERT_TRUE(run.ok()) << seed << run.error().text();
    std::uint64_t end = 0;
    for (const auto& outputs : outcome->trace.outputs) end = std::max(end, outputs.back());
    EXPECT_EQ(run->end, end) << seed;
    skipped += run->simulatedFrames < frames ? 1 : 0;
  }
  EXPECT_GT(skipped, 150);
  EXPECT_GT(deadlocks, 20);
}

TEST(LongRun, AMillionFramesAreArithmetic) {
  const Network network = testing::chain({0, 5, 1}, 8, 50);
  const auto run = runLong(network, 1'000'000);
  ASSERT_TRUE(run.ok());
  EXPECT_LT(run->simulatedFrames, 10u);
  EXPECT_EQ(run->periodCycles, 50 * run->periodFrames);
  EXPECT_EQ(run->end, runLong(network, 1)->end + 50 * 999'999u);
}

}  // namespace
}  // namespace sluice::dataflow

#include <gtest/gtest.h>

#include "dataflow/simulate.h"
#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

using testing::balancedNetwork;
using testing::chain;

TEST(Measure, TheIntervalOfAChainIsItsSlowestPart) {
  Network network = chain({1, 2, 1}, 8, 10);
  network.actors[1].schedule.interval = 3;
  const auto found = measure(network);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->initiationInterval, 30u);
  EXPECT_EQ(found->latency, 1 + (1 + 1) + 9u * 3 + (2 + 1) + (1 + 1));
}

TEST(Measure, GivesTheExactRateWhenItIsNoWholeNumberOfCycles) {
  // Four places and six cycles until a place comes back: 4 beats in 5 cycles (stage 3: promised again after
  // 5).
  Network network = chain({3}, 64, 1);
  network.channels[1].depth = 4;
  const auto found = measure(network);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->cyclesPerPeriod, 5u);
  EXPECT_EQ(found->framesPerPeriod, 4u);
  EXPECT_EQ(found->initiationInterval, 2u);
}

TEST(Measure, ProvesTheRateLongBeforeADeepFifoIsFull) {
  // The source is one percent faster than a1: 5,000 places take 50 frames of 10,000 beats to fill.
  Network network = chain({1, 1}, 4, 100);
  network.channels[1].depth = 500000;
  network.actors[1].schedule.interval = 1;
  network.actors[1].schedule.loops = {{101}};
  network.actors[1].schedule.accesses[0].when = {{0, Relation::less, 100}};
  network.actors[1].schedule.accesses[1].when = {{0, Relation::less, 100}};
  const auto found = measure(network);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->initiationInterval, 101u);
  EXPECT_LE(found->frames, 4u);
}

TEST(Measure, ProvesARateThatOnlyAShallowFifoMakes) {
  // As before, but the slow part is a FIFO too shallow behind a1, so no actor's own work gives the bound.
  Network network = chain({1, 3}, 64, 100);
  network.channels[0].depth = 100000;
  network.channels[2].depth = 4;
  const auto found = measure(network);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->initiationInterval, 125u);
  EXPECT_LE(found->frames, 8u);
}

TEST(Measure, NamesTheCircleOfADeadlock) {
  Network network = chain({1}, 4, 3);
  network.channels.push_back({.name = "token", .depth = 2});
  network.actors[0].schedule.accesses.push_back({2, Direction::read, 0, {}});
  network.actors[0].schedule.accesses.push_back({3, Direction::write, 1, {}});
  network.actors[0].ports.push_back(ChannelId(2));
  network.actors[0].ports.push_back(ChannelId(2));
  const auto found = measure(network);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::infeasible);
  EXPECT_EQ(found.error().message,
            "the network deadlocks\n  kernel 'a0' waits for a beat in 'token', which kernel 'a0' must fill");
  network.channels[2].initial = 1;  // one token goes round in 1 + 1 cycles
  EXPECT_EQ(measure(network)->initiationInterval, 6u);
}

TEST(Measure, PartsThatAreNotJoinedAreMeasuredEachForItself) {
  Network network = chain({1}, 4, 10);
  const Network other = chain({1}, 4, 7);
  for (const Channel& c : other.channels) network.channels.push_back(c);
  network.actors.push_back(other.actors[0]);
  network.actors[1].ports = {ChannelId(2), ChannelId(3)};
  network.actors[1].schedule.interval = 5;
  network.sources.push_back({"in2", ChannelId(2), 7});
  network.sinks.push_back({"out2", ChannelId(3), 7});
  const auto found = measure(network);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->initiationInterval, 35u);
}

TEST(Measure, AgreesWithLongRunsOnRandomNetworks) {
  int proven = 0, fractions = 0, deadlocks = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Network network = balancedNetwork(seed);
    const auto found = measure(network);
    constexpr std::uint64_t frames = 300;
    const auto run = simulate(network, {.frames = frames});
    ASSERT_TRUE(run.ok()) << seed << run.error().text();
    if (run->deadlock) {
      ++deadlocks;
      ASSERT_FALSE(found.ok()) << seed;
      EXPECT_EQ(found.error().code, ErrorCode::infeasible);
      continue;
    }
    ASSERT_TRUE(found.ok()) << seed << found.error().text();
    proven += found->periodic ? 1 : 0;
    fractions += found->framesPerPeriod > 1 ? 1 : 0;
    std::uint64_t latency = 0, slowest = 0;
    for (const auto& outputs : run->trace.outputs) {
      latency = std::max(latency, outputs[0]);
      // From far in the run, over a whole number of periods.
      const std::uint64_t periods = 60 / found->framesPerPeriod;
      const std::uint64_t span = periods * found->framesPerPeriod;
      ASSERT_GT(span, 0u) << seed;
      slowest = std::max(slowest, outputs[frames - 30] - outputs[frames - 30 - span]);
      EXPECT_LE(outputs[frames - 30] - outputs[frames - 30 - span], periods * found->cyclesPerPeriod) << seed;
    }
    if (found->periodic) {
      std::uint64_t span = 60 / found->framesPerPeriod;
      EXPECT_EQ(slowest, span * found->cyclesPerPeriod) << seed;
    }
    EXPECT_EQ(found->latency, latency - (run->trace.pushes[0].empty() ? 0 : run->trace.pushes[0][0])) << seed;
  }
  EXPECT_GT(proven, 200);
  EXPECT_GT(fractions, 3);
  EXPECT_GT(deadlocks, 50);
  std::cout << proven << " proven, " << fractions << " fractions, " << deadlocks << " deadlocks\n";
}

}  // namespace
}  // namespace sluice::dataflow

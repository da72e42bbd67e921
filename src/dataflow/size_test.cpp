#include "dataflow/size.h"

#include <gtest/gtest.h>

#include "dataflow/descending.h"
#include "dataflow/simulate.h"
#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

using testing::balancedNetwork;
using testing::chain;
using Depths = std::vector<std::uint32_t>;

Sizing sized(const Network& network) {
  auto result = sizeChannels(network);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
  return result.ok() ? std::move(result).value() : Sizing{};
}

Network with(Network network, const Depths& depths) {
  for (std::size_t c = 0; c < depths.size(); ++c) network.channels[c].depth = depths[c];
  return network;
}

TEST(Size, AFifoBehindAPipelineNeedsItsStagesAndTwoMore) {
  // Stage w at one beat a cycle: promised at t, filled at t + w, popped at t + w + 1, promised again at t + w
  // + 2.
  const Sizing s = sized(chain({0, 1, 5}, 100, 50));
  EXPECT_EQ(s.depth, (Depths{2, 2, 3, 7}));
  EXPECT_EQ(s.initiationInterval, 50u);
  EXPECT_TRUE(s.proven);
}

TEST(Size, ASlowKernelNeedsFewerPlaces) {
  // A beat every 3 cycles through 5 stages: 7 cycles a place, so 3 places.
  Network n = chain({5}, 100, 50);
  n.actors[0].schedule.interval = 3;
  EXPECT_EQ(sized(n).depth, (Depths{1, 3}));
}

TEST(Size, TheShortBranchOfADiamondHoldsWhatTheLongOneHasInFlight) {
  Network n = chain({0}, 100, 64);  // fork -> long (9 stages) -> join, fork -> join
  n.channels.resize(1);
  for (const char* name : {"long in", "long out", "short", "y"})
    n.channels.push_back(testing::fifo(name, 64));
  Schedule fork, join;
  fork.accesses = {{0, Direction::read, 0, {}}, {1, Direction::write, 0, {}}, {2, Direction::write, 0, {}}};
  join.accesses = {{0, Direction::read, 0, {}}, {1, Direction::read, 0, {}}, {2, Direction::write, 0, {}}};
  n.actors = {{"fork", fork, {ChannelId(0), ChannelId(1), ChannelId(3)}},
              {"long", testing::pipe(9), {ChannelId(1), ChannelId(2)}},
              {"join", join, {ChannelId(2), ChannelId(3), ChannelId(4)}}};
  n.sinks[0].channel = ChannelId(4);
  // A beat leaves the fork at t, is at the join at t + 1 + 9 + 1 = t + 11, its place is free again at t + 12.
  EXPECT_EQ(sized(n).depth, (Depths{2, 2, 11, 12, 2}));
}

TEST(Size, FixedChannelsAndLeastDepthsAreRespected) {
  Network n = chain({0, 1, 5}, 100, 50);
  n.channels[2].fixed = true;
  n.channels[2].depth = 2;  // two places of three: two beats in three cycles, the rate to keep
  n.channels[3].leastDepth = 32;
  const Sizing s = sized(n);
  EXPECT_EQ(s.depth[2], 2u);
  EXPECT_EQ(s.depth[3], 32u);
  EXPECT_EQ(s.initiationInterval, 75u);
}

TEST(Size, DearPlacesAreSavedFirst) {
  // On the short branch of a diamond beats may wait before or behind kernel 'half': where they are cheaper.
  Network n;
  for (const char* name : {"x", "long in", "long out", "before", "behind", "y"})
    n.channels.push_back(testing::fifo(name, 64));
  Schedule fork, join;
  fork.accesses = {{0, Direction::read, 0, {}}, {1, Direction::write, 0, {}}, {2, Direction::write, 0, {}}};
  join.accesses = {{0, Direction::read, 0, {}}, {1, Direction::read, 0, {}}, {2, Direction::write, 0, {}}};
  n.actors = {{"fork", fork, {ChannelId(0), ChannelId(1), ChannelId(3)}},
              {"long", testing::pipe(19), {ChannelId(1), ChannelId(2)}},
              {"half", testing::pipe(0), {ChannelId(3), ChannelId(4)}},
              {"join", join, {ChannelId(2), ChannelId(4), ChannelId(5)}}};
  n.sources = {{"in", ChannelId(0), 100}};
  n.sinks = {{"out", ChannelId(5), 100}};
  for (const std::size_t dear : {3u, 4u}) {
    for (Channel& c : n.channels) c.weight = 1;
    n.channels[dear].weight = 100;
    const Sizing s = sized(n);
    EXPECT_EQ(s.depth[dear], 2u);
    EXPECT_EQ(s.depth[7 - dear], 21u);
  }
}

TEST(Size, SaysWhyNoDepthHelps) {
  Network n = chain({1}, 4, 3);
  n.channels.push_back({.name = "token", .depth = 2});
  n.actors[0].schedule.accesses.push_back({2, Direction::read, 0, {}});
  n.actors[0].schedule.accesses.push_back({3, Direction::write, 1, {}});
  n.actors[0].ports.push_back(ChannelId(2));
  n.actors[0].ports.push_back(ChannelId(2));
  const auto result = sizeChannels(n);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message,
            "the network deadlocks however deep its FIFOs are\n"
            "  kernel 'a0' waits for a beat in 'token', which kernel 'a0' must fill");
}

TEST(Size, KeepsRateAndLatencyAndIsLocallyLeastOnRandomNetworks) {
  int above = 0, cyclic = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Network network = balancedNetwork(seed);
    const auto result = sizeChannels(network);
    if (!result.ok()) {
      EXPECT_EQ(result.error().code, ErrorCode::infeasible) << seed << result.error().text();
      continue;
    }
    ASSERT_TRUE(result->proven) << seed;
    // Against a network so deep that nothing ever waits for a place.
    Depths deep;
    for (const Channel& c : network.channels) deep.push_back(std::max(c.initial, 1u) + 3000);
    const auto unbounded = measure(with(network, deep));
    ASSERT_TRUE(unbounded.ok()) << seed;
    const Network small = with(network, result->depth);
    const auto kept = measure(small);
    ASSERT_TRUE(kept.ok() && kept->periodic) << seed;
    EXPECT_EQ(kept->latency, unbounded->latency) << seed;
    EXPECT_EQ(kept->cyclesPerPeriod, unbounded->cyclesPerPeriod) << seed;
    EXPECT_EQ(kept->framesPerPeriod, unbounded->framesPerPeriod) << seed;
    EXPECT_EQ(result->latency, kept->latency) << seed;
    EXPECT_EQ(result->initiationInterval, kept->initiationInterval) << seed;
    for (std::size_t c = 0; c < small.channels.size(); ++c) {
      if (small.channels[c].depth <= std::max(1u, small.channels[c].initial)) continue;
      ++above;
      Network less = small;
      --less.channels[c].depth;
      const auto worse = measure(less);
      if (!worse.ok()) continue;  // deadlock
      EXPECT_TRUE(worse->latency > kept->latency || worse->cyclesPerPeriod * kept->framesPerPeriod >
                                                        kept->cyclesPerPeriod * worse->framesPerPeriod)
          << "seed " << seed << " channel " << c;
    }
    cyclic +=
        network.channels.size() > network.actors.size() + network.links.size() + network.sinks.size() ? 1 : 0;
  }
  EXPECT_GT(above, 200);
}

TEST(Size, CostsNoMoreThanADescendingPassAndIsTheSameWhereSingleBoundsAreGoodTogether) {
  int same = 0, better = 0, clauses = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Network network = balancedNetwork(seed);
    Rng rng(seed, 6);
    for (Channel& c : network.channels) c.weight = static_cast<std::uint32_t>(rng.uniform(1, 5));
    const auto result = sizeChannels(network, {.mostEffort = 5000, .mostBeats = 0});
    const auto before = sizeDescending(network);
    ASSERT_EQ(result.ok(), before.ok()) << seed;
    if (!result.ok()) continue;
    ASSERT_TRUE(result->least()) << seed;
    EXPECT_EQ(result->latency, before->latency) << seed;
    EXPECT_EQ(result->initiationInterval, before->initiationInterval) << seed;
    std::uint64_t costBefore = 0;
    for (std::size_t c = 0; c < network.channels.size(); ++c)
      costBefore += std::uint64_t{before->depth[c]} * network.channels[c].weight;
    EXPECT_LE(result->cost, costBefore) << seed;
    bool single = true;
    for (const Conflict& conflict : result->conflicts) single = single && conflict.depths.size() == 1;
    if (single) {
      EXPECT_EQ(result->depth, before->depth) << seed;
    }
    same += result->depth == before->depth ? 1 : 0;
    better += result->cost < costBefore ? 1 : 0;
    clauses += single ? 0 : 1;
  }
  EXPECT_GT(same, 100);
  EXPECT_GT(better, 5);
  EXPECT_GT(clauses, 20);
}

TEST(Size, SaysHowFarItMayBeFromTheLeastWhenConflictsRunOut) {
  int open = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Network network = balancedNetwork(seed);
    const auto exact = sizeChannels(network, {.mostEffort = 5000, .mostBeats = 0}),
               quick = sizeChannels(network, {.mostEffort = 0, .mostBeats = 0});
    if (!exact.ok()) continue;
    EXPECT_LE(quick->lowerBound, exact->cost) << seed;
    EXPECT_GE(quick->cost, exact->cost) << seed;
    open += quick->least() ? 0 : 1;
  }
  EXPECT_GT(open, 5);
}

TEST(Size, LongFramesGetDepthsThatKeepLatencyAndRateWithoutAProofThatTheyAreLeast) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Network network = balancedNetwork(seed);
    const auto least = sizeChannels(network), quick = sizeChannels(network, {.longFrame = 0});
    if (!least.ok()) continue;
    ASSERT_TRUE(quick.ok()) << seed;
    EXPECT_LE(quick->lowerBound, least->cost) << seed;
    EXPECT_GE(quick->cost, least->cost) << seed;
    for (std::size_t c = 0; c < network.channels.size(); ++c) network.channels[c].depth = quick->depth[c];
    const auto performance = measure(network);
    ASSERT_TRUE(performance.ok()) << seed;
    EXPECT_EQ(performance->latency, least->latency) << seed;
    EXPECT_EQ(performance->initiationInterval, least->initiationInterval) << seed;
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

TEST(Size, FindsTheLeastOfTheExhaustiveList) {
  // Tiny networks: every vector of depths is measured; the answer must be the cheapest of the good ones, and
  // the good ones must be closed upwards.
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 150 && compared < 25; ++seed) {
    Network network = balancedNetwork(seed, 2, 4);
    for (Channel& c : network.channels) c.weight = 1 + static_cast<std::uint32_t>(seed + c.name[1]) % 3;
    if (network.channels.size() > 4) continue;
    const auto result = sizeChannels(network, {.mostEffort = 5000, .mostBeats = 0});
    if (!result.ok()) continue;
    std::uint32_t most = 2;
    for (const std::uint32_t d : result->depth) most = std::max(most, d);
    std::uint64_t count = 1;
    for (std::size_t c = 0; c < network.channels.size(); ++c) count *= most + 1;
    if (count > 3000) continue;
    ++compared;
    const auto good = [&](const Depths& depths) {
      for (std::size_t c = 0; c < depths.size(); ++c)
        if (depths[c] < std::max(1u, network.channels[c].initial)) return false;
      const auto found = measure(with(network, depths));
      return found.ok() && found->latency <= result->latency &&
             found->initiationInterval <= result->initiationInterval;
    };
    std::vector<bool> table(count);
    Depths depths(network.channels.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t rest = i;
      for (std::uint32_t& d : depths) {
        d = static_cast<std::uint32_t>(rest % (most + 1)) + 1;
        rest /= most + 1;
      }
      table[i] = good(depths);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t stride = 1;
      for (std::size_t c = 0; c < depths.size(); ++c, stride *= most + 1)
        if (table[i] && i / stride % (most + 1) < most) {
          ASSERT_TRUE(table[i + stride]) << seed;
        }
    }
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t sum = 0, rest = i;
      for (std::size_t c = 0; c < depths.size(); ++c, rest /= most + 1)
        sum += (rest % (most + 1) + 1) * network.channels[c].weight;
      if (table[i]) least = std::min(least, sum);
    }
    EXPECT_EQ(result->cost, least) << seed;
    EXPECT_EQ(result->lowerBound, least) << seed;
    std::uint64_t answer = 0, stride = 1;
    for (const std::uint32_t d : result->depth) {
      answer += (d - 1) * stride;
      stride *= most + 1;
    }
    EXPECT_TRUE(table[answer]) << seed;
    stride = 1;
    for (std::size_t c = 0; c < depths.size(); ++c, stride *= most + 1)
      if (result->depth[c] > 1) {
        EXPECT_FALSE(table[answer - stride]) << seed << " " << c;
      }
  }
  EXPECT_GE(compared, 15);
}

TEST(CheckLeast, SaysWhatOnePlaceLessDoes) {
  Network n = chain({0, 5}, 100, 50);
  n = with(n, {2, 2, 7});
  n.channels[0].leastDepth = 2;
  auto found = checkLeast(n);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)[0].effect, Shallower::notLegal);
  EXPECT_EQ((*found)[1].effect, Shallower::bothWorse);
  EXPECT_EQ((*found)[1].initiationInterval, 100u);
  EXPECT_EQ((*found)[2].effect, Shallower::bothWorse);
  EXPECT_EQ((*found)[2].depth, 6u);
  EXPECT_STREQ(shallowerText((*found)[2].effect), "interval and latency worse");
  n.channels[1].depth = 3;
  EXPECT_EQ((*checkLeast(n))[1].effect, Shallower::nothing);
}

TEST(CheckLeast, FindsNothingToSaveInASizedNetwork) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Network network = balancedNetwork(seed);
    const auto result = sizeChannels(network);
    if (!result.ok()) continue;
    const auto found = checkLeast(with(network, result->depth));
    ASSERT_TRUE(found.ok());
    for (const LeastCheck& check : *found) {
      EXPECT_NE(check.effect, Shallower::nothing) << seed << " " << check.channel.index;
      EXPECT_TRUE(check.proven);
    }
  }
}

}  // namespace
}  // namespace sluice::dataflow

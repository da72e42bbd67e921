#include "dataflow/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

using testing::chain;
using testing::randomNetwork;
using testing::step;
using Cycles = std::vector<std::uint64_t>;

Outcome run(const Network& network, const Stimulus& stimulus = {}) {
  auto outcome = simulate(network, stimulus);
  EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().text());
  return outcome.ok() ? std::move(outcome).value() : Outcome{};
}

TEST(Simulate, CountsCyclesFromTheFirstAfterReset) {
  // A source that offers in cycle 0 pushes in cycle 0, the beat is visible in 1, popped at issue in 1 and
  // pushed by stage 3 in 4, visible and taken in 5.
  const Trace trace = run(chain({3}, 8, 2)).trace;
  EXPECT_EQ(trace.pushes[0], (Cycles{0, 1}));
  EXPECT_EQ(trace.pops[0], (Cycles{1, 2}));
  EXPECT_EQ(trace.pushes[1], (Cycles{4, 5}));
  EXPECT_EQ(trace.pops[1], (Cycles{5, 6}));
  EXPECT_EQ(trace.outputs[0], (Cycles{6}));
  EXPECT_EQ(trace.end, 6u);
}

TEST(Simulate, GivesAPlaceBackInTheCycleAfterThePop) {
  // One place: pushed in 0, popped in 1, promised again in 2.
  const Trace trace = run(chain({}, 1, 3)).trace;
  EXPECT_EQ(trace.pushes[0], (Cycles{0, 2, 4}));
  EXPECT_EQ(trace.pops[0], (Cycles{1, 3, 5}));
  EXPECT_EQ(trace.peak[0], 1u);
}

TEST(Simulate, RunsAtFullRateFromStagePlusTwoPlacesOn) {
  // A place is promised at issue in t, filled in t + w, visible and popped in t + w + 1, promised again in t
  // + w + 2: d places give d beats in w + 2 cycles.
  for (const std::uint32_t w : {0u, 1u, 3u, 6u})
    for (std::uint32_t depth = 1; depth <= w + 3; ++depth) {
      Network network = chain({w}, 64, 1000);
      network.channels[1].depth = depth;
      const Trace trace = run(network).trace;
      const std::uint64_t cycles = trace.pops[1].back() - trace.pops[1].front();
      const double rate = 999.0 / static_cast<double>(cycles);
      EXPECT_NEAR(rate, std::min(1.0, static_cast<double>(depth) / (w + 2)), 0.005) << w << " " << depth;
    }
}

TEST(Simulate, MovesBeatsAcrossALinkInOneCycleAndWithLatency) {
  for (const std::uint32_t latency : {0u, 4u}) {
    Network network;
    network.channels = {testing::fifo("from", 2), testing::fifo("to", 16)};
    network.sources = {{"in", ChannelId(0), 3}};
    network.sinks = {{"out", ChannelId(1), 3}};
    network.links = {{"cut", ChannelId(0), ChannelId(1), latency}};
    const Trace trace = run(network).trace;
    EXPECT_EQ(trace.pops[0], (Cycles{1, 2, 3}));
    EXPECT_EQ(trace.pushes[1], (Cycles{1 + latency, 2 + latency, 3 + latency}));
  }
}

TEST(Simulate, StallsAreAFunctionOfSeedStreamAndCycle) {
  const Pattern pattern{.seed = 5, .stallPercent = 30};
  int open = 0;
  for (std::uint64_t t = 0; t < 10000; ++t) {
    EXPECT_EQ(pattern.open(1, t), randomBits(5, 1, t) % 100 >= 30);
    open += pattern.open(1, t) ? 1 : 0;
  }
  EXPECT_NEAR(open, 7000, 200);
}

TEST(Simulate, AgreesWithASteppedModelInEveryPushAndPop) {
  std::uint64_t beats = 0, deadlocks = 0, finished = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const Network network = randomNetwork(seed);
    const Stimulus stimulus{.frames = 1 + seed % 5,
                            .sources = {seed, static_cast<std::uint32_t>(seed % 3 * 30)},
                            .sinks = {seed + 1, static_cast<std::uint32_t>(seed / 3 % 3 * 30)}};
    const auto outcome = simulate(network, stimulus);
    ASSERT_TRUE(outcome.ok()) << "seed " << seed << ": " << outcome.error().text();
    const Trace& trace = outcome->trace;
    // If it stopped, the stepped model must stand still too for long after.
    const auto plain = step(network, stimulus, trace.end + (outcome->deadlock ? 200 : 1));
    for (std::size_t c = 0; c < network.channels.size(); ++c) {
      ASSERT_EQ(trace.pushes[c], plain.pushes[c]) << "seed " << seed << " channel " << c;
      ASSERT_EQ(trace.pops[c], plain.pops[c]) << "seed " << seed << " channel " << c;
      ASSERT_EQ(trace.peak[c], plain.peak[c]) << "seed " << seed << " channel " << c;
      beats += trace.pushes[c].size();
    }
    if (outcome->deadlock) {
      ++deadlocks;
      EXPECT_FALSE(outcome->deadlock->waits.empty());
    } else {
      ++finished;
    }
  }
  EXPECT_GT(beats, 50000u);
  EXPECT_GT(deadlocks, 100u);
  EXPECT_GT(finished, 100u);
  RecordProperty("beats", static_cast<int>(beats));
}

TEST(Simulate, WithoutATraceGivesTheSamePeaksOutputsAndEnd) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Network network = randomNetwork(seed);
    Stimulus stimulus{.frames = 7, .sources = {seed, 40}, .sinks = {seed, 20}};
    const Outcome with = run(network, stimulus);
    stimulus.keepTrace = false;
    const Outcome without = run(network, stimulus);
    EXPECT_EQ(with.trace.peak, without.trace.peak);
    EXPECT_EQ(with.trace.outputs, without.trace.outputs);
    EXPECT_EQ(with.trace.end, without.trace.end);
    EXPECT_TRUE(without.trace.pushes[0].empty());
    stimulus.keepTrace = stimulus.portsOnly = true;
    const Trace ports = run(network, stimulus).trace;
    for (std::size_t c = 0; c < network.channels.size(); ++c) {
      const auto isChannel = [&](const Port& port) { return port.channel.index == c; };
      const bool atPort = std::any_of(network.sources.begin(), network.sources.end(), isChannel) ||
                          std::any_of(network.sinks.begin(), network.sinks.end(), isChannel);
      EXPECT_EQ(ports.pops[c], atPort ? with.trace.pops[c] : Cycles{});
      EXPECT_EQ(ports.pushes[c], atPort ? with.trace.pushes[c] : Cycles{});
    }
  }
}

TEST(Simulate, LongRunsCrossManyWindowsAndKeepTheirPeaks) {
  Network network = chain({2}, 5, 300000);
  network.actors[0].schedule.interval = 3;
  const Trace trace = run(network, {.frames = 1, .keepTrace = false}).trace;
  EXPECT_EQ(trace.outputs[0], (Cycles{1 + 3 * 299999 + 2 + 1}));
  EXPECT_EQ(trace.peak[0], 5u);
  EXPECT_EQ(trace.peak[1], 2u);  // promised at 1, popped at 4: two overlap in cycle 4
}

TEST(Simulate, AKernelThatRunsByItselfDoesNotKeepTheRunFromEnding) {
  Network network = chain({1}, 4, 5);
  network.channels.push_back(testing::fifo("free", 2));
  Schedule produce, consume;
  produce.accesses = {{0, Direction::write, 0, {}}};
  consume.accesses = {{0, Direction::read, 0, {}}};
  network.actors.push_back({"p", produce, {ChannelId(2)}});
  network.actors.push_back({"c", consume, {ChannelId(2)}});
  const Trace trace = run(network).trace;
  EXPECT_EQ(trace.pops[1].size(), 5u);
  EXPECT_EQ(trace.pops[2].back(), trace.end);
}

TEST(Simulate, NamesTheCircleOfADeadlock) {
  // The fork gives both branches; the join wants two beats of the long branch's sum before it takes the short
  // one's.
  Network n;
  n.channels = {testing::fifo("x", 2), testing::fifo("long", 2), testing::fifo("short", 1),
                testing::fifo("y", 2)};
  Schedule fork;
  fork.accesses = {{0, Direction::read, 0, {}}, {1, Direction::write, 0, {}}, {2, Direction::write, 0, {}}};
  Schedule join;
  join.loops = {{4}};
  join.accesses = {{0, Direction::read, 0, {{0, Relation::less, 2}}},
                   {1, Direction::read, 0, {{0, Relation::greaterEqual, 2}}},
                   {2, Direction::write, 0, {{0, Relation::equal, 3}}}};
  n.actors = {{"fork", fork, {ChannelId(0), ChannelId(1), ChannelId(2)}},
              {"join", join, {ChannelId(1), ChannelId(2), ChannelId(3)}}};
  n.sources = {{"in", ChannelId(0), 2}};
  n.sinks = {{"out", ChannelId(3), 1}};
  const Outcome outcome = run(n);
  ASSERT_TRUE(outcome.deadlock.has_value());
  EXPECT_EQ(outcome.deadlock->waits,
            (std::vector<std::string>{
                "kernel 'fork' waits for a free place in 'short' (depth 1), which kernel 'join' must empty",
                "kernel 'join' waits for a beat in 'long', which kernel 'fork' must fill"}));
  n.channels[2].depth = 2;
  EXPECT_FALSE(run(n).deadlock.has_value());
}

TEST(Simulate, SaysWhenASourceRanDry) {
  Network n = chain({1}, 4, 3);
  n.sinks[0].beatsPerFrame = 4;
  const Outcome outcome = run(n);
  ASSERT_TRUE(outcome.deadlock.has_value());
  EXPECT_EQ(outcome.deadlock->waits.back(), "source 'in' has given all its beats");
}

TEST(Simulate, GivesUpAtTheCycleLimit) {
  const auto outcome = simulate(chain({1}, 4, 3000), {.frames = 1, .cycleLimit = 100});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::gaveUp);
  EXPECT_EQ(outcome.error().message, "the run did not end within 100 cycles");
}

TEST(Simulate, RefusesAPatternThatNeverOpens) {
  EXPECT_FALSE(simulate(chain({1}, 4, 3), {.sinks = {0, 100}}).ok());
}

TEST(Simulate, MoreDepthNeverMakesABeatLater) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Network network = randomNetwork(seed);
    const Stimulus stimulus{.frames = 3, .sources = {seed, 30}, .sinks = {seed, 30}};
    const Trace before = run(network, stimulus).trace;
    Rng rng(seed, 3);
    const auto c =
        static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(network.channels.size()) - 1));
    ++network.channels[c].depth;
    const Trace after = run(network, stimulus).trace;
    for (std::size_t s = 0; s < before.outputs.size(); ++s) {
      ASSERT_LE(before.outputs[s].size(), after.outputs[s].size()) << seed;
      for (std::size_t f = 0; f < before.outputs[s].size(); ++f)
        ASSERT_LE(after.outputs[s][f], before.outputs[s][f]) << seed;
    }
  }
}

}  // namespace
}  // namespace sluice::dataflow

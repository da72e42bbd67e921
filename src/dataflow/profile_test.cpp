#include "dataflow/profile.h"

#include <gtest/gtest.h>

#include "dataflow/simulate.h"
#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

using testing::chain;

Profile profiled(const Network& network, std::size_t mostSteps = 256) {
  auto result = profile(network, mostSteps);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
  return result.ok() ? std::move(result).value() : Profile{};
}

TEST(Profile, SaysWhatEveryKernelWaitsForAndHowBusyItIs) {
  // a1 needs 3 cycles a beat: a0 waits for places before it, a2 for beats behind it.
  Network network = chain({1, 1, 1}, 4, 10);
  network.actors[1].schedule.interval = 3;
  const Profile p = profiled(network);
  EXPECT_TRUE(p.steady);
  EXPECT_EQ(p.cycles, 30u);
  EXPECT_EQ(p.frames, 1u);
  EXPECT_EQ(p.actors[0].issues, 10u);
  EXPECT_DOUBLE_EQ(p.actors[0].utilisation, 1.0 / 3);
  EXPECT_EQ(p.actors[0].waits, (std::vector<Waiting>{{ChannelId(0), true, 0}, {ChannelId(1), false, 20}}));
  EXPECT_DOUBLE_EQ(p.actors[1].utilisation, 1.0);
  EXPECT_EQ(p.actors[1].waits, (std::vector<Waiting>{{ChannelId(1), true, 0}, {ChannelId(2), false, 0}}));
  EXPECT_EQ(p.actors[2].waits, (std::vector<Waiting>{{ChannelId(2), true, 20}, {ChannelId(3), false, 0}}));
  EXPECT_EQ(p.sources[0].waits[0].cycles, 20u);
  EXPECT_EQ(p.sinks[0].waits[0].cycles, 20u);
}

TEST(Profile, OccupancyCountsFromPromiseToPop) {
  // Behind a1: promised at t, filled at t + 1, popped at t + 2: taken 3 of 3 cycles. Before it: full, and in
  // the cycle of the pop the place is still taken.
  Network network = chain({1, 1}, 4, 10);
  network.actors[1].schedule.interval = 3;
  const Profile p = profiled(network);
  EXPECT_EQ(p.channels[1].peak, 4u);
  EXPECT_DOUBLE_EQ(p.channels[1].mean, 4.0);
  EXPECT_EQ(p.channels[1].curve, (std::vector<OccupancyStep>{{0, 4}}));
  EXPECT_EQ(p.channels[2].peak, 1u);
  EXPECT_DOUBLE_EQ(p.channels[2].mean, 1.0);
}

TEST(Profile, CurvesAreBoundedAndKeepThePeak) {
  Network network = chain({1, 1}, 64, 1000);
  network.actors[1].schedule.loops = {{2}, {1000}};  // reads in the first half, writes in the second
  network.actors[1].schedule.accesses[0].when = {{0, Relation::equal, 0}};
  network.actors[1].schedule.accesses[1].when = {{0, Relation::equal, 1}};
  network.actors[0].schedule.interval = 2;
  const Profile fine = profiled(network, 100000), coarse = profiled(network, 32);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_LE(coarse.channels[c].curve.size(), 32u);
    EXPECT_EQ(coarse.channels[c].peak, fine.channels[c].peak);
    EXPECT_EQ(coarse.channels[c].mean, fine.channels[c].mean);
    std::uint32_t highest = 0;
    for (const auto& step : coarse.channels[c].curve) highest = std::max(highest, step.places);
    EXPECT_EQ(highest, fine.channels[c].peak);
  }
}

TEST(Profile, IsTheSameAsCountingEveryCycleOfTheTrace) {
  int steady = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Network network = testing::balancedNetwork(seed);
    const auto result = profile(network, 1u << 20);
    if (!result.ok()) continue;
    steady += result->steady ? 1 : 0;
    // Many frames, so that the window lies far from the sources' end.
    const std::uint64_t frames =
        2 * ((result->start + result->cycles) / result->cycles * result->frames + 60);
    const auto run = simulate(network, {.frames = frames});
    ASSERT_TRUE(run.ok() && !run->deadlock) << seed;
    ASSERT_GT(run->trace.end, result->start + result->cycles) << seed;
    for (std::size_t c = 0; c < network.channels.size(); ++c) {
      std::uint32_t stage = 0;
      for (const Actor& actor : network.actors)
        for (const Access& access : actor.schedule.accesses)
          if (actor.ports[access.port].index == c) stage = std::max(stage, access.stage);
      for (const Link& link : network.links)
        if (link.to.index == c) stage = link.latency;
      std::uint64_t sum = 0, peak = 0;
      std::size_t promised = 0, popped = 0;
      const auto& pushes = run->trace.pushes[c];
      const auto& pops = run->trace.pops[c];
      std::size_t step = 0;
      for (std::uint64_t t = 0; t < result->start + result->cycles; ++t) {
        while (promised < pushes.size() && pushes[promised] <= t + stage) ++promised;
        while (popped < pops.size() && pops[popped] < t) ++popped;
        if (t < result->start) continue;
        const std::uint64_t taken = network.channels[c].initial + promised - popped;
        const auto& curve = result->channels[c].curve;
        if (step + 1 < curve.size() && curve[step + 1].cycle == t - result->start) ++step;
        ASSERT_EQ(curve[step].places, taken) << seed << " channel " << c << " cycle " << t;
        sum += taken;
        peak = std::max(peak, taken);
      }
      EXPECT_EQ(result->channels[c].peak, peak) << seed;
      EXPECT_DOUBLE_EQ(result->channels[c].mean,
                       static_cast<double>(sum) / static_cast<double>(result->cycles));
    }
    for (std::size_t a = 0; a < network.actors.size() && result->steady; ++a) {
      // In a period every cycle is either work or one of the waits.
      const ActorProfile& actor = result->actors[a];
      std::uint64_t cycles = actor.issues * network.actors[a].schedule.interval;
      for (const Waiting& wait : actor.waits) cycles += wait.cycles;
      EXPECT_EQ(cycles, result->cycles) << seed;
    }
  }
  EXPECT_GT(steady, 90);
}

}  // namespace
}  // namespace sluice::dataflow

#include "dataflow/timeline.h"

#include <gtest/gtest.h>

#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

TEST(Timelines, BeforeTheSlowestKernelPlacesAreWaitedForAndBehindItBeats) {
  Network network = testing::chain({1, 1, 1}, 4, 10);
  network.actors[1].schedule.interval = 8;
  const auto found = profile(network);
  ASSERT_TRUE(found.ok());
  const auto drawn = timeline(network, *found, 10);
  ASSERT_TRUE(drawn.ok());
  EXPECT_EQ(drawn->cycles, 80u);
  EXPECT_EQ(drawn->step, 8u);
  using P = std::vector<Phase>;
  EXPECT_EQ(drawn->actors[0], (P{{0, Doing::blocked}}));
  EXPECT_EQ(drawn->actors[1], (P{{0, Doing::works}}));
  EXPECT_EQ(drawn->actors[2], (P{{0, Doing::starved}}));
}

TEST(Timelines, InStepsOfOneCycleTheCyclesAreThoseOfTheProfile) {
  Network network = testing::chain({1, 1, 1}, 4, 10);
  network.actors[1].schedule.interval = 3;
  const auto found = profile(network);
  ASSERT_TRUE(found.ok());
  const auto drawn = timeline(network, *found, 1000);
  ASSERT_TRUE(drawn.ok());
  ASSERT_EQ(drawn->step, 1u);
  for (std::size_t a = 0; a < network.actors.size(); ++a) {
    std::uint64_t starved = 0, blocked = 0;
    for (std::size_t i = 0; i < drawn->actors[a].size(); ++i) {
      const Phase& phase = drawn->actors[a][i];
      const std::uint64_t end =
          i + 1 < drawn->actors[a].size() ? drawn->actors[a][i + 1].cycle : drawn->cycles;
      (phase.doing == Doing::starved ? starved : blocked) +=
          phase.doing == Doing::works ? 0 : end - phase.cycle;
    }
    std::uint64_t waits = 0;
    for (const Waiting& wait : found->actors[a].waits) waits += wait.cycles;
    EXPECT_EQ(starved + blocked, waits) << network.actors[a].name;
  }
}

}  // namespace
}  // namespace sluice::dataflow

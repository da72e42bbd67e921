#include "dataflow/network.h"

#include <gtest/gtest.h>

#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

using testing::chain;

std::string problem(const Network& network) {
  const Status status = check(network);
  return status.ok() ? "" : status.error().message;
}

/// A legal network to break: source -> c0 -> a0 -> c1 -> sink.
Network legal() { return chain({3}, 4, 2); }

TEST(Network, ALegalOnePasses) { EXPECT_EQ(problem(legal()), ""); }

TEST(Network, Rule1LoopsRunAndPassesEnd) {
  Network n = legal();
  n.actors[0].schedule.loops = {{0}};
  EXPECT_EQ(problem(n), "actor 'a0': a loop has extent 0");
  n.actors[0].schedule.loops = {{1u << 21}, {1u << 21}};
  EXPECT_EQ(problem(n), "actor 'a0': a pass has more than 2^40 iterations");
  n.actors[0].schedule.loops = {{0xffffffffu}, {0xffffffffu}, {0xffffffffu}, {0xffffffffu}};
  EXPECT_EQ(problem(n), "actor 'a0': a pass has more than 2^40 iterations");
}

TEST(Network, Rule2IntervalsAndDepthsAreSane) {
  Network n = legal();
  n.actors[0].schedule.interval = 0;
  EXPECT_EQ(problem(n), "actor 'a0': interval 0 is not in 1 .. 2^20");
  n = legal();
  n.actors[0].schedule.depth = 1u << 21;
  EXPECT_EQ(problem(n), "actor 'a0': depth 2097152 is above 2^20");
}

TEST(Network, Rule3AccessesNamePortsAndLoops) {
  Network n = legal();
  n.actors[0].schedule.accesses.push_back({5, Direction::read, 0, {}});
  EXPECT_EQ(problem(n), "actor 'a0', port 5: the actor has 2 ports");
  n = legal();
  n.actors[0].schedule.accesses[0].when = {{2, Relation::equal, 0}};
  EXPECT_EQ(problem(n), "actor 'a0', port 0: a test names loop 2 of 0");
}

TEST(Network, Rule4StagesAreLegal) {
  Network n = legal();
  n.actors[0].schedule.accesses[0].stage = 1;
  EXPECT_EQ(problem(n), "actor 'a0', port 0: reads at stage 1; reads pop at issue, stage 0");
  n = legal();
  n.actors[0].schedule.depth = 2;
  EXPECT_EQ(problem(n), "actor 'a0', port 1: writes at stage 3, the depth is 2");
}

TEST(Network, Rule5TheAccessesOfAPortAgree) {
  Network n = legal();
  n.actors[0].schedule.accesses.push_back({1, Direction::write, 2, {}});
  EXPECT_EQ(problem(n), "actor 'a0', port 1: accesses at stages 3 and 2");
  n = legal();
  n.actors[0].schedule.accesses.push_back({1, Direction::read, 0, {}});
  EXPECT_EQ(problem(n), "actor 'a0', port 1: is both read and written");
}

TEST(Network, Rule6EveryPortMovesABeat) {
  Network n = legal();
  n.actors[0].schedule.loops = {{4}};
  n.actors[0].schedule.accesses[1].when = {{0, Relation::equal, 4}};
  EXPECT_EQ(problem(n), "actor 'a0', port 1: moves no beat in a pass");
  n = legal();
  n.channels.push_back(testing::fifo("c2", 1));
  n.actors[0].ports.push_back(ChannelId(2));
  n.sinks.push_back({"extra", ChannelId(2), 1});
  EXPECT_EQ(problem(n), "actor 'a0', port 2: has no access\nchannel 'c2' has 0 writers");
}

TEST(Network, Rule7EndsNameChannels) {
  Network n = legal();
  n.sinks.push_back({"extra", ChannelId(7), 1});
  EXPECT_EQ(problem(n), "sink 'extra': joined to no channel of the network");
  n = legal();
  n.actors[0].ports[1] = ChannelId();
  EXPECT_EQ(problem(n),
            "actor 'a0', port 1: joined to no channel of the network\nchannel 'c1' has 0 writers");
}

TEST(Network, Rule8ChannelsHaveOneWriterAndOneReader) {
  Network n = legal();
  n.sources.push_back({"too", ChannelId(0), 1});
  EXPECT_EQ(problem(n), "channel 'c0' has 2 writers: source 'in', source 'too'");
  n = legal();
  n.sinks.push_back({"too", ChannelId(0), 1});
  EXPECT_EQ(problem(n), "channel 'c0' has 2 readers: actor 'a0', sink 'too'");
}

TEST(Network, Rule9ChannelsAreLegal) {
  Network n = legal();
  n.channels[0].leastDepth = 5;
  EXPECT_EQ(problem(n), "channel 'c0': depth 4, least depth 5; depth >= least depth >= 1 is needed");
  n = legal();
  n.channels[0].delay = 0;
  EXPECT_EQ(problem(n), "channel 'c0': delay 0 is not in 1 .. 2^20");
  n = legal();
  n.channels[0].initial = 5;
  EXPECT_EQ(problem(n), "channel 'c0': 5 initial beats in 4 places");
}

TEST(Network, Rule10FramesHaveBeatsAndThereIsAnOutside) {
  Network n = legal();
  n.sources[0].beatsPerFrame = 0;
  EXPECT_EQ(problem(n), "port 'in': moves no beat in a frame");
  EXPECT_EQ(problem(Network{}), "the network has no source and no sink");
}

TEST(Network, ProblemsAreNamedAllAtOnce) {
  Network n = legal();
  n.channels[0].delay = 0;
  n.actors[0].schedule.interval = 0;
  n.sinks[0].beatsPerFrame = 0;
  EXPECT_EQ(problem(n),
            "actor 'a0': interval 0 is not in 1 .. 2^20\nchannel 'c0': delay 0 is not in 1 .. 2^20\n"
            "port 'out': moves no beat in a frame");
}

TEST(Balance, FindsThePassesOfEveryActorInAFrame) {
  // 6 beats a frame in; a0 takes 3 a pass and gives 1; a1 takes 1 and gives 1 over a link.
  Network n = chain({1, 1}, 4, 6);
  n.actors[0].schedule.loops = {{3}};
  n.actors[0].schedule.accesses[1].when = {{0, Relation::equal, 2}};
  n.sinks[0].beatsPerFrame = 2;
  const auto found = balance(n);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->frames, 1u);
  EXPECT_EQ(found->passes, (std::vector<std::uint64_t>{2, 2}));
}

TEST(Balance, CountsFramesUntilAllPassesAreWhole) {
  Network n = chain({1}, 8, 3);
  n.actors[0].schedule.loops = {{2}};
  n.actors[0].schedule.accesses.clear();
  n.actors[0].schedule.accesses = {{0, Direction::read, 0, {}}, {1, Direction::write, 1, {}}};
  const auto found = balance(n);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->frames, 2u);
  EXPECT_EQ(found->passes, (std::vector<std::uint64_t>{3}));
}

TEST(Balance, NamesTheChannelThatDoesNotBalance) {
  Network n = chain({1}, 4, 6);
  n.sinks[0].beatsPerFrame = 5;
  const auto found = balance(n);
  ASSERT_FALSE(found.ok());
  const bool known = found.error().message == "channel 'c1' gets 6 beats a frame and gives 5" ||
                     found.error().message == "channel 'c0' gets 6 beats a frame and gives 5";
  EXPECT_TRUE(known) << found.error().message;
}

TEST(Balance, NamesAnActorThatNothingFixes) {
  Network n = chain({1}, 4, 6);
  n.channels.push_back(testing::fifo("loop", 2));
  n.channels[2].initial = 1;
  n.actors.push_back({"alone", testing::pipe(0), {ChannelId(2), ChannelId(2)}});
  const auto found = balance(n);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().message, "actor 'alone': no source or sink says how often it runs in a frame");
}

}  // namespace
}  // namespace sluice::dataflow

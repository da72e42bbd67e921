#include "dataflow/judge.h"

#include <gtest/gtest.h>

#include "dataflow/mirror.h"
#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

using testing::balancedNetwork;
using testing::chain;

TEST(Judge, KeepsWhatUnboundedFifosGive) {
  const Network n = chain({0, 5}, 2, 50);
  const auto flow = balance(n);
  Judge judge(n, *flow);
  ASSERT_TRUE(judge.prepare().ok());
  EXPECT_EQ(judge.latency(), 57u);  // 49 beats behind the first, 1 + 0 + 1 + 5 + 1 cycles on the way
  EXPECT_EQ(judge.target().cycles, 50u);
  EXPECT_EQ(judge.whole({2, 2, 7}), Verdict::good);
  EXPECT_EQ(judge.whole({2, 2, 6}), Verdict::bad);
}

TEST(Judge, APartSaysWhatTheWholeNetworkWould) {
  std::uint64_t bad = 0, good = 0, parts = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Network network = balancedNetwork(seed);
    if (seed % 5 == 0) network.channels[seed % network.channels.size()].fixed = true;
    const auto flow = balance(network);
    ASSERT_TRUE(flow.ok());
    Judge judge(network, *flow);
    if (!judge.prepare().ok()) continue;
    Rng rng(seed, 5);
    for (int question = 0; question < 6; ++question) {
      Judge::Depths depths = judge.unbounded();
      std::vector<std::uint32_t> channels;
      std::vector<std::uint64_t> some;
      const double share = rng.chance(0.5) ? 0.2 : 0.6;
      for (std::uint32_t c = 0; c < depths.size(); ++c)
        if (!network.channels[c].fixed && rng.chance(share)) {
          depths[c] = std::max<std::uint64_t>(network.channels[c].initial, 1) +
                      static_cast<std::uint64_t>(rng.uniform(0, 6));
          channels.push_back(c);
          some.push_back(depths[c]);
        }
      if (channels.empty()) continue;
      const Verdict whole = judge.whole(depths);
      EXPECT_EQ(Part(judge, channels).judge(some), whole) << "seed " << seed << " question " << question;
      (whole == Verdict::bad ? bad : good) += 1;
    }
    parts += judge.partSimulations();
  }
  EXPECT_GT(parts, 500u);
  EXPECT_GT(bad, 100u);
  EXPECT_GT(good, 100u);
}

TEST(Mirror, TwiceIsTheSameNetworkWhereWritesAreAtStage0) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Network n = balancedNetwork(seed);
    for (Actor& actor : n.actors) {
      actor.schedule.depth = 0;
      for (Access& access : actor.schedule.accesses) access.stage = 0;
    }
    for (Link& link : n.links) link.latency = 0;
    const Network twice = mirrored(mirrored(n));
    for (std::size_t a = 0; a < n.actors.size(); ++a)
      for (std::uint32_t p = 0; p < n.actors[a].ports.size(); ++p)
        for (std::uint64_t i = 0; i < iterations(n.actors[a].schedule); ++i) {
          const Schedule once = mirrored(n).actors[a].schedule;
          ASSERT_EQ(accesses(n.actors[a].schedule, p, i), accesses(twice.actors[a].schedule, p, i));
          ASSERT_EQ(accesses(n.actors[a].schedule, p, i), accesses(once, p, iterations(once) - 1 - i));
        }
  }
}

}  // namespace
}  // namespace sluice::dataflow

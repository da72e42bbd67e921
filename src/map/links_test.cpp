#include "map/links.h"

#include <gtest/gtest.h>

#include "ir/testing.h"

namespace sluice::map {
namespace {

/// Two dense kernels with a cut between them.
Design cutInTwo() {
  const ir::Graph graph = ir::graphOf(R"(
x = input [8] real
q = quantize x, scale 1, range [-4, 3]
w = constant [8, 8] s3 {1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1 1 2 3 -1}
a = dense q, w
t = constant [1, 3] s8 {-3 0 3}
b = threshold a, t
c = dense b, w
output c
)");
  Result<Design> design =
      mapGraph(graph, {.regime = Regime::streamed, .reuseFactor = 8, .splitBefore = {"c"}});
  EXPECT_TRUE(design.ok()) << (design.ok() ? "" : design.error().text());
  EXPECT_EQ(design->cuts.size(), 1u);
  return std::move(design).value();
}

dataflow::Performance measured(const Design& design, const LinkTiming& link) {
  return *dataflow::measure(linkedNetwork(design, {link}));
}

TEST(Links, WiresAreLinksWithoutLatencyAtABeatACycle) {
  Design design = cutInTwo(), same = design;
  ASSERT_TRUE(sizeStreams(design, hdl::Family::xcup).ok());
  const auto rows = sizeLinkedStreams(same, hdl::Family::xcup, linksOf(same));
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->cuts[0].toDepth, design.streams[design.cuts[0].to.index].depth);
  EXPECT_EQ(measured(design, {}).latency, dataflow::measure(network(design))->latency);
}

TEST(Links, TheWayIsCoveredBehindTheLink) {
  Design design = cutInTwo();
  const LinkTiming far = {.latency = 100, .interval = 1};
  const auto rows = sizeLinkedStreams(design, hdl::Family::xcup, {far});
  ASSERT_TRUE(rows.ok());
  const CutFifos& row = rows->cuts[0];
  EXPECT_GT(row.toAlone, row.fromAlone);
  const dataflow::Performance kept = measured(design, far);
  // One place less of what must stand behind the link costs rate or latency, however deep the FIFO before it.
  Design less = design;
  less.streams[less.cuts[0].to.index].depth = row.toAlone - 1;
  less.streams[less.cuts[0].from.index].depth = 200;
  const dataflow::Performance worse = measured(less, far);
  EXPECT_TRUE(worse.initiationInterval > kept.initiationInterval || worse.latency > kept.latency);
}

TEST(Links, ASlowLinkSetsThePaceAndNeedsFewerPlacesForTheSameWay) {
  Design fast = cutInTwo(), slow = fast;
  const std::uint64_t beats = fast.streams[fast.cuts[0].from.index].beatsPerFrame;
  const LinkTiming thin = {.latency = 100, .interval = 64};
  const auto wide = sizeLinkedStreams(fast, hdl::Family::xcup, {{.latency = 100, .interval = 1}});
  const auto narrow = sizeLinkedStreams(slow, hdl::Family::xcup, {thin});
  ASSERT_TRUE(wide.ok() && narrow.ok());
  EXPECT_EQ(measured(slow, thin).initiationInterval, 64 * beats);
  EXPECT_EQ(narrow->initiationInterval, 64 * beats);
  EXPECT_LT(narrow->cuts[0].toDepth, wide->cuts[0].toDepth);
}

}  // namespace
}  // namespace sluice::map

#include "page/dag_layout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace sluice::page {
namespace {

/// A random graph whose edges go from lower to higher numbers.
std::vector<LayoutEdge> randomEdges(std::uint32_t nodes, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<LayoutEdge> edges;
  for (std::uint32_t to = 1; to < nodes; ++to)
    for (std::int64_t n = rng.uniform(1, 2); n > 0; --n)
      edges.push_back({static_cast<std::uint32_t>(rng.uniform(std::max<std::int64_t>(0, std::int64_t{to} - 6),
                                                              std::int64_t{to} - 1)),
                       to});
  return edges;
}

TEST(LongestPathLayers, PutANodeBehindTheLastOfThoseBeforeIt) {
  EXPECT_EQ(longestPathLayers(4, {{0, 1}, {1, 2}, {0, 2}, {0, 3}}), (std::vector<std::uint32_t>{0, 1, 2, 1}));
  EXPECT_EQ(longestPathLayers(2, {}), (std::vector<std::uint32_t>{0, 0}));
}

TEST(LayOut, AChainIsAStraightLine) {
  const Layout layout = layOut({{0, 10, 4}, {1, 20, 8}, {2, 10, 4}}, {{0, 1}, {1, 2}}, 5, 3);
  EXPECT_DOUBLE_EQ(layout.along, 50);
  EXPECT_DOUBLE_EQ(layout.across, 8);
  EXPECT_DOUBLE_EQ(layout.nodes[0].along, 5);
  EXPECT_DOUBLE_EQ(layout.nodes[1].along, 25);
  EXPECT_DOUBLE_EQ(layout.nodes[2].along, 45);
  for (const Place& place : layout.nodes) EXPECT_DOUBLE_EQ(place.across, 4);
}

TEST(LayOut, NodesNeverOverlapAndEdgesPassBetweenThem) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<LayoutEdge> edges = randomEdges(20, seed);
    const std::vector<std::uint32_t> layers = longestPathLayers(20, edges);
    std::vector<LayoutNode> nodes;
    for (std::uint32_t i = 0; i < 20; ++i) nodes.push_back({layers[i], 30, 10 + 5.0 * (i % 4)});
    const Layout layout = layOut(nodes, edges, 20, 6);
    for (std::uint32_t a = 0; a < 20; ++a) {
      EXPECT_GE(layout.nodes[a].across - nodes[a].across / 2, -1e-6);
      EXPECT_LE(layout.nodes[a].across + nodes[a].across / 2, layout.across + 1e-6);
      for (std::uint32_t b = 0; b < a; ++b)
        if (layers[a] == layers[b]) {
          EXPECT_GE(std::abs(layout.nodes[a].across - layout.nodes[b].across) + 1e-6,
                    (nodes[a].across + nodes[b].across) / 2 + 6);
        }
    }
    for (std::size_t e = 0; e < edges.size(); ++e) {
      ASSERT_EQ(layout.edges[e].size(), layers[edges[e].to] - layers[edges[e].from] + 1);
      for (std::size_t i = 1; i + 1 < layout.edges[e].size(); ++i)
        for (std::uint32_t n = 0; n < 20; ++n)
          if (layers[n] == layers[edges[e].from] + i) {
            EXPECT_GT(std::abs(layout.edges[e][i].across - layout.nodes[n].across), nodes[n].across / 2);
          }
    }
  }
}

TEST(LayOut, OfNothingIsEmpty) { EXPECT_DOUBLE_EQ(layOut({}, {}, 5, 5).along, 0); }

}  // namespace
}  // namespace sluice::page

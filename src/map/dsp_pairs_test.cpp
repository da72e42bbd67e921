#include "map/dsp_pairs.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "ir/text.h"

namespace sluice::map {
namespace {

using kernel::MultiplierStyle;

/// Two layers of 8-bit weights and inputs, the first with four times the products.
ir::Graph twoProducts() {
  Rng rng(7);
  const auto weights = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i > 0 ? " " : "") + std::to_string(rng.uniform(-128, 127));
    return text;
  };
  const std::string text =
      "graph two\n"
      "x = input [16] real\n"
      "q = quantize x, scale 1, range [-128, 127]\n"
      "w = constant [16, 16] s8 {" +
      weights(256) +
      "}\n"
      "wide = dense q, w\n"
      "a = constant [1] s32 {1}\n"
      "b = constant [1] s32 {0}\n"
      "r = rescale wide, a, b, shift 10, range [-128, 127]\n"
      "v = constant [16, 4] s8 {" +
      weights(64) +
      "}\n"
      "narrow = dense r, v\n"
      "output narrow\n";
  Result<ir::Graph> graph = ir::parse(text);
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().text());
  return std::move(graph).value();
}

/// 4 x 4 products at once, and 2 x 2: only products by the same input can share a block.
MapOptions streamed() {
  return {.regime = Regime::streamed,
          .reuseFactor = 16,
          .nodes = {{"wide", {.simd = 4, .pe = 4}}, {"narrow", {.simd = 2, .pe = 2}}}};
}

std::uint64_t blocksOf(const Design& design) {
  std::uint64_t blocks = 0;
  for (const KernelInstance& instance : design.kernels)
    blocks += hdl::cost(kernel::hardware(instance.kernel), hdl::Family::xc7).dsp;
  return blocks;
}

DspPairs pairsFor(const ir::Graph& graph, const MapOptions& options, std::uint64_t available) {
  const Result<Design> design = mapGraph(graph, options);
  EXPECT_TRUE(design.ok()) << (design.ok() ? "" : design.error().text());
  Result<DspPairs> pairs = pairWhereDspsLack(graph, options, *design, std::vector{available});
  EXPECT_TRUE(pairs.ok()) << (pairs.ok() ? "" : pairs.error().text());
  return std::move(pairs).value();
}

std::vector<std::string> namesOf(const std::vector<PairedLayer>& layers) {
  std::vector<std::string> names;
  for (const PairedLayer& layer : layers) names.push_back(layer.node);
  return names;
}

TEST(DspPairs, PairTheLayerThatSavesMostAndNoMoreThanIsNeeded) {
  const ir::Graph graph = twoProducts();
  ASSERT_EQ(blocksOf(*mapGraph(graph, streamed())), 20u) << "16 and 4 multipliers";
  EXPECT_TRUE(pairsFor(graph, streamed(), 20).layers.empty());
  for (const std::uint64_t available : {19u, 12u, 11u, 10u, 9u}) {
    const DspPairs pairs = pairsFor(graph, streamed(), available);
    const bool one = available >= 12;
    EXPECT_EQ(namesOf(pairs.layers),
              one ? std::vector<std::string>{"wide"} : std::vector<std::string>({"wide", "narrow"}));
    EXPECT_EQ(pairs.single, 20u);
    EXPECT_EQ(pairs.paired, one ? 12u : 10u);
    EXPECT_EQ(pairs.enough, available >= 10);
    MapOptions paired = streamed();
    paired.nodes = pairs.nodes;
    EXPECT_EQ(blocksOf(*mapGraph(graph, paired)), pairs.paired) << "what is said is what is mapped";
  }
}

TEST(DspPairs, LeaveAloneWhatIsSaidOfANodesMultipliersAndNameItWhereItWouldHelp) {
  const ir::Graph graph = twoProducts();
  MapOptions options = streamed();
  options.nodes["wide"].multiplier = MultiplierStyle::dsp;
  const DspPairs pairs = pairsFor(graph, options, 15);
  EXPECT_EQ(namesOf(pairs.layers), std::vector<std::string>{"narrow"});
  EXPECT_EQ(namesOf(pairs.held), std::vector<std::string>{"wide"});
  EXPECT_FALSE(pairs.enough);
  EXPECT_EQ(pairs.nodes.at("wide").multiplier, MultiplierStyle::dsp);
  EXPECT_EQ(pairs.nodes.at("narrow").multiplier, MultiplierStyle::dspPairs);
}

TEST(DspPairs, KeepEverythingElseThatIsSaidOfANode) {
  const ir::Graph graph = twoProducts();
  MapOptions options = streamed();
  options.nodes["wide"] = {.simd = 4, .pe = 8};
  const DspPairs pairs = pairsFor(graph, options, 20);
  EXPECT_EQ(namesOf(pairs.layers), std::vector<std::string>{"wide"});
  EXPECT_EQ(pairs.nodes.at("wide").pe, 8u);
  EXPECT_EQ(pairs.single, 36u);
  EXPECT_EQ(pairs.paired, 20u);
}

TEST(DspPairs, CountEachSubgraphByItself) {
  const ir::Graph graph = twoProducts();
  MapOptions options = streamed();
  options.splitBefore = {"narrow"};
  const Design design = *mapGraph(graph, options);
  const Result<DspPairs> pairs = pairWhereDspsLack(graph, options, design, std::vector<std::uint64_t>{16, 2});
  ASSERT_TRUE(pairs.ok()) << pairs.error().text();
  EXPECT_EQ(namesOf(pairs->layers), std::vector<std::string>{"narrow"}) << "the first has blocks enough";
  EXPECT_TRUE(pairs->enough);
}

}  // namespace
}  // namespace sluice::map

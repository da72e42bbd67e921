#include "map/map.h"

#include <gtest/gtest.h>

#include "dataflow/simulate.h"
#include "dataflow/size.h"
#include "ir/testing.h"

namespace sluice::map {
namespace {

const char* const kTwoLayers = R"(
graph two
in.1 = input [4] real
q = quantize in.1, scale 1, range [-4, 3]
w = constant [4, 6] s3 {1 2 3 -1 0 1   -2 1 0 1 3 1   1 1 -1 -1 2 0   3 0 0 1 1 -2}
a = dense q, w
t = constant [1, 3] s8 {-3 0 3}
b = threshold a, t
v = constant [6, 2] s3 {1 2  3 -1  0 1  1 1  2 2  -1 0}
"70" = dense b, v
output "70"
)";

Design mapped(const ir::Graph& graph, const MapOptions& options) {
  Result<Design> design = mapGraph(graph, options);
  EXPECT_TRUE(design.ok()) << (design.ok() ? "" : design.error().text());
  return std::move(design).value();
}

TEST(Map, StreamsEveryNodeAndNamesThePortsAfterTheModel) {
  const Design design = mapped(ir::graphOf(kTwoLayers), {.regime = Regime::streamed, .reuseFactor = 4});
  ASSERT_EQ(design.ports.size(), 2u);
  EXPECT_EQ(design.ports[0].name, "in_1");
  EXPECT_TRUE(design.ports[0].isInput);
  EXPECT_EQ(design.ports[1].name, "t70");
  std::vector<std::string> families;
  for (const KernelInstance& kernel : design.kernels)
    if (!kernel.nodes.empty()) families.push_back(kernel.kernel.family);
  EXPECT_EQ(families, (std::vector<std::string>{"dense", "threshold", "dense"}));
}

TEST(Map, SaysWhyANetworkIsUnrolledOrStreamed) {
  const auto expect = [](const char* text, Regime regime, const char* why) {
    const Design design = mapped(ir::graphOf(text), {});
    EXPECT_EQ(design.regime, regime) << text;
    EXPECT_NE(design.regimeReason.find(why), std::string::npos) << design.regimeReason;
  };
  expect(kTwoLayers, Regime::unrolled, "29 products a frame, at most 6,000");
  expect(
      "x = input [3] codes [-8, 7]; m = reduceMax x, axes 0, keepDims true; y = codeMultiply x, m; output y",
      Regime::unrolled, "24 products a frame");
  expect(
      "x = input [4, 2] codes [-8, 7]; w = constant [1, 2, 2] codes [-4, 3] {1 2 3 -1}; y = codeConv x, w; "
      "output y",
      Regime::streamed, "node 'y' (codeConv) works on every position");
  expect("x = input [2, 3] codes [-8, 7]; z = input [3, 2] codes [-8, 7]; y = codeMatMul x, z; output y",
         Regime::streamed, "node 'y' multiplies two tensors");
  expect(
      "x = input [2] codes [-5000, 5000]; y = requantize x, shift [3], range [0, 100], rounding ceil, "
      "overflow "
      "saturateToZero; output y",
      Regime::streamed, "cannot be unrolled; streamed it can");
  EXPECT_EQ(mapped(ir::graphOf(kTwoLayers), {.regime = Regime::unrolled}).regimeReason, "");
}

TEST(Map, TheReuseFactorIsTheIntervalOfTheSlowestLayer) {
  for (const std::uint64_t factor : {1u, 2u, 4u, 12u}) {
    Design design = mapped(ir::graphOf(kTwoLayers), {.regime = Regime::streamed, .reuseFactor = factor});
    ASSERT_TRUE(sizeStreams(design, hdl::Family::xc7).ok());
    const Result<dataflow::Performance> performance = dataflow::measure(network(design));
    ASSERT_TRUE(performance.ok());
    std::uint64_t slowest = 0;
    for (const Stream& stream : design.streams) slowest = std::max(slowest, stream.beatsPerFrame);
    for (const KernelInstance& kernel : design.kernels)
      slowest = std::max(slowest, dataflow::iterations(kernel.kernel.schedule));
    EXPECT_EQ(performance->initiationInterval, slowest) << "reuse factor " << factor;
  }
}

TEST(Map, ACutIsTwoFifosInTwoSubgraphs) {
  const Design design =
      mapped(ir::graphOf(kTwoLayers), {.regime = Regime::streamed, .reuseFactor = 4, .splitBefore = {"b"}});
  ASSERT_EQ(design.subgraphs.size(), 2u);
  ASSERT_EQ(design.cuts.size(), 1u);
  EXPECT_EQ(design.streams[design.cuts[0].from.index].subgraph, SubgraphId(0));
  EXPECT_EQ(design.streams[design.cuts[0].to.index].subgraph, SubgraphId(1));
  EXPECT_EQ(design.streams[design.cuts[0].from.index].beat, design.streams[design.cuts[0].to.index].beat);
}

TEST(Map, ATensorWithTwoReadersIsForked) {
  const Design design = mapped(ir::graphOf(R"(
x = input [2] s3
w = constant [2, 2] s3 {1 2 3 -1}
a = dense x, w
b = dense a, w
c = dense a, w
output b, c
)"),
                               {.regime = Regime::streamed, .reuseFactor = 2});
  int forks = 0;
  for (const KernelInstance& kernel : design.kernels) forks += kernel.kernel.family == "fork" ? 1 : 0;
  EXPECT_EQ(forks, 1);
  EXPECT_EQ(design.ports.size(), 3u);
}

TEST(Map, EveryFifoIsLocallyLeast) {
  Design design = mapped(ir::graphOf(kTwoLayers), {.regime = Regime::streamed, .reuseFactor = 4});
  ASSERT_TRUE(sizeStreams(design, hdl::Family::xc7).ok());
  const Result<dataflow::Performance> best = dataflow::measure(network(design));
  ASSERT_TRUE(best.ok());
  for (Stream& stream : design.streams) {
    if (stream.depth == 1) continue;
    --stream.depth;
    const Result<dataflow::Performance> worse = dataflow::measure(network(design));
    EXPECT_TRUE(!worse.ok() || worse->initiationInterval > best->initiationInterval ||
                worse->latency > best->latency)
        << stream.name;
    ++stream.depth;
  }
}

}  // namespace
}  // namespace sluice::map

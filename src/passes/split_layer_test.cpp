#include "passes/split_layer.h"

#include <gtest/gtest.h>

#include "ir/integer.h"
#include "ir/regions.h"
#include "ir/testing.h"
#include "passes/random_codes.h"

namespace sluice::passes {
namespace {

/// A dense network with a zero point, a bias, thresholds per channel and a table.
const char* const kDense = R"(
x = input [6] real
q = quantize x, scale 0.5, range [0, 15], zeroPoint 3
w = constant [6, 5] codes s4 scale 0.25 {1 2 3 -1 4  0 1 -2 3 5  1 1 0 2 -7  3 2 1 0 1  -1 -2 2 1 0  7 -8 1 1 1}
c = constant [5] codes s9 scale 0.125 {-30 15 -12 -18 9}
a = dense q, w, c
t = constant [5, 3] s10 {-9 0 9  -5 0 5  -1 0 1  -20 -3 4  0 0 8}
b = threshold a, t, base [0, -1, 0, 0, 2], sign [1, 1, -1, 1, 1]
v = constant [5, 4] s3 {1 2 3 -1  1 0 1 2  -1 2 3 1  1 0 1 -2  3 -3 2 1}
d = dense b, v
f = constant [4] s4 {1 2 3 -4}
g = constant [1] s4 {5}
r = rescale d, f, g, shift 2, range [-8, 7]
l = constant [1, 16] s8 {9 8 7 6 5 4 3 2 1 0 1 2 3 4 5 6}
e = lookup r, l, first -8
output e
)";

/// Two convolutions, the second one depthwise, with padding, a stride and a pooling.
const char* const kConvolution = R"(
x = input [7, 6, 2] real
q = quantize x, scale 1, range [0, 7], zeroPoint 2
w = constant [3, 3, 2, 4] codes [-2, 3] {1 2 3 -1 1 0 1 2  -1 2 3 1 1 0 1 -2  1 -2 3 -1 1 0 1 2  1 2 -2 -1 1 0 1 2  1 0 3 -1 1 0 1 2
   -1 2 0 1 1 0 1 -2  1 -2 3 -1 1 0 0 2  1 2 -2 -1 1 0 1 0  1 1 1 1 2 2 2 2}
c = constant [4] codes [-60, 60] {-34 8 -50 2}
a = codeConv q, w, c, padBefore [1, 1], padAfter [1, 1], strides [2, 1]
t = constant [1, 3] s9 {-9 0 9}
b = threshold a, t
u = constant [2, 2, 1, 4] codes [-2, 2] {1 2 -1 1  0 1 2 -2  1 1 1 1  2 0 -1 1}
d = codeConv b, u, groups 4
p = maxPool d, kernel [2, 2], strides [1, 1]
s = constant [1, 2] s6 {-2 3}
e = threshold p, s
output e
)";

/// Codes of all hardware outputs on the same random codes.
ir::CodeRows answers(const ir::Graph& graph, std::uint64_t seed) {
  const auto engine = ir::IntegerEngine::compile(graph);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().text());
  if (!engine.ok()) return {};
  constexpr std::size_t samples = 200;
  const auto rows = engine->run(elementCodes(graph, engine->regions(), samples, seed), samples);
  EXPECT_TRUE(rows.ok()) << (rows.ok() ? "" : rows.error().text());
  return rows.ok() ? *rows : ir::CodeRows{};
}

ir::Graph splitOf(const ir::Graph& graph, const std::string& node, const LayerSplitOptions& options) {
  auto result = splitLayer(graph, node, options);
  EXPECT_TRUE(result.ok()) << node << ": " << (result.ok() ? "" : result.error().text());
  return result.ok() ? std::move(result).value() : ir::Graph{};
}

std::size_t count(const ir::Graph& graph, const char* operation) {
  std::size_t found = 0;
  for (const ir::Node& node : graph.nodes) found += std::string(ir::info(node.operation).name) == operation;
  return found;
}

TEST(SplitLayer, EverySplitOfEveryLayerGivesTheSameCodes) {
  for (const char* text : {kDense, kConvolution}) {
    const ir::Graph graph = ir::graphOf(text);
    const ir::CodeRows expected = answers(graph, 5);
    std::size_t splits = 0;
    for (const LayerSplit how : {LayerSplit::outputs, LayerSplit::inputs, LayerSplit::rows})
      for (const std::string& node : splittableLayers(graph, how))
        for (const std::vector<std::uint64_t>& shares :
             {std::vector<std::uint64_t>{1, 1}, {3, 1}, {1, 1, 1}, {1, 2, 1, 1}})
          for (const SumTree tree : {SumTree::flat, SumTree::chain, SumTree::pairs}) {
            if (tree != SumTree::flat && how != LayerSplit::inputs) continue;
            const auto split = splitLayer(graph, node, {.how = how, .shares = shares, .tree = tree});
            if (!split.ok()) {
              EXPECT_NE(split.error().text().find("there are only"), std::string::npos)
                  << split.error().text();
              continue;
            }
            EXPECT_EQ(answers(*split, 5), expected) << node << " in " << shares.size() << " parts";
            ++splits;
          }
    EXPECT_GT(splits, 15u);
  }
}

TEST(SplitLayer, WhatFollowsChannelByChannelIsDoneInTheParts) {
  const ir::Graph graph = ir::graphOf(kDense);
  const ir::Graph split = splitOf(graph, "a", {.how = LayerSplit::outputs, .shares = {2, 3}});
  EXPECT_TRUE(split.findNode("a_part1").has_value());
  EXPECT_TRUE(split.findNode("b_part1").has_value());
  EXPECT_FALSE(split.findNode("b").has_value());
  const ir::Node& join = split.node(*split.findNode("b_join"));
  EXPECT_EQ(split.tensor(join.inputs[0]).type.shape, ir::Shape{2});
  EXPECT_EQ(split.tensor(join.inputs[1]).type.shape, ir::Shape{3});
}

TEST(SplitLayer, OutputsThenInputsOfTheSameBordersNeedNoExchange) {
  ir::Graph graph = ir::graphOf(kDense);
  const ir::CodeRows expected = answers(graph, 6);
  graph = splitOf(graph, "a", {.how = LayerSplit::outputs, .shares = {2, 3}});
  graph = splitOf(graph, "d", {.how = LayerSplit::inputs, .shares = {2, 3}});
  EXPECT_EQ(count(graph, "concat"), 0u) << "each part reads the part before it";
  EXPECT_EQ(count(graph, "slice"), 0u);
  EXPECT_EQ(count(graph, "merge"), 1u);
  EXPECT_EQ(answers(graph, 6), expected);
}

TEST(SplitLayer, ADepthwiseConvolutionReadsThePartsOfTheOneBeforeIt) {
  ir::Graph graph = ir::graphOf(kConvolution);
  const ir::CodeRows expected = answers(graph, 6);
  graph = splitOf(graph, "a", {.how = LayerSplit::outputs, .shares = {1, 3}});
  graph = splitOf(graph, "d", {.how = LayerSplit::outputs, .shares = {1, 3}});
  EXPECT_EQ(count(graph, "slice"), 0u);
  EXPECT_EQ(count(graph, "concat"), 1u) << "only behind the last element-wise step";
  EXPECT_EQ(answers(graph, 6), expected);
}

TEST(SplitLayer, StripsOfRowsOverlapByTheHalo) {
  const ir::Graph split =
      splitOf(ir::graphOf(kConvolution), "a", {.how = LayerSplit::rows, .shares = {1, 1}});
  // 4 rows of output at stride 2 from 7 rows: rows 0 and 1 see -1 to 3, rows 2 and 3 see 3 to 7.
  std::vector<ir::Shape> strips;
  for (const ir::Node& node : split.nodes)
    if (std::holds_alternative<ir::Slice>(node.operation))
      strips.push_back(split.tensor(node.output).type.shape);
  EXPECT_EQ(strips, (std::vector<ir::Shape>{{4, 6, 2}, {4, 6, 2}}));
}

TEST(SplitLayer, SharesMayBeUnequalButNoPartIsEmpty) {
  EXPECT_EQ(bordersOf(10, {1, 1}).value(), (std::vector<std::int64_t>{0, 5, 10}));
  EXPECT_EQ(bordersOf(10, {3, 1, 1}).value(), (std::vector<std::int64_t>{0, 6, 8, 10}));
  EXPECT_EQ(bordersOf(3, {1000, 1, 1}).value(), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_FALSE(bordersOf(2, {1, 1, 1}).ok());
  EXPECT_FALSE(bordersOf(2, {1}).ok());
  EXPECT_FALSE(bordersOf(2, {1, 0}).ok());
}

TEST(SplitLayer, WhatCannotBeSplitIsSaid) {
  const ir::Graph graph = ir::graphOf(kConvolution);
  const auto problem = [&](const std::string& node, LayerSplit how) {
    const auto split = splitLayer(graph, node, {.how = how});
    return split.ok() ? std::string() : split.error().text();
  };
  EXPECT_EQ(problem("nobody", LayerSplit::outputs), "no node is called 'nobody'");
  EXPECT_NE(problem("q", LayerSplit::outputs).find("on the host"), std::string::npos);
  EXPECT_NE(problem("b", LayerSplit::outputs).find("products"), std::string::npos);
  EXPECT_NE(problem("d", LayerSplit::inputs).find("one group"), std::string::npos);
  EXPECT_NE(problem("b", LayerSplit::rows).find("poolings"), std::string::npos);
}

}  // namespace
}  // namespace sluice::passes

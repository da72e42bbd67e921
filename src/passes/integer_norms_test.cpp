#include "passes/integer_norms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/testing.h"
#include "passes/norm_formats.h"
#include "passes/pipeline.h"

/// Softmax and layer norm in integers: how far they are off against the bound that is told, and that all behind is exact.
namespace sluice::passes {
namespace {

struct Made {
  ir::Graph graph;
  std::vector<NormNotice> notices;
};

Made made(const ir::Graph& graph) {
  Made result{.graph = graph, .notices = {}};
  const auto change = integerNorms(result.graph, {}, &result.notices);
  EXPECT_TRUE(change.ok()) << (change.ok() ? "" : change.error().text());
  EXPECT_TRUE(ir::verify(result.graph).ok());
  return result;
}

/// The largest difference of a tensor of both graphs, on the same inputs.
double largestDifference(const ir::Graph& a, const ir::Graph& b, const std::string& tensor,
                         const std::vector<double>& inputs, std::size_t samples) {
  const auto of = [&](const ir::Graph& graph) {
    auto values = ir::evaluate(graph, {{graph.inputs[0], inputs}}, {*graph.findTensor(tensor)}, samples, 2);
    EXPECT_TRUE(values.ok()) << (values.ok() ? "" : values.error().text());
    const ir::TensorType& type = graph.tensor(*graph.findTensor(tensor)).type;
    return values.ok() ? ir::realValues(type, (*values)[0]) : std::vector<double>();
  };
  const std::vector<double> left = of(a), right = of(b);
  EXPECT_EQ(left.size(), right.size());
  double largest = 0;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i)
    largest = std::max(largest, std::fabs(left[i] - right[i]));
  return largest;
}

/// Lowers what integer-norms made, and holds the integer engine against the reference of it.
ir::Graph exactBehind(const ir::Graph& graph) {
  auto lowered = lower(graph);
  EXPECT_TRUE(lowered.ok()) << (lowered.ok() ? "" : lowered.error().text());
  if (!lowered.ok()) return graph;
  const Status same = ir::compareMeaning(graph, *lowered, {.samples = 200, .mostExcused = 0.3});
  EXPECT_TRUE(same.ok()) << same.error().text();
  const auto engine = ir::IntegerEngine::compile(*lowered);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().text());
  if (engine.ok()) {
    const ir::CodeRows codes = ir::randomCodes(*lowered, engine->regions(), 100, 5);
    const auto got = engine->run(codes, 100);
    const auto expected = ir::referenceCodes(*lowered, engine->regions(), codes, 100);
    EXPECT_TRUE(got.ok() && expected.ok());
    if (got.ok() && expected.ok()) {
      EXPECT_EQ(*got, *expected);
    }
  }
  return *std::move(lowered);
}

TEST(IntegerNorms, SoftmaxOfEveryRowOfThreeFiveBitLogitsKeepsItsBound) {
  const ir::Graph graph = ir::graphOf(
      "x = input [3] real; q = quantize x, scale 0.25, range s5; s = softmax q;"
      "z = quantize s, scale 0.00390625, range u8; output s, z");
  const Made integers = made(graph);
  ASSERT_EQ(integers.notices.size(), 1u);
  EXPECT_LE(integers.notices[0].bound, 0.25 * 0.00390625);
  std::vector<double> rows;
  for (int a = -16; a < 16; ++a)
    for (int b = -16; b < 16; ++b)
      for (int c = -16; c < 16; ++c) rows.insert(rows.end(), {0.25 * a, 0.25 * b, 0.25 * c});
  const double off = largestDifference(graph, integers.graph, "s", rows, rows.size() / 3);
  EXPECT_LE(off, integers.notices[0].bound);
  EXPECT_GT(off, integers.notices[0].bound / 8) << "the bound is far from what happens";
}

TEST(IntegerNorms, SoftmaxesOfAllSizesAndScalesKeepTheirBounds) {
  Rng rng(7);
  for (const int n : {2, 5, 16, 64})
    for (const char* scale : {"1", "0.37", "0.0625", "0.001"})
      for (const char* format : {"scale 0.00390625, range u8", "scale 0.0625, range u4"}) {
        const ir::Graph graph =
            ir::graphOf("x = input [2, " + std::to_string(n) + "] real; q = quantize x, scale " + scale +
                        ", range s10; s = softmax q; z = quantize s, " + format + "; output s, z");
        const Made integers = made(graph);
        std::vector<double> rows;
        constexpr int samples = 100;
        for (int i = 0; i < samples * 2; ++i) {
          // From rows that are almost equal to rows of one that stands out.
          const double spread = std::ldexp(1.0, static_cast<int>(rng.uniform(0, 9)));
          for (int k = 0; k < n; ++k)
            rows.push_back(std::stod(scale) * std::round(spread * (rng.real() - 0.5)));
        }
        const double off = largestDifference(graph, integers.graph, "s", rows, samples);
        EXPECT_LE(off, integers.notices[0].bound) << n << " of scale " << scale << ", " << format;
      }
}

TEST(IntegerNorms, LayerNormsOfAllSizesAndScalesKeepTheirBounds) {
  Rng rng(11);
  for (const int n : {2, 6, 16, 64})
    for (const char* scale : {"1", "0.37", "0.0625", "0.001"})
      for (const char* epsilon : {"1e-5", "0.001"}) {
        std::string gamma, beta;
        for (int k = 0; k < n; ++k) {
          gamma += (k > 0 ? " " : "") + std::to_string(0.5 + rng.real());
          beta += (k > 0 ? " " : "") + std::to_string(rng.real() - 0.5);
        }
        const std::string count = std::to_string(n);
        const ir::Graph graph =
            ir::graphOf("x = input [2, " + count + "] real; q = quantize x, scale " + scale +
                        ", range s8; g = constant [" + count + "] real {" + gamma + "}; b = constant [" +
                        count + "] real {" + beta + "}; s = layerNormalize q, g, b, epsilon " + epsilon +
                        "; z = quantize s, scale 0.0625, range s8; output s, z");
        const Made integers = made(graph);
        ASSERT_EQ(integers.notices.size(), 1u);
        std::vector<double> rows;
        constexpr int samples = 100;
        for (int i = 0; i < samples * 2; ++i) {
          const double spread = std::ldexp(1.0, static_cast<int>(rng.uniform(0, 8)));
          for (int k = 0; k < n; ++k)
            rows.push_back(std::stod(scale) *
                           std::clamp(std::round(spread * (rng.real() - 0.5)), -128.0, 127.0));
        }
        const double off = largestDifference(graph, integers.graph, "s", rows, samples);
        EXPECT_LE(off, integers.notices[0].bound) << n << " of scale " << scale << ", epsilon " << epsilon;
        EXPECT_LE(integers.notices[0].bound, 0.5 * 0.0625) << n << " of scale " << scale;
      }
}

TEST(IntegerNorms, WhatFollowsASoftmaxIsExact) {
  const ir::Graph graph = ir::graphOf(
      "x = input [6] real; q = quantize x, scale 0.125, range s6; s = softmax q;"
      "z = quantize s, scale 0.0625, range u4; w = constant [6, 2] s4 {1 2 3 -4 5 -6 7 -8 1 -2 3 4};"
      "y = matMul z, w; output y");
  const ir::Graph lowered = exactBehind(made(graph).graph);
  const std::vector<std::string> names = ir::opNames(lowered);
  EXPECT_NE(std::find(names.begin(), names.end(), "lookup"), names.end());
  for (const ir::Node& node : lowered.nodes)
    EXPECT_FALSE(std::holds_alternative<ir::Softmax>(node.operation));
}

TEST(IntegerNorms, AProductThatReadsASoftmaxAsItIsGetsEightBits) {
  const ir::Graph graph = ir::graphOf(
      "x = input [2, 4] real; q = quantize x, scale 0.125, range s8; w = constant [4, 3] s4 {1 2 3 -4 5 -6 7 "
      "-8 1 -2 3 4};"
      "a = matMul q, w; s = softmax a; v = constant [3, 2] s4 {1 2 3 -4 5 -6}; y = matMul s, v; output y");
  const Made integers = made(graph);
  ASSERT_EQ(integers.notices.size(), 1u);
  EXPECT_NE(integers.notices[0].text.find("quantized to 8 bits"), std::string::npos);
  exactBehind(integers.graph);
}

TEST(IntegerNorms, WhatFollowsALayerNormIsExact) {
  for (const char* scale : {"0.125", "0.3700000047683716"}) {
    const ir::Graph graph =
        ir::graphOf(std::string("x = input [2, 6] real; q = quantize x, scale ") + scale +
                    ", range s6; g = constant [6] real {1 0.9 1.1 -1.2 1.3 0.7}; b = constant [6] real {0 "
                    "0.1 0.2 0.3 -0.4 0.5};"
                    "s = layerNormalize q, g, b, epsilon 0.001; z = quantize s, scale 0.0625, range s6;"
                    "w = constant [6, 2] s4 {1 2 3 -4 5 -6 7 -8 1 -2 3 4}; y = matMul z, w; output y");
    exactBehind(made(graph).graph);
  }
}

TEST(IntegerNorms, AreToldOfAndLeftToTheHostAtTheEnds) {
  const std::string start = "x = input [4] real; q = quantize x, scale 0.125, range s6; ";
  std::vector<std::string> notices;
  const LowerOptions options{.inputFormat = {}, .appendTopK = {}, .notices = &notices};
  const auto end =
      lower(ir::graphOf(start + "p = quantize q, scale 0.25, range s6; y = softmax p; output y"), options);
  ASSERT_TRUE(end.ok()) << end.error().text();
  EXPECT_TRUE(notices.empty());
  const auto front =
      lower(ir::graphOf("x = input [4] real; s = softmax x; q = quantize s, scale 0.125, range u6;"
                        "w = constant [4, 1] s4 {1 2 3 -4}; y = matMul q, w; output y"),
            options);
  ASSERT_TRUE(front.ok()) << front.error().text();
  EXPECT_TRUE(notices.empty());
  const auto middle =
      lower(ir::graphOf(start + "s = softmax q; z = quantize s, scale 0.0625, range u4; output z"), options);
  ASSERT_TRUE(middle.ok()) << middle.error().text();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].rfind("node 's': the softmax is computed in integers, off by at most 0.", 0), 0u)
      << notices[0];
}

TEST(NormFormats, RefuseWhatTheyCannotSay) {
  EXPECT_NE(softmaxFormats(1 << 17, 0.001).error().message.find("at most 65536"), std::string::npos);
  EXPECT_NE(layerNormFormats(1 << 13, 1e-5, 0.01, 8).error().message.find("at most 4096"), std::string::npos);
  EXPECT_NE(layerNormFormats(8, 0, 0.01, 8).error().message.find("epsilon"), std::string::npos);
}

}  // namespace
}  // namespace sluice::passes

#include <gtest/gtest.h>

#include "ir/host.h"
#include "ir/integer.h"
#include "ir/regions.h"
#include "ir/testing.h"
#include "passes/dyadic.h"
#include "passes/host_part.h"
#include "passes/passes.h"
#include "passes/pipeline.h"
#include "passes/random_codes.h"

/// Layers other than dense ones, each on the smallest graph that shows what becomes of it.
namespace sluice::passes {
namespace {

using Names = std::vector<std::string>;

/// The graph lowered, under the meaning guard, and the integer engine against the reference.
ir::Graph lowered(const std::string& text, std::size_t samples = 100) {
  const ir::Graph graph = ir::graphOf(text);
  auto result = lower(graph);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
  if (!result.ok()) return graph;
  const Status same = ir::compareMeaning(graph, *result, {.samples = samples, .mostExcused = 0.3});
  EXPECT_TRUE(same.ok()) << same.error().text() << "\n" << ir::print(*result);
  const auto engine = ir::IntegerEngine::compile(*result);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().text());
  if (engine.ok()) {
    const auto codes = elementCodes(*result, engine->regions(), 16, 3);
    const auto got = engine->run(codes, 16);
    const auto expected = ir::referenceCodes(*result, engine->regions(), codes, 16);
    EXPECT_TRUE(got.ok()) << (got.ok() ? "" : got.error().text());
    EXPECT_TRUE(expected.ok()) << (expected.ok() ? "" : expected.error().text());
    if (got.ok() && expected.ok()) {
      EXPECT_EQ(*got, *expected);
    }
  }
  return std::move(result).value();
}

const ir::Tensor& tensorOf(const ir::Graph& graph, const std::string& name) {
  const auto id = graph.findTensor(name);
  EXPECT_TRUE(id.has_value()) << "no tensor '" << name << "' in\n" << ir::print(graph);
  return graph.tensor(id.value_or(graph.outputs[0]));
}

TEST(Dyadic, FindsTheCommonStepOfScales) {
  EXPECT_EQ(commonStep({0.75, 0.5}), 0.25);
  EXPECT_EQ(commonStep({0.3}), 0.3);
  EXPECT_EQ(commonStep({3 * 0x1p-900, 2 * 0x1p-900}), 0x1p-900);
  EXPECT_EQ(powerBetween(0.3, 0.15), 1);
  EXPECT_EQ(powerBetween(0.25, 1), -2);
  EXPECT_FALSE(powerBetween(0.3, 0.1));
  EXPECT_EQ(gridOf({0.375, -1}, 16), 0.125);
  EXPECT_FALSE(gridOf({0.375, -1}, 8));
  EXPECT_FALSE(gridOf({0.1}, 0x1p15));
}

TEST(Layers, AConvolutionTakesInItsBiasAndTheZeroPointAlsoUnderPadding) {
  const ir::Graph graph = lowered(
      "x = input [3, 3, 2] real; q = quantize x, scale 0.5, zeroPoint 3, range u4;"
      "w = constant [2, 2, 2, 2] codes [0, 7] scale [0.25, 0.5] zeroPoint 4 {0 1 2 3 4 5 6 7  7 6 5 4 3 2 1 "
      "0};"
      "b = constant [2] real {0.25 -1}; y = conv q, w, b, padBefore [1, 0], padAfter [0, 1]; output y");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "codeConv"}));
  EXPECT_EQ(graph.nodes[2].name, "y");
  EXPECT_EQ(graph.tensor(graph.outputs[0]).name, "y");
}

TEST(Layers, AConvolutionBatchNormalizationAndReluBecomeThresholdsPerChannel) {
  const ir::Graph graph = lowered(
      "x = input [4, 3, 2] real; q = quantize x, scale 0.5, range s4;"
      "w = constant [3, 3, 1, 2] codes [-4, 3] scale [0.3, 0.7] {0 1 2 3 -4 -3 -2 -1 0 1 2 3 -4 -3 -2 -1 3 "
      "3};"
      "g = constant [2] real {0.7 -1.3}; b = constant [2] real {0.2 1.5}; m = constant [2] real {0.3 -2};"
      "v = constant [2] real {2 3}; c = conv q, w, groups 2, strides [2, 1], padBefore [1, 1], padAfter [1, "
      "1];"
      "n = batchNormalize c, g, b, m, v; r = relu n; z = quantize r, scale 0.25, range u3; output z");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "codeConv", "threshold"}));
}

TEST(Layers, ADepthwiseConvolutionKeepsAScalePerChannelAndAPlainOneShiftsItAway) {
  const std::string start = "x = input [3, 2] real; q = quantize x, scale [0.5, 0.125], range s4;";
  const ir::Graph depthwise =
      lowered(start + "w = constant [2, 1, 2] s4 {1 2 3 -4}; y = conv q, w, groups 2; output y");
  EXPECT_EQ(ir::opNames(depthwise), (Names{"input", "quantize", "codeConv"}));
  EXPECT_EQ(depthwise.tensor(depthwise.outputs[0]).type.codes->scale, (std::vector<double>{0.5, 0.125}));
  const ir::Graph plain = lowered(start + "w = constant [2, 2, 1] s4 {1 2 3 -4}; y = conv q, w; output y");
  EXPECT_EQ(ir::opNames(plain), (Names{"input", "quantize", "requantize", "codeConv"}));
  EXPECT_EQ(plain.tensor(plain.outputs[0]).type.codes->scale, std::vector<double>{0.125});
}

TEST(Layers, ATransposedConvolutionIsAConvolutionOfSpreadInput) {
  for (const char* window : {"strides [2], outputPad [1]", "strides [3], padBefore [1], padAfter [2]",
                             "strides [2], dilations [2], padBefore [1]", "padBefore [2], padAfter [2]"}) {
    const ir::Graph graph = lowered(
        std::string(
            "x = input [4, 2] real; q = quantize x, scale 0.5, zeroPoint 1, range s4;"
            "w = constant [2, 2, 3] s4 {1 2 3 4 5 6 -1 -2 -3 -4 -5 7}; b = constant [3] real {0.5 1 0.1};"
            "y = convTranspose q, w, b, ") +
        window + "; z = quantize y, scale 0.5, range s6; output z");
    for (const ir::Node& node : graph.nodes)
      EXPECT_TRUE(ir::isInteger(graph, node) || node.name == "x" || node.name == "q") << node.name;
  }
}

TEST(Layers, AverageAndMeanAreIntegerSumsAndADivisionInTheChain) {
  const ir::Graph graph = lowered(
      "x = input [4, 4, 2] real; q = quantize x, scale 0.5, range s4; p = averagePool q, kernel [3, 3];"
      "z = quantize p, scale 0.5, range s4; m = reduceMean z, axes [0, 1]; y = quantize m, scale 0.125, "
      "range s6; "
      "output y");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "pool", "threshold", "reduce", "lookup"}));
}

TEST(Layers, AnAverageThatLeavesPaddingOutWeighsItsSums) {
  const ir::Graph graph = lowered(
      "x = input [3, 3, 2] real; q = quantize x, scale 0.5, zeroPoint 1, range s4;"
      "p = averagePool q, kernel [2, 3], padBefore [1, 1], padAfter [0, 1]; z = quantize p, scale 0.25, "
      "range s6; "
      "output z");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "pool", "codeBinary", "lookup"}));
}

TEST(SinkMoves, PutsQuantizersIntoBranchesOfScalesThatHaveNothingInCommon) {
  const ir::Graph graph = lowered(
      "x = input [2, 2, 2] real; q = quantize x, scale 0.5, range s4; w = constant [2, 1] codes [-4, 3] "
      "scale 0.3 {1 "
      "-2}; v = constant [2, 2] codes [-4, 3] scale 0.7 {1 -2 3 1}; a = matMul q, w; b = matMul q, v;"
      "p = maxPool b, kernel [2, 2]; u = resizeNearest p, shape [2, 2, 2]; c = concat a, u, axis 2;"
      "s = constant [3] real {0.1 0.2 0.3}; m = multiply c, s; r = relu m; z = quantize r, scale [0.5, 0.25, "
      "0.5], "
      "range u2; output z");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "dense", "dense", "lookup", "threshold", "pool",
                                       "resize", "concat"}));
  EXPECT_EQ(tensorOf(graph, "z").type.codes->scale, (std::vector<double>{0.5, 0.25, 0.5}));
}

TEST(SinkMoves, KeepsAMaximumBeforeWhatFallsAndPadsWithTheImageOfTheValue) {
  const ir::Graph falling = lowered(
      "x = input [4, 1] real; q = quantize x, scale 0.5, range s4; r = relu q; p = maxPool r, kernel [2];"
      "n = negate p; z = quantize n, scale 1, range s3; output z");
  EXPECT_EQ(ir::opNames(falling), (Names{"input", "quantize", "rescale", "pool", "lookup"}));
  const ir::Graph padded = lowered(
      "x = input [4, 1] real; q = quantize x, scale 0.5, range s4; r = relu q; p = pad r, before [1, 0], "
      "after [0, "
      "0], value -3; c = constant [1] real {1.25}; s = add p, c; z = quantize s, scale 0.5, range s4; output "
      "z");
  EXPECT_EQ(ir::opNames(padded), (Names{"input", "quantize", "lookup", "pad"}));
  EXPECT_EQ(std::get<ir::Pad>(padded.nodes.back().operation).value, -2)
      << "-1.75 is 3.5 halves, a tie, and goes to 4";
}

TEST(Layers, FormatsPerElementAreConversions) {
  const ir::Graph graph = lowered(
      "x = input [2, 2] real; q = quantize x, scale [0.5, 0.25, 0.125, 1], range [-8, 7], ranges [[-8, 7], "
      "[0, 3], [0, "
      "0], [-4, 3]], overflow wrap; w = constant [2, 2] codes [-4, 3] scale [0.5, 0.25, 1, 0.125] {1 2 -3 3};"
      "y = matMul q, w; r = relu y; z = quantize r, scale [1, 0.5, 2, 0.25], range [-8, 7], ranges [[-8, 7], "
      "[0, 7], "
      "[0, 1], [-4, 3]], rounding halfUp, overflow wrap; output z");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "requantize", "dense", "rescale", "requantize"}));
}

TEST(Layers, EveryOverflowModeBehindABatchNormalization) {
  for (const char* mode : {"wrap", "saturateToZero", "saturateSymmetric", "wrapSignMagnitude"}) {
    const ir::Graph graph = lowered(
        std::string(
            "x = input [2] real; q = quantize x, scale 0.5, range s6; w = constant [2, 2] s4 {1 2 -3 7};"
            "g = constant [2] real {1.5 -0.75}; b = constant [2] real {0.2 1.5}; m = constant [2] real {0.3 "
            "-2}; v = constant [2] real {2 3}; y = matMul q, w; n = batchNormalize y, g, b, m, v;"
            "z = quantize n, scale 0.5, range s4, overflow ") +
            mode + "; output z",
        300);
    EXPECT_FALSE(graph.tensor(graph.outputs[0]).type.isReal()) << mode;
  }
}

TEST(Layers, ActivationsOfFewCodesAreTables) {
  for (const char* f : {"sigmoid x",
                        "tanh x",
                        "softplus x",
                        "softsign x",
                        "gelu x",
                        "geluTanh x",
                        "mish x",
                        "swish x, alpha 1",
                        "leakyRelu x, alpha 0.3",
                        "elu x, alpha 1.5",
                        "celu x, alpha 0.5",
                        "selu x, alpha 1.67, beta 1.05",
                        "thresholdedRelu x, alpha 1",
                        "clip x, alpha -1, beta 2.2",
                        "hardSigmoid x, alpha 0.2, beta 0.5",
                        "hardSwish x, alpha 0.17, beta 0.5",
                        "rampRelu x, alpha 0.25, beta 3, gamma 0.5",
                        "exp x",
                        "absolute x",
                        "sign x",
                        "floor x",
                        "ceil x",
                        "round x",
                        "erf x"}) {
    std::string text(f);
    text.replace(text.find(" x"), 2, " q");
    const ir::Graph graph = lowered("x = input [3] real; q = quantize x, scale 0.125, range s7; y = " + text +
                                    "; z = quantize y, scale 0.0625, range s8; output z");
    EXPECT_EQ(graph.nodes.size(), 3u) << f;
  }
}

TEST(Layers, SmallerAndLargerAndProductsOfTwo) {
  const ir::Graph graph = lowered(
      "x = input [2, 3] real; p = quantize x, scale 0.5, range s4; q = quantize x, scale 0.25, zeroPoint 1, "
      "range s4;"
      "a = minimum p, q; b = multiply p, q; c = maximum a, b; z = quantize c, scale 0.5, range s5; output z");
  for (std::size_t i = 3; i < graph.nodes.size(); ++i) EXPECT_TRUE(ir::isInteger(graph, graph.nodes[i]));
}

TEST(Layers, TwoComputedTensorsAreMultipliedAsMatrices) {
  const ir::Graph graph = lowered(
      "x = input [2, 3] real; p = quantize x, scale 0.5, range s4; t = transpose p, permutation [1, 0];"
      "y = matMul p, t; z = quantize y, scale 1, range s5; output z");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "transpose", "codeMatMul", "rescale"}));
}

TEST(Layers, DenseBehindDenseWithoutAQuantizerStaysExact) {
  const ir::Graph graph = lowered(
      "x = input [2] real; q = quantize x, scale 0.5, range s4; w = constant [2, 2] s4 scale 0.25 {1 -2 3 "
      "-4};"
      "b = constant [2] real {0.1875 -3}; y = matMul q, w; s = add y, b; r = relu s; z = matMul r, w; output "
      "z");
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "dense", "rescale", "rescale", "dense"}));
}

TEST(HostPart, SaysWhatStaysRealAndWhy) {
  const ir::Graph graph = lowered(
      "x = input [2] real; h = relu x; q = quantize h, scale 0.5, range s4; w = constant [2, 2] s4 {1 -2 3 "
      "-4};"
      "y = matMul q, w; s = softmax y; n = negate s; output n");
  const auto lines = hostPartText(graph);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(
      *lines,
      (std::vector<std::string>{
          "node 'h' (unary) stays with the host: no quantizer comes before it",
          "node 'q' (quantize) stays with the host: it makes the codes that the integer part starts from",
          "node 's' (softmax) stays with the host: no quantizer comes behind it, so its exact result is "
          "no integer",
          "node 'n' (unary) stays with the host: it comes behind others that stay with the host"}));
}

}  // namespace
}  // namespace sluice::passes

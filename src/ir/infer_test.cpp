#include <gtest/gtest.h>

#include <cmath>

#include "ir/testing.h"

namespace sluice::ir {
namespace {

TensorType typeOf(const Graph& graph, const char* name) { return graph.tensor(*graph.findTensor(name)).type; }

/// The error of the last statement; the graph needs no output.
std::string errorOf(const std::string& text) {
  const auto graph = parse(text);
  return graph.ok() ? "(no error)" : graph.error().message;
}

/// Whether inference of the last statement fails with a message that holds `part`.
testing::AssertionResult refuses(const std::string& text, const std::string& part) {
  const std::string message = errorOf(text);
  if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "got: " << message;
}

TEST(Infer, DenseProvesItsRangeFromTheActualWeights) {
  const Graph graph = graphOf(R"(
    x = input [3] codes [-2, 5] scale 0.5
    w = constant [3, 2] codes [-7, 7] scale 0.25 {1 -3  2 0  -1 1}
    b = constant [2] scale 0.125 {10 -10}
    y = dense x, w
    z = dense x, w, b
    output y, z)");
  // Column 0: weights 1, 2, -1: [-4 - 5, 5 + 10 + 2]; column 1: -3, 0, 1: [-15 - 2, 6 + 5].
  EXPECT_EQ(typeOf(graph, "y").codes->range, (fixed::Interval{-17, 17}));
  EXPECT_EQ(typeOf(graph, "z").codes->range, (fixed::Interval{-27, 27}));
  EXPECT_EQ(typeOf(graph, "y").codes->scale, std::vector<double>{0.125});
  EXPECT_EQ(typeOf(graph, "y").shape, Shape{2});
}

TEST(Infer, DenseReachesBothEndsOfItsRange) {
  const Graph graph = graphOf("x = input [2] s4; w = constant [2, 1] {7 -8}; y = dense x, w; output y");
  std::int64_t lo = 0, hi = 0;
  for (std::int64_t a = -8; a <= 7; ++a)
    for (std::int64_t b = -8; b <= 7; ++b) {
      lo = std::min(lo, 7 * a - 8 * b);
      hi = std::max(hi, 7 * a - 8 * b);
    }
  EXPECT_EQ(typeOf(graph, "y").codes->range, (fixed::Interval{lo, hi}));
}

TEST(Infer, DenseKeepsLeadingAxesAndScalesPerColumn) {
  const Graph graph = graphOf(
      "x = input [4, 5, 1] s2 scale 0.5; w = constant [1, 2] scale [2, 4] {1 1}; y = dense x, w; output y");
  EXPECT_EQ(typeOf(graph, "y").shape, (Shape{4, 5, 2}));
  EXPECT_EQ(typeOf(graph, "y").codes->scale, (std::vector<double>{1, 2}));
}

TEST(Infer, DenseRefusesScalesWhoseProductIsNotExact) {
  const std::string third = "0.3333333333333333";
  EXPECT_TRUE(refuses(
      "x = input [1] s2 scale " + third + "; w = constant [1, 1] scale " + third + " {1}; y = dense x, w",
      "not exact"));
  // Float32 scales, as model files hold them, always have an exact product.
  EXPECT_EQ(
      errorOf("x = input [1] s2 scale 0.3333333432674408; w = constant [1, 1] scale 0.33674246072769165 {1}; "
              "y = dense x, w"),
      "(no error)");
}

TEST(Infer, DenseWantsAZeroPointFoldedIntoTheBias) {
  const std::string x = "x = input [1] u2 zeroPoint 1; w = constant [1, 1] {1}; b = constant [1] {-1}; ";
  EXPECT_TRUE(refuses(x + "y = dense x, w", "a bias that takes it out"));
  EXPECT_EQ(errorOf(x + "y = dense x, w, b"), "(no error)");
}

TEST(Infer, DenseRefusesWhatItCannotSum) {
  EXPECT_TRUE(refuses("x = input [2] s2 scale [1, 2]; w = constant [2, 1] {1 1}; y = dense x, w",
                      "one scale per channel"));
  EXPECT_TRUE(
      refuses("x = input [2] s2; w = constant [2, 1] zeroPoint 1 {1 1}; y = dense x, w", "zero point"));
  EXPECT_TRUE(refuses("x = input [2] s2; w = input [2, 1] s2; y = dense x, w", "must be a constant"));
  EXPECT_TRUE(refuses("x = input [3] s2; w = constant [2, 1] {1 1}; y = dense x, w", "[n, m]"));
  EXPECT_TRUE(refuses("x = input [2]; w = constant [2, 1] {1 1}; y = dense x, w", "a real tensor"));
  EXPECT_TRUE(refuses("x = input [1] s2; w = constant [1, 1] {1}; b = constant [2] {1 1}; y = dense x, w, b",
                      "bias of shape"));
  EXPECT_TRUE(
      refuses("x = input [1] s2; w = constant [1, 1] {1}; b = constant [1] scale 2 {1}; y = dense x, w, b",
              "the scale of the bias"));
  EXPECT_TRUE(
      refuses("x = input [4] s60; w = constant [4, 1] {4 4 4 4}; y = dense x, w", "leave [-2^62, 2^62]"));
}

TEST(Infer, DenseOfWideCodesIsExactAtTheLimit) {
  const Graph graph = graphOf("x = input [2] s61; w = constant [2, 1] {1 -1}; y = dense x, w; output y");
  const std::int64_t half = std::int64_t{1} << 60;
  EXPECT_EQ(typeOf(graph, "y").codes->range, (fixed::Interval{-2 * half + 1, 2 * half - 1}));
}

TEST(Infer, ThresholdsCountOnlyWhatTheRangeReaches) {
  const Graph graph = graphOf(R"(
    x = input [2] codes [0, 9]
    t = constant [2, 3] {-5 4 20  1 2 3}
    a = threshold x, t, base [10, -1], sign [1, -1], scale [0.5, 2], zeroPoint 3
    output a)");
  // Channel 0: 10 + 1 .. 10 + 2 (the third is never reached); channel 1: -1 - 0 .. -1 - 3.
  EXPECT_EQ(typeOf(graph, "a").codes->range, (fixed::Interval{-4, 12}));
  EXPECT_EQ(typeOf(graph, "a").codes->scale, (std::vector<double>{0.5, 2}));
  EXPECT_EQ(typeOf(graph, "a").codes->zeroPoint, 3);
}

TEST(Infer, ThresholdsAreRefusedUnlessAscendingPlainAndOfTheRightShape) {
  const std::string x = "x = input [2] u4; ";
  EXPECT_TRUE(refuses(x + "t = constant [1, 2] {2 1}; y = threshold x, t", "row 0 are not ascending"));
  EXPECT_TRUE(refuses(x + "t = constant [1, 2] scale 2 {1 2}; y = threshold x, t", "plain integers"));
  EXPECT_TRUE(refuses(x + "t = constant [3, 1] {1 2 3}; y = threshold x, t", "rows being 1 or 2"));
  EXPECT_TRUE(refuses(x + "t = constant [2] {1 2}; y = threshold x, t", "[rows, entries]"));
  EXPECT_TRUE(refuses(x + "t = input [1, 2] s4; y = threshold x, t", "must be a constant"));
  EXPECT_TRUE(
      refuses(x + "t = constant [1, 1] {1}; y = threshold x, t, base [1, 2, 3]", "3 elements of base"));
  EXPECT_TRUE(refuses(x + "t = constant [1, 1] {1}; y = threshold x, t, sign 2", "it must be 1 or -1"));
  EXPECT_TRUE(
      refuses(x + "t = constant [1, 1] {1}; y = threshold x, t, scale [1, 1, 1]", "3 scales for 2 channels"));
}

TEST(Infer, LookupTakesScaleAndReachableRangeFromItsTable) {
  const Graph graph = graphOf(R"(
    x = input [2] codes [1, 2]
    t = constant [2, 4] scale 0.5 zeroPoint 9 {100 1 2 -100  100 3 -4 -100}
    y = lookup x, t, first 0
    output y)");
  EXPECT_EQ(typeOf(graph, "y").codes, (Codes{.range = {-4, 3}, .scale = {0.5}, .zeroPoint = 9}));
}

TEST(Infer, ATableMustCoverTheRange) {
  EXPECT_TRUE(
      refuses("x = input [1] u2; t = constant [1, 3] {1 2 3}; y = lookup x, t", "does not cover [0, 3]"));
  EXPECT_TRUE(refuses("x = input [1] u2; t = constant [1, 9] {1 2 3 4 5 6 7 8 9}; y = lookup x, t, first 1",
                      "does not cover"));
}

TEST(Infer, RescaleProvesTheRangeItReaches) {
  const Graph graph = graphOf(R"(
    x = input [1] codes [-10, 10]
    a = constant [1] {3}
    b = constant [1] {1}
    floor = rescale x, a, b, shift 2, range [-100, 5]
    even = rescale x, a, b, shift 1, range [-100, 100], tieToEven true, scale 0.5, zeroPoint 1
    output floor, even)");
  EXPECT_EQ(typeOf(graph, "floor").codes->range,
            (fixed::Interval{-8, 5}));  // floor(-29 / 4), clamp(floor(31 / 4))
  EXPECT_EQ(typeOf(graph, "even").codes,
            (Codes{.range = {-14, 16}, .scale = {0.5}, .zeroPoint = 1}));  // -14.5, 15.5
}

TEST(Infer, RescaleStaysWithinItsIntegers) {
  const std::string x = "x = input [1] s40; b = constant [1] {0}; ";
  EXPECT_TRUE(
      refuses(x + "a = constant [1] {9999999}; y = rescale x, a, b, range s8", "leave [-2^62, 2^62]"));
  EXPECT_TRUE(refuses(x + "a = constant [1] {1}; y = rescale x, a, b, range s8, shift 62", "above 61"));
  EXPECT_TRUE(refuses(x + "a = constant [1] {1}; y = rescale x, a, b, range [1, 0]", "empty"));
}

TEST(Infer, MergeFindsTheCommonGrid) {
  const Graph graph = graphOf(R"(
    x = input [2] codes [-1, 3] scale 0.5 zeroPoint 1
    y = input [2] codes [0, 7] scale 0.125 zeroPoint 2
    z = merge x, y, shift [2, 0]
    output z)");
  EXPECT_EQ(typeOf(graph, "z").codes, (Codes{.range = {-4, 19}, .scale = {0.125}, .zeroPoint = 6}));
}

TEST(Infer, MergeRefusesOtherGridsAndShapes) {
  EXPECT_TRUE(refuses("x = input [2] s2 scale 0.5; y = input [2] s2 scale 0.3; z = merge x, y, shift [0, 0]",
                      "differs"));
  EXPECT_TRUE(
      refuses("x = input [2] s2; y = input [1] s2; z = merge x, y, shift [0, 0]", "different shapes"));
  EXPECT_TRUE(refuses("x = input [2] s2; z = merge x, x, shift 0", "1 shifts for 2 inputs"));
  EXPECT_TRUE(refuses("x = input [2] s2; z = merge x, shift 62", "above 61"));
}

TEST(Infer, TopKGivesIndices) {
  const Graph graph = graphOf("x = input [3, 10] s4 scale 0.5; y = topK x, k 2; output y");
  EXPECT_EQ(typeOf(graph, "y"), (TensorType{{3, 2}, Codes{.range = {0, 9}, .scale = {1}, .zeroPoint = 0}}));
  EXPECT_TRUE(refuses("x = input [3] s4; y = topK x, k 4", "k is 4 for 3 elements"));
  EXPECT_TRUE(refuses("x = input [] s4; y = topK x", "scalar"));
}

TEST(Infer, MovesOfElementsKeepCodes) {
  const Graph graph = graphOf(R"(
    x = input [2, 3] s4 scale 0.5 zeroPoint 1
    c = input [2, 3] s4 scale [1, 2, 3]
    r = reshape x, shape [6]
    t = transpose x, permutation [1, 0]
    rc = reshape c, shape [1, 2, 3]
    tc = transpose rc, permutation [1, 0, 2]
    output r, t, tc)");
  EXPECT_EQ(typeOf(graph, "r"), (TensorType{{6}, typeOf(graph, "x").codes}));
  EXPECT_EQ(typeOf(graph, "t"), (TensorType{{3, 2}, typeOf(graph, "x").codes}));
  EXPECT_EQ(typeOf(graph, "tc"), (TensorType{{2, 1, 3}, typeOf(graph, "c").codes}));
}

TEST(Infer, ScalesTravelWithTheirElements) {
  const std::string x = "x = input [2, 3] s4 scale [1, 2, 3]; ";
  const Graph graph = graphOf(x + R"(
    r = reshape x, shape [6]
    t = transpose x, permutation [1, 0]
    s = slice x, begin [0, 1], end [2, 2]
    c = concat x, s, axis 1
    p = pad x, before [1, 0]
    e = expand s, shape [2, 2]
    b = transpose t, permutation [1, 0]
    output r, c, p, e, b)");
  const auto scale = [&](const char* name) { return typeOf(graph, name).codes->scale; };
  using Scales = std::vector<double>;
  EXPECT_EQ(scale("r"), (Scales{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(scale("t"), (Scales{1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(scale("s"), (Scales{2}));
  EXPECT_EQ(scale("c"), (Scales{1, 2, 3, 2}));
  EXPECT_EQ(scale("p"), (Scales{1, 2, 3}));
  EXPECT_EQ(scale("e"), (Scales{2}));
  EXPECT_EQ(scale("b"), (Scales{1, 2, 3}));
  EXPECT_TRUE(refuses(x + "y = reshape x, shape [5]", "another number of elements"));
  EXPECT_TRUE(refuses(x + "y = transpose x, permutation [0, 0]", "does not permute"));
  EXPECT_TRUE(refuses(x + "y = transpose x, permutation [0]", "does not permute"));
  EXPECT_TRUE(refuses(x + "y = transpose x, permutation [0, 2]", "does not permute"));
}

TEST(Infer, RealOperationsHaveTheShapesOfTheirDefinitions) {
  const Graph graph = graphOf(R"(
    x = input [4, 3]
    w = constant [3, 2] real {1 2 3 4 5 6}
    p = constant [2] real {1 2}
    m = matMul x, w
    n = batchNormalize m, p, p, p, p
    c = constant [4, 1] real {1 2 3 4}
    s = add n, c
    q = quantize s, scale [1, 2], range s4, zeroPoint 1
    y = softmax s
    output q, y)");
  EXPECT_EQ(typeOf(graph, "m"), (TensorType{{4, 2}, std::nullopt}));
  EXPECT_EQ(typeOf(graph, "s"), (TensorType{{4, 2}, std::nullopt}));
  EXPECT_EQ(typeOf(graph, "q"),
            (TensorType{{4, 2}, Codes{.range = {-8, 7}, .scale = {1, 2}, .zeroPoint = 1}}));
}

TEST(Infer, RealOperationsRefuseShapesThatDoNotFit) {
  EXPECT_TRUE(refuses("x = input [4]; y = input [3]; z = add x, y", "do not broadcast: 'x' [4] and 'y' [3]"));
  EXPECT_TRUE(refuses("x = input [4]; w = input [3, 1]; z = matMul x, w", "[n, m]"));
  EXPECT_TRUE(
      refuses("x = input [4]; p = constant [1] real {1}; z = batchNormalize x, p, p, p, p", "shape [4]"));
  EXPECT_TRUE(refuses("x = input []; z = softmax x", "scalar"));
  EXPECT_TRUE(refuses("x = input [4]; z = quantize x, range s4", "0 scales"));
  EXPECT_TRUE(refuses("x = input [4]; z = quantize x, range s4, scale -1", "not a positive finite number"));
  EXPECT_TRUE(refuses("x = input [4]; z = quantize x, range s60, scale 1", "beyond 2^53"));
  EXPECT_TRUE(refuses("x = input [4]; z = relu x, x", "takes 1 inputs, not 2"));
  EXPECT_TRUE(refuses("x = input [1048576, 1]; y = input [1, 1048576]; z = add x, y", "2^40"));
}

}  // namespace
}  // namespace sluice::ir

#include "ir/reference.h"

#include <cmath>

#include "ir/testing.h"

namespace sluice::ir {
namespace {

using Reals = std::vector<double>;
using Integers = std::vector<std::int64_t>;

/// The first output for one input tensor, as real values.
Reals run(const char* text, const Reals& x) {
  const Graph graph = graphOf(text);
  const auto samples =
      x.size() / static_cast<std::size_t>(elements(graph.tensor(graph.inputs[0]).type.shape));
  const auto result = runReference(graph, {x}, samples);
  EXPECT_TRUE(result.ok()) << result.error().text();
  return std::get<Reals>((*result)[0]);
}

/// The first output's codes.
Integers codes(const char* text, const Reals& x) {
  const Graph graph = graphOf(text);
  const auto samples =
      x.size() / static_cast<std::size_t>(elements(graph.tensor(graph.inputs[0]).type.shape));
  const auto result = runReference(graph, {x}, samples, {.outputCodes = true});
  EXPECT_TRUE(result.ok()) << result.error().text();
  return std::get<Integers>((*result)[0]);
}

TEST(Reference, QuantizeRoundsAndSaturates) {
  const char* text = "x = input [1]; y = quantize x, scale 0.5, range [-2, 3]; output y";
  EXPECT_EQ(codes(text, {-9, -1.1, -0.75, 0.25, 0.75, 1.3, 9, 1e300}), (Integers{-2, -2, -2, 0, 2, 3, 3, 3}));
  EXPECT_EQ(run(text, {0.75, 9}), (Reals{1, 1.5}));
}

TEST(Reference, QuantizeUsesScaleZeroPointAndModePerChannel) {
  const char* text =
      "x = input [2]; y = quantize x, scale [1, 0.5], zeroPoint 3, range u4, rounding floor; output y";
  EXPECT_EQ(codes(text, {1.9, 1.9, -3.5, -1.6}), (Integers{4, 6, 0, 0}));
  EXPECT_EQ(run(text, {1.9, 1.9}), (Reals{1, 1.5}));
}

TEST(Reference, BipolarCountsZeroAsPositive) {
  const char* text = "x = input [3]; y = bipolar x, scale 0.25; output y";
  EXPECT_EQ(codes(text, {-0.1, 0, 5}), (Integers{-1, 1, 1}));
  EXPECT_EQ(run(text, {-0.1, -0.0, 5}), (Reals{-0.25, 0.25, 0.25}));
}

TEST(Reference, MatrixProductOfRealNumbers) {
  EXPECT_EQ(run("x = input [2]; w = constant [2, 3] real {1 2 3 4 5 6}; y = matMul x, w; output y", {1, 10}),
            (Reals{41, 52, 63}));
}

TEST(Reference, MatrixProductOfCodesSumsIntegersBeforeScaling) {
  // 0.1 * 0.1 ten times, in float64 one by one, is not 10 * (0.1 * 0.1).
  const Graph graph = graphOf(R"(
    x = input [10] u2 scale 0.1 zeroPoint 1
    w = constant [10, 1] scale 0.1 {1 1 1 1 1 1 1 1 1 1}
    y = matMul x, w
    output y)");
  const auto result = evaluate(graph, {{graph.inputs[0], Integers(10, 2)}}, graph.outputs, 1);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::get<Reals>((*result)[0])[0], 0.1 * 0.1 * 10);
}

TEST(Reference, MatrixProductOfCodesSeesZeroPointsOfBoth) {
  const Graph graph = graphOf(R"(
    x = input [2] codes [0, 9] scale [0.5, 2] zeroPoint 1
    u = input [2] codes [0, 9] scale 0.5 zeroPoint 1
    w = constant [2, 1] zeroPoint 3 {5 7}
    y = matMul x, w
    z = matMul u, w
    output y, z)");
  const auto result = evaluate(graph, {{graph.inputs[0], Integers{3, 2}}, {graph.inputs[1], Integers{3, 2}}},
                               graph.outputs, 1);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::get<Reals>((*result)[0]), Reals{0.5 * 2 * 2 + 2 * 1 * 4});
  EXPECT_EQ(std::get<Reals>((*result)[1]), Reals{0.5 * (2 * 2 + 1 * 4)});
}

TEST(Reference, BatchNormalizePerChannel) {
  EXPECT_EQ(run(R"(
    x = input [2]
    g = constant [2] real {2 1}; b = constant [2] real {1 0}; m = constant [2] real {3 0}; v = constant [2] real {3 15}
    y = batchNormalize x, g, b, m, v, epsilon 1
    output y)",
                {5, 8}),
            (Reals{3, 2}));
}

TEST(Reference, BinaryBroadcastsAsNumpyDoes) {
  EXPECT_EQ(run("x = input [2, 3]; c = constant [2, 1] real {10 20}; y = subtract x, c; output y",
                {1, 2, 3, 4, 5, 6}),
            (Reals{-9, -8, -7, -16, -15, -14}));
  EXPECT_EQ(run("x = input [3]; c = constant [2, 1] real {10 20}; y = multiply c, x; output y", {1, 2, 3}),
            (Reals{10, 20, 30, 20, 40, 60}));
  EXPECT_EQ(run("x = input [1]; c = constant [] real {2}; a = divide x, c; y = power a, c; output y", {6}),
            (Reals{9}));
  EXPECT_EQ(run("x = input [2]; y = add x, x; output y", {1, 2}), (Reals{2, 4}));
}

TEST(Reference, UnaryAndSoftmax) {
  EXPECT_EQ(run("x = input [1]; y = relu x; output y", {-1, 2}), (Reals{0, 2}));
  EXPECT_EQ(run("x = input [1]; y = negate x; output y", {-1, 2}), (Reals{1, -2}));
  EXPECT_EQ(run("x = input [1]; y = sigmoid x; output y", {0, -1000}), (Reals{0.5, 0}));
  EXPECT_EQ(run("x = input [1]; y = tanh x; output y", {0.5}), (Reals{std::tanh(0.5)}));
  EXPECT_EQ(run("x = input [2]; y = softmax x; output y", {1000, 1000}), (Reals{0.5, 0.5}));
}

TEST(Reference, MovesOfElements) {
  EXPECT_EQ(run("x = input [2, 3]; y = transpose x, permutation [1, 0]; output y", {1, 2, 3, 4, 5, 6}),
            (Reals{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(run("x = input [1, 2, 3]; y = transpose x, permutation [2, 0, 1]; output y", {1, 2, 3, 4, 5, 6}),
            (Reals{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(run("x = input [2, 3]; y = reshape x, shape [3, 2]; output y", {1, 2, 3, 4, 5, 6}),
            (Reals{1, 2, 3, 4, 5, 6}));
}

TEST(Reference, TopKTakesTheLowerIndexOfEqualOnes) {
  EXPECT_EQ(codes("x = input [4]; y = topK x, k 3; output y", {5, 7, 5, 7}), (Integers{1, 3, 0}));
  EXPECT_EQ(codes("x = input [2, 2] s4; y = topK x; output y", {3, 3, -8, 2}), (Integers{0, 1}));
}

TEST(Reference, TopKOfCodesOfSeveralScalesComparesRealValues) {
  EXPECT_EQ(codes("x = input [2] s4 scale [1, 4]; y = topK x; output y", {3, 8}), Integers{1});
}

TEST(Reference, RealOperationsSeeTheRealValuesOfCodes) {
  EXPECT_EQ(run("x = input [2] s4 scale 0.5 zeroPoint 2; y = negate x; output y", {-1, 1.5}),
            (Reals{1, -1.5}));
}

TEST(Reference, IntegerOperationsDoWhatTheirDefinitionsSay) {
  EXPECT_EQ(codes("x = input [2] s4; w = constant [2, 2] {1 2 3 -4}; b = constant [2] {100 0}; y = dense x, "
                  "w, b; output y",
                  {5, -6}),
            (Integers{87, 34}));
  EXPECT_EQ(codes("x = input [2] s4; t = constant [2, 3] {-1 2 8 0 0 1}; y = threshold x, t, base [10, 3], "
                  "sign [1, -1]; output y",
                  {2, 0, -8, -8}),
            (Integers{12, 1, 10, 3}));
  EXPECT_EQ(
      codes("x = input [2] u2; t = constant [2, 4] {9 8 7 6 5 4 3 2}; y = lookup x, t; output y", {1, 3}),
      (Integers{8, 2}));
  EXPECT_EQ(codes("x = input [2] s4; a = constant [2] {3 -3}; b = constant [1] {1}; y = rescale x, a, b, "
                  "shift 2, range [-3, 4]; output y",
                  {7, 7, -2, -2}),
            (Integers{4, -3, -2, 1}));
  EXPECT_EQ(codes("x = input [2] s4; y = merge x, x, shift [3, 3]; output y", {-1, 5}), (Integers{-16, 80}));
}

TEST(Reference, RescaleDecidesTiesToEvenAsItsFormulaSays) {
  const char* text =
      "x = input [1] codes [-40, 40]; a = constant [1] {1}; b = constant [1] {0};"
      "y = rescale x, a, b, shift 2, range s8, tieToEven true; output y";
  for (std::int64_t x = -40; x <= 40; ++x) {
    const std::int64_t formula = (x + 1 + ((x >> 2) & 1)) >> 2;
    EXPECT_EQ(codes(text, {static_cast<double>(x)}), Integers{formula}) << x;
  }
}

TEST(Reference, EvaluatesBetweenAnyFedAndWantedTensors) {
  const Graph graph = graphOf("x = input [1]; a = relu x; b = negate a; c = negate b; output c");
  const TensorId a = *graph.findTensor("a"), b = *graph.findTensor("b");
  const auto result = evaluate(graph, {{a, Reals{-3, 4}}}, {b, graph.outputs[0], a}, 2);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::get<Reals>((*result)[0]), (Reals{3, -4}));
  EXPECT_EQ(std::get<Reals>((*result)[1]), (Reals{-3, 4}));
  EXPECT_EQ(std::get<Reals>((*result)[2]), (Reals{-3, 4}));
}

TEST(Reference, RefusesFeedsThatDoNotFit) {
  const Graph graph = graphOf("x = input [2]; q = quantize x, scale 1, range s4; y = topK q; output y");
  const TensorId q = *graph.findTensor("q");
  const auto message = [&](std::vector<Feed> feeds) {
    const auto result = evaluate(graph, feeds, graph.outputs, 1);
    return result.ok() ? "" : result.error().message;
  };
  EXPECT_EQ(message({}), "input 'x' is needed, but no values are given for it");
  EXPECT_EQ(message({{q, Reals{1, 2}}}), "'q' takes codes");
  EXPECT_EQ(message({{graph.inputs[0], Integers{1, 2}}}), "'x' takes real values");
  EXPECT_EQ(message({{q, Integers{1}}}), "'q' takes 2 elements for 1 samples of shape [2], not 1");
  EXPECT_EQ(message({{q, Integers{1, 8}}}), "'q', sample 0: code 8 is not in [-8, 7]");
}

TEST(Reference, InputsMayBeCodesOfTheFirstQuantizer) {
  const Graph graph = graphOf(R"(
    x = input [2]
    c = constant [] real {0.1}
    s = multiply x, c
    q = quantize s, scale 0.3, range s4, zeroPoint 1
    y = topK q, k 2
    r = negate q
    output y, r)");
  const auto result = runReference(graph, {{-8, 7}}, 1, {.inputCodes = true});
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(std::get<Reals>((*result)[0]), (Reals{1, 0}));
  EXPECT_EQ(std::get<Reals>((*result)[1]), (Reals{2.6999999999999997, -1.7999999999999998}));
}

TEST(Reference, ThreadsDoNotChangeResults) {
  const Graph graph = graphOf(
      "x = input [3]; w = constant [3, 3] real {1 2 3 4 5 6 7 8 0.1}; y = matMul x, w; z = softmax y; output "
      "z");
  Reals x;
  for (int i = 0; i < 300; ++i) x.push_back(std::sin(i));
  const auto one = runReference(graph, {x}, 100, {.threads = 1});
  const auto four = runReference(graph, {x}, 100, {.threads = 4});
  EXPECT_EQ(*one, *four);
}

TEST(Reference, FoldsOneOperationOnConstants) {
  const Graph graph = graphOf(R"(
    x = input [1]
    a = constant [2] scale 0.5 {3 -5}
    b = constant [2] real {1 2}
    y = multiply a, b
    q = quantize y, scale 0.5, range s8
    s = add x, q
    output s)");
  const auto fold = [&](const char* name) {
    const Node& node = graph.node(*graph.findNode(name));
    std::vector<const Tensor*> operands;
    for (const TensorId id : node.inputs) operands.push_back(&graph.tensor(id));
    return evaluateOperation(node.operation, operands, graph.tensor(node.output).type);
  };
  EXPECT_EQ(std::get<Reals>(fold("y")), (Reals{1.5, -5}));
  EXPECT_EQ(realValues(graph.tensor(*graph.findTensor("a")).type, Integers{3, -5, 1, 1}),
            (Reals{1.5, -2.5, 0.5, 0.5}));
}

}  // namespace
}  // namespace sluice::ir

#include <cmath>

#include "ir/reference.h"
#include "ir/testing.h"

// Operations on real numbers by small examples worked out by hand. That they agree with the integer dialect in
// every combination is random_twin_test.cpp's business.
namespace sluice::ir {
namespace {

using Reals = std::vector<double>;
using Integers = std::vector<std::int64_t>;

Reals run(const std::string& text, const Reals& x) {
  const Graph graph = graphOf(text);
  const auto result = runReference(graph, {x}, 1);
  EXPECT_TRUE(result.ok()) << result.error().text();
  return result.ok() ? std::get<Reals>((*result)[0]) : Reals{};
}

/// The function of one number.
double of(const std::string& function, double x) {
  return run("x = input [1] real; y = " + function + "; output y", {x})[0];
}

TEST(ReferenceOps, ConvSlidesItsWindowAndCountsPaddingAsZero) {
  // y[o] = 1 x[o-1] + 10 x[o] + 100 x[o+1]
  const std::string k = "w = constant [3, 1, 1] real {1 10 100}; ";
  EXPECT_EQ(
      run("x = input [3, 1] real; " + k + "y = conv x, w, padBefore 1, padAfter 1; output y", {1, 2, 3}),
      (Reals{210, 321, 32}));
  EXPECT_EQ(run("x = input [5, 1] real; " + k + "y = conv x, w, strides 2; output y", {1, 2, 3, 4, 5}),
            (Reals{321, 543}));
  EXPECT_EQ(run("x = input [5, 1] real; " + k + "y = conv x, w, dilations 2; output y", {1, 2, 3, 4, 5}),
            (Reals{531}));
}

TEST(ReferenceOps, ConvGroupsReadTheirOwnChannels) {
  // Two groups of one channel in, two out: weights [1, 1, 4].
  EXPECT_EQ(
      run("x = input [1, 2] real; w = constant [1, 1, 4] real {1 2 3 4}; b = constant [4] real {0 0 0 1}; "
          "y = conv x, w, b, groups 2; output y",
          {10, 100}),
      (Reals{10, 20, 300, 401}));
}

TEST(ReferenceOps, ConvTransposeSpreadsEachElement) {
  EXPECT_EQ(
      run("x = input [2, 1] real; w = constant [3, 1, 1] real {1 10 100}; y = convTranspose x, w, strides 2; "
          "output y",
          {1, 2}),
      (Reals{1, 10, 102, 20, 200}));
  EXPECT_EQ(
      run("x = input [2, 1] real; w = constant [3, 1, 1] real {1 10 100}; y = convTranspose x, w, strides 2, "
          "padBefore 1, padAfter 1, outputPad 1; output y",
          {1, 2}),
      (Reals{10, 102, 20, 200}));
}

TEST(ReferenceOps, PoolsIgnoreOrCountPadding) {
  const std::string x = "x = input [3, 1] real; y = ", pads = " x, kernel 2, padAfter 1; output y";
  EXPECT_EQ(run(x + "maxPool" + pads, {-1, -5, -2}), (Reals{-1, -2, -2}));
  EXPECT_EQ(run(x + "averagePool" + pads, {-1, -5, -2}), (Reals{-3, -3.5, -2}));
  EXPECT_EQ(run(x + "averagePool x, kernel 2, padAfter 1, countPads true; output y", {-1, -5, -2}),
            (Reals{-3, -3.5, -1}));
  EXPECT_EQ(run(x + "sumPool" + pads, {-1, -5, -2}), (Reals{-6, -7, -2}));
}

TEST(ReferenceOps, ReducesOverAnyAxes) {
  const std::string x = "x = input [2, 3] real; y = ";
  const Reals values{1, 2, 3, 4, 5, 9};
  EXPECT_EQ(run(x + "reduceSum x, axes 0; output y", values), (Reals{5, 7, 12}));
  EXPECT_EQ(run(x + "reduceMean x, axes 1, keepDims true; output y", values), (Reals{2, 6}));
  EXPECT_EQ(run(x + "reduceProduct x, axes [0, 1]; output y", values), (Reals{1080}));
  EXPECT_EQ(run(x + "reduceMin x, axes 1; output y", values), (Reals{1, 4}));
}

TEST(ReferenceOps, LayerNormalizeUsesTheVarianceOverN) {
  const Reals y =
      run("x = input [2] real; g = constant [2] real {1 2}; b = constant [2] real {0 1}; y = "
          "layerNormalize x, g, b, epsilon 0; output y",
          {1, 3});
  EXPECT_DOUBLE_EQ(y[0], -1);
  EXPECT_DOUBLE_EQ(y[1], 3);
}

TEST(ReferenceOps, ResizeFollowsItsCoordinates) {
  const std::string x = "x = input [2, 1] real; y = ", out = "; output y";
  EXPECT_EQ(run(x + "resizeLinear x, shape [4, 1]" + out, {0, 4}), (Reals{0, 1, 3, 4}));
  EXPECT_EQ(run(x + "resizeLinear x, shape [4, 1], coordinates asymmetric" + out, {0, 4}),
            (Reals{0, 2, 4, 4}));
  EXPECT_EQ(run(x + "resizeLinear x, shape [5, 1], coordinates alignCorners" + out, {0, 4}),
            (Reals{0, 1, 2, 3, 4}));
  EXPECT_EQ(run(x + "resizeNearest x, shape [4, 1], coordinates asymmetric, rounding floor" + out, {0, 4}),
            (Reals{0, 0, 4, 4}));
}

TEST(ReferenceOps, MatrixProductsOfSeveralMatrices) {
  EXPECT_EQ(run("x = input [2, 1, 2] real; w = constant [2, 2, 1] real {1 2 3 4}; y = matMul x, w; output y",
                {1, 1, 10, 10}),
            (Reals{3, 70}));
}

TEST(ReferenceOps, FunctionsOfOneNumber) {
  const double e = std::exp(1.0);
  EXPECT_DOUBLE_EQ(of("softplus x", 0), std::log(2));
  EXPECT_DOUBLE_EQ(of("softplus x", 800), 800);
  EXPECT_DOUBLE_EQ(of("softplus x", -800), 0);
  EXPECT_DOUBLE_EQ(of("softsign x", -3), -0.75);
  EXPECT_DOUBLE_EQ(of("elu x, alpha 2", -1), 2 * (1 / e - 1));
  EXPECT_DOUBLE_EQ(of("celu x, alpha 2", -2), 2 * (1 / e - 1));
  EXPECT_DOUBLE_EQ(of("selu x, alpha 2, beta 3", 1), 3);
  EXPECT_DOUBLE_EQ(of("selu x, alpha 2, beta 3", -1), 6 * (1 / e - 1));
  EXPECT_DOUBLE_EQ(of("leakyRelu x, alpha 0.25", -4), -1);
  EXPECT_DOUBLE_EQ(of("thresholdedRelu x, alpha 1", 1), 0);
  EXPECT_DOUBLE_EQ(of("thresholdedRelu x, alpha 1", 1.5), 1.5);
  EXPECT_DOUBLE_EQ(of("clip x, alpha -1, beta 6", 7), 6);
  EXPECT_DOUBLE_EQ(of("hardSigmoid x, alpha 0.2, beta 0.5", 1), 0.7);
  EXPECT_DOUBLE_EQ(of("hardSwish x, alpha 0.25, beta 0.5", -1), -0.25);
  EXPECT_DOUBLE_EQ(of("rampRelu x, alpha 0.5, beta 4, gamma 1", 0), -0.5);
  EXPECT_DOUBLE_EQ(of("rampRelu x, alpha 0.5, beta 4, gamma 1", 9), 4);
  EXPECT_DOUBLE_EQ(of("rampRelu x, beta inf", 9), 9);
  EXPECT_DOUBLE_EQ(of("swish x, alpha 1", 1), e / (1 + e));
  EXPECT_NEAR(of("gelu x", 1), 0.8413447460685429, 1e-15);
  EXPECT_NEAR(of("geluTanh x", 1), 0.8411919906082768, 1e-15);
  EXPECT_NEAR(of("mish x", 1), 0.8650983882673103, 1e-15);
  EXPECT_EQ(of("round x", 2.5), 2);
  EXPECT_EQ(of("sign x", -0.1), -1);
}

TEST(ReferenceOps, MinifloatsHaveSubnormalNumbersAndSaturate) {
  // e2m1, bias 1: 0, 0.5, 1, 1.5, 2, 3, 4, 6.
  const std::string f = "quantizeFloat x, exponentBits 2, mantissaBits 1, exponentBias 1, largest 6";
  const double from[] = {0.2, 0.3, 0.75, 1.2, 1.25, 1.75, 2.5, 3.5, 5, 5.1, 9, -0.8, -1e30};
  const double to[] = {0, 0.5, 1, 1, 1, 2, 2, 4, 4, 6, 6, -1, -6};
  for (std::size_t i = 0; i < std::size(from); ++i) EXPECT_EQ(of(f, from[i]), to[i]) << from[i];
  const Graph graph = graphOf("x = input [1] real; y = " + f + "; output y");
  EXPECT_EQ(graph.tensor(graph.outputs[0]).type.codes->range, (fixed::Interval{-12, 12}));
}

TEST(ReferenceOps, PowersOfTwoKeepTheSign) {
  const std::string p = "quantizePower x, lowest -2, highest 1";
  EXPECT_EQ(of(p, 0.3), 0.25);
  EXPECT_EQ(of(p, -1.5), -2);
  EXPECT_EQ(of(p, 100), 2);
  EXPECT_EQ(of(p, 0), 0.25);
  EXPECT_EQ(of(p + ", negative false", -3), 0.25);
}

TEST(ReferenceOps, QuantizersOverflowAndHaveFormatsPerElement) {
  EXPECT_EQ(
      run("x = input [3] real; y = quantize x, scale 1, range s3, rounding floor, overflow wrap; output y",
          {3.5, 4, -5}),
      (Reals{3, -4, 3}));
  EXPECT_EQ(
      run("x = input [3] real; y = quantize x, scale [1, 0.5, 2], range [-8, 7], ranges [s4, s2, [0, 0]]; "
          "output y",
          {9, 9, 9}),
      (Reals{7, 0.5, 0}));
  // Ties look at the code with its zero point: 0.5 + 1 rounds to 2, 0.5 + 2 to 2.
  EXPECT_EQ(
      run("x = input [2] real; y = quantize x, scale 1, range u4, zeroPoints [1, 2]; output y", {0.5, 0.5}),
      (Reals{1, 0}));
}

TEST(ReferenceOps, GatherLooksUpRows) {
  EXPECT_EQ(run("x = input [2] real; i = quantize x, scale 1, range [0, 2]; t = constant [3, 2] real {1 2 3 "
                "4 5 6}; "
                "y = gather t, i; output y",
                {2, 0}),
            (Reals{5, 6, 1, 2}));
}

TEST(ReferenceOps, CodesStayCodesOnlyWhereTheyCarryTheResult) {
  const Graph graph = graphOf(R"(
    x = input [2, 2] s4 scale [1, 2]
    z = input [2, 2] s4 zeroPoint 1
    a = averagePool x, kernel 2
    b = reduceSum x, axes 1
    c = reduceSum x, axes 0
    d = concat x, z
    e = pad x, before [1, 0], value 3
    output a, b, c, d, e)");
  const auto isReal = [&](const char* name) { return graph.tensor(*graph.findTensor(name)).type.isReal(); };
  EXPECT_TRUE(isReal("a"));
  EXPECT_TRUE(isReal("b"));
  EXPECT_FALSE(isReal("c"));
  EXPECT_TRUE(isReal("d"));
  EXPECT_TRUE(isReal("e"));
  for (std::size_t i = 2; i < graph.nodes.size(); ++i)
    EXPECT_EQ(isInteger(graph, graph.nodes[i]), graph.nodes[i].name == "c") << graph.nodes[i].name;
}

}  // namespace
}  // namespace sluice::ir

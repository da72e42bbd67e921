#include "quantize/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "ir/testing.h"
#include "quantize/compare.h"
#include "quantize/mixed.h"
#include "quantize/score.h"

/// Whole networks: float in, integers out.
namespace sluice::quantize {
namespace {

/// A residual network in small: convolutions with a skip, an average, a dense layer, a softmax.
ir::Graph residual() {
  Rng rng(11);
  const auto list = [&](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text += " " + std::to_string(static_cast<float>(rng.real() - 0.45));
    return text;
  };
  return ir::graphOf("graph residual\nx = input [6, 6, 2] real; w1 = constant [3, 3, 2, 4] real {" +
                     list(72) + "}; b1 = constant [4] real {" + list(4) +
                     "}; w2 = constant [3, 3, 4, 4] real {" + list(144) + "}; b2 = constant [4] real {" +
                     list(4) + "}; w3 = constant [36, 3] real {" + list(108) + "}; b3 = constant [3] real {" +
                     list(3) +
                     "}\n"
                     "c1 = conv x, w1, b1, padBefore [1, 1], padAfter [1, 1]; r1 = relu c1\n"
                     "c2 = conv r1, w2, b2, padBefore [1, 1], padAfter [1, 1]; s = add c2, r1; r2 = relu s\n"
                     "p = averagePool r2, kernel [2, 2], strides [2, 2]; f = reshape p, shape 36\n"
                     "d = matMul f, w3; l = add d, b3; y = softmax l; output y");
}

Calibration drawn(std::size_t samples, std::size_t elements) {
  Rng rng(5);
  std::vector<double> values(samples * elements);
  for (double& x : values) x = 2 * rng.real() - 0.7;
  return {.samples = samples, .inputs = {std::move(values)}};
}

TEST(Quantize, TheResultIsIntegersAndEqualsItsReference) {
  const ir::Graph graph = residual();
  const Calibration samples = drawn(24, 72);
  for (const std::uint32_t bits : {4u, 8u, 16u}) {
    const auto network = quantize(graph, samples, {.weightBits = bits, .activationBits = bits});
    ASSERT_TRUE(network.ok()) << network.error().text();
    EXPECT_TRUE(ir::verify(network->graph).ok());
    const auto integer = integerOutputs(network->graph, samples, 1);
    const auto reference = referenceOutputs(network->graph, samples, 1);
    ASSERT_TRUE(integer.ok()) << integer.error().text();
    ASSERT_TRUE(reference.ok());
    EXPECT_LT(relativeNoise((*integer)[0], (*reference)[0]), 1e-9);
    const auto real = referenceOutputs(graph, samples, 1);
    EXPECT_LT(relativeNoise((*integer)[0], (*real)[0]), bits == 4 ? 0.5 : bits == 8 ? 0.05 : 0.001);
  }
}

TEST(Quantize, EveryOptionGivesANetworkThatLowers) {
  const ir::Graph graph = residual();
  const Calibration samples = drawn(16, 72);
  std::vector<QuantizeOptions> all(8);
  all[0].perChannel = false;
  all[1].powerOfTwoWeights = true;
  all[2].activationRange = RangeChoice::minMax;
  all[3].activationRange = RangeChoice::percentile;
  all[4].activationRange = RangeChoice::kl;
  all[5].weightRange = RangeChoice::kl;
  all[6].equalise = true;
  all[7].adaptiveRounding = all[7].correctBias = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto network = quantize(graph, samples, all[i]);
    ASSERT_TRUE(network.ok()) << i << ": " << network.error().text();
    const auto got = integerOutputs(network->graph, samples, 1);
    ASSERT_TRUE(got.ok()) << i << ": " << got.error().text();
    const auto real = referenceOutputs(graph, samples, 1);
    EXPECT_LT(relativeNoise((*got)[0], (*real)[0]), 0.2) << i;
  }
}

/// One head of attention with its residual and norm, of real numbers.
TEST(Quantize, AttentionWithASoftmaxAndALayerNormInsideBecomesIntegers) {
  Rng rng(3);
  const auto list = [&](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text += " " + std::to_string(static_cast<float>(rng.real() - 0.5));
    return text;
  };
  const ir::Graph graph = ir::graphOf(
      "graph attention\nx = input [4, 6] real; wq = constant [6, 3] real {" + list(18) +
      "}; wk = constant [6, 3] real {" + list(18) + "}; wv = constant [6, 6] real {" + list(36) +
      "}; g = constant [6] real {1 0.9 1.1 0.8 1.2 1}; b = constant [6] real {0 0.1 0.2 0 -0.1 0}; wo = "
      "constant [6, 3] real {" +
      list(18) +
      "}\nq = matMul x, wq; k = matMul x, wk; v = matMul x, wv; t = transpose k, permutation [1, 0]\n"
      "a = matMul q, t; p = softmax a; m = matMul p, v; r = add m, x; n = layerNormalize r, g, b; y = matMul "
      "n, wo; output y");
  const Calibration samples = drawn(24, 24);
  for (const std::uint32_t bits : {6u, 8u}) {
    const auto network = quantize(graph, samples, {.weightBits = bits, .activationBits = bits});
    ASSERT_TRUE(network.ok()) << network.error().text();
    const auto integer = integerOutputs(network->graph, samples, 1);
    ASSERT_TRUE(integer.ok()) << integer.error().text();
    const auto real = referenceOutputs(graph, samples, 1);
    EXPECT_LT(relativeNoise((*integer)[0], (*real)[0]), bits == 6 ? 0.15 : 0.04);
  }
}

TEST(Quantize, BiasCorrectionRemovesTheMeanErrorOfALayer) {
  // Weights that all round down, on inputs that are all positive.
  const ir::Graph graph =
      ir::graphOf("x = input [4] real; w = constant [4, 1] real {0.4 0.4 0.4 7}; y = matMul x, w; output y");
  Calibration samples = drawn(64, 4);
  for (double& x : samples.inputs[0]) x = std::abs(x);
  QuantizeOptions options{.weightBits = 4, .activationBits = 12, .weightRange = RangeChoice::minMax};
  options.powerOfTwoWeights = true;
  options.adaptiveRounding = false;
  const auto mean = [&](bool correct) {
    options.correctBias = correct;
    const auto network = quantize(graph, samples, options);
    const auto got = integerOutputs(network->graph, samples, 1), real = referenceOutputs(graph, samples, 1);
    double sum = 0;
    for (std::size_t i = 0; i < 64; ++i) sum += ((*got)[0][i] - (*real)[0][i]) / 64;
    return std::abs(sum);
  };
  EXPECT_GT(mean(false), 0.3);
  EXPECT_LT(mean(true), 1e-3);
}

TEST(Quantize, SaysWhatIsWrong) {
  const ir::Graph graph = residual();
  const auto message = [&](const Calibration& samples, const QuantizeOptions& options) {
    const auto network = quantize(graph, samples, options);
    return network.ok() ? std::string("none") : network.error().message;
  };
  EXPECT_EQ(message({}, {}), "there are no samples to calibrate with");
  EXPECT_EQ(message({.samples = 2, .inputs = {std::vector<double>(3)}}, {}),
            "input 'x' takes 144 numbers for 2 samples, not 3");
  EXPECT_EQ(message(drawn(2, 72), {.weightBits = 1}), "widths of 2 to 16 bits are supported");
  EXPECT_EQ(message(drawn(2, 72), {.weightBitsOf = {{"z", 4}}}), "no layer is called 'z'");
  Calibration infinite = drawn(2, 72);
  infinite.inputs[0][5] = INFINITY;
  EXPECT_NE(message(infinite, {}).find("infinite"), std::string::npos);
}

TEST(MixedWidths, MeetTheirTargets) {
  const ir::Graph graph = residual();
  const Calibration samples = drawn(16, 72);
  const auto sized = [&](const WidthTarget& target) {
    const auto options = chooseWidths(graph, samples, {}, target);
    EXPECT_TRUE(options.ok()) << options.error().text();
    const auto network = quantize(graph, samples, *options);
    EXPECT_TRUE(network.ok());
    return sizeOf(*network);
  };
  const Size size = sized({.averageWeightBits = 5, .averageActivationBits = 4.5});
  EXPECT_LE(size.weightBits, 5);
  EXPECT_LE(size.activationBits, 4.5);
  EXPECT_LE(sized({.weightBits = 1500}).totalWeightBits, 1500);
  EXPECT_LE(sized({.bitOperations = 200000}).bitOperations, 200000);
  const auto never = chooseWidths(graph, samples, {}, {.weightBits = 300});
  ASSERT_FALSE(never.ok());
  EXPECT_EQ(never.error().code, ErrorCode::infeasible);
}

TEST(MixedWidths, ADropOfAccuracyIsKept) {
  const ir::Graph graph = residual();
  const Calibration samples = drawn(40, 72);
  const auto real = referenceOutputs(graph, samples, 1);
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < 40; ++i) {
    const double* y = (*real)[0].data() + 3 * i;
    labels.push_back(std::max_element(y, y + 3) - y);
  }
  const auto options =
      chooseWidths(graph, samples, {}, {.mostDrop = 0.05, .labels = labels, .measuredSamples = 8});
  ASSERT_TRUE(options.ok()) << options.error().text();
  const auto network = quantize(graph, samples, *options);
  EXPECT_GE(countRight((*integerOutputs(network->graph, samples, 1))[0], labels), 38u);
  EXPECT_LT(sizeOf(*network).bitOperations, sizeOf(*quantize(graph, samples)).bitOperations);
}

TEST(Compare, FindsTheLayerWhereItStarts) {
  const ir::Graph a = residual();
  ir::Graph b = a;
  ir::Tensor& w = b.tensors[b.findTensor("w2")->index];
  std::vector<double> values = ir::realsOf(w);
  for (double& value : values) value *= 1.1;
  w.constant = std::make_shared<const ir::ConstantData>(values);
  const auto result = compare(a, b, drawn(12, 72), 0.01);
  ASSERT_TRUE(result.ok()) << result.error().text();
  ASSERT_TRUE(result->start.has_value());
  EXPECT_EQ(result->tensors[*result->start].b, "c2");
  EXPECT_EQ(result->tensors[0].error, 0);
  EXPECT_NE(comparisonText(*result).find("It starts at c2 (conv): the first beyond 1.000 %."),
            std::string::npos);
  EXPECT_NE(comparisonJson(*result).find("\"starts_at\": \"c2\""), std::string::npos);
  EXPECT_NE(comparisonPage(*result).find("It starts at c2 (conv)"), std::string::npos);
}

TEST(Compare, OtherNamesAreMatchedByOrder) {
  const ir::Graph a = ir::graphOf("x = input [2] real; r = relu x; t = tanh r; output t");
  const ir::Graph b = ir::graphOf("i = input [2] real; u = relu i; v = sigmoid u; w = tanh u; output w");
  const auto result = compare(a, b, drawn(4, 2), 0.01);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->tensors.size(), 2u);
  EXPECT_EQ(result->tensors[1].a, "t");
  EXPECT_EQ(result->tensors[1].b, "w");
  EXPECT_FALSE(result->tensors[1].byName);
  EXPECT_FALSE(result->start.has_value());
  EXPECT_EQ(result->unmatched, 1u);
}

TEST(Compare, AQuantizerStandsForWhatItQuantizes) {
  const ir::Graph graph = residual();
  const Calibration samples = drawn(12, 72);
  const auto network = quantize(graph, samples, {.weightBits = 5, .activationBits = 5});
  const auto result = compare(graph, network->graph, samples, 1e-6);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->unmatched, 0u);
  EXPECT_EQ(result->tensors[0].b, "x/quantize");
  EXPECT_EQ(result->tensors[0].a, "x");
  EXPECT_GT(result->tensors[0].error, 0.001);
}

}  // namespace
}  // namespace sluice::quantize

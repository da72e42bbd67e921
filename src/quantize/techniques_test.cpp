#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "ir/reference.h"
#include "ir/testing.h"
#include "quantize/adaptive_rounding.h"
#include "quantize/equalise.h"
#include "quantize/layer_weights.h"
#include "quantize/mixed.h"
#include "quantize/normal_form.h"
#include "quantize/sites.h"

/// Each technique on the smallest example that shows it.
namespace sluice::quantize {
namespace {

std::vector<double> valuesOf(const ir::Graph& graph, const Calibration& samples) {
  auto results = ir::runReference(graph, samples.inputs, samples.samples);
  EXPECT_TRUE(results.ok()) << results.error().text();
  return std::get<0>((*results)[0]);
}

Calibration drawn(std::size_t samples, std::size_t elements, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<double> values(samples * elements);
  for (double& x : values) x = 2 * rng.real() - 1;
  return {.samples = samples, .inputs = {std::move(values)}};
}

TEST(Grids, MinMaxClipsNothingAndTakesThePowerOfTwoAbove) {
  const Grid grid = chooseGrid({-1, 0.3, 5}, {.bits = 4, .choice = RangeChoice::minMax});
  EXPECT_EQ(grid, (Grid{.scale = 1, .range = {-8, 7}}));
  EXPECT_EQ(chooseGrid({0, 15.5}, {.bits = 4, .isSigned = false, .choice = RangeChoice::minMax}).scale, 2);
}

TEST(Grids, AFreeScaleReachesTheLargestNumberAndIsAFloat) {
  const Grid grid = chooseGrid({0.1, -0.7}, {.bits = 3, .powerOfTwo = false, .choice = RangeChoice::minMax});
  EXPECT_GE(grid.scale * 4, 0.7);
  EXPECT_EQ(grid.scale, static_cast<double>(static_cast<float>(grid.scale)));
  EXPECT_NEAR(grid.scale, 0.175, 1e-7);
}

TEST(Grids, SquaredErrorGivesUpOneFarNumberForManySmallOnes) {
  std::vector<double> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) / 1000;
  values.push_back(4);
  const GridOptions options{.bits = 3, .isSigned = false, .powerOfTwo = false};
  const Grid wide =
      chooseGrid(values, {.bits = 3, .isSigned = false, .powerOfTwo = false, .choice = RangeChoice::minMax});
  const Grid chosen = chooseGrid(values, options);
  EXPECT_LT(chosen.scale, wide.scale);
  EXPECT_LT(squaredError(chosen, values), squaredError(wide, values));
}

TEST(Grids, ThePercentileCutsTheShareThatItSays) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  const Grid grid = chooseGrid(values, {.bits = 8,
                                        .isSigned = false,
                                        .powerOfTwo = false,
                                        .choice = RangeChoice::percentile,
                                        .percentile = 90});
  EXPECT_NEAR(grid.scale * 255, 900, 1.5);
}

TEST(Grids, DivergenceLeavesALongThinTailOutside) {
  Rng rng(3);
  std::vector<double> values(20000);
  for (double& x : values) x = std::abs(std::log(rng.real() + 1e-12)) * (rng.chance(0.001) ? 20 : 1);
  const GridOptions options{.bits = 5, .isSigned = false, .powerOfTwo = false, .choice = RangeChoice::kl};
  const double widest = *std::max_element(values.begin(), values.end()) / 31;
  EXPECT_LT(chooseGrid(values, options).scale, 0.8 * widest);
}

TEST(NormalForm, FoldsSumsFactorsAndBatchNormalizationIntoTheLayer) {
  const ir::Graph graph = ir::graphOf(
      "x = input [3] real; w = constant [3, 2] real {1 2 3 4 5 6}; b = constant [2] real {1 -1}\n"
      "g = constant [2] real {2 0.5}; h = constant [2] real {0 1}; m = constant [2] real {1 2}\n"
      "v = constant [2] real {4 0.25}; f = constant [1] real {3}\n"
      "p = matMul x, w; s = add p, b; n = batchNormalize s, g, h, m, v, epsilon 0; t = multiply n, f\n"
      "y = relu t; output y");
  const auto form = normalForm(graph);
  ASSERT_TRUE(form.ok()) << form.error().text();
  EXPECT_EQ(ir::opNames(*form), (std::vector<std::string>{"input", "matMul", "binary", "unary"}));
  const Status same = ir::compareMeaning(graph, *form, {.samples = 32});
  EXPECT_TRUE(same.ok()) << same.error().text();
  EXPECT_TRUE(form->findTensor("t").has_value()) << "the last folded node's name stays";
}

TEST(NormalForm, LeavesWhatSomebodyElseReads) {
  const ir::Graph graph = ir::graphOf(
      "x = input [2] real; w = constant [2, 2] real {1 2 3 4}; b = constant [2] real {1 -1}\n"
      "p = matMul x, w; s = add p, b; y = add s, p; output y");
  const auto form = normalForm(graph);
  ASSERT_TRUE(form.ok());
  EXPECT_TRUE(ir::compareMeaning(graph, *form, {.samples = 16}).ok());
  EXPECT_EQ(layersOf(*form).size(), 1u);
}

TEST(NormalForm, RefusesANetworkThatHasQuantizers) {
  const ir::Graph graph = ir::graphOf("x = input [2] real; q = quantize x, scale 1, range s4; output q");
  const auto form = normalForm(graph);
  ASSERT_FALSE(form.ok());
  EXPECT_NE(form.error().message.find("has quantizers already"), std::string::npos);
}

TEST(Sites, QuantizersStandBehindTheReluAndInFrontOfSums) {
  const ir::Graph graph = ir::graphOf(
      "x = input [4, 4, 1] real; w = constant [3, 3, 1, 1] real {1 1 1 1 1 1 1 1 1}\n"
      "c = conv x, w, padBefore [1, 1], padAfter [1, 1]; r = relu c; p = maxPool r, kernel [1, 1]\n"
      "d = conv p, w, padBefore [1, 1], padAfter [1, 1]; s = add d, p; y = relu s; output y");
  std::vector<std::string> names;
  for (const Site& site : sitesOf(graph))
    names.push_back(graph.tensor(site.tensor).name + (site.isSigned ? "-" : ""));
  EXPECT_EQ(names, (std::vector<std::string>{"x-", "r", "d-"}));
  EXPECT_EQ(multiplicationsOf(graph, graph.nodes[1]), 16 * 9);
}

TEST(AdaptiveRounding, TwoSmallWeightsOnEqualInputsDoNotBothVanish) {
  const std::vector<double> h = {1, 1, 1, 1}, w = {0.4, 0.4};
  const std::vector<double> g = {0.8, 0.8};
  const auto codes =
      roundAdaptively({.terms = 2, .h = h.data(), .g = g.data()}, w, {.scale = 1, .range = {-8, 7}});
  EXPECT_EQ(codes[0] + codes[1], 1);
}

TEST(AdaptiveRounding, IsNeverWorseThanNearestOnTheSamples) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    const auto n = static_cast<std::size_t>(rng.uniform(1, 12));
    const auto samples = static_cast<std::size_t>(rng.uniform(1, 40));
    std::vector<double> x(samples * n), w(n), h(n * n, 0), g(n, 0);
    for (double& value : x) value = rng.real() - 0.2;
    for (double& value : w) value = 4 * rng.real() - 2;
    for (std::size_t s = 0; s < samples; ++s)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) h[i * n + j] += x[s * n + i] * x[s * n + j];
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) g[i] += h[i * n + j] * w[j];
    const QuadraticForm form{.terms = n, .h = h.data(), .g = g.data()};
    const Grid grid{.scale = 0.5, .range = {-4, 3}};
    std::vector<double> nearest, adaptive;
    for (const double value : w) nearest.push_back(grid.nearest(value));
    for (const std::int64_t code : roundAdaptively(form, w, grid)) {
      EXPECT_TRUE(grid.range.contains(code));
      adaptive.push_back(grid.scale * static_cast<double>(code));
    }
    EXPECT_LE(cost(form, adaptive), cost(form, nearest) + 1e-9) << "seed " << seed;
  }
}

TEST(Moments, AreThoseOfThePatchesCountedOneByOne) {
  // A convolution over 3 places of 2 channels, padded: the target is another convolution of the same inputs.
  const ir::Graph graph = ir::graphOf(
      "x = input [5, 2] real; w = constant [3, 2, 1] real {1 -2 3 0.5 -1 2}\n"
      "y = conv x, w, padBefore 1, padAfter 1; output y");
  const Calibration samples = drawn(7, 10, 1);
  const std::vector<double> target = valuesOf(graph, samples);
  const auto m = momentsOf(graph.nodes[1].operation, {5, 2}, {3, 2, 1}, samples.inputs[0], target, 7);
  ASSERT_TRUE(m.ok()) << m.error().text();
  const std::vector<double> w = ir::realsOf(graph.tensors[1]);
  EXPECT_NEAR(relativeError(*m, w), 0, 1e-12);
  EXPECT_NEAR(meanBiases(*m, w)[0], 0, 1e-12);
  // With other weights: by hand.
  std::vector<double> other = w;
  other[2] += 0.25;
  double mean = 0, square = 0, targetMean = 0, targetSquare = 0;
  for (std::size_t s = 0; s < 7; ++s)
    for (std::size_t o = 0; o < 5; ++o) {
      const double apart = -0.25 * samples.inputs[0][s * 10 + o * 2];  // place 1, channel 0
      mean += apart / 35, square += apart * apart / 35;
      targetMean += target[s * 5 + o] / 35, targetSquare += target[s * 5 + o] * target[s * 5 + o] / 35;
    }
  EXPECT_NEAR(relativeError(*m, other), (square - mean * mean) / (targetSquare - targetMean * targetMean),
              1e-12);
  EXPECT_NEAR(meanBiases(*m, other)[0], mean, 1e-12) << "the best bias removes the mean error";
}

TEST(Moments, OfADepthwiseConvolutionKeepChannelsApart) {
  const ir::Graph graph = ir::graphOf(
      "x = input [4, 2] real; w = constant [2, 1, 2] real {1 -2 3 0.5}; y = conv x, w, groups 2; output y");
  const Calibration samples = drawn(9, 8, 2);
  const std::vector<double> target = valuesOf(graph, samples);
  const auto m = momentsOf(graph.nodes[1].operation, {4, 2}, {2, 1, 2}, samples.inputs[0], target, 9);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(m->groups, 2u);
  EXPECT_NEAR(relativeError(*m, ir::realsOf(graph.tensors[1])), 0, 1e-12);
}

TEST(Equalisation, LeavesTheFunctionUnchangedToTheLastDigitAndEvensTheChannels) {
  ir::Graph form = ir::graphOf(
      "x = input [2] real; w = constant [2, 2] real {100 0.01 50 0.02}; b = constant [2] real {1 0.001}\n"
      "v = constant [2, 1] real {0.3 0.7}; c = constant [1] real {0.1}\n"
      "p = matMul x, w; s = add p, b; r = relu s; q = matMul r, v; y = add q, c; output y");
  const Calibration samples = drawn(50, 2, 3);
  const std::vector<double> before = valuesOf(form, samples);
  ASSERT_TRUE(equalise(form, samples, 1).ok());
  EXPECT_EQ(valuesOf(form, samples), before);
  const auto r = ir::evaluate(form, {{form.inputs[0], samples.inputs[0]}}, {*form.findTensor("r")}, 50);
  double most[2] = {0, 0};
  for (std::size_t i = 0; i < 100; ++i) most[i % 2] = std::max(most[i % 2], std::get<0>((*r)[0])[i]);
  EXPECT_LT(most[0] / most[1], 200)
      << "they were 5,000 apart; with weights in equal measure the root is left";
}

TEST(Equalisation, StopsAtASigmoid) {
  ir::Graph form = ir::graphOf(
      "x = input [2] real; w = constant [2, 2] real {100 0.01 50 0.02}; b = constant [2] real {1 0.001}\n"
      "v = constant [2, 1] real {0.3 0.7}; c = constant [1] real {0.1}\n"
      "p = matMul x, w; s = add p, b; r = sigmoid s; q = matMul r, v; y = add q, c; output y");
  const std::string before = ir::print(form);
  ASSERT_TRUE(equalise(form, drawn(5, 2, 3), 1).ok());
  EXPECT_EQ(ir::print(form), before);
}

TEST(MixedWidths, TheSensitivePlaceKeepsItsBits) {
  const std::vector<Sensitivity> places = {
      {.name = "a", .isWeight = true, .size = 100, .noise = {9, 4, 2, 1, 0.5, 0.2}},
      {.name = "b", .isWeight = true, .size = 100, .noise = {0.9, 0.4, 0.2, 0.1, 0.05, 0.02}}};
  const WidthTarget target;
  const auto average = [](const std::vector<std::uint32_t>& widths) { return 0.5 * (widths[0] + widths[1]); };
  const auto widths = widthsWithin(places, target, {8, 8}, average, 5.5);
  ASSERT_TRUE(widths.ok());
  EXPECT_EQ(average(*widths), 5.5);
  EXPECT_GT((*widths)[0], (*widths)[1]);
  const auto never = widthsWithin(places, target, {8, 8}, average, 2);
  ASSERT_FALSE(never.ok());
  EXPECT_EQ(never.error().code, ErrorCode::infeasible);
}

}  // namespace
}  // namespace sluice::quantize

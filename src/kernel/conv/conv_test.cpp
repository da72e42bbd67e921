#include "kernel/conv/conv.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "dataflow/simulate.h"
#include "kernel/conv/phases.h"
#include "kernel/testing.h"
#include "kernel/testing/random_conv.h"

namespace sluice::kernel {
namespace {

TEST(Conv, TheProductOfRandomConvolutionsAgreesInAllViews) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto count = checkViews(randomKernel("conv", seed), {.seed = seed, .lanes = 6, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

/// Frames through window, converter and product.
Result<std::vector<std::int64_t>> throughHardware(const ConvKernels& kernels, std::vector<std::int64_t> x) {
  PassData data{std::move(x)};
  if (kernels.window) {
    SLUICE_TRY(data, runKernel(*kernels.window, data));
  }
  if (kernels.converter) {
    SLUICE_TRY(data, runKernel(*kernels.converter, data));
  }
  SLUICE_TRY(data, runKernel(kernels.product, data));
  return data[0];
}

TEST(Conv, TwoFramesThroughWindowConverterAndProductAreTheConvolutionByItsDefinition) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const ConvParams p = randomConvParams(seed);
    Rng rng(seed, 5);
    std::vector<std::int64_t> x, expected;
    for (int frame = 0; frame < 2; ++frame) {
      std::vector<std::int64_t> map;
      for (std::uint32_t i = 0; i < p.window.height * p.window.width * p.window.channels; ++i)
        map.push_back(rng.uniform(p.window.input.lo, p.window.input.hi));
      const std::vector<std::int64_t> y = convolved(p, map);
      x.insert(x.end(), map.begin(), map.end());
      expected.insert(expected.end(), y.begin(), y.end());
    }
    const auto got = throughHardware(conv(p).value(), x);
    ASSERT_TRUE(got.ok()) << "seed " << seed << ": " << got.error().text();
    ASSERT_EQ(*got, expected) << "seed " << seed;
  }
}

/// The chain with FIFOs of `depth` places.
dataflow::Network chainOf(const WindowParams& x, const ConvKernels& kernels, std::uint64_t pixels,
                          std::uint32_t depth) {
  std::vector<const Kernel*> chain;
  if (kernels.window) chain.push_back(&*kernels.window);
  if (kernels.converter) chain.push_back(&*kernels.converter);
  chain.push_back(&kernels.product);
  dataflow::Network network;
  for (std::uint32_t c = 0; c <= chain.size(); ++c)
    network.channels.push_back({.name = "c" + std::to_string(c), .depth = depth});
  for (std::uint32_t k = 0; k < chain.size(); ++k)
    network.actors.push_back(actor(*chain[k], {dataflow::ChannelId(k), dataflow::ChannelId(k + 1)}));
  const std::uint64_t first = std::uint64_t{x.height} * x.width * (x.channels / x.pack);
  network.sources = {{.name = "x", .channel = dataflow::ChannelId(0), .beatsPerFrame = first}};
  network.sinks = {{.name = "y",
                    .channel = dataflow::ChannelId(chain.size()),
                    .beatsPerFrame = beatsPerPass(kernels.product.schedule, 1) * pixels}};
  return network;
}

TEST(Conv, FramesFollowEachOtherAtTheIntervalOfTheBusiestKernelAndNoLater) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const ConvParams p = randomConvParams(seed);
    const ConvFacts facts = convFacts(p).value();
    const ConvKernels kernels = conv(p).value();
    const std::uint64_t pixels = std::uint64_t{facts.outHeight} * facts.outWidth;
    std::uint64_t busiest = std::max(facts.windowIterations, facts.productIterations);
    if (kernels.converter)  // its passes move whole beats of both sizes
      busiest = std::max(busiest, iterations(kernels.converter->schedule) * pixels * facts.products *
                                      facts.productInputs /
                                      (beatsPerPass(kernels.converter->schedule, 1) * p.simd));
    const auto measured = dataflow::measure(chainOf(p.window, kernels, pixels, 4096));
    ASSERT_TRUE(measured.ok()) << "seed " << seed << ": " << measured.error().text();
    EXPECT_TRUE(measured->periodic) << "seed " << seed;
    EXPECT_EQ(measured->initiationInterval, busiest) << "seed " << seed;
  }
}

TEST(Conv, AProductOfTwoCyclesAWindowHidesThePaddingOfTheScanBehindAFifoOfAFewBeats) {
  ConvParams p;
  p.window = {.height = 16,
              .width = 16,
              .kernelHeight = 3,
              .kernelWidth = 3,
              .padTop = 1,
              .padLeft = 1,
              .padBottom = 1,
              .padRight = 1,
              .input = {0, 3}};
  p.outChannels = 2;
  p.weights.assign(9 * 2, 1);
  p.simd = 9;
  const auto measured = dataflow::measure(chainOf(p.window, conv(p).value(), 256, 24));
  ASSERT_TRUE(measured.ok());
  EXPECT_EQ(measured->initiationInterval, 16u * 16 * 2);
}

TEST(Phases, AreTheConvolutionOverInsertedPositionsWithAFractionOfTheWork) {
  std::uint32_t taken = 0, cut = 0;
  for (std::uint64_t seed = 1; taken < 40; ++seed) {
    ConvParams p = randomConvParams(seed);
    WindowParams& w = p.window;
    Rng rng(seed, 6);
    w.insertHeight = w.height > 1 ? static_cast<std::uint32_t>(rng.uniform(1, 3)) : 1;
    w.insertWidth = static_cast<std::uint32_t>(rng.uniform(1, 3));
    w.strideHeight = w.strideWidth = w.dilationHeight = w.dilationWidth = 1;
    p.groups = 1;
    p.weights.clear();
    for (std::uint32_t i = 0; i < w.kernelHeight * w.kernelWidth * w.channels * p.outChannels; ++i)
      p.weights.push_back(rng.uniform(-9, 9));
    p.simd = p.pe = 1;
    if (!windowScan(w).ok()) continue;
    const Result<PhaseChain> chain = phases({.conv = p});
    if (!chain.ok()) continue;
    ++taken;
    cut += chain->cut ? 1 : 0;
    std::vector<std::int64_t> map;
    for (std::uint32_t i = 0; i < w.height * w.width * w.channels; ++i)
      map.push_back(rng.uniform(w.input.lo, w.input.hi));
    PassData y{throughHardware(conv(chain->product).value(), map).value()};
    y = runKernel(permute(chain->rows).value(), y).value();
    if (chain->cut) y = runKernel(slice(*chain->cut).value(), y).value();
    ASSERT_EQ(y[0], convolved(p, map)) << "seed " << seed;
  }
  EXPECT_GT(cut, 0u);
}

TEST(Phases, AKernelAsLargeAsTheStepNeedsOnePixelAWindow) {
  ConvParams p;
  p.window = {.height = 4,
              .width = 4,
              .channels = 2,
              .kernelHeight = 2,
              .kernelWidth = 2,
              .padTop = 1,
              .padLeft = 1,
              .padBottom = 1,
              .padRight = 1,
              .insertHeight = 2,
              .insertWidth = 2,
              .input = {0, 3}};
  p.outChannels = 3;
  p.weights.assign(2 * 2 * 2 * 3, 1);
  const PhaseChain chain = phases({.conv = p}).value();
  EXPECT_EQ(chain.product.outChannels, 12u);
  EXPECT_FALSE(convFacts(chain.product)->hasWindow);
  EXPECT_FALSE(chain.cut.has_value());
  EXPECT_EQ(convFacts(p)->multiplications, 4 * convFacts(chain.product)->multiplications);
}

TEST(Phases, RefuseWhatTheyAreNotFor) {
  ConvParams p;
  p.window = {.height = 4, .width = 4, .input = {0, 3}};
  p.weights = {1};
  EXPECT_EQ(phases({.conv = p}).error().message, "phases of a convolution without inserted positions");
  p.window.insertWidth = 2;
  p.window.dilationHeight = 2;
  EXPECT_EQ(phases({.conv = p}).error().message, "phases of a convolution with stride, dilation or groups");
}

/// 3 x 3 over 8 x 8 x 4, four channels out.
ConvParams square() {
  ConvParams p;
  p.window = {.height = 8,
              .width = 8,
              .channels = 4,
              .pack = 2,
              .kernelHeight = 3,
              .kernelWidth = 3,
              .padTop = 1,
              .padLeft = 1,
              .padBottom = 1,
              .padRight = 1,
              .input = {0, 15}};
  p.outChannels = 4;
  p.weights.assign(9 * 4 * 4, 1);
  return p;
}

TEST(Conv, EveryPairOfDivisorsIsALegalFold) {
  ConvParams p = square();
  const ConvFacts facts = convFacts(p).value();
  EXPECT_EQ(facts.productInputs, 36u);
  EXPECT_EQ(facts.productOutputs, 4u);
  for (std::uint32_t simd = 1; simd <= 36; ++simd)
    for (std::uint32_t pe = 1; pe <= 4; ++pe) {
      p.simd = simd;
      p.pe = pe;
      EXPECT_EQ(conv(p).ok(), 36 % simd == 0 && 4 % pe == 0) << simd << " x " << pe;
    }
}

TEST(Conv, SaysHowManyIterationsAFrameTakes) {
  ConvParams p = square();
  p.simd = 18;
  p.pe = 2;
  const ConvFacts facts = convFacts(p).value();
  EXPECT_EQ(facts.windowIterations, 9u * 9 * 2);
  EXPECT_EQ(facts.productIterations, 64u * 2 * 2);
  EXPECT_EQ(facts.multiplications, 64u * 9 * 4 * 4);
}

TEST(Conv, APointwiseOneHasNoWindowAndAFullBeatNoConverter) {
  ConvParams p;
  p.window = {.height = 4, .width = 4, .channels = 4, .pack = 2, .input = {0, 15}};
  p.outChannels = 2;
  p.weights.assign(4 * 2, 3);
  p.simd = 2;
  const ConvKernels kernels = conv(p).value();
  EXPECT_FALSE(kernels.window.has_value());
  EXPECT_FALSE(kernels.converter.has_value());
}

TEST(Conv, ADepthwiseOneMultipliesOnlyWithinItsChannels) {
  ConvParams p = square();
  p.groups = 4;
  p.weights.assign(9 * 4, 0);
  for (std::size_t i = 0; i < p.weights.size(); ++i) p.weights[i] = 16 + static_cast<std::int64_t>(i);
  p.simd = 18;  // nine positions of two channels
  p.pe = 2;
  const ConvFacts facts = convFacts(p).value();
  EXPECT_EQ(facts.lanes, 2u);
  EXPECT_EQ(facts.products, 2u);
  p.window.input = {-128, 127};
  EXPECT_EQ(denseDsps(convProduct(p).value()).value(), 18u)
      << "not 36: the other channel's weights are not there";
}

TEST(Conv, RefusesWhatDoesNotFit) {
  const auto message = [](const ConvParams& p) { return conv(p).ok() ? "" : conv(p).error().message; };
  ConvParams p = square();
  p.groups = 3;
  EXPECT_EQ(message(p), "3 groups do not divide 4 input and 4 output channels");
  p = square();
  p.weights.pop_back();
  EXPECT_EQ(message(p), "143 weights for a kernel of 3 x 3 x 4 x 4");
  p = square();
  p.bias = {1};
  EXPECT_EQ(message(p), "1 biases for 4 output channels");
  p = square();
  p.simd = 5;
  EXPECT_EQ(message(p), "simd 5 does not divide 36 inputs");
}

}  // namespace
}  // namespace sluice::kernel

#include "kernel/dense/dense.h"

#include <gtest/gtest.h>

#include "hdl/cost.h"
#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

/// y0 = x0 + 2*x1, y1 = 3 - x0, over x in [-2, 1].
DenseParams small() {
  return {.nIn = 2, .nOut = 2, .input = {-2, 1}, .weights = {1, -1, 2, 0}, .bias = {0, 3}};
}

TEST(Dense, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const KernelCase test = randomKernel("dense", seed);
    const auto count = checkViews(test, {.seed = seed, .lanes = 16, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Dense, HasAsManyDspsAsItSaysAndPairsAreAmongTheRandomKernels) {
  std::uint64_t dsps = 0;
  for (const char* family : {"dense", "conv"})
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
      const KernelCase test = randomKernel(family, seed);
      const hdl::Module module = hardware(test.kernel);
      EXPECT_EQ(hdl::cost(module, hdl::Family::xc7).dsp, test.multiplierDsps) << family << " " << seed;
      dsps += test.multiplierDsps;
    }
  EXPECT_GT(dsps, 60u);
}

TEST(Dense, ALongVectorIsKeptInBlockRamAndReadInEveryLaterOutputFold) {
  DenseParams p{.nIn = 260, .nOut = 3, .input = {-32768, 32767}, .memory = WeightMemory::blockRam};
  for (std::int64_t i = 0; i < 260 * 3; ++i) p.weights.push_back((i * 37) % 61 - 30);
  const Result<Kernel> kernel = dense(p);
  ASSERT_TRUE(kernel.ok());
  std::size_t blockRams = 0;
  for (const hdl::Memory& memory : elaborate(*kernel).memories)
    blockRams += memory.style == hdl::Style::blockRam;
  EXPECT_EQ(blockRams, 2u) << "the vector and the weights";
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y(3, 0);
    for (std::size_t i = 0; i < p.weights.size(); ++i) y[i % 3] += p.weights[i] * reads[0][i / 3];
    return PassData{y};
  };
  const auto count = checkViews({.kernel = *kernel, .golden = golden}, {.seed = 1, .lanes = 4, .passes = 2});
  ASSERT_TRUE(count.ok()) << count.error().text();
}

TEST(Dense, CutsAWeightMemoryOfNineTimesAPowerOfTwoSoThatItFillsItsBlocks) {
  DenseParams p{.nIn = 144, .nOut = 64, .pe = 4, .input = {-8, 7}, .multiplier = MultiplierStyle::logic};
  for (std::int64_t i = 0; i < 144 * 64; ++i) p.weights.push_back((i * 37) % 251 - 125);
  const Kernel kernel = dense(p).value();
  std::vector<std::uint32_t> words;
  for (const hdl::Memory& memory : elaborate(kernel).memories)
    if (memory.style == hdl::Style::blockRam && !memory.contents.empty()) words.push_back(memory.words);
  EXPECT_EQ(words, (std::vector<std::uint32_t>{2048, 256})) << "2,304 words of 32 bits: 5 blocks, not 8";
  DenseParams inLogic = p;
  inLogic.memory = WeightMemory::logic;
  EXPECT_EQ(kernel.schedule.depth, dense(inLogic)->schedule.depth + 1)
      << "the choice between the parts is registered";
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y(64, 0);
    for (std::size_t i = 0; i < p.weights.size(); ++i) y[i % 64] += p.weights[i] * reads[0][i / 64];
    return PassData{y};
  };
  const auto count = checkViews({.kernel = kernel, .golden = golden}, {.seed = 1, .lanes = 2, .passes = 2});
  ASSERT_TRUE(count.ok()) << count.error().text();
}

TEST(Dense, ProvesTheRangeOfItsOutputFromTheActualWeights) {
  EXPECT_EQ(denseOutputRange(small()), (fixed::Interval{-6, 5}));
}

TEST(Dense, TakesRfIterationsAndWritesAfterEachRoundOfInputFolds) {
  const Result<Kernel> kernel = dense(small());
  ASSERT_TRUE(kernel.ok());
  EXPECT_EQ(dataflow::iterations(kernel->schedule), 4u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 0), 2u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 1), 2u);
}

TEST(Dense, UsesADspForEveryVariableWeightOfFiveBitsOrMore) {
  DenseParams p{.nIn = 4, .nOut = 1, .simd = 2, .pe = 1, .input = {-32, 31}, .weights = {-16, 3, 15, 3}};
  EXPECT_EQ(denseDsps(p).value(), 1u) << "position 1 holds the constant 3";
  p.multiplier = MultiplierStyle::logic;
  EXPECT_EQ(denseDsps(p).value(), 0u);
}

TEST(Dense, TwoProductsOfOneInputAreOneDspAndTheirCorrectionsTermsOfTheTree) {
  DenseParams p{.nIn = 4, .nOut = 3, .simd = 2, .pe = 3, .input = {0, 255}};
  for (std::int64_t i = 0; i < 12; ++i) p.weights.push_back(i * 67 % 256 - 128);
  p.multiplier = MultiplierStyle::dspPairs;
  EXPECT_EQ(denseDsps(p).value(), 4u) << "of three outputs two and one";
  const std::uint32_t depth = dense(p)->schedule.depth;
  p.multiplier = MultiplierStyle::dsp;
  EXPECT_EQ(denseDsps(p).value(), 6u);
  EXPECT_EQ(dense(p)->schedule.depth + 1, depth) << "four terms instead of two";
  p.multiplier = MultiplierStyle::dspPairs;
  p.family = hdl::Family::ecp5;
  EXPECT_EQ(denseDsps(p).value(), 6u) << "18 x 18 bits hold no two products of eight";
}

TEST(Dense, TwoProductsOfFourBitsShareADspOnlyIfAskedTo) {
  DenseParams p{.nIn = 8, .nOut = 2, .simd = 1, .pe = 2, .input = {-8, 7}};
  for (std::int64_t i = 0; i < 16; ++i) p.weights.push_back(i * 7 % 16 - 8);
  EXPECT_EQ(denseDsps(p).value(), 0u);
  p.multiplier = MultiplierStyle::dsp;
  EXPECT_EQ(denseDsps(p).value(), 0u) << "synthesis builds none for a product of eight bits";
  p.multiplier = MultiplierStyle::dspPairs;
  EXPECT_EQ(denseDsps(p).value(), 1u);
}

TEST(Dense, RefusesFoldsThatDoNotDivide) {
  DenseParams p = small();
  p.simd = 3;
  ASSERT_FALSE(dense(p).ok());
  EXPECT_EQ(dense(p).error().message, "simd 3 does not divide 2 inputs");
  p = small();
  p.pe = 0;
  EXPECT_EQ(dense(p).error().message, "pe 0 does not divide 2 outputs");
}

TEST(Dense, RefusesWeightsAndBiasesOfTheWrongNumber) {
  DenseParams p = small();
  p.weights.pop_back();
  EXPECT_EQ(dense(p).error().message, "3 weights for a product of 2 x 2");
  p = small();
  p.bias.pop_back();
  EXPECT_EQ(dense(p).error().message, "1 biases for 2 outputs");
}

TEST(Dense, RefusesAnOutputRangeThatDoesNotHoldTheProvenOne) {
  DenseParams p = small();
  p.output = fixed::Interval{-5, 5};
  EXPECT_EQ(dense(p).error().message,
            "the declared output range [-5, 5] does not hold the proven one [-6, 5]");
}

TEST(Dense, RefusesProductsThatNoDspBlockHolds) {
  DenseParams p{
      .nIn = 2, .nOut = 1, .input = {0, 1 << 20}, .weights = {100000, 5}, .multiplier = MultiplierStyle::dsp};
  ASSERT_FALSE(dense(p).ok());
  EXPECT_EQ(dense(p).error().code, ErrorCode::unsupported);
}

TEST(Dense, TheSameParametersGiveTheSameNameAndOtherWeightsAnother) {
  DenseParams other = small();
  other.weights[0] = 5;
  EXPECT_EQ(dense(small())->name, dense(small())->name);
  EXPECT_NE(dense(small())->name, dense(other)->name);
}

}  // namespace
}  // namespace sluice::kernel

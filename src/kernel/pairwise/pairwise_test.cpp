#include "kernel/pairwise/pairwise.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Pairwise, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    const auto count = checkViews(randomKernel("pairwise", seed), {.seed = seed, .lanes = 8, .passes = 12});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Pairwise, ProvesTheRangeOfEachOperation) {
  PairwiseParams p{.operation = PairOperation::multiply, .inputs = {{{-2, 3}, {4, 5}}}, .zeroPoints = {1, 0}};
  EXPECT_EQ(pairwiseOutputRange(p).value(), (fixed::Interval{-15, 10}));
  p.operation = PairOperation::minimum;
  EXPECT_EQ(pairwiseOutputRange(p).value(), (fixed::Interval{-2, 3}));
  p.operation = PairOperation::maximum;
  EXPECT_EQ(pairwiseOutputRange(p).value(), (fixed::Interval{4, 5}));
}

TEST(Pairwise, UsesADspForEveryProductOfTwoWideFactors) {
  PairwiseParams p{.pack = 3, .inputs = {{{-128, 127}, {-128, 127}}}};
  EXPECT_EQ(pairwiseDsps(p).value(), 3u);
  p.inputs[1] = {0, 7};
  EXPECT_EQ(pairwiseDsps(p).value(), 0u);
}

TEST(Pairwise, RefusesWhatDoesNotFit) {
  const auto message = [](const PairwiseParams& p) {
    return pairwise(p).ok() ? "" : pairwise(p).error().message;
  };
  EXPECT_EQ(message({.pack = 0}), "a beat has at least one element");
  EXPECT_EQ(message({.inputs = {{{1, 0}, {0, 1}}}}), "the range of an input is empty");
  const fixed::Interval wide{0, std::int64_t{1} << 40};
  EXPECT_EQ(message({.inputs = {{wide, wide}}}), "the product needs more than 62 bits");
  EXPECT_EQ(message({.inputs = {{{0, 3}, {0, 3}}}, .output = fixed::Interval{0, 8}}),
            "the declared output range [0, 8] does not hold the proven one [0, 9]");
}

}  // namespace
}  // namespace sluice::kernel

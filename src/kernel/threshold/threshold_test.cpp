#include "kernel/threshold/threshold.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Threshold, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const KernelCase test = randomKernel("threshold", seed);
    const auto count = checkViews(test, {.seed = seed, .lanes = 16, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Threshold, ProvesTheOutputRangeFromTheStepsThatXReaches) {
  const ThresholdParams p{.input = {0, 9}, .thresholds = {{-5, 3, 7, 20}}, .base = {-1}};
  EXPECT_EQ(thresholdOutputRange(p), (fixed::Interval{0, 2}));
}

TEST(Threshold, AFallingChannelCountsDownFromItsBase) {
  const ThresholdParams p{.input = {0, 9}, .thresholds = {{3, 7}}, .base = {5}, .sign = {-1}};
  EXPECT_EQ(thresholdOutputRange(p), (fixed::Interval{3, 5}));
}

TEST(Threshold, SharedRowsNeedNoLoopOverChannels) {
  ThresholdParams p{.channels = 8, .pack = 2, .input = {0, 9}, .thresholds = {{3, 7}}};
  EXPECT_EQ(dataflow::iterations(threshold(p)->schedule), 1u);
  p.base = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(dataflow::iterations(threshold(p)->schedule), 4u);
}

TEST(Threshold, RefusesParametersThatDoNotFitTogether) {
  const ThresholdParams good{.channels = 4, .pack = 2, .input = {0, 9}, .thresholds = {{3, 7}}};
  const auto message = [](ThresholdParams p) {
    return threshold(p).ok() ? "" : threshold(p).error().message;
  };
  EXPECT_EQ(message(good), "");
  ThresholdParams p = good;
  p.pack = 3;
  EXPECT_EQ(message(p), "pack 3 does not divide 4 channels");
  p = good;
  p.thresholds = {{1}, {2}};
  EXPECT_EQ(message(p), "2 rows of thresholds for 4 channels: one for all, or one each");
  p = good;
  p.thresholds = {{7, 3}};
  EXPECT_EQ(message(p), "a row of thresholds does not ascend");
  p = good;
  p.sign = {2};
  EXPECT_EQ(message(p), "sign 2; it is +1 or -1");
  p = good;
  p.output = fixed::Interval{0, 1};
  EXPECT_EQ(message(p), "the declared output range [0, 1] does not hold the proven one [0, 2]");
  p = good;
  p.input = {0, 1 << 20};
  p.form = ThresholdForm::table;
  EXPECT_EQ(message(p), "a table of 21 address bits; at most 16");
}

}  // namespace
}  // namespace sluice::kernel

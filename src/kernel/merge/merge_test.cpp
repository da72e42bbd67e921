#include "kernel/merge/merge.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Merge, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto count = checkViews(randomKernel("merge", seed), {.seed = seed, .lanes = 8, .passes = 20});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Merge, ItsRangeIsTheSumOfTheShiftedRanges) {
  EXPECT_EQ(mergeOutputRange({.inputs = {{{-1, 2}, 0}, {{0, 3}, 2}}}).value(), (fixed::Interval{-1, 14}));
}

TEST(Merge, RefusesNoInputsAndSumsThatNoHardwareNumberHolds) {
  EXPECT_EQ(merge({}).error().message, "a merge has at least one input");
  EXPECT_EQ(merge({.inputs = {{{0, 1 << 20}, 50}}}).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace sluice::kernel

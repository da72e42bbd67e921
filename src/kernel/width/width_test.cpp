#include "kernel/width/width.h"

#include <gtest/gtest.h>

#include <numeric>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(WidthConverter, EveryPairOfSmallSizesKeepsElementsInOrderAndTheCyclesOfTheSimulator) {
  for (std::uint32_t from = 1; from <= 7; ++from)
    for (std::uint32_t to = 1; to <= 7; ++to) {
      const Result<Kernel> kernel = widthConverter({.from = from, .to = to, .range = {-3, 3}});
      ASSERT_TRUE(kernel.ok());
      const KernelCase test{.kernel = *kernel, .golden = [](const PassData& reads) { return reads; }};
      const auto count = checkViews(test, {.seed = from * 8 + to, .lanes = 8, .passes = 3});
      ASSERT_TRUE(count.ok()) << count.error().text();
    }
}

TEST(WidthConverter, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto count = checkViews(randomKernel("width", seed), {.seed = seed, .lanes = 8, .passes = 3});
    ASSERT_TRUE(count.ok()) << count.error().text();
  }
}

TEST(WidthConverter, TakesAsManyIterationsAsTheNarrowerSideHasBeats) {
  const Result<Kernel> kernel = widthConverter({.from = 3, .to = 4, .range = {0, 1}});
  EXPECT_EQ(dataflow::iterations(kernel->schedule), 4u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 0), 4u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 1), 3u);
}

TEST(WidthConverter, FitsFramesThatDivideByBothSizes) {
  EXPECT_TRUE(widthFits(24, 3, 4));
  EXPECT_FALSE(widthFits(18, 3, 4));
}

TEST(WidthConverter, RefusesNoElementsAndTooManyIterations) {
  EXPECT_EQ(widthConverter({.from = 0, .to = 4, .range = {0, 1}}).error().message,
            "a beat has at least one element");
  EXPECT_EQ(widthConverter({.from = 2000, .to = 1999, .range = {0, 1}}).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace sluice::kernel

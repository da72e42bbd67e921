#include "kernel/streamed_weights/streamed_weights.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(StreamedWeights, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (const char* family : {"streamed_weights", "weight_buffer"})
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      const auto count = checkViews(randomKernel(family, seed), {.seed = seed, .lanes = 8, .passes = 3});
      ASSERT_TRUE(count.ok()) << family << ", seed " << seed << ": " << count.error().text();
    }
}

TEST(StreamedWeights, WeightsThatAreKnownMakeSumsNarrower) {
  StreamedDenseParams p{.nIn = 4, .nOut = 1, .input = {0, 15}, .weight = {-8, 7}};
  const fixed::Interval any = streamedDense(p)->ports[2].range;
  EXPECT_EQ(any, (fixed::Interval{-480, 420}));
  p.promised = {1, -1, 1, 0};
  EXPECT_EQ(streamedDense(p)->ports[2].range, (fixed::Interval{-15, 30}));
  EXPECT_EQ(weightsInOrder({.nIn = 4, .nOut = 2, .simd = 2, .pe = 2}, {0, 1, 2, 3, 4, 5, 6, 7}),
            (std::vector<std::int64_t>{0, 2, 1, 3, 4, 6, 5, 7}));
}

TEST(StreamedWeights, FoldsThatDoNotDivideAreRefused) {
  EXPECT_FALSE(streamedDense({.nIn = 4, .nOut = 3, .simd = 3, .input = {0, 1}, .weight = {0, 1}}).ok());
  EXPECT_FALSE(streamedDense({.nIn = 4, .nOut = 3, .input = {0, 1}, .weight = {0, 1}, .promised = {1}}).ok());
  EXPECT_FALSE(weightBuffer({.beats = 4, .range = {0, 1}, .passes = 1}).ok());
}

}  // namespace
}  // namespace sluice::kernel

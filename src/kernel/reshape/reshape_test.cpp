#include <gtest/gtest.h>

#include "kernel/reshape/permute.h"
#include "kernel/reshape/slice.h"
#include "kernel/reshape/upsample.h"
#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Reshape, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (const char* family : {"slice", "pad", "upsample", "permute"})
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      const auto count = checkViews(randomKernel(family, seed), {.seed = seed, .lanes = 6, .passes = 3});
      ASSERT_TRUE(count.ok()) << family << " seed " << seed << ": " << count.error().text();
    }
}

TEST(Slice, ReadsAllAndWritesThePart) {
  const Kernel kernel = slice({.range = {0, 1}, .axes = {{4, 1, 2, 1}, {6, 0, 3, 2}}}).value();
  EXPECT_EQ(dataflow::iterations(kernel.schedule), 24u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 0), 24u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 1), 6u);
}

TEST(Slice, RefusesAPartBeyondTheTensor) {
  EXPECT_EQ(slice({.range = {0, 1}, .axes = {{4, 1, 2, 3}}}).error().message,
            "a part that ends at 4 of an axis of 4");
  EXPECT_EQ(slice({.range = {0, 1}, .axes = {{4, 1, 0, 1}}}).error().message,
            "an axis of no beats, or a step of 0");
  EXPECT_EQ(slice({.range = {0, 1}}).error().message, "a tensor without axes");
}

TEST(Pad, WritesOneBeatAnIteration) {
  const Kernel kernel = pad({.range = {0, 1}, .padCode = -1, .axes = {{2, 1, 1, 0}, {3, 0, 2, 0}}}).value();
  EXPECT_EQ(dataflow::iterations(kernel.schedule), 4u * 5);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 0), 6u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 1), 20u);
  EXPECT_EQ(kernel.ports[1].range, (fixed::Interval{-1, 1}));
}

TEST(Upsample, ReadsEachBeatOnceAndWritesEveryIteration) {
  const Kernel kernel = upsample({.height = 2,
                                  .width = 3,
                                  .channels = 4,
                                  .pack = 2,
                                  .factorHeight = 2,
                                  .factorWidth = 3,
                                  .range = {0, 1}})
                            .value();
  EXPECT_EQ(dataflow::iterations(kernel.schedule), 2u * 2 * 3 * 3 * 2);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 0), 2u * 3 * 2);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 1), dataflow::iterations(kernel.schedule));
}

TEST(Upsample, RefusesWhatDoesNotFit) {
  EXPECT_EQ(upsample({.factorWidth = 0, .range = {0, 1}}).error().message, "a factor of 0");
  EXPECT_EQ(upsample({.channels = 3, .pack = 2, .range = {0, 1}}).error().message,
            "pack 2 does not divide 3 channels");
}

TEST(Permute, StartsAsSoonAsNoOutputWouldComeTooEarly) {
  // [2, 3] -> [3, 2]: outputs 0 3 1 4 2 5; output 1 is input 3, so it lags 3.
  EXPECT_EQ(permuteLag({.shape = {2, 3}, .permutation = {1, 0}, .range = {0, 1}}).value(), 3u);
  EXPECT_EQ(permuteLag({.shape = {4, 5}, .permutation = {0, 1}, .range = {0, 1}}).value(), 1u);
}

TEST(Permute, RefusesWhatIsNoPermutation) {
  const auto message = [](const PermuteParams& p) {
    return permute(p).ok() ? "" : permute(p).error().message;
  };
  EXPECT_EQ(message({.shape = {2, 2}, .permutation = {0, 0}, .range = {0, 1}}),
            "the axes of y are no permutation of those of x");
  EXPECT_EQ(message({.shape = {2, 2}, .permutation = {1, 0}, .pack = 2, .range = {0, 1}}),
            "beats of 2 elements of the last axis, which does not stay last: put a width converter in front");
  EXPECT_EQ(message({.shape = {2048, 2049}, .permutation = {1, 0}, .range = {0, 1}}),
            "a frame of more than 2^22 beats is not kept");
}

}  // namespace
}  // namespace sluice::kernel

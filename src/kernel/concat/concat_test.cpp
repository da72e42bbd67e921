#include "kernel/concat/concat.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Concat, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (const char* family : {"concat", "split"})
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const auto count = checkViews(randomKernel(family, seed), {.seed = seed, .lanes = 8, .passes = 6});
      ASSERT_TRUE(count.ok()) << family << " seed " << seed << ": " << count.error().text();
    }
}

TEST(Concat, TakesAsManyIterationsAsBeatsAndTheHullOfTheRanges) {
  const Result<Kernel> kernel = concat({.pack = 2, .inputs = {{{0, 3}, 2}, {{-1, 1}, 3}}});
  ASSERT_TRUE(kernel.ok());
  EXPECT_EQ(dataflow::iterations(kernel->schedule), 5u);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 1), 3u);
  EXPECT_EQ(kernel->ports[2].range, (fixed::Interval{-1, 3}));
}

TEST(Concat, RefusesNothingAndEmptyTurns) {
  EXPECT_EQ(concat({}).error().message, "nothing to put one after the other");
  EXPECT_EQ(concat({.inputs = {{{0, 1}, 0}}}).error().message, "a stream without beats in a round");
  EXPECT_EQ(concat({.inputs = {{{1, 0}, 1}}}).error().message, "the range of an input is empty");
  EXPECT_EQ(split({.pack = 0, .range = {0, 1}, .beats = {1}}).error().message,
            "a beat has at least one element");
  EXPECT_EQ(split({.range = {1, 0}, .beats = {1}}).error().message, "the range of x is empty");
}

}  // namespace
}  // namespace sluice::kernel

#include "kernel/reduce/reduce.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Reduce, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    const auto count = checkViews(randomKernel("reduce", seed), {.seed = seed, .lanes = 8, .passes = 12});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Reduce, TakesABeatACycleAndProvesItsRange) {
  ReduceParams p{.operation = PoolOperation::sum, .n = 12, .pack = 4, .input = {-2, 3}};
  EXPECT_EQ(reduceOutputRange(p).value(), (fixed::Interval{-24, 36}));
  EXPECT_EQ(dataflow::iterations(reduce(p)->schedule), 3u);
  p.operation = PoolOperation::maximum;
  EXPECT_EQ(reduceOutputRange(p).value(), (fixed::Interval{-2, 3}));
}

TEST(Reduce, RefusesWhatDoesNotFit) {
  EXPECT_EQ(reduce({.n = 0}).error().message, "a row of no elements");
  EXPECT_EQ(reduce({.n = 6, .pack = 4}).error().message, "pack 4 does not divide 6 elements");
  EXPECT_EQ(reduce({.n = 4, .input = {1, 0}}).error().message, "the range of x is empty");
  EXPECT_EQ(reduce({.n = 4, .input = {0, std::int64_t{1} << 60}}).error().message,
            "the sum over a row needs more than 62 bits");
}

}  // namespace
}  // namespace sluice::kernel

#include "kernel/matmul/matmul.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Matmul, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    const auto count = checkViews(randomKernel("matmul", seed), {.seed = seed, .lanes = 8, .passes = 4});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Matmul, TakesOneIterationForEveryProductOfAMultiplier) {
  const MatmulParams p{.batch = 2,
                       .rows = 3,
                       .n = 5,
                       .m = 8,
                       .pe = 4,
                       .inputs = {{{-128, 127}, {-128, 127}}},
                       .zeroPoints = {0, 0}};
  EXPECT_EQ(dataflow::iterations(matmul(p)->schedule), 2u * 3 * 5 * 2);
  EXPECT_EQ(matmulDsps(p).value(), 4u);
  EXPECT_EQ(matmulOutputRange(p).value(), (fixed::Interval{-5 * 128 * 127, 5 * 128 * 128}));
}

TEST(Matmul, RefusesWhatDoesNotFit) {
  EXPECT_EQ(matmul({.rows = 0}).error().message, "a product of empty matrices");
  EXPECT_EQ(matmul({.m = 6, .pe = 4}).error().message, "pe 4 does not divide 6 columns");
  EXPECT_EQ(matmul({.n = 1 << 12, .m = 1 << 12}).error().message,
            "a matrix of more than 2^22 elements is not kept");
  const fixed::Interval wide{0, std::int64_t{1} << 30};
  EXPECT_EQ(matmul({.n = 4, .inputs = {{wide, wide}}}).error().message,
            "the sum of 4 products needs more than 62 bits");
}

}  // namespace
}  // namespace sluice::kernel

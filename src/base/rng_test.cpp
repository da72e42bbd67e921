#include "base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace sluice {
namespace {

TEST(Rng, ADrawDependsOnSeedStreamAndCounterAlone) {
  Rng rng(7, 3);
  for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(rng.bits(), randomBits(7, 3, i));
  EXPECT_NE(randomBits(7, 3, 0), randomBits(7, 4, 0));
  EXPECT_NE(randomBits(7, 3, 0), randomBits(8, 3, 0));
}

TEST(Rng, IsTheSameInEveryVersion) {
  EXPECT_EQ(randomBits(0, 0, 0), mix64(mix64(mix64(0x9e3779b97f4a7c15ull))));
}

TEST(Rng, UniformReachesBothEndsAndNothingElse) {
  Rng rng(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5000; ++i) {
    const std::int64_t draw = rng.uniform(-2, 2);
    ASSERT_TRUE(draw >= -2 && draw <= 2);
    ++seen[static_cast<std::size_t>(draw + 2)];
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);  // five standard deviations
  EXPECT_EQ(rng.uniform(4, 4), 4);
  (void)rng.uniform(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
}

TEST(Rng, RealsLieInTheUnitIntervalAndBalance) {
  Rng rng(2);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double draw = rng.real();
    ASSERT_TRUE(draw >= 0 && draw < 1);
    sum += draw;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.015);
}

}  // namespace
}  // namespace sluice

#include "map/fold.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::map {
namespace {

TEST(Fold, LegalReuseFactorsAreTheProductsOfDivisors) {
  EXPECT_EQ(legalReuseFactors(4, 3), (std::vector<std::uint64_t>{1, 2, 3, 4, 6, 12}));
}

TEST(Fold, EveryLegalReuseFactorIsMetExactly) {
  for (const auto& [n, m] : {std::pair{490u, 256u}, {784u, 64u}, {7u, 13u}, {1u, 1u}})
    for (const std::uint64_t factor : legalReuseFactors(n, m)) {
      const Fold fold = chooseFold(n, m, factor, FoldGoal::nearest, 1);
      EXPECT_EQ(reuseFactor(n, m, fold), factor);
      EXPECT_EQ(n % fold.simd, 0u);
      EXPECT_EQ(m % fold.pe, 0u);
    }
}

TEST(Fold, NearestTakesTheSmallerOfTwoEquallyNear) {
  // 2 x 3 has the factors 1, 2, 3, 6; 4 is nearest to 3, and between 2 and 6 lies 4.
  EXPECT_EQ(reuseFactor(2, 3, chooseFold(2, 3, 4, FoldGoal::nearest, 0)), 3u);
  EXPECT_EQ(reuseFactor(1, 3, chooseFold(1, 3, 2, FoldGoal::nearest, 0)), 1u);
}

TEST(Fold, AtMostNeverExceedsTheTarget) {
  for (std::uint64_t target = 1; target < 200; ++target)
    EXPECT_LE(reuseFactor(12, 18, chooseFold(12, 18, target, FoldGoal::atMost, 0)), target);
  EXPECT_EQ(reuseFactor(12, 18, chooseFold(12, 18, 1000, FoldGoal::atMost, 0)), 216u);
}

TEST(Fold, TakesTheProducersBeatWhereTheFactorAllowsIt) {
  EXPECT_EQ(chooseFold(256, 256, 1024, FoldGoal::nearest, 16).simd, 16u);
  EXPECT_EQ(chooseFold(256, 256, 1024, FoldGoal::nearest, 4).simd, 4u);
}

TEST(Fold, IsNearToASquareWhereTheBeatIsFree) {
  const Fold fold = chooseFold(256, 256, 1024, FoldGoal::nearest, 0);
  EXPECT_EQ(fold, (Fold{.simd = 8, .pe = 8}));
}

}  // namespace
}  // namespace sluice::map

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
      const Fold fold = chooseFold(n, m, factor, FoldGoal::exact, 1);
      EXPECT_EQ(reuseFactor(n, m, fold), factor);
      EXPECT_EQ(n % fold.simd, 0u);
      EXPECT_EQ(m % fold.pe, 0u);
    }
}

TEST(Fold, AFactorThatIsNotLegalIsNeverExceeded) {
  EXPECT_EQ(reuseFactor(2, 3, chooseFold(2, 3, 4, FoldGoal::exact, 0)), 3u);
  EXPECT_LE(reuseFactor(490, 256, chooseFold(490, 256, 1024, FoldGoal::exact, 0)), 1024u);
  EXPECT_GE(reuseFactor(490, 256, chooseFold(490, 256, 1024, FoldGoal::exact, 0)), 768u);
}

TEST(Fold, AnIntervalIsNeverExceeded) {
  for (std::uint64_t target = 1; target < 200; ++target)
    EXPECT_LE(reuseFactor(12, 18, chooseFold(12, 18, target, FoldGoal::interval, 0)), target);
  EXPECT_GE(reuseFactor(12, 18, chooseFold(12, 18, 216, FoldGoal::interval, 0)), 162u);
}

TEST(Fold, TakesTheProducersBeatWhereItCostsNoMore) {
  EXPECT_EQ(chooseFold(256, 256, 1024, FoldGoal::exact, 16).simd, 16u);
  EXPECT_EQ(chooseFold(256, 256, 1024, FoldGoal::exact, 32).simd, 32u);
}

TEST(Fold, PrefersWideInputsToManyOutputLanes) {
  const Fold fold = chooseFold(256, 256, 1024, FoldGoal::exact, 0);
  EXPECT_GT(fold.simd, fold.pe);
}

}  // namespace
}  // namespace sluice::map

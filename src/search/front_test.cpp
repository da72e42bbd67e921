#include "search/front.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "search/halving.h"

namespace sluice::search {
namespace {

/// Few different values, so that there are ties; some outside the limits.
std::vector<Score> someScores(std::size_t count, std::size_t losses, std::int64_t values,
                              std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Score> scores(count);
  for (Score& score : scores) {
    for (std::size_t k = 0; k < losses; ++k)
      score.losses.push_back(static_cast<double>(rng.uniform(0, values)));
    if (rng.chance(0.2)) score.violation = static_cast<double>(rng.uniform(1, 3));
  }
  return scores;
}

TEST(Ranks, AreThoseOfPeelingOffFrontsPairByPair) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto scores = someScores(40, 1 + seed % 4, seed % 3 == 0 ? 1000 : 6, seed);
    std::vector<std::size_t> expected(scores.size(), 999);
    for (std::size_t rank = 0, left = scores.size(); left > 0; ++rank) {
      std::vector<std::size_t> front;
      for (std::size_t i = 0; i < scores.size(); ++i) {
        if (expected[i] != 999) continue;
        bool beaten = false;
        for (std::size_t j = 0; j < scores.size(); ++j)
          beaten |= expected[j] == 999 && dominates(scores[j], scores[i]);
        if (!beaten) front.push_back(i);
      }
      for (const std::size_t i : front) expected[i] = rank;
      left -= front.size();
    }
    ASSERT_EQ(ranksOf(scores), expected) << "seed " << seed;
  }
}

TEST(Front, IsWhatNobodyBeatsWithinTheLimits) {
  const std::vector<Score> scores = {{{1, 5}, 0}, {{5, 1}, 0}, {{1, 5}, 0}, {{0, 0}, 2}, {{5, 5}, 0}};
  EXPECT_EQ(frontOf(scores), (std::vector<std::size_t>{0, 1, 2}));  // equals do not beat one another
  EXPECT_TRUE(frontOf(std::vector<Score>{{{1}, 3}}).empty());
}

TEST(Spacing, IsInfiniteAtTheEndsAndSmallInACrowd) {
  const std::vector<Score> scores = {{{0, 10}, 0}, {{1, 9}, 0}, {{1.1, 8.9}, 0}, {{5, 5}, 0}, {{10, 0}, 0}};
  std::vector<const Score*> pointers;
  for (const Score& score : scores) pointers.push_back(&score);
  const auto spacing = spacingOf(pointers, ranksOf(scores));
  EXPECT_TRUE(std::isinf(spacing[0]) && std::isinf(spacing[4]));
  EXPECT_LT(spacing[1], spacing[3]);
  EXPECT_LT(spacing[2], spacing[3]);
  // 0.1 and 1 of 10 in both losses away
  EXPECT_NEAR(spacing[1], std::sqrt(2) * (0.01 + 0.1), 1e-12);
}

/// Sum over all subsets, with signs, of the box that all of a subset dominate.
double byInclusionAndExclusion(const std::vector<std::vector<double>>& points,
                               const std::vector<double>& reference) {
  double volume = 0;
  for (std::size_t subset = 1; subset < std::size_t{1} << points.size(); ++subset) {
    double box = 1;
    int members = 0;
    for (std::size_t k = 0; k < reference.size(); ++k) {
      double corner = -1e9;
      for (std::size_t i = 0; i < points.size(); ++i)
        if ((subset >> i & 1) != 0) corner = std::max(corner, points[i][k]);
      box *= std::max(0.0, reference[k] - corner);
    }
    for (std::size_t i = 0; i < points.size(); ++i) members += static_cast<int>(subset >> i & 1);
    volume += members % 2 == 1 ? box : -box;
  }
  return volume;
}

TEST(Hypervolume, IsThatOfInclusionAndExclusionInUpToSixDimensions) {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const std::size_t losses = 1 + seed % 6;
    Rng rng(seed);
    std::vector<std::vector<double>> points(1 + seed % 9, std::vector<double>(losses));
    for (auto& point : points)  // ties, points outside, points that others dominate
      for (double& loss : point)
        loss = seed % 2 == 0 ? static_cast<double>(rng.uniform(0, 5)) : 1.2 * rng.real();
    const std::vector<double> reference(losses, seed % 2 == 0 ? 4.0 : 1.0);
    EXPECT_NEAR(hypervolume(points, reference), byInclusionAndExclusion(points, reference), 1e-9)
        << "seed " << seed;
  }
}

TEST(Hypervolume, OfManyPointsLiesWhereSamplingPutsIt) {
  Rng rng(3);
  std::vector<std::vector<double>> points;
  for (int i = 0; i < 60; ++i) {  // on the sphere: none dominates another
    std::vector<double> point(4);
    double length = 0;
    for (double& x : point) x = rng.real() + 1e-3, length += x * x;
    for (double& x : point) x /= std::sqrt(length);
    points.push_back(point);
  }
  int inside = 0;
  constexpr int samples = 40000;
  for (int i = 0; i < samples; ++i) {
    const std::vector<double> at = {rng.real(), rng.real(), rng.real(), rng.real()};
    inside += std::any_of(points.begin(), points.end(), [&](const auto& p) {
      return p[0] <= at[0] && p[1] <= at[1] && p[2] <= at[2] && p[3] <= at[3];
    });
  }
  EXPECT_NEAR(hypervolume(points, std::vector<double>(4, 1.0)), static_cast<double>(inside) / samples, 0.01);
}

TEST(Hypervolume, ContributionsAreWhatIsLostWithoutAPoint) {
  const std::vector<std::vector<double>> points = {{0, 2}, {1, 1}, {2, 0}, {2, 2}, {1, 1}};
  EXPECT_EQ(contributionsOf(points, std::vector<double>{3, 3}), (std::vector<double>{1, 0, 1, 0, 0}));
  EXPECT_EQ(contributionsOf({{0, 2}, {1, 1}}, std::vector<double>{3, 3}), (std::vector<double>{1, 2}));
}

TEST(Halving, KeepsWholeFrontsAndOfTheLastTheOnesFarthestApart) {
  // A front of five (two of them close together), then two that are dominated.
  const std::vector<Score> scores = {{{9, 9}, 0}, {{0, 10}, 0}, {{5, 5}, 0}, {{5.1, 4.9}, 0},
                                     {{8, 2}, 0}, {{10, 0}, 0}, {{0, 0}, 1}};
  EXPECT_EQ(best(scores, 5), (std::vector<std::size_t>{1, 2, 3, 4, 5}));
  const auto four = best(scores, 4);
  EXPECT_EQ(four.size(), 4u);
  EXPECT_TRUE(std::find(four.begin(), four.end(), 2u) == four.end() ||
              std::find(four.begin(), four.end(), 3u) == four.end());
  EXPECT_EQ(best(scores, 2), (std::vector<std::size_t>{1, 5}));
  EXPECT_EQ(best(scores, 6), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(best(scores, 99).size(), 7u);
  EXPECT_TRUE(best(scores, 0).empty());
}

TEST(Halving, RungsShrinkByTheFactor) {
  EXPECT_EQ(rungSizes({27, 3, 3}), (std::vector<std::size_t>{27, 9, 3}));
  EXPECT_EQ(rungSizes({10, 4, 4}), (std::vector<std::size_t>{10, 2, 1, 1}));
  EXPECT_FALSE(check(Halving{.bracket = 0}).ok());
  EXPECT_FALSE(check(Halving{.factor = 1}).ok());
  EXPECT_FALSE(check(Halving{.rungs = 0}).ok());
}

TEST(Halving, FindsMostOfTheFrontForAFractionOfTheCost) {
  // Two losses in conflict along x, both raised by y; the first fidelity sees them through noise. Costs 1, 3, 9.
  double shares = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const Halving halving{81, 3, 3};
    struct Try {
      double x, y;
    };
    std::vector<Try> tries(halving.bracket);
    for (Try& each : tries) each = {rng.real(), rng.real()};
    const auto scoreAt = [&](const Try& each, double noise) {
      return Score{{each.x + each.y + noise * rng.real(), 1 - each.x + each.y + noise * rng.real()}, 0};
    };
    const auto volumeOf = [&](const std::vector<Try>& some) {
      std::vector<std::vector<double>> losses;
      for (const Try& each : some) losses.push_back(scoreAt(each, 0).losses);
      return hypervolume(losses, std::vector<double>{2, 2});
    };
    const double full = volumeOf(tries);
    double cost = 0, fidelity = 1;
    for (const std::size_t size : rungSizes(halving)) {
      std::vector<Score> scores;
      if (size < tries.size()) {
        for (const Try& each : tries) scores.push_back(scoreAt(each, 0.2 / fidelity * 3));
        std::vector<Try> next;
        for (const std::size_t i : best(scores, size)) next.push_back(tries[i]);
        tries = next;
      }
      cost += static_cast<double>(size) * fidelity;
      fidelity *= 3;
    }
    EXPECT_LE(cost, 0.4 * 81 * 9);
    shares += volumeOf(tries) / full;
  }
  EXPECT_GE(shares / 20, 0.95);
}

}  // namespace
}  // namespace sluice::search

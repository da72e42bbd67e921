#include "dataflow/cover.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace sluice::dataflow {
namespace {

TEST(Cover, WithoutClausesIsTheLowerBound) {
  Cover cover({2, 3}, {1, 10});
  const auto answer = cover.solve();
  EXPECT_EQ(answer.x, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(answer.cost, 32u);
  EXPECT_TRUE(answer.exact());
}

TEST(Cover, TakesTheLiteralThatServesTwoClauses) {
  Cover cover({1, 1, 1}, {1, 1, 1});
  cover.add({{{0, 4}, {1, 5}}});
  cover.add({{{2, 4}, {1, 5}}});
  EXPECT_EQ(cover.solve().x, (std::vector<std::uint64_t>{1, 5, 1}));
}

TEST(Cover, ClausesThatShareNoVariableAreSolvedApart) {
  constexpr std::uint32_t pairs = 300;
  Cover cover(std::vector<std::uint64_t>(2 * pairs, 1), std::vector<std::uint64_t>(2 * pairs, 1));
  for (std::uint32_t p = 0; p < pairs; ++p) {
    cover.add({{{2 * p, 3}, {2 * p + 1, 4}}});
    cover.add({{{2 * p, 5}, {2 * p + 1, 2}}});
  }
  const auto answer = cover.solve(20);  // nodes for each pair
  EXPECT_TRUE(answer.exact());
  EXPECT_EQ(answer.cost, 2 * pairs + 3 * pairs);
}

TEST(Cover, IsTheCheapestOfAllVectors) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, 1);
    const auto pick = [&](int lo, int hi) { return static_cast<std::uint64_t>(rng.uniform(lo, hi)); };
    const std::size_t variables = pick(2, 4);
    std::vector<std::uint64_t> lowest, weight;
    for (std::size_t v = 0; v < variables; ++v) {
      lowest.push_back(pick(0, 2));
      weight.push_back(pick(1, 4));
    }
    Cover cover(lowest, weight);
    std::uint64_t before = cover.solve().bound;
    for (std::uint64_t added = pick(1, 6); added > 0; --added) {
      Clause clause;
      for (std::uint32_t v = 0; v < variables; ++v)
        if (rng.chance(0.6)) clause.literals.push_back({v, pick(1, 5)});
      if (clause.literals.empty()) clause.literals.push_back({0, pick(1, 5)});
      cover.add(clause);
      const auto answer = cover.solve();
      ASSERT_TRUE(answer.exact());
      ASSERT_EQ(answer.cost, cover.cost(answer.x));
      EXPECT_GE(answer.bound, before);
      before = answer.bound;
      std::uint64_t least = ~std::uint64_t{0};
      for (std::uint64_t code = 0; code < 1296; ++code) {
        std::vector<std::uint64_t> x;
        bool legal = true;
        for (std::uint64_t v = 0, rest = code; v < variables; ++v, rest /= 6) {
          x.push_back(rest % 6);
          legal = legal && x[v] >= lowest[v];
        }
        for (const Clause& c : cover.clauses()) legal = legal && satisfies(x, c);
        if (legal) least = std::min(least, cover.cost(x));
      }
      ASSERT_EQ(answer.cost, least) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace sluice::dataflow

#include "kernel/unrolled/differences.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace sluice::kernel {
namespace {

bool isLegal(const DifferenceProgram& program, const std::vector<std::uint32_t>& x) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] < program.lower[i] || x[i] > program.upper[i]) return false;
  for (const Difference& d : program.differences)
    if (x[d.b] < x[d.a] + d.least) return false;
  return true;
}

std::int64_t costOf(const DifferenceProgram& program, const std::vector<std::uint32_t>& x) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += program.cost[i] * x[i];
  return sum;
}

TEST(Differences, AreSolvedAsByTryingEverything) {
  constexpr std::uint32_t top = 3;
  int legal = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    DifferenceProgram program;
    const auto count = static_cast<std::uint32_t>(rng.uniform(1, 6));
    for (std::uint32_t i = 0; i < count; ++i)
      program.add(rng.uniform(-9, 9), static_cast<std::uint32_t>(rng.uniform(0, 1)),
                  static_cast<std::uint32_t>(rng.uniform(1, top)));
    for (std::uint32_t b = 1; b < count; ++b)
      for (std::uint32_t a = 0; a < b; ++a)
        if (rng.chance(0.4))
          program.differences.push_back({a, b, static_cast<std::uint32_t>(rng.uniform(0, 1))});
    std::optional<std::int64_t> best;
    std::vector<std::uint32_t> x(count, 0);
    for (;;) {
      if (isLegal(program, x)) best = std::min(best.value_or(costOf(program, x)), costOf(program, x));
      std::uint32_t i = 0;
      while (i < count && x[i] == top) x[i++] = 0;
      if (i == count) break;
      ++x[i];
    }
    if (!best.has_value()) continue;
    ++legal;
    const std::vector<std::uint32_t> found = leastCost(program);
    EXPECT_TRUE(isLegal(program, found)) << "seed " << seed;
    EXPECT_EQ(costOf(program, found), *best) << "seed " << seed;
  }
  EXPECT_GT(legal, 100);
}

TEST(Differences, NothingMovesForNothing) {
  DifferenceProgram program;
  const std::uint32_t a = program.add(0, 0, 5), b = program.add(0, 2, 5);
  program.differences.push_back({a, b, 1});
  EXPECT_EQ(leastCost(program), (std::vector<std::uint32_t>{0, 2}));
}

}  // namespace
}  // namespace sluice::kernel

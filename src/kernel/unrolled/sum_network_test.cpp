#include "kernel/unrolled/sum_network.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"
#include "kernel/unrolled/difference_start.h"
#include "kernel/unrolled/network_search.h"
#include "kernel/unrolled/pattern_search.h"

namespace sluice::kernel {
namespace {

MatrixVector matrix(std::uint32_t rows, std::uint32_t columns, std::vector<std::int64_t> weights) {
  MatrixVector problem{
      .rows = rows, .columns = columns, .weights = std::move(weights), .inputs = {}, .inputDepth = {}};
  problem.inputs.assign(rows, {-128, 127});
  return problem;
}

MatrixVector randomMatrix(std::uint64_t seed) {
  Rng rng(seed, 7);
  const auto rows = static_cast<std::uint32_t>(rng.uniform(1, 10)),
             columns = static_cast<std::uint32_t>(rng.uniform(1, 10));
  const std::int64_t reach = std::int64_t{1} << rng.uniform(1, 12);
  std::vector<std::int64_t> weights;
  for (std::uint32_t k = 0; k < rows * columns; ++k) weights.push_back(rng.uniform(-reach, reach));
  return matrix(rows, columns, std::move(weights));
}

/// The matrix that the network multiplies with, and whether every sum meets its deadline.
std::vector<std::int64_t> weightsOf(const SumNetwork& net, bool& inTime) {
  std::vector<std::vector<std::int64_t>> form(net.size(), std::vector<std::int64_t>(net.inputs(), 0));
  for (Vertex i = 0; i < net.inputs(); ++i) form[i][i] = 1;
  for (const Vertex v : net.order())
    for (const Term& t : net.terms(v))
      for (Vertex i = 0; i < net.inputs(); ++i) form[v][i] += t.factor * form[t.vertex][i];
  for (Vertex v = net.inputs(); v < net.size() && net.bounded(); ++v) {
    std::int64_t left = std::int64_t{1} << net.depth(v);
    for (const Term& t : net.terms(v)) left -= std::int64_t{digitCount(t.factor)} << net.depth(t.vertex);
    inTime &= left >= 0 && left == net.slack(v);
  }
  std::vector<std::int64_t> weights;
  for (Vertex i = 0; i < net.inputs(); ++i)
    for (Vertex c = 0; c < net.outputs(); ++c) weights.push_back(form[net.inputs() + c][i]);
  return weights;
}

void expectSame(const SumNetwork& net, const MatrixVector& problem, const std::string& where) {
  bool inTime = true;
  EXPECT_EQ(weightsOf(net, inTime), problem.weights) << where;
  EXPECT_TRUE(inTime) << where;
}

TEST(ShortestDigits, AreThoseOfAllShortestFormsOfNumbersOf7Bits) {
  // All digit strings of 9 digits, by value and length.
  std::map<std::int64_t, ShortestDigits> want;
  int strings = 1;
  for (int k = 0; k < 9; ++k) strings *= 3;
  for (int code = 0; code < strings; ++code) {
    ShortestDigits digits;
    std::int64_t value = 0;
    for (int k = 0, rest = code; k < 9; ++k, rest /= 3) {
      if (rest % 3 == 0) continue;
      ++digits.count;
      (rest % 3 == 1 ? digits.plus : digits.minus) |= 1u << k;
      value += (rest % 3 == 1 ? 1 : -1) * (std::int64_t{1} << k);
    }
    const auto [it, isNew] = want.try_emplace(value, digits);
    if (isNew || it->second.count < digits.count) continue;
    if (it->second.count > digits.count) {
      it->second = digits;
    } else {
      it->second.plus |= digits.plus;
      it->second.minus |= digits.minus;
    }
  }
  for (std::int32_t w = -128; w <= 128; ++w) {
    EXPECT_EQ(shortestDigits(w).plus, want[w].plus) << w;
    EXPECT_EQ(shortestDigits(w).minus, want[w].minus) << w;
    EXPECT_EQ(shortestDigits(w).count, want[w].count) << w;
  }
}

TEST(ShortestDigits, AreFoundForWideNumbersAsForTabulatedOnes) {
  for (std::int32_t w = -512; w < 512; ++w) {
    const ShortestDigits narrow = shortestDigits(w), wide = shortestDigits(w * 1024);
    EXPECT_EQ(narrow.plus << 10, wide.plus) << w;
    EXPECT_EQ(narrow.minus << 10, wide.minus) << w;
  }
}

TEST(SumNetwork, DissolvingAndTidyingKeepTheProduct) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const MatrixVector problem = randomMatrix(seed);
    SumNetwork net(problem, leastDepth(problem) + static_cast<std::uint32_t>(seed % 3));
    PatternSearch search;
    search.run(net, {.seed = seed});
    expectSame(net, problem, "after the greedy run, seed " + std::to_string(seed));
    const std::uint32_t adders = net.adders();
    net.tidy();
    EXPECT_LE(net.adders(), adders);
    expectSame(net, problem, "tidied, seed " + std::to_string(seed));
    Rng rng(seed, 8);
    for (Vertex v = net.firstInner(); v < net.size(); ++v)
      if (rng.chance(0.5)) net.dissolve(v);
    expectSame(net, problem, "half dissolved, seed " + std::to_string(seed));
    for (Vertex v = net.firstInner(); v < net.size(); ++v) net.dissolve(v);
    EXPECT_EQ(net.adders(), SumNetwork(problem, std::nullopt).adders()) << "nothing is shared any more";
  }
}

TEST(PatternSearch, SeesWhatCanonicalDigitsHide) {
  // 3a + b beside a + b: with 3 = 2 + 1 the sum a + b is in both.
  const MatrixVector problem = matrix(2, 2, {3, 1, 1, 1});
  SumNetwork net(problem, std::nullopt);
  PatternSearch().run(net, {});
  EXPECT_EQ(net.adders(), 2u);
}

TEST(PatternSearch, FindsALongSumThatTwoColumnsShare) {
  // One new sum of six terms; patterns of two operands would need three rounds for it.
  const MatrixVector problem = matrix(8, 2, {1, 2, 1, 2, -1, -2, 1, 2, -1, -2, 1, 2, 1, 0, 0, 1});
  SumNetwork net(problem, std::nullopt);
  PatternSearch().run(net, {.ofVertices = false});
  net.tidy();
  EXPECT_EQ(net.adders(), 7u);
  ASSERT_EQ(net.size(), net.firstInner() + 1);
  EXPECT_EQ(net.terms(net.firstInner()).size(), 6u);
}

TEST(PatternSearch, LooksOnlyAroundWhatChangedAndStillKeepsTheProduct) {
  const MatrixVector problem = randomMatrix(11);
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    SumNetwork net = searchNetwork(problem, leastDepth(problem), {.work = 100'000, .seed = seed});
    expectSame(net, problem, "seed " + std::to_string(seed));
  }
}

TEST(DifferenceStart, WritesARowAsTheOneBesideItPlusADifference) {
  // Rows 85 51 73 43 and the same but for one digit: x0 + x1 is weighed once.
  const MatrixVector problem = matrix(2, 4, {85, 51, 73, 43, 85, 51, 73, 44});
  const auto net = differenceStart(problem, std::nullopt, {.steps = "r"});
  ASSERT_TRUE(net.has_value());
  expectSame(*net, problem, "rows");
  EXPECT_LT(net->adders() + 8, SumNetwork(problem, std::nullopt).adders());
}

TEST(DifferenceStart, KeepsTheProductWhateverTheStepsAndMeetsTheDepthOrRefuses) {
  for (std::uint64_t seed = 0; seed < 60; ++seed)
    for (const char* steps : {"r", "c", "rc", "cr", "rcrc"})
      for (const std::uint32_t height : {1u, 9u}) {
        const MatrixVector problem = randomMatrix(seed);
        const std::string where = "seed " + std::to_string(seed) + " " + steps;
        if (const auto free = differenceStart(problem, std::nullopt, {steps, height, seed})) {
          expectSame(*free, problem, where);
        }
        const std::uint32_t limit = leastDepth(problem) + static_cast<std::uint32_t>(seed % 3);
        if (const auto bounded = differenceStart(problem, limit, {steps, height, seed})) {
          expectSame(*bounded, problem, where);
        }
      }
}

TEST(NetworkSearch, NeverEndsWithMoreAddersForMoreWork) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const MatrixVector problem = randomMatrix(seed);
    const std::uint32_t limit = leastDepth(problem) + 1;
    const std::uint32_t little = searchNetwork(problem, limit, {.work = 0}).adders(),
                        much = searchNetwork(problem, limit, {.work = 3'000'000}).adders();
    EXPECT_LE(much, little) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::kernel

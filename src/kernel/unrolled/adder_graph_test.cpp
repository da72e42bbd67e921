#include "kernel/unrolled/adder_graph.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <filesystem>

#include "base/npy.h"
#include "base/rng.h"

namespace sluice::kernel {
namespace {

MatrixVector matrix(std::uint32_t rows, std::uint32_t columns, std::vector<std::int64_t> weights) {
  MatrixVector problem{
      .rows = rows, .columns = columns, .weights = std::move(weights), .inputs = {}, .inputDepth = {}};
  problem.inputs.assign(rows, {-128, 127});
  return problem;
}

MatrixVector randomMatrix(std::uint64_t seed, std::uint32_t maxSize = 12) {
  Rng rng(seed);
  const auto rows = static_cast<std::uint32_t>(rng.uniform(1, maxSize)),
             columns = static_cast<std::uint32_t>(rng.uniform(1, maxSize));
  const auto bits = rng.uniform(1, 10);
  const bool sparse = rng.uniform(0, 2) == 0;
  MatrixVector problem = matrix(rows, columns, {});
  for (std::uint32_t k = 0; k < rows * columns; ++k)
    problem.weights.push_back(sparse && rng.uniform(0, 3) != 0
                                  ? 0
                                  : rng.uniform(-(std::int64_t{1} << bits), std::int64_t{1} << bits));
  for (fixed::Interval& x : problem.inputs) {
    x.lo = rng.uniform(-200, 100);
    x.hi = x.lo + rng.uniform(0, 300);
  }
  return problem;
}

/// What the graph computes on one input vector: plain evaluation, node by node.
std::vector<std::int64_t> run(const AdderGraph& graph, std::vector<std::int64_t> values) {
  for (const AdderGraph::Op& op : graph.ops) {
    values.push_back(op.signA * (values[op.a] * (std::int64_t{1} << op.shiftA)) +
                     op.signB * (values[op.b] * (std::int64_t{1} << op.shiftB)));
    EXPECT_TRUE(op.range.contains(values.back()));
  }
  std::vector<std::int64_t> y;
  for (const AdderGraph::Output& out : graph.outputs)
    y.push_back(out.node ? out.sign * (values[*out.node] * (std::int64_t{1} << out.shift)) : 0);
  return y;
}

TEST(SignedDigits, AreCanonicalForEveryWeightOf12Bits) {
  for (std::int64_t w = -4096; w <= 4096; ++w) {
    const SignedDigits d = signedDigits(w);
    const std::uint64_t all = d.positive | d.negative;
    EXPECT_EQ(static_cast<std::int64_t>(d.positive) - static_cast<std::int64_t>(d.negative), w);
    EXPECT_EQ(d.positive & d.negative, 0u);
    EXPECT_EQ(all & (all << 1), 0u) << "two neighbouring digits of " << w;
  }
}

TEST(AdderGraph, SharesTheSumOfTheExampleInTheEssay) {
  const MatrixVector problem = matrix(2, 2, {3, 1, 3, 1});
  const auto graph = adderGraph(problem);
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  EXPECT_EQ(graph->ops.size(), 2u);
  EXPECT_EQ(graph->ops[0].range, (fixed::Interval{-256, 254}));
}

TEST(AdderGraph, TakesNoAdderForZeroPowersOfTwoAndCopies) {
  const auto graph = adderGraph(matrix(2, 4, {4, 0, 0, 4, 0, 0, -2, 0}));
  ASSERT_TRUE(graph.ok());
  EXPECT_TRUE(graph->ops.empty());
  EXPECT_EQ(graph->outputs[0], (AdderGraph::Output{.node = 0, .shift = 2, .sign = 1}));
  EXPECT_FALSE(graph->outputs[1].node.has_value());
  EXPECT_EQ(graph->outputs[2], (AdderGraph::Output{.node = 1, .shift = 1, .sign = -1}));
  EXPECT_EQ(graph->outputs[3], graph->outputs[0]);
}

TEST(AdderGraph, TurnsANegatedSumPositiveByExchangingOperands) {
  const auto graph = adderGraph(matrix(3, 1, {-1, -4, 1}));
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->ops.size(), 2u);
  EXPECT_EQ(graph->negatedOutputs(), 0u);
}

TEST(AdderGraph, EqualsTheProductOnRandomMatricesWithinEveryDepthBound) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const MatrixVector problem = randomMatrix(seed);
    for (const std::uint32_t extra : {0u, 1u, 3u, 99u}) {
      AdderGraphOptions options{.extraDepth = extra, .effort = static_cast<std::uint32_t>(seed % 3)};
      if (extra == 99) options.extraDepth.reset();
      const auto graph = adderGraph(problem, options);
      ASSERT_TRUE(graph.ok()) << "seed " << seed << ": " << graph.error().text();
      if (options.extraDepth) {
        EXPECT_LE(graph->depth(), leastDepth(problem) + extra) << "seed " << seed;
      }
      Rng rng(seed, 1);
      for (int sample = 0; sample < 5; ++sample) {
        std::vector<std::int64_t> x;
        for (const fixed::Interval r : problem.inputs) x.push_back(rng.uniform(r.lo, r.hi));
        const std::vector<std::int64_t> y = run(*graph, x);
        for (std::uint32_t c = 0; c < problem.columns; ++c) {
          std::int64_t want = 0;
          for (std::uint32_t i = 0; i < problem.rows; ++i)
            want += problem.weights[i * problem.columns + c] * x[i];
          ASSERT_EQ(y[c], want) << "seed " << seed << " column " << c;
        }
      }
    }
  }
}

TEST(AdderGraph, CountsTheDepthAtWhichInputsArrive) {
  MatrixVector problem = matrix(5, 1, {1, 1, 1, 1, 1});
  problem.inputDepth = {0, 0, 0, 0, 2};
  EXPECT_EQ(leastDepth(problem), 3u);  // four early ones make depth 2, then the late one joins
  const auto graph = adderGraph(problem, {.extraDepth = 0, .effort = 0});
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->depth(), 3u);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    MatrixVector random = randomMatrix(seed);
    Rng rng(seed, 2);
    for (std::uint32_t i = 0; i < random.rows; ++i)
      random.inputDepth.push_back(static_cast<std::uint32_t>(rng.uniform(0, 9)));
    const auto bounded = adderGraph(random, {.extraDepth = 0, .effort = 2});
    ASSERT_TRUE(bounded.ok()) << bounded.error().text();
    EXPECT_LE(bounded->depth(), leastDepth(random)) << "seed " << seed;
  }
}

TEST(AdderGraph, IsTheSameForTheSameProblem) {
  const MatrixVector problem = randomMatrix(5);
  EXPECT_EQ(*adderGraph(problem, {.effort = 3}), *adderGraph(problem, {.effort = 3}));
}

TEST(AdderGraph, FindsThatTwoSumsAreOneValue) {
  // (x0 + x1) + x2 in one column, and the same three terms in all others: never more than two adders.
  const auto graph = adderGraph(matrix(3, 3, {1, 2, -4, 1, 2, -4, 1, 2, -4}));
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->ops.size(), 2u);
}

TEST(VerifyAdderGraph, NoticesEveryKindOfDamage) {
  const MatrixVector problem = matrix(3, 2, {3, 5, -7, 11, 1, 100});
  const AdderGraph good = *adderGraph(problem);
  ASSERT_TRUE(verify(good, problem).ok());
  const auto refused = [&](auto damage, const char* message) {
    AdderGraph graph = good;
    damage(graph);
    const Status status = verify(graph, problem);
    ASSERT_FALSE(status.ok()) << message;
    EXPECT_NE(status.error().text().find(message), std::string::npos) << status.error().text();
  };
  refused([](AdderGraph& g) { g.outputs[1].sign = -g.outputs[1].sign; }, "output 1: the linear form");
  refused([](AdderGraph& g) { g.outputs[0].shift += 1; }, "output 0: the linear form");
  refused([](AdderGraph& g) { g.outputs[0].node.reset(); }, "output 0: the linear form");
  refused([](AdderGraph& g) { g.outputs[0].node = g.nodes(); }, "no such node");
  refused([](AdderGraph& g) { g.ops[0].range.hi += 1; }, "op 0: the range is not exact");
  refused([](AdderGraph& g) { g.ops[1].depth += 1; }, "op 1: the depth is wrong");
  refused([](AdderGraph& g) { g.ops[0].a = g.nodes(); }, "op 0: an operand comes later");
  refused([](AdderGraph& g) { g.ops[0].signB = 0; }, "op 0: a sign is neither");
  refused([](AdderGraph& g) { g.ops[0].shiftA = 63; }, "op 0: a shift is above");
  refused([](AdderGraph& g) { g.inputs[0].hi += 1; }, "inputs or outputs are not the problem's");
}

TEST(AdderGraph, RefusesProblemsItCannotHoldWithTheValues) {
  const auto refused = [](const MatrixVector& problem, const char* message) {
    const auto graph = adderGraph(problem);
    ASSERT_FALSE(graph.ok());
    EXPECT_NE(graph.error().text().find(message), std::string::npos) << graph.error().text();
  };
  refused(matrix(1, 1, {std::int64_t{1} << 61}), "weight 2305843009213693952 is outside 61 bits");
  refused(matrix(2, 2, {1}), "a matrix of 2 x 2 has 1 weights");
  MatrixVector wide = matrix(2, 1, {1 << 20, 1 << 20});
  wide.inputs.assign(2, {0, std::int64_t{1} << 45});
  refused(wide, "column 0: the sum may need more than 62 bits");
  wide = matrix(1, 1, {1});
  wide.inputs.clear();
  refused(wide, "1 rows has 0 input intervals");
  wide = matrix(1, 1, {1});
  wide.inputDepth = {40};
  refused(wide, "40 adders deep");
  wide.inputDepth = {0, 0};
  refused(wide, "input depths are given for 2 of 1 rows");
}

TEST(AdderGraph, HoldsWeightsOfAnyWidthUpTo61Bits) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed, 4);
    MatrixVector problem = matrix(3, 3, {});
    problem.inputs.assign(3, {-1, 1});
    for (int k = 0; k < 9; ++k) {
      const std::int64_t reach = std::int64_t{1} << rng.uniform(1, 58);
      problem.weights.push_back(rng.uniform(-reach, reach));
    }
    const auto graph = adderGraph(problem, {.extraDepth = 0, .effort = 1});
    ASSERT_TRUE(graph.ok()) << "seed " << seed << ": " << graph.error().text();
    EXPECT_LE(graph->depth(), leastDepth(problem)) << "seed " << seed;
    const std::vector<std::int64_t> y = run(*graph, {1, -1, 1});
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_EQ(y[c], problem.weights[c] - problem.weights[3 + c] + problem.weights[6 + c])
          << "seed " << seed;
  }
}

TEST(AdderGraph, IsAsSmallAsItWasOnRandomMatrices) {
  std::size_t plain = 0, searched = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Rng rng(seed, 3);
    MatrixVector problem = matrix(16, 16, {});
    for (int k = 0; k < 256; ++k) problem.weights.push_back(rng.uniform(-128, 127));
    plain += adderGraph(problem, {.extraDepth = 1, .effort = 0})->ops.size();
    searched += adderGraph(problem, {.extraDepth = 1, .effort = 2})->ops.size();
  }
  EXPECT_LE(plain, 3'640u) << "a change of the search lost ground";
  EXPECT_LE(searched, 3'590u) << "a change of the search lost ground";
}

TEST(AdderGraph, IsExactOnAllBenchmarkMatricesAndAsSmallAsItWas) {
  const char* source = std::getenv("SLUICE_SOURCE");
  const char* shared = std::getenv("SLUICE_SHARED");
  const std::filesystem::path folder =
      shared != nullptr ? std::filesystem::path(shared)
                        : std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared";
  const std::filesystem::path file = folder / "data" / "cmvm" / "matrices.npz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  const auto arrays = readNpz(file);
  if (!arrays.ok() && arrays.error().code == ErrorCode::unsupported) GTEST_SKIP() << arrays.error().text();
  ASSERT_TRUE(arrays.ok()) << arrays.error().text();
  std::size_t adders = 0;
  for (const auto& [name, array] : *arrays) {
    MatrixVector problem = matrix(static_cast<std::uint32_t>(array.shape[0]),
                                  static_cast<std::uint32_t>(array.shape[1]), *array.asInt64());
    const auto graph = adderGraph(problem, {.extraDepth = 1, .effort = 0});
    ASSERT_TRUE(graph.ok()) << name << ": " << graph.error().text();
    EXPECT_LE(graph->depth(), leastDepth(problem) + 1) << name;
    adders += graph->ops.size();
  }
  EXPECT_EQ(arrays->size(), 114u);
  RecordProperty("adders", static_cast<int>(adders));
  EXPECT_LE(adders, 75'050u) << "a change of the search lost ground";
}

}  // namespace
}  // namespace sluice::kernel

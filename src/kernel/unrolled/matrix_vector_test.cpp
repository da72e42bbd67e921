#include "kernel/unrolled/matrix_vector.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"
#include "hdl/evaluate.h"

namespace sluice::kernel {
namespace {

TEST(MatrixVectorModule, ComputesTheProductLatencyClocksLater) {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    Rng rng(seed);
    MatrixVector problem{.rows = static_cast<std::uint32_t>(rng.uniform(1, 6)),
                         .columns = static_cast<std::uint32_t>(rng.uniform(1, 6)),
                         .weights = {},
                         .inputs = {},
                         .inputDepth = {}};
    for (std::uint32_t k = 0; k < problem.rows * problem.columns; ++k)
      problem.weights.push_back(rng.chance(0.2) ? 0 : rng.uniform(-200, 200));
    for (std::uint32_t i = 0; i < problem.rows; ++i)
      problem.inputs.push_back(rng.chance(0.3) ? fixed::Interval{0, 1} : fixed::Interval{-128, 127});
    const auto graph = adderGraph(problem, {.extraDepth = static_cast<std::uint32_t>(seed % 3), .effort = 1});
    ASSERT_TRUE(graph.ok()) << graph.error().text();
    for (const std::uint32_t levels : {0u, 1u, 3u}) {
      const MatrixVectorModule made = matrixVectorModule(*graph, "product", levels);
      const std::uint32_t stages = levels == 0 ? 0 : std::max(1u, (graph->depth() + levels - 1) / levels);
      EXPECT_GE(made.latency, levels == 0 ? 0u : stages + 1) << "seed " << seed;
      auto evaluator = hdl::Evaluator::make(made.module);
      ASSERT_TRUE(evaluator.ok()) << evaluator.error().text();
      std::deque<std::vector<std::int64_t>> expected;
      for (std::uint32_t clock = 0; clock < made.latency + 8; ++clock) {
        std::vector<std::int64_t> y(problem.columns, 0);
        for (std::uint32_t i = 0; i < problem.rows; ++i) {
          const std::int64_t x = rng.uniform(problem.inputs[i].lo, problem.inputs[i].hi);
          evaluator->set(evaluator->inputIndex("x" + std::to_string(i)), 0, x);
          for (std::uint32_t c = 0; c < problem.columns; ++c)
            y[c] += problem.weights[i * problem.columns + c] * x;
        }
        expected.push_back(y);
        evaluator->settle();
        if (clock >= made.latency) {
          for (std::uint32_t c = 0; c < problem.columns; ++c)
            EXPECT_EQ(evaluator->get(evaluator->outputIndex("y" + std::to_string(c)), 0), expected.front()[c])
                << "seed " << seed << " levels " << levels << " column " << c;
          expected.pop_front();
        }
        evaluator->step();
      }
    }
  }
}

TEST(MatrixVectorModule, HasNoRegistersUnlessAsked) {
  const MatrixVector problem{
      .rows = 1, .columns = 1, .weights = {3}, .inputs = {{-128, 127}}, .inputDepth = {}};
  const AdderGraph graph = *adderGraph(problem);
  EXPECT_EQ(matrixVectorModule(graph, "triple", 0).registerBits, 0u);
  EXPECT_EQ(matrixVectorModule(graph, "triple", 1).registerBits, 18u) << "8 of x0, 10 of y0";
}

}  // namespace
}  // namespace sluice::kernel

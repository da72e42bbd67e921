#include "dataflow/csdf/analysis.h"

#include <gtest/gtest.h>

#include "dataflow/csdf/simulate.h"
#include "dataflow/csdf/testing.h"

namespace sluice::dataflow::csdf {
namespace {

/// a gives 2 tokens in 1 cycle, b takes 3 in 2 cycles.
Graph pair(bool serial = true) {
  return {"g", {{"a", {1}, serial}, {"b", {2}, serial}}, {{"x", 0, 1, {2}, {3}, 0}}};
}

TEST(CsdfAnalysis, ATokenBeingWorkedOnTakesAPlaceOnBothSides) {
  // Capacity 4: a a | b (holds 3 of 4 places for 2 cycles) | a a | ... the third a starts when b has ended.
  const Graph graph = pair();
  const auto repetition = check(graph);
  Analysis analysis(graph, *repetition);
  EXPECT_EQ(analysis.exact({unlimited}).period, (Period{4, 1}));  // two firings of b
  EXPECT_EQ(analysis.exact({4}).period, (Period{7, 1}));
  EXPECT_TRUE(analysis.exact({3}).deadlock);
  EXPECT_EQ(analysis.exact({3}).channels, (std::vector<std::uint32_t>{0}));
}

TEST(CsdfAnalysis, OverlappingFiringsAreBoundedOnlyByRoom) {
  const Graph graph = pair(false);
  const auto repetition = check(graph);
  Analysis analysis(graph, *repetition);
  EXPECT_EQ(analysis.exact({unlimited}).period, (Period{0, 1}));
  EXPECT_FALSE(analysis.exact({60}).deadlock);
  EXPECT_EQ(analysis.exact({60}).period, (Period{3, 10}));  // 60 places are ten iterations in 1 + 2 cycles
}

TEST(CsdfAnalysis, SaysWhoWaitsForWhomInADeadlock) {
  const Graph graph = pair();
  const auto repetition = check(graph);
  Analysis analysis(graph, *repetition);
  EXPECT_EQ(analysis.exact({3}).waits,
            (std::vector<std::string>{"actor 'a' waits for room in 'x' (capacity 3), which 'b' must release",
                                      "actor 'b' waits for tokens in 'x', which 'a' must give"}));
}

TEST(CsdfAnalysis, AgreesWithExecutionOnRandomGraphs) {
  int deadlocks = 0, settled = 0, fractions = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Graph graph = testing::randomGraph(seed);
    const auto repetition = check(graph);
    ASSERT_TRUE(repetition.ok()) << seed << repetition.error().text();
    Analysis analysis(graph, *repetition);
    Rng rng(seed, 3);
    Capacities capacities;
    for (const Channel& channel : graph.channels)
      capacities.push_back(rng.chance(0.1) ? unlimited
                                           : channel.initial + static_cast<std::uint64_t>(rng.uniform(1, 9)));
    constexpr std::uint64_t iterations = 700;
    const auto run = simulate(graph, capacities, iterations);
    ASSERT_TRUE(run.ok());
    const auto answer = analysis.exact(capacities);
    ASSERT_EQ(answer.deadlock, run->deadlock) << seed;
    if (run->deadlock) {
      ++deadlocks;
      continue;
    }
    // After the transient the same pattern comes back after some multiple of the period, small here.
    const Period period = answer.period;
    if (period.iterations > 8) continue;
    const std::uint64_t last = iterations - 1, before = last - 60 * period.iterations;
    ASSERT_EQ(run->completed[last] - run->completed[before], 60 * period.cycles) << seed;
    ++settled;
    fractions += period.iterations > 1 ? 1 : 0;
    // Decisions around the period.
    if (period.cycles == 0) continue;
    EXPECT_FALSE(analysis.decide(capacities, period, false).bad) << seed;
    const auto strict = analysis.decide(capacities, period, true);
    EXPECT_TRUE(strict.bad) << seed;
    const Period shorter{3 * period.cycles - 1, 3 * period.iterations};
    const Period longer{3 * period.cycles + 1, 3 * period.iterations};
    EXPECT_TRUE(analysis.decide(capacities, shorter, false).bad) << seed;
    EXPECT_FALSE(analysis.decide(capacities, longer, true).bad) << seed;
    // The channels named are enough to be that slow.
    Capacities only(capacities.size(), unlimited);
    for (const std::uint32_t c : strict.channels) only[c] = capacities[c];
    EXPECT_TRUE(analysis.decide(only, period, true).bad) << seed;
  }
  EXPECT_GT(deadlocks, 300);
  EXPECT_GT(settled, 1000);
  EXPECT_GT(fractions, 50);
}

TEST(CsdfSimulate, KeepsItsPromisesOnPlaces) {
  const Graph graph = pair();
  const auto run = simulate(graph, {4}, 3);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->peak, (std::vector<std::uint64_t>{4}));
  EXPECT_EQ(run->completed, (std::vector<std::uint64_t>{7, 14, 21}));
  EXPECT_FALSE(simulate(graph, {3}, 3)->completed.size() == 3);
  EXPECT_TRUE(simulate(graph, {3}, 3)->deadlock);
}

}  // namespace
}  // namespace sluice::dataflow::csdf

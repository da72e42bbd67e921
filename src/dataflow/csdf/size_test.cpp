#include "dataflow/csdf/size.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dataflow/csdf/testing.h"
#include "dataflow/csdf/write.h"

namespace sluice::dataflow::csdf {
namespace {

/// The example of README's source: three actors in a row, two phases each.
Graph example() {
  return {"csdf_example",
          {{"a", {1, 3}, true}, {"b", {2, 2}, true}, {"c", {2, 3}, true}},
          {{"alpha", 0, 1, {3, 1}, {4, 2}, 0}, {"beta", 1, 2, {2, 4}, {6, 6}, 0}}};
}

TEST(CsdfSize, FindsThePublishedMinimum) {
  const auto sizing = size(example());
  ASSERT_TRUE(sizing.ok());
  EXPECT_TRUE(sizing->proven());
  EXPECT_EQ(sizing->total, 16u);
  EXPECT_EQ(sizing->period, (Period{12, 1}));
}

TEST(CsdfSize, FindsThePublishedFront) {
  const auto found = front(example());
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->proven);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> points;
  for (const FrontPoint& point : found->points) points.emplace_back(point.cost, point.period.cycles);
  EXPECT_EQ(points, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{
                        {11, 17}, {12, 15}, {13, 14}, {14, 13}, {16, 12}}));
}

TEST(CsdfSize, SaysWhenNoCapacitiesAreFastEnough) {
  const auto sizing = size(example(), {.period = Period{11, 1}});
  ASSERT_FALSE(sizing.ok());
  EXPECT_EQ(sizing.error().code, ErrorCode::infeasible);
  Graph stuck = example();
  stuck.channels.push_back({"back", 2, 0, {1, 0}, {0, 1}, 0});
  EXPECT_EQ(size(stuck).error().code, ErrorCode::badInput);  // rates disagree
  stuck.channels.back() = {"back", 1, 1, {1, 0}, {1, 0}, 0};
  const auto deadlock = size(stuck);
  ASSERT_FALSE(deadlock.ok());
  EXPECT_EQ(
      deadlock.error().message,
      "the graph deadlocks with any capacities\n  actor 'b' waits for tokens in 'back', which 'b' must give");
}

TEST(CsdfSize, GivesAFeasibleAnswerAndABoundWhenEvaluationsRunOut) {
  const auto sizing = size(example(), {.mostEvaluations = 3});
  ASSERT_TRUE(sizing.ok());
  EXPECT_FALSE(sizing->proven());
  EXPECT_LE(sizing->lowerBound, 16u);
  EXPECT_GE(sizing->cost, 16u);
  EXPECT_EQ(sizing->period, (Period{12, 1}));
}

TEST(CsdfWrite, TellsCapacitiesBoundAndProof) {
  const Graph graph = example();
  const std::string json = sizingJson(graph, *size(graph), *shortestPeriod(graph));
  EXPECT_NE(json.find("\"total_beats\": 16"), std::string::npos) << json;
  EXPECT_NE(json.find("\"lower_bound\": 16"), std::string::npos) << json;
  EXPECT_NE(json.find("\"proven\": true"), std::string::npos) << json;
  EXPECT_NE(json.find("\"conflicts\""), std::string::npos) << json;
  const Capacities small{4, 6};
  const auto stuck = measure(graph, small);
  ASSERT_TRUE(stuck.ok());
  EXPECT_NE(performanceJson(graph, small, *stuck).find("\"deadlock\""), std::string::npos);
  const Capacities good{8, 8};
  const std::string run = performanceJson(graph, good, *measure(graph, good));
  EXPECT_NE(run.find("\"cycles\": 12"), std::string::npos) << run;
}

TEST(CsdfSize, IsTheLeastOfAllVectorsOnRandomGraphs) {
  int compared = 0, points = 0;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) {
    const Graph graph = testing::randomGraph(seed, 3, 2);
    if (graph.channels.empty() || graph.channels.size() > 3) continue;
    const auto shortest = shortestPeriod(graph);
    if (!shortest.ok() || shortest->cycles == 0) continue;
    Rng rng(seed, 4);
    SizeOptions options;
    for (std::size_t c = 0; c < graph.channels.size(); ++c)
      options.weight.push_back(static_cast<std::uint64_t>(rng.uniform(1, 3)));
    const auto found = front(graph, options);
    ASSERT_TRUE(found.ok() && found->proven) << seed;
    const std::uint64_t most = found->points.back().cost;
    std::uint64_t vectors = 1;
    for (std::size_t c = 0; c < graph.channels.size(); ++c) vectors *= most / options.weight[c] + 1;
    if (vectors > 20000) continue;
    ++compared;
    // Every vector that costs no more than the last point: the best period for each cost.
    const auto repetition = check(graph);
    Analysis analysis(graph, *repetition);
    std::vector<std::pair<std::uint64_t, Period>> all;
    Capacities capacities(graph.channels.size(), 0);
    for (std::uint64_t code = 0; code < vectors; ++code) {
      std::uint64_t rest = code, cost = 0;
      bool legal = true;
      for (std::size_t c = 0; c < capacities.size(); ++c) {
        capacities[c] = rest % (most / options.weight[c] + 1);
        rest /= most / options.weight[c] + 1;
        cost += capacities[c] * options.weight[c];
        legal = legal && capacities[c] >= graph.channels[c].initial && capacities[c] > 0;
      }
      if (!legal || cost > most) continue;
      const auto answer = analysis.exact(capacities);
      if (!answer.deadlock) all.emplace_back(cost, answer.period);
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : less(a.second, b.second);
    });
    std::vector<std::pair<std::uint64_t, Period>> expected;
    for (const auto& point : all)
      if (expected.empty() || less(point.second, expected.back().second)) expected.push_back(point);
    std::vector<std::pair<std::uint64_t, Period>> got;
    for (const FrontPoint& point : found->points) got.emplace_back(point.cost, point.period);
    ASSERT_EQ(got, expected) << seed;
    points += static_cast<int>(got.size());
    options.period = got[got.size() / 2].second;
    const auto one = size(graph, options);
    ASSERT_TRUE(one.ok() && one->proven()) << seed;
    EXPECT_EQ(one->cost, got[got.size() / 2].first) << seed;
  }
  EXPECT_GT(compared, 200);
  EXPECT_GT(points, 500);
}

}  // namespace
}  // namespace sluice::dataflow::csdf

#include "split/network/joint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "split/check/check.h"
#include "split/network/build_time.h"
#include "split/network/freeze.h"
#include "split/network/subgraph_costs.h"
#include "split/network/testing.h"
#include "split/plan.h"
#include "split/price.h"
#include "split/read.h"

namespace sluice::splits {
namespace {

/// Nodes with up to two inputs, beats of one to three elements, joins that cost by their beats or are not there.
Menu randomMenu(std::uint64_t seed) {
  Rng random(seed, 11);
  const auto size = [&] {
    return std::vector<double>{static_cast<double>(random.uniform(0, 9)),
                               static_cast<double>(random.uniform(0, 9)),
                               static_cast<double>(random.uniform(0, 9))};
  };
  Menu menu;
  const auto nodes = static_cast<std::uint32_t>(random.uniform(1, 5));
  menu.choices.resize(nodes);
  menu.problem.nodes.resize(nodes);
  for (std::uint32_t v = 0; v < nodes; ++v) {
    const auto inputs = v == 0 ? 0 : static_cast<std::uint32_t>(random.uniform(0, 2));
    for (auto c = random.uniform(1, 4); c > 0; --c) {
      NodeChoice choice{.options = {},
                        .cycles = static_cast<std::uint64_t>(random.uniform(1, 4)),
                        .size = size(),
                        .writes = static_cast<std::uint32_t>(random.uniform(1, 3))};
      for (std::uint32_t i = 0; i < inputs; ++i)
        choice.reads.push_back(static_cast<std::uint32_t>(random.uniform(1, 3)));
      menu.choices[v].push_back(std::move(choice));
    }
    for (std::uint32_t i = 0; i < inputs; ++i) {
      MenuEdge edge{.from = static_cast<std::uint32_t>(random.uniform(0, v - 1)),
                    .to = v,
                    .input = i,
                    .joins = {},
                    .cuts = {}};
      for (std::uint32_t written = 1; written <= 3; ++written)
        for (std::uint32_t read = 1; read <= 3; ++read)
          if (random.uniform(0, 9) > 0)
            edge.joins[{written, read}] = {.cycles = static_cast<std::uint64_t>(random.uniform(1, 4)),
                                           .size = size()};
      menu.edges.push_back(std::move(edge));
    }
  }
  return menu;
}

/// Every selection tried.
double leastByTrying(const Menu& menu, std::uint64_t cycles, const std::vector<double>& capacity,
                     const std::vector<double>& beyond = {0, 0, 0}) {
  std::vector<std::size_t> choice(menu.choices.size(), 0);
  double least = impossible;
  for (;;) {
    std::vector<double> sum;
    for (std::size_t r = 0; r < capacity.size(); ++r) sum.push_back(beyond[r] / capacity[r]);
    bool keeps = true;
    const auto take = [&](std::uint64_t own, const std::vector<double>& size) {
      keeps = keeps && own <= cycles;
      for (std::size_t r = 0; r < sum.size(); ++r) sum[r] += size[r] / capacity[r];
    };
    for (std::size_t v = 0; v < choice.size(); ++v)
      take(menu.choices[v][choice[v]].cycles, menu.choices[v][choice[v]].size);
    for (const MenuEdge& edge : menu.edges) {
      const auto join = edge.joins.find({menu.choices[edge.from][choice[edge.from]].writes,
                                         menu.choices[edge.to][choice[edge.to]].reads[edge.input]});
      if (join == edge.joins.end())
        keeps = false;
      else
        take(join->second.cycles, join->second.size);
    }
    if (keeps) least = std::min(least, *std::max_element(sum.begin(), sum.end()));
    std::size_t v = 0;
    while (v < choice.size() && ++choice[v] == menu.choices[v].size()) choice[v++] = 0;
    if (v == choice.size()) return least;
  }
}

TEST(LeastShare, IsWhatTryingEverySelectionFinds) {
  const std::vector<double> capacity = {10, 7, 13};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Menu menu = randomMenu(seed);
    for (std::uint64_t cycles = 1; cycles <= 4; ++cycles) {
      Rng random(seed, 12);
      std::vector<double> beyond;  // what comes on top, or off
      for (int r = 0; r < 3; ++r) beyond.push_back(static_cast<double>(random.uniform(0, 8)));
      const double wanted = leastByTrying(menu, cycles, capacity, beyond);
      const auto found = leastShare(menu, cycles, capacity, {}, beyond);
      ASSERT_EQ(found.has_value(), wanted < impossible) << seed;
      if (!found) continue;
      EXPECT_NEAR(found->share, wanted, 1e-6) << seed;
      EXPECT_TRUE(found->proven()) << seed;
      EXPECT_LE(found->cycles, cycles);
    }
  }
}

TEST(LeastShare, CutShortItGivesABoundThatHolds) {
  const std::vector<double> capacity = {10, 7, 13};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Menu menu = randomMenu(seed);
    const auto found = leastShare(menu, 4, capacity, {.nodes = 1, .rounds = 3});
    const double least = leastByTrying(menu, 4, capacity);
    if (!found) continue;  // none was met on the way, or there is none
    EXPECT_LE(found->bound, least + 1e-9) << seed;
    EXPECT_GE(found->share, least - 1e-9) << seed;
  }
}

ClusterSpec boards(std::uint32_t count) {
  Result<ClusterSpec> spec = clusterSpec({"pynq-z2:" + std::to_string(count)}, "chain", "aurora4x25", false);
  EXPECT_TRUE(spec.ok());
  return std::move(spec).value();
}

TEST(Menu, ChosenLayerByLayerNothingIsWorseThanOneReuseFactorForAll) {
  const ClusterSpec cluster = boards(2);
  const auto menu = menuOf(twoProducts(), cluster, {.largestFactor = 64});
  ASSERT_TRUE(menu.ok()) << menu.error().text();
  ASSERT_GE(menu->uniform.size(), 4u);
  const std::vector<double> capacity = meanCapacity(cluster);
  bool isBetter = false;
  for (const Menu::Uniform& uniform : menu->uniform) {
    const Selection same = noWorseThan(*menu, uniform, capacity);
    const auto best = leastShare(*menu, same.cycles, capacity);
    ASSERT_TRUE(best.has_value());
    EXPECT_LE(best->share, same.share * (1 + 1e-9)) << uniform.reuseFactor;
    isBetter = isBetter || best->share < same.share * 0.99;
  }
  EXPECT_TRUE(isBetter);
}

/// Kernels and converters of the whole, FIFOs at two places.
std::vector<double> sizeOf(const map::Design& design, hdl::Family family) {
  std::vector<double> sum;
  for (const hdl::Cost& cost : costsOf(design, family)) {
    const std::vector<double> one = sizesOf(cost);
    sum.resize(one.size(), 0.0);
    for (std::size_t r = 0; r < one.size(); ++r) sum[r] += one[r];
  }
  return sum;
}

TEST(Menu, WhatASelectionCostsIsWhatItCostsMapped) {
  const ir::Graph graph = twoProducts();
  const ClusterSpec cluster = boards(2);
  const auto menu = menuOf(graph, cluster, {.largestFactor = 64});
  ASSERT_TRUE(menu.ok()) << menu.error().text();
  const std::vector<double> capacity = meanCapacity(cluster);
  Rng random(5, 5);
  int mapped = 0;
  for (int i = 0; i < 30; ++i) {
    std::vector<std::uint32_t> choice;
    for (const auto& choices : menu->choices)
      choice.push_back(
          static_cast<std::uint32_t>(random.uniform(0, static_cast<std::int64_t>(choices.size()) - 1)));
    const std::optional<Selection> selection = measureSelection(*menu, choice, capacity);
    if (!selection) continue;
    const map::MapOptions options =
        optionsOf(*menu, *selection, {.family = cluster.kinds[0].board.part.family});
    const auto design = map::mapGraph(graph, options);
    ASSERT_TRUE(design.ok()) << design.error().text();
    const std::vector<double> size = sizeOf(*design, options.family);
    double share = 0;
    for (std::size_t r = 0; r < size.size(); ++r) share = std::max(share, size[r] / capacity[r]);
    EXPECT_NEAR(share, selection->share, 1e-9);
    const std::vector<std::uint64_t> cycles = cyclesOf(*design);
    EXPECT_EQ(*std::max_element(cycles.begin(), cycles.end()), selection->cycles);
    ++mapped;
  }
  EXPECT_GE(mapped, 20);
}

TEST(Joint, ThePlanKeepsTheIntervalOfItsPointAndIsAcceptedByTheChecker) {
  const ir::Graph graph = twoProducts();
  const auto plan = planJointly(graph, boards(2), {});
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  for (std::size_t i = 1; i < plan->front.size(); ++i) {
    EXPECT_GT(plan->front[i].interval, plan->front[i - 1].interval);
    EXPECT_LT(plan->front[i].share, plan->front[i - 1].share);
  }
  const Problem& problem = plan->plan.network.problem;
  const auto verdict = checking::checkPlan(problemJson(problem), planJson(problem, plan->plan.plan));
  EXPECT_TRUE(verdict.ok()) << verdict.error().text();
  EXPECT_LE(plan->plan.plan.measures.load, plan->front[plan->chosen].interval * 1.5);
}

TEST(Menu, SettingsAreWrittenAsTheyAreRead) {
  const map::NodeOptions options{.reuseFactor = 8,
                                 .targetInterval = 64,
                                 .simd = 2,
                                 .multiplier = kernel::MultiplierStyle::dsp,
                                 .weights = kernel::WeightMemory::blockRam};
  const auto read = map::parseNodeOptions("n " + settingsText(options));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->at("n"), options);
}

TEST(BuildTime, AModelIsFoundAgainFromWhatItSays) {
  const BuildTimeModel model{.start = 5, .perFlipFlop = 0.01, .perDsp = 0, .perBlockRam = 2};
  std::vector<BuildSample> samples;
  Rng random(3, 3);
  for (int i = 0; i < 40; ++i) {
    BuildSample sample{.flipFlops = static_cast<double>(random.uniform(0, 9000)),
                       .dsp = static_cast<double>(random.uniform(0, 40)),
                       .blockRam = static_cast<double>(random.uniform(0, 30))};
    sample.seconds = model.start + model.perFlipFlop * sample.flipFlops + model.perBlockRam * sample.blockRam;
    samples.push_back(sample);
  }
  const auto fitted = fitBuildTimes(samples);
  ASSERT_TRUE(fitted.ok());
  EXPECT_LT(buildTimeErrors(*fitted, samples).back(), 1e-6);
  EXPECT_NEAR(fitted->perBlockRam, 2, 1e-6);
}

TEST(BuildTime, PartsBuiltByFewWorkersWaitForEachOther) {
  EXPECT_DOUBLE_EQ(buildSpan({3, 5, 4}, 3), 5);
  EXPECT_DOUBLE_EQ(buildSpan({3, 5, 4}, 2), 7);
  EXPECT_DOUBLE_EQ(buildSpan({3, 5, 4}, 1), 12);
}

TEST(BuildTime, TheCutsBuiltFastestUseTheBoardsThatThereAre) {
  const ir::Graph graph = twoProducts();
  const NetworkPlanOptions rate{.map = {.reuseFactor = 8}};
  NetworkPlanOptions build = rate;
  build.fastestBuild = true;
  const auto one = planNetwork(graph, boards(3), rate), other = planNetwork(graph, boards(3), build);
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(one->plan.stages.size(), 1u);
  EXPECT_EQ(other->plan.stages.size(), 3u);
  const auto longest = [](const NetworkPlan& plan) {
    const std::vector<double> parts = buildTimes(plan.network.problem, plan.plan.stages);
    return *std::max_element(parts.begin(), parts.end());
  };
  EXPECT_LT(longest(*other), longest(*one));
  EXPECT_NEAR(longest(*other), other->build->plan.value + BuildTimeModel().start, 1e-9);
  EXPECT_TRUE(other->build->plan.proven);
  const auto verdict = checking::checkPlan(problemJson(other->build->problem),
                                           planJson(other->build->problem, other->build->plan));
  EXPECT_TRUE(verdict.ok()) << verdict.error().text();
}

TEST(Freeze, APartThatStaysIsAStageOfItsOwnAndTheRestIsSplitAnew) {
  const ir::Graph graph = twoProducts();
  NetworkPlanOptions options{.map = {.reuseFactor = 8}};
  options.frozen = {{.name = "sub1", .nodes = {"b", "c"}, .board = "pynq-z2"}};
  const auto plan = planNetwork(graph, boards(4), options);
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  const Problem& problem = plan->network.problem;
  ASSERT_EQ(plan->plan.stages.size(), 3u) << "a | b, c | d, e: nothing else may stand beside it";
  std::vector<std::string> kept;
  for (const std::uint32_t node : plan->plan.stages[1].nodes) kept.push_back(problem.nodes[node].name);
  EXPECT_EQ(kept, (std::vector<std::string>{"b", "c"}));
  const auto verdict = checking::checkPlan(problemJson(problem), planJson(problem, plan->plan));
  EXPECT_TRUE(verdict.ok()) << verdict.error().text();
  options.frozen[0].nodes = {"nobody"};
  EXPECT_NE(planNetwork(graph, boards(4), options).error().text().find("'nobody'"), std::string::npos);
  options.frozen[0] = {.name = "sub1", .nodes = {"b"}, .board = "zcu104"};
  EXPECT_NE(planNetwork(graph, boards(4), options).error().text().find("no such board"), std::string::npos);
}

}  // namespace
}  // namespace sluice::splits

#include "split/network/joint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "ir/text.h"
#include "split/check/check.h"
#include "split/network/build_time.h"
#include "split/network/freeze.h"
#include "split/network/subgraph_costs.h"
#include "split/plan.h"
#include "split/price.h"
#include "split/read.h"

namespace sluice::splits {
namespace {

Menu randomMenu(std::uint64_t seed) {
  Rng random(seed, 11);
  Menu menu;
  menu.choices.resize(static_cast<std::size_t>(random.uniform(1, 5)));
  for (std::vector<NodeChoice>& choices : menu.choices)
    for (auto c = random.uniform(1, 4); c > 0; --c)
      choices.push_back(
          {.options = {},
           .cycles = static_cast<std::uint64_t>(random.uniform(1, 4)),
           .size = {static_cast<double>(random.uniform(0, 9)), static_cast<double>(random.uniform(0, 9)),
                    static_cast<double>(random.uniform(0, 9))}});
  return menu;
}

/// Every selection tried.
double leastByTrying(const Menu& menu, std::uint64_t cycles, const std::vector<double>& capacity) {
  std::vector<std::size_t> choice(menu.choices.size(), 0);
  double least = impossible;
  for (;;) {
    std::vector<double> sum(capacity.size(), 0.0);
    bool keeps = true;
    for (std::size_t v = 0; v < choice.size(); ++v) {
      const NodeChoice& one = menu.choices[v][choice[v]];
      keeps = keeps && one.cycles <= cycles;
      for (std::size_t r = 0; r < sum.size(); ++r) sum[r] += one.size[r] / capacity[r];
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
    const Menu menu = [&] {
      Menu made = randomMenu(seed);
      made.problem.nodes.resize(made.choices.size());
      return made;
    }();
    for (std::uint64_t cycles = 1; cycles <= 4; ++cycles) {
      const double wanted = leastByTrying(menu, cycles, capacity);
      const auto found = leastShare(menu, cycles, capacity);
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
    const auto found = leastShare(menu, 4, capacity, 1);
    ASSERT_TRUE(found.has_value());
    const double least = leastByTrying(menu, 4, capacity);
    EXPECT_LE(found->bound, least + 1e-9) << seed;
    EXPECT_GE(found->share, least - 1e-9) << seed;
  }
}

/// Two products of different sizes behind each other.
ir::Graph network() {
  Result<ir::Graph> graph = ir::parse(R"(
graph two
x = input [4] real
q = quantize x, scale 1, range [-4, 3]
w = constant [4, 8] s3 {1 2 3 -1 1 0 1 2  -1 2 3 1 1 0 1 -2  1 -2 3 -1 1 0 1 2  1 2 -3 -1 1 0 1 2}
a = dense q, w
t = constant [1, 3] s8 {-3 0 3}
b = threshold a, t
v = constant [8, 8] s3 {1 2 3 -1 1 0 1 2  -1 2 3 1 1 0 1 -2  1 -2 3 -1 1 0 1 2  1 2 -3 -1 1 0 1 2
                        1 0 3 -1 1 0 1 2  -1 2 0 1 1 0 1 -2  1 -2 3 -1 1 0 0 2  1 2 -3 -1 1 0 1 0}
c = dense b, v
r = constant [1, 3] s8 {-9 0 9}
d = threshold c, r
e = merge b, d, shift [0, 0]
output e
)");
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().text());
  return std::move(graph).value();
}

ClusterSpec boards(std::uint32_t count) {
  Result<ClusterSpec> spec = clusterSpec({"pynq-z2:" + std::to_string(count)}, "chain", "aurora4x25", false);
  EXPECT_TRUE(spec.ok());
  return std::move(spec).value();
}

TEST(Menu, ChosenLayerByLayerNothingIsWorseThanOneReuseFactorForAll) {
  const ClusterSpec cluster = boards(2);
  const auto menu = menuOf(network(), cluster, {.largestFactor = 64});
  ASSERT_TRUE(menu.ok()) << menu.error().text();
  ASSERT_GE(menu->uniform.size(), 4u);
  const std::vector<double> capacity = meanCapacity(cluster);
  bool isBetter = false;
  for (const Menu::Uniform& uniform : menu->uniform) {
    double share = 0;
    for (std::size_t r = 0; r < capacity.size(); ++r) share = std::max(share, uniform.size[r] / capacity[r]);
    const auto best = leastShare(*menu, uniform.cycles, capacity);
    ASSERT_TRUE(best.has_value());
    EXPECT_LE(best->share, share * (1 + 1e-9)) << uniform.reuseFactor;
    isBetter = isBetter || best->share < share * 0.99;
  }
  EXPECT_TRUE(isBetter);
}

TEST(Joint, ThePlanKeepsTheIntervalOfItsPointAndIsAcceptedByTheChecker) {
  const ir::Graph graph = network();
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
  const ir::Graph graph = network();
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
  const ir::Graph graph = network();
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

#include <gtest/gtest.h>

#include "ir/host.h"
#include "ir/integer.h"
#include "map/partition_of.h"
#include "split/check/check.h"
#include "split/network/inner_split.h"
#include "split/network/testing.h"
#include "split/plan.h"
#include "split/read.h"

namespace sluice::splits {
namespace {

ClusterSpec cluster(const std::vector<std::string>& boards, const std::string& topology = "chain",
                    const std::string& link = "aurora4x25", bool fixedOrder = false) {
  Result<ClusterSpec> spec = clusterSpec(boards, topology, link, fixedOrder);
  EXPECT_TRUE(spec.ok()) << (spec.ok() ? "" : spec.error().text());
  return std::move(spec).value();
}

TEST(ClusterSpec, NamesWhatIsWrong) {
  const auto problem = [](const std::vector<std::string>& boards, const std::string& topology,
                          const std::string& link) {
    const auto spec = clusterSpec(boards, topology, link, false);
    return spec.ok() ? std::string() : spec.error().text();
  };
  EXPECT_EQ(problem({"pynq-z2:4"}, "mesh:2", "eth1"), "");
  EXPECT_NE(problem({"pynq-z2:5"}, "mesh:2", "eth1").find("5 boards"), std::string::npos);
  EXPECT_NE(problem({"pynq-z2:5"}, "web", "eth1").find("chain, ring, star, switch"), std::string::npos);
  EXPECT_NE(problem({"pynq-z2:5"}, "chain", "string").find("known: aurora4x25"), std::string::npos);
  EXPECT_NE(problem({}, "chain", "eth1").find("--board"), std::string::npos);
}

TEST(NetworkProblem, SaysOfEveryNodeWhatItTakesAndOfEveryTensorWhoReadsIt) {
  const ir::Graph graph = twoProducts();
  const auto found = networkProblem(graph, {.regime = map::Regime::streamed, .reuseFactor = 8},
                                    cluster({"pynq-z2:3"}), Times::interval);
  ASSERT_TRUE(found.ok()) << found.error().text();
  const Problem& problem = found->problem;
  ASSERT_EQ(problem.nodes.size(), 5u);  // a, b, c, d, e
  EXPECT_EQ(problem.nodes[0].name, "a");
  EXPECT_EQ(found->cycles[2], 8u) << "64 multiplications at reuse factor 8";
  EXPECT_DOUBLE_EQ(problem.nodes[2].time[0], 0.08) << "at 100 MHz";
  ASSERT_EQ(problem.tensors.size(), 4u);
  EXPECT_EQ(problem.tensors[1].from, 1u);
  EXPECT_EQ(problem.tensors[1].to, (std::vector<std::uint32_t>{2, 4}));
  EXPECT_EQ(problem.tensors[1].amount, 16) << "8 codes of 2 bits";
  EXPECT_GT(problem.nodes[2].size[0], 0);
  EXPECT_NEAR(problem.boards[0].capacity[0], 0.7 * 53200, 1e-6);
}

TEST(NetworkPlan, IsAcceptedByTheCheckerForEveryGoalAndTopology) {
  const ir::Graph graph = twoProducts();
  for (const char* topology : {"chain", "ring", "star", "switch", "mesh:3"})
    for (const Goal goal : {Goal::load, Goal::latency, Goal::boards}) {
      NetworkPlanOptions options{.goal = goal, .map = {.reuseFactor = 8}};
      if (goal == Goal::boards) options.loadLimit = 0.5;
      const auto plan = planNetwork(graph, cluster({"pynq-z2:3"}, topology), options);
      ASSERT_TRUE(plan.ok()) << plan.error().text();
      const auto verdict = checking::checkPlan(problemJson(plan->network.problem),
                                               planJson(plan->network.problem, plan->plan));
      EXPECT_TRUE(verdict.ok()) << topology << ": " << verdict.error().text();
      EXPECT_TRUE(plan->plan.proven) << topology;
    }
}

/// A board on which the network does not fit: the user's own file, smaller than anything sold.
ClusterSpec smallBoards(std::uint32_t count, std::uint64_t luts) {
  ClusterSpec spec = cluster({"pynq-z2:" + std::to_string(count)});
  spec.kinds[0].board.part.budget.lut = luts;
  spec.kinds[0].board.part.budget.lutMemory = luts;
  return spec;
}

TEST(NetworkPlan, CutsWhereOneBoardIsTooSmallAndTheSubgraphsAreThoseOfThePlan) {
  const ir::Graph graph = twoProducts();
  const auto whole = networkProblem(graph, {.regime = map::Regime::streamed, .reuseFactor = 8},
                                    cluster({"pynq-z2"}), Times::interval);
  ASSERT_TRUE(whole.ok());
  double all = 0;
  for (const Node& node : whole->problem.nodes) all += node.size[0];
  const auto plan =
      planNetwork(graph, smallBoards(3, static_cast<std::uint64_t>(all)), {.map = {.reuseFactor = 8}});
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  ASSERT_GE(plan->plan.stages.size(), 2u);
  const auto parts = partitionOf(graph, plan->network, plan->plan.stages);
  ASSERT_TRUE(parts.ok()) << parts.error().text();
  const auto design = map::mapGraph(graph, plan->map, *parts);
  ASSERT_TRUE(design.ok()) << design.error().text();
  EXPECT_EQ(design->subgraphs.size(), plan->plan.stages.size());
  for (const map::KernelInstance& instance : design->kernels)
    for (const ir::NodeId node : instance.nodes)
      EXPECT_EQ(instance.subgraph.index, parts->stage[node.index]) << instance.name;
}

TEST(NetworkPlan, ANetworkThatFitsNowhereIsRefusedWithWhatIsMissing) {
  const auto plan = planNetwork(twoProducts(), smallBoards(2, 100), {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::infeasible);
  EXPECT_NE(plan.error().text().find("LUT"), std::string::npos) << plan.error().text();
  EXPECT_NE(plan.error().text().find("too few"), std::string::npos) << plan.error().text();
}

TEST(InnerSplit, ALayerTooLargeForOneBoardIsSplitInside) {
  const ir::Graph graph = twoProducts();
  const map::MapOptions map{.regime = map::Regime::streamed, .reuseFactor = 1};
  const auto whole = networkProblem(graph, map, cluster({"pynq-z2"}), Times::interval);
  ASSERT_TRUE(whole.ok());
  const double largest = whole->problem.nodes[2].size[0];  // of c
  const ClusterSpec boards = smallBoards(4, static_cast<std::uint64_t>(0.8 * largest / 0.7));
  EXPECT_FALSE(planNetwork(graph, boards, {.map = map}).ok());
  const auto plan =
      planWithin(graph, boards, {.map = map},
                 {.ways = {passes::LayerSplit::outputs, passes::LayerSplit::inputs}, .onlyIfNeeded = true});
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  ASSERT_FALSE(plan->splits.empty());
  EXPECT_GT(plan->plan.plan.stages.size(), 1u);
  const auto before = ir::IntegerEngine::compile(graph), after = ir::IntegerEngine::compile(plan->graph);
  ASSERT_TRUE(before.ok() && after.ok());
  const ir::CodeRows codes = ir::randomCodes(graph, before->regions(), 300, 3);
  EXPECT_EQ(before->run(codes, 300).value(), after->run(codes, 300).value());
}

TEST(NetworkProblem, CountsANodeForTheFamilyOfEachBoard) {
  const ir::Graph graph = twoProducts();
  const map::MapOptions map{.regime = map::Regime::streamed, .reuseFactor = 8};
  const ClusterSpec both = cluster({"ulx3s-85f", "pynq-z2"});
  const auto mixed = networkProblem(graph, map, both, Times::interval);
  ASSERT_TRUE(mixed.ok()) << mixed.error().text();
  EXPECT_TRUE(check(mixed->problem).ok());
  bool differs = false;
  for (std::uint32_t k = 0; k < 2; ++k) {
    map::MapOptions own = map;
    own.family = both.kinds[k].board.part.family;
    const auto alone =
        networkProblem(graph, own, cluster({both.kinds[k].board.name + ":2"}), Times::interval);
    ASSERT_TRUE(alone.ok()) << alone.error().text();
    EXPECT_EQ(capacityOn(mixed->problem, k), alone->problem.boards[0].capacity);
    for (std::uint32_t v = 0; v < mixed->problem.nodes.size(); ++v) {
      EXPECT_EQ(sizeOn(mixed->problem, k, v), alone->problem.nodes[v].size);
      EXPECT_EQ(mixed->problem.nodes[v].time[k], alone->problem.nodes[v].time[0]);
      differs = differs || sizeOn(mixed->problem, 0, v) != sizeOn(mixed->problem, 1, v);
    }
  }
  EXPECT_TRUE(differs) << "a LUT4 is no LUT6";
}

TEST(PlanNetwork, LeavesANodeToTheFamilyThatHoldsIt) {
  const ir::Graph graph = twoProducts();
  const map::MapOptions map{.regime = map::Regime::streamed, .reuseFactor = 8};
  ClusterSpec both = cluster({"ulx3s-85f", "pynq-z2"});
  const auto whole = networkProblem(graph, map, both, Times::interval);
  ASSERT_TRUE(whole.ok());
  std::vector<double> luts(2, 0);  // of the whole network, by kind
  for (std::uint32_t k = 0; k < 2; ++k)
    for (std::uint32_t v = 0; v < 5; ++v) luts[k] += sizeOn(whole->problem, k, v)[0];
  ASSERT_GT(luts[0], 1.1 * luts[1]) << "LUT4s";
  // Room for as many LUTs as the network takes of LUT6s, and little more: it stands on the board that has LUT6s.
  for (ClusterSpec::Kind& kind : both.kinds)
    kind.board.part.budget.lut = static_cast<std::uint64_t>(1.05 * luts[1] / 0.7) + 1;
  both.link.cost = {};
  const auto plan = planNetwork(graph, both, {.map = map});
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  EXPECT_TRUE(plan->plan.proven);
  ASSERT_EQ(plan->plan.stages.size(), 1u);
  EXPECT_EQ(plan->plan.stages[0].board, 1u);
  // And on neither, where both are too small.
  for (ClusterSpec::Kind& kind : both.kinds) kind.board.part.budget.lut = 1;
  const auto none = planNetwork(graph, both, {.map = map});
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().text().find("LUT (ecp5), and ulx3s-85f has 0; needs "), std::string::npos)
      << none.error().text();
}

TEST(PartitionOf, RefusesWhatFlowsBackwardsAndStagesThatAreEmpty) {
  const ir::Graph graph = twoProducts();
  const auto problem = [&](const std::vector<std::uint32_t>& stages) {
    const auto parts = map::partitionOf(graph, map::Regime::streamed, stages);
    return parts.ok() ? std::string() : parts.error().text();
  };
  EXPECT_EQ(problem({0, 0, 1, 1, 2}), "");
  EXPECT_EQ(problem({0, 1, 0, 1, 1}), "node 'c': stands in stage 0 and reads what stage 1 computes");
  EXPECT_EQ(problem({0, 0, 2, 2, 2}), "stage 1 holds no node");
}

}  // namespace
}  // namespace sluice::splits

#include "split/solve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "split/baselines.h"
#include "split/check/check.h"
#include "split/orders.h"
#include "split/plan.h"
#include "split/random_problem.h"
#include "split/read.h"

namespace sluice::splits {
namespace {

/// The least value of every legal plan there is: all places for all nodes, all boards for all places.
double bruteForce(const Problem& problem, const Objective& objective) {
  const std::size_t n = problem.nodes.size();
  const std::uint32_t places = problem.places();
  std::vector<std::vector<std::uint32_t>> before(n);
  for (const Tensor& tensor : problem.tensors)
    for (const std::uint32_t to : tensor.to) before[to].push_back(tensor.from);
  std::vector<std::uint32_t> place(n, 0);
  double best = impossible;
  const auto tryBoards = [&]() {
    Stages stages;
    std::vector<std::uint32_t> stageOf(places, nowhere);
    for (std::uint32_t p = 0; p < places; ++p)
      for (std::uint32_t v = 0; v < n; ++v)
        if (place[v] == p) {
          if (stageOf[p] == nowhere) {
            stageOf[p] = static_cast<std::uint32_t>(stages.size());
            stages.push_back(
                {.place = p, .board = problem.order.empty() ? 0 : problem.order[p], .nodes = {}});
          }
          stages[stageOf[p]].nodes.push_back(v);
        }
    const auto count = [&]() {
      if (!isFeasible(problem, stages, objective.loadLimit)) return;
      best = std::min(best, valueOf(objective.goal, measure(problem, stages)));
    };
    if (!problem.order.empty()) return count();
    std::vector<std::uint32_t> left;
    for (const Board& board : problem.boards) left.push_back(board.count);
    const std::function<void(std::size_t)> choose = [&](std::size_t s) {
      if (s == stages.size()) return count();
      for (std::uint32_t k = 0; k < left.size(); ++k) {
        if (left[k] == 0) continue;
        --left[k];
        stages[s].board = k;
        choose(s + 1);
        ++left[k];
      }
    };
    choose(0);
  };
  const std::function<void(std::uint32_t)> put = [&](std::uint32_t v) {
    if (v == n) return tryBoards();
    std::uint32_t first = 0, last = places - 1;
    for (const std::uint32_t u : before[v]) first = std::max(first, place[u]);  // (u < v in these networks)
    for (std::uint32_t u = 0; u < v; ++u)
      if (!problem.nodes[v].group.empty() && problem.nodes[u].group == problem.nodes[v].group) {
        first = std::max(first, place[u]);
        last = std::min(last, place[u]);
      }
    for (std::uint32_t p = first; p <= last; ++p) {
      place[v] = p;
      put(v + 1);
    }
  };
  put(0);
  return best;
}

/// The solver's answer equals brute force, and the checker accepts the plan, its bound and its proof.
void expectExact(const Problem& problem, const Objective& objective, int& infeasibleOnes) {
  const std::string what = problem.name + ", " + nameOf(objective.goal);
  const double truth = bruteForce(problem, objective);
  const Result<Plan> plan = solve(problem, {.objective = objective, .orders = 2, .limits = {}});
  if (truth == impossible) {
    ++infeasibleOnes;
    ASSERT_FALSE(plan.ok()) << what;
    EXPECT_EQ(plan.error().code, ErrorCode::infeasible) << what;
    return;
  }
  ASSERT_TRUE(plan.ok()) << what << ": " << plan.error().text();
  EXPECT_NEAR(plan->value, truth, 1e-9 * truth) << what;
  EXPECT_TRUE(plan->proven) << what;
  const Result<std::string> verdict = checking::checkPlan(problemJson(problem), planJson(problem, *plan));
  EXPECT_TRUE(verdict.ok()) << what << ": " << verdict.error().text();
}

TEST(Solve, EqualsBruteForceForEveryObjectiveOn2000RandomNetworksBoardsAndLinks) {
  int infeasibleOnes = 0;
  for (std::uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) {
    const Problem problem = randomProblem({.nodes = static_cast<std::uint32_t>(4 + seed % 3),
                                           .boards = 3 + static_cast<std::uint32_t>(seed % 4 == 0)},
                                          seed);
    ASSERT_TRUE(check(problem).ok()) << problem.name;
    double all = 0;
    for (const Node& node : problem.nodes) all += node.time[0] == impossible ? 0 : node.time[0];
    const double limit = 4 + all * static_cast<double>(seed % 7 + 1) / 8;
    expectExact(problem, {}, infeasibleOnes);
    expectExact(problem, {.goal = Goal::latency, .loadLimit = seed % 3 == 0 ? limit : impossible},
                infeasibleOnes);
    expectExact(problem, {.goal = Goal::boards, .loadLimit = limit}, infeasibleOnes);
  }
  EXPECT_GT(infeasibleOnes, 20);  // such are met, too
}

/// a (3) -> b (4), c (5) -> d (6); every tensor has amount 1.
const char* const diamond = R"({"format": "sluice-split/1", "name": "diamond",
  "boards": [{"name": "small", "count": 2, "capacity": {"lut": 10}}], "resources": ["lut"],
  "nodes": [{"id": "a", "time": 3, "size": {"lut": 5}}, {"id": "b", "time": 4, "size": {"lut": 5}},
            {"id": "c", "time": 5, "size": {"lut": 5}}, {"id": "d", "time": 6, "size": {"lut": 5}}],
  "tensors": [{"from": "a", "to": ["b", "c"], "amount": 1}, {"from": "b", "to": ["d"], "amount": 1},
              {"from": "c", "to": ["d"], "amount": 1}]})";

Problem problemOf(const std::string& text) {
  const Result<Problem> problem = parseProblem(text, "x.json");
  EXPECT_TRUE(problem.ok()) << problem.error().text();
  return *problem;
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return text.replace(text.find(from), from.size(), to);
}

TEST(Solve, ATensorIsPaidOnceWhereItLeavesAndOnceWhereItEnters) {
  // {a, c} | {b, d}: 8 with two tensors that leave; 10 with two that enter.
  const Result<Plan> plan = solve(problemOf(diamond), {});
  ASSERT_TRUE(plan.ok());
  EXPECT_DOUBLE_EQ(plan->value, 12);
  EXPECT_TRUE(plan->proven);
}

TEST(Solve, WhatIsTooLargeIsNamedWithWhatIsMissing) {
  const auto message = [](const std::string& text) { return solve(problemOf(text), {}).error().text(); };
  EXPECT_EQ(message(replaced(diamond, "\"time\": 6, \"size\": {\"lut\": 5}",
                             "\"time\": 6, \"size\": {\"lut\": 12}")),
            "node 'd': needs 12 lut, and the largest board has 10: 2 too few; it must be split inside");
  EXPECT_EQ(message(replaced(diamond, "\"count\": 2", "\"count\": 1")),
            "the network needs 20 lut, and all boards together have 10: 10 too few; 1 more of the largest "
            "board would "
            "hold it");
  const Result<Plan> slow = solve(
      problemOf(diamond), {.objective = {.goal = Goal::boards, .loadLimit = 9}, .orders = 1, .limits = {}});
  ASSERT_FALSE(slow.ok());
  EXPECT_EQ(slow.error().text(), "no split keeps every load within 9; the least possible is 12");
}

TEST(Solve, ASearchThatIsCutShortSaysWhatIsProven) {
  // Twelve nodes side by side: 2^12 ideals.
  const Problem problem = randomProblem({.nodes = 40, .boards = 6, .edges = 0.6, .reach = 30}, 11);
  const Result<Plan> plan =
      solve(problem, {.objective = {}, .orders = 2, .limits = {.steps = 2000, .bytes = 1 << 20}});
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  EXPECT_LE(plan->lowerBound, plan->value);
  const Result<std::string> verdict = checking::checkPlan(problemJson(problem), planJson(problem, *plan));
  EXPECT_TRUE(verdict.ok()) << verdict.error().text();
}

TEST(Solve, SameInputSameBytes) {
  const Problem problem = randomProblem({.nodes = 20, .boards = 4, .edges = 1.5, .reach = 5}, 3);
  const auto text = [&]() { return planJson(problem, *solve(problem, {})); };
  EXPECT_EQ(text(), text());
}

TEST(Baselines, CutAsTheirAuthorsDoAndAreNeverBetterThanTheOptimum) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem problem = randomProblem({.nodes = 12, .boards = 4, .edges = 1.2, .reach = 3}, seed);
    const Result<Plan> plan = solve(problem, {});
    for (const auto& stages :
         {seedEnumeration(problem), nextFit(problem), balance(problem), contractBranches(problem)}) {
      if (!stages) continue;
      ASSERT_TRUE(plan.ok()) << problem.name;
      EXPECT_GE(measure(problem, *stages).load, plan->value * (1 - 1e-9)) << problem.name;
    }
  }
  const Problem problem = problemOf(replaced(diamond, "\"count\": 2", "\"count\": 4"));
  // 20 of 10: three boards by the seed's rule, and the first cut is a | b | c d; at 80 % one node a board fits.
  EXPECT_EQ(seedEnumeration(problem)->size(), 3u);
  EXPECT_EQ(nextFit(problem)->size(), 4u);
  EXPECT_EQ(nextFit(problem, 1)->size(), 2u);
  // Two tensors reach d, so b, c and d are one block, and that is too large for any board.
  EXPECT_FALSE(contractBranches(problem).has_value());
}

/// What the checker says of the diamond's plan when `from` is replaced in it.
std::string refusal(const std::string& from, const std::string& to) {
  const Problem problem = problemOf(diamond);
  const std::string plan = replaced(planJson(problem, *solve(problem, {})), from, to);
  const Result<std::string> verdict = checking::checkPlan(diamond, plan);
  return verdict.ok() ? "accepted: " + *verdict : verdict.error().text();
}

TEST(Solve, ASearchCutShortStillProvesThatTheSlowestNodeMustBeDoneSomewhere) {
  for (const std::uint64_t seed : {58u, 85u, 119u, 148u}) {
    const Problem problem = randomProblem({.nodes = 20 + static_cast<std::uint32_t>(seed % 30),
                                           .boards = 6,
                                           .edges = 1.3,
                                           .reach = 3 + static_cast<std::uint32_t>(seed % 9)},
                                          seed);
    const Objective objective = {.goal = seed % 2 == 0 ? Goal::load : Goal::latency};
    const Result<Plan> plan = solve(problem, {.objective = objective, .limits = {.steps = 3000}});
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    EXPECT_GT(plan->lowerBound, 0) << problem.name;
    const auto verdict = checking::checkPlan(problemJson(problem), planJson(problem, *plan));
    EXPECT_TRUE(verdict.ok()) << problem.name << ": " << (verdict.ok() ? "" : verdict.error().text());
  }
}

TEST(Check, RefusesWhatIsNotSo) {
  EXPECT_EQ(refusal("\"objective\": 12.0", "\"objective\": 11.0"), "the load is 12, not 11");
  EXPECT_EQ(refusal("\"proven\": true", "\"proven\": false"),
            "bound and objective meet, and 'proven' is false");
  EXPECT_EQ(refusal("\"lower_bound\": 12.0", "\"lower_bound\": 13.0"),
            "the lower bound 13 is above the objective, or no number");
  EXPECT_EQ(refusal("\"below\": 12.0", "\"below\": 11.0"), "certificate: proves 11, and the bound is 12");
  EXPECT_EQ(refusal("\"place\": 1", "\"place\": 2"), "stages[1]: there is no place 2");
  EXPECT_EQ(refusal("\"small\"", "\"large\""), "device 'large' is not known");
  EXPECT_EQ(refusal("{\"nodes\":\"0\"", "{\"nodes\":\"1\""),
            "certificate: its states are not closed: a step from the start below the bound leads to one that "
            "is not "
            "listed");
  EXPECT_EQ(refusal("\"merges\": []", "\"merges\": [[\"a\", \"b\"]]"),
            "certificate: node a cannot be merged with node b: it takes time");
}

TEST(Check, RefusesNodesThatAreMissingTwiceThereOrFlowBackwards) {
  const auto said = [](const std::string& stages) {
    const std::string plan =
        R"({"format": "sluice-plan/1", "objective": 12, "objective_name": "load", "lower_bound": 0,
      "proven": false, "measures": {"load": 12, "latency": 1, "boards": 2}, "stages": [)" +
        stages + R"(],
      "certificate": {"below": 0, "merges": [], "weights": [], "states": []}})";
    const Result<std::string> verdict = checking::checkPlan(diamond, plan);
    return verdict.ok() ? "accepted" : verdict.error().text();
  };
  EXPECT_EQ(said(R"({"device": "small", "nodes": ["a", "b"]}, {"device": "small", "nodes": ["d"]})"),
            "node c is on no board");
  EXPECT_EQ(said(R"({"device": "small", "nodes": ["a", "b"]}, {"device": "small", "nodes": ["b", "c"]})"),
            "stages[1]: node b is on two boards");
  EXPECT_EQ(said(R"({"device": "small", "nodes": ["b", "c"]}, {"device": "small", "nodes": ["a", "d"]})"),
            "stages are not convex: the edge from node a to node b leads back from stage 1 to stage 0");
  EXPECT_EQ(said(R"({"device": "small", "nodes": ["a", "b", "c"]}, {"device": "small", "nodes": ["d"]})"),
            "stages[0]: needs 15 lut, and 'small' has 10");
}

TEST(Read, RefusesWithThePlaceInTheFile) {
  const auto said = [](const std::string& from, const std::string& to) {
    const Result<Problem> problem = parseProblem(replaced(diamond, from, to), "x.json");
    return problem.ok() ? "read" : problem.error().text();
  };
  EXPECT_EQ(said("\"time\": 3", "\"time\": -3"),
            "x.json: node 'a': has a time that is negative or no number");
  EXPECT_EQ(said("\"to\": [\"b\", \"c\"]", "\"to\": [\"b\", \"x\"]"),
            "x.json: tensors[0].to: 'x' is not known");
  EXPECT_EQ(said("\"from\": \"b\", \"to\": [\"d\"]", "\"from\": \"d\", \"to\": [\"a\"]"),
            "x.json: node 'a': lies on or behind a cycle; the network must be acyclic");
  EXPECT_EQ(said("\"id\": \"b\"", "\"id\": \"a\""), "x.json: nodes[1]: 'a' stands twice");
  EXPECT_EQ(said("\"count\"", "\"counts\""), "x.json: boards[0]: the key 'counts' is not known here");
  EXPECT_EQ(parseProblem("[]", "x.json").error().text(), "x.json: is not one JSON object");
}

TEST(Read, WhatIsWrittenReadsTheSame) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string text = problemJson(randomProblem({}, seed));
    EXPECT_EQ(problemJson(problemOf(text)), text);
  }
}

}  // namespace
}  // namespace sluice::splits

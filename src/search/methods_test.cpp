#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "search/front.h"
#include "search/sampler.h"

/// The methods that look at results, all held to the same promises.
namespace sluice::search {
namespace {

constexpr Method methods[] = {Method::nsga2, Method::moead, Method::tpe, Method::gaussianProcess};

Space mixed() {
  Space space;
  space.parameters = {realParameter("x", -1, 1),   logRealParameter("rate", 1e-5, 1),
                      integerParameter("n", 1, 8), categoricalParameter("type", {"a", "b", "c"}),
                      integerParameter("k", 0, 9), ordinalParameter("bits", {"2", "4", "8", "16"})};
  space.parameters[4].conditions = {{.parameter = 3, .values = {0, 2}}};
  space.constraints = {{.terms = {{0, 1}, {2, 0.25}}, .atMost = 1.8}};
  return space;
}

Objectives two() {
  Objectives objectives;
  objectives.objectives = {{"cost"}, {"error"}};
  objectives.limits = {{"size", 0, 5}};
  return objectives;
}

/// Every ninth trial fails; some lie outside the limits.
Trial tried(const Objectives& objectives, const Point& point, std::size_t number) {
  if (number % 9 == 4) return {point, State::failed, {}};
  const auto at = [&](std::size_t i) { return point.values[i].value_or(0); };
  const double cost = at(2) + at(5) + (at(3) == 1 ? 3 : 0);
  const double error =
      std::abs(at(0) - 0.3) + std::abs(std::log10(at(1)) + 3) + 1 / at(2) + 0.1 * at(4) - 0.2 * at(5);
  return {point, State::done, *scoreOf(objectives, {{"cost", cost}, {"error", error}, {"size", at(2)}})};
}

/// `count` trials; `ahead` of them are proposed at a time (at most the window).
std::vector<Trial> search(Method method, std::size_t count, std::size_t window, std::size_t ahead,
                          bool memory = true) {
  const Space space = mixed();
  const Objectives objectives = two();
  const SamplerOptions options{.method = method, .window = window};
  auto sampler = Sampler::make(space, objectives, options, 11);
  std::vector<Trial> history;
  while (history.size() < count) {
    const std::size_t next = std::min(ahead, count - history.size());
    const auto points =
        memory ? sampler->propose(history, next) : propose(space, objectives, options, history, 11, next);
    EXPECT_TRUE(points.ok()) << points.error().text();
    if (!points.ok()) break;
    for (const Point& point : *points) history.push_back(tried(objectives, point, history.size()));
  }
  return history;
}

std::vector<Point> pointsOf(const std::vector<Trial>& history) {
  std::vector<Point> points;
  for (const Trial& trial : history) points.push_back(trial.point);
  return points;
}

TEST(Methods, ProposeOnlyPointsOfTheSpace) {
  const Space space = mixed();
  for (const Method method : methods)
    for (const Point& point : pointsOf(search(method, 90, 1, 1)))
      ASSERT_TRUE(checkPoint(space, point).ok())
          << nameOf(method) << ": " << checkPoint(space, point).error().text();
}

TEST(Methods, TheTrialsAreTheSameHoweverManyAreAskedForAtATimeWithinTheWindow) {
  for (const Method method : methods) {
    const auto expected = pointsOf(search(method, 70, 8, 1));
    EXPECT_EQ(pointsOf(search(method, 70, 8, 8)), expected) << nameOf(method);
    EXPECT_EQ(pointsOf(search(method, 70, 8, 3)), expected) << nameOf(method);
    EXPECT_NE(pointsOf(search(method, 70, 1, 1)), expected)
        << nameOf(method);  // the window is part of the search
  }
}

TEST(Methods, ASamplerWithoutMemoryProposesTheSame) {
  for (const Method method : methods)
    EXPECT_EQ(pointsOf(search(method, 50, 4, 4, false)), pointsOf(search(method, 50, 4, 4)))
        << nameOf(method);
}

TEST(Methods, ProposalsDependOnNoResultWithinTheWindow) {
  for (const Method method : methods) {
    std::vector<Trial> history = search(method, 60, 8, 1);
    const auto expected = propose(mixed(), two(), {.method = method, .window = 8}, history, 11, 1);
    for (std::size_t i = 53; i < 60; ++i) history[i].state = State::pending;  // trial 60 looks at 0 to 52
    const auto pending = propose(mixed(), two(), {.method = method, .window = 8}, history, 11, 1);
    ASSERT_TRUE(pending.ok()) << nameOf(method) << pending.error().text();
    EXPECT_EQ(*pending, *expected) << nameOf(method);
    history[52].state = State::pending;
    EXPECT_EQ(propose(mixed(), two(), {.method = method, .window = 8}, history, 11, 1).error().text(),
              "trial 52: its result is needed for the next proposal");
    EXPECT_FALSE(
        propose(mixed(), two(), {.method = method, .window = 8}, search(method, 9, 8, 1), 11, 9).ok());
  }
}

TEST(Methods, FindABetterFrontThanRandomPoints) {
  const auto volume = [](Method method) {
    std::vector<std::vector<double>> losses;
    for (const Trial& trial : search(method, 150, 1, 1))
      if (trial.state == State::done && trial.score.violation == 0) losses.push_back(trial.score.losses);
    return hypervolume(losses, std::vector<double>{12, 4});
  };
  const double random = volume(Method::random);
  for (const Method method : methods) EXPECT_GT(volume(method), random) << nameOf(method);
}

TEST(Methods, FindTheMiddleOfABowlWithOneLoss) {
  Space space;
  space.parameters = {realParameter("x", 0, 1), realParameter("y", 0, 1)};
  Objectives objectives;
  objectives.objectives = {{"f"}};
  for (const Method method : methods) {
    auto sampler = Sampler::make(space, objectives, {.method = method}, 5);
    std::vector<Trial> history;
    double least = 1;
    for (int i = 0; i < 120; ++i) {
      const Point point = sampler->propose(history, 1)->front();
      const double f = std::pow(*point.values[0] - 0.7, 2) + std::pow(*point.values[1] - 0.2, 2);
      history.push_back({point, State::done, {{f}, 0}});
      least = std::min(least, f);
    }
    EXPECT_LT(least, method == Method::tpe ? 2e-3 : 2e-4) << nameOf(method);  // random points: about 2e-3
  }
}

TEST(Methods, GoOnWhereAllPointsWereTriedOrAllTrialsFailed) {
  Space space;
  space.parameters = {integerParameter("a", 0, 2), categoricalParameter("b", {"x", "y"})};
  Objectives objectives;
  objectives.objectives = {{"f"}, {"g"}};
  for (const Method method : methods) {
    std::vector<Trial> history;
    auto sampler = Sampler::make(space, objectives, {.method = method}, 5);
    for (int i = 0; i < 40; ++i) {
      const auto points = sampler->propose(history, 1);
      ASSERT_TRUE(points.ok()) << nameOf(method);
      history.push_back({points->front(), State::failed, {}});
    }
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < i; ++j)
        EXPECT_NE(history[static_cast<std::size_t>(i)].point, history[static_cast<std::size_t>(j)].point);
  }
}

}  // namespace
}  // namespace sluice::search

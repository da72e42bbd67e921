#include "search/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace sluice::search {
namespace {

Objectives oneLoss() {
  Objectives objectives;
  objectives.objectives = {{"loss"}};
  return objectives;
}

/// All proposals of a sampler that needs no results, in calls of `batch`.
std::vector<Point> proposals(const Space& space, const SamplerOptions& options, std::size_t count,
                             std::size_t batch) {
  auto sampler = Sampler::make(space, oneLoss(), options, 7);
  EXPECT_TRUE(sampler.ok()) << sampler.error().text();
  std::vector<Trial> history;
  std::vector<Point> points;
  while (points.size() < count) {
    const auto next = sampler->propose(history, std::min(batch, count - points.size()));
    EXPECT_TRUE(next.ok()) << next.error().text();
    if (!next.ok() || next->empty()) break;
    for (const Point& point : *next) {
      points.push_back(point);
      history.push_back({point});
    }
  }
  return points;
}

TEST(Grid, IsAllCombinationsWithTheLastParameterFastest) {
  Space space;
  space.parameters = {ordinalParameter("batch", {"512", "1024", "2048"}),
                      ordinalParameter("layer", {"16", "32", "64", "96"})};
  const auto points = proposals(space, {.method = Method::grid}, 100, 5);
  ASSERT_EQ(points.size(), 12u);
  EXPECT_EQ(printPoint(space, points[0]), "batch=512 layer=16");
  EXPECT_EQ(printPoint(space, points[1]), "batch=512 layer=32");
  EXPECT_EQ(printPoint(space, points[11]), "batch=2048 layer=96");
  EXPECT_EQ(Sampler::make(space, oneLoss(), {.method = Method::grid}, 0)->size(), 12u);
}

TEST(Grid, HasBothEndsOfEveryRangeAndNoMoreIntegersThanThereAre) {
  Space space;
  space.parameters = {logRealParameter("rate", 1e-4, 1e-2)};
  const auto rates = proposals(space, {.method = Method::grid, .gridPoints = 3}, 9, 9);
  ASSERT_EQ(rates.size(), 3u);
  EXPECT_EQ(rates[0].values[0], 1e-4);
  EXPECT_NEAR(*rates[1].values[0], 1e-3, 1e-15);
  EXPECT_EQ(rates[2].values[0], 1e-2);
  space.parameters = {integerParameter("n", 1, 4)};
  EXPECT_EQ(proposals(space, {.method = Method::grid, .gridPoints = 9}, 99, 1).size(), 4u);
  space.parameters = {logIntegerParameter("n", 1, 4)};  // 1, 1.26, ..., 4 rounded: each once
  EXPECT_EQ(proposals(space, {.method = Method::grid, .gridPoints = 3}, 99, 1).size(), 3u);
}

TEST(Grid, LeavesOutWhatDoesNotCountAndWhatIsNotAllowed) {
  Space space;
  space.parameters = {categoricalParameter("type", {"dense", "conv"}), integerParameter("kernel", 1, 3)};
  space.parameters[1].conditions = {{.parameter = 0, .values = {1}}};
  auto points = proposals(space, {.method = Method::grid}, 99, 99);
  EXPECT_EQ(points.size(), 4u);  // dense; conv with 1, 2, 3
  space.constraints = {{.terms = {{1, 1}}, .atMost = 2}};
  points = proposals(space, {.method = Method::grid}, 99, 99);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(printPoint(space, points[2]), "type=conv kernel=2");
  space.constraints = {{.terms = {{0, 0}}, .atMost = -1}};
  EXPECT_EQ(Sampler::make(space, oneLoss(), {.method = Method::grid}, 0).error().text(),
            "no combination of the grid meets the constraints");
  Space huge;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    huge.parameters.push_back(realParameter(name, 0, 1));
  EXPECT_NE(Sampler::make(huge, oneLoss(), {.method = Method::grid, .gridPoints = 10}, 0)
                .error()
                .text()
                .find("10,000,000"),
            std::string::npos);
}

Space mixed() {
  Space space;
  space.parameters = {realParameter("x", -1, 1), logRealParameter("rate", 1e-5, 1),
                      integerParameter("n", 1, 8), categoricalParameter("type", {"a", "b", "c"}),
                      integerParameter("k", 0, 9)};
  space.parameters[4].conditions = {{.parameter = 3, .values = {0, 2}}};
  space.constraints = {{.terms = {{0, 1}, {2, 0.25}}, .atMost = 1.5}};
  return space;
}

TEST(Random, PointsAreAllowedDifferentAndTheSameInCallsOfAnySize) {
  const Space space = mixed();
  for (const Method method : {Method::random, Method::quasiRandom}) {
    const auto points = proposals(space, {.method = method}, 200, 200);
    ASSERT_EQ(points.size(), 200u);
    for (const Point& point : points)
      EXPECT_TRUE(checkPoint(space, point).ok()) << checkPoint(space, point).error().text();
    EXPECT_EQ(points, proposals(space, {.method = method}, 200, 1));
    EXPECT_EQ(points, proposals(space, {.method = method}, 200, 7));
    // From any history on, without memory.
    std::vector<Trial> history;
    for (std::size_t i = 0; i < 100; ++i) history.push_back({points[i]});
    const auto more = propose(space, oneLoss(), {.method = method}, history, 7, 100);
    ASSERT_TRUE(more.ok());
    EXPECT_TRUE(std::equal(more->begin(), more->end(), points.begin() + 100));
  }
}

TEST(Random, NoPointComesTwiceWhileThereAreOthers) {
  Space space;
  space.parameters = {integerParameter("a", 0, 3), integerParameter("b", 0, 3)};
  const auto points = proposals(space, {.method = Method::random}, 16, 1);
  std::set<std::vector<double>> different;
  for (const Point& point : points) different.insert({*point.values[0], *point.values[1]});
  EXPECT_GE(different.size(), 15u);  // each is drawn up to 48 times until it is new
}

TEST(Random, ConstraintsThatNothingMeetsEndInAnError) {
  Space space;
  space.parameters = {realParameter("x", 0, 1)};
  space.constraints = {{.terms = {{0, 1}}, .atMost = -1}};
  for (const Method method : {Method::random, Method::quasiRandom}) {
    const auto points = propose(space, oneLoss(), {.method = method}, {}, 1, 1);
    ASSERT_FALSE(points.ok());
    EXPECT_EQ(points.error().code, ErrorCode::gaveUp);
  }
}

TEST(QuasiRandom, IsMoreEvenThanRandom) {
  // Of 6 * 6 boxes each holds its share of 36 * 20 points; a random sequence leaves it by about 4.5 (root of 20).
  Space space;
  space.parameters = {realParameter("x", 0, 1), realParameter("y", 0, 1)};
  const auto worst = [&](Method method) {
    std::vector<int> boxes(36);
    for (const Point& point : proposals(space, {.method = method}, 720, 720))
      ++boxes[static_cast<std::size_t>(std::min(5.0, *point.values[0] * 6) + 0) +
              6 * static_cast<std::size_t>(std::min(5.0, *point.values[1] * 6))];
    int most = 0;
    for (const int count : boxes) most = std::max(most, std::abs(count - 20));
    return most;
  };
  EXPECT_LE(worst(Method::quasiRandom), 6);
  EXPECT_GE(worst(Method::random), 8);
}

TEST(Sampler, AsksForTheResultsItLooksAt) {
  Space space;
  space.parameters = {realParameter("x", 0, 1)};
  EXPECT_EQ(Sampler::make(space, oneLoss(), {.window = 0}, 0).error().text(),
            "the window of a sampler is at least 1");
  EXPECT_EQ(methodNamed("nsga3").error().text(),
            "no sampler is called 'nsga3'; there are grid, random, quasi-random, nsga2, moead, tpe, gp");
  for (const char* name : {"grid", "random", "quasi-random", "nsga2", "moead", "tpe", "gp"})
    EXPECT_EQ(nameOf(*methodNamed(name)), name);
  EXPECT_EQ(resultsBefore(0, 1), 0u);
  EXPECT_EQ(resultsBefore(5, 1), 5u);
  EXPECT_EQ(resultsBefore(5, 8), 0u);
  EXPECT_EQ(resultsBefore(8, 8), 1u);
}

}  // namespace
}  // namespace sluice::search

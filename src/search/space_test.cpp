#include "search/space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

#include "search/objectives.h"

namespace sluice::search {
namespace {

/// A kernel only for "conv"; layers * width^2 bounded.
Space example() {
  Space space;
  space.parameters = {integerParameter("layers", 1, 3), logIntegerParameter("width", 8, 512),
                      categoricalParameter("type", {"dense", "conv"}), integerParameter("kernel", 1, 7)};
  space.parameters[3].conditions = {{.parameter = 2, .values = {1}}};
  space.constraints = {{.form = Constraint::Form::product, .terms = {{0, 1}, {1, 2}}, .atMost = 1e5}};
  return space;
}

TEST(Space, AParameterThatDoesNotCountHasNoValue) {
  const Space space = example();
  ASSERT_TRUE(check(space).ok());
  const Point dense = pointAt(space, std::vector<double>{0, 0, 0, 0.9});
  EXPECT_FALSE(dense.values[3].has_value());
  EXPECT_EQ(dense, pointAt(space, std::vector<double>{0, 0, 0, 0.1}));
  const Point conv = pointAt(space, std::vector<double>{0, 0, 0.99, 0.99});
  EXPECT_EQ(conv.values[3], 7.0);
  EXPECT_EQ(printPoint(space, conv), "layers=1 width=8 type=conv kernel=7");
}

TEST(Space, PointsAreCheckedValueByValue) {
  const Space space = example();
  const auto message = [&](std::vector<std::optional<double>> values) {
    const Status status = checkPoint(space, Point{std::move(values)});
    return status.ok() ? std::string("ok") : status.error().text();
  };
  EXPECT_EQ(message({1, 8, 0, {}}), "ok");
  EXPECT_EQ(message({1, 8, 0, 3}), "parameter 'kernel' has a value where it does not count");
  EXPECT_EQ(message({1, 8, 1, {}}), "parameter 'kernel' has no value");
  EXPECT_EQ(message({1, 8.5, 0, {}}), "parameter 'width' is 8.5, not a whole number");
  EXPECT_EQ(message({4, 8, 0, {}}), "parameter 'layers' is 4, outside [1, 3]");
  EXPECT_EQ(message({1, 8, 2, {}}), "parameter 'type' has no choice at position 2");
  EXPECT_EQ(message({1, 512, 0, {}}), "the point breaks a constraint: layers=1 width=512 type=dense");
  EXPECT_EQ(message({1, 8}), "the point has 2 values, the space 4 parameters");
}

TEST(Space, EveryProblemOfASpaceIsNamed) {
  Space space;
  space.parameters = {integerParameter("a", 3, 1), logRealParameter("b", 0, 1),
                      categoricalParameter("b", {"x", "x"}), ordinalParameter("", {})};
  space.parameters[0].conditions = {{.parameter = 1, .values = {1}}};
  space.constraints = {{.form = Constraint::Form::product, .terms = {{2, 1}}, .atMost = 1}};
  const Status status = check(space);
  ASSERT_FALSE(status.ok());
  for (const char* part :
       {"parameter 'a': the range [3, 1]", "only at parameters listed before",
        "a logarithmic range begins above 0", "the name occurs twice", "the choice 'x' occurs twice",
        "it has no name", "nothing to choose from", "a product takes parameters above 0; 'b' is not"})
    EXPECT_NE(status.error().text().find(part), std::string::npos) << part << "\n" << status.error().text();
  EXPECT_FALSE(check(Space{}).ok());
}

TEST(Space, EveryLevelHasAPositionThatGivesItBack) {
  for (const Parameter& parameter : {integerParameter("i", -3, 900), logIntegerParameter("l", 1, 1000),
                                     ordinalParameter("o", {"a", "b", "c"})})
    for (std::uint64_t level = 0; level < parameter.levels(); ++level) {
      const double value = (parameter.hasChoices() ? 0 : parameter.lo) + static_cast<double>(level);
      EXPECT_EQ(valueAt(parameter, unitOf(parameter, value)), value) << parameter.name;
    }
  const Parameter real = logRealParameter("r", 1e-5, 1e-1);
  EXPECT_NEAR(unitOf(real, valueAt(real, 0.3)), 0.3, 1e-12);
  EXPECT_EQ(valueAt(real, 0), 1e-5);
  EXPECT_EQ(valueAt(real, 1), 1e-1);
}

TEST(Space, LevelsHaveEqualPartsOfAnIntegerRangeAndRatiosOfALogarithmicOne) {
  const Parameter even = integerParameter("i", 0, 9), ratios = logIntegerParameter("l", 1, 1024);
  std::map<double, int> seen;
  int small = 0;
  for (int i = 0; i < 10000; ++i) {
    ++seen[valueAt(even, (i + 0.5) / 10000)];
    if (valueAt(ratios, (i + 0.5) / 10000) <= 32) ++small;
  }
  ASSERT_EQ(seen.size(), 10u);
  for (const auto& [value, count] : seen) EXPECT_EQ(count, 1000) << value;
  // log(32.5 / 0.5) of log(1024.5 / 0.5)
  EXPECT_NEAR(small / 10000.0, std::log(65.0) / std::log(2049.0), 1e-3);
}

TEST(Space, ValuesReadAsTheyArePrinted) {
  const Space space = example();
  for (const auto& [index, text] : std::map<std::size_t, std::string>{{0, "2"}, {1, "64"}, {2, "conv"}}) {
    const auto value = parseValue(space.parameters[index], text);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(printValue(space.parameters[index], *value), text);
  }
  EXPECT_EQ(parseValue(space.parameters[2], "pool").error().text(),
            "parameter 'type': 'pool' is none of: dense, conv");
  EXPECT_FALSE(parseValue(space.parameters[0], "2.5").ok());
  EXPECT_FALSE(parseValue(space.parameters[0], "9").ok());
}

TEST(Objectives, EveryGoalIsALossOfWhichLessIsBetter) {
  Objectives objectives;
  objectives.objectives = {{"lut"}, {"accuracy", Goal::maximise}, {"temperature", Goal::closeTo, 50}};
  objectives.limits = {{"dsp", 0, 100}};
  const auto score = [&](double temperature, double dsp) {
    return *scoreOf(objectives, {{"lut", 7}, {"accuracy", 0.5}, {"temperature", temperature}, {"dsp", dsp}});
  };
  EXPECT_EQ(score(50, 10), (Score{{7, -0.5, 0}, 0}));
  EXPECT_EQ(score(90, 150), (Score{{7, -0.5, 40}, 0.5}));
  EXPECT_EQ(score(5, -2).losses[2], 45);
  EXPECT_EQ(score(5, -2).violation, 2);
  objectives.combine = Combine::sum;
  objectives.objectives[0].weight = 2;
  EXPECT_EQ(score(60, 0).losses, std::vector<double>{14 - 0.5 + 10});
  objectives.combine = Combine::largest;
  EXPECT_EQ(score(60, 0).losses, std::vector<double>{14});
  EXPECT_EQ(scoreOf(objectives, {{"lut", 1}}).error().text(), "the trial has no metric 'accuracy'");
  EXPECT_EQ(scoreOf(objectives, {{"lut", std::nan("")}}).error().text(), "metric 'lut' is nan");
}

}  // namespace
}  // namespace sluice::search

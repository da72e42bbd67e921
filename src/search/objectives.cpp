#include "search/objectives.h"

#include <algorithm>
#include <cmath>

#include "base/diagnostics.h"
#include "base/text.h"

namespace sluice::search {

namespace {

Result<double> metricOf(const std::map<std::string, double>& metrics, const std::string& name) {
  const auto found = metrics.find(name);
  if (found == metrics.end()) return badInput("the trial has no metric '" + name + "'");
  if (!std::isfinite(found->second))
    return badInput("metric '" + name + "' is " + formatDouble(found->second));
  return found->second;
}

double lossOf(const Objective& objective, double value) {
  switch (objective.goal) {
    case Goal::minimise:
      return value;
    case Goal::maximise:
      return -value;
    case Goal::closeTo:
      return std::abs(value - objective.target);
  }
  return value;
}

}  // namespace

Status check(const Objectives& objectives) {
  Diagnostics problems("objectives");
  if (objectives.objectives.empty()) problems.add(badInput("there is no objective"));
  for (const Objective& objective : objectives.objectives) {
    const std::string where = "objective '" + objective.metric + "'";
    if (objective.metric.empty()) problems.add(badInput("an objective names no metric"));
    if (!(objective.weight > 0) || !std::isfinite(objective.weight))
      problems.add(badInput("a weight is above 0, not " + formatDouble(objective.weight), where));
    if (!std::isfinite(objective.target)) problems.add(badInput("the target is not a number", where));
  }
  for (const Limit& limit : objectives.limits) {
    if (limit.metric.empty()) problems.add(badInput("a limit names no metric"));
    if (!(limit.lo <= limit.hi))
      problems.add(badInput("nothing lies within it", "limit of '" + limit.metric + "'"));
  }
  return problems.status();
}

Result<Score> scoreOf(const Objectives& objectives, const std::map<std::string, double>& metrics) {
  Score score;
  double sum = 0, largest = -std::numeric_limits<double>::infinity();
  for (const Objective& objective : objectives.objectives) {
    SLUICE_TRY(const double value, metricOf(metrics, objective.metric));
    const double loss = lossOf(objective, value);
    if (objectives.combine == Combine::front) score.losses.push_back(loss);
    sum += objective.weight * loss;
    largest = std::max(largest, objective.weight * loss);
  }
  if (objectives.combine == Combine::sum) score.losses = {sum};
  if (objectives.combine == Combine::largest) score.losses = {largest};
  for (const Limit& limit : objectives.limits) {
    SLUICE_TRY(const double value, metricOf(metrics, limit.metric));
    if (value < limit.lo) score.violation += (limit.lo - value) / std::max(1.0, std::abs(limit.lo));
    if (value > limit.hi) score.violation += (value - limit.hi) / std::max(1.0, std::abs(limit.hi));
  }
  return score;
}

}  // namespace sluice::search

#include "search/space.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/diagnostics.h"
#include "base/text.h"

namespace sluice::search {

namespace {

constexpr double largestInteger = 0x1.0p53;

Parameter numberParameter(std::string name, Kind kind, double lo, double hi) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.kind = kind;
  parameter.lo = lo;
  parameter.hi = hi;
  return parameter;
}

Parameter choiceParameter(std::string name, Kind kind, std::vector<std::string> choices) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.kind = kind;
  parameter.choices = std::move(choices);
  return parameter;
}

bool isWhole(double value) { return std::floor(value) == value && std::abs(value) <= largestInteger; }

/// Empty, or why `value` is none of the parameter's.
std::string objection(const Parameter& parameter, double value) {
  if (parameter.hasChoices()) {
    if (isWhole(value) && value >= 0 && value < static_cast<double>(parameter.choices.size())) return {};
    return "has no choice at position " + formatDouble(value);
  }
  if (!(value >= parameter.lo && value <= parameter.hi))
    return "is " + formatDouble(value) + ", outside [" + formatDouble(parameter.lo) + ", " +
           formatDouble(parameter.hi) + "]";
  if (!parameter.isContinuous() && !isWhole(value))
    return "is " + formatDouble(value) + ", not a whole number";
  return {};
}

void checkNumbers(const Parameter& parameter, const std::string& where, Diagnostics& problems) {
  if (!std::isfinite(parameter.lo) || !std::isfinite(parameter.hi) || parameter.lo > parameter.hi) {
    problems.add(badInput("the range [" + formatDouble(parameter.lo) + ", " + formatDouble(parameter.hi) +
                              "] is not one of finite numbers in order",
                          where));
    return;
  }
  if (!parameter.isContinuous() && (!isWhole(parameter.lo) || !isWhole(parameter.hi)))
    problems.add(
        badInput("the range of whole numbers ends at a number that is not whole, or above 2^53", where));
  if (parameter.isLogarithmic() && parameter.lo <= 0)
    problems.add(badInput("a logarithmic range begins above 0, not at " + formatDouble(parameter.lo), where));
}

void checkChoices(const Parameter& parameter, const std::string& where, Diagnostics& problems) {
  if (parameter.choices.empty()) problems.add(badInput("there is nothing to choose from", where));
  std::set<std::string> seen;
  for (const std::string& choice : parameter.choices)
    if (!seen.insert(choice).second)
      problems.add(badInput("the choice '" + choice + "' occurs twice", where));
}

void checkConditions(const Space& space, std::size_t index, const std::string& where, Diagnostics& problems) {
  for (const Condition& condition : space.parameters[index].conditions) {
    if (condition.parameter >= index) {
      problems.add(badInput("a condition may look only at parameters listed before this one", where));
      continue;
    }
    const Parameter& other = space.parameters[condition.parameter];
    if (condition.values.empty())
      problems.add(badInput("a condition on '" + other.name + "' allows no value", where));
    for (const double value : condition.values)
      if (const std::string why = objection(other, value); !why.empty())
        problems.add(badInput("in a condition, '" + other.name + "' " + why, where));
  }
}

void checkConstraint(const Space& space, std::size_t index, Diagnostics& problems) {
  const Constraint& constraint = space.constraints[index];
  const std::string where = "constraint " + std::to_string(index + 1);
  const bool product = constraint.form == Constraint::Form::product;
  if (constraint.terms.empty()) problems.add(badInput("it has no terms", where));
  if (!std::isfinite(constraint.atMost)) problems.add(badInput("its bound is not a number", where));
  for (const Constraint::Term& term : constraint.terms) {
    if (!std::isfinite(term.coefficient)) problems.add(badInput("a coefficient is not a number", where));
    if (term.parameter >= space.parameters.size()) {
      problems.add(badInput("it names parameter " + std::to_string(term.parameter) + "; there are " +
                                std::to_string(space.parameters.size()),
                            where));
      continue;
    }
    const Parameter& parameter = space.parameters[term.parameter];
    if (product && (parameter.hasChoices() || parameter.lo <= 0))
      problems.add(badInput("a product takes parameters above 0; '" + parameter.name + "' is not", where));
  }
}

}  // namespace

Parameter integerParameter(std::string name, std::int64_t lo, std::int64_t hi) {
  return numberParameter(std::move(name), Kind::integer, static_cast<double>(lo), static_cast<double>(hi));
}
Parameter logIntegerParameter(std::string name, std::int64_t lo, std::int64_t hi) {
  return numberParameter(std::move(name), Kind::logInteger, static_cast<double>(lo), static_cast<double>(hi));
}
Parameter realParameter(std::string name, double lo, double hi) {
  return numberParameter(std::move(name), Kind::real, lo, hi);
}
Parameter logRealParameter(std::string name, double lo, double hi) {
  return numberParameter(std::move(name), Kind::logReal, lo, hi);
}
Parameter ordinalParameter(std::string name, std::vector<std::string> choices) {
  return choiceParameter(std::move(name), Kind::ordinal, std::move(choices));
}
Parameter categoricalParameter(std::string name, std::vector<std::string> choices) {
  return choiceParameter(std::move(name), Kind::categorical, std::move(choices));
}

std::uint64_t Parameter::levels() const {
  if (hasChoices()) return choices.size();
  return isContinuous() ? 0 : static_cast<std::uint64_t>(hi - lo) + 1;
}

std::optional<std::size_t> Space::find(std::string_view name) const {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].name == name) return i;
  return std::nullopt;
}

Status check(const Space& space) {
  Diagnostics problems("search space");
  if (space.parameters.empty()) problems.add(badInput("there is no parameter"));
  std::set<std::string> names;
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const Parameter& parameter = space.parameters[i];
    const std::string where = "parameter '" + parameter.name + "'";
    if (parameter.name.empty())
      problems.add(badInput("it has no name", "parameter " + std::to_string(i + 1)));
    if (!names.insert(parameter.name).second) problems.add(badInput("the name occurs twice", where));
    if (parameter.hasChoices())
      checkChoices(parameter, where, problems);
    else
      checkNumbers(parameter, where, problems);
    checkConditions(space, i, where, problems);
  }
  for (std::size_t i = 0; i < space.constraints.size(); ++i) checkConstraint(space, i, problems);
  return problems.status();
}

Status checkPoint(const Space& space, const Point& point) {
  if (point.values.size() != space.parameters.size())
    return badInput("the point has " + countOf(static_cast<std::int64_t>(point.values.size()), "value") +
                    ", the space " +
                    countOf(static_cast<std::int64_t>(space.parameters.size()), "parameter"));
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const Parameter& parameter = space.parameters[i];
    const bool wanted = counts(space, i, point);
    if (wanted != point.values[i].has_value())
      return badInput("parameter '" + parameter.name + "' " +
                      (wanted ? "has no value" : "has a value where it does not count"));
    if (!wanted) continue;
    if (const std::string why = objection(parameter, *point.values[i]); !why.empty())
      return badInput("parameter '" + parameter.name + "' " + why);
  }
  if (!meetsConstraints(space, point))
    return badInput("the point breaks a constraint: " + printPoint(space, point));
  return {};
}

bool counts(const Space& space, std::size_t parameter, const Point& point) {
  const auto holds = [&](const Condition& condition) {
    const std::optional<double>& value = point.values[condition.parameter];
    return value &&
           std::find(condition.values.begin(), condition.values.end(), *value) != condition.values.end();
  };
  const std::vector<Condition>& conditions = space.parameters[parameter].conditions;
  return std::all_of(conditions.begin(), conditions.end(), holds);
}

bool meetsConstraints(const Space& space, const Point& point) {
  for (const Constraint& constraint : space.constraints) {
    const bool product = constraint.form == Constraint::Form::product;
    double total = product ? 1 : 0;
    for (const Constraint::Term& term : constraint.terms) {
      const std::optional<double>& value = point.values[term.parameter];
      if (!value) continue;
      if (product)
        total *= std::pow(*value, term.coefficient);
      else
        total += term.coefficient * *value;
    }
    if (!(total <= constraint.atMost)) return false;
  }
  return true;
}

double valueAt(const Parameter& parameter, double unit) {
  unit = std::clamp(unit, 0.0, 1.0);
  switch (parameter.kind) {
    case Kind::real:
      return std::clamp(parameter.lo + unit * (parameter.hi - parameter.lo), parameter.lo, parameter.hi);
    case Kind::logReal:
      return std::clamp(parameter.lo * std::pow(parameter.hi / parameter.lo, unit), parameter.lo,
                        parameter.hi);
    case Kind::integer: {
      const double level = std::floor(unit * (parameter.hi - parameter.lo + 1));
      return std::min(parameter.lo + level, parameter.hi);
    }
    case Kind::logInteger: {  // level k has the part from k - 1/2 to k + 1/2 on the logarithmic axis
      const double from = parameter.lo - 0.5, to = parameter.hi + 0.5;
      return std::clamp(std::floor(from * std::pow(to / from, unit) + 0.5), parameter.lo, parameter.hi);
    }
    case Kind::ordinal:
    case Kind::categorical: {
      const auto count = static_cast<double>(parameter.choices.size());
      return std::min(std::floor(unit * count), count - 1);
    }
  }
  return parameter.lo;
}

double unitOf(const Parameter& parameter, double value) {
  const double span = parameter.hi - parameter.lo;
  switch (parameter.kind) {
    case Kind::real:
      return span > 0 ? (value - parameter.lo) / span : 0;
    case Kind::logReal:
      return span > 0 ? std::log(value / parameter.lo) / std::log(parameter.hi / parameter.lo) : 0;
    case Kind::integer:
      return (value - parameter.lo + 0.5) / (span + 1);
    case Kind::logInteger: {
      const double from = parameter.lo - 0.5, to = parameter.hi + 0.5;
      return std::log(value / from) / std::log(to / from);
    }
    case Kind::ordinal:
    case Kind::categorical:
      return (value + 0.5) / static_cast<double>(parameter.choices.size());
  }
  return 0;
}

Point pointAt(const Space& space, std::span<const double> unit) {
  SLUICE_CHECK(unit.size() == space.parameters.size(), "one position per parameter");
  Point point;
  point.values.resize(space.parameters.size());
  for (std::size_t i = 0; i < space.parameters.size(); ++i)
    if (counts(space, i, point)) point.values[i] = valueAt(space.parameters[i], unit[i]);
  return point;
}

std::string printValue(const Parameter& parameter, double value) {
  if (parameter.hasChoices()) return parameter.choices.at(static_cast<std::size_t>(value));
  if (parameter.isContinuous()) return formatDouble(value);
  return std::to_string(static_cast<std::int64_t>(value));
}

Result<double> parseValue(const Parameter& parameter, std::string_view text) {
  const std::string where = "parameter '" + parameter.name + "'";
  if (parameter.hasChoices()) {
    const auto found = std::find(parameter.choices.begin(), parameter.choices.end(), text);
    if (found == parameter.choices.end())
      return badInput("'" + std::string(text) + "' is none of: " + join(parameter.choices, ", "), where);
    return static_cast<double>(found - parameter.choices.begin());
  }
  double value = 0;
  if (!parseDouble(text, value)) return badInput("'" + std::string(text) + "' is not a number", where);
  if (const std::string why = objection(parameter, value); !why.empty()) return badInput(why, where);
  return value;
}

std::string printPoint(const Space& space, const Point& point) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < space.parameters.size(); ++i)
    if (point.values[i])
      parts.push_back(space.parameters[i].name + "=" + printValue(space.parameters[i], *point.values[i]));
  return join(parts, " ");
}

}  // namespace sluice::search

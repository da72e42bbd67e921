#include <algorithm>
#include <limits>

#include "experiment/definition_parts.h"

namespace sluice::experiment {
namespace {

/// {integer: [1, 8], log: true}, {number: [0, 1]}, {choices: [a, b]}, {levels: [1, 2, 4]}; and when: {name: value}.
std::optional<search::Parameter> readParameter(YamlReader& reader, const std::string& name,
                                               const YAML::Node& node) {
  const std::string what = "parameter '" + name + "'";
  if (!reader.isMap(node, what, {"integer", "number", "choices", "levels", "log", "when"}))
    return std::nullopt;
  search::Parameter parameter;
  parameter.name = name;
  int kinds = 0;
  const bool logarithmic = node["log"] && reader.truth(node["log"], what + ": 'log'");
  for (const char* kind : {"integer", "number"}) {
    if (!node[kind]) continue;
    ++kinds;
    const bool whole = std::string_view(kind) == "integer";
    if (!node[kind].IsSequence() || node[kind].size() != 2) {
      reader.complain(node[kind], what + ": '" + kind + "' is [least, largest]");
      continue;
    }
    parameter.lo = reader.number(node[kind][0], what + ": its least");
    parameter.hi = reader.number(node[kind][1], what + ": its largest");
    if (whole)
      parameter.kind = logarithmic ? search::Kind::logInteger : search::Kind::integer;
    else
      parameter.kind = logarithmic ? search::Kind::logReal : search::Kind::real;
  }
  for (const char* kind : {"choices", "levels"}) {
    if (!node[kind]) continue;
    ++kinds;
    parameter.kind = std::string_view(kind) == "choices" ? search::Kind::categorical : search::Kind::ordinal;
    parameter.choices = reader.texts(node[kind], what + ": '" + kind + "'");
    if (logarithmic) reader.complain(node["log"], what + ": only numbers can be 'log'");
  }
  if (kinds != 1)
    reader.complain(node,
                    what + " has one of: integer: [lo, hi], number: [lo, hi], choices: [...], levels: [...]");
  return parameter;
}

void readConditions(YamlReader& reader, const YAML::Node& node, const search::Space& space,
                    search::Parameter& parameter) {
  const std::string what = "'when' of parameter '" + parameter.name + "'";
  if (!reader.isMap(node, what, {})) return;
  for (const auto& entry : node) {
    const std::optional<std::size_t> other = space.find(entry.first.Scalar());
    if (!other) {
      reader.complain(entry.first, what + ": there is no earlier parameter '" + entry.first.Scalar() + "'");
      continue;
    }
    const std::vector<std::string> texts = entry.second.IsSequence()
                                               ? reader.texts(entry.second, what)
                                               : std::vector<std::string>{reader.text(entry.second, what)};
    search::Condition condition{.parameter = *other, .values = {}};
    for (const std::string& text : texts) {
      const Result<double> value = search::parseValue(space.parameters[*other], text);
      if (value.ok())
        condition.values.push_back(*value);
      else
        reader.complain(entry.second, what + ": " + value.error().text());
    }
    parameter.conditions.push_back(std::move(condition));
  }
}

void readConstraint(YamlReader& reader, const YAML::Node& node, search::Space& space) {
  if (!reader.isMap(node, "a constraint", {"sum", "product", "at_most"})) return;
  const char* form = node["product"] ? "product" : "sum";
  if (!node[form] || !node["at_most"] || (node["sum"] && node["product"]) ||
      !reader.isMap(node[form], std::string("'") + form + "'", {}))
    return reader.complain(node,
                           "a constraint is {sum or product: {parameter: coefficient}, at_most: number}");
  search::Constraint constraint;
  constraint.form = node["product"] ? search::Constraint::Form::product : search::Constraint::Form::sum;
  constraint.atMost = reader.number(node["at_most"], "'at_most'");
  for (const auto& entry : node[form]) {
    const std::optional<std::size_t> parameter = space.find(entry.first.Scalar());
    if (!parameter)
      reader.complain(entry.first, "there is no parameter '" + entry.first.Scalar() + "'");
    else
      constraint.terms.push_back({*parameter, reader.number(entry.second, "a coefficient")});
  }
  space.constraints.push_back(std::move(constraint));
}

bool hasMetric(const std::vector<Metric>& metrics, const std::string& name) {
  for (const Metric& metric : metrics)
    if (metric.name == name) return true;
  return false;
}

}  // namespace

search::Space readSpace(YamlReader& reader, const YAML::Node& root) {
  search::Space space;
  const YAML::Node node = root["parameters"];
  if (!node) return reader.complain(root, "the definition has no 'parameters'"), space;
  if (!reader.isMap(node, "'parameters'", {})) return space;
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    std::optional<search::Parameter> parameter = readParameter(reader, name, entry.second);
    if (!parameter) continue;
    if (!isIdentifier(name))
      reader.complain(entry.first, "'" + name + "': names are letters, digits and '_'");
    if (entry.second["when"]) readConditions(reader, entry.second["when"], space, *parameter);
    space.parameters.push_back(std::move(*parameter));
  }
  if (const YAML::Node constraints = root["constraints"]) {
    if (!constraints.IsSequence())
      reader.complain(constraints, "'constraints' is not a list");
    else
      for (const auto& entry : constraints) readConstraint(reader, entry, space);
  }
  if (reader.good()) {
    const Status valid = search::check(space);
    if (!valid.ok()) reader.complain(node, valid.error().text());
  }
  return space;
}

search::SamplerOptions readSampler(YamlReader& reader, const YAML::Node& root) {
  search::SamplerOptions options;
  constexpr std::int64_t most = 1'000'000;
  const YAML::Node node = root["sampler"];
  const auto size = [&](const YAML::Node& map, const char* key, std::size_t& slot) {
    if (map[key])
      slot = static_cast<std::size_t>(reader.integer(map[key], std::string("'") + key + "'", 1, most));
  };
  if (node && !node.IsScalar()) {
    if (!reader.isMap(node, "'sampler'", {"method", "population", "startup", "grid_points"})) return options;
    size(node, "population", options.population);
    size(node, "startup", options.startup);
    size(node, "grid_points", options.gridPoints);
  }
  if (const YAML::Node method = node && node.IsMap() ? node["method"] : node) {
    const Result<search::Method> named = search::methodNamed(reader.text(method, "the sampler's method"));
    if (!named.ok())
      reader.complain(method, named.error().text());
    else
      options.method = *named;
  }
  // How far ahead of the results proposals may be. Those that look at no results lose nothing by a wide window.
  constexpr std::size_t ofBlind = 512, ofOthers = 8;
  options.window = search::looksAtResults(options.method) ? ofOthers : ofBlind;
  size(root, "window", options.window);
  return options;
}

std::optional<Fidelity> readFidelity(YamlReader& reader, const YAML::Node& root, const search::Space& space) {
  const YAML::Node node = root["fidelity"];
  if (!node) return std::nullopt;
  if (!reader.isMap(node, "'fidelity'", {"values", "bracket", "factor"})) return std::nullopt;
  Fidelity fidelity;
  if (!node["values"]) return reader.complain(node, "'fidelity' has no 'values', lowest first"), std::nullopt;
  fidelity.values = reader.texts(node["values"], "'values'");
  if (fidelity.values.size() < 2)
    reader.complain(node["values"], "'values' of 'fidelity' are two or more; the last is the real thing");
  for (std::size_t i = 1; i < fidelity.values.size(); ++i)
    if (std::find(fidelity.values.begin(), fidelity.values.begin() + static_cast<std::ptrdiff_t>(i),
                  fidelity.values[i]) != fidelity.values.begin() + static_cast<std::ptrdiff_t>(i))
      reader.complain(node["values"], "'" + fidelity.values[i] + "' stands twice in 'values'");
  fidelity.halving.rungs = fidelity.values.size();
  if (node["bracket"])
    fidelity.halving.bracket =
        static_cast<std::size_t>(reader.integer(node["bracket"], "'bracket'", 1, 100'000));
  if (node["factor"]) fidelity.halving.factor = reader.number(node["factor"], "'factor'");
  if (space.find("fidelity")) reader.complain(node, "'fidelity' is already the name of a parameter");
  const Status valid = search::check(fidelity.halving);
  if (!valid.ok()) reader.complain(node, valid.error().text());
  return fidelity;
}

search::Objectives readObjectives(YamlReader& reader, const YAML::Node& root,
                                  const std::vector<Metric>& metrics) {
  search::Objectives objectives;
  const YAML::Node node = root["objectives"];
  if (!node) return reader.complain(root, "the definition has no 'objectives'"), objectives;
  if (!reader.isMap(node, "'objectives'", {})) return objectives;
  for (const auto& entry : node) {
    search::Objective objective{.metric = entry.first.Scalar()};
    const std::string what = "objective '" + objective.metric + "'";
    if (!hasMetric(metrics, objective.metric)) reader.complain(entry.first, what + " is no metric");
    std::string goal;
    const YAML::Node value = entry.second;
    if (value.IsScalar()) {
      goal = value.Scalar();
    } else if (reader.isMap(value, what, {"goal", "close_to", "weight"})) {
      if (value["goal"]) goal = reader.text(value["goal"], what + ": 'goal'");
      if (value["weight"]) objective.weight = reader.number(value["weight"], what + ": 'weight'");
      if (value["close_to"]) {
        objective.goal = search::Goal::closeTo;
        objective.target = reader.number(value["close_to"], what + ": 'close_to'");
        goal = "close_to";
      }
    }
    if (goal == "maximise")
      objective.goal = search::Goal::maximise;
    else if (goal == "minimise")
      objective.goal = search::Goal::minimise;
    else if (goal != "close_to" || value.IsScalar())
      reader.complain(value, what +
                                 " is minimise, maximise or {close_to: number}; with a weight, {goal: ..., "
                                 "weight: number}");
    objectives.objectives.push_back(std::move(objective));
  }
  if (const YAML::Node limits = root["limits"]; limits && reader.isMap(limits, "'limits'", {})) {
    for (const auto& entry : limits) {
      search::Limit limit{.metric = entry.first.Scalar()};
      if (!hasMetric(metrics, limit.metric))
        reader.complain(entry.first, "'" + limit.metric + "' is no metric");
      if (!reader.isMap(entry.second, "a limit", {"at_least", "at_most"})) continue;
      if (entry.second["at_least"]) limit.lo = reader.number(entry.second["at_least"], "'at_least'");
      if (entry.second["at_most"]) limit.hi = reader.number(entry.second["at_most"], "'at_most'");
      objectives.limits.push_back(std::move(limit));
    }
  }
  if (const YAML::Node combine = root["combine"]) {
    const std::string word = reader.text(combine, "'combine'");
    if (word == "sum")
      objectives.combine = search::Combine::sum;
    else if (word == "largest")
      objectives.combine = search::Combine::largest;
    else if (word != "front")
      reader.complain(combine, "'combine' is front, sum or largest");
  }
  if (reader.good()) {
    const Status valid = search::check(objectives);
    if (!valid.ok()) reader.complain(node, valid.error().text());
  }
  return objectives;
}

}  // namespace sluice::experiment

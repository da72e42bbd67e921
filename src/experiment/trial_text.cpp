#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiment/trial.h"

namespace sluice::experiment {

using Json = nlohmann::json;

std::string printParameters(const Definition& definition, const TrialPoint& trial) {
  const search::Space& space = definition.space;
  Json json = Json::object();
  for (std::size_t i = 0; i < space.parameters.size(); ++i)
    if (trial.point.values[i])
      json[space.parameters[i].name] = search::printValue(space.parameters[i], *trial.point.values[i]);
  if (definition.fidelity) json["fidelity"] = definition.fidelity->values[trial.rung];
  return json.dump();
}

Result<TrialPoint> parseParameters(const Definition& definition, const std::string& text) {
  const search::Space& space = definition.space;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return badInput("parameters of a trial are no JSON object: " + text);
  TrialPoint trial;
  trial.point.values.resize(space.parameters.size());
  for (const auto& [name, value] : json.items()) {
    if (definition.fidelity && name == "fidelity") {
      const std::vector<std::string>& values = definition.fidelity->values;
      const auto found = std::find(values.begin(), values.end(), value);
      if (found == values.end()) return badInput("a trial has a fidelity that the definition has not");
      trial.rung = static_cast<std::size_t>(found - values.begin());
      continue;
    }
    const std::optional<std::size_t> at = space.find(name);
    if (!at || !value.is_string())
      return badInput("a trial has '" + name + "', which the definition has not");
    SLUICE_TRY(trial.point.values[*at], search::parseValue(space.parameters[*at], value.get<std::string>()));
  }
  SLUICE_RETURN_IF_ERROR(search::checkPoint(space, trial.point));
  return trial;
}

std::string printResult(const TrialResult& result) {
  Json json = Json::object();
  if (!result.error.empty()) {
    json["error"] = result.error;
    json["stage"] = result.failed;
  } else {
    json["metrics"] = result.metrics;
  }
  for (const auto& [name, digest] : result.artefacts) json["artefacts"][name] = digest.hex();
  for (const auto& [name, digest] : result.logs) json["logs"][name] = digest.hex();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<TrialResult> parseResult(const std::string& text) {
  const auto wrong = [] { return badInput("the result of a trial is not as Sluice writes it"); };
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return wrong();
  TrialResult result;
  try {
    if (json.contains("error")) {
      result.error = json.at("error").get<std::string>();
      result.failed = json.value("stage", "");
    } else {
      result.metrics = json.at("metrics").get<std::map<std::string, double>>();
    }
    for (const char* kind : {"artefacts", "logs"}) {
      if (!json.contains(kind)) continue;
      auto& slot = kind[0] == 'a' ? result.artefacts : result.logs;
      for (const auto& [name, hex] : json.at(kind).items()) {
        const std::optional<Digest> digest = parseDigest(hex.get<std::string>());
        if (!digest) return wrong();
        slot.emplace(name, *digest);
      }
    }
  } catch (const Json::exception&) {
    return wrong();
  }
  return result;
}

std::string printTimings(const std::vector<StageTiming>& timings) {
  Json json = Json::array();
  for (const StageTiming& timing : timings)
    json.push_back({{"stage", timing.stage}, {"seconds", timing.seconds}, {"cached", timing.fromCache}});
  return json.dump();
}

std::vector<StageTiming> parseTimings(const std::string& text) {
  std::vector<StageTiming> timings;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return timings;
  for (const Json& entry : json)
    if (entry.is_object())
      timings.push_back(
          {entry.value("stage", ""), entry.value("seconds", 0.0), entry.value("cached", false)});
  return timings;
}

}  // namespace sluice::experiment

#include "experiment/trial.h"

#include <cmath>

#include "base/file.h"
#include "base/text.h"

namespace sluice::experiment {

Result<Runner> Runner::make(const Definition& definition, const jobs::Store& store) {
  Runner runner(definition, store);
  for (const StageUse& stage : definition.stages) {
    std::string version;
    if (stage.type.tools) {
      SLUICE_TRY(version, stage.type.tools());
    }
    runner.tools_[stage.name] = version;
    for (const auto& [input, source] : stage.inputs) {
      const auto* file = std::get_if<FileSource>(&source);
      if (file == nullptr || runner.files_.contains(file->path)) continue;
      SLUICE_TRY(const std::string content, readFile(definition.folder / file->path));
      SLUICE_TRY(const Digest digest, store.put(content));
      runner.files_.emplace(file->path, digest);
    }
  }
  return runner;
}

Result<Values> Runner::inputsOf(const StageUse& stage, const TrialPoint& trial,
                                const std::vector<Values>& outputs) const {
  Values inputs;
  for (const auto& [name, source] : stage.inputs) {
    const Port* port = stage.type.input(name);
    if (const auto* literal = std::get_if<Value>(&source)) {
      inputs.emplace(name, *literal);
    } else if (const auto* wire = std::get_if<WireSource>(&source)) {
      inputs.emplace(name, outputs[wire->stage].at(wire->output));
    } else if (const auto* file = std::get_if<FileSource>(&source)) {
      inputs.emplace(name, Artefact{files_.at(file->path)});
    } else if (std::holds_alternative<FidelitySource>(source)) {
      SLUICE_TRY(Value parsed, parseValue(port->type, definition_.fidelity->values[trial.rung]));
      inputs.emplace(name, std::move(parsed));
    } else {
      const auto& parameter = std::get<ParameterSource>(source);
      const search::Parameter& from = definition_.space.parameters[parameter.parameter];
      const std::optional<double>& value = trial.point.values[parameter.parameter];
      if (value) {
        SLUICE_TRY(Value parsed, parseValue(port->type, search::printValue(from, *value)));
        inputs.emplace(name, std::move(parsed));
      } else if (parameter.fallback) {
        inputs.emplace(name, *parameter.fallback);
      }  // else the port's own fallback
    }
  }
  return inputs;
}

Result<TrialResult> Runner::run(const TrialPoint& trial) const {
  TrialResult result;
  std::vector<Values> outputs;
  for (const StageUse& stage : definition_.stages) {
    SLUICE_TRY(const Values inputs, inputsOf(stage, trial, outputs));
    Result<StageOutcome> outcome = runStage(store_, stage.type, tools_.at(stage.name), inputs);
    if (!outcome.ok()) {
      const ErrorCode code = outcome.error().code;
      if (code == ErrorCode::io || code == ErrorCode::gaveUp) {
        Error error = outcome.error();
        error.where = "stage '" + stage.name + "'" + (error.where.empty() ? "" : ": " + error.where);
        return error;
      }
      result.failed = stage.name;
      result.error = outcome.error().message;
      return result;
    }
    result.timings.push_back({stage.name, outcome->seconds, outcome->fromCache});
    if (outcome->log) result.logs.emplace(stage.name, *outcome->log);
    for (const auto& [name, value] : outcome->outputs)
      if (const auto* file = std::get_if<Artefact>(&value))
        result.artefacts.emplace(stage.name + "." + name, file->digest);
    outputs.push_back(std::move(outcome->outputs));
  }
  for (const Metric& metric : definition_.metrics) {
    const std::optional<double> value = asNumber(outputs[metric.source.stage].at(metric.source.output));
    if (!value || !std::isfinite(*value)) {
      result.failed = definition_.stages[metric.source.stage].name;
      result.error = "metric '" + metric.name + "' is not a number";
      result.metrics.clear();
      return result;
    }
    result.metrics.emplace(metric.name, *value);
  }
  return result;
}

}  // namespace sluice::experiment

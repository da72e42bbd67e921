#include "experiment/python_stage.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "jobs/command.h"

namespace sluice::experiment {
namespace {

using PyJson = nlohmann::json;

constexpr int saysInfeasible = 3, saysWrong = 4;  // exit codes of the caller
constexpr const char* callerName = "sluice_call.py";

/// A command that runs the caller; sources are still to be added.
jobs::Command callerOf(const PythonStage& python, const std::string& what) {
  jobs::Command command;
  command.name = python.name;
  command.argv = {pythonProgram(), "-B", "-s", callerName, what, python.file, python.function};
  command.inputs.push_back({callerName, pythonCaller + 1});  // without the first line end
  command.environment["PYTHONHASHSEED"] = "0";
  command.limits = python.limits;
  return command;
}

std::vector<std::string> sourcesOf(const PythonStage& python) {
  std::vector<std::string> sources = {python.file};
  sources.insert(sources.end(), python.files.begin(), python.files.end());
  return sources;
}

/// Errors: usage, infeasible or io, by how it ended.
Status successOf(const jobs::Command& command, const jobs::Outcome& outcome) {
  const Status good = jobs::requireSuccess(command, outcome);
  if (good.ok() || outcome.end != jobs::End::exited) return good;
  const std::string said(trim(outcome.standardError));
  if (outcome.exitCode == saysInfeasible) return infeasible(said, command.name);
  if (outcome.exitCode == saysWrong) return badInput(said, command.name);
  return Error{ErrorCode::usage, good.error().message, command.name};
}

/// Version of Python and of the packages that the sources import; whether the function takes our inputs.
Result<std::string> describePython(const PythonStage& python) {
  jobs::Command command = callerOf(python, "describe");
  command.argv.insert(command.argv.end(), python.files.begin(), python.files.end());
  for (const std::string& source : sourcesOf(python)) {
    SLUICE_TRY(std::string content, readFile(python.folder / source));
    command.inputs.push_back({"code/" + source, std::move(content)});
  }
  if (!jobs::findProgram(pythonProgram()))
    return ioError("'" + pythonProgram() + "' is not installed or not in PATH; SLUICE_PYTHON names another",
                   python.name);
  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(nullptr, command));
  SLUICE_RETURN_IF_ERROR(successOf(command, outcome));
  const PyJson json = PyJson::parse(outcome.standardOutput, nullptr, false);
  try {
    const auto names = json.at("names").get<std::set<std::string>>();
    std::set<std::string> needed = json.at("needed").get<std::set<std::string>>();
    const std::string function = python.file + ":" + python.function;
    for (const Port& port : python.inputs) {
      if (!names.contains(port.name) && !json.at("any").get<bool>())
        return badInput("'" + function + "' has no argument '" + port.name + "'", python.name);
      needed.erase(port.name);
    }
    if (!needed.empty())
      return badInput("'" + function + "' needs its argument '" + *needed.begin() + "'", python.name);
    std::string versions = json.at("python").get<std::string>();
    for (const auto& [package, version] : json.at("packages").items())
      versions += "; " + package + " " + version.get<std::string>();
    return versions;
  } catch (const PyJson::exception&) {
    return ioError("'" + pythonProgram() + "' did not say what it is; is it Python 3.10 or newer?",
                   python.name);
  }
}

Result<Values> runPython(const PythonStage& python, const Values& inputs, StageRun& run) {
  jobs::Command command = callerOf(python, "call");
  PyJson order = {{"inputs", PyJson::object()}, {"outputs", PyJson::object()}};
  for (const std::string& source : sourcesOf(python)) {
    SLUICE_TRY(std::string content, run.content(inputs, sourcePort(source)));
    command.inputs.push_back({"code/" + source, std::move(content)});
  }
  for (const Port& port : python.inputs) {
    const Value& value = inputs.at(port.name);
    if (std::holds_alternative<Artefact>(value)) {
      SLUICE_TRY(std::string content, run.content(inputs, port.name));
      const auto named = python.fileNames.find(port.name);
      const std::string file = "in/" + (named == python.fileNames.end() ? port.name : named->second);
      order["inputs"][port.name] = {{"file", file}};
      command.inputs.push_back({file, std::move(content)});
      continue;
    }
    std::visit(
        [&](const auto& given) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(given)>, Artefact>)
            order["inputs"][port.name] = given;
        },
        value);
  }
  for (const Port& port : python.outputs) {
    order["outputs"][port.name] = nameOf(port.type);
    if (port.type == Type::file) command.outputs.emplace_back("out/" + port.name, true);
  }
  command.outputs.emplace_back("answer.json", true);
  command.inputs.push_back({"call.json", order.dump(-1, ' ', false, PyJson::error_handler_t::replace)});

  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(nullptr, command));  // the stage's own key is the cache
  run.log(outcome.standardOutput);
  run.log(outcome.standardError);
  SLUICE_RETURN_IF_ERROR(successOf(command, outcome));
  const auto written = outcome.outputs.find("answer.json");
  const PyJson answer =
      written == outcome.outputs.end() ? PyJson() : PyJson::parse(written->second, nullptr, false);
  if (!answer.is_object())
    return Error{ErrorCode::usage, "ended the process instead of returning", python.name};
  Values outputs;
  for (const Port& port : python.outputs) {
    if (port.type == Type::file) {
      const auto file = outcome.outputs.find("out/" + port.name);
      if (file == outcome.outputs.end())
        return badInput("output '" + port.name + "' is not there", python.name);
      SLUICE_TRY(Value kept, run.keep(file->second));
      outputs.emplace(port.name, std::move(kept));
      continue;
    }
    const PyJson value = answer.value(port.name, PyJson());
    if (value.is_string())
      outputs.emplace(port.name, value.get<std::string>());
    else if (value.is_boolean())
      outputs.emplace(port.name, value.get<bool>());
    else if (value.is_number_integer() && value <= std::numeric_limits<std::int64_t>::max())
      outputs.emplace(port.name, value.get<std::int64_t>());
    else if (value.is_number() && port.type == Type::real)
      outputs.emplace(port.name, value.get<double>());
    else
      return badInput("output '" + port.name + "' does not fit 64 bits", python.name);
  }
  return outputs;
}

Status checkPython(const PythonStage& python) {
  const std::string named = "'" + python.file + ":" + python.function + "'";
  if (!python.file.ends_with(".py") || !isIdentifier(python.function))
    return badInput(named + " is not file.py:function", python.name);
  for (const std::string& source : sourcesOf(python))
    if (!jobs::staysInside(source))
      return badInput("'" + source + "' does not lie beside the definition or below it", python.name);
  for (const auto& [input, file] : python.fileNames)
    if (!jobs::staysInside(file))
      return badInput("'" + file + "' is no name inside the work folder", python.name);
  for (const auto* ports : {&python.inputs, &python.outputs})
    for (const Port& port : *ports)
      if (!isIdentifier(port.name))
        return badInput("'" + port.name + "' is no name of a Python argument", python.name);
  if (python.outputs.empty()) return badInput(named + " has no outputs", python.name);
  return {};
}

}  // namespace

std::string sourcePort(const std::string& file) { return "source " + file; }

std::string pythonProgram() {
  const char* told = std::getenv("SLUICE_PYTHON");
  return told != nullptr && *told != '\0' ? told : "python3";
}

Result<StageType> makeStage(PythonStage python) {
  SLUICE_RETURN_IF_ERROR(checkPython(python));
  StageType stage;
  stage.name = "python";
  Hasher version;  // of how it is called; the source is an input
  version.field(pythonCaller).field(python.file).field(python.function);
  for (const auto& [input, file] : python.fileNames) version.field(input).field(file);
  stage.version = "1 " + version.hex();
  stage.help = python.file + ":" + python.function + " in Python";
  stage.inputs = python.inputs;
  for (const std::string& source : sourcesOf(python))
    stage.inputs.push_back({sourcePort(source), Type::file, "source", {}});
  stage.outputs = python.outputs;
  const auto shared = std::make_shared<const PythonStage>(std::move(python));
  stage.tools = [shared] { return describePython(*shared); };
  stage.run = [shared](const Values& inputs, StageRun& run) { return runPython(*shared, inputs, run); };
  return stage;
}

}  // namespace sluice::experiment

#include "experiment/command_stage.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "jobs/command.h"

namespace sluice::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// `text` with every "{name}" replaced by what `value` gives for it. Errors: badInput for an unknown name.
template <typename Lookup>
Result<std::string> filled(const std::string& text, const Lookup& value) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at);
    const std::size_t close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) return result + text.substr(at);
    const std::string name = text.substr(open + 1, close - open - 1);
    const std::optional<std::string> found = value(name);
    if (!found) return badInput("'{" + name + "}' in '" + text + "' is no input of the stage");
    result += text.substr(at, open - at) + *found;
    at = close + 1;
  }
  return result;
}

const std::string& fileNameOf(const CommandStage& command, const std::string& input) {
  const auto found = command.fileNames.find(input);
  return found == command.fileNames.end() ? input : found->second;
}

Result<Value> readOutput(const CommandOutput& output, const std::string& content) {
  const std::string from = output.file.empty() ? "what was printed" : "'" + output.file + "'";
  if (!output.pattern.empty()) {
    std::smatch match;
    if (!std::regex_search(content, match, std::regex(output.pattern)))
      return badInput("output '" + output.name + "': " + from + " has nothing that matches " +
                      output.pattern);
    return parseValue(output.type, match[match.size() > 1 ? 1 : 0].str());
  }
  if (output.pointer.empty()) return parseValue(output.type, trim(content));
  const Json json = Json::parse(content, nullptr, false);
  if (json.is_discarded()) return badInput("output '" + output.name + "': " + from + " is no JSON");
  Json found;
  try {
    found = json.at(Json::json_pointer(output.pointer));
  } catch (const Json::exception&) {
    return badInput("output '" + output.name + "': " + from + " has nothing at " + output.pointer);
  }
  if (found.is_string()) return parseValue(output.type, found.get<std::string>());
  if (found.is_boolean()) return Value(found.get<bool>());
  if (found.is_number_integer()) return convert(Value(found.get<std::int64_t>()), output.type);
  if (found.is_number()) return convert(Value(found.get<double>()), output.type);
  return badInput("output '" + output.name + "': at " + output.pointer + " in " + from +
                  " is no single value");
}

Result<Values> runCommand(const CommandStage& command, const Values& inputs, StageRun& run,
                          const std::string& tools) {
  jobs::Command job;
  job.name = command.name;
  job.toolVersion = tools;
  job.limits = command.limits;
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = inputs.find(name);
    if (found == inputs.end()) return std::nullopt;
    return std::holds_alternative<Artefact>(found->second) ? fileNameOf(command, name)
                                                           : printValue(found->second);
  };
  for (const std::string& argument : command.argv) {
    SLUICE_TRY(std::string text, filled(argument, lookup));
    job.argv.push_back(std::move(text));
  }
  if (job.argv.front() == "sluice") {
    job.argv.front() = ownProgram().string();
    for (const char* name : {"SLUICE_CACHE", "SLUICE_YOSYS"})  // where things are, as we were told
      if (const char* place = std::getenv(name)) job.machine[name] = place;
  }
  for (const auto& [name, value] : inputs) {
    if (!std::holds_alternative<Artefact>(value)) continue;
    SLUICE_TRY(std::string content, run.content(inputs, name));
    job.inputs.push_back({fileNameOf(command, name), std::move(content)});
  }
  std::set<std::string> files;
  for (const CommandOutput& output : command.outputs)
    if (!output.file.empty()) files.insert(output.file);
  for (const std::string& file : files) job.outputs.emplace_back(file, true);

  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(&run.store(), job));
  run.log(outcome.standardOutput);
  run.log(outcome.standardError);
  if (Status good = jobs::requireSuccess(job, outcome); !good.ok()) {
    if (outcome.end != jobs::End::exited) return good.error();  // the next try may go better
    // Exit code 3 of this program is "infeasible", an answer that is kept. Of others nobody knows whether it is the
    // input's fault or, say, a missing file's: the trial fails, but the next one that asks runs the program again.
    const bool answer =
        command.argv.front() == "sluice" && outcome.exitCode == exitCode(ErrorCode::infeasible);
    return Error{answer ? ErrorCode::infeasible : ErrorCode::usage, good.error().message, command.name};
  }
  Values outputs;
  for (const CommandOutput& output : command.outputs) {
    const auto file = outcome.outputs.find(output.file);
    if (!output.file.empty() && file == outcome.outputs.end())
      return badInput("ended well, but did not write '" + output.file + "'", command.name);
    const std::string& content = output.file.empty() ? outcome.standardOutput : file->second;
    Result<Value> value = output.type == Type::file ? run.keep(content) : readOutput(output, content);
    if (!value.ok()) return badInput(value.error().message, command.name);
    outputs.emplace(output.name, std::move(value).value());
  }
  return outputs;
}

/// Versions of what a command runs. Of this program, its bytes: every build of it may answer differently.
Result<std::string> toolsOf(const CommandStage& command) {
  std::string versions;
  if (command.argv.front() == "sluice") {
    static const Result<std::string> own = [] {
      const Result<std::string> bytes = readFile(ownProgram());
      return bytes.ok() ? Result<std::string>("sluice " + digestOf(*bytes).hex()) : bytes.error();
    }();
    if (!own.ok()) return own.error();
    versions = *own;
  }
  if (!command.version.empty()) {
    SLUICE_TRY(
        const std::string said,
        jobs::programVersion(command.version.front(), {command.version.begin() + 1, command.version.end()},
                             "the experiment asks it for its version"));
    versions += (versions.empty() ? "" : "; ") + said;
  }
  return versions;
}

Status check(const CommandStage& command) {
  if (command.argv.empty()) return badInput("has an empty command", command.name);
  std::set<std::string> names;
  for (const Port& port : command.inputs) {
    names.insert(port.name);
    if (port.type == Type::file && !jobs::staysInside(fileNameOf(command, port.name)))
      return badInput("'" + fileNameOf(command, port.name) + "' is no name inside the work folder",
                      command.name);
  }
  const auto lookup = [&](const std::string& name) {
    return names.contains(name) ? std::optional<std::string>("") : std::nullopt;
  };
  for (const std::string& argument : command.argv) {
    const Result<std::string> good = filled(argument, lookup);
    if (!good.ok()) return badInput(good.error().message, command.name);
  }
  for (const CommandOutput& output : command.outputs) {
    if (!output.file.empty() && !jobs::staysInside(output.file))
      return badInput("'" + output.file + "' is no name inside the work folder", command.name);
    try {
      const std::regex pattern(output.pattern);
      const Json::json_pointer pointer(output.pointer);
    } catch (const std::exception& problem) {
      return badInput("output '" + output.name + "': " + problem.what(), command.name);
    }
  }
  return {};
}

}  // namespace

fs::path ownProgram() {
  std::error_code failure;
  return fs::read_symlink("/proc/self/exe", failure);
}

Result<StageType> makeStage(CommandStage command) {
  SLUICE_RETURN_IF_ERROR(check(command));
  StageType stage;
  stage.name = "command";
  Hasher version;  // everything but the inputs' values is the version of such a stage
  for (const std::string& argument : command.argv) version.field(argument);
  for (const auto& [input, file] : command.fileNames) version.field(input).field(file);
  for (const CommandOutput& output : command.outputs)
    version.field(output.name).field(output.file).field(output.pointer).field(output.pattern);
  stage.version = "1 " + version.hex();
  stage.help = join(command.argv, " ");
  stage.inputs = command.inputs;
  for (const CommandOutput& output : command.outputs)
    stage.outputs.push_back({output.name, output.type, "", {}});
  const auto shared = std::make_shared<const CommandStage>(std::move(command));
  stage.tools = [shared] { return toolsOf(*shared); };
  stage.run = [shared](const Values& inputs, StageRun& run) -> Result<Values> {
    SLUICE_TRY(const std::string tools, toolsOf(*shared));
    return runCommand(*shared, inputs, run, tools);
  };
  return stage;
}

}  // namespace sluice::experiment

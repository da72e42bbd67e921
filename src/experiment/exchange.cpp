#include "experiment/exchange.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"

namespace sluice::experiment {
namespace {

using Json = nlohmann::json;

constexpr const char* format = "sluice experiment 1";

std::string printed(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json trialJson(const TrialRow& row) {
  Json json = Json::parse(row.result, nullptr, false);
  if (!json.is_object()) json = Json::object();
  json["number"] = row.number;
  json["parameters"] = Json::parse(row.parameters, nullptr, false);
  json["state"] = stateName(row.state);
  return json;
}

Json environmentJson(const Definition& definition, const Runner& runner) {
  Json json = {{"stages", Json::object()}, {"data", Json::object()}};
  for (const StageUse& stage : definition.stages)
    json["stages"][stage.name] = {{"stage", stage.type.name},
                                  {"version", stage.type.version},
                                  {"tools", runner.tools().at(stage.name)}};
  for (const auto& [path, digest] : runner.files()) json["data"][path] = digest.hex();
  return json;
}

/// JSON in the one spelling we write; nothing for any other.
Result<Json> canonical(const std::string& text, const std::string& name, const std::string& where) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || printed(json) != text)
    return badInput("'" + name + "' in it is not JSON as Sluice writes it", where);
  return json;
}

Result<ExportedTrial> readTrial(const Json& json, std::size_t number) {
  const auto wrong = [&] {
    return badInput("trial " + std::to_string(number) + " in results.json is not as Sluice writes it");
  };
  if (!json.is_object() || json.value("number", Json()) != number || !json.contains("parameters") ||
      !json.contains("state"))
    return wrong();
  ExportedTrial trial;
  trial.parameters = printed(json["parameters"]);
  if (json["state"] == "failed")
    trial.state = TrialState::failed;
  else if (json["state"] != "done")
    return wrong();
  SLUICE_TRY(trial.result, parseResult(printed(json)));
  return trial;
}

}  // namespace

Result<std::string> exportExperiment(const Definition& definition, const Runner& runner, TrialStore& store,
                                     const jobs::Store& cache, const ExportOptions& options) {
  SLUICE_TRY(const std::optional<std::int64_t> id, store.find(definition.name));
  if (!id) return badInput("the store has no experiment '" + definition.name + "'; run it first");
  SLUICE_TRY(const std::vector<TrialRow> rows, store.trials(*id));
  if (rows.empty())
    return badInput("the experiment '" + definition.name + "' has no trials yet; run it first");
  Json results = Json::array(), timings = Json::array();
  std::set<Digest> artefacts;
  for (const TrialRow& row : rows) {
    if (row.state != TrialState::done && row.state != TrialState::failed)
      return badInput("trial " + std::to_string(row.number) +
                      " has not ended; run the experiment to its end first");
    results.push_back(trialJson(row));
    timings.push_back({{"number", row.number},
                       {"milliseconds", row.endedMs - row.startedMs},
                       {"stages", Json::parse(row.timings, nullptr, false)}});
    SLUICE_TRY(const TrialResult result, parseResult(row.result));
    for (const auto* kind : {&result.artefacts, &result.logs})
      for (const auto& [name, digest] : *kind) artefacts.insert(digest);
  }
  std::vector<ArchiveFile> files = {{"definition.yaml", definition.text},
                                    {"environment.json", printed(environmentJson(definition, runner))},
                                    {"results.json", printed(results)}};
  const auto take = [&](const std::string& name, const Digest& digest) -> Status {
    std::optional<std::string> content = cache.get(digest);
    if (!content) return ioError("'" + name + "' is no longer in the cache; run the experiment again");
    if (!isArchiveName(name))
      return badInput("'" + name + "' is no name for an archive: letters, digits, . _ - / only");
    files.push_back({name, std::move(*content)});
    return {};
  };
  std::set<std::string> sources;  // of programs; without them the definition says little
  for (const StageUse& stage : definition.stages)
    for (const auto& [input, source] : stage.inputs)
      if (const auto* file = std::get_if<FileSource>(&source); file != nullptr && file->code)
        sources.insert(file->path);
  for (const auto& [path, digest] : runner.files())
    if (options.data || sources.contains(path)) SLUICE_RETURN_IF_ERROR(take("data/" + path, digest));
  if (options.artefacts)
    for (const Digest& digest : artefacts) SLUICE_RETURN_IF_ERROR(take("artefacts/" + digest.hex(), digest));
  if (options.timings) files.push_back({"timings.json", printed(timings)});
  Json manifest = {{"format", format}, {"experiment", definition.name}, {"files", Json::object()}};
  for (const ArchiveFile& file : files)
    manifest["files"][file.name] = {{"bytes", file.content.size()}, {"digest", digestOf(file.content).hex()}};
  files.insert(files.begin(), {"manifest.json", printed(manifest)});
  Hasher seal;
  for (const ArchiveFile& file : files) seal.field(file.name).field(file.content);
  files.push_back({"seal", seal.hex()});
  return printArchive(files);
}

Result<Exported> readExported(std::string_view archive, const std::string& where) {
  SLUICE_TRY(std::vector<ArchiveFile> files, parseArchive(archive, where));
  if (files.size() < 5 || files.front().name != "manifest.json" || files.back().name != "seal")
    return badInput("is no experiment: it does not begin with manifest.json and end with seal", where);
  SLUICE_TRY(const Json manifest, canonical(files.front().content, "manifest.json", where));
  if (!manifest.is_object() || !manifest.contains("format") || !manifest["format"].is_string() ||
      !manifest["format"].get<std::string>().starts_with("sluice experiment "))
    return badInput("is no experiment: its manifest names no format of ours", where);
  if (manifest["format"] != format)
    return unsupported("is of the format '" + manifest["format"].get<std::string>() +
                           "'; this Sluice reads '" + format + "'",
                       where);
  Hasher seal;
  for (std::size_t i = 0; i + 1 < files.size(); ++i) seal.field(files[i].name).field(files[i].content);
  if (files.back().content != seal.hex())
    return badInput("was damaged or changed: its seal is not that of its content", where);
  if (!manifest.contains("files") || !manifest["files"].is_object() ||
      manifest["files"].size() != files.size() - 2 || !manifest.contains("experiment") ||
      !manifest["experiment"].is_string())
    return badInput("its manifest does not name its files", where);
  Exported exported;
  exported.name = manifest["experiment"].get<std::string>();
  std::map<std::string, std::string> needed = {
      {"definition.yaml", ""}, {"environment.json", ""}, {"results.json", ""}};
  for (std::size_t i = 1; i + 1 < files.size(); ++i) {
    const Json entry = manifest["files"].value(files[i].name, Json());
    if (entry != Json({{"bytes", files[i].content.size()}, {"digest", digestOf(files[i].content).hex()}}))
      return badInput("'" + files[i].name + "' in it is not what its manifest says", where);
    if (const auto known = needed.find(files[i].name); known != needed.end())
      known->second = files[i].content;
    else if (files[i].name.starts_with("data/") || files[i].name.starts_with("artefacts/"))
      exported.files.push_back(std::move(files[i]));
    else if (files[i].name != "timings.json")
      return badInput("'" + files[i].name + "' is no part of an experiment", where);
  }
  for (const auto& [name, content] : needed)
    if (content.empty()) return badInput("'" + name + "' is missing", where);
  exported.definition = needed["definition.yaml"];
  SLUICE_TRY(const Json environment, canonical(needed["environment.json"], "environment.json", where));
  SLUICE_TRY(const Json results, canonical(needed["results.json"], "results.json", where));
  try {
    for (const auto& [stage, about] : environment.at("stages").items())
      exported.tools[stage] = about.at("stage").get<std::string>() + " " +
                              about.at("version").get<std::string>() + " " +
                              about.at("tools").get<std::string>();
    exported.data = environment.at("data").get<std::map<std::string, std::string>>();
    if (!results.is_array()) return badInput("results.json is no list", where);
    for (std::size_t i = 0; i < results.size(); ++i) {
      Result<ExportedTrial> trial = readTrial(results[i], i);
      if (!trial.ok()) return badInput(trial.error().message, where);
      exported.trials.push_back(std::move(trial).value());
    }
  } catch (const Json::exception&) {
    return badInput("environment.json is not as Sluice writes it", where);
  }
  return exported;
}

}  // namespace sluice::experiment

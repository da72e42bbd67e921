#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "experiment/exchange.h"
#include "experiment/worker.h"

namespace sluice::experiment {
namespace {

namespace fs = std::filesystem;

void compare(const ExportedTrial& was, const TrialRow& row, const TrialResult& is, Reproduction& outcome) {
  const std::string trial = "trial " + std::to_string(row.number) + ": ";
  const std::size_t before = outcome.differences.size();
  if (row.parameters != was.parameters)
    outcome.differences.push_back(trial + "parameters " + row.parameters + ", were " + was.parameters);
  if (row.state != was.state)
    outcome.differences.push_back(trial + stateName(row.state) +
                                  (is.error.empty() ? "" : " (" + is.error + ")") + ", was " +
                                  stateName(was.state));
  for (const auto& [name, value] : was.result.metrics) {
    ++outcome.metrics;
    const auto found = is.metrics.find(name);
    if (found != is.metrics.end() && found->second == value) {
      ++outcome.equalMetrics;
      continue;
    }
    outcome.differences.push_back(trial + name + ": " +
                                  (found == is.metrics.end() ? "none" : formatDouble(found->second)) +
                                  ", was " + formatDouble(value));
  }
  if (outcome.differences.size() == before) ++outcome.equalTrials;
}

}  // namespace

Result<Reproduction> reproduce(const Exported& exported, const Registry& registry,
                               const ReproduceOptions& options) {
  std::error_code failure;
  if (fs::exists(options.folder, failure) && !fs::is_empty(options.folder, failure))
    return badInput("is not empty; give a new folder", options.folder.string());
  // Apart from cache and trials, so that no file of a stranger can stand where a result is looked for.
  const fs::path theirs = options.folder / "experiment", file = theirs / "definition.yaml";
  SLUICE_TRY(const Definition definition,
             parseDefinition(exported.definition, file.string(), theirs, registry));
  if (definition.hasCommands() && !options.runCommands) {
    std::vector<std::string> commands;
    for (const StageUse& stage : definition.stages)
      if (stage.command) commands.push_back("  " + stage.name + ": " + stage.type.help);
    return badInput(
        "would run these programs; if you trust whoever made it, add --run-commands\n" + join(commands, "\n"),
        exported.name);
  }
  SLUICE_RETURN_IF_ERROR(writeFile(file, exported.definition));
  for (const ArchiveFile& inside : exported.files)  // names were checked: they stay in the folder
    if (inside.name.starts_with("data/"))
      SLUICE_RETURN_IF_ERROR(writeFile(theirs / inside.name.substr(5), inside.content));
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(options.folder / "cache"));
  Reproduction outcome;
  {
    Result<Runner> runner = Runner::make(definition, cache);
    if (!runner.ok()) {
      Error error = runner.error();
      error.message += "; data that is not in the archive has to be put there";
      return error;
    }
    for (const auto& [path, digest] : runner->files()) {
      const auto was = exported.data.find(path);
      if (was == exported.data.end() || was->second != digest.hex())
        return badInput("is not the file that the experiment was run with", (theirs / path).string());
    }
    for (const StageUse& stage : definition.stages) {
      const std::string is =
          stage.type.name + " " + stage.type.version + " " + runner->tools().at(stage.name);
      const auto was = exported.tools.find(stage.name);
      if (was == exported.tools.end() || was->second != is)
        outcome.tools.push_back(stage.name + ": is " + is + ", was " +
                                (was == exported.tools.end() ? "not there" : was->second));
    }
  }
  RunOptions running;
  running.worker.place = (options.folder / "trials.db").string();
  running.workers = options.workers;
  running.progress = options.progress;
  SLUICE_RETURN_IF_ERROR(run(definition, options.folder / "cache", running));
  SLUICE_TRY(TrialStore store, TrialStore::open(running.worker.place));
  SLUICE_TRY(const std::int64_t id, enter(store, definition));
  SLUICE_TRY(const std::vector<TrialRow> rows, store.trials(id));
  outcome.trials = std::max(rows.size(), exported.trials.size());
  if (rows.size() != exported.trials.size())
    outcome.differences.push_back(countOf(static_cast<std::int64_t>(rows.size()), "trial") + ", were " +
                                  std::to_string(exported.trials.size()));
  for (std::size_t i = 0; i < std::min(rows.size(), exported.trials.size()); ++i) {
    SLUICE_TRY(const TrialResult result, parseResult(rows[i].result));
    compare(exported.trials[i], rows[i], result, outcome);
  }
  return outcome;
}

}  // namespace sluice::experiment

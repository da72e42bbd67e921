#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/archive.h"
#include "experiment/definition.h"
#include "experiment/trial.h"
#include "experiment/trial_store.h"

/// An experiment in one file, for a colleague who runs it again.
///
/// The archive (archive.h) holds, in this order:
///   manifest.json     {"format": "sluice experiment 1", "experiment": name, "files": {name: {bytes, digest}}}
///   definition.yaml   as it was run
///   environment.json  {"stages": {name: {stage, version, tools}}, "data": {path: digest}}
///   results.json      [{number, parameters, state, metrics | error, artefacts, logs}], by number
///   data/PATH         the files the definition names, if asked for
///   artefacts/DIGEST  what the stages made, if asked for
///   timings.json      if asked for: no two runs have the same
///   seal              the digest of every byte before it
/// JSON is printed with sorted keys and no blanks, numbers so that they read back exactly; a reader refuses any
/// other spelling. Digests are XXH3-128: they find damage, not forgery. Nothing in it is executed by reading it; to run
/// commands that a definition names is a choice of its own (ReproduceOptions::runCommands).
namespace sluice::experiment {

struct ExportOptions {
  bool data = false, artefacts = false, timings = false;
};

/// The archive of an experiment all of whose trials have ended. Errors: badInput if some have not; io if an
/// artefact that was asked for is no longer in the cache.
Result<std::string> exportExperiment(const Definition& definition, const Runner& runner, TrialStore& store,
                                     const jobs::Store& cache, const ExportOptions& options);

struct ExportedTrial {
  std::string parameters;  ///< as in the store
  TrialState state = TrialState::done;
  TrialResult result;
};
struct Exported {
  std::string name, definition;
  std::map<std::string, std::string> tools;  ///< by stage
  std::map<std::string, std::string> data;   ///< path -> digest
  std::vector<ExportedTrial> trials;
  std::vector<ArchiveFile> files;  ///< data/... and artefacts/...
};
/// Reads an archive and checks every byte of it. Errors: badInput; unsupported of a newer format.
Result<Exported> readExported(std::string_view archive, const std::string& where);

struct ReproduceOptions {
  std::filesystem::path folder;  ///< new or empty; takes data, cache and trials
  unsigned workers = 1;
  bool runCommands = false;  ///< the definition may run programs that it names
  std::function<void(const TrialCounts&)> progress;
};
struct Reproduction {
  std::size_t trials = 0, equalTrials = 0, metrics = 0, equalMetrics = 0;
  std::vector<std::string> differences;  ///< "trial 3: accuracy: 0.71, was 0.72"
  std::vector<std::string> tools;        ///< "train: was ..., is ..."
  [[nodiscard]] bool equal() const { return equalTrials == trials && equalMetrics == metrics; }
};
/// Runs it all again in `folder` and compares. Errors: badInput if the definition names commands and they are not
/// allowed, or data that is not inside has another digest; what running says.
Result<Reproduction> reproduce(const Exported& exported, const Registry& registry,
                               const ReproduceOptions& options);

}  // namespace sluice::experiment

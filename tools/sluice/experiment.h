#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

/// `sluice experiment`: new, run, work, status, report, serve, export, verify, reproduce, stages.
namespace sluice::tool {

struct ExperimentOptions {
  std::filesystem::path definition;  ///< or the archive, of verify and reproduce
  std::string store;                 ///< "": NAME.trials.db beside the definition
  std::filesystem::path output;
  unsigned workers = 1;
  unsigned port = 0;  ///< of serve; 0: any
  bool data = false, artefacts = false, timings = false, runCommands = false, retryFailed = false,
       slurm = false;
  std::vector<std::string> sbatch;  ///< arguments for it
};

/// The arguments of the subcommand, on `app`.
void addExperiment(CLI::App& app, ExperimentOptions& options);
/// What was asked for. Errors: those of the subcommand; badInput if a reproduction differs.
Status runExperiment(CLI::App& app, const ExperimentOptions& options);

}  // namespace sluice::tool

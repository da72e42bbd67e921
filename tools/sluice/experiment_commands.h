#pragma once

#include <functional>

#include "experiment.h"
#include "experiment/definition.h"
#include "experiment/trial_store.h"

/// One function per subcommand of `sluice experiment`.
namespace sluice::tool {

struct OpenedExperiment {
  experiment::Definition definition;
  std::string place;  ///< of its trials
};
Result<OpenedExperiment> openExperiment(const ExperimentOptions& options);

struct ExistingTrials {
  experiment::TrialStore store;
  std::int64_t id = 0;
};
/// Errors: badInput if it was not begun.
Result<ExistingTrials> existingTrials(const OpenedExperiment& opened);

/// A line on the terminal whenever a trial ended.
std::function<void(const experiment::TrialCounts&)> trialProgress(std::int64_t trials);

Status experimentNew(const ExperimentOptions& options);
Status experimentRun(const ExperimentOptions& options);
Status experimentWork(const ExperimentOptions& options);
Status experimentServe(const ExperimentOptions& options);
Status experimentStatus(const ExperimentOptions& options);
Status experimentReport(const ExperimentOptions& options);
Status experimentExport(const ExperimentOptions& options);
Status experimentVerify(const ExperimentOptions& options);
Status experimentReproduce(const ExperimentOptions& options);
Status experimentStages();

}  // namespace sluice::tool

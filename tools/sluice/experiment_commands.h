#pragma once

#include "experiment.h"

/// One function per subcommand of `sluice experiment`.
namespace sluice::tool {

Status experimentNew(const ExperimentOptions& options);
Status experimentRun(const ExperimentOptions& options);
Status experimentStatus(const ExperimentOptions& options);
Status experimentReport(const ExperimentOptions& options);
Status experimentExport(const ExperimentOptions& options);
Status experimentVerify(const ExperimentOptions& options);
Status experimentReproduce(const ExperimentOptions& options);
Status experimentStages();

}  // namespace sluice::tool

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/definition.h"
#include "experiment/trial_store.h"
#include "jobs/store.h"

/// What is seen of an experiment: a summary in a terminal, and one HTML page.
namespace sluice::experiment {

/// Counts, and the trials of the front (or the best one), best first by the first objective.
std::string summaryText(const Definition& definition, const std::vector<TrialRow>& rows);

/// The page: history, front, parallel coordinates, importance, timeline, and every trial with its logs (from the
/// cache, as far as they are there). Errors: badInput if a trial does not fit the definition.
Result<std::string> reportPage(const Definition& definition, const std::vector<TrialRow>& rows,
                               const jobs::Store& cache);

/// How much of a loss' variance goes with each parameter alone: between the means of up to eight groups of equal
/// size along the parameter, less what as many random groups would explain; 0 to 1, nothing below 8 trials.
///
/// Source  the correlation ratio (Pearson 1905), adjusted as Kelley's epsilon squared. Ours is of main effects only:
///         what two parameters do together is not seen.
std::vector<double> importanceOf(const std::vector<std::vector<std::optional<double>>>& points,
                                 const std::vector<double>& losses);

}  // namespace sluice::experiment

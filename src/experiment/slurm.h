#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/definition.h"
#include "experiment/trial_store.h"

/// Workers as an array job of Slurm.
///
/// Each task of the array is a worker like any other: it takes trials from the store until all have ended
/// (worker.h). So a task is not a trial: Slurm takes seconds to start one, and a store hands out hundreds a second.
/// The process that submits only watches. If it is killed the array goes on, and the next run finds it by its name;
/// if tasks are killed or their time is up, the others take up their trials; if the whole array is gone before the
/// end, another is submitted, unless the last one ended no trial.
///
/// The store has to be where tasks reach it: PostgreSQL for several hosts, a file for one. The cache may be shared or
/// not; where it is not, artefacts stay on the host that made them.
namespace sluice::experiment {

struct SlurmOptions {
  std::string place;                ///< of the trial store
  std::vector<std::string> worker;  ///< the program that works until all trials have ended, and its arguments
  unsigned workers = 1;             ///< tasks of the array
  std::vector<std::string> more;    ///< arguments for sbatch: "--partition=long"
  std::filesystem::path logs;       ///< takes what tasks print, a file each
  std::function<void(const TrialCounts& counts)> progress;
};

/// Runs the experiment to its end. Errors: unsupported if Slurm's programs are not installed; io with Slurm's words, or
/// with the last lines of a worker's log if an array ended without ending a trial.
Status runOnSlurm(const Definition& definition, const SlurmOptions& options);

/// The array job's name: of one experiment in one store.
std::string slurmNameOf(const Definition& definition, const std::string& place);

}  // namespace sluice::experiment

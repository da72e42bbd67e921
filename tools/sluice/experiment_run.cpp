#include <cstdio>
#include <thread>

#include "experiment/command_stage.h"
#include "experiment/proposer.h"
#include "experiment/report.h"
#include "experiment/serve.h"
#include "experiment/slurm.h"
#include "experiment/worker.h"
#include "experiment_commands.h"

/// The subcommands that take time: run, work, serve.
namespace sluice::tool {
namespace {

Status retry(const OpenedExperiment& opened) {
  SLUICE_TRY(ExistingTrials there, existingTrials(opened));
  const std::int64_t window = experiment::Proposer::reach(opened.definition);
  SLUICE_TRY(const experiment::TrialStore::Retried retried, there.store.retryFailed(there.id, window));
  std::fprintf(stderr, "  %lld failed trials run again", static_cast<long long>(retried.waiting));
  if (retried.dropped > 0)
    std::fprintf(stderr, ", %lld that came after them are proposed anew",
                 static_cast<long long>(retried.dropped));
  std::fputc('\n', stderr);
  return {};
}

}  // namespace

std::function<void(const experiment::TrialCounts&)> trialProgress(std::int64_t trials) {
  return [trials, last = std::int64_t{-1}](const experiment::TrialCounts& counts) mutable {
    const std::int64_t ended = counts.done + counts.failed;
    if (ended == last) return;
    last = ended;
    std::fprintf(stderr, "  %lld of at most %lld trials, %lld failed, %lld running\n",
                 static_cast<long long>(ended), static_cast<long long>(trials),
                 static_cast<long long>(counts.failed), static_cast<long long>(counts.running));
  };
}

Status experimentRun(const ExperimentOptions& options) {
  SLUICE_TRY(const OpenedExperiment opened, openExperiment(options));
  if (options.retryFailed) SLUICE_RETURN_IF_ERROR(retry(opened));
  SLUICE_TRY(const experiment::Proposer proposer, experiment::Proposer::make(opened.definition));
  const auto progress = trialProgress(proposer.trials());
  if (options.slurm) {
    experiment::SlurmOptions slurm;
    slurm.place = opened.place;
    slurm.worker = {experiment::ownProgram().string(), "experiment", "work",
                    options.definition.string(),       "--store",    opened.place};
    slurm.workers = options.workers;
    slurm.more = options.sbatch;
    slurm.logs = opened.definition.folder / (opened.definition.name + ".slurm");
    slurm.progress = progress;
    SLUICE_RETURN_IF_ERROR(runOnSlurm(opened.definition, slurm));
  } else {
    experiment::RunOptions running;
    running.worker.place = opened.place;
    running.workers = options.workers;
    running.progress = progress;
    SLUICE_RETURN_IF_ERROR(run(opened.definition, jobs::Store::defaultFolder(), running));
  }
  return experimentStatus(options);
}

Status experimentWork(const ExperimentOptions& options) {
  SLUICE_TRY(const OpenedExperiment opened, openExperiment(options));
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  return work(opened.definition, cache, {.place = opened.place}, experiment::workerName());
}

Status experimentServe(const ExperimentOptions& options) {
  SLUICE_TRY(const OpenedExperiment opened, openExperiment(options));
  SLUICE_TRY(const experiment::Proposer proposer, experiment::Proposer::make(opened.definition));
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  SLUICE_TRY(ExistingTrials there, existingTrials(opened));  // says at once what is wrong
  const auto page = [&, before = experiment::TrialCounts(),
                     html = std::string()]() mutable -> Result<experiment::LivePage> {
    SLUICE_TRY(const experiment::TrialCounts counts, there.store.counts(there.id));
    const bool changed = counts.done != before.done || counts.failed != before.failed ||
                         counts.running != before.running || counts.waiting != before.waiting;
    if (html.empty() || changed) {
      SLUICE_TRY(const std::vector<experiment::TrialRow> rows, there.store.trials(there.id));
      SLUICE_TRY(html, reportPage(opened.definition, rows, cache));
      before = counts;
    }
    return experiment::LivePage{html, counts.done + counts.failed < proposer.trials()};
  };
  SLUICE_TRY(experiment::Server server,
             experiment::Server::start(static_cast<std::uint16_t>(options.port), page));
  std::printf("%s\nOnly who has this address can look; it ends with Ctrl-C.\n", server.address().c_str());
  std::fflush(stdout);
  server.wait();
  return {};
}

}  // namespace sluice::tool

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "experiment/definition.h"
#include "experiment/trial_store.h"
#include "jobs/store.h"

/// Running an experiment: workers that take trials from a store until there are none left.
///
/// Nobody hands out work. Every worker is the same: it claims the first open trial and runs it; finding none, it
/// proposes the next ones. Proposal n may look at the results of trials up to n - w alone (search/sampler.h), so
/// it is made only when those have ended, and whoever makes it makes the same. That is why the set of trials is
/// the same for any number of workers, after any kills, and why there is no coordinator whose death would matter.
///
///   w = 4     trial   0 1 2 3 4 5 6 7
///             ended   x x . x           -> trials up to 5 may be proposed: 5 looks at 0 and 1 only
///
/// Workers are processes of their own: one that crashes takes its trial with it, which another takes up when the
/// lease is over or the process is seen to be gone. A trial whose worker died `mostClaims` times is failed.
namespace sluice::experiment {

struct WorkerOptions {
  std::string place;  ///< of the trial store: a file or postgresql://...
  std::int64_t leaseMs = 30'000;
  std::int64_t mostClaims = 200;  ///< of one trial
  int tries = 3;                  ///< of a trial that ends with an io error
};

/// The experiment of the definition in the store, made if it is not there, with its seed checked against it.
Result<std::int64_t> enter(TrialStore& store, const Definition& definition);

/// Works until every trial of the experiment has ended. Errors: io of the store; what keeps all trials from
/// running (a missing file or tool).
Status work(const Definition& definition, const jobs::Store& cache, const WorkerOptions& options,
            const std::string& worker);

/// A name no other process has while this one lives: host, boot, process, its start time.
std::string workerName();
/// Whether `worker` was a process of this host that is no more.
bool isDead(const std::string& worker);

struct RunOptions {
  WorkerOptions worker;
  unsigned workers = 1;  ///< processes
  /// Called some times a second from the process that waits.
  std::function<void(const TrialCounts& counts)> progress;
};

/// Runs the experiment to its end with worker processes, each forked from this one and started anew if it is
/// killed. This process must have a single thread. Errors: what work() says.
Status run(const Definition& definition, const std::filesystem::path& cacheFolder, const RunOptions& options);

}  // namespace sluice::experiment

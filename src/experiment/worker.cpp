#include "experiment/worker.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "experiment/proposer.h"
#include "experiment/trial.h"

namespace sluice::experiment {
namespace {

/// Renews a lease from a thread of its own, with its own connection, while a trial runs. Most trials end before
/// the first renewal, so neither is made before it is due.
class Heartbeat {
 public:
  Heartbeat(const WorkerOptions& options, std::int64_t experiment, Claim claim)
      : thread_(
            [this, &options, experiment, claim = std::move(claim)] { beat(options, experiment, claim); }) {}
  ~Heartbeat() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void beat(const WorkerOptions& options, std::int64_t experiment, const Claim& claim) {
    std::optional<TrialStore> store;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, std::chrono::milliseconds(options.leaseMs / 3), [&] { return ended_; })) {
      lock.unlock();
      if (!store) {
        Result<TrialStore> opened = TrialStore::open(options.place, true);
        if (opened.ok()) store.emplace(std::move(opened).value());
      }
      // If this fails the lease runs out and another takes the trial: work done twice, counted once.
      if (store) (void)store->renew(experiment, claim, options.leaseMs).ok();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_;
};

/// What is known of the trials so far, read from the store as far as they ended.
class History {
 public:
  History(const Definition& definition, TrialStore& store, std::int64_t experiment)
      : definition_(definition), store_(store), experiment_(experiment) {}

  /// All trials there are; what had ended before is not read again.
  Status update(const TrialStore::Extent& extent) {
    const auto known = static_cast<std::int64_t>(known_);
    SLUICE_TRY(const std::vector<TrialRow> rows, store_.trials(experiment_, known, extent.trials - known));
    trials_.resize(known_);
    for (const TrialRow& row : rows) {
      if (row.number != static_cast<std::int64_t>(trials_.size())) return ioError("the store lost a trial");
      search::Trial trial;
      SLUICE_TRY(TrialPoint tried, parseParameters(definition_, row.parameters));
      trial.point = std::move(tried.point);
      if (row.state == TrialState::failed) trial.state = search::State::failed;
      if (row.state == TrialState::done) {
        SLUICE_TRY(const TrialResult result, parseResult(row.result));
        trial.state = search::State::done;
        SLUICE_TRY(trial.score, search::scoreOf(definition_.objectives, result.metrics));
      }
      trials_.push_back(std::move(trial));
    }
    known_ = static_cast<std::size_t>(extent.ended);
    return {};
  }
  [[nodiscard]] const std::vector<search::Trial>& trials() const { return trials_; }

 private:
  const Definition& definition_;
  TrialStore& store_;
  std::int64_t experiment_;
  std::vector<search::Trial> trials_;
  std::size_t known_ = 0;
};

/// Runs a claimed trial, writes what it came to, and claims the next.
Result<std::optional<Claim>> runClaim(const Runner& runner, const Definition& definition, TrialStore& store,
                                      std::int64_t experiment, const Claim& claim,
                                      const WorkerOptions& options, const std::string& worker) {
  const auto end = [&](TrialState state, const TrialResult& result,
                       const std::string& timings) -> Result<std::optional<Claim>> {
    // If it is not taken, another had the trial by then.
    SLUICE_TRY(TrialStore::Turn turn, store.finishAndClaim(experiment, claim, state, printResult(result),
                                                           timings, worker, options.leaseMs));
    return std::move(turn.next);
  };
  const auto fail = [&](const std::string& why) {
    TrialResult result;
    result.error = why;
    return end(TrialState::failed, result, "");
  };
  if (claim.token % TrialStore::claimsPerRound > options.mostClaims)
    return fail("its worker ended without a result " + std::to_string(options.mostClaims) + " times");
  SLUICE_TRY(const TrialPoint trial, parseParameters(definition, claim.parameters));
  const Heartbeat heartbeat(options, experiment, claim);
  for (int tries = 1;; ++tries) {
    const Result<TrialResult> result = runner.run(trial);
    if (!result.ok()) {
      if (tries < options.tries) continue;
      return fail(result.error().text());
    }
    return end(result->error.empty() ? TrialState::done : TrialState::failed, *result,
               printTimings(result->timings));
  }
}

std::string startTimeOf(const std::string& process) {
  const Result<std::string> stat = readFile("/proc/" + process + "/stat");
  if (!stat.ok()) return "";
  const std::size_t name = stat->rfind(')');  // the program's name may hold anything
  if (name == std::string::npos) return "";
  const std::vector<std::string> fields = split(stat->substr(name + 2), ' ');
  constexpr std::size_t state = 0, startTime = 19;
  if (fields.size() <= startTime || fields[state] == "Z" || fields[state] == "X") return "";
  return fields[startTime];
}

std::string hostName() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  const Result<std::string> boot = readFile("/proc/sys/kernel/random/boot_id");
  return std::string(name) + "/" + (boot.ok() ? std::string(trim(*boot)).substr(0, 8) : "");
}

}  // namespace

std::string workerName() {
  const std::string process = std::to_string(::getpid());
  return hostName() + "/" + process + "/" + startTimeOf(process);
}

bool isDead(const std::string& worker) {
  const std::size_t second = worker.rfind('/');
  const std::size_t first =
      second == std::string::npos || second == 0 ? second : worker.rfind('/', second - 1);
  if (first == std::string::npos || worker.substr(0, first) != hostName()) return false;
  return startTimeOf(worker.substr(first + 1, second - first - 1)) != worker.substr(second + 1);
}

Result<std::int64_t> enter(TrialStore& store, const Definition& definition) {
  return store.experiment(definition.name, definition.identity);
}

Status work(const Definition& definition, const jobs::Store& cache, const WorkerOptions& options,
            const std::string& worker) {
  SLUICE_TRY(TrialStore store, TrialStore::open(options.place, true));
  SLUICE_TRY(const std::int64_t experiment, enter(store, definition));
  SLUICE_TRY(const Runner runner, Runner::make(definition, cache));
  SLUICE_TRY(Proposer proposer, Proposer::make(definition));
  History history(definition, store, experiment);
  int idle = 0;
  for (;;) {
    SLUICE_TRY(std::optional<Claim> claim, store.claim(experiment, worker, options.leaseMs));
    while (claim) {
      SLUICE_TRY(claim, runClaim(runner, definition, store, experiment, *claim, options, worker));
      idle = 0;
    }
    SLUICE_TRY(const TrialStore::Extent extent, store.extent(experiment));
    if (extent.ended >= proposer.trials()) return {};
    const std::int64_t count = proposer.allowed(extent) - extent.trials;
    if (count > 0) {
      SLUICE_RETURN_IF_ERROR(history.update(extent));
      SLUICE_TRY(const std::vector<std::string> texts, proposer.propose(history.trials(), count));
      if (texts.empty()) return ioError("the sampler proposes nothing before the end of its trials");
      SLUICE_RETURN_IF_ERROR(store.add(experiment, extent.trials, texts));
      continue;
    }
    // Others run what is left. Take over from those that are dead; else look again soon.
    constexpr int oftenEnough = 16;
    if (idle++ % oftenEnough == 0) {
      SLUICE_TRY(const std::vector<std::string> holders, store.workers(experiment));
      for (const std::string& holder : holders)
        if (isDead(holder)) SLUICE_RETURN_IF_ERROR(store.release(experiment, holder));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + idle, 30)));
  }
}

}  // namespace sluice::experiment

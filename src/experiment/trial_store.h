#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/database.h"

/// The trial store: which trials an experiment has, who works on which, and what came out.
///
///   WAITING --claim--> RUNNING (worker, lease, token) --finish--> DONE or FAILED
///                        |  ^
///                        +--+ claim by another, once the lease ran out or the worker was found dead
///
/// Every step is one SQL statement, so it happened or it did not, whatever is killed when. A claim raises the
/// trial's *token*; a result is taken only with the token of the latest claim, so that a worker which was
/// believed dead cannot write over the one that took its place (fencing). Heartbeats renew the lease. A result
/// is written once: nothing changes a trial that is done. Times go by the database's clock.
///
/// Results are on disk when finish() returns. On SQLite, proposals and claims survive kills but not a power cut:
/// that takes all workers of the one host with it, proposals are a function of the results before them, and a
/// trial whose claim was undone waits again. So a trial costs one wait for the disk; the next one is
/// claimed in the same transaction.
///
/// Rejected  one row per event (a queue read by replay): counting what is open would grow with what is done
///           a lock held while a trial runs: it dies with the connection, the worker's children do not
namespace sluice::experiment {

enum class TrialState : std::uint8_t { waiting = 0, running = 1, done = 2, failed = 3 };
const char* stateName(TrialState state);  ///< "waiting", ...

/// A trial as it is stored. Parameters and result are text to the store.
struct TrialRow {
  std::int64_t number = 0;
  std::string parameters;
  TrialState state = TrialState::waiting;
  std::string result;   ///< of done: what it came to; of failed: why
  std::string timings;  ///< apart from the result, because no two runs have the same
  std::int64_t token = 0;
  std::string worker;  ///< the last one
  std::int64_t startedMs = 0, endedMs = 0;
};

struct Claim {
  std::int64_t number = 0, token = 0;  ///< the token counts claims of this trial: 1 is the first try
  std::string parameters;
};

struct TrialCounts {
  std::int64_t waiting = 0, running = 0, done = 0, failed = 0;
  [[nodiscard]] std::int64_t all() const { return waiting + running + done + failed; }
};

class TrialStore {
 public:
  /// Opens a store, making or migrating its tables. Errors: io; unsupported if a newer Sluice made it.
  /// `patient`: of workers, who wait for a server that is being started again.
  static Result<TrialStore> open(const std::string& place, bool patient = false);

  /// The experiment of this name, made with `definition` if there is none. Errors: badInput if there is one with
  /// another definition.
  Result<std::int64_t> experiment(const std::string& name, const std::string& definition);
  /// Nothing if there is none.
  Result<std::optional<std::int64_t>> find(const std::string& name);

  /// Trials number, number + 1, ... with these parameters; those that exist stay as they are. Errors: badInput if
  /// one exists with other parameters: the search would not be a function of its seed.
  Status add(std::int64_t experiment, std::int64_t number, const std::vector<std::string>& parameters);

  /// The first trial that waits, or whose lease ran out; nothing if there is none now.
  Result<std::optional<Claim>> claim(std::int64_t experiment, const std::string& worker,
                                     std::int64_t leaseMs);
  /// False if the trial is no longer ours.
  Result<bool> renew(std::int64_t experiment, const Claim& claim, std::int64_t leaseMs);
  /// The end of a trial. False if it was no longer ours, and then nothing changed.
  Result<bool> finish(std::int64_t experiment, const Claim& claim, TrialState state,
                      const std::string& result, const std::string& timings);
  /// finish(), and then claim(): on SQLite for one wait for the disk.
  struct Turn {
    bool taken = false;         ///< as finish() says
    std::optional<Claim> next;  ///< as claim() says
  };
  Result<Turn> finishAndClaim(std::int64_t experiment, const Claim& claim, TrialState state,
                              const std::string& result, const std::string& timings,
                              const std::string& worker, std::int64_t leaseMs);
  /// What a worker held may be claimed by others at once.
  Status release(std::int64_t experiment, const std::string& worker);
  /// Who holds leases.
  Result<std::vector<std::string>> workers(std::int64_t experiment);

  /// Failed trials wait again, from a new round of claims; of trials that a result of theirs may have led to
  /// (`window` further on, or more), nothing stays. `window` 0: no result leads to a trial. How many wait again, and
  /// how many were taken back. Errors: badInput if a trial is running.
  struct Retried {
    std::int64_t waiting = 0, dropped = 0;
  };
  Result<Retried> retryFailed(std::int64_t experiment, std::int64_t window);
  static constexpr std::int64_t claimsPerRound = 1000;  ///< tokens of a trial that belong to one round

  Result<TrialCounts> counts(std::int64_t experiment);
  /// How many trials there are, and how many from the first on have ended without a gap. Does not grow with the
  /// number of trials.
  struct Extent {
    std::int64_t trials = 0, ended = 0;
  };
  Result<Extent> extent(std::int64_t experiment);
  static constexpr std::int64_t everything = std::int64_t{1} << 60;
  /// Trials from `first` on, in order; at most `count`.
  Result<std::vector<TrialRow>> trials(std::int64_t experiment, std::int64_t first = 0,
                                       std::int64_t count = everything);

 private:
  [[nodiscard]] Database::Statement claiming(std::int64_t experiment, const std::string& worker,
                                             std::int64_t leaseMs) const;
  [[nodiscard]] Database::Statement finishing(std::int64_t experiment, const Claim& claim, TrialState state,
                                              const std::string& result, const std::string& timings) const;
  Result<bool> isFinished(std::int64_t experiment, const Claim& claim, TrialState state);
  explicit TrialStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

/// The statements that bring a store from version n to n + 1, at position n. Never edited, only added to.
const std::vector<std::vector<std::string>>& migrations();
/// Brings the tables of `database` to `version` (-1: the newest). For TrialStore::open and tests of migrations.
Status migrate(Database& database, std::int64_t version = -1);

}  // namespace sluice::experiment

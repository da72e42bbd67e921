// Trials per second through the store, beside what bare SQLite commits in the same run; and how that changes with
// the trials stored and the workers.
//
//   trial_rate [--seconds S] [--stored N,N,...] [--python PYTHON_WITH_OPTUNA] [postgresql://...]
//
// A trial is claimed, its (empty) work done, its result committed. With --python, Optuna does the same to a store of its
// own, in turn with ours (peers/optuna_trials.py; for PostgreSQL it needs psycopg2). Ends with exit code 1 if SQLite takes
// fewer than 1,000 trials a second and also fewer than half of what it commits bare.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "experiment/trial_store.h"

namespace {

using namespace sluice;
using namespace sluice::experiment;
using Clock = std::chrono::steady_clock;

double seconds = 2;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

template <typename T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().text().c_str());
  std::exit(1);
}

/// Commits a second of one statement each, on disk.
double bareCommits(const std::string& place) {
  const std::unique_ptr<Database> database = must(openDatabase(place));
  must(database->run("CREATE TABLE IF NOT EXISTS bare (x TEXT NOT NULL)"));
  const Clock::time_point begin = Clock::now();
  int commits = 0;
  for (; since(begin) < seconds; ++commits)
    must(database->run("INSERT INTO bare VALUES ($1)", {std::string("r")}));
  return commits / since(begin);
}

/// Proposes, claims and finishes until the time is over; how many were finished.
int worker(const std::string& place, std::int64_t id, bool proposes) {
  TrialStore store = must(TrialStore::open(place));
  const Clock::time_point begin = Clock::now();
  int finished = 0;
  while (since(begin) < seconds) {
    const std::string self = std::to_string(::getpid());
    std::optional<Claim> claim = must(store.claim(id, self, 60'000));
    while (claim && since(begin) < seconds) {
      TrialStore::Turn turn = must(store.finishAndClaim(id, *claim, TrialState::done,
                                                        R"({"metrics":{"loss":0.125}})", "", self, 60'000));
      finished += turn.taken;
      claim = std::move(turn.next);
    }
    if (!claim && proposes) {
      const std::int64_t first = must(store.extent(id)).trials;
      const Status added = store.add(id, first, std::vector<std::string>(512, R"({"x":"1"})"));
      if (!added.ok()) std::exit(1);
    }
  }
  return finished;
}

/// Trials a second with so many worker processes and so many trials stored before.
double trialRate(const std::string& place, const std::string& name, int workers, std::int64_t stored) {
  std::int64_t id = 0;
  {
    TrialStore store = must(TrialStore::open(place));
    id = must(store.experiment(name, ""));
    const std::unique_ptr<Database> database = must(openDatabase(place));
    for (std::int64_t first = 0; first < stored; first += 100'000) {  // done, by one statement
      const std::int64_t count = std::min<std::int64_t>(100'000, stored - first);
      must(database->run(
          "WITH RECURSIVE n (i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < "
          "CAST($3 AS BIGINT)) INSERT INTO trials (experiment, number, parameters, state, result) "
          "SELECT CAST($1 AS BIGINT), i, '{\"x\":\"1\"}', 2, '{\"metrics\":{\"loss\":0.125}}' FROM n",
          {id, first, first + count}));
    }
    if (workers > 1) {  // enough for all, so that proposing is not measured
      const Status added = store.add(id, stored, std::vector<std::string>(40'000, R"({"x":"1"})"));
      if (!added.ok()) std::exit(1);
    }
  }
  if (workers == 1) return worker(place, id, true) / seconds;
  std::vector<int> pipes(2);
  if (::pipe(pipes.data()) != 0) std::exit(1);
  for (int i = 0; i < workers; ++i)
    if (::fork() == 0) {
      const int finished = worker(place, id, false);
      ::_exit(::write(pipes[1], &finished, sizeof finished) == sizeof finished ? 0 : 1);
    }
  int all = 0;
  for (int i = 0; i < workers; ++i) {
    int one = 0;
    if (::read(pipes[0], &one, sizeof one) == sizeof one) all += one;
    ::wait(nullptr);
  }
  ::close(pipes[0]);
  ::close(pipes[1]);
  return all / seconds;
}

/// Trials a second of Optuna on a store of this kind; 0 if it does not run.
double optunaRate(const std::string& python, const std::string& storage) {
  const std::string command = "'" + python + "' '" + SLUICE_BENCH_SOURCE + "/peers/optuna_trials.py' '" +
                              storage + "' " + std::to_string(seconds);
  std::FILE* const output = ::popen(command.c_str(), "r");
  if (output == nullptr) return 0;
  char version[100] = {};
  double rate = 0;
  const bool read =
      std::fgets(version, sizeof version, output) != nullptr && std::fscanf(output, "%lf", &rate) == 1;
  if (::pclose(output) != 0 || !read) return 0;
  static bool named = false;
  if (!named) std::printf("peer: %s", version);
  named = true;
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line at a time, also into a file
  std::vector<std::int64_t> stored = {0, 1'000, 100'000, 1'000'000};
  std::string postgres, python;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (std::strcmp(argv[i], "--stored") == 0 && i + 1 < argc) {
      stored.clear();
      for (const std::string& number : split(argv[++i], ',')) stored.push_back(std::atoll(number.c_str()));
    } else if (std::strcmp(argv[i], "--python") == 0 && i + 1 < argc) {
      python = argv[++i];
    } else {
      postgres = argv[i];
    }
  }
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("sluice-trial-rate-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto both = [&](const char* name, const std::string& place) {
    double bare = 0, first = 0;
    for (const std::int64_t count : stored) {
      // In turn, because what else the disk does changes from second to second.
      constexpr int turns = 5;
      double commits = 0, rate = 0;
      for (int turn = 0; turn < turns; ++turn) {
        commits += bareCommits(place) / turns;
        rate += trialRate(place, "stored " + std::to_string(count), 1, turn == 0 ? count : 0) / turns;
      }
      std::printf("%s, 1 worker, %9lld trials stored: %8.0f trials/s; bare commits %8.0f/s\n", name,
                  static_cast<long long>(count), rate, commits);
      if (first == 0) first = rate, bare = commits;
    }
    return std::pair{first, bare};
  };
  const auto beside = [&](const char* name, const std::string& place, const std::string& storage) {
    if (python.empty()) return;
    double ours = 0, theirs = 0;
    constexpr int turns = 3;
    for (int turn = 0; turn < turns; ++turn) {
      ours += trialRate(place, "beside Optuna", 1, 0) / turns;
      theirs += optunaRate(python, storage) / turns;
    }
    std::printf("%s, 1 worker, in turn: %8.0f trials/s; Optuna %8.1f trials/s; %.0f times\n", name, ours,
                theirs, theirs > 0 ? ours / theirs : 0);
  };
  beside("SQLite", (folder / "beside.db").string(), "sqlite:///" + (folder / "optuna.db").string());
  if (!postgres.empty() && !python.empty()) {  // a database of its own, for both have a table `trials`
    const std::string theirs = "optuna_" + std::to_string(::getpid());
    must(must(openDatabase(postgres))->run("CREATE DATABASE " + theirs));
    beside("PostgreSQL", postgres, postgres.substr(0, postgres.rfind('/') + 1) + theirs);
    must(must(openDatabase(postgres))->run("DROP DATABASE " + theirs));
  }
  const auto [rate, bare] = both("SQLite", (folder / "trials.db").string());
  for (const int workers : {2, 8})
    std::printf("SQLite, %2d workers: %8.0f trials/s\n", workers,
                trialRate((folder / "workers.db").string(), "w" + std::to_string(workers), workers, 0));
  if (!postgres.empty()) {
    both("PostgreSQL", postgres);
    for (const int workers : {2, 4, 8, 16, 32, 64})
      std::printf("PostgreSQL, %2d workers: %8.0f trials/s\n", workers,
                  trialRate(postgres, "w" + std::to_string(workers), workers, 0));
  }
  std::filesystem::remove_all(folder);
  const bool met = rate >= 1000 || rate >= bare / 2;
  std::printf("promised: 1,000 trials/s on SQLite, or half of its bare commits: %s\n",
              met ? "met" : "NOT MET");
  return met ? 0 : 1;
}

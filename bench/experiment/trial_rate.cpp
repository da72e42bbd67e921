// What the bookkeeping of an experiment costs: trials a second through the store beside what the database commits bare,
// how that changes with the trials stored and with the workers, and a stage whose result is known.
//
//   trial_rate [--seconds S] [--rounds N] [--stored N,N,...] [--python PYTHON_WITH_OPTUNA] [--postgres]
//
// A trial is claimed, its (empty) work done, its result committed. With --python, Optuna does the same to a store of its
// own, in turn with ours (peers/optuna_trials.py; for PostgreSQL it needs psycopg2). With --postgres a PostgreSQL server is
// started on loopback for it. What is compared is done in turn, for short times and often, because what else disk and
// processors do changes from second to second; medians over the rounds are shown. Ends with exit code 1 if SQLite takes
// fewer than 1,000 trials a second and also fewer than half of what it commits bare, if a known stage takes a millisecond,
// or if the rate falls by more than a third as trials are stored or as workers grow from 2 to 64.

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
#include "experiment/stage.h"
#include "experiment/test_server.h"
#include "experiment/trial_store.h"

namespace {

using namespace sluice;
using namespace sluice::experiment;
using Clock = std::chrono::steady_clock;

double seconds = 0.15;  // of one turn
int rounds = 21;
bool met = true;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

template <typename T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().text().c_str());
  std::exit(1);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

/// Whether the second rate is at least two thirds of the first, turn against turn.
bool keeps(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < first.size(); ++i) ratios.push_back(second[i] / first[i]);
  std::printf("  last to first, turn against turn: %.2f\n", median(ratios));
  return median(ratios) >= 2.0 / 3;
}

void promise(const char* what, bool holds) {
  std::printf("promised: %s: %s\n", what, holds ? "met" : "NOT MET");
  met = met && holds;
}

/// Commits of one statement each.
class Bare {
 public:
  explicit Bare(const std::string& place) : database_(must(openDatabase(place))) {
    must(database_->run("CREATE TABLE IF NOT EXISTS bare (x TEXT NOT NULL)"));
  }
  double rate() {
    const Clock::time_point begin = Clock::now();
    int commits = 0;
    for (; since(begin) < seconds; ++commits)
      must(database_->run("INSERT INTO bare VALUES ($1)", {std::string("r")}));
    return commits / since(begin);
  }

 private:
  std::unique_ptr<Database> database_;
};

/// Trials through the store by one worker.
class Worker {
 public:
  Worker(const std::string& place, const std::string& name)
      : store_(must(TrialStore::open(place))), id_(must(store_.experiment(name, ""))) {}

  /// Proposes, claims and finishes for a while.
  double rate() {
    const Clock::time_point begin = Clock::now();
    int finished = 0;
    while (since(begin) < seconds) {
      if (!claim_) claim_ = must(store_.claim(id_, self_, leaseMs));
      if (claim_) {
        TrialStore::Turn turn = must(store_.finishAndClaim(
            id_, *claim_, TrialState::done, R"({"metrics":{"loss":0.125}})", "", self_, leaseMs));
        finished += turn.taken;
        claim_ = std::move(turn.next);
      } else {
        propose(must(store_.extent(id_)).trials, 512);
      }
    }
    return finished / since(begin);
  }
  void propose(std::int64_t first, std::size_t count) {
    if (!store_.add(id_, first, std::vector<std::string>(count, R"({"x":"1"})")).ok()) std::exit(1);
  }
  [[nodiscard]] std::int64_t id() const { return id_; }

 private:
  static constexpr std::int64_t leaseMs = 3'600'000;
  TrialStore store_;
  std::int64_t id_;
  std::string self_ = std::to_string(::getpid());
  std::optional<Claim> claim_;
};

/// So many trials that are done, by a few statements.
void fill(const std::string& place, std::int64_t id, std::int64_t count) {
  const std::unique_ptr<Database> database = must(openDatabase(place));
  constexpr std::int64_t atOnce = 100'000;
  for (std::int64_t first = 0; first < count; first += atOnce)
    must(database->run(
        "WITH RECURSIVE n (i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < "
        "CAST($3 AS BIGINT)) INSERT INTO trials (experiment, number, parameters, state, result) "
        "SELECT CAST($1 AS BIGINT), i, '{\"x\":\"1\"}', 2, '{\"metrics\":{\"loss\":0.125}}' FROM n",
        {id, first, std::min(count, first + atOnce)}));
}

/// Trials a second of so many worker processes on one experiment.
double together(const std::string& place, const std::string& name, int workers) {
  {
    Worker proposer(place, name);  // enough for all, so that proposing is not measured
    proposer.propose(must(must(TrialStore::open(place)).extent(proposer.id())).trials, 10'000);
  }
  int pipes[2];
  if (::pipe(pipes) != 0) std::exit(1);
  for (int i = 0; i < workers; ++i)
    if (::fork() == 0) {
      const double rate = Worker(place, name).rate();
      ::_exit(::write(pipes[1], &rate, sizeof rate) == sizeof rate ? 0 : 1);
    }
  double all = 0;
  for (int i = 0; i < workers; ++i) {
    double one = 0;
    if (::read(pipes[0], &one, sizeof one) == sizeof one) all += one;
    ::wait(nullptr);
  }
  ::close(pipes[0]);
  ::close(pipes[1]);
  return all;
}

/// Trials a second of Optuna on a store of this kind; 0 if it does not run.
double optunaRate(const std::string& python, const std::string& storage) {
  const std::string command =
      "'" + python + "' '" + SLUICE_BENCH_SOURCE + "/peers/optuna_trials.py' '" + storage + "' 2";
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

void besideOptuna(const char* name, const std::string& place, const std::string& python,
                  const std::string& storage) {
  constexpr int turns = 3;
  std::vector<double> ours, theirs;
  Worker worker(place, "beside Optuna");
  for (int turn = 0; turn < turns; ++turn) {
    ours.push_back(worker.rate());
    theirs.push_back(optunaRate(python, storage));
  }
  std::printf("%s, 1 worker, in turn: %8.0f trials/s; Optuna %8.1f trials/s; %.0f times\n", name,
              median(ours), median(theirs), median(theirs) > 0 ? median(ours) / median(theirs) : 0);
}

/// One worker on stores of several sizes, in turn with bare commits. `places`: a store of its own for each.
void storedTrials(const char* name, const std::string& barePlace, const std::vector<std::string>& places,
                  const std::vector<std::int64_t>& stored, bool judged) {
  Bare bare(barePlace);
  for (double commits = 0; commits < 1000; commits += seconds * bare.rate()) continue;
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    workers.emplace_back(places[i], "stored " + std::to_string(stored[i]));
    fill(places[i], workers.back().id(), stored[i]);
    // SQLite's log has begun anew once: before that it grows, which takes longer. 1,000 pages, some three a trial.
    for (double trials = 0; trials < 400; trials += seconds * workers.back().rate()) continue;
  }
  std::vector<std::vector<double>> rates(stored.size()), ratios(stored.size());
  std::vector<double> commits;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < stored.size(); ++i) {
      commits.push_back(bare.rate());
      rates[i].push_back(workers[i].rate());
      ratios[i].push_back(rates[i].back() / commits.back());
    }
  std::printf("%s: bare commits %.0f/s\n", name, median(commits));
  bool enough = true;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    std::printf("%s, 1 worker, %9lld trials stored: %8.0f trials/s, %.2f of the bare commits beside it\n",
                name, static_cast<long long>(stored[i]), median(rates[i]), median(ratios[i]));
    enough = enough && (median(rates[i]) >= 1000 || median(ratios[i]) >= 0.5);
  }
  if (judged) promise("1,000 trials/s on SQLite, or half of its bare commits, at every size", enough);
  if (stored.size() > 1)
    promise("the rate stays within a third from fewest to most trials stored",
            keeps(rates.front(), rates.back()));
}

/// Several workers on one store.
void manyWorkers(const char* name, const std::string& place, const std::vector<int>& counts, bool judged) {
  std::vector<std::vector<double>> rates(counts.size());
  seconds *= 8;  // 64 processes need a while to have started
  constexpr int turns = 3;
  for (int turn = 0; turn < turns; ++turn)
    for (std::size_t i = 0; i < counts.size(); ++i) rates[i].push_back(together(place, "workers", counts[i]));
  seconds /= 8;
  for (std::size_t i = 0; i < counts.size(); ++i)
    std::printf("%s, %2d workers: %8.0f trials/s\n", name, counts[i], median(rates[i]));
  if (judged) promise("the rate stays within a third from 2 workers to 64", keeps(rates[1], rates.back()));
}

/// A stage that does nothing, its result known.
void cachedStage(const std::string& folder) {
  StageType nothing{.name = "nothing", .version = "1", .help = ""};
  nothing.inputs = {{"x", Type::real, "", {}}};
  nothing.outputs = {{"y", Type::real, "", {}}};
  nothing.run = [](const Values& in, StageRun&) -> Result<Values> { return Values{{"y", in.at("x")}}; };
  const jobs::Store store = must(jobs::Store::open(folder));
  std::vector<double> times;
  bool known = true;
  for (int i = 0; i < 2000; ++i) {
    const Clock::time_point begin = Clock::now();
    const StageOutcome outcome = must(runStage(store, nothing, "", {{"x", static_cast<double>(i % 100)}}));
    if (i < 100) continue;  // each input for the first time
    times.push_back(since(begin) * 1e3);
    known = known && outcome.fromCache && asNumber(outcome.outputs.at("y")) == static_cast<double>(i % 100);
  }
  std::printf("a stage whose result is known: %.4f ms\n", median(times));
  promise("less than 1 ms", known && median(times) < 1);
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line at a time, also into a file
  std::vector<std::int64_t> stored = {1'000, 10'000, 100'000, 1'000'000};
  std::string python;
  bool postgres = false;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--seconds") == 0 && more) {
      seconds = std::atof(argv[++i]);
    } else if (std::strcmp(argv[i], "--rounds") == 0 && more) {
      rounds = std::atoi(argv[++i]);
    } else if (std::strcmp(argv[i], "--stored") == 0 && more) {
      stored.clear();
      for (const std::string& number : split(argv[++i], ',')) stored.push_back(std::atoll(number.c_str()));
    } else if (std::strcmp(argv[i], "--python") == 0 && more) {
      python = argv[++i];
    } else if (std::strcmp(argv[i], "--postgres") == 0) {
      postgres = true;
    } else {
      std::fprintf(stderr, "trial_rate: unknown argument '%s'\n", argv[i]);
      return 2;
    }
  }
  const TestFolder folder;
  cachedStage(folder.at("cache"));
  std::vector<std::string> places;
  for (const std::int64_t count : stored)
    places.push_back(folder.at("stored" + std::to_string(count) + ".db"));
  storedTrials("SQLite", folder.at("bare.db"), places, stored, true);
  manyWorkers("SQLite", folder.at("workers.db"), {1, 2, 8}, false);
  if (!python.empty())
    besideOptuna("SQLite", folder.at("beside.db"), python, "sqlite:///" + folder.at("optuna.db"));
  if (postgres) {
    std::optional<PostgresServer> server = PostgresServer::start(folder);
    if (!server) {
      std::fprintf(stderr, "PostgreSQL is not installed or does not start (apt-get install postgresql)\n");
      return 1;
    }
    // A database of its own for each: all have a table `trials`.
    const std::string host = server->url().substr(0, server->url().rfind('/') + 1);
    const auto made = [&](const std::string& name) {
      must(must(openDatabase(server->url()))->run("CREATE DATABASE " + name));
      return host + name;
    };
    places.clear();
    for (const std::int64_t count : stored) places.push_back(made("stored" + std::to_string(count)));
    storedTrials("PostgreSQL", made("bare"), places, stored, false);
    manyWorkers("PostgreSQL", made("workers"), {1, 2, 4, 8, 16, 32, 64}, true);
    if (!python.empty()) besideOptuna("PostgreSQL", made("beside"), python, made("optuna"));
    server->stop();
  }
  return met ? 0 : 1;
}

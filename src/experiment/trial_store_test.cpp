#include "experiment/trial_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "experiment/test_server.h"

namespace sluice::experiment {
namespace {

TrialStore opened(const std::string& place) {
  Result<TrialStore> store = TrialStore::open(place);
  EXPECT_TRUE(store.ok()) << store.error().text();
  return std::move(store).value();
}

// ---- What a store does; each of these holds on SQLite and on PostgreSQL.

void aTrialGoesFromWaitingToDone(const std::string& place) {
  TrialStore store = opened(place);
  const std::int64_t id = *store.experiment("life", "definition");
  ASSERT_TRUE(store.add(id, 0, {"a", "b"}).ok());
  const std::optional<Claim> first = *store.claim(id, "w1", 60'000);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 0);
  EXPECT_EQ(first->parameters, "a");
  EXPECT_EQ(first->token, 1);
  EXPECT_EQ(store.claim(id, "w2", 60'000).value()->number, 1) << "a leased trial is not given twice";
  EXPECT_FALSE(store.claim(id, "w3", 60'000).value());
  EXPECT_TRUE(*store.finish(id, *first, TrialState::done, "result 'with quotes'\n", "slow"));
  const std::vector<TrialRow> rows = *store.trials(id);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state, TrialState::done);
  EXPECT_EQ(rows[0].result, "result 'with quotes'\n");
  EXPECT_EQ(rows[0].timings, "slow");
  EXPECT_GE(rows[0].endedMs, rows[0].startedMs);
  EXPECT_GT(rows[0].startedMs, 1'600'000'000'000) << "milliseconds since 1970";
  EXPECT_EQ(rows[1].state, TrialState::running);
  const TrialStore::Extent extent = *store.extent(id);
  EXPECT_EQ(extent.trials, 2);
  EXPECT_EQ(extent.ended, 1);
}

void aWorkerThatLostItsLeaseCannotWrite(const std::string& place) {
  TrialStore store = opened(place);
  const std::int64_t id = *store.experiment("fencing", "definition");
  ASSERT_TRUE(store.add(id, 0, {"a"}).ok());
  const Claim slow = **store.claim(id, "slow", 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Claim quick = **store.claim(id, "quick", 60'000);
  EXPECT_EQ(quick.token, 2);
  EXPECT_FALSE(*store.renew(id, slow, 60'000));
  EXPECT_FALSE(*store.finish(id, slow, TrialState::done, "of the slow one", ""));
  EXPECT_TRUE(*store.renew(id, quick, 60'000));
  EXPECT_TRUE(*store.finish(id, quick, TrialState::done, "of the quick one", ""));
  EXPECT_FALSE(*store.finish(id, slow, TrialState::done, "of the slow one", ""));
  EXPECT_TRUE(*store.finish(id, quick, TrialState::done, "of the quick one", "")) << "said twice, done once";
  EXPECT_EQ(store.trials(id).value()[0].result, "of the quick one");
}

void whatADeadWorkerHeldIsFreeAtOnce(const std::string& place) {
  TrialStore store = opened(place);
  const std::int64_t id = *store.experiment("release", "definition");
  ASSERT_TRUE(store.add(id, 0, {"a", "b"}).ok());
  ASSERT_TRUE(*store.claim(id, "dead", 3'600'000));
  ASSERT_TRUE(*store.claim(id, "alive", 3'600'000));
  EXPECT_EQ(*store.workers(id), (std::vector<std::string>{"alive", "dead"}));
  ASSERT_TRUE(store.release(id, "dead").ok());
  EXPECT_EQ(*store.workers(id), std::vector<std::string>{"alive"});
  EXPECT_EQ(store.claim(id, "next", 1000).value()->number, 0);
  EXPECT_FALSE(*store.claim(id, "next", 1000));
}

void proposingTwiceChangesNothingAndOtherProposalsAreRefused(const std::string& place) {
  TrialStore store = opened(place);
  const std::int64_t id = *store.experiment("proposals", "definition");
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i) many.push_back("p" + std::to_string(i));  // more than one statement takes
  ASSERT_TRUE(store.add(id, 0, many).ok());
  ASSERT_TRUE(store.add(id, 0, many).ok());
  EXPECT_EQ(store.counts(id).value().all(), 300);
  EXPECT_EQ(store.trials(id, 298)->size(), 2u);
  EXPECT_EQ(store.trials(id, 100, 3)->size(), 3u);
  EXPECT_TRUE(store.trials(id, 100, 0)->empty()) << "none is none, not all that others proposed meanwhile";
  const Status other = store.add(id, 299, {"another", "p300"});
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().text().find("trial 299"), std::string::npos) << other.error().text();
}

void anExperimentKeepsItsDefinition(const std::string& place) {
  TrialStore store = opened(place);
  const std::int64_t id = *store.experiment("named", "one");
  EXPECT_EQ(*store.experiment("named", "one"), id);
  EXPECT_NE(*store.experiment("other", "one"), id);
  EXPECT_FALSE(store.experiment("named", "two").ok());
  EXPECT_FALSE(store.find("nobody").value());
}

void allOfThem(const std::string& place) {
  aTrialGoesFromWaitingToDone(place);
  aWorkerThatLostItsLeaseCannotWrite(place);
  whatADeadWorkerHeldIsFreeAtOnce(place);
  proposingTwiceChangesNothingAndOtherProposalsAreRefused(place);
  anExperimentKeepsItsDefinition(place);
}

// ---- Kills

/// A server may still carry out the claim of a client that was killed after its trials were given back; the end of the lease
/// frees that one. A trial takes less than a millisecond.
constexpr std::int64_t kLeaseMs = 5'000;

/// A worker that claims and finishes until nothing is left. After each accepted result it appends the trial's
/// number to `log`, so that a trial accepted twice shows.
[[noreturn]] void workUntilDone(const std::string& place, std::int64_t id, const std::string& log) {
  const int file = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0666);
  Result<TrialStore> store = TrialStore::open(place, true);
  const std::string worker = "process " + std::to_string(::getpid());
  std::optional<Claim> claim;
  while (store.ok()) {
    if (!claim) {
      Result<std::optional<Claim>> claimed = store->claim(id, worker, kLeaseMs);
      if (!claimed.ok()) break;
      claim = std::move(claimed).value();
    }
    if (!claim) {
      const Result<TrialStore::Extent> extent = store->extent(id);
      if (extent.ok() && extent->ended == extent->trials) ::_exit(0);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    Result<TrialStore::Turn> turn = store->finishAndClaim(
        id, *claim, TrialState::done, "result of " + claim->parameters, "", worker, kLeaseMs);
    if (!turn.ok()) break;
    const std::string line = std::to_string(claim->number) + "\n";
    if (turn->taken && ::write(file, line.data(), line.size()) < 0) break;
    claim = std::move(turn->next);
  }
  ::_exit(1);
}

/// Runs `trials` trials with four workers and kills one at random `kills` times; `disturb` (if set) runs at each
/// fifth kill instead. At the end every trial must be done once, with its own result.
void surviveKills(const std::string& place, const TestFolder& folder, int kills, int trials,
                  std::uint64_t seed, const std::function<void()>& disturb = {}) {
  std::vector<std::string> parameters;
  for (int i = 0; i < trials; ++i) parameters.push_back("trial " + std::to_string(i));
  const std::string log = folder.at("accepted"), name = "kills " + std::to_string(seed);
  std::int64_t id = 0;
  {
    TrialStore store = opened(place);
    id = *store.experiment(name, "definition");
    ASSERT_TRUE(store.add(id, 0, parameters).ok());
  }
  const auto launch = [&] {
    const pid_t child = ::fork();
    if (child == 0) workUntilDone(place, id, log);
    return child;
  };
  std::vector<pid_t> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(launch());
  Rng rng(seed);
  int killed = 0;
  for (int kill = 0; kill < kills; ++kill) {
    std::this_thread::sleep_for(std::chrono::microseconds(rng.uniform(0, 12'000)));
    if (disturb && kill % 5 == 4) {
      disturb();
      continue;
    }
    pid_t& victim = workers[static_cast<std::size_t>(rng.uniform(0, 3))];
    ::kill(victim, SIGKILL);
    int status = 0;
    ::waitpid(victim, &status, 0);
    killed += WIFSIGNALED(status);
    {
      TrialStore store = opened(place);
      ASSERT_TRUE(store.release(id, "process " + std::to_string(victim)).ok());
    }
    victim = launch();
  }
  for (const pid_t worker : workers) {
    int status = 0;
    ::waitpid(worker, &status, 0);
    EXPECT_EQ(status, 0) << "a worker gave up";
  }
  EXPECT_GT(killed, kills / 2) << "most kills should hit a worker at work";
  TrialStore store = opened(place);
  const std::vector<TrialRow> rows = *store.trials(id);
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(trials));
  for (const TrialRow& row : rows) {
    EXPECT_EQ(row.state, TrialState::done);
    EXPECT_EQ(row.result, "result of " + row.parameters);
  }
  std::map<std::string, int> accepted;
  for (const std::string& line : split(std::string(trim(*readFile(log))), '\n')) ++accepted[line];
  for (const auto& [trial, times] : accepted) EXPECT_EQ(times, 1) << "trial " << trial;
  EXPECT_GE(static_cast<int>(accepted.size()), trials - kills)
      << "only a kill may come between result and log";
}

TEST(TrialStore, DoesOnSqliteWhatItPromises) {
  const TestFolder folder;
  allOfThem(folder.at("trials.db"));
}

TEST(TrialStore, DoesOnPostgresWhatItPromisesAndSurvivesKillsOfWorkersAndServer) {
  const TestFolder folder;
  std::optional<PostgresServer> server = PostgresServer::start(folder);
  if (!server) GTEST_SKIP() << "PostgreSQL is not installed (apt-get install postgresql)";
  allOfThem(server->url());
  surviveKills(server->url(), folder, 10, 400, 1, [&] {
    server->killNow();
    ASSERT_TRUE(server->relaunch());
  });
  server->stop();
}

TEST(TrialStore, LosesAndDoublesNothingWhenWorkersAreKilled) {
  const TestFolder folder;
  surviveKills(folder.at("trials.db"), folder, 10, 300, 1);
}

TEST(TrialStore, KeepsItsTrialsWhenItsTablesAreMigrated) {
  const TestFolder folder;
  {
    std::unique_ptr<Database> old = std::move(openSqlite(folder.at("trials.db"))).value();
    ASSERT_TRUE(migrate(*old, 1).ok());
    ASSERT_TRUE(old->run("INSERT INTO experiments VALUES (1, 'old', 'definition')").ok());
    ASSERT_TRUE(old->run("INSERT INTO trials (experiment, number, parameters) VALUES (1, 0, 'p')").ok());
    ASSERT_FALSE(old->run("SELECT timings FROM trials").ok()) << "version 1 has none";
  }
  TrialStore store = opened(folder.at("trials.db"));
  const Claim claim = **store.claim(*store.experiment("old", "definition"), "w", 1000);
  EXPECT_EQ(claim.parameters, "p");
}

TEST(TrialStore, RefusesAStoreOfANewerVersion) {
  const TestFolder folder;
  {
    std::unique_ptr<Database> future = std::move(openSqlite(folder.at("trials.db"))).value();
    ASSERT_TRUE(migrate(*future).ok());
    ASSERT_TRUE(future->run("UPDATE sluice_schema SET version = 99").ok());
  }
  const Result<TrialStore> store = TrialStore::open(folder.at("trials.db"));
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.error().text().find("newer Sluice"), std::string::npos) << store.error().text();
}

TEST(TrialStore, RefusesAFileThatIsNoDatabase) {
  const TestFolder folder;
  ASSERT_TRUE(writeFile(folder.at("notes.txt"), std::string(5000, 'x')).ok());
  EXPECT_FALSE(TrialStore::open(folder.at("notes.txt")).ok());
  EXPECT_FALSE(TrialStore::open("mysql://somewhere").ok());
}

TEST(TrialStoreSlow, LosesAndDoublesNothingInFiveHundredKills) {
  if (std::getenv("SLUICE_SLOW") == nullptr) GTEST_SKIP() << "set SLUICE_SLOW=1 to run it";
  const TestFolder folder;
  surviveKills(folder.at("trials.db"), folder, 500, 6'000, 2);
}

TEST(TrialStoreSlow, LosesAndDoublesNothingInFiveHundredKillsOnPostgres) {
  if (std::getenv("SLUICE_SLOW") == nullptr) GTEST_SKIP() << "set SLUICE_SLOW=1 to run it";
  const TestFolder folder;
  std::optional<PostgresServer> server = PostgresServer::start(folder);
  if (!server) GTEST_SKIP() << "PostgreSQL is not installed (apt-get install postgresql)";
  surviveKills(server->url(), folder, 500, 6'000, 3, [&] {
    server->killNow();
    ASSERT_TRUE(server->relaunch());
  });
  server->stop();
}

}  // namespace
}  // namespace sluice::experiment

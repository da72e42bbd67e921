// Experiments whose processes are killed (kill -9) at random: the one that was started and waits, its workers, the
// database server. What is checked afterwards does not come from those that were killed: the database itself notes, in the
// transaction that ends a trial, that it ended; and the same experiment runs once undisturbed.
#include <fcntl.h>
#include <sys/wait.h>

#include <cstdlib>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "experiment/testing.h"

namespace sluice::experiment {
namespace {

/// Writes an artefact of 48 KB per trial, of which half are the same as another trial's.
Registry writingStage(int pauseMs) {
  StageType stage{.name = "write", .version = "1", .help = ""};
  stage.inputs = {{"x", Type::integer, "", {}}};
  stage.outputs = {{"y", Type::real, "", {}}, {"artefact", Type::file, "", {}}};
  stage.run = [pauseMs](const Values& in, StageRun& run) -> Result<Values> {
    const auto x = std::get<std::int64_t>(in.at("x"));
    ::usleep(static_cast<useconds_t>(pauseMs) * 1000);
    std::string content;
    for (int i = 0; i < 6'000; ++i) content += std::to_string(10'000'000 + x / 2 + i);
    SLUICE_TRY(const Value artefact, run.keep(content));
    return Values{{"y", static_cast<double>(x)}, {"artefact", artefact}};
  };
  return {stage};
}

Definition writing(std::int64_t trials, int pauseMs) {
  const std::string text =
      "experiment: writing\nseed: 5\nsampler: random\nwindow: 8\ntrials: " + std::to_string(trials) +
      "\nparameters:\n  x: {integer: [0, 1000000000]}\n"
      "stages:\n  write: {stage: write, inputs: {x: $x}}\n"
      "metrics: {y: $write.y}\nobjectives: {y: minimise}\n";
  return std::move(parseDefinition(text, "writing.yaml", ".", writingStage(pauseMs))).value();
}

/// From now on the database notes each end of a trial where it happens, however many there are of one.
void noteEnds(const std::string& place) {
  ASSERT_TRUE(TrialStore::open(place).ok());  // the tables
  const std::unique_ptr<Database> database = std::move(openDatabase(place)).value();
  ASSERT_TRUE(database->run("CREATE TABLE ends (number BIGINT NOT NULL)").ok());
  const std::string when = "AFTER UPDATE ON trials FOR EACH ROW WHEN (NEW.state >= 2) ",
                    note = "BEGIN INSERT INTO ends VALUES (NEW.number); ";
  if (place.find("://") == std::string::npos) {
    ASSERT_TRUE(database->run("CREATE TRIGGER noted " + when + note + "END").ok());
  } else {
    ASSERT_TRUE(
        database
            ->run("CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS '" + note + "RETURN NEW; END'")
            .ok());
    ASSERT_TRUE(database->run("CREATE TRIGGER noted " + when + "EXECUTE FUNCTION noted()").ok());
  }
}

/// How many trials were noted, and how many notes there are.
std::pair<std::string, std::string> notedEnds(const std::string& place) {
  const std::unique_ptr<Database> database = std::move(openDatabase(place)).value();
  const Result<Rows> rows = database->run("SELECT COUNT(DISTINCT number), COUNT(*) FROM ends");
  EXPECT_TRUE(rows.ok()) << rows.error().text();
  return {(*rows)[0][0], (*rows)[0][1]};
}

/// How many objects the store holds; each must have the digest that is its name.
std::size_t wholeObjects(const std::filesystem::path& cache) {
  const jobs::Store store = *jobs::Store::open(cache);
  std::size_t whole = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cache / "v1" / "objects")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".tmp") continue;  // left aside by one killed
    const std::string name =
        entry.path().parent_path().filename().string() + entry.path().filename().string();
    const std::optional<Digest> digest = parseDigest(name);
    EXPECT_TRUE(digest && store.get(*digest)) << name << " is half written";
    ++whole;
  }
  return whole;
}

std::vector<pid_t> childrenOf(pid_t process) {
  const std::string id = std::to_string(process);
  const Result<std::string> text = readFile("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  std::int64_t child = 0;
  if (text.ok())
    for (const std::string& word : split(std::string(trim(*text)), ' '))
      if (parseInt64(word, child)) children.push_back(static_cast<pid_t>(child));
  return children;
}

struct Killed {
  int coordinators = 0, workers = 0, servers = 0;
  [[nodiscard]] int all() const { return coordinators + workers + servers; }
};

/// Runs the experiment with four workers and kills now the process that waits for them (they die with it, and it is
/// started again), now a worker, now and then the server, until `kills` hit; then lets it end.
Killed surviveKills(const std::string& place, const TestFolder& folder, int kills, std::uint64_t seed,
                    const std::function<void()>& killServer = {}) {
  constexpr int pauseMs = 4;
  std::int64_t trials = 200;
  noteEnds(place);
  const auto launch = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      RunOptions options;
      options.worker.place = place;
      options.workers = 4;
      const Status status = run(writing(trials, pauseMs), folder.at("killed"), options);
      if (!status.ok()) std::fprintf(stderr, "%s\n", status.error().text().c_str());
      ::_exit(status.ok() ? 0 : 1);
    }
    return child;
  };
  Rng rng(seed);
  Killed killed;
  bool serverWasAway = false;  // since the coordinator began
  pid_t coordinator = launch();
  while (killed.all() < kills) {
    // Of a worker: some time after there are workers, however long they take to start on a busy machine.
    const std::int64_t choice = rng.uniform(0, 7);
    for (int tries = 0; choice < 4 && tries < 500 && childrenOf(coordinator).empty(); ++tries)
      ::usleep(10'000);
    ::usleep(static_cast<useconds_t>(rng.uniform(0, 100'000)));
    int status = 0;
    if (::waitpid(coordinator, &status, WNOHANG) == coordinator) {  // at its end: more of the same
      const bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
      EXPECT_TRUE(ended || serverWasAway) << "only without a server may it say that it cannot begin";
      if (ended) trials += 200;
      serverWasAway = false;
      coordinator = launch();
      continue;
    }
    if (killServer && choice == 7) {
      killServer();
      ++killed.servers;
      serverWasAway = true;
      continue;
    }
    const std::vector<pid_t> workers = childrenOf(coordinator);
    if (choice < 4) {
      if (workers.empty()) continue;
      const auto one =
          static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(workers.size()) - 1));
      killed.workers += ::kill(workers[one], SIGKILL) == 0;
      continue;
    }
    ::kill(coordinator, SIGKILL);
    ::waitpid(coordinator, &status, 0);
    killed.coordinators += WIFSIGNALED(status);
    serverWasAway = false;
    coordinator = launch();
  }
  int status = 0;
  ::waitpid(coordinator, &status, 0);
  if (serverWasAway && WIFEXITED(status) && WEXITSTATUS(status) != 0) ::waitpid(launch(), &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it ends once it is left alone";

  const Definition definition = writing(trials, 0);
  runToEnd(definition, folder, folder.at("undisturbed.db"), 1, "undisturbed");
  EXPECT_EQ(outcomeOf(definition, place), outcomeOf(definition, folder.at("undisturbed.db")));
  const auto [ended, notes] = notedEnds(place);
  EXPECT_EQ(ended, std::to_string(trials)) << "each trial ended";
  EXPECT_EQ(notes, ended) << "and none twice";
  EXPECT_EQ(wholeObjects(folder.at("killed")), wholeObjects(folder.at("undisturbed")));
  std::printf("%lld trials; killed: %d coordinators, %d workers, %d servers\n",
              static_cast<long long>(trials), killed.coordinators, killed.workers, killed.servers);
  return killed;
}

Killed surviveKillsOnPostgres(PostgresServer& server, const TestFolder& folder, int kills,
                              std::uint64_t seed) {
  return surviveKills(server.url(), folder, kills, seed, [&] {
    server.killNow();
    ASSERT_TRUE(server.relaunch());
  });
}

TEST(Kills, OfCoordinatorAndWorkersLoseAndDoubleNothing) {
  const TestFolder folder;
  const Killed killed = surviveKills(folder.at("trials.db"), folder, 16, 1);
  EXPECT_GT(killed.coordinators, 0);
  EXPECT_GT(killed.workers, 0);
}

TEST(Kills, OnPostgresAlsoOfTheServerLoseAndDoubleNothing) {
  const TestFolder folder;
  std::optional<PostgresServer> server = PostgresServer::start(folder);
  if (!server) GTEST_SKIP() << "PostgreSQL is not installed (apt-get install postgresql)";
  surviveKillsOnPostgres(*server, folder, 8, 1);
  server->stop();
}

TEST(KillsSlow, FiveHundredOnSqlite) {
  if (std::getenv("SLUICE_SLOW") == nullptr) GTEST_SKIP() << "set SLUICE_SLOW=1 to run it";
  const TestFolder folder;
  surviveKills(folder.at("trials.db"), folder, 500, 2);
}

TEST(KillsSlow, FiveHundredOnPostgres) {
  if (std::getenv("SLUICE_SLOW") == nullptr) GTEST_SKIP() << "set SLUICE_SLOW=1 to run it";
  const TestFolder folder;
  std::optional<PostgresServer> server = PostgresServer::start(folder);
  if (!server) GTEST_SKIP() << "PostgreSQL is not installed (apt-get install postgresql)";
  surviveKillsOnPostgres(*server, folder, 500, 3);
  server->stop();
}

}  // namespace
}  // namespace sluice::experiment

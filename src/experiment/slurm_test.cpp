#include "experiment/slurm.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "experiment/test_slurm.h"
#include "experiment/testing.h"

namespace sluice::experiment {
namespace {

constexpr const char* const slurmDefinition = R"yaml(experiment: spread
seed: 3
sampler: nsga2
window: 4
trials: 40
parameters:
  x: {number: [-2, 2]}
stages:
  square: {stage: square, inputs: {x: $x}}
metrics: {y: $square.y}
objectives: {y: minimise}
)yaml";

Definition spread() {
  StageType square{.name = "square", .version = "1", .help = ""};
  square.inputs = {{"x", Type::real, "", {}}};
  square.outputs = {{"y", Type::real, "", {}}};
  square.run = [](const Values& in, StageRun&) -> Result<Values> {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    return Values{{"y", *asNumber(in.at("x")) * *asNumber(in.at("x"))}};
  };
  return std::move(parseDefinition(slurmDefinition, "spread.yaml", ".", {square})).value();
}

/// What a task of the array runs: this program, told where by its environment.
TEST(SlurmWorker, Works) {
  const char *place = std::getenv("SLUICE_TEST_PLACE"), *cache = std::getenv("SLUICE_TEST_CACHE");
  if (place == nullptr || cache == nullptr) GTEST_SKIP() << "not a task of the test below";
  const Definition definition = spread();
  const Status status =
      work(definition, *jobs::Store::open(cache), {.place = place, .leaseMs = 3000}, workerName());
  ASSERT_TRUE(status.ok()) << status.error().text();
}

/// The process that works on some trial now; 0 if there is none.
pid_t someWorker(const Definition& definition, const std::string& place) {
  TrialStore store = std::move(TrialStore::open(place)).value();
  const std::vector<std::string> workers = *store.workers(*enter(store, definition));
  if (workers.empty()) return 0;
  const std::vector<std::string> parts = split(workers[0], '/');
  std::int64_t process = 0;
  return parts.size() == 4 && parseInt64(parts[2], process) ? static_cast<pid_t>(process) : 0;
}

TEST(Slurm, GivesTheTrialsOfOneWorkerWhateverIsKilled) {
  const TestFolder folder;
  const std::unique_ptr<SlurmCluster> cluster = SlurmCluster::start(folder);
  if (!cluster) GTEST_SKIP() << "needs root and Slurm (apt-get install slurmd slurmctld slurm-client munge)";
  const Definition definition = spread();
  ASSERT_TRUE(
      work(definition, *jobs::Store::open(folder.at("alone")), {.place = folder.at("alone.db")}, workerName())
          .ok());
  SlurmOptions options;
  options.place = folder.at("slurm.db");
  options.worker = {"env", "SLUICE_TEST_PLACE=" + options.place, "SLUICE_TEST_CACHE=" + folder.at("cache"),
                    std::filesystem::read_symlink("/proc/self/exe").string(), "--gtest_filter=SlurmWorker.*"};
  options.workers = 2;
  options.logs = folder.at("logs");

  const pid_t coordinator = ::fork();
  if (coordinator == 0) ::_exit(runOnSlurm(definition, options).ok() ? 0 : 1);
  pid_t first = 0;
  for (int tries = 0; tries < 600 && first == 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    first = someWorker(definition, options.place);
  }
  ASSERT_NE(first, 0) << "no task began";
  ::kill(coordinator, SIGKILL);
  ::waitpid(coordinator, nullptr, 0);
  ::kill(first, SIGKILL);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  if (const pid_t second = someWorker(definition, options.place)) ::kill(second, SIGKILL);

  const Status status = runOnSlurm(definition, options);
  ASSERT_TRUE(status.ok()) << status.error().text();
  EXPECT_EQ(outcomeOf(definition, options.place), outcomeOf(definition, folder.at("alone.db")));
  std::size_t logs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.at("logs"))) logs += entry.exists();
  EXPECT_LE(logs, 4u) << "the second run took over the array of the first, and submitted at most one more";

  options.place = folder.at("broken.db");
  options.worker = {"sh", "-c", "echo it is not there >&2; exit 1"};
  const Status broken = runOnSlurm(definition, options);
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().text().find("it is not there"), std::string::npos) << broken.error().text();
}

}  // namespace
}  // namespace sluice::experiment

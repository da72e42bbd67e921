#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/file.h"
#include "experiment/worker.h"

/// Worker processes and who waits for them. The waiting process keeps no connection open across a fork: SQLite's
/// locks belong to a process, and a copy of a connection would let go of the other's.

namespace sluice::experiment {
namespace {

/// How a worker process ends; its reason stands in a file, for an exit code has no words.
constexpr int failedExit = 1;

[[noreturn]] void workAndExit(const Definition& definition, const std::filesystem::path& cacheFolder,
                              const WorkerOptions& options, const std::filesystem::path& reason) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // without one who waits nobody wants us; what we hold others take up
  if (::getppid() == 1) ::_exit(failedExit);
  Status status;
  const Result<jobs::Store> cache = jobs::Store::open(cacheFolder);
  status = cache.ok() ? work(definition, *cache, options, workerName()) : Status(cache.error());
  if (!status.ok()) {
    (void)writeFile(reason, std::to_string(static_cast<int>(status.error().code)) + status.error().text())
        .ok();
    std::fflush(stderr);
    ::_exit(failedExit);
  }
  ::_exit(0);
}

Result<TrialCounts> countsOf(const Definition& definition, const std::string& place) {
  SLUICE_TRY(TrialStore store, TrialStore::open(place));
  SLUICE_TRY(const std::int64_t experiment, enter(store, definition));
  return store.counts(experiment);
}

struct Workers {
  std::vector<pid_t> running;
  ~Workers() {
    for (const pid_t process : running) ::kill(process, SIGKILL);
    for (const pid_t process : running) ::waitpid(process, nullptr, 0);
  }
};

Error reasonIn(const std::filesystem::path& file) {
  const Result<std::string> text = readFile(file);
  if (!text.ok() || text->empty()) return ioError("a worker ended without saying why");
  return Error{static_cast<ErrorCode>((*text)[0] - '0'), text->substr(1), {}};
}

}  // namespace

Status run(const Definition& definition, const std::filesystem::path& cacheFolder,
           const RunOptions& options) {
  SLUICE_TRY(TrialCounts counts,
             countsOf(definition, options.worker.place));  // makes the tables, says what is wrong
  std::error_code failure;
  const std::filesystem::path reason = std::filesystem::temp_directory_path(failure) /
                                       ("sluice-worker-" + std::to_string(::getpid()) + ".reason");
  std::filesystem::remove(reason, failure);
  Workers workers;
  const auto launch = [&] {
    const pid_t child = ::fork();
    if (child == 0) workAndExit(definition, cacheFolder, options.worker, reason);
    if (child > 0) workers.running.push_back(child);
  };
  for (unsigned i = 0; i < std::max(1u, options.workers); ++i) launch();
  constexpr auto lookEvery = std::chrono::milliseconds(10), showEvery = std::chrono::milliseconds(500);
  auto shown = std::chrono::steady_clock::now();
  while (!workers.running.empty()) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended > 0) {
      const auto known = std::find(workers.running.begin(), workers.running.end(), ended);
      if (known == workers.running.end()) continue;
      workers.running.erase(known);
      if (WIFSIGNALED(status))
        launch();
      else if (WEXITSTATUS(status) != 0) {
        const Error why = reasonIn(reason);
        std::filesystem::remove(reason, failure);
        return why;
      }
      continue;
    }
    if (ended < 0) break;
    if (options.progress && std::chrono::steady_clock::now() - shown > showEvery) {
      shown = std::chrono::steady_clock::now();
      if (const Result<TrialCounts> now = countsOf(definition, options.worker.place); now.ok())
        options.progress(*now);
    }
    std::this_thread::sleep_for(lookEvery);
  }
  if (options.progress) {
    SLUICE_TRY(counts, countsOf(definition, options.worker.place));
    options.progress(counts);
  }
  return {};
}

}  // namespace sluice::experiment

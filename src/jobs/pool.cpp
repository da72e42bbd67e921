#include "jobs/pool.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/threads.h"

namespace sluice::jobs {
namespace {

std::uint64_t machineMemoryMiB() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || bytes <= 0) return 4096;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes) >> 20;
}

}  // namespace

std::vector<Result<Outcome>> runAll(
    const Store* store, const std::vector<Command>& commands, const PoolOptions& options,
    const std::function<void(std::size_t, const Result<Outcome>&)>& finished) {
  const std::uint64_t budget = options.memoryMiB > 0 ? options.memoryMiB : machineMemoryMiB() / 4 * 3;
  const std::size_t workers =
      std::min<std::size_t>(options.workers > 0 ? options.workers : defaultThreads(), commands.size());

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<bool> started(commands.size(), false);
  std::vector<std::optional<Result<Outcome>>> outcomes(commands.size());
  std::uint64_t promised = 0;
  std::size_t running = 0;

  // The first command that has not begun and fits beside those that run. A large one may be overtaken by
  // smaller ones, but not for ever: the list is finite, and alone it always fits.
  const auto next = [&]() -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < commands.size(); ++i)
      if (!started[i] && (running == 0 || promised + commands[i].limits.memoryMiB <= budget)) return i;
    return std::nullopt;
  };
  const auto allStarted = [&] { return std::find(started.begin(), started.end(), false) == started.end(); };

  const auto work = [&] {
    std::unique_lock lock(mutex);
    for (;;) {
      std::optional<std::size_t> index;
      changed.wait(lock, [&] { return allStarted() || (index = next()).has_value(); });
      if (!index) return;
      const Command& command = commands[*index];
      started[*index] = true;
      ++running;
      promised += command.limits.memoryMiB;
      changed.notify_all();
      lock.unlock();
      Result<Outcome> outcome = run(store, command);
      lock.lock();
      --running;
      promised -= command.limits.memoryMiB;
      if (finished) finished(*index, outcome);
      outcomes[*index] = std::move(outcome);
      changed.notify_all();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < workers; ++i) threads.emplace_back(work);
  }
  std::vector<Result<Outcome>> results;
  results.reserve(commands.size());
  for (std::optional<Result<Outcome>>& outcome : outcomes) results.push_back(std::move(*outcome));
  return results;
}

}  // namespace sluice::jobs

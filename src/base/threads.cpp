#include "base/threads.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "base/text.h"

namespace sluice {

unsigned defaultThreads() {
  if (const char* wanted = std::getenv("SLUICE_THREADS")) {
    std::int64_t count = 0;
    if (parseInt64(wanted, count) && count >= 1 && count <= 4096) return static_cast<unsigned>(count);
  }
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    const int count = CPU_COUNT(&allowed);
    if (count > 0) return static_cast<unsigned>(count);
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

void parallelFor(std::size_t count, unsigned threads,
                 const std::function<void(std::size_t, std::size_t, unsigned)>& body) {
  if (count == 0) return;
  if (threads == 0) threads = defaultThreads();
  const std::size_t workers = std::min<std::size_t>(threads, count);
  if (workers == 1) return body(0, count, 0);

  // The first (count % workers) pieces are one longer.
  const std::size_t piece = count / workers, longer = count % workers;
  std::vector<std::exception_ptr> failures(workers);
  const auto run = [&](std::size_t worker) {
    const std::size_t begin = worker * piece + std::min(worker, longer);
    const std::size_t end = begin + piece + (worker < longer ? 1 : 0);
    try {
      body(begin, end, static_cast<unsigned>(worker));
    } catch (...) {
      failures[worker] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    others.reserve(workers - 1);
    for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(run, worker);
    run(0);
  }  // joins
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace sluice

#pragma once

#include <cstddef>
#include <functional>

/// Data parallelism in its plainest form: one range cut into one contiguous piece per worker.
///
/// The cut depends on `count` and `threads` alone, so a body that writes only to its own indices (or to a
/// slot of its worker) gives the same result on every run. No pool is kept: a thread costs some 20
/// microseconds, so give each worker a millisecond of work or more.
namespace sluice {

/// Processors this process may use (its affinity mask); SLUICE_THREADS overrides. At least 1.
unsigned defaultThreads();

/// Calls body(begin, end, worker) so that the ranges cover [0, count) once; worker < max(1, min(threads,
/// count)). threads 0 means defaultThreads(). With one worker the body runs in the calling thread. An
/// exception of a body is thrown again here after all workers ended (that of the lowest worker).
void parallelFor(std::size_t count, unsigned threads,
                 const std::function<void(std::size_t begin, std::size_t end, unsigned worker)>& body);

}  // namespace sluice

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "jobs/command.h"

/// Several commands at a time, within a number of workers and a budget of memory.
namespace sluice::jobs {

struct PoolOptions {
  unsigned workers = 0;         ///< at most so many at once; 0: as many as processors (base/threads.h)
  std::uint64_t memoryMiB = 0;  ///< sum of the memory limits of what runs at once; 0: three quarters of this
                                ///< machine's. A command whose limit is above the budget runs alone.
};

/// Runs all, and returns what run() gives for each, in the order of `commands`; one that fails stops no
/// other. `finished`, if set, is called once per command as it ends, from one thread at a time.
std::vector<Result<Outcome>> runAll(
    const Store* store, const std::vector<Command>& commands, const PoolOptions& options = {},
    const std::function<void(std::size_t index, const Result<Outcome>& outcome)>& finished = {});

}  // namespace sluice::jobs

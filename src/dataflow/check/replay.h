#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataflow/check/facts.h"

namespace sluice::dataflow::check {

/// [clock, cycles, count, every], as in the certificate.
struct StallRun {
  std::int64_t clock = 0, cycles = 0, count = 0, every = 0;
  bool operator==(const StallRun&) const = default;
};

struct Replay {
  std::int64_t cycles = 0;
  std::vector<std::int64_t> start, finish;    ///< per process
  std::vector<std::vector<StallRun>> stalls;  ///< per process; runs as long as they can be, from the left
};

/// A wait across a row of streams: the k-th write of `first` comes at least `delay` cycles after the (k - count)-th read
/// of `last`.
struct Credit {
  std::size_t first = 0, last = 0;
  std::int64_t count = 0, delay = 0;
};

/// The run of a network by the rules of shared/data/dataflow/README.md, section 2, one access time after the other:
/// slow and plain. Depth and write-to-read delay per stream; and more waits. Nothing: it stands still.
std::optional<Replay> replay(const Facts& facts, const std::vector<std::int64_t>& depth,
                             const std::vector<std::int64_t>& delay, const std::vector<Credit>& credits = {});

}  // namespace sluice::dataflow::check

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataflow/profile.h"

/// What every process does over one period of the steady state, coarse enough to be drawn.
namespace sluice::dataflow {

enum class Doing : std::uint8_t {
  works,    ///< issues iterations, or the interval of the last one has not passed
  starved,  ///< waits for a beat to read
  blocked,  ///< waits for a free place to write
};

/// From `cycle` of the period on, until the next phase, mostly this.
struct Phase {
  std::uint64_t cycle = 0;
  Doing doing = Doing::works;
  bool operator==(const Phase&) const = default;
};

struct Timeline {
  std::uint64_t cycles = 0;                       ///< the period
  std::uint64_t step = 1;                         ///< cycles that one decision stands for; 1: exact
  std::vector<std::vector<Phase>> actors, links;  ///< as in the network; the first phase begins in cycle 0
};

/// Of the period that `profile` shows, in at most `mostSteps` equal steps (the last may be shorter): of each step, what
/// takes most of its cycles.
///
/// Shapes   `profile` is of this network
/// Errors   badInput (check)
Result<Timeline> timeline(const Network& network, const Profile& profile, std::size_t mostSteps = 240);

}  // namespace sluice::dataflow

#pragma once

#include <cstdint>

#include "base/result.h"
#include "dataflow/network.h"

/// Runs of any length in the time of a few frames.
///
/// Between frames the future depends on a finite state only (Engine::state): when every process can go on, when
/// every beat is visible and every place is free. If after frame f + k this state is that after frame f, moved by c
/// cycles, then so is everything that follows, for ever: frame f + n * k + r ends n * c cycles after frame f + r.
/// So frames are simulated one by one until the state comes back, and the rest is arithmetic, exact to the cycle.
namespace sluice::dataflow {

struct LongRun {
  std::uint64_t end = 0;              ///< cycle of the last output beat of the last frame
  std::uint64_t simulatedFrames = 0;  ///< how many were simulated
  std::uint64_t periodFrames = 0;     ///< the state comes back after so many frames
  std::uint64_t periodCycles = 0;  ///< and so many cycles; both 0 if it did not within the frames asked for
};

/// `frames` frames, the outside always willing. Where a pass of an actor does not fit a frame, or the state does not
/// come back, every frame is simulated.
/// Errors   badInput (check, balance, no sink); infeasible on a deadlock, with the circle
Result<LongRun> runLong(const Network& network, std::uint64_t frames);

}  // namespace sluice::dataflow

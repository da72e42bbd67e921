#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

/// Timed event graphs: what happens once per frame, and what waits for what.
///
/// A task happens once for every frame. An arc says that task `to` of frame n begins no earlier than task `from` of
/// frame n - frames began, plus `delay`. That is all there is: a board that is busy is an arc to itself over one frame,
/// a link is an arc, and a FIFO of d frames is an arc back over d frames (a place is free again when the frame d before
/// has left).
///
///   board A --link, 3 frames in the FIFO behind it--> board B
///     A -> A  frames 1  delay: A's interval          A -> B  frames 0  delay: A's latency and the link's
///     B -> B  frames 1  delay: B's interval          B -> A  frames 3  delay: the credit's way back
///
/// So the times are those of a max-plus linear system, and after a while they repeat: from some frame on, every task
/// begins a fixed time later than it did `period` frames before. When that held for as many frames as the longest arc
/// looks back, it holds for ever, and the rest is not simulated but added. A million frames over a thousand boards take
/// as long as the run-in.
///
/// Source   Baccelli, Cohen, Olsder, Quadrat, "Synchronization and Linearity" (1992), chapters 2 and 3
namespace sluice::cluster {

/// Picoseconds, so that equality is exact.
using Time = std::int64_t;

struct Arc {
  std::uint32_t from = 0, to = 0;
  std::uint32_t frames = 0;
  Time delay = 0;
  std::string what;  ///< for people: "waits for link 3"; arcs of equal text are counted together
};

struct EventGraph {
  std::vector<std::string> tasks;
  std::vector<Arc> arcs;
  std::uint32_t first = 0,
                last = 0;  ///< a frame is in the cluster from the begin of one to the begin of the other
};

struct SimulateOptions {
  std::uint64_t frames = 1000;
  Time interval = 0;       ///< frames are offered so often; 0: as soon as they can enter
  bool skipSteady = true;  ///< false: every frame is simulated
};

struct Waiting {
  std::uint32_t task = 0;
  std::string what;
  double share =
      0;  ///< of the frames (of those that repeat, if any do), those in which this decided when it began
};

struct Simulation {
  std::uint64_t frames = 0, simulated = 0;
  Time finished = 0;         ///< begin of the last task of the last frame
  double interval = 0;       ///< picoseconds between frames in the end (of the last half, if nothing repeats)
  std::uint64_t period = 0;  ///< frames; 0: no repetition was found
  std::vector<std::pair<Time, std::uint64_t>> latencies;  ///< ascending, with the number of frames
  std::vector<Waiting> waits;  ///< by task, largest share first; only shares above 1 %
  [[nodiscard]] Time latency(double quantile) const;
};

/// Errors   badInput: a task out of range, a negative delay, tasks that wait for each other within a frame
Result<Simulation> simulate(const EventGraph& graph, const SimulateOptions& options);

}  // namespace sluice::cluster

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/network.h"

/// The exact cycle of every beat: the least solution of the firing rule (schedule.h), computed event by
/// event.
namespace sluice::dataflow {

/// When the outside is willing. Cycle t of port p is open unless the pattern closes it; cycles count from
/// reset's end. The same function drives the Verilator testbench, so both see the same stalls.
struct Pattern {
  std::uint64_t seed = 0;
  std::uint32_t stallPercent = 0;  ///< 0: always open
  [[nodiscard]] bool open(std::uint64_t stream, std::uint64_t cycle) const;
};

struct Stimulus {
  std::uint64_t frames = 1;
  Pattern sources, sinks;  ///< stream number of port p: its index among sources, or among sinks
  std::uint64_t cycleLimit = std::uint64_t{1} << 40;
  bool keepTrace = true;   ///< false: pushes and pops stay empty; memory then does not grow with the frames
  bool portsOnly = false;  ///< the trace of the channels at sources and sinks only, the others stay empty
};

/// What happened in cycles 0 .. end. Cycles count from the end of reset; the first source push may be at 0.
/// Beats that are in a channel from the start have no push.
struct Trace {
  std::vector<std::vector<std::uint64_t>> pushes;  ///< per channel, cycle of each push, ascending
  std::vector<std::vector<std::uint64_t>> pops;    ///< per channel, cycle of each pop
  std::vector<std::uint32_t> peak;  ///< per channel: most places taken (filled or promised) at once;
                                    ///< as a depth, it would leave the run as it is
  std::vector<std::vector<std::uint64_t>>
      outputs;            ///< per sink, cycle of the last beat of each frame (always kept)
  std::uint64_t end = 0;  ///< cycle in which the last beat went in or out (of a deadlock: of
                          ///< the last event)
};

/// A deadlock, told so that a person can act: who waits for what, in a circle.
struct Deadlock {
  std::uint64_t cycle = 0;
  std::vector<std::string>
      waits;  ///< "kernel 'a' waits for a free place in 'x' (depth 3), which 'b' must empty"
};

struct Outcome {
  Trace trace;  ///< up to the deadlock, if there is one
  std::optional<Deadlock> deadlock;
};

/// Runs `frames` frames through. Errors: badInput (check), gaveUp at the cycle limit.
Result<Outcome> simulate(const Network& network, const Stimulus& stimulus);

/// The figures people ask for, from a run with open patterns.
struct Performance {
  std::uint64_t initiationInterval = 0;  ///< cycles between frames in the steady state, rounded up
  std::uint64_t cyclesPerPeriod = 0;     ///< exactly: so many cycles for
  std::uint64_t framesPerPeriod = 1;     ///< so many frames, in lowest terms
  std::uint64_t latency = 0;  ///< cycles from the first accepted beat of frame 0 to its last output beat
  bool periodic = false;      ///< the interval is proven to hold for ever; false: only that it is no longer
  std::uint64_t frames = 0;   ///< frames simulated until the proof
};

/// Simulates frames, the outside always willing, until the steady state is proven (steady.cpp says how), at
/// most `mostFrames` of them. Whatever is not joined to a slower part through channels may run faster; the
/// interval is that of the slowest part. Errors   badInput (check, balance); infeasible on a deadlock, with
/// its circle
Result<Performance> measure(const Network& network, std::uint64_t mostFrames = 2048);

}  // namespace sluice::dataflow

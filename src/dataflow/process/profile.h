#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/process/evaluate.h"
#include "dataflow/waveform.h"

/// What happened in a run: how full FIFOs were, and who kept whom waiting.
namespace sluice::dataflow::process {

/// From `cycle` on, so many places are taken.
struct Occupancy {
  std::uint64_t cycle = 0, places = 0;
};

struct FifoProfile {
  std::uint64_t peak = 0;  ///< most places taken at once
  double mean = 0;         ///< over all cycles of the run
  std::vector<Occupancy>
      curve;  ///< exact, or the highest of each bucket if there are more steps than asked for
};

/// Cycles in which a process stood still because a FIFO was full or empty; `who` is at its other end.
struct Waiting {
  std::uint32_t lane = 0, who = 0;
  bool forPlace = false;
  std::uint64_t cycles = 0, times = 0,
                first = 0;  ///< how long in all, how often, and the cycle it first happened in
};

struct ProcessProfile {
  std::uint64_t start = 0, finish = 0, stalled = 0;
  double utilisation = 0;      ///< cycles in which its clock moved, of all cycles of the run
  std::vector<Waiting> waits;  ///< the longest first
};

struct Profile {
  std::uint64_t cycles = 0;
  std::vector<FifoProfile> lanes;  ///< all FIFOs of a lane have this profile
  std::vector<ProcessProfile> processes;
};

Profile profile(const Program& program, const Record& record, std::size_t mostSteps = 256);

/// Changes of a lane's places taken, in order, one a cycle: a write in cycle t takes its place in t, a read in t gives
/// it back in t + 1.
std::vector<Occupancy> occupancy(const Program& program, const Record& record, std::uint32_t lane);

/// The profile as JSON with the keys `cycles`, `fifos` and `processes`; `cycles` is replaced by `deadlock`, a list of
/// waits, where the run stood still (then `record` is not looked at).
std::string profileJson(const Network& network, const Program& program, const Outcome& outcome,
                        const Record& record);

/// The run as a waveform: per FIFO the places taken, per process whether it runs and whether it stalls.
Waveform waveform(const Network& network, const Program& program, const Record& record);

}  // namespace sluice::dataflow::process

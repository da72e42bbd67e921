#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/network.h"

/// What happens inside a network in the steady state: how full its channels are and what its kernels wait
/// for.
namespace sluice::dataflow {

/// From `cycle` on (counted from the start of the window), so many places are taken.
struct OccupancyStep {
  std::uint64_t cycle = 0;
  std::uint32_t places = 0;
  bool operator==(const OccupancyStep&) const = default;
};

struct ChannelProfile {
  std::uint32_t peak = 0;  ///< most places taken (filled or promised) at once, in the window
  double mean = 0;         ///< places taken, averaged over the cycles of the window
  std::vector<OccupancyStep>
      curve;  ///< over the window; exact, or the highest of each bucket if there are more steps
  bool operator==(const ChannelProfile&) const = default;
};

/// Cycles in which a kernel could have issued as far as its interval goes, but one channel kept it waiting:
/// the one whose condition was met last.
struct Waiting {
  ChannelId channel;
  bool forBeat = false;  ///< true: for a beat to read; false: for a free place to write
  std::uint64_t cycles = 0;
  bool operator==(const Waiting&) const = default;
};

struct ActorProfile {
  std::uint64_t issues = 0;    ///< iterations issued in the window
  double utilisation = 0;      ///< issues * interval / cycles of the window
  std::vector<Waiting> waits;  ///< one per port, in the order of the ports
  bool operator==(const ActorProfile&) const = default;
};

struct Profile {
  std::uint64_t start = 0;   ///< first cycle of the window, from reset's end
  std::uint64_t cycles = 0;  ///< its length: one period of the steady state
  std::uint64_t frames = 0;  ///< frames in it
  bool steady = false;       ///< two windows in a row were alike, and so will be all that follow
  std::vector<ChannelProfile> channels;
  std::vector<ActorProfile> actors;  ///< as in the network
  std::vector<ActorProfile> links, sources, sinks;
};

/// Runs the network, the outside always willing and never running dry, until a period of it repeats, and
/// profiles that period. Curves have at most `mostSteps` steps. Errors   badInput (check, balance);
/// infeasible on a deadlock
Result<Profile> profile(const Network& network, std::size_t mostSteps = 256);

}  // namespace sluice::dataflow

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/network.h"

/// FIFO sizing: the least storage that keeps the network's rate and latency at what unbounded FIFOs would
/// give.
namespace sluice::dataflow {

/// These depths together are bad, all other channels unbounded (fixed ones as they are): they make frame 0
/// later, or the rate lower, or deadlock. So a good network has more in at least one of the channels.
struct Conflict {
  struct Depth {
    ChannelId channel;
    std::uint32_t depth = 0;
    bool operator==(const Depth&) const = default;
  };
  std::vector<Depth> depths;
  bool operator==(const Conflict&) const = default;
};

struct Sizing {
  std::vector<std::uint32_t> depth;      ///< per channel
  std::vector<std::uint32_t> alone;      ///< per channel: what it needs even if all others are unbounded
  std::uint64_t initiationInterval = 0;  ///< kept: cycles between frames for ever, rounded up (kept exactly)
  std::uint64_t latency = 0;             ///< kept: of frame 0, first beat in to last beat out
  std::uint64_t simulations = 0;         ///< of the whole network
  std::uint64_t partSimulations = 0;     ///< of a part of it
  bool proven =
      false;  ///< false: some simulation ended undecided and its depth was left larger, or the frames
              ///< are too long to look for the least (SizeOptions::longFrame)

  std::uint64_t cost = 0;           ///< sum of weight * depth, fixed channels included
  std::uint64_t lowerBound = 0;     ///< no depths that keep latency and rate cost less
  std::vector<Conflict> conflicts;  ///< what the bound follows from, together with Channel::leastDepth
  /// The cost is the least possible.
  [[nodiscard]] bool least() const { return proven && cost == lowerBound; }
};

struct SizeOptions {
  /// Runs of the whole network, or of parts that sum up to it, that may be spent on a proof; then the best
  /// depths found are given with their gap. (What finds those depths in the end comes on top.)
  std::uint64_t mostEffort = 120;
  /// And as many more as keep the beats simulated below this: proofs for small networks cost little.
  std::uint64_t mostBeats = 2'000'000;
  /// But no more than keep them below this: a network of long frames gets its answer in seconds.
  std::uint64_t mostProofBeats = 12'000'000;
  /// What a locally least answer may cost where the proof did not end: ten runs for each channel in conflict. Else as
  /// for long frames.
  std::uint64_t mostDescentBeats = 100'000'000;
  /// Networks with more beats a frame get the least depths of single channels with as much slack as makes them good
  /// together (checked), and less of it where most of the storage is; the bound is then that of single channels.
  std::uint64_t longFrame = 4'000'000;
};

/// The depths of least cost (Channel::weight times places) that keep latency and rate, with a lower bound on
/// the cost of any such depths; usually equal. Also where they differ, every depth is locally least (one
/// place less in any single channel above its leastDepth makes the interval or the latency worse or
/// deadlocks), unless frames are so long that the search was cut short: Sizing::proven. Everything was checked with the simulator. Fixed channels keep their depth, and the target is
/// what the others unbounded would give with them.
///
/// Units    latency and initiationInterval in cycles, depths in beats (all places)
/// Errors   badInput (check, balance); infeasible if even unbounded FIFOs deadlock, with the circle
/// Cost     about three runs of the whole network, and one run of its two kernels for every channel, where
///          the least depths of single channels are good together (size.cpp)
/// Source   individual bounds and conflict clauses as in Hendriks et al., "Monotonic optimization of dataflow
///          buffer sizes", JSPS 2019. Ours differs: single bounds from parts of the network (judge.cpp)
Result<Sizing> sizeChannels(const Network& network, const SizeOptions& options = {});

/// What one place less in one channel does.
enum class Shallower : std::uint8_t {
  notLegal,  ///< the channel is at its least depth (or holds that many initial beats)
  deadlock,
  latencyWorse,
  intervalWorse,
  bothWorse,
  nothing,  ///< neither: the depth was not least
};
const char* shallowerText(Shallower effect);

struct LeastCheck {
  ChannelId channel;
  std::uint32_t depth = 0;  ///< the depth tried: one less than the network's
  Shallower effect = Shallower::notLegal;
  std::uint64_t latency = 0;  ///< with it; 0 on a deadlock or if not legal
  std::uint64_t initiationInterval = 0;
  bool proven = true;  ///< false: the interval was not settled within the frames tried
};

/// Makes every channel of the network one place shallower, one at a time, and says what happens.
/// Errors   badInput; infeasible if the network deadlocks as it is
Result<std::vector<LeastCheck>> checkLeast(const Network& network);

}  // namespace sluice::dataflow

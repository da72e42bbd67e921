#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/network.h"

/// FIFO sizing: the least depths that keep the network's rate and latency at what unbounded FIFOs would give.
namespace sluice::dataflow {

struct Sizing {
  std::vector<std::uint32_t> depth;      ///< per channel
  std::uint64_t initiationInterval = 0;  ///< kept: cycles between frames for ever, rounded up (kept exactly)
  std::uint64_t latency = 0;             ///< kept: of frame 0, first beat in to last beat out
  std::uint64_t simulations = 0;         ///< how many were run
  bool proven = false;  ///< false: some simulation ended undecided and its depth was left larger
};

/// Every depth is locally least: one place less in any single channel above its leastDepth makes the interval
/// or the latency worse or deadlocks; checked with the simulator. (Globally least sums need certificates: not
/// claimed.) Fixed channels keep their depth, and the target is what the others unbounded would give with
/// them.
///
/// Units    latency and initiationInterval in cycles, depths in beats (all places)
/// Errors   badInput (check, balance); infeasible if even unbounded FIFOs deadlock, with the circle
/// Source   monotonicity of the firing rule (docs/rationale/dataflow.md): one descending pass is enough
Result<Sizing> sizeChannels(const Network& network);

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

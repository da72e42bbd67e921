#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataflow/network.h"

/// FIFO sizing: the least depths that keep the network's rate and latency at what unbounded FIFOs would give.
namespace sluice::dataflow {

struct Sizing {
  std::vector<std::uint32_t> depth;      ///< per channel
  std::uint64_t initiationInterval = 0;  ///< kept
  std::uint64_t latency = 0;             ///< kept
  std::uint64_t simulations = 0;         ///< how many were run
};

/// Every depth is locally least: one place less in any single channel above its leastDepth makes the interval
/// or the latency worse or deadlocks; checked with the simulator. (Globally least sums need certificates: not
/// claimed.)
Result<Sizing> sizeChannels(const Network& network);

}  // namespace sluice::dataflow

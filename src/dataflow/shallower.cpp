#include <algorithm>

#include "dataflow/deadlock.h"
#include "dataflow/size.h"
#include "dataflow/steady.h"

/// What one place less in one channel does, shown by simulating the whole network once for every channel.
namespace sluice::dataflow {

const char* shallowerText(Shallower effect) {
  switch (effect) {
    case Shallower::notLegal:
      return "not legal";
    case Shallower::deadlock:
      return "deadlock";
    case Shallower::latencyWorse:
      return "latency worse";
    case Shallower::intervalWorse:
      return "interval worse";
    case Shallower::bothWorse:
      return "interval and latency worse";
    case Shallower::nothing:
      return "nothing";
  }
  return "";
}

Result<std::vector<LeastCheck>> checkLeast(const Network& network) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  SteadyState steady(network, flow);
  const auto first = steady.firstFrame({});
  if (!first.complete) return deadlockError(network, steady.engine(), "the network deadlocks");
  const auto asIs = steady.rate(4 * cutsToDecide);
  std::vector<LeastCheck> result;
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    const Channel& channel = network.channels[c];
    LeastCheck check;
    check.channel = ChannelId(c);
    check.depth = channel.depth - 1;
    if (channel.depth > std::max({channel.leastDepth, channel.initial, 1u})) {
      std::vector<std::uint64_t> depths;
      for (const Channel& other : network.channels) depths.push_back(other.depth);
      --depths[c];
      const auto frame = steady.firstFrame(depths);
      check.effect = Shallower::deadlock;
      if (frame.complete) {
        const auto bounds = steady.rate(4 * cutsToDecide);
        if (!bounds.deadlock) {
          const bool later = frame.latency > first.latency;
          const bool slower = !notAbove(bounds.least, asIs.most);
          check.proven = bounds.proven() && asIs.proven();
          check.latency = frame.latency;
          check.initiationInterval = cyclesPerFrame(bounds.most, flow);
          check.effect = later && slower ? Shallower::bothWorse
                         : later         ? Shallower::latencyWorse
                         : slower        ? Shallower::intervalWorse
                                         : Shallower::nothing;
        }
      }
    }
    result.push_back(check);
  }
  return result;
}

}  // namespace sluice::dataflow

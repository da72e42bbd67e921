#include "dataflow/size.h"

#include <algorithm>

#include "dataflow/deadlock.h"
#include "dataflow/steady.h"

/// Sizing by one descending pass.
///
/// Say a vector of depths is good if with it frame 0 is no later and the steady rate no lower than with
/// unbounded FIFOs. More depth never hurts, so all vectors above a good one are good, and the bad ones are
/// closed downwards. Start at a good vector. For one channel after the other, dearest first, take the least
/// depth that leaves the vector good; a bisection finds it, since good is monotone in that depth too. When
/// channel c was settled at d, the vector with d - 1 was bad; later steps only lower other channels, so it
/// stays bad: at the end every depth is least by itself, and a second pass would change nothing.
///
/// The starting vector is the peaks of the unbounded network in its first frames: it changes nothing in them.
/// The rate of the unbounded network is the work of its slowest actor, unless actors form cycles or fixed
/// channels limit it: then it is what further doubling of all depths no longer improves.
namespace sluice::dataflow {
namespace {

constexpr std::uint64_t cutsToDecide = 96;

struct Search {
  const Network& network;
  SteadyState steady;
  std::uint64_t latency = 0;
  Rate target;
  std::uint64_t simulations = 0;
  bool undecided = false;

  bool good(const std::vector<std::uint64_t>& depths) {
    ++simulations;
    if (!steady.firstFrame(depths, latency).complete) return false;
    const auto bounds = steady.rate(cutsToDecide, target);
    if (bounds.deadlock) return false;
    if (notAbove(bounds.most, target)) return true;
    if (notAbove(bounds.least, target)) undecided = true;
    return false;
  }

  /// The least good depth of channel c, all others as they are. `depths` is good. Tries the least legal
  /// depth, then walks away from a guess in steps that double, then halves.
  std::uint64_t least(std::vector<std::uint64_t> depths, std::size_t c, std::uint64_t lowest) {
    std::uint64_t high = depths[c];  // good
    const auto isGood = [&](std::uint64_t depth) {
      depths[c] = depth;
      return good(depths);
    };
    if (high <= lowest) return high;
    if (isGood(lowest)) return lowest;
    std::uint64_t low = lowest;  // bad
    // A writer with a pipeline of w stages keeps w + 2 places busy at one beat a cycle.
    const std::uint64_t guess = steady.engine().writeStage(c) + 2;
    if (guess > low && guess < high) {
      if (isGood(guess)) {
        high = guess;
        for (std::uint64_t step = 1; high - low > 1 && step < high - low; step *= 2) {
          if (!isGood(high - step)) {
            low = high - step;
            break;
          }
          high -= step;
        }
      } else {
        low = guess;
      }
    }
    for (std::uint64_t step = 1; high - low > 1 && step < (high - low) / 2; step *= 4) {
      if (isGood(low + step)) {
        high = low + step;
        break;
      }
      low += step;
    }
    while (high - low > 1) {
      const std::uint64_t middle = low + (high - low) / 2;
      (isGood(middle) ? high : low) = middle;
    }
    return high;
  }
};

Error stuck(const Network& network, const SteadyState& steady, const std::string& what) {
  std::string text = what;
  for (const std::string& wait : explainDeadlock(network, steady.engine(), 0).waits) text += "\n  " + wait;
  return infeasible(text);
}

std::uint64_t roundedUp(const Rate& rate, const Balance& flow) {
  const std::uint64_t frames = rate.cuts * flow.frames;
  return (rate.cycles + frames - 1) / frames;
}

}  // namespace

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

Result<Sizing> sizeChannels(const Network& network) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  Search search{network, SteadyState(network, flow)};
  const std::size_t channels = network.channels.size();

  std::vector<std::uint64_t> depths(channels);
  for (std::size_t c = 0; c < channels; ++c)
    depths[c] = network.channels[c].fixed ? network.channels[c].depth : Engine::unlimited;
  const auto first = search.steady.firstFrame(depths);
  ++search.simulations;
  if (!first.complete)
    return stuck(network, search.steady, "the network deadlocks however deep its FIFOs are");
  search.latency = first.latency;

  const std::vector<std::uint64_t> peaks = search.steady.peaks(depths, 3);
  for (std::size_t c = 0; c < channels; ++c)
    if (!network.channels[c].fixed)
      depths[c] = std::max<std::uint64_t>({peaks[c], network.channels[c].leastDepth, 1});

  // The rate to keep.
  search.target = search.steady.floor();
  std::optional<Rate> before;
  for (int doubling = 0; !search.good(depths); ++doubling) {
    search.undecided = false;
    if (!search.steady.firstFrame(depths, search.latency).complete && doubling > 20)
      return stuck(network, search.steady, "no depth of at most 2^20 frames keeps the latency");
    const auto bounds = search.steady.rate(cutsToDecide * 4);
    if (bounds.proven() && before.has_value() && notAbove(*before, bounds.most) && doubling >= 2) {
      search.target = *before;  // two doublings in a row brought nothing
      break;
    }
    if (doubling > 20)
      return Error{ErrorCode::gaveUp, "the rate of the network with unbounded FIFOs was not settled", {}};
    before = bounds.proven() ? std::optional(bounds.most) : std::nullopt;
    for (std::size_t c = 0; c < channels; ++c)
      if (!network.channels[c].fixed) depths[c] *= 2;
  }

  std::vector<std::size_t> order;
  const auto saving = [&](std::size_t c) {
    return (depths[c] - network.channels[c].leastDepth) * network.channels[c].weight;
  };
  for (std::size_t c = 0; c < channels; ++c)
    if (!network.channels[c].fixed) order.push_back(c);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return saving(a) > saving(b); });
  for (const std::size_t c : order)
    depths[c] = search.least(
        depths, c, std::max<std::uint64_t>({network.channels[c].leastDepth, network.channels[c].initial, 1}));

  Sizing result;
  for (const std::uint64_t d : depths)
    result.depth.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(d, 0xffffffffu)));
  result.latency = search.latency;
  result.initiationInterval = roundedUp(search.target, flow);
  result.simulations = search.simulations;
  result.proven = !search.undecided;
  return result;
}

Result<std::vector<LeastCheck>> checkLeast(const Network& network) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  SteadyState steady(network, flow);
  const auto first = steady.firstFrame({});
  if (!first.complete) return stuck(network, steady, "the network deadlocks");
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
          check.initiationInterval = roundedUp(bounds.most, flow);
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

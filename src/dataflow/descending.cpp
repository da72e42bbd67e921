#include "dataflow/descending.h"

#include <algorithm>

#include "dataflow/deadlock.h"
#include "dataflow/steady.h"

/// Sizing by one descending pass.
///
/// Say a vector of depths is good if with it frame 0 is no later and the steady rate no lower than with
/// unbounded FIFOs. More depth never hurts, so all vectors above a good one are good, and the bad ones are
/// closed downwards. Start with every channel unbounded. For one channel after the other, take the least
/// depth that leaves the vector good: good is monotone in that depth, so a search by doubling and halving
/// finds it. When channel c was settled at d, the vector with d - 1 was bad; later steps only lower other
/// channels, so it stays bad: at the end every depth is least by itself, and a second pass would change
/// nothing.
///
/// The channel whose places cost most comes first (weight times the places it takes in an unbounded run).
/// While it is settled the others are as deep as they like, so beats that can wait in several places end up
/// where it is cheap.
///
/// A search needs a good guess more than anything: each step simulates a frame or two. The guess comes from
/// one more run: every channel at what a full pipeline needs, those that then block in a circle unbounded.
/// There the sources are held back as they will be in the end, and the peaks are mostly what is needed. If
/// the guesses are good together, every vector above them is, and one run settles a channel: the one that
/// shows one place less than the guess bad.
namespace sluice::dataflow {
namespace {

struct Search {
  const Network& network;
  SteadyState steady;
  std::uint64_t latency = 0;
  Rate target;
  std::uint64_t simulations = 0;
  bool undecided = false;
  std::vector<std::uint64_t> known;  // a good vector, if any: all above it are good without a run

  bool good(const std::vector<std::uint64_t>& depths) {
    bool above = !known.empty();
    for (std::size_t c = 0; c < known.size() && above; ++c) above = depths[c] >= known[c];
    if (above) return true;
    ++simulations;
    if (!steady.firstFrame(depths, latency).complete) return false;
    const auto bounds = steady.rate(cutsToDecide, target);
    if (bounds.deadlock) return false;
    if (notAbove(bounds.most, target)) return true;
    if (notAbove(bounds.least, target)) undecided = true;
    return false;
  }

  /// The least good depth of channel c, at least `lowest`, all others as they are; `depths` is good.
  std::uint64_t least(std::vector<std::uint64_t> depths, std::size_t c, std::uint64_t lowest,
                      std::uint64_t guess) {
    const auto isGood = [&](std::uint64_t depth) {
      depths[c] = depth;
      return good(depths);
    };
    std::uint64_t low = lowest - 1;  // bad, or not legal
    std::uint64_t high = std::max(guess, lowest);
    if (!isGood(high)) {
      low = high;
      for (std::uint64_t step = 1; !isGood(high = low + step); step *= 2) {
        if (step > mostDepth) return Engine::unlimited;
        low = high;
      }
    } else if (high > lowest) {
      if (!isGood(high - 1)) return high;
      --high;
      if (high > lowest && isGood(lowest)) return lowest;
      low = std::min(lowest, high - 1);
    }
    while (high - low > 1) {
      const std::uint64_t middle = low + (high - low) / 2;
      (isGood(middle) ? high : low) = middle;
    }
    return high;
  }

  /// A guess for every channel; see above.
  std::vector<std::uint64_t> guesses(std::vector<std::uint64_t> depths,
                                     const std::vector<std::uint64_t>& lowest) {
    const Engine& engine = steady.engine();
    for (std::size_t c = 0; c < depths.size(); ++c)
      if (!network.channels[c].fixed)
        depths[c] = std::max<std::uint64_t>(lowest[c], engine.writeStage(c) + 2);
    for (;;) {
      ++simulations;
      if (steady.firstFrame(depths).complete) break;
      bool raised = false;
      for (const std::size_t p : waitingCircle(engine)) {
        const auto standing = engine.standing(p);
        if (standing.wait != Engine::Wait::place || network.channels[standing.channel.index].fixed) continue;
        raised = raised || depths[standing.channel.index] != Engine::unlimited;
        depths[standing.channel.index] = Engine::unlimited;
      }
      if (!raised)
        return lowest;  // cannot be: some place in the circle is bounded. A poor guess is still legal.
    }
    const std::vector<std::uint64_t> peaks = steady.peaks(depths, 2);
    for (std::size_t c = 0; c < depths.size(); ++c)
      depths[c] = std::max(lowest[c], std::min(depths[c], peaks[c]));
    return depths;
  }
};

}  // namespace

Result<Sizing> sizeDescending(const Network& network) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  Search search{network, SteadyState(network, flow)};
  const std::size_t channels = network.channels.size();

  std::vector<std::uint64_t> depths(channels), lowest(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const Channel& channel = network.channels[c];
    depths[c] = channel.fixed ? channel.depth : Engine::unlimited;
    lowest[c] = std::max({channel.leastDepth, channel.initial, 1u});
  }
  const auto first = search.steady.firstFrame(depths);
  if (!first.complete)
    return deadlockError(network, search.steady.engine(), "the network deadlocks however deep its FIFOs are");
  const auto bounds = search.steady.rate(4 * cutsToDecide);
  if (bounds.deadlock)
    return deadlockError(network, search.steady.engine(), "the network deadlocks however deep its FIFOs are");
  search.latency = first.latency;
  search.target = bounds.most;
  search.undecided = !bounds.proven();
  ++search.simulations;

  const std::vector<std::uint64_t> peaks = search.steady.peaks(depths, 2);
  std::vector<std::size_t> order;
  const auto saving = [&](std::size_t c) {
    return (std::max(peaks[c], lowest[c]) - lowest[c]) * network.channels[c].weight;
  };
  for (std::size_t c = 0; c < channels; ++c)
    if (!network.channels[c].fixed) order.push_back(c);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return saving(a) > saving(b); });
  std::vector<std::uint64_t> guess = search.guesses(depths, lowest);
  if (search.good(guess)) search.known = guess;
  for (const std::size_t c : order) {
    depths[c] = search.least(depths, c, lowest[c], guess[c]);
    if (depths[c] == Engine::unlimited)
      return Error{
          ErrorCode::gaveUp,
          "channel '" + network.channels[c].name + "': no depth up to 2^31 was shown to keep the rate",
          {}};
  }

  Sizing result;
  for (const std::uint64_t d : depths)
    result.depth.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(d, 0xffffffffu)));
  result.latency = search.latency;
  result.initiationInterval = cyclesPerFrame(search.target, flow);
  result.simulations = search.simulations;
  result.proven = !search.undecided;
  return result;
}

}  // namespace sluice::dataflow

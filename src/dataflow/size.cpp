#include "dataflow/size.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "dataflow/cover.h"
#include "dataflow/deadlock.h"
#include "dataflow/judge.h"

/// Sizing with proof.
///
/// Say a vector of depths is good if with it frame 0 is no later and the steady rate no lower than with
/// unbounded FIFOs. More depth never hurts, so all vectors above a good one are good.
///
///   1  For every channel, the least depth that is good with all others unbounded. No good vector has less
///      there. Each question is asked of the two kernels at the channel's ends only (judge.h), so this step
///      is linear in the network.
///   2  If these least depths are good together, which one simulation of the whole network shows, they are
///      the one least vector: every good vector is above it in every channel.
///   3  If not, some channels are in conflict: they share slack that each alone could use up. A conflict is
///      narrowed down to few channels, each as deep as it can be with the conflict still there, and becomes a
///      clause; the cheapest vector that breaks all known conflicts is tried next (cover.h). The first good
///      one is optimal. Conflicts are looked for among neighbours first, in parts of a few kernels. When the effort allowed is used up, one descending pass over the channels in
///      conflict, dearest places first, gives a locally least vector, and the last cover the bound.
///
/// A search for a least depth needs a good guess more than anything. The guesses come from one run: every
/// channel at what a full pipeline needs, those that then block in a circle unbounded. There the sources are
/// held back as they will be in the end, and the peaks are mostly what is needed. If the guesses are good
/// together, so is all above them, and one question settles a channel: whether one place less is bad. Where frames are
/// long, these single depths with some slack are the answer, made less where most of the storage is.
namespace sluice::dataflow {
namespace {

using Depths = Judge::Depths;

struct Sizer {
  const Network& network;
  const Balance& flow;
  Judge judge;
  Depths lowest;
  Depths known;                         // a good vector, if any
  Depths single;                        // least depths of each channel with all others unbounded
  std::vector<std::uint32_t> variable;  // channels that get a depth
  bool undecided = false;
  std::map<std::vector<std::uint32_t>, std::unique_ptr<Part>> parts;
  bool lost = false;  // no depth up to 2^31 is good for some channel

  Sizer(const Network& n, const Balance& b) : network(n), flow(b), judge(n, b) {
    for (std::size_t c = 0; c < n.channels.size(); ++c) {
      const Channel& channel = n.channels[c];
      lowest.push_back(channel.fixed ? channel.depth : std::max({channel.leastDepth, channel.initial, 1u}));
      if (!channel.fixed) variable.push_back(static_cast<std::uint32_t>(c));
    }
  }

  Depths guesses() {
    Depths depths = judge.unbounded();
    const Engine& engine = judge.steady().engine();
    for (const std::uint32_t c : variable)
      depths[c] = std::max<std::uint64_t>(lowest[c], engine.writeStage(c) + 2);
    for (;;) {
      if (judge.steady().firstFrame(depths).complete) break;
      bool raised = false;
      for (const std::size_t p : waitingCircle(engine)) {
        const auto standing = engine.standing(p);
        if (standing.wait != Engine::Wait::place || network.channels[standing.channel.index].fixed) continue;
        raised = raised || depths[standing.channel.index] != Engine::unlimited;
        depths[standing.channel.index] = Engine::unlimited;
      }
      if (!raised) return lowest;  // cannot be: some place in the circle is bounded. Still a legal guess.
    }
    const std::vector<std::uint64_t> peaks = judge.peaks(depths);
    for (std::size_t c = 0; c < depths.size(); ++c)
      depths[c] = std::max(lowest[c], std::min(depths[c], peaks[c]));
    return depths;
  }

  /// The least depth of one channel that is not bad, between `low` (bad or not legal) and about `guess`.
  template <typename Bad>
  std::uint64_t leastNotBad(std::uint64_t low, std::uint64_t guess, bool guessIsGood, const Bad& bad) {
    std::uint64_t high = std::max(guess, low + 1);
    if (!guessIsGood && bad(high)) {
      low = high;
      for (std::uint64_t step = 1; bad(high = low + step); step *= 2) {
        low = high;
        if (step > mostDepth) return Engine::unlimited;
      }
    } else {
      for (std::uint64_t step = 1; high - low > 1; step *= 2) {
        const std::uint64_t lower = high - low > step ? high - step : low + 1;
        if (bad(lower)) {
          low = lower;
          break;
        }
        high = lower;
      }
    }
    while (high - low > 1) {
      const std::uint64_t middle = low + (high - low) / 2;
      (bad(middle) ? low : high) = middle;
    }
    return high;
  }

  /// Step 1.
  Depths singleBounds(const Depths& guess) {
    Depths result = lowest;
    for (const std::uint32_t c : variable) {
      Part part(judge, {c});
      result[c] = leastNotBad(lowest[c] - 1, guess[c], !known.empty(),
                              [&](std::uint64_t depth) { return part.judge({depth}) == Verdict::bad; });
      lost = lost || result[c] == Engine::unlimited;
    }
    return result;
  }

  /// Parts are asked again and again; those of few channels are kept.
  Verdict verdict(const Depths& depths, const std::vector<std::uint32_t>& channels) {
    std::vector<std::uint64_t> some;
    for (const std::uint32_t c : channels) some.push_back(depths[c]);
    if (channels.size() > 4) return Part(judge, channels).judge(some);
    std::unique_ptr<Part>& part = parts[channels];
    if (part == nullptr) part = std::make_unique<Part>(judge, channels);
    return part->judge(some);
  }

  /// Few channels of `among` that are bad together at `depths`, all but `background` and them unbounded. By
  /// halves (Junker, "QuickXplain", AAAI 2004). No channel is bad alone: all are at their single bounds.
  std::vector<std::uint32_t> narrow(const Depths& depths, const std::vector<std::uint32_t>& background,
                                    bool changed, std::vector<std::uint32_t> among) {
    if (changed && verdict(depths, background) == Verdict::bad) return {};
    if (among.size() == 1 || (background.empty() && among.size() == 2)) return among;
    const auto half = among.begin() + static_cast<std::ptrdiff_t>(among.size() / 2);
    const std::vector<std::uint32_t> left(among.begin(), half), right(half, among.end());
    const auto joined = [](std::vector<std::uint32_t> a, const std::vector<std::uint32_t>& b) {
      a.insert(a.end(), b.begin(), b.end());
      return a;
    };
    const auto second = narrow(depths, joined(background, left), true, right);
    const auto first = narrow(depths, joined(background, second), !second.empty(), left);
    return joined(first, second);
  }

  /// Step 3: a conflict below `depths`, which are bad, as deep as it goes.
  Conflict conflict(Depths depths, const std::vector<std::uint32_t>& among) {
    std::vector<std::uint32_t> channels = narrow(depths, {}, false, among);
    std::sort(channels.begin(), channels.end());
    // All together first, each by the same cost: whatever breaks the conflict then is dear, and the bound leaps.
    if (channels.size() > 1) {
      const auto isBad = [&](std::uint64_t price) {
        Depths tried = depths;
        for (const std::uint32_t c : channels) tried[c] += price / std::max(1u, network.channels[c].weight);
        return verdict(tried, channels) == Verdict::bad;
      };
      const std::uint64_t affordable = leastNotBad(0, 1, false, isBad) - 1;
      if (affordable < mostDepth)
        for (const std::uint32_t c : channels)
          depths[c] += affordable / std::max(1u, network.channels[c].weight);
    }
    for (const std::uint32_t c : channels) {
      Depths tried = depths;
      depths[c] = leastNotBad(depths[c], depths[c] + 1, false,
                              [&](std::uint64_t depth) {
                                tried[c] = depth;
                                return verdict(tried, channels) == Verdict::bad;
                              }) -
                  1;
    }
    Conflict result;
    for (const std::uint32_t c : channels)
      result.depths.push_back({ChannelId(std::size_t{c}), static_cast<std::uint32_t>(depths[c])});
    return result;
  }

  /// A good vector in which no depth can be lowered alone: the channels in conflict are lowered one after the other
  /// from as deep as they like, those with the dearest places first; the rest stays as it is. Should that not be
  /// good to begin with, all channels are.
  std::optional<Depths> descend(const Depths& depths, const Depths& guess, std::vector<std::uint32_t> order) {
    Depths best = depths;
    for (const std::uint32_t c : order) best[c] = Engine::unlimited;
    if (lost || judge.whole(best) != Verdict::good) {
      order = variable;
      best = judge.unbounded();
    }
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return network.channels[a].weight > network.channels[b].weight;
    });
    for (const std::uint32_t c : order) {
      Depths tried = best;
      const std::uint64_t low = lost ? lowest[c] : single[c];
      best[c] = leastNotBad(low - 1, std::max(low, guess[c]), false, [&](std::uint64_t depth) {
        tried[c] = depth;
        const Verdict verdict = judge.whole(tried);
        undecided = undecided || verdict == Verdict::undecided;
        return verdict != Verdict::good;
      });
      if (best[c] == Engine::unlimited) return {};
    }
    return best;
  }

  /// The channels [from, to) of `variable` as shallow as `low`, as many as stay good with the others as they are: all
  /// together, else each half. Few channels need much, so few halves are bad.
  void shrink(Depths& depths, const Depths& low, std::size_t from, std::size_t to, std::uint64_t& runs) {
    Depths tried = depths;
    for (std::size_t i = from; i < to; ++i)
      tried[variable[i]] = std::min(tried[variable[i]], low[variable[i]]);
    if (tried == depths || runs == 0) return;
    --runs;
    if (judge.whole(tried) == Verdict::good) {
      depths = std::move(tried);
    } else if (to - from > 1) {
      const std::size_t middle = from + (to - from) / 2;
      shrink(depths, low, from, middle, runs);
      shrink(depths, low, middle, to, runs);
    }
  }

  /// Good depths made less where most of the cost is, with few runs of the whole network: no more than the first frames
  /// fill, little slack wherever that does, then the dearest channel's by halves, until what is left to gain is small.
  void trim(Depths& depths, std::uint64_t mostRuns) {
    Depths filled = judge.peaks(depths);
    for (const std::uint32_t c : variable) filled[c] = std::clamp(filled[c], single[c], depths[c]);
    // (Where that is much less. Else room to trade between channels is worth more.)
    if (4 * cost(filled) < cost(depths) && judge.whole(filled) == Verdict::good) depths = filled;
    Depths slack = single;
    for (const std::uint32_t c : variable) slack[c] += slack[c] / 4 + 1;
    std::uint64_t runsLeft = mostRuns;
    shrink(depths, slack, 0, variable.size(), runsLeft);
    Depths low = single;  // below it: bad
    for (; runsLeft > 0; --runsLeft) {
      const auto gain = [&](std::uint32_t c) {
        return (depths[c] - std::min(low[c], depths[c])) * network.channels[c].weight;
      };
      std::uint32_t dearest = variable.front();
      for (const std::uint32_t c : variable)
        if (gain(c) > gain(dearest)) dearest = c;
      if (100 * gain(dearest) < cost(depths)) return;
      Depths tried = depths;
      tried[dearest] = low[dearest] + (depths[dearest] - low[dearest]) / 2;
      if (judge.whole(tried) == Verdict::good)
        depths = std::move(tried);
      else
        low[dearest] = tried[dearest] + 1;
    }
  }

  /// Good depths, the first of: those known to be needed, the same with some slack, multiples of them, multiples of what
  /// the guesses say (FIFOs in a row share a need that none of them has alone); the guesses, if they are good and cheaper.
  std::optional<Depths> enough(const Depths& needed, const Depths& guess) {
    struct Trial {
      std::uint64_t quarters;
      bool guessed;
    };
    constexpr Trial trials[] = {{4, false},   {5, false}, {6, false}, {8, false}, {16, false}, {64, false},
                                {256, false}, {5, true},  {8, true},  {16, true}, {64, true},  {256, true}};
    for (const auto& [factor, guessed] : trials) {
      Depths depths = needed;
      for (const std::uint32_t c : variable) {
        if (guessed) depths[c] = std::max(depths[c], guess[c]);
        depths[c] = (depths[c] * factor + 3) / 4 + (factor - 4);
      }
      if (!known.empty() && cost(depths) >= cost(known)) return known;
      if (judge.whole(depths) == Verdict::good) return depths;
    }
    return known.empty() ? std::nullopt : std::optional(known);
  }

  [[nodiscard]] std::uint64_t cost(const Depths& depths) const {
    std::uint64_t sum = 0;
    for (std::size_t c = 0; c < depths.size(); ++c) sum += depths[c] * network.channels[c].weight;
    return sum;
  }
};

/// The channels that share slack with others.
std::vector<std::uint32_t> inConflict(const std::vector<Conflict>& conflicts) {
  std::vector<std::uint32_t> channels;
  for (const Conflict& conflict : conflicts)
    for (const auto& [channel, depth] : conflict.depths)
      if (conflict.depths.size() > 1) channels.push_back(channel.index);
  std::sort(channels.begin(), channels.end());
  channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
  return channels;
}

Clause clauseOf(const Conflict& conflict) {
  Clause clause;
  for (const auto& [channel, depth] : conflict.depths) clause.literals.push_back({channel.index, depth + 1u});
  return clause;
}

}  // namespace

Result<Sizing> sizeChannels(const Network& network, const SizeOptions& options) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  Sizer sizer(network, flow);
  Judge& judge = sizer.judge;
  SLUICE_RETURN_IF_ERROR(judge.prepare());
  const Depths guess = sizer.guesses();
  if (judge.whole(guess) == Verdict::good) sizer.known = guess;
  Sizing result;
  const auto finish = [&](const Depths& found, bool proven) {
    for (const std::uint64_t d : found)
      result.depth.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(d, 0xffffffffu)));
    for (const std::uint64_t d : sizer.single)
      result.alone.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(d, 0xffffffffu)));
    result.latency = judge.latency();
    result.initiationInterval = cyclesPerFrame(judge.target(), flow);
    result.simulations += judge.simulations();
    result.partSimulations = judge.partSimulations();
    result.cost = sizer.cost(found);
    result.proven = proven && judge.targetIsProven();
    return result;
  };
  sizer.single = sizer.singleBounds(guess);
  Depths depths = sizer.single;
  const auto trimmed = [&](const Depths& needed) {
    std::optional<Depths> found = sizer.enough(needed, guess);
    if (found.has_value() && !sizer.variable.empty())
      sizer.trim(*found, std::clamp<std::uint64_t>(12 * options.mostProofBeats / judge.beats(), 24, 100));
    return found;
  };
  if (judge.beats() > options.longFrame && !sizer.lost) {
    if (const std::optional<Depths> found = trimmed(depths)) {
      result.lowerBound = sizer.cost(sizer.single);
      return finish(*found, sizer.cost(*found) == result.lowerBound);
    }
  }
  if (!sizer.lost) {
    std::vector<std::uint64_t> weight;
    for (const Channel& channel : network.channels) weight.push_back(channel.weight);
    for (const std::uint32_t c : sizer.variable)
      if (depths[c] > sizer.lowest[c])
        result.conflicts.push_back(
            {{{ChannelId(std::size_t{c}), static_cast<std::uint32_t>(depths[c] - 1)}}});
    Cover cover(depths, weight);
    result.lowerBound = sizer.cost(depths);
    // Conflicts are mostly between neighbours. So windows of few channels, in the order of the beats' way, are
    // made good first; wider ones only if the whole then still is not.
    const std::uint64_t beats = std::max<std::uint64_t>(1, judge.beats());
    const std::uint64_t most = std::min(std::max(options.mostEffort, options.mostBeats / beats),
                                        std::max<std::uint64_t>(1, options.mostProofBeats / beats));
    const auto spent = [&] { return judge.effort() >= most; };
    const auto settle = [&](const std::vector<std::uint32_t>& window) {
      while (!spent() && sizer.verdict(depths, window) == Verdict::bad) {
        // As many conflicts as there are in channels that have not yet been in one of this round.
        Depths open = depths;
        std::vector<std::uint32_t> among = window;
        do {
          const Conflict conflict = sizer.conflict(open, among);
          result.conflicts.push_back(conflict);
          cover.add(clauseOf(conflict));
          for (const auto& [channel, depth] : conflict.depths) {
            open[channel.index] = Engine::unlimited;
            among.erase(std::find(among.begin(), among.end(), channel.index));
          }
        } while (!spent() && among.size() > 1 && sizer.verdict(open, among) == Verdict::bad);
        depths = cover.solve().x;
      }
    };
    const std::vector<std::uint32_t> order = judge.inOrder(sizer.variable);
    for (std::size_t width = 2;; width *= 4) {
      const Verdict verdict = judge.whole(depths);
      const Cover::Answer answer = cover.solve();
      result.lowerBound = answer.bound;
      if (verdict == Verdict::good) return finish(depths, true);
      if (verdict == Verdict::undecided || spent() || !answer.exact()) break;
      if (width >= order.size()) {
        settle(order);
        continue;
      }
      for (std::size_t from = 0; from < order.size() && !spent(); from += width / 2) {
        const std::size_t to = std::min(from + width, order.size());
        settle({order.begin() + static_cast<std::ptrdiff_t>(from),
                order.begin() + static_cast<std::ptrdiff_t>(to)});
        if (to == order.size()) break;
      }
    }
  }
  // Not settled: a good vector that is locally least, where a search for each channel (about ten runs) can be paid for.
  const std::vector<std::uint32_t> order = inConflict(result.conflicts);
  if (!sizer.lost && 10 * order.size() * judge.beats() > options.mostDescentBeats)
    if (const std::optional<Depths> found = trimmed(depths))
      return finish(*found, sizer.cost(*found) == result.lowerBound);
  const std::optional<Depths> found = sizer.descend(depths, guess, order);
  if (!found.has_value())
    return Error{ErrorCode::gaveUp, "no depths up to 2^31 were shown to keep latency and rate", {}};
  return finish(*found, !sizer.undecided);
}

}  // namespace sluice::dataflow

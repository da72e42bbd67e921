#include "dataflow/steady.h"

#include <algorithm>
#include <deque>

/// How a rate is proven from a few simulated frames.
///
/// Cut the run where every actor has done exactly its passes for f frames. The cycles that still matter there
/// (next issues, visible beats, free places: Engine::state) are a vector x(f), and x(f+1) = F(x(f)) for a
/// function F made of maxima and additions of constants: it is monotone, and F(x + c) = F(x) + c. So for any
/// k cuts
///
///     x(f+k) - x(f) <= c in all entries   gives   x(f + nk) <= x(f) + nc for every n,
///
/// at most c cycles per k cuts for ever, and the same with >= gives at least c. When both meet, the rate is
/// exact, whether or not the state recurred: the bounds of Collatz and Wielandt, in max-plus algebra. Two
/// more lower bounds make them meet soon:
///
///   work     the iterations of one actor, times its interval;
///   subset   a fast source filling a deep FIFO has small differences for many frames while the slow
///            part runs at its rate already. Forget the fast entries (set them to minus infinity: that
///            makes nothing later), run k cuts from there, and if every remembered entry still grew by
///            c, then F^k(y) >= y + c on all of y, and x >= y grows at least as fast.
namespace sluice::dataflow {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::size_t mostKept = std::size_t{1} << 23;  // entries of old states

}  // namespace

bool notAbove(const Rate& a, const Rate& b) {
  return static_cast<Wide>(a.cycles) * b.cuts <= static_cast<Wide>(b.cycles) * a.cuts;
}

std::uint64_t cyclesPerFrame(const Rate& rate, const Balance& flow) {
  const std::uint64_t frames = rate.cuts * flow.frames;
  return (rate.cycles + frames - 1) / frames;
}

SteadyState::SteadyState(const Network& network, const Balance& balance)
    : network_(network), engine_(network), cutFrames_(balance.frames) {
  std::vector<std::uint64_t> work;
  for (std::size_t a = 0; a < network.actors.size(); ++a) {
    passes_.push_back(balance.passes[a]);
    work.push_back(balance.passes[a] * iterations(network.actors[a].schedule) *
                   network.actors[a].schedule.interval);
  }
  for (const std::uint64_t beats : balance.linkBeats) passes_.push_back(beats);
  for (const auto* ports : {&network.sources, &network.sinks})
    for (const Port& port : *ports) passes_.push_back(port.beatsPerFrame * balance.frames);
  for (std::size_t p = work.size(); p < passes_.size(); ++p) work.push_back(passes_[p]);

  const std::vector<std::uint32_t> component = engine_.stateComponents();
  floors_.resize(engine_.components());
  for (std::size_t p = 0; p < passes_.size(); ++p) {
    floors_[component[p]].cycles = std::max(floors_[component[p]].cycles, work[p]);
    floor_.cycles = std::max(floor_.cycles, work[p]);
  }
}

SteadyState::FirstFrame SteadyState::firstFrame(const std::vector<std::uint64_t>& depths,
                                                std::optional<std::uint64_t> deadline) {
  engine_.reset(depths);
  entryComponent_ = engine_.stateComponents();
  components_.assign(engine_.components(), {});
  for (std::size_t k = 0; k < components_.size(); ++k) components_[k].least = floors_[k];
  reached_ = 1;
  const std::size_t sinks = network_.sinks.size();
  for (std::size_t p = 0; p < passes_.size(); ++p) engine_.setLimit(p, passes_[p]);
  engine_.setRecording(cutFrames_ > 1);

  // The first beat in: normally cycle 0; later only where a source finds its channel full of initial beats.
  FirstFrame result;
  Time first = network_.sources.empty() ? 0 : Engine::forever;
  for (std::size_t s = 0; s < network_.sources.size(); ++s) {
    const Channel& channel = network_.channels[network_.sources[s].channel.index];
    if (channel.initial < (depths.empty() ? channel.depth : depths[network_.sources[s].channel.index]))
      first = 0;
  }
  if (first != 0) {
    for (std::size_t s = 0; s < network_.sources.size(); ++s) engine_.setLimit(engine_.sourceProcess(s), 1);
    engine_.run();
    for (std::size_t s = 0; s < network_.sources.size(); ++s)
      if (engine_.passes(engine_.sourceProcess(s)) == 1)
        first = std::min(first, engine_.standing(engine_.sourceProcess(s)).earliest - 1);
    for (std::size_t s = 0; s < network_.sources.size(); ++s)
      engine_.setLimit(engine_.sourceProcess(s), passes_[engine_.sourceProcess(s)]);
  }
  // A sink's last beat of frame 0. If a cut is one frame, that is the last beat until the cut.
  const auto lastOutput = [&](std::size_t s) -> std::optional<Time> {
    const std::uint64_t beats = network_.sinks[s].beatsPerFrame;
    if (!engine_.recording()) {
      const std::size_t p = engine_.sinkProcess(s);
      if (engine_.passes(p) < beats) return {};
      return engine_.standing(p).earliest - 1;
    }
    const auto& pops = engine_.records()[network_.sinks[s].channel.index].pops;
    if (pops.size() < beats) return {};
    return pops[beats - 1];
  };
  const auto outputs = [&] {
    result.latency = 0;
    for (std::size_t s = 0; s < sinks; ++s) {
      const auto last = lastOutput(s);
      if (!last.has_value()) return false;
      result.latency = std::max(result.latency, static_cast<std::uint64_t>(*last - first));
    }
    return true;
  };
  engine_.run(deadline.has_value() ? first + static_cast<Time>(*deadline) : Engine::forever);
  result.complete = outputs();
  engine_.setRecording(false);
  engine_.clearRecords();
  return result;
}

std::vector<std::uint64_t> SteadyState::peaks(const std::vector<std::uint64_t>& depths, std::uint64_t cuts) {
  engine_.reset(depths);
  engine_.setRecording(true);
  toCut(cuts);
  engine_.setRecording(false);
  std::vector<std::uint64_t> result;
  for (std::size_t c = 0; c < network_.channels.size(); ++c) {
    Peak peak(network_.channels[c].initial);
    peak.merge(engine_.records()[c]);
    result.push_back(peak.most);
  }
  engine_.clearRecords();
  return result;
}

bool SteadyState::toCut(std::uint64_t cut) {
  reached_ = cut;
  for (std::size_t p = 0; p < passes_.size(); ++p) engine_.setLimit(p, passes_[p] * cut);
  engine_.run();
  for (std::size_t p = 0; p < passes_.size(); ++p)
    if (engine_.standing(p).wait != Engine::Wait::limit) return false;
  return true;
}

void SteadyState::compare(const std::vector<Time>& before, const std::vector<Time>& now, std::uint64_t cuts) {
  std::vector<Time> least(components_.size(), Engine::forever), most(components_.size(), -Engine::forever);
  for (std::size_t e = 0; e < now.size(); ++e) {
    const Time grown = now[e] - before[e];
    const std::uint32_t k = entryComponent_[e];
    least[k] = std::min(least[k], grown);
    most[k] = std::max(most[k], grown);
  }
  for (std::size_t k = 0; k < components_.size(); ++k) {
    const Rate low{static_cast<std::uint64_t>(std::max<Time>(least[k], 0)), cuts};
    const Rate high{static_cast<std::uint64_t>(most[k]), cuts};
    if (!notAbove(low, components_[k].least)) components_[k].least = low;
    if (!notAbove(components_[k].most, high)) components_[k].most = high;
  }
}

/// The subset bound, for every component whose bounds have not met: remembers the entries that grew most.
void SteadyState::probe(const std::vector<Time>& before, const std::vector<Time>& now, std::uint64_t cuts) {
  std::vector<Time> most(components_.size(), 0);
  for (std::size_t e = 0; e < now.size(); ++e)
    most[entryComponent_[e]] = std::max(most[entryComponent_[e]], now[e] - before[e]);
  std::vector<Time> only(now);
  std::vector<bool> kept(now.size());
  for (std::size_t e = 0; e < now.size(); ++e) {
    const Component& component = components_[entryComponent_[e]];
    kept[e] = now[e] - before[e] == most[entryComponent_[e]] && !notAbove(component.most, component.least);
    if (!kept[e]) only[e] = longAgo;
  }
  engine_.setState(only);
  const bool alive = toCut(reached_ + cuts);
  SLUICE_CHECK(alive, "a network that got through a cut gets through every cut");
  const std::vector<Time> then = engine_.state();
  std::vector<Time> least(components_.size(), Engine::forever);
  for (std::size_t e = 0; e < now.size(); ++e)
    if (kept[e]) least[entryComponent_[e]] = std::min(least[entryComponent_[e]], then[e] - now[e]);
  for (std::size_t k = 0; k < components_.size(); ++k) {
    if (least[k] == Engine::forever || least[k] < 0) continue;
    const Rate low{static_cast<std::uint64_t>(least[k]), cuts};
    if (!notAbove(low, components_[k].least)) components_[k].least = low;
  }
  engine_.setState(now);
}

SteadyState::Bounds SteadyState::rate(std::uint64_t mostCuts, const std::optional<Rate>& target) {
  Bounds bounds;
  std::deque<std::vector<Time>> states;  // of successive cuts, the last at the back
  const auto join = [&] {
    bounds.least = bounds.most = {};
    for (const Component& c : components_) {
      if (!notAbove(c.least, bounds.least)) bounds.least = c.least;
      if (!notAbove(c.most, bounds.most)) bounds.most = c.most;
    }
    if (bounds.proven()) return true;
    return target.has_value() && (notAbove(bounds.most, *target) || !notAbove(bounds.least, *target));
  };
  for (std::uint64_t cut = 1; cut <= mostCuts; ++cut) {
    if (!toCut(cut == 1 ? 1 : reached_ + 1)) {
      bounds.deadlock = true;
      return bounds;
    }
    bounds.cuts = cut;
    states.push_back(engine_.state());
    const std::vector<Time>& now = states.back();
    for (std::size_t k = 1; k < states.size(); ++k)
      if (k <= 16 || k % 12 == 0) compare(states[states.size() - 1 - k], now, k);
    if (join()) return bounds;
    if (cut >= 3 && (cut < 16 || cut % 16 == 0)) {
      const std::uint64_t k = cut < 8 ? 1 : 1 + cut / 4 % 12;
      if (k < states.size()) {
        probe(states[states.size() - 1 - k], now, k);
        bounds.cuts = cut;
        if (join()) return bounds;
      }
    }
    while (states.size() > 2 && states.size() * now.size() > mostKept) states.pop_front();
  }
  join();
  return bounds;
}

}  // namespace sluice::dataflow

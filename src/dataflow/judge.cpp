#include "dataflow/judge.h"

#include <algorithm>

#include "dataflow/deadlock.h"
#include "dataflow/mirror.h"

/// Why two kernels are enough.
///
/// Let channel c have depth d and all others be unbounded. A place of c that is free late delays c's writer;
/// nothing else in the network waits for a place. So what happens before the writer is as in the unbounded
/// run, known cycle by cycle, and what can differ is the writer, the reader, what lies on the ways from one
/// to the other (a chain: nothing), and what comes after them. Call the first three the part.
///
///   latency  In the unbounded run every event has a latest cycle that keeps the latency: the deadline minus
///            the longest way to the last output beat. A way from the part to an output leaves the part for
///            the last time at some beat, and goes on through the unbounded rest. So the latency is kept if
///            and only if every beat that leaves the part can be popped by its latest cycle; the rest need
///            not be run. The latest cycles are the same network run backwards (mirror.h): one run for all
///            channels.
///   rate     The rate for ever is that of the slowest circle of dependences. A circle lies within processes
///            that reach each other, and those are in the part or alike in the unbounded run. So the part
///            alone, with beats that enter always there and beats that leave always taken, has the rate.
///
/// With several bounded channels the same holds for all processes on a way from an end of one to an end of
/// one, places counted as ways back: if all channels are bounded, the whole network. Fixed channels are ways
/// back always. Ways need not be searched beyond the ranks of the ends in a topological order, so a part
/// costs what it holds.
namespace sluice::dataflow {
namespace {

constexpr std::uint64_t mostBeatsKept = std::uint64_t{1} << 24;  // in a cut, all channels together

}  // namespace

Judge::Judge(const Network& network, const Balance& flow)
    : network_(network), flow_(flow), steady_(network, flow) {
  for (const Channel& channel : network.channels)
    unbounded_.push_back(channel.fixed ? channel.depth : Engine::unlimited);
}

Status Judge::prepare() {
  const auto stuck = [&] {
    return deadlockError(network_, steady_.engine(), "the network deadlocks however deep its FIFOs are");
  };
  const auto first = steady_.firstFrame(unbounded_);
  if (!first.complete) return stuck();
  beats_ = 0;  // of a cut: that is how far the first frame was run
  for (std::size_t c = 0; c < network_.channels.size(); ++c) beats_ += steady_.engine().popped(c);
  const auto bounds = steady_.rate(4 * cutsToDecide);
  if (bounds.deadlock) return stuck();
  latency_ = first.latency;
  target_ = bounds.most;
  targetIsProven_ = bounds.proven();
  ++simulations_;
  for (const std::uint64_t passes : flow_.passes) passes_.push_back(passes);
  for (const std::uint64_t count : flow_.linkBeats) passes_.push_back(count);
  for (const auto* ports : {&network_.sources, &network_.sinks})
    for (const Port& port : *ports) passes_.push_back(port.beatsPerFrame * flow_.frames);
  // Not where a pass does not fit a frame (a cut then holds several, the latency is of the first), nor where
  // beats lie in a source's channel from the start (the first beat in may then come late), nor beyond memory.
  partsAreSmall_ = flow_.frames == 1 && beats_ <= mostBeatsKept;
  for (const Port& port : network_.sources)
    if (network_.channels[port.channel.index].initial > 0) partsAreSmall_ = false;
  if (!partsAreSmall_) return {};
  order();
  recordUnbounded();
  return {};
}

Verdict Judge::whole(const Depths& depths) {
  ++simulations_;
  if (!steady_.firstFrame(depths, latency_).complete) return Verdict::bad;
  const auto bounds = steady_.rate(cutsToDecide, target_);
  if (bounds.deadlock) return Verdict::bad;
  if (notAbove(bounds.most, target_)) return Verdict::good;
  return notAbove(bounds.least, target_) ? Verdict::undecided : Verdict::bad;
}

/// Ranks: strongly connected components of "depends on", in topological order (Tarjan, without recursion).
void Judge::order() {
  const Engine& engine = steady_.engine();
  const std::size_t count = engine.processes();
  writes_.assign(count, {});
  reads_.assign(count, {});
  for (std::size_t c = 0; c < network_.channels.size(); ++c) {
    writes_[engine.writer(c)].push_back(static_cast<std::uint32_t>(c));
    reads_[engine.reader(c)].push_back(static_cast<std::uint32_t>(c));
  }
  std::vector<std::vector<std::uint32_t>> next(count);
  for (std::size_t c = 0; c < network_.channels.size(); ++c) {
    const auto w = static_cast<std::uint32_t>(engine.writer(c)),
               r = static_cast<std::uint32_t>(engine.reader(c));
    next[w].push_back(r);
    if (network_.channels[c].fixed) next[r].push_back(w);
  }
  constexpr std::uint32_t none = 0xffffffffu;
  std::vector<std::uint32_t> index(count, none), low(count, 0), component(count, none), stack;
  struct Visit {
    std::uint32_t process;
    std::size_t edge;
  };
  std::vector<Visit> path;
  std::uint32_t visited = 0, components = 0;
  for (std::uint32_t start = 0; start < count; ++start) {
    if (index[start] != none) continue;
    path.push_back({start, 0});
    index[start] = low[start] = visited++;
    stack.push_back(start);
    while (!path.empty()) {
      const std::uint32_t p = path.back().process;
      if (path.back().edge < next[p].size()) {
        const std::uint32_t q = next[p][path.back().edge++];
        if (index[q] == none) {
          index[q] = low[q] = visited++;
          stack.push_back(q);
          path.push_back({q, 0});
        } else if (component[q] == none) {
          low[p] = std::min(low[p], index[q]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low[path.back().process] = std::min(low[path.back().process], low[p]);
      if (low[p] != index[p]) continue;
      std::uint32_t q = none;
      do {
        q = stack.back();
        stack.pop_back();
        component[q] = components;
      } while (q != p);
      ++components;
    }
  }
  rank_.resize(count);  // components are found last first
  for (std::size_t p = 0; p < count; ++p) rank_[p] = components - 1 - component[p];
  seenForward_.assign(count, 0);
  seenBackward_.assign(count, 0);
}

std::vector<std::uint32_t> Judge::inOrder(std::vector<std::uint32_t> channels) const {
  if (rank_.empty()) return channels;
  const Engine& engine = steady_.engine();
  std::stable_sort(channels.begin(), channels.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto key = [&](std::uint32_t c) {
      return std::pair{rank_[engine.writer(c)], rank_[engine.reader(c)]};
    };
    return key(a) < key(b);
  });
  return channels;
}

/// Cut 0 of the unbounded run: when beats are visible, and by when they must be popped.
void Judge::recordUnbounded() {
  const std::size_t channels = network_.channels.size();
  Engine forward(network_);
  forward.reset(unbounded_);
  forward.setRecording(true);
  for (std::size_t p = 0; p < passes_.size(); ++p) forward.setLimit(p, passes_[p]);
  forward.run();
  visible_.resize(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const Time after = static_cast<Time>(forward.writeStage(c)) + network_.channels[c].delay;
    visible_[c].assign(network_.channels[c].initial, 0);
    for (const Time t : forward.records()[c].promises) visible_[c].push_back(t + after);
  }
  const Network mirror = mirrored(network_);
  Engine backward(mirror);
  backward.reset(unbounded_);
  backward.setRecording(true);
  for (std::size_t p = 0; p < passes_.size(); ++p) {  // sources and sinks have changed places
    std::size_t q = p;
    if (p >= forward.sinkProcess(0))
      q = backward.sourceProcess(p - forward.sinkProcess(0));
    else if (p >= forward.sourceProcess(0))
      q = backward.sinkProcess(p - forward.sourceProcess(0));
    backward.setLimit(q, passes_[p]);
  }
  // Nothing happens in the mirror before the last beat of the frame has come out: what no output waits for
  // may be arbitrarily late.
  std::vector<Time> start = backward.state();
  for (std::size_t entry = 0; entry < start.size(); ++entry)
    if (entry < backward.sourceProcess(0) || entry >= backward.sinkProcess(0)) start[entry] = longAgo;
  backward.setState(start);
  backward.run();
  latestPop_.resize(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const std::vector<Time>& promises = backward.records()[c].promises;
    for (std::size_t k = promises.size(); k-- > 0;)
      latestPop_[c].push_back(static_cast<Time>(latency_) - promises[k]);
  }
}

Part::Part(Judge& judge, std::vector<std::uint32_t> channels)
    : judge_(judge), channels_(std::move(channels)) {
  if (!judge.partsAreSmall_) return;
  const Network& whole = judge.network_;
  const Engine& engine = judge.steady_.engine();
  // Processes on a way from an end to an end.
  std::vector<std::uint32_t> ends;
  for (const std::uint32_t c : channels_) {
    ends.push_back(static_cast<std::uint32_t>(engine.writer(c)));
    ends.push_back(static_cast<std::uint32_t>(engine.reader(c)));
  }
  std::uint32_t lowest = ~0u, highest = 0;
  for (const std::uint32_t p : ends) {
    lowest = std::min(lowest, judge.rank_[p]);
    highest = std::max(highest, judge.rank_[p]);
  }
  const std::uint32_t stamp = ++judge.parts_;
  const auto isBounded = [&](std::uint32_t c) {
    return whole.channels[c].fixed || std::find(channels_.begin(), channels_.end(), c) != channels_.end();
  };
  const auto reach = [&](std::vector<std::uint32_t>& seen, const auto& along, const auto& across,
                         const auto& farOf, const auto& nearOf) {
    std::vector<std::uint32_t> found;
    const auto visit = [&](std::uint32_t p) {
      if (seen[p] == stamp || judge.rank_[p] < lowest || judge.rank_[p] > highest) return;
      seen[p] = stamp;
      found.push_back(p);
    };
    for (const std::uint32_t p : ends) visit(p);
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (const std::uint32_t c : along[found[i]]) visit(farOf(c));
      for (const std::uint32_t c : across[found[i]])
        if (isBounded(c)) visit(nearOf(c));
    }
    return found;
  };
  const auto writer = [&](std::uint32_t c) { return static_cast<std::uint32_t>(engine.writer(c)); };
  const auto reader = [&](std::uint32_t c) { return static_cast<std::uint32_t>(engine.reader(c)); };
  reach(judge.seenForward_, judge.writes_, judge.reads_, reader, writer);
  for (const std::uint32_t p : reach(judge.seenBackward_, judge.reads_, judge.writes_, writer, reader))
    if (judge.seenForward_[p] == stamp) processOf_.push_back(p);
  std::sort(processOf_.begin(), processOf_.end());
  const auto inside = [&](std::uint32_t p) {
    return judge.seenForward_[p] == stamp && judge.seenBackward_[p] == stamp;
  };

  // Their channels: those inside first, so that they have the same numbers in both networks.
  for (const bool inner : {true, false})
    for (const std::uint32_t p : processOf_)
      for (const auto* list : {&judge.reads_[p], &judge.writes_[p]})
        for (const std::uint32_t c : *list) {
          const bool within = inside(writer(c)) && inside(reader(c));
          if (within != inner || (within && list == &judge.writes_[p])) continue;
          if (!inner)
            (list == &judge.reads_[p] ? entering_ : leaving_)
                .push_back(static_cast<std::uint32_t>(channelOf_.size()));
          channelOf_.push_back(c);
        }
  for (const std::uint32_t c : channelOf_) {
    timed_.channels.push_back(whole.channels[c]);
    if (inside(writer(c)) && inside(reader(c))) free_.channels.push_back(whole.channels[c]);
  }
  inner_ = free_.channels.size();
  for (const std::uint32_t c : channels_)
    boundedAt_.push_back(static_cast<std::uint32_t>(
        std::find(channelOf_.begin(), channelOf_.begin() + static_cast<std::ptrdiff_t>(inner_), c) -
        channelOf_.begin()));
  const auto at = [&](ChannelId channel) {
    const auto found = std::find(channelOf_.begin(), channelOf_.end(), channel.index);
    return ChannelId(static_cast<std::size_t>(found - channelOf_.begin()));
  };
  const auto onlyInner = [&](ChannelId channel) { return channel.index < inner_ ? channel : ChannelId(); };
  flow_.frames = judge.flow_.frames;
  for (const std::uint32_t p : processOf_) {
    if (p < engine.linkProcess(0)) {
      Actor actor = whole.actors[p];
      for (ChannelId& port : actor.ports) port = at(port);
      timed_.actors.push_back(actor);
      for (ChannelId& port : actor.ports) port = onlyInner(port);
      free_.actors.push_back(std::move(actor));
      flow_.passes.push_back(judge.passes_[p]);
    } else if (p < engine.sourceProcess(0)) {
      Link link = whole.links[p - engine.linkProcess(0)];
      link.from = at(link.from);
      link.to = at(link.to);
      timed_.links.push_back(link);
      link.from = onlyInner(link.from);
      link.to = onlyInner(link.to);
      free_.links.push_back(link);
      flow_.linkBeats.push_back(judge.passes_[p]);
    } else {
      const bool source = p < engine.sinkProcess(0);
      Port port =
          source ? whole.sources[p - engine.sourceProcess(0)] : whole.sinks[p - engine.sinkProcess(0)];
      port.channel = at(port.channel);
      (source ? timed_.sources : timed_.sinks).push_back(port);
      port.channel = onlyInner(port.channel);
      (source ? free_.sources : free_.sinks).push_back(port);
    }
  }
  engine_.emplace(timed_);
  steady_.emplace(free_, flow_);
}

bool Part::keepsLatency(const std::vector<std::uint64_t>& depths) {
  Judge::Depths all;
  for (const Channel& channel : timed_.channels)
    all.push_back(channel.fixed ? channel.depth : Engine::unlimited);
  for (std::size_t i = 0; i < channels_.size(); ++i) all[boundedAt_[i]] = depths[i];
  engine_->reset(all);
  for (const std::uint32_t c : entering_) engine_->preset(c, judge_.visible_[channelOf_[c]]);
  for (std::size_t p = 0; p < processOf_.size(); ++p) engine_->setLimit(p, judge_.passes_[processOf_[p]]);
  engine_->run();
  for (std::size_t p = 0; p < processOf_.size(); ++p)
    if (engine_->standing(p).wait != Engine::Wait::limit) return false;  // a deadlock
  for (std::size_t s = 0; s < timed_.sinks.size(); ++s)
    if (engine_->standing(engine_->sinkProcess(s)).earliest - 1 > static_cast<Engine::Time>(judge_.latency_))
      return false;
  for (const std::uint32_t c : leaving_) {
    const std::vector<Engine::Time>& latest = judge_.latestPop_[channelOf_[c]];
    const Engine::Time delay = timed_.channels[c].delay;
    for (std::uint64_t k = timed_.channels[c].initial; k < latest.size(); ++k)
      if (engine_->pushCycle(c, k) + delay > latest[k]) return false;
  }
  return true;
}

Verdict Part::judge(const std::vector<std::uint64_t>& depths) {
  if (!judge_.partsAreSmall_) {
    Judge::Depths all = judge_.unbounded_;
    for (std::size_t i = 0; i < channels_.size(); ++i) all[channels_[i]] = depths[i];
    return judge_.whole(all);
  }
  ++judge_.partSimulations_;
  judge_.partProcesses_ += processOf_.size();
  if (!keepsLatency(depths)) return Verdict::bad;
  Judge::Depths inner;
  for (const Channel& channel : free_.channels)
    inner.push_back(channel.fixed ? channel.depth : Engine::unlimited);
  for (std::size_t i = 0; i < channels_.size(); ++i) inner[boundedAt_[i]] = depths[i];
  steady_->firstFrame(inner);
  const auto bounds = steady_->rate(cutsToDecide, judge_.target_);
  if (bounds.deadlock) return Verdict::bad;
  if (notAbove(bounds.most, judge_.target_)) return Verdict::good;
  return notAbove(bounds.least, judge_.target_) ? Verdict::undecided : Verdict::bad;
}

}  // namespace sluice::dataflow

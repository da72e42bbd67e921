#include "dataflow/engine.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace sluice::dataflow {
namespace {

/// Links, sources and sinks as schedules of one iteration.
Schedule oneBeat(bool reads, bool writes, std::uint32_t stage) {
  Schedule schedule;
  schedule.depth = stage;
  std::uint32_t port = 0;
  if (reads) schedule.accesses.push_back({port++, Direction::read, 0, {}});
  if (writes) schedule.accesses.push_back({port, Direction::write, stage, {}});
  return schedule;
}

}  // namespace

Engine::Engine(const Network& network) : network_(network) {
  const std::size_t count =
      network.actors.size() + network.links.size() + network.sources.size() + network.sinks.size();
  trees_.reserve(count);  // cursors point into it
  processes_.resize(count);
  channels_.resize(network.channels.size());
  cycles_.resize(network.channels.size());
  records_.resize(network.channels.size());
  queue_.resize(count);
  constexpr std::uint32_t nobody = 0xffffffffu;
  for (Ring& ring : channels_) ring.writer = ring.reader = nobody;
  std::size_t next = 0;
  const auto add = [&](const Schedule& schedule, const std::vector<ChannelId>& ports) {
    const auto index = static_cast<std::uint32_t>(next++);
    Process& process = processes_[index];
    trees_.emplace_back(schedule);
    process.interval = schedule.interval;
    process.uniform = trees_.back().uniform() ? iterations(schedule) : 0;
    process.waits.perPort.assign(ports.size(), 0);
    std::vector<const Access*> access(ports.size(), nullptr);
    for (const Access& a : schedule.accesses) access[a.port] = &a;
    for (const std::uint64_t mask : trees_.back().masks()) {
      Move move;
      for (const auto direction : {Direction::read, Direction::write}) {
        for (std::uint32_t p = 0; p < ports.size(); ++p)
          if (((mask >> p) & 1u) != 0 && access[p]->direction == direction && ports[p].valid())
            move.ends.push_back({&channels_[ports[p].index], ports[p].index, p});
        if (direction == Direction::read) move.reads = move.ends.size();
      }
      process.moves.push_back(std::move(move));
    }
    for (std::uint32_t p = 0; p < ports.size(); ++p) {
      if (!ports[p].valid()) continue;
      Ring& ring = channels_[ports[p].index];
      if (access[p]->direction == Direction::read) {
        ring.reader = index;
      } else {
        ring.writer = index;
        ring.stage = access[p]->stage;
      }
    }
  };
  for (const Actor& actor : network.actors) add(actor.schedule, actor.ports);
  for (const Link& link : network.links) add(oneBeat(true, true, link.latency), {link.from, link.to});
  for (const Port& port : network.sources) add(oneBeat(false, true, 0), {port.channel});
  for (const Port& port : network.sinks) add(oneBeat(true, false, 0), {port.channel});
  for (Ring& ring : channels_) {
    if (ring.writer == nobody) ring.writer = ring.reader;
    if (ring.reader == nobody) ring.reader = ring.writer;
  }

  component_.resize(count);
  std::iota(component_.begin(), component_.end(), 0u);
  const auto root = [&](std::uint32_t p) {
    while (component_[p] != p) p = component_[p] = component_[component_[p]];
    return p;
  };
  for (const Ring& ring : channels_) component_[root(ring.writer)] = root(ring.reader);
  std::vector<std::uint32_t> number(count, unlimited & 0xffffffffu);
  for (std::uint32_t p = 0; p < count; ++p) {
    std::uint32_t& n = number[root(p)];
    if (n == 0xffffffffu) n = componentCount_++;
  }
  std::vector<std::uint32_t> numbered(count);
  for (std::uint32_t p = 0; p < count; ++p) numbered[p] = number[root(p)];
  component_ = std::move(numbered);
  reset();
}

void Engine::reset(const std::vector<std::uint64_t>& depths) {
  for (std::size_t c = 0; c < channels_.size(); ++c) {
    Ring& ring = channels_[c];
    const Channel& channel = network_.channels[c];
    ring.depth = depths.empty() ? channel.depth : depths[c];
    ring.delay = channel.delay;
    const std::uint64_t start =
        std::max<std::uint64_t>(std::min<std::uint64_t>(ring.depth, 64), channel.initial);
    const std::uint64_t capacity = std::bit_ceil(std::max<std::uint64_t>({start, 1, cycles_[c].size()}));
    cycles_[c].resize(capacity);
    ring.cycle = cycles_[c].data();
    ring.mask = capacity - 1;
    ring.mayGrow = ring.depth > capacity;
    ring.pushed = channel.initial;
    ring.popped = 0;
    for (std::uint64_t k = 0; k < channel.initial; ++k)
      ring.cycle[k] = -Time{ring.delay};  // visible from cycle 0 on
    ring.writerWaits = ring.readerWaits = false;
  }
  for (std::size_t p = 0; p < processes_.size(); ++p) {
    Process& process = processes_[p];
    process.cursor.emplace(trees_[p]);
    process.left = process.chunk = 0;
    process.fresh = true;
    process.passes = 0;
    process.limit = unlimited;
    process.earliest = 0;
    process.queued = false;
    process.standing = {};
    process.waits = {0, std::vector<std::uint64_t>(process.waits.perPort.size(), 0), 0};
  }
  queueHead_ = queueSize_ = 0;
  clearRecords();
}

void Engine::preset(std::size_t channel, const std::vector<Time>& visible) {
  Ring& ring = channels_[channel];
  const std::uint64_t capacity = std::bit_ceil(std::max<std::uint64_t>(visible.size(), 1));
  if (cycles_[channel].size() < capacity) cycles_[channel].resize(capacity);
  ring.cycle = cycles_[channel].data();
  ring.mask = cycles_[channel].size() - 1;
  for (std::size_t k = 0; k < visible.size(); ++k) ring.cycle[k] = visible[k] - ring.delay;
  ring.popped = 0;
  ring.pushed = visible.size();
  ring.depth = unlimited;
  ring.mayGrow = false;
}

void Engine::setPatterns(const Pattern& sources, const Pattern& sinks) {
  sourcePattern_ = sources;
  sinkPattern_ = sinks;
  for (std::size_t s = 0; s < network_.sources.size(); ++s) {
    Process& process = processes_[sourceProcess(s)];
    process.pattern = sources.stallPercent > 0 ? &sourcePattern_ : nullptr;
    process.stream = s;
  }
  for (std::size_t s = 0; s < network_.sinks.size(); ++s) {
    Process& process = processes_[sinkProcess(s)];
    process.pattern = sinks.stallPercent > 0 ? &sinkPattern_ : nullptr;
    process.stream = s;
  }
}

void Engine::clearRecords() {
  for (Records& r : records_) {
    r.promises.clear();
    r.pops.clear();
  }
}

void Engine::grow(std::uint32_t channel) {
  Ring& ring = channels_[channel];
  const std::uint64_t lowest = ring.depth == unlimited    ? ring.popped
                               : ring.pushed > ring.depth ? ring.pushed - ring.depth
                                                          : 0;
  if (ring.pushed - lowest <= ring.mask) return;
  std::vector<Time> wider(2 * cycles_[channel].size());
  const std::uint64_t mask = wider.size() - 1;
  for (std::uint64_t k = lowest; k < ring.pushed; ++k) wider[k & mask] = ring.cycle[k & ring.mask];
  cycles_[channel] = std::move(wider);
  ring.cycle = cycles_[channel].data();
  ring.mask = mask;
  ring.mayGrow = ring.depth > mask + 1;
}

inline void Engine::wake(std::uint32_t process) {
  if (processes_[process].queued) return;
  processes_[process].queued = true;
  std::size_t at = queueHead_ + queueSize_++;
  if (at >= queue_.size()) at -= queue_.size();
  queue_[at] = process;
}

/// Makes `left` the iterations of the next run that moves something; those before it that move nothing only
/// take time. False at the limit.
inline bool Engine::nextRun(Process& process, bool profile) {
  if (process.uniform != 0) {
    process.passes += process.chunk / process.uniform;
    process.chunk = process.left = 0;
    if (process.passes >= process.limit) return false;
    const std::uint64_t most = std::max<std::uint64_t>(1, (std::uint64_t{1} << 40) / process.uniform);
    process.chunk = process.left = std::min(process.limit - process.passes, most) * process.uniform;
    process.move = process.moves.data();
    return true;
  }
  for (;;) {
    if (process.fresh) {
      if (process.passes >= process.limit) return false;
      process.fresh = false;
    } else if (process.cursor->advance()) {
      ++process.passes;
      process.fresh = true;
      continue;
    }
    const std::uint64_t count = process.cursor->iterations();
    if (const std::uint32_t mask = process.cursor->mask(); mask != 0) {
      process.left = count;
      process.move = &process.moves[mask - 1];
      return true;
    }
    process.earliest += process.interval * static_cast<Time>(count);
    if (profile) process.waits.issued += count;
  }
}

/// The present run of a process, as far as it gets; false if something stops it. kReads and kWrites: how many
/// beats an iteration moves, for the usual shapes (-1: any number), so that the loops below vanish.
template <bool kRecord, bool kProfile, int kReads, int kWrites>
bool Engine::issue(Process& process, const Move& move, Time horizon) {
  const End* const begin = move.ends.data();
  const End* const writes = begin + (kReads >= 0 ? static_cast<std::size_t>(kReads) : move.reads);
  const End* const end = kWrites >= 0 ? writes + kWrites : begin + move.ends.size();
  const Time interval = process.interval;
  Time earliest = process.earliest;
  std::uint64_t left = process.left;
  const auto stop = [&](Wait wait, ChannelId channel, Time when) {
    process.earliest = earliest;
    process.left = left;
    process.standing = {wait, channel, when};
    return false;
  };
  for (; left > 0; --left) {
    Time t = earliest;
    [[maybe_unused]] std::uint32_t last = 0;  // port whose condition is met last
    for (const End* e = begin; e != writes; ++e) {
      Ring& ring = *e->ring;
      if (ring.popped == ring.pushed) {
        ring.readerWaits = true;
        return stop(Wait::beat, ChannelId(e->channel), 0);
      }
      const Time visible = ring.cycle[ring.popped & ring.mask] + ring.delay;
      if constexpr (kProfile) last = visible > t ? e->port : last;
      t = std::max(t, visible);
    }
    for (const End* e = writes; e != end; ++e) {
      Ring& ring = *e->ring;
      if (ring.pushed < ring.depth) continue;
      const std::uint64_t freed = ring.pushed - ring.depth;  // the beat whose place this one takes
      if (freed >= ring.popped) {
        ring.writerWaits = true;
        return stop(Wait::place, ChannelId(e->channel), 0);
      }
      const Time free = ring.cycle[freed & ring.mask] + 1;
      if constexpr (kProfile) last = free > t ? e->port : last;
      t = std::max(t, free);
    }
    [[maybe_unused]] const Time ready = t;
    if (process.pattern != nullptr)
      while (t <= horizon && !process.pattern->open(process.stream, static_cast<std::uint64_t>(t))) ++t;
    if (t > horizon) return stop(Wait::horizon, {}, t);
    if constexpr (kProfile) {
      process.waits.perPort[last] += static_cast<std::uint64_t>(ready - earliest);
      process.waits.pattern += static_cast<std::uint64_t>(t - ready);
      ++process.waits.issued;
    }
    for (const End* e = begin; e != writes; ++e) {
      Ring& ring = *e->ring;
      ring.cycle[ring.popped++ & ring.mask] = t;
      if constexpr (kRecord) records_[e->channel].pops.push_back(t);
      if (ring.writerWaits) {
        ring.writerWaits = false;
        wake(ring.writer);
      }
    }
    for (const End* e = writes; e != end; ++e) {
      Ring& ring = *e->ring;
      if (ring.mayGrow) grow(e->channel);
      ring.cycle[ring.pushed++ & ring.mask] = t + ring.stage;
      if constexpr (kRecord) records_[e->channel].promises.push_back(t);
      if (ring.readerWaits) {
        ring.readerWaits = false;
        wake(ring.reader);
      }
    }
    earliest = t + interval;
  }
  process.earliest = earliest;
  process.left = 0;
  return true;
}

template <bool kRecord, bool kProfile>
void Engine::issueAll(std::uint32_t index, Time horizon) {
  Process& process = processes_[index];
  for (;;) {
    if (process.left == 0 && !nextRun(process, kProfile)) {
      process.standing = {Wait::limit, {}, process.earliest};
      return;
    }
    const Move& move = *process.move;
    bool more = false;
    const std::size_t reads = move.reads, writes = move.ends.size() - move.reads;
    if (reads == 1 && writes == 1)
      more = issue<kRecord, kProfile, 1, 1>(process, move, horizon);
    else if (reads == 1 && writes == 0)
      more = issue<kRecord, kProfile, 1, 0>(process, move, horizon);
    else if (reads == 0 && writes == 1)
      more = issue<kRecord, kProfile, 0, 1>(process, move, horizon);
    else if (reads == 2 && writes == 1)
      more = issue<kRecord, kProfile, 2, 1>(process, move, horizon);
    else
      more = issue<kRecord, kProfile, -1, -1>(process, move, horizon);
    if (!more) return;
  }
}

void Engine::run(Time horizon) {
  for (std::uint32_t p = 0; p < processes_.size(); ++p) wake(p);
  while (queueSize_ > 0) {
    const std::uint32_t p = queue_[queueHead_];
    if (++queueHead_ == queue_.size()) queueHead_ = 0;
    --queueSize_;
    processes_[p].queued = false;
    if (profiling_)
      issueAll<true, true>(p, horizon);
    else if (recording_)
      issueAll<true, false>(p, horizon);
    else
      issueAll<false, false>(p, horizon);
  }
}

Engine::Standing Engine::standing(std::size_t process) const { return processes_[process].standing; }

std::string Engine::processName(std::size_t process) const {
  if (process < linkProcess(0)) return "kernel '" + network_.actors[process].name + "'";
  if (process < sourceProcess(0)) return "link '" + network_.links[process - linkProcess(0)].name + "'";
  if (process < sinkProcess(0)) return "source '" + network_.sources[process - sourceProcess(0)].name + "'";
  return "sink '" + network_.sinks[process - sinkProcess(0)].name + "'";
}

std::vector<Engine::Time> Engine::state() const {
  std::vector<Time> result;
  for (const Process& process : processes_) result.push_back(process.earliest);
  for (const Ring& ring : channels_) {
    const Time reader = processes_[ring.reader].earliest, writer = processes_[ring.writer].earliest;
    for (std::uint64_t k = ring.popped; k < ring.pushed; ++k)
      result.push_back(std::max(ring.cycle[k & ring.mask] + ring.delay, reader));
    if (ring.depth == unlimited) continue;
    const std::uint64_t places = ring.depth - (ring.pushed - ring.popped);
    for (std::uint64_t i = 0; i < places; ++i) {  // places that were never used come first
      const std::uint64_t beat = ring.pushed + i;
      const bool used = beat >= ring.depth;
      result.push_back(used ? std::max(ring.cycle[(beat - ring.depth) & ring.mask] + 1, writer) : writer);
    }
  }
  return result;
}

void Engine::setState(const std::vector<Time>& state) {
  std::size_t at = 0;
  for (Process& process : processes_) process.earliest = state[at++];
  for (Ring& ring : channels_) {
    for (std::uint64_t k = ring.popped; k < ring.pushed; ++k)
      ring.cycle[k & ring.mask] = state[at++] - ring.delay;
    if (ring.depth == unlimited) continue;
    const std::uint64_t places = ring.depth - (ring.pushed - ring.popped);
    for (std::uint64_t i = 0; i < places; ++i, ++at) {
      const std::uint64_t beat = ring.pushed + i;
      if (beat >= ring.depth) ring.cycle[(beat - ring.depth) & ring.mask] = state[at] - 1;
    }
  }
}

std::vector<std::uint32_t> Engine::stateComponents() const {
  std::vector<std::uint32_t> result(component_.begin(), component_.end());
  for (const Ring& ring : channels_) {
    const std::uint64_t entries = ring.depth == unlimited ? ring.pushed - ring.popped : ring.depth;
    result.insert(result.end(), entries, component_[ring.writer]);
  }
  return result;
}

}  // namespace sluice::dataflow

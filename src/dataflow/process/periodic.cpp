#include "dataflow/process/periodic.h"

#include <algorithm>

namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t leastPatience = 16;
constexpr std::uint64_t manyRepetitions = ~std::uint64_t{0};
constexpr std::size_t mostCompared = 256;  ///< times of one FIFO

/// The least i in [from, to) for which `late(i)` holds; to if there is none. Once it holds it holds for all that follow.
template <typename Late>
std::uint64_t firstLate(std::uint64_t from, std::uint64_t to, const Late& late) {
  while (from < to) {
    const std::uint64_t middle = from + (to - from) / 2;
    if (late(middle))
      to = middle;
    else
      from = middle + 1;
  }
  return from;
}

}  // namespace

void Periodic::restart() {
  for (Older& older : older_) {
    older.known = false;
    older.steps = 0;
    older.patience = leastPatience;
    older.levels.resize(rings_.size());
  }
  now_.resize(rings_.size());
  moved_.resize(running_.size());
  loose_.resize(rings_.size());
}

bool Periodic::step(std::uint32_t p) {
  for (std::size_t i = 0; i < older_.size(); ++i) {
    Older& older = older_[i];
    ++older.steps;
    if (older.known && p == older.leader && running_[p].at == older.running[p].at &&
        running_[p].time > older.running[p].time) {
      const std::uint64_t n = repetitions(older);
      if (n > 0) {
        skip(older, n);
        for (std::size_t k = 0; k <= i; ++k) {
          older_[k].known = false;
          older_[k].steps = 0;
          older_[k].patience = leastPatience;
        }
        return true;
      }
    }
    if (older.steps >= older.patience) {
      older.patience *= 2;
      older.steps = 0;
      remember(older, p);
    }
  }
  return false;
}

void Periodic::look(std::size_t lane, Level& level) const {
  const Ring& ring = rings_[lane];
  level.written = ring.written;
  level.read = ring.read;
  level.beats.clear();
  level.places.clear();
  level.whole = true;
  const std::int64_t reader = running_[program_.lanes[lane].dst].time;
  std::uint64_t at = ring.before(ring.at);
  for (std::uint64_t i = ring.held(); i > 0; --i, at = ring.before(at)) {
    const std::int64_t ahead = ring.slots[at] + ring.writeToRead - reader;
    if (ahead <= 0) break;
    level.whole = level.beats.size() < mostCompared;
    if (!level.whole) return;
    level.beats.push_back(ahead);
  }
  if (!ring.bounded) return;
  const std::int64_t writer = running_[program_.lanes[lane].src].time;
  const std::uint64_t free = ring.capacity - ring.held();
  at = ring.before(ring.readAt);
  for (std::uint64_t i = free; i > ring.unawaited; --i, at = ring.before(at)) {
    const std::int64_t ahead = ring.slots[at] + ring.readToWrite - writer;
    if (ahead <= 0) break;
    level.whole = level.places.size() < mostCompared;
    if (!level.whole) return;
    level.places.push_back(ahead);
  }
}

void Periodic::remember(Older& older, std::uint32_t p) {
  older.running = running_;
  for (std::size_t lane = 0; lane < rings_.size(); ++lane) {
    Level& level = older.levels[lane];
    look(lane, level);
    level.staleBeats = staleBeats(lane);
    level.stalePlaces = stalePlaces(lane);
  }
  older.leader = p;
  older.known = true;
}

/// Whether process q went round one thing only, or stood still. `most`: how often it may do that again.
bool Periodic::advanced(const Older& older, std::uint32_t q, std::uint64_t& most) {
  const Running& now = running_[q];
  const Running& then = older.running[q];
  if (now.started != then.started || now.finished != then.finished || now.at != then.at) return false;
  const std::int64_t moved = moved_[q] = now.time - then.time;
  const std::vector<Instruction>& code = program_.processes[q].code;
  std::uint64_t changes = 0;
  if (now.done != then.done) {
    if (now.done < then.done || then.done == 0) return false;
    ++changes;
    most = std::min(most, (code[now.at].count - 1 - now.done) / (now.done - then.done));
  }
  for (std::size_t c = 0; c < now.counters.size(); ++c) {
    if (now.counters[c] == then.counters[c]) continue;
    if (now.counters[c] < then.counters[c]) return false;
    ++changes;
    const auto again = std::find_if(code.begin(), code.end(), [&](const Instruction& i) {
      return i.kind == Instruction::Kind::again && i.first == c;
    });
    most = std::min(most, (again->count - 1 - now.counters[c]) / (now.counters[c] - then.counters[c]));
  }
  return changes == 1 ? moved > 0 : changes == 0 && moved == 0;
}

/// Beats, from the next to be read on, that the reader need not wait for any more.
std::uint64_t Periodic::staleBeats(std::size_t lane) const {
  const Ring& ring = rings_[lane];
  const std::int64_t reader = running_[program_.lanes[lane].dst].time;
  return firstLate(0, ring.held(), [&](std::uint64_t i) {
    return ring.slots[(ring.readAt + i) % ring.capacity] + ring.writeToRead > reader;
  });
}

/// Places, from the next to be written on, that the writer need not wait for any more.
std::uint64_t Periodic::stalePlaces(std::size_t lane) const {
  const Ring& ring = rings_[lane];
  const std::uint64_t free = ring.capacity - ring.held();
  if (!ring.bounded) return free;
  const std::int64_t writer = running_[program_.lanes[lane].src].time;
  return firstLate(ring.unawaited, free, [&](std::uint64_t i) {
    return ring.slots[(ring.at + i) % ring.capacity] + ring.readToWrite > writer;
  });
}

/// How many periods the beats and places that are there and stale last. None if the last one used others: then somebody
/// may have waited who would not wait now.
std::uint64_t Periodic::staleRepetitions(const Level& level, std::size_t lane) const {
  const Ring& ring = rings_[lane];
  const std::uint64_t reads = ring.read - level.read, writes = ring.written - level.written;
  const std::uint64_t held = ring.held(), free = ring.capacity - held;
  if (level.staleBeats < reads || level.stalePlaces < writes) return 0;
  if (held < writes || free < reads) return 0;  // the last period's times must still be there to be continued
  std::uint64_t most = manyRepetitions;
  if (reads > 0) most = std::min(most, staleBeats(lane) / reads);
  if (writes > 0) most = std::min(most, stalePlaces(lane) / writes);
  return most;
}

std::uint64_t Periodic::repetitions(const Older& older) {
  std::uint64_t most = manyRepetitions;
  const std::int64_t cycles = running_[older.leader].time - older.running[older.leader].time;
  for (std::uint32_t q = 0; q < running_.size(); ++q) {
    if (!advanced(older, q, most) || most == 0) return 0;
    if (moved_[q] != 0 && moved_[q] != cycles) return 0;
  }
  for (std::size_t lane = 0; lane < rings_.size(); ++lane) {
    const Ring& ring = rings_[lane];
    const Level& then = older.levels[lane];
    const std::uint64_t reads = ring.read - then.read, writes = ring.written - then.written;
    loose_[lane] = false;
    if (reads == 0 && writes == 0) continue;
    look(lane, now_[lane]);
    const Level& now = now_[lane];
    if (reads == writes && now.whole && then.whole && now.beats == then.beats && now.places == then.places)
      continue;
    loose_[lane] = true;
    most = std::min(most, staleRepetitions(then, lane));
    if (most == 0) return 0;
  }
  return most;
}

void Periodic::skip(const Older& older, std::uint64_t repetitions) {
  const auto n = static_cast<std::int64_t>(repetitions);
  for (std::uint32_t q = 0; q < running_.size(); ++q) {
    Running& now = running_[q];
    if (moved_[q] == 0) continue;
    now.clock += n * (now.clock - older.running[q].clock);
    now.time += n * moved_[q];
    now.done += repetitions * (now.done - older.running[q].done);
    for (std::size_t c = 0; c < now.counters.size(); ++c)
      now.counters[c] += repetitions * (now.counters[c] - older.running[q].counters[c]);
  }
  for (std::size_t lane = 0; lane < rings_.size(); ++lane) {
    Ring& ring = rings_[lane];
    const Level& then = older.levels[lane];
    const std::uint64_t reads = ring.read - then.read, writes = ring.written - then.written;
    if (reads == 0 && writes == 0) continue;
    const std::int64_t cycles = std::max(moved_[program_.lanes[lane].src], moved_[program_.lanes[lane].dst]);
    if (loose_[lane])
      continueTimes(then, lane, repetitions, cycles);
    else
      moveTimes(lane, n * cycles);
    ring.written += repetitions * writes;
    ring.read += repetitions * reads;
  }
}

/// The ring stands as it is, later: which beat a slot is of does not matter, and stale times may stay.
void Periodic::moveTimes(std::size_t lane, std::int64_t cycles) {
  Ring& ring = rings_[lane];
  std::uint64_t at = ring.at;
  for (std::size_t i = 0; i < now_[lane].beats.size(); ++i) ring.slots[at = ring.before(at)] += cycles;
  at = ring.readAt;
  for (std::size_t i = 0; i < now_[lane].places.size(); ++i) ring.slots[at = ring.before(at)] += cycles;
}

/// The last period's times of writes and of reads, again and again.
void Periodic::continueTimes(const Level& level, std::size_t lane, std::uint64_t repetitions,
                             std::int64_t cycles) {
  Ring& ring = rings_[lane];
  const auto last = [&](std::uint64_t position, std::uint64_t count) {
    std::vector<std::int64_t> times(count);
    for (std::uint64_t i = count; i > 0; --i) times[i - 1] = ring.slots[position = ring.before(position)];
    return times;
  };
  const auto repeat = [&](std::uint64_t& position, std::vector<std::int64_t> times) {
    for (std::uint64_t r = 0; r < repetitions; ++r)
      for (std::int64_t& time : times) {
        ring.slots[position] = time += cycles;
        if (++position == ring.capacity) position = 0;
      }
  };
  const std::vector<std::int64_t> writes = last(ring.at, ring.written - level.written);
  const std::vector<std::int64_t> reads = last(ring.readAt, ring.read - level.read);
  repeat(ring.at, writes);
  if (ring.bounded)
    repeat(ring.readAt, reads);
  else  // nobody asks when their places became free
    ring.readAt = (ring.readAt + repetitions * reads.size()) % ring.capacity;
  ring.unawaited -= std::min(ring.unawaited, repetitions * writes.size());
}

}  // namespace sluice::dataflow::process

#include "dataflow/process/evaluate.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/text.h"
#include "dataflow/process/evaluate_state.h"
#include "dataflow/process/periodic.h"

namespace sluice::dataflow::process {

namespace {

/// First ring of a FIFO that can never fill; grows when its beats pile up.
constexpr std::uint64_t firstRing = 1024;

}  // namespace

/// One run at a time, in memory that is kept.
struct Evaluator::State {
 public:
  State(const Program& program, const Timing& timing)
      : program_(program), timing_(timing), periodic_(program, rings_, running_) {
    rings_.resize(program.lanes.size());
    running_.resize(program.processes.size());
    queue_.reserve(program.processes.size());
    successors_.resize(program.processes.size());
    tail_.assign(program.processes.size(), 0);
    for (std::uint32_t p = 0; p < program.processes.size(); ++p) {
      running_[p].counters.resize(program.processes[p].counters);
      for (const After& after : program.processes[p].after) successors_[after.process].push_back(p);
    }
    for (bool changed = true; changed;) {  // ends: `after` has no cycles
      changed = false;
      for (std::uint32_t p = 0; p < program.processes.size(); ++p)
        for (const After& after : program.processes[p].after) {
          const std::int64_t tail =
              tail_[p] + static_cast<std::int64_t>(after.delay + program.processes[p].latency);
          if (tail <= tail_[after.process]) continue;
          tail_[after.process] = tail;
          changed = true;
        }
    }
  }

  Outcome go(std::span<const LaneSetting> lanes, std::uint64_t limit, Record* record) {
    record_ = record;
    prepare(lanes);
    limit_ = static_cast<std::int64_t>(std::min<std::uint64_t>(limit, noLimit));
    for (;;) {
      while (!queue_.empty()) {
        const std::uint32_t p = next();
        if (!record_ && periodic_.step(p)) {
          enqueueAll();
          continue;
        }
        advance(p);
        const Running& r = running_[p];
        const std::int64_t least =
            r.started ? r.time - r.clock + static_cast<std::int64_t>(program_.processes[p].latency) + tail_[p]
                      : 0;
        if (least > limit_)
          return {.kind = Outcome::Kind::late, .cycles = static_cast<std::uint64_t>(least), .deadlock = {}};
      }
      if (finished_ == running_.size()) break;
      if (!growRings()) return {.kind = Outcome::Kind::deadlock, .cycles = 0, .deadlock = circle()};
    }
    std::int64_t cycles = 0;
    for (const Running& r : running_) cycles = std::max(cycles, r.finish);
    return {.kind = Outcome::Kind::finished, .cycles = static_cast<std::uint64_t>(cycles), .deadlock = {}};
  }

 private:
  void prepare(std::span<const LaneSetting> lanes) {
    SLUICE_CHECK(lanes.size() == program_.lanes.size(), "every lane has a setting");
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      Ring& ring = rings_[i];
      SLUICE_CHECK(lanes[i].depth >= 1, "a FIFO has a place");
      if (program_.lanes[i].credits) {
        give(ring, std::min(lanes[i].depth, program_.lanes[i].tokens), lanes[i].writeToRead);
        continue;
      }
      const std::uint64_t tokens = program_.lanes[i].tokens;
      ring.bounded = lanes[i].depth < tokens;
      ring.capacity = ring.bounded ? lanes[i].depth
                                   : std::min<std::uint64_t>(
                                         tokens, std::max<std::uint64_t>(firstRing, ring.slots.size()));
      if (ring.slots.size() < ring.capacity) ring.slots.resize(ring.capacity, 0);
      ring.at = ring.readAt = ring.written = ring.read = 0;
      ring.unawaited = ring.bounded ? ring.capacity : 0;
      ring.writeToRead = static_cast<std::int64_t>(lanes[i].writeToRead);
      ring.readToWrite = timing_.readToWrite;
      ring.readerWaits = ring.writerWaits = false;
    }
    queue_.clear();
    finished_ = 0;
    periodic_.restart();
    for (std::uint32_t p = 0; p < running_.size(); ++p) {
      Running& r = running_[p];
      r.at = 0;
      r.done = 0;
      r.time = r.clock = r.finish = 0;
      std::fill(r.counters.begin(), r.counters.end(), 0);
      r.started = r.finished = r.queued = false;
    }
    enqueueAll();
  }

  /// Credits that are there from the start.
  static void give(Ring& ring, std::uint64_t credits, std::uint64_t delay) {
    ring.bounded = false;
    ring.capacity = credits;
    if (ring.slots.size() < credits) ring.slots.resize(credits);
    std::fill_n(ring.slots.begin(), credits, never / 2);
    ring.at = ring.readAt = ring.read = ring.unawaited = 0;
    ring.written = credits;
    ring.writeToRead = static_cast<std::int64_t>(delay);
    ring.readerWaits = ring.writerWaits = false;
  }

  void enqueueAll() {
    for (std::uint32_t p = 0; p < running_.size(); ++p) enqueue(p);
  }

  void enqueue(std::uint32_t p) {
    Running& r = running_[p];
    if (r.queued || r.finished) return;
    r.queued = true;
    queue_.push_back(p);
  }

  /// The process that is behind the others: so that FIFOs fill as they would, and what repeats is seen.
  std::uint32_t next() {
    std::size_t least = 0;
    for (std::size_t i = 1; i < queue_.size(); ++i)
      if (running_[queue_[i]].time < running_[queue_[least]].time) least = i;
    const std::uint32_t p = queue_[least];
    queue_[least] = queue_.back();
    queue_.pop_back();
    running_[p].queued = false;
    return p;
  }

  bool start(std::uint32_t p) {
    Running& r = running_[p];
    std::int64_t begin = 0;
    for (const After& after : program_.processes[p].after) {
      if (!running_[after.process].finished) return false;
      begin = std::max(begin, running_[after.process].finish + static_cast<std::int64_t>(after.delay));
    }
    r.time = begin;
    r.started = true;
    if (record_) record_->start[p] = static_cast<std::uint64_t>(begin);
    return true;
  }

  void advance(std::uint32_t p) {
    Running& r = running_[p];
    const ProgramOf& program = program_.processes[p];
    if (!r.started && !start(p)) return;
    while (r.at < program.code.size()) {
      const Instruction& i = program.code[r.at];
      if (i.kind == Instruction::Kind::advance) {
        r.time += static_cast<std::int64_t>(i.first);
        r.clock += static_cast<std::int64_t>(i.first);
        ++r.at;
      } else if (i.kind == Instruction::Kind::again) {
        std::uint64_t& counter = r.counters[i.first];
        if (++counter < i.count) {
          r.at = i.op;
        } else {
          counter = 0;
          ++r.at;
        }
      } else {
        if (!events(r, program, i)) return;
        r.done = 0;
        ++r.at;
      }
    }
    r.finished = true;
    ++finished_;
    r.finish = r.time - r.clock + static_cast<std::int64_t>(program.latency);
    if (record_) record_->finish[p] = static_cast<std::uint64_t>(r.finish);
    for (const std::uint32_t successor : successors_[p]) enqueue(successor);
  }

  /// All events of a run that can be decided now; whether that was all of them.
  bool events(Running& r, const ProgramOf& program, const Instruction& i) {
    const Op op = program.ops[i.op];
    const std::uint32_t* refs = program.refs.data() + op.first;
    while (r.done < i.count) {
      std::uint64_t n = i.count - r.done;
      for (std::uint32_t k = 0; k < op.reads; ++k) {
        Ring& ring = rings_[refs[k]];
        const std::uint64_t ready = ring.written - ring.read;
        if (ready == 0) return blocked(r, ring, refs[k], false);
        n = std::min({n, ready, ring.capacity - ring.readAt});
      }
      for (std::uint32_t k = op.reads; k < op.reads + op.writes; ++k) {
        Ring& ring = rings_[refs[k]];
        const std::uint64_t free = ring.capacity - (ring.written - ring.read);
        if (free == 0) return blocked(r, ring, refs[k], true);
        n = std::min({n, free, ring.capacity - ring.at});
        if (ring.unawaited > 0) n = std::min(n, ring.unawaited);
      }
      batch(r, i, op, refs, n);
      r.done += n;
    }
    return true;
  }

  bool blocked(Running& r, Ring& ring, std::uint32_t lane, bool forPlace) {
    (forPlace ? ring.writerWaits : ring.readerWaits) = true;
    r.waitsOn = lane;
    r.waitsForPlace = forPlace;
    return false;
  }

  struct Port {
    std::int64_t* slots;
    std::int64_t delay;
  };

  /// `n` events; every ring has that many slots in a row.
  void batch(Running& r, const Instruction& i, const Op& op, const std::uint32_t* refs, std::uint64_t n) {
    const auto first = static_cast<std::int64_t>(r.done == 0 ? i.first : i.stride);
    const auto stride = static_cast<std::int64_t>(i.stride);
    const std::uint32_t lanes = op.reads + op.writes;
    ports_.resize(std::max<std::size_t>(ports_.size(), lanes));
    for (std::uint32_t k = 0; k < lanes; ++k) {
      Ring& ring = rings_[refs[k]];
      if (k < op.reads)
        ports_[k] = {ring.slots.data() + ring.readAt, ring.writeToRead};
      else
        ports_[k] = {ring.slots.data() + ring.at, ring.writeDelay()};
    }
    std::int64_t time = r.time + first - stride;
    if (record_) {
      time = recorded(r, op, refs, n, time, stride, first);
    } else if (lanes == 1) {
      std::int64_t* const slots = ports_[0].slots;
      const std::int64_t delay = ports_[0].delay;
      for (std::uint64_t e = 0; e < n; ++e) {
        time = std::max(time + stride, slots[e] + delay);
        slots[e] = time;
      }
    } else if (lanes == 2) {
      std::int64_t *const a = ports_[0].slots, *const b = ports_[1].slots;
      const std::int64_t delayA = ports_[0].delay, delayB = ports_[1].delay;
      for (std::uint64_t e = 0; e < n; ++e) {
        time = std::max(time + stride, std::max(a[e] + delayA, b[e] + delayB));
        a[e] = b[e] = time;
      }
    } else {
      for (std::uint64_t e = 0; e < n; ++e) {
        time += stride;
        for (std::uint32_t k = 0; k < lanes; ++k) time = std::max(time, ports_[k].slots[e] + ports_[k].delay);
        for (std::uint32_t k = 0; k < lanes; ++k) ports_[k].slots[e] = time;
      }
    }
    r.time = time;
    r.clock += first + stride * static_cast<std::int64_t>(n - 1);
    for (std::uint32_t k = 0; k < lanes; ++k) {
      Ring& ring = rings_[refs[k]];
      const Lane& lane = program_.lanes[refs[k]];
      if (k < op.reads) {
        if (record_) keep(record_->reads[refs[k]], ports_[k].slots, n);
        ring.read += n;
        ring.readAt += n;
        if (ring.readAt == ring.capacity) ring.readAt = 0;
        if (ring.writerWaits) {
          ring.writerWaits = false;
          enqueue(lane.src);
        }
      } else {
        if (record_) keep(record_->writes[refs[k]], ports_[k].slots, n);
        ring.written += n;
        ring.at += n;
        ring.unawaited -= std::min(ring.unawaited, n);
        if (ring.at == ring.capacity) ring.at = 0;
        if (ring.readerWaits) {
          ring.readerWaits = false;
          enqueue(lane.dst);
        }
      }
    }
  }

  /// The same, and why it took longer than it should.
  std::int64_t recorded(const Running& r, const Op& op, const std::uint32_t* refs, std::uint64_t n,
                        std::int64_t time, std::int64_t stride, std::int64_t first) {
    std::vector<Stall>& stalls = record_->stalls[static_cast<std::size_t>(&r - running_.data())];
    for (std::uint64_t e = 0; e < n; ++e) {
      const std::int64_t due = time += stride;
      std::uint32_t cause = 0;
      for (std::uint32_t k = 0; k < op.reads + op.writes; ++k) {
        const std::int64_t possible = ports_[k].slots[e] + ports_[k].delay;
        if (possible <= time) continue;
        time = possible;
        cause = k;
      }
      if (time > due)
        stalls.push_back({.clock = r.clock + first + stride * static_cast<std::int64_t>(e),
                          .cycles = time - due,
                          .lane = refs[cause],
                          .forPlace = cause >= op.reads});
      for (std::uint32_t k = 0; k < op.reads + op.writes; ++k) ports_[k].slots[e] = time;
    }
    return time;
  }

  static void keep(std::vector<std::int64_t>& all, const std::int64_t* slots, std::uint64_t n) {
    all.insert(all.end(), slots, slots + n);
  }

  /// Doubles the rings on which writers wait though their FIFOs cannot fill. False: there is none.
  bool growRings() {
    bool grown = false;
    for (std::size_t lane = 0; lane < rings_.size(); ++lane) {
      Ring& ring = rings_[lane];
      if (!ring.writerWaits || ring.bounded) continue;
      // Credits come back before they are taken where a stage writes a beat before it reads that beat's place in the row.
      const std::uint64_t most =
          program_.lanes[lane].credits ? 2 * ring.capacity : program_.lanes[lane].tokens;
      std::vector<std::int64_t> slots(std::min(most, 2 * ring.capacity));
      const std::uint64_t held = ring.written - ring.read;
      for (std::uint64_t k = 0; k < held; ++k) slots[k] = ring.slots[(ring.readAt + k) % ring.capacity];
      ring.slots = std::move(slots);
      ring.capacity = ring.slots.size();
      ring.readAt = 0;
      ring.at = held == ring.capacity ? 0 : held;
      ring.writerWaits = false;
      enqueue(program_.lanes[lane].src);
      grown = true;
    }
    return grown;
  }

  Wait waitOf(std::uint32_t p) const {
    const Running& r = running_[p];
    if (!r.started) {
      for (const After& after : program_.processes[p].after)
        if (!running_[after.process].finished)
          return {.process = p, .forProcess = after.process, .why = Wait::Why::after, .lane = 0};
    }
    const Lane& lane = program_.lanes[r.waitsOn];
    return {.process = p,
            .forProcess = r.waitsForPlace ? lane.dst : lane.src,
            .why = r.waitsForPlace ? Wait::Why::full : Wait::Why::empty,
            .lane = r.waitsOn};
  }

  /// Everyone who is not finished waits for one who is not finished: following them ends in a circle.
  std::vector<Wait> circle() const {
    std::uint32_t p = 0;
    while (running_[p].finished) ++p;
    for (std::size_t i = 0; i < running_.size(); ++i) p = waitOf(p).forProcess;
    std::uint32_t least = p;
    for (std::uint32_t q = waitOf(p).forProcess; q != p; q = waitOf(q).forProcess) least = std::min(least, q);
    std::vector<Wait> waits = {waitOf(least)};
    while (waits.back().forProcess != least) waits.push_back(waitOf(waits.back().forProcess));
    return waits;
  }

  const Program& program_;
  Timing timing_;
  std::vector<Ring> rings_;
  std::vector<Running> running_;
  std::vector<std::uint32_t> queue_;                    ///< processes that may go on
  std::vector<std::vector<std::uint32_t>> successors_;  ///< by `after`
  std::vector<std::int64_t> tail_;  ///< cycles that must follow a finish: the longest chain of `after`
  std::vector<Port> ports_;
  Periodic periodic_;
  Record* record_ = nullptr;
  std::size_t finished_ = 0;
  std::int64_t limit_ = 0;
};

Evaluator::Evaluator(const Program& program, const Timing& timing)
    : program_(program), timing_(timing), state_(std::make_unique<State>(program, timing)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;

Outcome Evaluator::run(std::span<const LaneSetting> lanes, std::uint64_t limit) {
  ++runs_;
  return state_->go(lanes, limit, nullptr);
}

Outcome Evaluator::record(std::span<const LaneSetting> lanes, Record& record) {
  ++runs_;
  record.writes.assign(program_.lanes.size(), {});
  record.reads.assign(program_.lanes.size(), {});
  record.stalls.assign(program_.processes.size(), {});
  record.start.assign(program_.processes.size(), 0);
  record.finish.assign(program_.processes.size(), 0);
  return state_->go(lanes, noLimit, &record);
}

std::vector<LaneSetting> Evaluator::exact(std::span<const std::uint64_t> depthOfGroup) const {
  std::vector<LaneSetting> settings;
  settings.reserve(program_.lanes.size());
  for (const Lane& lane : program_.lanes) {
    const std::uint64_t depth = depthOfGroup[lane.group];
    settings.push_back(
        {.depth = depth,
         .writeToRead = depth <= lane.srlDepth ? timing_.writeToReadSrl : timing_.writeToReadRam});
  }
  return settings;
}

std::string deadlockText(const Network& network, const Program& program, const std::vector<Wait>& circle) {
  std::vector<std::string> parts;
  for (const Wait& wait : circle) {
    std::string part =
        network.processes[wait.process].name + " waits for " + network.processes[wait.forProcess].name;
    if (wait.why == Wait::Why::after) {
      part += " to finish";
    } else {
      const Lane& lane = program.lanes[wait.lane];
      part += ": FIFO '" + network.fifos[lane.fifos.front()].name + "'" +
              (lane.fifos.size() > 1 ? " and " + std::to_string(lane.fifos.size() - 1) + " like it" : "") +
              (wait.why == Wait::Why::full ? " full" : " empty");
    }
    parts.push_back(std::move(part));
  }
  return join(parts, "; ");
}

Result<Outcome> simulate(const Network& network, const std::vector<std::uint64_t>& depthOfGroup) {
  SLUICE_TRY(const Program program, compile(network));
  Evaluator evaluator(program, network.timing);
  return evaluator.run(evaluator.exact(depthOfGroup));
}

}  // namespace sluice::dataflow::process

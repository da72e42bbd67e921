#include "dataflow/process/program.h"

#include <algorithm>
#include <map>
#include <tuple>

/// How a nest becomes a program.
///
/// An access is a set of boxes of iterations; in nominal time it is the same set of boxes, stretched by ii and moved
/// by start + stage. Several accesses with different stages overlap in time, so the nest cannot simply be walked: the
/// write of iteration i comes after the reads of i+1 .. i+30. Instead *time* is cut into windows of the length of one
/// outer iteration, every box is cut at the borders of the windows, and windows with the same pieces (counted from
/// their start) become one body that runs several times. In the steady state of a pipeline each window holds the tail
/// of one iteration and the head of the next: always the same pieces. A window with few events is written out as
/// strided runs; one with many is cut again, by the next inner loop.
namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t flatEvents = 2048;  ///< windows with fewer events are written out
constexpr std::uint64_t mostInstructions = std::uint64_t{1} << 25;  ///< of one process

/// A box of nominal times at which the lanes of an access are used.
struct Piece {
  std::uint32_t access = 0;
  Box box;
  bool operator==(const Piece&) const = default;
};

/// The part of `piece` within [lo, hi), counted from lo.
void cut(const Piece& piece, std::uint64_t lo, std::uint64_t hi, std::vector<Piece>& out) {
  const std::uint64_t from = piece.box.first, to = last(piece.box);
  if (to < lo || from >= hi) return;
  if (from >= lo && to < hi) {
    out.push_back(piece);
    out.back().box.first -= lo;
    return;
  }
  // Not a single time, so there is a dimension to walk. Neighbours that lie wholly inside stay one box.
  const Dim outer = piece.box.dims.front();
  Piece inner{.access = piece.access,
              .box = {.first = 0, .dims = {piece.box.dims.begin() + 1, piece.box.dims.end()}}};
  const std::uint64_t span = last(inner.box);
  const auto reaches = [&](std::uint64_t bound) {  // the least k with from + k * stride + span >= bound
    const std::uint64_t base = from + span;
    return base >= bound ? 0 : (bound - base + outer.stride - 1) / outer.stride;
  };
  std::uint64_t k = std::min(reaches(lo), outer.count);
  while (k < outer.count && from + k * outer.stride < hi) {
    const std::uint64_t begin = from + k * outer.stride;
    std::uint64_t whole = 0;  // how many from k on lie wholly inside
    if (begin >= lo && begin + span < hi)
      whole = std::min(outer.count - k, (hi - 1 - begin - span) / outer.stride + 1);
    if (whole > 0) {
      Piece group = inner;
      group.box.first = begin - lo;
      if (whole > 1) group.box.dims.insert(group.box.dims.begin(), {.count = whole, .stride = outer.stride});
      out.push_back(std::move(group));
      k += whole;
    } else {
      inner.box.first = begin;
      cut(inner, lo, hi, out);
      ++k;
    }
  }
}

void enumerate(const Box& box, std::size_t dim, std::uint64_t at, std::uint32_t access,
               std::vector<std::pair<std::uint64_t, std::uint32_t>>& out) {
  if (dim == box.dims.size()) return out.push_back({at, access});
  for (std::uint64_t k = 0; k < box.dims[dim].count; ++k)
    enumerate(box, dim + 1, at + k * box.dims[dim].stride, access, out);
}

struct LanesOf {  ///< of one access
  Direction direction = Direction::read;
  std::vector<std::uint32_t> lanes;
};

/// Writes the program of one process.
class Writer {
 public:
  Writer(ProgramOf& program, const std::vector<LanesOf>& accesses) : p_(program), accesses_(accesses) {}

  /// Events of `pieces` within [0, length), then the clock stands at `length`. `windows`: lengths to cut by,
  /// falling.
  Status write(const std::vector<Piece>& pieces, std::uint64_t length, std::vector<std::uint64_t> windows) {
    std::uint64_t events = 0;
    for (const Piece& piece : pieces) events += size(piece.box);
    if (events <= flatEvents) return flat(pieces, length);
    std::size_t use = 0;
    while (use < windows.size() && (windows[use] >= length || length / windows[use] > 4 * events)) ++use;
    const std::uint64_t window = use < windows.size() ? windows[use] : (length + 1) / 2;
    windows.erase(windows.begin(),
                  windows.begin() + static_cast<std::ptrdiff_t>(std::min(use + 1, windows.size())));

    std::vector<Piece> body, next;
    std::uint64_t repeats = 0;
    for (std::uint64_t lo = 0; lo < length; lo += window) {
      const std::uint64_t hi = std::min(length, lo + window);
      next.clear();
      for (const Piece& piece : pieces) cut(piece, lo, hi, next);
      const bool whole = hi - lo == window;
      if (repeats > 0 && whole && next == body) {
        ++repeats;
        continue;
      }
      if (repeats > 0) SLUICE_RETURN_IF_ERROR(repeat(body, window, repeats, windows));
      if (!whole) return write(next, hi - lo, windows);
      body.swap(next);
      repeats = 1;
    }
    return repeats > 0 ? repeat(body, window, repeats, windows) : Status();
  }

 private:
  Status repeat(const std::vector<Piece>& body, std::uint64_t length, std::uint64_t repeats,
                const std::vector<std::uint64_t>& windows) {
    const auto start = static_cast<std::uint32_t>(p_.code.size());
    openBodies_.push_back(start);
    SLUICE_RETURN_IF_ERROR(write(body, length, windows));
    openBodies_.pop_back();
    if (repeats == 1) return {};
    p_.code.push_back({.kind = Instruction::Kind::again,
                       .op = start,
                       .first = p_.counters++,
                       .stride = 0,
                       .count = repeats});
    return {};
  }

  /// Single times, in order, as strided runs.
  Status flat(const std::vector<Piece>& pieces, std::uint64_t length) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> times;
    for (const Piece& piece : pieces) enumerate(piece.box, 0, piece.box.first, piece.access, times);
    std::sort(times.begin(), times.end());
    std::uint64_t clock = 0, previous = 0;
    bool open = false;  // the last instruction is a run that the next event may join
    for (std::size_t i = 0; i < times.size();) {
      std::vector<std::uint32_t> together;
      const std::uint64_t at = times[i].first;
      for (; i < times.size() && times[i].first == at; ++i) together.push_back(times[i].second);
      SLUICE_TRY(const std::uint32_t op, operation(together));
      Instruction* run = open ? &p_.code.back() : nullptr;
      if (run && run->op == op && (run->count == 1 || run->stride == at - previous)) {
        run->stride = at - previous;
        ++run->count;
      } else {
        p_.code.push_back(
            {.kind = Instruction::Kind::events, .op = op, .first = at - clock, .stride = 0, .count = 1});
        open = true;
      }
      clock = previous = at;
    }
    if (length > clock) advance(length - clock, open);
    if (p_.code.size() > mostInstructions)
      return unsupported("the accesses are so irregular that they do not fit into memory as strided runs");
    return {};
  }

  void advance(std::uint64_t cycles, bool afterEvents) {
    const bool joins = !afterEvents && !p_.code.empty() &&
                       p_.code.back().kind == Instruction::Kind::advance &&
                       (openBodies_.empty() || openBodies_.back() < p_.code.size());
    if (joins)
      p_.code.back().first += cycles;
    else
      p_.code.push_back(
          {.kind = Instruction::Kind::advance, .op = 0, .first = cycles, .stride = 0, .count = 1});
  }

  /// The op of these accesses together; each lane once.
  Result<std::uint32_t> operation(const std::vector<std::uint32_t>& accesses) {
    const auto known = opOf_.find(accesses);
    if (known != opOf_.end()) return known->second;
    std::vector<std::uint32_t> reads, writes;
    for (const std::uint32_t access : accesses)
      for (const std::uint32_t lane : accesses_[access].lanes)
        (accesses_[access].direction == Direction::read ? reads : writes).push_back(lane);
    for (std::vector<std::uint32_t>* lanes : {&reads, &writes}) {
      std::sort(lanes->begin(), lanes->end());
      if (std::adjacent_find(lanes->begin(), lanes->end()) != lanes->end())
        return badInput(
            "a FIFO is accessed twice at the same nominal time; boxes of one FIFO must not overlap");
    }
    const auto op = static_cast<std::uint32_t>(p_.ops.size());
    p_.ops.push_back({.first = static_cast<std::uint32_t>(p_.refs.size()),
                      .reads = static_cast<std::uint32_t>(reads.size()),
                      .writes = static_cast<std::uint32_t>(writes.size())});
    p_.refs.insert(p_.refs.end(), reads.begin(), reads.end());
    p_.refs.insert(p_.refs.end(), writes.begin(), writes.end());
    opOf_.emplace(accesses, op);
    return op;
  }

  ProgramOf& p_;
  const std::vector<LanesOf>& accesses_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> opOf_;
  std::vector<std::uint32_t> openBodies_;
};

/// Where an access stands: (process, phase, access).
using Place = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;

void findLanes(const Network& network, Program& program) {
  std::vector<std::vector<Place>> placesOf(network.fifos.size());
  for (std::uint32_t p = 0; p < network.processes.size(); ++p)
    for (std::uint32_t f = 0; f < network.processes[p].phases.size(); ++f)
      for (std::uint32_t a = 0; a < network.processes[p].phases[f].accesses.size(); ++a)
        for (const std::uint32_t fifo : network.processes[p].phases[f].accesses[a].fifos)
          placesOf[fifo].emplace_back(p, f, a);
  using Key = std::tuple<std::uint32_t, std::uint64_t, std::vector<Place>>;
  std::map<Key, std::uint32_t> known;
  program.laneOf.resize(network.fifos.size());
  for (std::uint32_t i = 0; i < network.fifos.size(); ++i) {
    const Fifo& fifo = network.fifos[i];
    const std::uint64_t srl = srlDepth(network.timing, fifo.widthBits);
    const auto [found, isNew] =
        known.emplace(Key{fifo.group, srl, placesOf[i]}, static_cast<std::uint32_t>(program.lanes.size()));
    if (isNew)
      program.lanes.push_back({.group = fifo.group,
                               .src = fifo.src,
                               .dst = fifo.dst,
                               .tokens = fifo.tokens,
                               .srlDepth = srl,
                               .fifos = {}});
    program.lanes[found->second].fifos.push_back(i);
    program.laneOf[i] = found->second;
  }
}

std::uint64_t countEvents(const ProgramOf& program) {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> before(program.code.size() + 1,
                                    0);  // events up to an instruction, loops unrolled
  for (std::size_t i = 0; i < program.code.size(); ++i) {
    const Instruction& instruction = program.code[i];
    before[i] = total;
    if (instruction.kind == Instruction::Kind::events) total += instruction.count;
    if (instruction.kind == Instruction::Kind::again)
      total += (total - before[instruction.op]) * (instruction.count - 1);
  }
  return total;
}

Status compileProcess(const Process& process, const Program& program, ProgramOf& out) {
  out.latency = process.latency;
  out.after = process.after;
  std::vector<LanesOf> accesses;
  for (const Phase& phase : process.phases)
    for (const Access& access : phase.accesses) {
      LanesOf lanes{.direction = access.direction, .lanes = {}};
      std::vector<std::uint32_t> sorted = access.fifos;
      std::sort(sorted.begin(), sorted.end());
      if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        return badInput("an access names a FIFO twice", "process '" + process.name + "'");
      for (const std::uint32_t fifo : sorted)  // lanes are found by access, so the first FIFO speaks for all
        if (program.lanes[program.laneOf[fifo]].fifos.front() == fifo)
          lanes.lanes.push_back(program.laneOf[fifo]);
      accesses.push_back(std::move(lanes));
    }
  Writer writer(out, accesses);
  std::uint64_t clock = 0;
  std::uint32_t access = 0;
  for (const Phase& phase : process.phases) {
    std::vector<Piece> pieces;
    for (const Access& a : phase.accesses) {
      for (const Box& at : a.at) {
        Piece piece{.access = access,
                    .box = {.first = phase.start - clock + a.stage + phase.ii * at.first, .dims = {}}};
        for (const Dim& dim : at.dims)
          if (dim.count > 1) piece.box.dims.push_back({.count = dim.count, .stride = dim.stride * phase.ii});
        pieces.push_back(std::move(piece));
      }
      ++access;
    }
    std::vector<std::uint64_t> windows;
    std::uint64_t inner = phase.trip;
    for (const std::uint64_t loop : phase.loops) {
      inner /= loop;
      if (inner > 1 && loop > 1) windows.push_back(inner * phase.ii);
    }
    const std::uint64_t end = phase.start + phase.ii * (phase.trip - 1) + phase.iterationLatency;
    if (Status written = writer.write(pieces, end - clock, windows); !written.ok()) {
      Error error = written.error();
      error.where = "process '" + process.name + "'";
      return error;
    }
    clock = end;
  }
  out.events = countEvents(out);
  return {};
}

/// Cycles that a process's code takes where nothing stalls.
std::uint64_t duration(const ProgramOf& program) {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> before(program.code.size() + 1, 0);
  for (std::size_t i = 0; i < program.code.size(); ++i) {
    const Instruction& instruction = program.code[i];
    before[i] = total;
    if (instruction.kind == Instruction::Kind::again)
      total += (total - before[instruction.op]) * (instruction.count - 1);
    else
      total += instruction.first + instruction.stride * (instruction.count - 1);
  }
  return total;
}

}  // namespace

Result<Program> repeat(const Program& once, std::uint64_t frames) {
  Program all = once;
  if (frames == 1) return all;
  std::uint64_t total = 0;
  for (ProgramOf& process : all.processes) {
    if (!process.after.empty())
      return unsupported(
          "several frames of a network with arrays between processes ('after') are not defined");
    std::uint64_t cycles = 0;
    if (__builtin_mul_overflow(process.latency + 1, frames, &cycles) ||
        __builtin_add_overflow(total, cycles, &total) || total >> 60 != 0)
      return unsupported("so many frames take more than 2^60 cycles");
    process.code.push_back(
        {.kind = Instruction::Kind::advance, .first = process.latency + 1 - duration(process)});
    process.code.push_back(
        {.kind = Instruction::Kind::again, .op = 0, .first = process.counters++, .count = frames});
    process.latency = cycles - 1;
    process.events *= frames;
  }
  for (Lane& lane : all.lanes) lane.tokens *= frames;
  return all;
}

Result<Program> compile(const Network& network) {
  Program program;
  program.groups = static_cast<std::uint32_t>(network.groups.size());
  findLanes(network, program);
  program.processes.resize(network.processes.size());
  for (std::size_t p = 0; p < network.processes.size(); ++p)
    SLUICE_RETURN_IF_ERROR(compileProcess(network.processes[p], program, program.processes[p]));
  return program;
}

}  // namespace sluice::dataflow::process

#include "dataflow/process/network.h"

#include <algorithm>
#include <set>

#include "base/diagnostics.h"
#include "base/text.h"

/// The rules of a process network:
///
///   N1  names of processes and of FIFOs are not empty and unique
///   N2  timing constants are 1 to 1000; a delay of 0 would let beats pass within a cycle
///   N3  every FIFO is 1 to 2^20 bits wide, at least 1 and at most 2^40 deep, and joins two processes
///   N4  loops multiply to trip, which is at least 1; ii and iteration_latency are at least 1
///   N5  0 <= stage < iteration_latency
///   N6  phases come in order of time and end within the process's latency
///   N7  every box lies within 0 .. trip-1 and every stride and count is at least 1
///   N8  every FIFO is written by its `src` alone, read by its `dst` alone, `tokens` (at least 1) times each
///   N9  FIFOs and arrays form no directed cycle
///   N10 FIFOs of one group have one depth
///   N11 all weights together stay below 2^60, so that no time overflows
///
/// That no FIFO is accessed twice at one nominal time is found where accesses are put in order (program.cpp).
namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t mostCycles = std::uint64_t{1} << 60;
constexpr std::uint64_t mostDepth = std::uint64_t{1} << 40;
constexpr std::uint32_t mostBits = 1u << 20;

/// Product and sum that stay at the top instead of wrapping.
std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? ~std::uint64_t{0} : product;
}
std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? ~std::uint64_t{0} : sum;
}

std::string number(std::uint64_t value) { return std::to_string(value); }

class Checker {
 public:
  explicit Checker(const Network& network) : n_(network), problems_(network.name, 20) {}

  Status run() {
    names();
    timing();
    fifos();
    if (!problems_.empty()) return problems_.status();
    for (const Process& process : n_.processes) phases(process);
    if (!problems_.empty()) return problems_.status();
    counts();
    cycles();
    sizes();
    return problems_.status();
  }

 private:
  void bad(std::string message, std::string where) {
    problems_.add(badInput(std::move(message), std::move(where)));
  }

  void names() {
    std::set<std::string> seen;
    for (const Process& process : n_.processes)
      if (process.name.empty() || !seen.insert(process.name).second)
        bad("processes need names of their own; this one is empty or taken",
            "process '" + process.name + "'");
    seen.clear();
    for (const Fifo& fifo : n_.fifos)
      if (fifo.name.empty() || !seen.insert(fifo.name).second)
        bad("FIFOs need names of their own; this one is empty or taken", "fifo '" + fifo.name + "'");
    if (n_.processes.empty()) bad("there is no process", "processes");
  }

  void timing() {
    const auto one = [&](std::uint32_t value, const char* name) {
      if (value < 1 || value > 1000)
        bad("must be from 1 to 1000, not " + number(value), std::string("timing.") + name);
    };
    one(n_.timing.writeToReadSrl, "write_to_read_srl");
    one(n_.timing.writeToReadRam, "write_to_read_ram");
    one(n_.timing.readToWrite, "read_to_write");
  }

  void fifos() {
    for (const Fifo& fifo : n_.fifos) {
      const std::string where = "fifo '" + fifo.name + "'";
      if (fifo.widthBits < 1 || fifo.widthBits > mostBits)
        bad("width_bits must be from 1 to " + number(mostBits) + ", not " + number(fifo.widthBits), where);
      if (fifo.depth < 1 || fifo.depth > mostDepth)
        bad("depth must be from 1 to " + number(mostDepth) + ", not " + number(fifo.depth), where);
      if (fifo.src >= n_.processes.size() || fifo.dst >= n_.processes.size())
        bad("src or dst is no process", where);
      else if (fifo.src == fifo.dst)
        bad("process '" + n_.processes[fifo.src].name + "' writes and reads it; a FIFO joins two processes",
            where);
    }
    std::vector<const Fifo*> firstOf(n_.groups.size(), nullptr);
    for (const Fifo& fifo : n_.fifos) {
      const Fifo*& first = firstOf[fifo.group];
      if (!first) first = &fifo;
      if (first->depth != fifo.depth)
        bad("has depth " + number(fifo.depth) + ", but '" + first->name + "' of the same group has " +
                number(first->depth) + "; FIFOs of one group share a depth",
            "fifo '" + fifo.name + "'");
    }
    for (const Process& process : n_.processes)
      for (const After& after : process.after)
        if (after.process >= n_.processes.size())
          bad("'after' names no process", "process '" + process.name + "'");
  }

  void phases(const Process& process) {
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < process.phases.size(); ++i) {
      const Phase& phase = process.phases[i];
      const std::string where = "process '" + process.name + "', phase " + number(i);
      std::uint64_t product = 1;
      for (const std::uint64_t loop : phase.loops) product = times(product, loop);
      if (phase.trip < 1 || product != phase.trip)
        bad("trip is " + number(phase.trip) + ", but the loops multiply to " + number(product) +
                "; it must be their product and at least 1",
            where);
      if (phase.ii < 1 || phase.iterationLatency < 1)
        bad("ii and iteration_latency must be at least 1", where);
      if (phase.start < end)
        bad("starts at " + number(phase.start) + ", before the phase in front of it ends at " + number(end),
            where);
      end = plus(phase.start, plus(times(phase.ii, phase.trip - 1), phase.iterationLatency));
      if (end > process.latency)
        bad("ends at " + number(end) + ", after the process's latency of " + number(process.latency), where);
      for (const Access& access : phase.accesses) boxes(phase, access, where);
    }
  }

  void boxes(const Phase& phase, const Access& access, const std::string& where) {
    if (access.stage >= phase.iterationLatency)
      bad("stage " + number(access.stage) + " is not below iteration_latency " +
              number(phase.iterationLatency),
          where);
    for (const std::uint32_t fifo : access.fifos)
      if (fifo >= n_.fifos.size())
        bad("access to fifo " + number(fifo) + ", but there are " + number(n_.fifos.size()), where);
    if (access.fifos.empty() || access.at.empty()) bad("an access needs fifos and iterations ('at')", where);
    for (const Box& box : access.at) {
      std::uint64_t end = box.first;
      bool positive = true;
      for (const Dim& dim : box.dims) {
        positive = positive && dim.count >= 1 && dim.stride >= 1;
        end = plus(end, times(dim.count - 1, dim.stride));
      }
      if (!positive)
        bad("counts and strides of a box must be at least 1", where);
      else if (end >= phase.trip)
        bad("a box reaches iteration " + number(end) + ", but the last is " + number(phase.trip - 1), where);
    }
  }

  void counts() {
    std::vector<std::uint64_t> reads(n_.fifos.size(), 0), writes(n_.fifos.size(), 0);
    for (std::uint32_t p = 0; p < n_.processes.size(); ++p)
      for (const Phase& phase : n_.processes[p].phases)
        for (const Access& access : phase.accesses) {
          std::uint64_t count = 0;
          for (const Box& box : access.at) {
            std::uint64_t product = 1;
            for (const Dim& dim : box.dims) product = times(product, dim.count);
            count = plus(count, product);
          }
          for (const std::uint32_t f : access.fifos) {
            const bool reading = access.direction == Direction::read;
            if (p != (reading ? n_.fifos[f].dst : n_.fifos[f].src))
              bad("is " + std::string(reading ? "read" : "written") + " by process '" + n_.processes[p].name +
                      "', which is not its " + (reading ? "dst" : "src"),
                  "fifo '" + n_.fifos[f].name + "'");
            (reading ? reads : writes)[f] = plus((reading ? reads : writes)[f], count);
          }
        }
    for (std::size_t f = 0; f < n_.fifos.size(); ++f) {
      const Fifo& fifo = n_.fifos[f];
      if (fifo.tokens < 1 || reads[f] != fifo.tokens || writes[f] != fifo.tokens)
        bad("is written " + number(writes[f]) + " times and read " + number(reads[f]) + " times, but has " +
                number(fifo.tokens) + " tokens; the three must agree and be at least 1",
            "fifo '" + fifo.name + "'");
    }
  }

  /// Walks back from what is left when processes without predecessors are taken away again and again.
  void cycles() {
    std::vector<std::vector<std::uint32_t>> next(n_.processes.size());
    std::vector<std::size_t> degree(n_.processes.size(), 0);
    const auto edge = [&](std::uint32_t from, std::uint32_t to) {
      next[from].push_back(to);
      ++degree[to];
    };
    for (const Fifo& fifo : n_.fifos) edge(fifo.src, fifo.dst);
    for (std::uint32_t p = 0; p < n_.processes.size(); ++p)
      for (const After& after : n_.processes[p].after) edge(after.process, p);
    std::vector<std::uint32_t> open;
    for (std::uint32_t p = 0; p < degree.size(); ++p)
      if (degree[p] == 0) open.push_back(p);
    std::size_t taken = 0;
    while (!open.empty()) {
      const std::uint32_t p = open.back();
      open.pop_back();
      ++taken;
      for (const std::uint32_t q : next[p])
        if (--degree[q] == 0) open.push_back(q);
    }
    if (taken == n_.processes.size()) return;
    std::vector<std::uint32_t> previous(n_.processes.size(), 0);
    for (std::uint32_t p = 0; p < next.size(); ++p)
      if (degree[p] > 0)
        for (const std::uint32_t q : next[p])
          if (degree[q] > 0) previous[q] = p;
    std::uint32_t at = 0;
    while (degree[at] == 0) ++at;
    for (std::size_t i = 0; i < n_.processes.size(); ++i) at = previous[at];  // now surely on a cycle
    std::string cycle = n_.processes[at].name;
    for (std::uint32_t p = previous[at]; p != at; p = previous[p])
      cycle = n_.processes[p].name + " -> " + cycle;
    bad("FIFOs and arrays form a cycle: " + n_.processes[at].name + " -> " + cycle +
            "; a run from empty FIFOs could not begin",
        "processes");
  }

  void sizes() {
    std::uint64_t total = 0;
    for (const Process& process : n_.processes) {
      total = plus(total, process.latency);
      for (const After& after : process.after) total = plus(total, after.delay);
    }
    for (const Fifo& fifo : n_.fifos) total = plus(total, times(fifo.tokens, 3000));
    if (total >= mostCycles)
      problems_.add(unsupported(
          "latencies, delays and tokens add up to more than 2^60 cycles; times would overflow", "processes"));
  }

  const Network& n_;
  Diagnostics problems_;
};

}  // namespace

Status check(const Network& network) { return Checker(network).run(); }

std::uint64_t size(const Box& box) {
  std::uint64_t count = 1;
  for (const Dim& dim : box.dims) count *= dim.count;
  return count;
}

std::uint64_t last(const Box& box) {
  std::uint64_t at = box.first;
  for (const Dim& dim : box.dims) at += (dim.count - 1) * dim.stride;
  return at;
}

std::uint64_t srlDepth(const Timing& timing, std::uint32_t widthBits) {
  return std::max(timing.srlMaxDepth, timing.srlMaxBits / widthBits);
}

std::vector<std::uint64_t> givenDepths(const Network& network) {
  std::vector<std::uint64_t> depths(network.groups.size(), 1);
  for (const Fifo& fifo : network.fifos) depths[fifo.group] = std::max(depths[fifo.group], fifo.depth);
  return depths;
}

std::vector<std::uint64_t> unboundedDepths(const Network& network) {
  std::vector<std::uint64_t> depths = givenDepths(network);
  for (const Fifo& fifo : network.fifos) depths[fifo.group] = std::max(depths[fifo.group], fifo.tokens);
  return depths;
}

std::vector<std::uint64_t> groupSizes(const Network& network) {
  std::vector<std::uint64_t> sizes(network.groups.size(), 0);
  for (const Fifo& fifo : network.fifos) ++sizes[fifo.group];
  return sizes;
}

}  // namespace sluice::dataflow::process

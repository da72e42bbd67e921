#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "dataflow/process/network.h"

/// What the tests of process networks share: small random networks, and the rules taken literally, cycle by cycle.
namespace sluice::dataflow::process::testing {

/// One process writes `tokens` beats, one a cycle from cycle `first` on; the other reads them every `ii` cycles.
inline Network pair(std::uint64_t tokens, std::uint64_t ii, std::uint64_t depth) {
  Network n{.name = "pair", .timing = {}, .groups = {"g"}, .fifos = {}, .processes = {}};
  n.fifos.push_back(
      {.name = "f", .widthBits = 32, .depth = depth, .group = 0, .src = 0, .dst = 1, .tokens = tokens});
  const auto process = [&](const char* name, Direction direction, std::uint64_t interval) {
    n.processes.push_back(
        {.name = name,
         .latency = interval * (tokens - 1) + 2,
         .after = {},
         .phases = {{.loops = {tokens},
                     .trip = tokens,
                     .start = 0,
                     .ii = interval,
                     .iterationLatency = 2,
                     .accesses = {{.direction = direction,
                                   .stage = 0,
                                   .fifos = {0},
                                   .at = {{.first = 0, .dims = {{.count = tokens, .stride = 1}}}}}}}}});
  };
  process("writer", Direction::write, 1);
  process("reader", Direction::read, ii);
  return n;
}

/// A legal network of 2 to 5 processes, 1 to `mostGroups` groups of up to 3 FIFOs and a few beats each; some with
/// arrays, some with shift registers that end within the depths of interest. `mostTokens` beats a FIFO.
inline Network random(std::uint64_t seed, std::uint64_t mostGroups, std::uint64_t mostTokens) {
  Rng rng(seed, 99);
  const auto upTo = [&](std::uint64_t lo, std::uint64_t hi) {
    return static_cast<std::uint64_t>(
        rng.uniform(static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)));
  };
  Network n{.name = "random", .timing = {}, .groups = {}, .fifos = {}, .processes = {}};
  n.timing = {.writeToReadSrl = 1,
              .writeToReadRam = static_cast<std::uint32_t>(upTo(1, 3)),
              .readToWrite = 1,
              .srlMaxDepth = upTo(1, 3),
              .srlMaxBits = upTo(1, 8)};
  const std::uint64_t count = upTo(2, 5), outer = upTo(2, 3), inner = mostTokens + upTo(0, 3),
                      trip = outer * inner;
  for (std::uint64_t p = 0; p < count; ++p) {
    Process process{.name = "p" + std::to_string(p), .latency = 0, .after = {}, .phases = {}};
    const std::uint64_t phases = upTo(1, 2);
    std::uint64_t clock = upTo(0, 2);
    for (std::uint64_t f = 0; f < phases; ++f) {
      Phase phase{.loops = {outer, inner},
                  .trip = trip,
                  .start = clock,
                  .ii = upTo(1, 3),
                  .iterationLatency = upTo(1, 9),
                  .accesses = {}};
      clock = phase.start + phase.ii * (trip - 1) + phase.iterationLatency + upTo(0, 2);
      process.phases.push_back(std::move(phase));
    }
    process.latency = clock + upTo(0, 2);
    if (p > 0 && rng.chance(0.15))
      process.after.push_back(
          {.process = static_cast<std::uint32_t>(upTo(0, p - 1)), .delay = upTo(0, 3), .array = "a"});
    n.processes.push_back(std::move(process));
  }
  const std::uint64_t groups = upTo(1, mostGroups);
  for (std::uint64_t g = 0; g < groups; ++g) {
    n.groups.push_back("g" + std::to_string(g));
    const std::uint64_t depth = upTo(2, mostTokens), size = upTo(1, 3);
    const auto src = static_cast<std::uint32_t>(upTo(0, count - 2));
    const auto dst = static_cast<std::uint32_t>(upTo(src + 1, count - 1));
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto index = static_cast<std::uint32_t>(n.fifos.size());
      const std::uint64_t tokens = upTo(1, mostTokens);
      n.fifos.push_back({.name = "f" + std::to_string(index),
                         .widthBits = static_cast<std::uint32_t>(upTo(1, 3)),
                         .depth = depth,
                         .group = static_cast<std::uint32_t>(g),
                         .src = src,
                         .dst = dst,
                         .tokens = tokens});
      for (const Direction direction : {Direction::write, Direction::read}) {
        Process& process = n.processes[direction == Direction::write ? src : dst];
        Phase& phase = process.phases[upTo(0, process.phases.size() - 1)];
        Box box{.first = 0, .dims = {}};
        if (tokens % 2 == 0 && rng.chance(0.4)) {  // the same half in two turns of the outer loop
          const std::uint64_t half = tokens / 2;
          box.dims = {{.count = 2, .stride = inner}, {.count = half, .stride = upTo(1, inner / half)}};
          box.first = upTo(0, inner - 1 - (half - 1) * box.dims[1].stride);
        } else {
          box.dims = {{.count = tokens, .stride = upTo(1, (trip - 1) / tokens)}};
          box.first = upTo(0, trip - 1 - (tokens - 1) * box.dims[0].stride);
        }
        phase.accesses.push_back({.direction = direction,
                                  .stage = upTo(0, phase.iterationLatency - 1),
                                  .fifos = {index},
                                  .at = {box}});
      }
    }
  }
  return n;
}

/// A fork, a row of two or three FIFOs joined by stages that write as they read, a FIFO beside the row, and a join. The fork
/// writes into the row first, the join mostly reads beside it first: so the row has to store beats.
inline Network randomRow(std::uint64_t seed, std::uint64_t mostTokens) {
  Rng rng(seed, 98);
  const auto upTo = [&](std::uint64_t lo, std::uint64_t hi) {
    return static_cast<std::uint64_t>(
        rng.uniform(static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)));
  };
  Network n{.name = "row", .timing = {}, .groups = {}, .fifos = {}, .processes = {}};
  n.timing = {.writeToReadSrl = 1,
              .writeToReadRam = static_cast<std::uint32_t>(upTo(1, 3)),
              .readToWrite = static_cast<std::uint32_t>(upTo(1, 2)),
              .srlMaxDepth = upTo(1, 3),
              .srlMaxBits = upTo(1, 8)};
  const std::uint64_t row = upTo(2, 3), tokens = upTo(2, mostTokens), trip = 4 * mostTokens;
  // Twice a half, or all in one stride: the same shape for everyone, each at a place of its own.
  const auto box = [&](std::uint64_t mostStride) {
    Box one;
    const std::uint64_t half = tokens / 2;
    if (tokens % 2 == 0 && rng.chance(0.3))
      one.dims = {{.count = 2, .stride = trip / 2}, {.count = half, .stride = upTo(1, trip / 2 / half)}};
    else
      one.dims = {{.count = tokens, .stride = upTo(1, std::min(mostStride, (trip - 1) / tokens))}};
    return one;
  };
  const auto begin = [&](Box& one, double from, double to) {
    const auto room = static_cast<double>(trip - 1 - last(one));
    one.first = upTo(static_cast<std::uint64_t>(from * room), static_cast<std::uint64_t>(to * room));
  };
  for (std::uint64_t p = 0; p <= row; ++p) {
    const std::uint64_t ii = upTo(1, 2), latency = upTo(1, 9);
    n.processes.push_back({.name = "p" + std::to_string(p),
                           .latency = ii * (trip - 1) + latency + 2,
                           .after = {},
                           .phases = {{.loops = {trip},
                                       .trip = trip,
                                       .start = upTo(0, 2),
                                       .ii = ii,
                                       .iterationLatency = latency,
                                       .accesses = {}}}});
  }
  const auto add = [&](std::uint32_t src, std::uint32_t dst, std::uint64_t depth) {
    n.groups.push_back("g" + std::to_string(n.groups.size()));
    n.fifos.push_back({.name = "f" + std::to_string(n.fifos.size()),
                       .widthBits = static_cast<std::uint32_t>(upTo(1, 3)),
                       .depth = depth,
                       .group = static_cast<std::uint32_t>(n.groups.size() - 1),
                       .src = src,
                       .dst = dst,
                       .tokens = tokens});
    return static_cast<std::uint32_t>(n.fifos.size() - 1);
  };
  const auto access = [&](std::uint32_t process, Direction direction, std::uint32_t fifo, const Box& at) {
    Phase& phase = n.processes[process].phases[0];
    phase.accesses.push_back(
        {.direction = direction, .stage = upTo(0, phase.iterationLatency - 1), .fifos = {fifo}, .at = {at}});
  };
  const auto end = static_cast<std::uint32_t>(row);
  Box at = box(2);
  begin(at, 0, 0.3);
  for (std::uint32_t p = 0; p < end; ++p) {
    const std::uint32_t fifo = add(p, p + 1, upTo(2, mostTokens));
    access(p, Direction::write, fifo, at);
    at = box(4);
    begin(at, p + 1 == end ? 0.3 : 0, 1);
    access(p + 1, Direction::read, fifo, at);
    if (rng.chance(0.8)) begin(at, 0, 1);
  }
  const std::uint32_t beside = add(0, end, upTo(2, mostTokens));
  at = box(2);
  begin(at, 0.3, 1);
  access(0, Direction::write, beside, at);
  at = box(2);
  begin(at, 0, 0.6);
  access(end, Direction::read, beside, at);
  return n;
}

/// Section 2 of the rules, one cycle after the other. Nothing if it stands still.
inline std::optional<std::uint64_t> step(const Network& n, const std::vector<std::uint64_t>& depths) {
  struct State {
    std::vector<std::uint64_t> writes, reads;  ///< cycles in which they happened
  };
  std::vector<State> fifos(n.fifos.size());
  struct Due {
    std::uint64_t clock;
    Direction direction;
    std::uint32_t fifo;
  };
  std::vector<std::vector<Due>> due(n.processes.size());
  for (std::size_t p = 0; p < n.processes.size(); ++p)
    for (const Phase& phase : n.processes[p].phases)
      for (const Access& access : phase.accesses)
        for (std::uint64_t i = 0; i < phase.trip; ++i) {
          bool in = false;
          for (const Box& box : access.at) {
            std::deque<std::pair<std::size_t, std::uint64_t>> open = {{0, box.first}};
            for (; !open.empty(); open.pop_front()) {
              const auto [d, at] = open.front();
              if (d == box.dims.size()) {
                in = in || at == i;
                continue;
              }
              for (std::uint64_t k = 0; k < box.dims[d].count; ++k)
                open.emplace_back(d + 1, at + k * box.dims[d].stride);
            }
          }
          if (in)
            for (const std::uint32_t fifo : access.fifos)
              due[p].push_back({phase.start + phase.ii * i + access.stage, access.direction, fifo});
        }
  std::vector<std::uint64_t> clock(n.processes.size(), 0), finish(n.processes.size(), 0);
  std::vector<bool> started(n.processes.size(), false), finished(n.processes.size(), false);
  std::uint64_t idle = 0, last = 0;
  for (std::uint64_t cycle = 0; idle < 20; ++cycle) {
    ++idle;
    const auto before = fifos;             // what happens in a cycle is seen from the next on
    for (bool changed = true; changed;) {  // a finish may let others start in this very cycle
      changed = false;
      for (std::size_t p = 0; p < n.processes.size(); ++p) {
        if (!started[p]) {
          bool may = true;
          for (const After& after : n.processes[p].after)
            may = may && finished[after.process] && cycle >= finish[after.process] + after.delay;
          started[p] = may;
          changed = changed || may;
        }
        if (started[p] && !finished[p] && clock[p] == n.processes[p].latency) {
          finished[p] = changed = true;
          finish[p] = last = cycle;
          idle = 0;
        }
      }
    }
    for (std::size_t p = 0; p < n.processes.size(); ++p) {
      if (!started[p] || finished[p]) continue;
      bool possible = true;
      for (const Due& d : due[p]) {
        if (d.clock != clock[p]) continue;
        const Fifo& fifo = n.fifos[d.fifo];
        const std::uint64_t depth = depths[fifo.group];
        if (d.direction == Direction::read) {
          const std::uint64_t delay =
              depth <= srlDepth(n.timing, fifo.widthBits) ? n.timing.writeToReadSrl : n.timing.writeToReadRam;
          const std::size_t k = fifos[d.fifo].reads.size();
          possible =
              possible && before[d.fifo].writes.size() > k && before[d.fifo].writes[k] + delay <= cycle;
        } else {
          const std::size_t k = fifos[d.fifo].writes.size();
          if (k >= depth)
            possible = possible && before[d.fifo].reads.size() > k - depth &&
                       before[d.fifo].reads[k - depth] + n.timing.readToWrite <= cycle;
        }
      }
      if (!possible) continue;
      for (const Due& d : due[p])
        if (d.clock == clock[p])
          (d.direction == Direction::read ? fifos[d.fifo].reads : fifos[d.fifo].writes).push_back(cycle);
      ++clock[p];
      idle = 0;
    }
  }
  for (std::size_t p = 0; p < n.processes.size(); ++p)
    if (!finished[p]) return std::nullopt;
  return last;
}

}  // namespace sluice::dataflow::process::testing

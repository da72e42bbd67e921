#pragma once

#include <numeric>

#include "base/rng.h"
#include "dataflow/csdf/graph.h"

namespace sluice::dataflow::csdf::testing {

/// A random live-or-not graph: a few actors with one to three phases, rates that agree, some channels back.
inline Graph randomGraph(std::uint64_t seed, std::uint32_t mostActors = 4, std::uint32_t mostRate = 3) {
  Rng rng(seed, 91);
  const auto pick = [&](std::uint64_t lo, std::uint64_t hi) {
    return static_cast<std::uint64_t>(
        rng.uniform(static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)));
  };
  Graph graph;
  graph.name = "random" + std::to_string(seed);
  std::vector<std::uint64_t> rounds;
  const std::uint64_t actors = pick(1, mostActors);
  for (std::uint64_t a = 0; a < actors; ++a) {
    Actor actor{.name = "a" + std::to_string(a), .time = {}, .serial = rng.chance(0.7)};
    const std::uint64_t phases = pick(1, 3), time = pick(0, 5);
    for (std::uint64_t p = 0; p < phases; ++p) actor.time.push_back(actor.serial ? pick(0, 5) : time);
    graph.actors.push_back(std::move(actor));
    rounds.push_back(pick(1, mostRate));
  }
  const auto spread = [&](std::uint64_t tokens, std::size_t phases) {
    std::vector<std::uint64_t> rates(phases, 0);
    for (std::uint64_t t = 0; t < tokens; ++t) ++rates[pick(0, phases - 1)];
    return rates;
  };
  const auto join = [&](std::uint32_t src, std::uint32_t dst, bool back) {
    const std::uint64_t whole = std::lcm(rounds[src], rounds[dst]) * pick(1, 2);
    const std::uint64_t in = whole / rounds[src], out = whole / rounds[dst];
    graph.channels.push_back({.name = "c" + std::to_string(graph.channels.size()),
                              .src = src,
                              .dst = dst,
                              .prod = spread(in, graph.actors[src].time.size()),
                              .cons = spread(out, graph.actors[dst].time.size()),
                              .initial = back ? pick(whole, 2 * whole) : pick(0, 3) / 3 * pick(0, 2)});
  };
  for (std::uint32_t a = 1; a < actors; ++a) join(static_cast<std::uint32_t>(pick(0, a - 1)), a, false);
  if (actors > 1 && rng.chance(0.4)) join(0, static_cast<std::uint32_t>(actors - 1), false);
  if (rng.chance(0.3)) join(static_cast<std::uint32_t>(actors - 1), 0, true);
  return graph;
}

}  // namespace sluice::dataflow::csdf::testing

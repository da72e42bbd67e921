#include "dataflow/deadlock.h"

#include <algorithm>

namespace sluice::dataflow {

namespace {

bool waits(const Engine& engine, std::size_t process) {
  const auto wait = engine.standing(process).wait;
  return wait == Engine::Wait::beat || wait == Engine::Wait::place;
}

std::size_t awaited(const Engine& engine, std::size_t process) {
  const auto standing = engine.standing(process);
  return standing.wait == Engine::Wait::beat ? engine.writer(standing.channel.index)
                                             : engine.reader(standing.channel.index);
}

}  // namespace

std::vector<std::size_t> waitingCircle(const Engine& engine) {
  std::vector<std::size_t> longest;
  for (std::size_t start = 0; start < engine.processes(); ++start) {
    if (!waits(engine, start)) continue;
    std::vector<std::size_t> path;
    std::size_t p = start;
    for (; waits(engine, p); p = awaited(engine, p)) {
      const auto seen = std::find(path.begin(), path.end(), p);
      if (seen != path.end()) return {seen, path.end()};
      path.push_back(p);
    }
    path.push_back(p);
    if (path.size() > longest.size()) longest = path;
  }
  return longest;
}

Deadlock explainDeadlock(const Network& network, const Engine& engine, std::uint64_t cycle) {
  Deadlock deadlock;
  deadlock.cycle = cycle;
  for (const std::size_t p : waitingCircle(engine)) {
    if (!waits(engine, p)) {
      deadlock.waits.push_back(engine.processName(p) + " has given all its beats");
      continue;
    }
    const auto standing = engine.standing(p);
    const Channel& channel = network.channels[standing.channel.index];
    const std::string other = engine.processName(awaited(engine, p));
    deadlock.waits.push_back(
        engine.processName(p) +
        (standing.wait == Engine::Wait::beat
             ? " waits for a beat in '" + channel.name + "', which " + other + " must fill"
             : " waits for a free place in '" + channel.name + "' (depth " + std::to_string(channel.depth) +
                   "), which " + other + " must empty"));
  }
  return deadlock;
}

Error deadlockError(const Network& network, const Engine& engine, const std::string& what) {
  std::string text = what;
  for (const std::string& wait : explainDeadlock(network, engine, 0).waits) text += "\n  " + wait;
  return infeasible(text);
}

}  // namespace sluice::dataflow

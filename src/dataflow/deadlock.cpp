#include "dataflow/deadlock.h"

#include <algorithm>

namespace sluice::dataflow {

Deadlock explainDeadlock(const Network& network, const Engine& engine, std::uint64_t cycle) {
  Deadlock deadlock;
  deadlock.cycle = cycle;
  // Start at a blocked sink if there is one, else at any blocked process: sinks wait always, so a blocked
  // other process that is in a circle is the better start when the sinks have had their beats.
  const auto waits = [&](std::size_t p) {
    const auto wait = engine.standing(p).wait;
    return wait == Engine::Wait::beat || wait == Engine::Wait::place;
  };
  const auto follow = [&](std::size_t start, std::vector<std::size_t>& path) {
    std::size_t p = start;
    while (waits(p)) {
      if (const auto seen = std::find(path.begin(), path.end(), p); seen != path.end()) {
        path.erase(path.begin(), seen);
        return true;
      }
      path.push_back(p);
      const auto standing = engine.standing(p);
      p = standing.wait == Engine::Wait::beat ? engine.writer(standing.channel.index)
                                              : engine.reader(standing.channel.index);
    }
    path.push_back(p);
    return false;
  };
  std::vector<std::size_t> best;
  for (std::size_t p = 0; p < engine.processes(); ++p) {
    if (!waits(p)) continue;
    std::vector<std::size_t> path;
    const bool circle = follow(p, path);
    if (circle || path.size() > best.size()) best = path;
    if (circle) break;
  }
  for (const std::size_t p : best) {
    const auto standing = engine.standing(p);
    if (!waits(p)) {
      deadlock.waits.push_back(engine.processName(p) + " has given all its beats");
      continue;
    }
    const Channel& channel = network.channels[standing.channel.index];
    const std::size_t other = standing.wait == Engine::Wait::beat ? engine.writer(standing.channel.index)
                                                                  : engine.reader(standing.channel.index);
    deadlock.waits.push_back(engine.processName(p) +
                             (standing.wait == Engine::Wait::beat
                                  ? " waits for a beat in '" + channel.name + "', which " +
                                        engine.processName(other) + " must fill"
                                  : " waits for a free place in '" + channel.name + "' (depth " +
                                        std::to_string(channel.depth) + "), which " +
                                        engine.processName(other) + " must empty"));
  }
  return deadlock;
}

}  // namespace sluice::dataflow

#include "dataflow/timeline.h"

#include <algorithm>

#include "dataflow/engine.h"

/// The engine books a wait when it ends, with its length. It is run step by step, through the period and once more through the
/// next; what was booked in a step and is longer than it began in the steps before. (Within a step, nothing is known of
/// the order.)
namespace sluice::dataflow {
namespace {

using Time = Engine::Time;

struct Waited {
  std::uint64_t starved = 0, blocked = 0;
};

/// Books what does not fit into a step to the step before.
void spreadBack(std::vector<Waited>& steps, std::uint64_t width) {
  Waited carried;
  for (std::size_t k = steps.size(); k-- > 0;) {
    carried.starved += steps[k].starved;
    carried.blocked += steps[k].blocked;
    steps[k].starved = std::min(carried.starved, width);
    steps[k].blocked = std::min(carried.blocked, width - steps[k].starved);
    carried.starved -= steps[k].starved;
    carried.blocked -= steps[k].blocked;
  }
}

std::vector<Phase> phasesOf(const std::vector<Waited>& steps, std::uint64_t count, std::uint64_t width) {
  std::vector<Phase> phases;
  for (std::uint64_t k = 0; k < count; ++k) {
    const std::uint64_t works = width - steps[k].starved - steps[k].blocked;
    const std::uint64_t most = std::max({works, steps[k].starved, steps[k].blocked});
    const Doing doing = works == most              ? Doing::works
                        : steps[k].starved == most ? Doing::starved
                                                   : Doing::blocked;
    if (phases.empty() || phases.back().doing != doing) phases.push_back({k * width, doing});
  }
  return phases;
}

}  // namespace

Result<Timeline> timeline(const Network& network, const Profile& profile, std::size_t mostSteps) {
  SLUICE_RETURN_IF_ERROR(check(network));
  Timeline result{.cycles = std::max<std::uint64_t>(1, profile.cycles), .step = 1, .actors = {}, .links = {}};
  const std::uint64_t most = std::max<std::uint64_t>(1, mostSteps);
  result.step = (result.cycles + most - 1) / most;
  const std::uint64_t count = (result.cycles + result.step - 1) / result.step;
  const std::size_t shown = network.actors.size() + network.links.size();

  // Which ports a process reads; links read their first.
  std::vector<std::vector<bool>> reads(shown);
  for (std::size_t a = 0; a < network.actors.size(); ++a) {
    reads[a].resize(network.actors[a].ports.size());
    for (const Access& access : network.actors[a].schedule.accesses)
      reads[a][access.port] = access.direction == Direction::read;
  }
  for (std::size_t l = 0; l < network.links.size(); ++l) reads[network.actors.size() + l] = {true, false};

  Engine engine(network);
  engine.setProfiling(true);
  // A wait is booked in the cycle of the issue, which is not one of its own: so each step ends a cycle later.
  engine.run(static_cast<Time>(profile.start));
  engine.clearRecords();
  std::vector<Engine::Waits> before(shown);
  for (std::size_t p = 0; p < shown; ++p) before[p] = engine.waits(p);
  std::vector<std::vector<Waited>> waited(shown, std::vector<Waited>(2 * count));
  std::vector<std::uint64_t> issued(shown);
  for (std::uint64_t k = 0; k < 2 * count; ++k) {
    const std::uint64_t end =
        std::min((k % count + 1) * result.step, result.cycles) + k / count * result.cycles;
    engine.run(static_cast<Time>(profile.start + end));
    engine.clearRecords();
    for (std::size_t p = 0; p < shown; ++p) {
      const Engine::Waits& now = engine.waits(p);
      issued[p] += now.issued - before[p].issued;
      for (std::size_t port = 0; port < now.perPort.size(); ++port)
        (reads[p][port] ? waited[p][k].starved : waited[p][k].blocked) +=
            now.perPort[port] - before[p].perPort[port];
      before[p] = now;
    }
  }
  for (std::size_t p = 0; p < shown; ++p) {
    if (issued[p] == 0) {  // it stands all the time: nothing was booked
      const auto standing = engine.standing(p);
      Waited& all = waited[p].back();
      if (standing.wait == Engine::Wait::beat) all.starved = 2 * result.cycles + result.step;
      if (standing.wait == Engine::Wait::place) all.blocked = 2 * result.cycles + result.step;
    }
    spreadBack(waited[p], result.step);
    (p < network.actors.size() ? result.actors : result.links)
        .push_back(phasesOf(waited[p], count, result.step));
  }
  return result;
}

}  // namespace sluice::dataflow

#include "dataflow/profile.h"

#include <algorithm>

#include "dataflow/engine.h"
#include "dataflow/simulate.h"

/// The window is one period of the steady state (measure). Windows follow each other from the first output on
/// until one is like the one before in every count, wait and step. If a deep FIFO still fills, that can take
/// long; after 64 windows the last one is given as it is.
namespace sluice::dataflow {
namespace {

using Time = Engine::Time;

/// A place is taken from the cycle of its promise to the cycle of its pop, both included.
ChannelProfile channelProfile(const Engine::Records& records, std::uint64_t takenBefore, Time start,
                              Time cycles, std::size_t mostSteps) {
  ChannelProfile result;
  const Time end = start + cycles;
  auto taken = static_cast<std::int64_t>(takenBefore);
  std::int64_t area = taken * cycles;
  const auto add = [&](Time cycle) {
    if (!result.curve.empty() && result.curve.back().cycle == static_cast<std::uint64_t>(cycle - start))
      result.curve.pop_back();
    const auto places = static_cast<std::uint32_t>(taken);
    if (result.curve.empty() || result.curve.back().places != places)
      result.curve.push_back({static_cast<std::uint64_t>(cycle - start), places});
  };
  add(start);
  std::size_t promise = 0, pop = 0;
  const auto& promises = records.promises;
  const auto& pops = records.pops;
  while (promise < promises.size() || pop < pops.size()) {
    const Time cycle = std::min(promise < promises.size() ? promises[promise] : Engine::forever,
                                pop < pops.size() ? pops[pop] + 1 : Engine::forever);
    if (cycle >= end) break;
    for (; promise < promises.size() && promises[promise] == cycle; ++promise, ++taken) area += end - cycle;
    for (; pop < pops.size() && pops[pop] + 1 == cycle; ++pop, --taken) area -= end - cycle;
    add(cycle);
  }
  for (const OccupancyStep& step : result.curve) result.peak = std::max(result.peak, step.places);
  result.mean = static_cast<double>(area) / static_cast<double>(cycles);
  if (result.curve.size() > mostSteps) {
    // The highest of each bucket: a level lasts into the next bucket until the next step.
    const std::uint64_t width =
        (static_cast<std::uint64_t>(cycles) + mostSteps - 1) / std::max<std::size_t>(mostSteps, 1);
    std::vector<OccupancyStep> coarse;
    std::uint32_t level = 0;
    std::size_t next = 0;
    for (std::uint64_t at = 0; at < static_cast<std::uint64_t>(cycles); at += width) {
      std::uint32_t highest = next < result.curve.size() && result.curve[next].cycle == at ? 0 : level;
      for (; next < result.curve.size() && result.curve[next].cycle < at + width; ++next)
        highest = std::max(highest, level = result.curve[next].places);
      if (coarse.empty() || coarse.back().places != highest) coarse.push_back({at, highest});
    }
    result.curve = std::move(coarse);
  }
  return result;
}

}  // namespace

Result<Profile> profile(const Network& network, std::size_t mostSteps) {
  SLUICE_TRY(const Performance performance, measure(network));
  Engine engine(network);
  engine.setRecording(true);
  engine.setProfiling(true);
  const auto cycles = static_cast<Time>(performance.cyclesPerPeriod);
  Profile result;
  result.cycles = performance.cyclesPerPeriod;
  result.frames = performance.framesPerPeriod;

  Time start = static_cast<Time>(performance.latency) + 1;
  engine.run(start - 1);
  engine.clearRecords();
  std::vector<std::uint64_t> taken(network.channels.size());
  std::vector<Engine::Waits> before(engine.processes());
  constexpr int mostWindows = 64;
  for (int window = 0; window < mostWindows && !result.steady; ++window, start += cycles) {
    for (std::size_t c = 0; c < taken.size(); ++c) taken[c] = engine.pushed(c) - engine.popped(c);
    for (std::size_t p = 0; p < before.size(); ++p) before[p] = engine.waits(p);
    engine.run(start + cycles - 1);
    Profile now;
    now.start = static_cast<std::uint64_t>(start);
    now.cycles = result.cycles;
    now.frames = result.frames;
    for (std::size_t c = 0; c < taken.size(); ++c)
      now.channels.push_back(channelProfile(engine.records()[c], taken[c], start, cycles, mostSteps));
    engine.clearRecords();
    const auto process = [&](std::size_t p, const std::vector<ChannelId>& ports,
                             const std::vector<bool>& reads, std::uint64_t interval) {
      const Engine::Waits& waits = engine.waits(p);
      ActorProfile actor;
      actor.issues = waits.issued - before[p].issued;
      actor.utilisation = static_cast<double>(actor.issues * interval) / static_cast<double>(cycles);
      for (std::size_t i = 0; i < ports.size(); ++i)
        actor.waits.push_back({ports[i], reads[i], waits.perPort[i] - before[p].perPort[i]});
      return actor;
    };
    for (std::size_t a = 0; a < network.actors.size(); ++a) {
      const Actor& actor = network.actors[a];
      std::vector<bool> reads(actor.ports.size());
      for (const Access& access : actor.schedule.accesses)
        reads[access.port] = access.direction == Direction::read;
      now.actors.push_back(process(a, actor.ports, reads, actor.schedule.interval));
    }
    for (std::size_t l = 0; l < network.links.size(); ++l)
      now.links.push_back(
          process(engine.linkProcess(l), {network.links[l].from, network.links[l].to}, {true, false}, 1));
    for (std::size_t s = 0; s < network.sources.size(); ++s)
      now.sources.push_back(process(engine.sourceProcess(s), {network.sources[s].channel}, {false}, 1));
    for (std::size_t s = 0; s < network.sinks.size(); ++s)
      now.sinks.push_back(process(engine.sinkProcess(s), {network.sinks[s].channel}, {true}, 1));
    now.steady = window > 0 && now.channels == result.channels && now.actors == result.actors &&
                 now.links == result.links && now.sources == result.sources && now.sinks == result.sinks;
    result = std::move(now);
  }
  return result;
}

}  // namespace sluice::dataflow

#include "dataflow/simulate.h"

#include <algorithm>

#include "base/rng.h"
#include "dataflow/deadlock.h"
#include "dataflow/engine.h"

/// simulate(): the engine run in windows of cycles.
///
/// Within a window every process runs ahead to the window's end; then everything up to there is known, so the
/// records of the window can be merged in the order of time (for the peaks), kept if the trace is wanted, and
/// thrown away if not. The run ends with the window in which the last beat went in and the last came out;
/// what was computed beyond that cycle is cut off.
namespace sluice::dataflow {

bool Pattern::open(std::uint64_t stream, std::uint64_t cycle) const {
  return stallPercent == 0 || randomBits(seed, stream, cycle) % 100 >= stallPercent;
}

namespace {

using Time = Engine::Time;

void cut(std::vector<Time>& times, Time end) {
  times.erase(std::upper_bound(times.begin(), times.end(), end), times.end());
}

}  // namespace

Result<Outcome> simulate(const Network& network, const Stimulus& stimulus) {
  SLUICE_RETURN_IF_ERROR(check(network));
  if (stimulus.sources.stallPercent >= 100 || stimulus.sinks.stallPercent >= 100)
    return badInput("a stall percentage of 100 or more never lets a beat through");

  Engine engine(network);
  engine.setPatterns(stimulus.sources, stimulus.sinks);
  engine.setRecording(true);
  const std::size_t channels = network.channels.size();
  for (std::size_t s = 0; s < network.sources.size(); ++s)
    engine.setLimit(engine.sourceProcess(s), stimulus.frames * network.sources[s].beatsPerFrame);

  Outcome outcome;
  Trace& trace = outcome.trace;
  trace.pushes.resize(channels);
  trace.pops.resize(channels);
  trace.outputs.resize(network.sinks.size());
  std::vector<bool> kept(channels, stimulus.keepTrace && !stimulus.portsOnly);
  for (const auto* ports : {&network.sources, &network.sinks})
    for (const Port& port : *ports) kept[port.channel.index] = stimulus.keepTrace;
  std::vector<Peak> peaks;
  for (const Channel& channel : network.channels) peaks.emplace_back(channel.initial);
  std::vector<std::uint64_t> beats(network.sinks.size(), 0);

  Time last = 0;    // of all events recorded
  Time needed = 0;  // of the last beat in or out
  const auto close = [&](Time end) {
    for (std::size_t c = 0; c < channels; ++c) {
      Engine::Records& window = engine.records()[c];
      cut(window.promises, end);
      cut(window.pops, end);
      peaks[c].merge(window);
      if (kept[c]) {
        for (const Time t : window.promises)
          trace.pushes[c].push_back(static_cast<std::uint64_t>(t + engine.writeStage(c)));
        trace.pops[c].insert(trace.pops[c].end(), window.pops.begin(), window.pops.end());
      }
      if (!window.promises.empty()) last = std::max(last, window.promises.back() + engine.writeStage(c));
      if (!window.pops.empty()) last = std::max(last, window.pops.back());
    }
    engine.clearRecords();
  };

  constexpr Time window = 1 << 16;
  const auto limit = static_cast<Time>(std::min<std::uint64_t>(stimulus.cycleLimit, Engine::forever));
  bool done = false;
  for (Time horizon = std::min(window, limit);;) {
    engine.run(horizon);
    done = true;
    for (std::size_t s = 0; s < network.sources.size(); ++s) {
      done = done &&
             engine.passes(engine.sourceProcess(s)) >= stimulus.frames * network.sources[s].beatsPerFrame;
      const auto& pushes = engine.records()[network.sources[s].channel.index].promises;
      if (!pushes.empty()) needed = std::max(needed, pushes.back());
    }
    for (std::size_t s = 0; s < network.sinks.size(); ++s) {
      const std::uint64_t perFrame = network.sinks[s].beatsPerFrame;
      for (const Time t : engine.records()[network.sinks[s].channel.index].pops) {
        if (trace.outputs[s].size() == stimulus.frames) break;
        if (++beats[s] % perFrame == 0) trace.outputs[s].push_back(static_cast<std::uint64_t>(t));
      }
      done = done && trace.outputs[s].size() == stimulus.frames;
      if (!trace.outputs[s].empty()) needed = std::max(needed, static_cast<Time>(trace.outputs[s].back()));
    }
    if (done) {
      close(needed);
      break;
    }
    close(horizon);
    Time earliest = Engine::forever;
    for (std::size_t p = 0; p < engine.processes(); ++p)
      if (const auto standing = engine.standing(p); standing.wait == Engine::Wait::horizon)
        earliest = std::min(earliest, standing.earliest);
    if (earliest == Engine::forever) {
      outcome.deadlock = explainDeadlock(network, engine, static_cast<std::uint64_t>(last));
      break;
    }
    if (horizon >= limit)
      return Error{ErrorCode::gaveUp,
                   "the run did not end within " + std::to_string(stimulus.cycleLimit) + " cycles",
                   {}};
    horizon = std::min(std::max(horizon, earliest) + window, limit);
  }
  trace.end = static_cast<std::uint64_t>(done ? needed : last);
  if (done)
    for (std::size_t c = 0; c < channels; ++c)
      while (!trace.pushes[c].empty() && trace.pushes[c].back() > trace.end) trace.pushes[c].pop_back();
  for (const Peak& peak : peaks)
    trace.peak.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(peak.most, 0xffffffffu)));
  return outcome;
}

}  // namespace sluice::dataflow

#include "dataflow/long_run.h"

#include <algorithm>
#include <deque>

#include "dataflow/deadlock.h"
#include "dataflow/engine.h"

namespace sluice::dataflow {
namespace {

constexpr std::size_t mostStates = 64;  // periods looked for
constexpr std::size_t mostKept = std::size_t{1} << 23;

/// By how many cycles `now` is `before`, moved; nothing if it is another state.
std::optional<Engine::Time> moved(const std::vector<Engine::Time>& before,
                                  const std::vector<Engine::Time>& now) {
  const Engine::Time by = now[0] - before[0];
  for (std::size_t e = 1; e < now.size(); ++e)
    if (now[e] - before[e] != by) return {};
  return by;
}

}  // namespace

Result<LongRun> runLong(const Network& network, std::uint64_t frames) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  if (network.sinks.empty()) return badInput("the network has no sink");
  if (frames == 0) return badInput("a run has at least one frame");
  Engine engine(network);
  std::vector<std::uint64_t> passes(flow.passes);
  passes.insert(passes.end(), flow.linkBeats.begin(), flow.linkBeats.end());
  for (const auto* ports : {&network.sources, &network.sinks})
    for (const Port& port : *ports) passes.push_back(port.beatsPerFrame * flow.frames);

  LongRun result;
  std::vector<std::uint64_t> ends;  // after cut 0, 1, ...: cycle of the last output beat
  std::deque<std::vector<Engine::Time>> states;
  const std::uint64_t cuts = (frames + flow.frames - 1) / flow.frames;
  for (std::uint64_t cut = 0; cut < cuts; ++cut) {
    const bool partial = (cut + 1) * flow.frames > frames;
    for (std::size_t p = 0; p < passes.size(); ++p) engine.setLimit(p, passes[p] * (cut + 1));
    if (partial) {  // the last cut holds fewer frames: what they do not need changes nothing before
      for (std::size_t s = 0; s < network.sinks.size(); ++s)
        engine.setLimit(engine.sinkProcess(s), network.sinks[s].beatsPerFrame * frames);
      for (std::size_t s = 0; s < network.sources.size(); ++s)
        engine.setLimit(engine.sourceProcess(s), network.sources[s].beatsPerFrame * frames);
    }
    engine.run();
    Engine::Time last = 0;
    for (std::size_t s = 0; s < network.sinks.size(); ++s) {
      const std::size_t p = engine.sinkProcess(s);
      if (engine.standing(p).wait != Engine::Wait::limit)
        return deadlockError(network, engine, "the network deadlocks");
      last = std::max(last, engine.standing(p).earliest - 1);
    }
    ends.push_back(static_cast<std::uint64_t>(last));
    result.simulatedFrames = std::min(frames, (cut + 1) * flow.frames);
    if (partial || flow.frames != 1) continue;
    for (std::size_t p = 0; p < passes.size(); ++p)
      if (engine.standing(p).wait != Engine::Wait::limit)
        return deadlockError(network, engine, "the network deadlocks");
    std::vector<Engine::Time> now = engine.state();
    for (std::size_t k = 1; k <= states.size(); ++k) {
      const auto by = moved(states[states.size() - k], now);
      if (!by.has_value()) continue;
      result.periodFrames = k;
      result.periodCycles = static_cast<std::uint64_t>(*by);
      const std::uint64_t missing = frames - 1 - cut, whole = (missing + k - 1) / k;
      result.end = ends[cut + missing - whole * k] + whole * result.periodCycles;
      return result;
    }
    states.push_back(std::move(now));
    while (states.size() > mostStates || (states.size() > 2 && states.size() * states[0].size() > mostKept))
      states.pop_front();
  }
  result.end = ends.back();
  return result;
}

}  // namespace sluice::dataflow

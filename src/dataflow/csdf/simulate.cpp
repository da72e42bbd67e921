#include "dataflow/csdf/simulate.h"

#include <algorithm>
#include <queue>

namespace sluice::dataflow::csdf {

Result<Run> simulate(const Graph& graph, const Capacities& capacities, std::uint64_t iterations) {
  SLUICE_TRY(const Repetition repetition, check(graph));
  const std::size_t actors = graph.actors.size(), channels = graph.channels.size();
  if (capacities.size() != channels) return badInput("a capacity for every channel is needed");
  if (iterations > (std::uint64_t{1} << 30) / repetition.total)
    return Error{ErrorCode::gaveUp, "more than 2^30 firings would have to be simulated", {}};
  for (std::size_t c = 0; c < channels; ++c)
    if (capacities[c] < graph.channels[c].initial)
      return badInput("channel '" + graph.channels[c].name + "' starts with " +
                      std::to_string(graph.channels[c].initial) + " tokens and has capacity " +
                      std::to_string(capacities[c]));

  Run run;
  std::vector<std::uint64_t> tokens, taken;  // visible tokens; places that are not free
  for (const Channel& channel : graph.channels) {
    tokens.push_back(channel.initial);
    taken.push_back(channel.initial);
  }
  run.peak = taken;
  run.busy.assign(actors, 0);
  std::vector<std::vector<std::uint32_t>> in(actors), out(actors);
  for (std::uint32_t c = 0; c < channels; ++c) {
    out[graph.channels[c].src].push_back(c);
    in[graph.channels[c].dst].push_back(c);
  }
  struct Firing {
    std::uint64_t end;
    std::uint32_t actor, phase;
    bool operator>(const Firing& other) const {
      return end != other.end       ? end > other.end
             : actor != other.actor ? actor > other.actor
                                    : phase > other.phase;
    }
  };
  std::priority_queue<Firing, std::vector<Firing>, std::greater<>> running;
  std::vector<std::uint64_t> started(actors, 0), ended(actors, 0), underWay(actors, 0), since(actors, 0);
  std::vector<std::uint64_t> doneIn(iterations, 0);  // actors that have done so many iterations
  std::uint64_t now = 0;
  for (;;) {
    // Whatever can start now starts; a firing that takes no time ends in the same cycle.
    for (bool moved = true; moved;) {
      moved = false;
      while (!running.empty() && running.top().end == now) {
        const Firing firing = running.top();
        running.pop();
        moved = true;
        for (const std::uint32_t c : out[firing.actor]) tokens[c] += graph.channels[c].prod[firing.phase];
        for (const std::uint32_t c : in[firing.actor]) taken[c] -= graph.channels[c].cons[firing.phase];
        if (--underWay[firing.actor] == 0) run.busy[firing.actor] += now - since[firing.actor];
        if (++ended[firing.actor] % repetition.firings[firing.actor] == 0) {
          const std::uint64_t iteration = ended[firing.actor] / repetition.firings[firing.actor];
          if (++doneIn[iteration - 1] == actors) run.completed.push_back(now);
        }
      }
      for (std::uint32_t a = 0; a < actors; ++a) {
        const Actor& actor = graph.actors[a];
        while (started[a] < iterations * repetition.firings[a] && !(actor.serial && underWay[a] > 0)) {
          const auto phase = static_cast<std::uint32_t>(started[a] % actor.time.size());
          bool ready = true;
          for (const std::uint32_t c : in[a]) ready = ready && tokens[c] >= graph.channels[c].cons[phase];
          for (const std::uint32_t c : out[a])
            ready = ready && (capacities[c] == unlimited ||
                              taken[c] + graph.channels[c].prod[phase] <= capacities[c] ||
                              graph.channels[c].prod[phase] == 0);
          if (!ready) break;
          for (const std::uint32_t c : in[a]) tokens[c] -= graph.channels[c].cons[phase];
          for (const std::uint32_t c : out[a]) {
            taken[c] += graph.channels[c].prod[phase];
            run.peak[c] = std::max(run.peak[c], taken[c]);
          }
          if (underWay[a]++ == 0) since[a] = now;
          ++started[a];
          running.push({now + actor.time[phase], a, phase});
          moved = true;
        }
      }
    }
    if (running.empty()) break;
    now = running.top().end;
  }
  run.end = now;
  run.deadlock = run.completed.size() < iterations;
  return run;
}

}  // namespace sluice::dataflow::csdf

#include <algorithm>
#include <cmath>

#include "cluster/machine.h"

/// More places never make anything later (arcs only look further back), so the least number is found by halving. From so
/// many places on nothing changes: what is in flight between two stages lasts at most the latency of the whole machine, and
/// in that time so many frames pass.
namespace sluice::cluster {
namespace {

constexpr std::uint64_t framesRun = 4000;
constexpr std::uint32_t mostPlaces = 60'000;

Result<double> intervalWith(const Machine& machine, const Fifos& fifos) {
  SLUICE_TRY(const EventGraph graph, graphOf(machine, fifos));
  SLUICE_TRY(const Simulation result, simulate(graph, {.frames = framesRun + 2 * fifos.receiving}));
  return result.interval;
}

}  // namespace

Result<Fifos> leastFifos(const Machine& machine) {
  double all = 0, slowest = 1 / ticksPerUnit;
  for (const MachineStage& stage : machine.stages) {
    all += std::max(stage.work, stage.latency);
    slowest = std::max(slowest, stage.work);
  }
  for (const Transfer& transfer : machine.transfers) {
    all += transfer.amount / transfer.rate + 2 * transfer.latency;
    slowest = std::max(slowest, transfer.amount / transfer.rate);
  }
  const auto enough =
      static_cast<std::uint32_t>(std::clamp(std::ceil(all / slowest) + 2, 2.0, double{mostPlaces}));
  Fifos fifos{.sending = enough, .receiving = enough};
  SLUICE_TRY(const double best, intervalWith(machine, fifos));
  for (std::uint32_t* places : {&fifos.receiving, &fifos.sending}) {
    std::uint32_t low = 1, high = enough;
    while (low < high) {
      *places = low + (high - low) / 2;
      SLUICE_TRY(const double interval, intervalWith(machine, fifos));
      if (interval <= best * (1 + 1e-9))
        high = *places;
      else
        low = *places + 1;
    }
    *places = high;
  }
  return fifos;
}

}  // namespace sluice::cluster

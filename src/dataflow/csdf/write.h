#pragma once

#include <string>

#include "dataflow/csdf/simulate.h"
#include "dataflow/csdf/size.h"

/// Answers about CSDF graphs as JSON, for the command line and other programs. Same answer, same bytes.
namespace sluice::dataflow::csdf {

/// What a graph does with given capacities.
struct Performance {
  bool deadlock = false;
  std::vector<std::string> waits;  ///< of a deadlock: who waits for whom, in a circle
  Period period;                   ///< exactly, for ever
  Run run;                         ///< of the first iterations
};
/// Errors   those of check() and simulate()
Result<Performance> measure(const Graph& graph, const Capacities& capacities, std::uint64_t iterations = 16);

/// {"name", "cycles": per iteration, rounded up, or "deadlock": [..], "period": [cycles, iterations], "latency":
/// cycle in which the first iteration is complete, "completed": [..], "channels": [{"name", "capacity", "peak"}],
/// "actors": [{"name", "busy"}]}
std::string performanceJson(const Graph& graph, const Capacities& capacities, const Performance& performance);

/// {"name", "total_beats", "cost", "lower_bound", "proven", "cycles", "period", "depths": {channel: capacity},
/// "certificate": {"period": what was asked, "conflicts": [{channel: capacity}]}}: with the capacities of a
/// conflict and all other channels unlimited, the asked period is not reached.
std::string sizingJson(const Graph& graph, const Sizing& sizing, const Period& asked);

/// {"name", "proven", "points": [{"cost", "period", "depths"}]}
std::string frontJson(const Graph& graph, const Front& front);

}  // namespace sluice::dataflow::csdf

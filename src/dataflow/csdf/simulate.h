#pragma once

#include "dataflow/csdf/graph.h"

/// Self-timed execution, event by event: the definition of graph.h put into code, and nothing else. The
/// throughput for ever is asked of analysis.h; the tests hold the two against each other.
namespace sluice::dataflow::csdf {

struct Run {
  std::vector<std::uint64_t> completed;  ///< cycle in which all actors have done 1, 2, ... iterations
  std::vector<std::uint64_t> peak;       ///< per channel: most places taken at once, claimed ones included
  std::vector<std::uint64_t> busy;       ///< per actor: cycles in which at least one firing is under way
  bool deadlock = false;
  std::uint64_t end = 0;  ///< cycle of the last event
};

/// Every actor does `iterations` iterations and stops. `capacities` may be unlimited.
/// Errors   badInput (capacities below the initial tokens); gaveUp beyond 2^30 firings
Result<Run> simulate(const Graph& graph, const Capacities& capacities, std::uint64_t iterations);

}  // namespace sluice::dataflow::csdf

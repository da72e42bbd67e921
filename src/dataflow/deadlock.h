#pragma once

#include "base/result.h"
#include "dataflow/engine.h"

namespace sluice::dataflow {

/// The processes that wait for each other in a circle when nothing can move any more, in the order "waits
/// for": follows the first unmet condition of each. If there is no circle, the longest chain, which ends at a
/// process that has done all it may.
std::vector<std::size_t> waitingCircle(const Engine& engine);

/// Who waits for whom when nothing can move any more: follows the first unmet condition of each process from
/// an unfinished port on, and keeps the circle (or, if a source ran dry, the whole chain to it).
Deadlock explainDeadlock(const Network& network, const Engine& engine, std::uint64_t cycle);

/// The same as an error: infeasible, `what` in the first line.
Error deadlockError(const Network& network, const Engine& engine, const std::string& what);

}  // namespace sluice::dataflow

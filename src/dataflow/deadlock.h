#pragma once

#include "dataflow/engine.h"

namespace sluice::dataflow {

/// Who waits for whom when nothing can move any more: follows the first unmet condition of each process from
/// an unfinished port on, and keeps the circle (or, if a source ran dry, the whole chain to it).
Deadlock explainDeadlock(const Network& network, const Engine& engine, std::uint64_t cycle);

}  // namespace sluice::dataflow

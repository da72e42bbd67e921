#pragma once

#include <vector>

#include "map/links.h"
#include "split_build.h"

/// Links between boards, in cycles of the boards behind them: what the FIFOs at the cuts are sized with.
namespace sluice::tool {

/// Per cut of the planned design its latency (Cut::latency) and how many cycles a beat takes. Tensors that cross the same
/// link share its rate by their bits; on a chain those are all that have a common stretch of way. A link that buffers
/// frames (latency 0 in the design) takes a beat in every cycle.
std::vector<map::LinkTiming> linkTimings(const PlannedSplit& split);

}  // namespace sluice::tool

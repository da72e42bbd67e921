#pragma once

#include "dataflow/network.h"

/// The same network with time running backwards.
///
/// Every inequality of the firing rule, "this >= that + constant", also says "that <= this - constant": read
/// so, the constraints give the latest cycles that still meet a deadline, and as minus those cycles they are
/// again the firing rule of a network. Loop nests run from their ends, readers write and writers read, a
/// beat is visible after its push as long as it took from promise to pop before, and a place that was free
/// one cycle after the pop makes the mirrored reader wait one cycle after the mirrored pop. Sources become
/// sinks. What is issued at cycle t in the mirror is to be issued at the latest at (deadline - t).
namespace sluice::dataflow {

/// Channels, actors, links keep their numbers; source s becomes sink s. `network` must pass check().
Network mirrored(const Network& network);

}  // namespace sluice::dataflow

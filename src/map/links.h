#pragma once

#include <cstdint>
#include <vector>

#include "map/map.h"

/// Designs whose subgraphs are joined by links with a latency and a rate, instead of wires.
///
/// A link carries no credits: it takes a beat where one is visible before it and a place is free behind it, and that place
/// is taken while the beat is on the way. So what covers the way must stand behind the link, and what covers the
/// producer's own pipeline before it; only beats beyond both may stand on either side.
namespace sluice::map {

struct LinkTiming {
  std::uint32_t latency = 0;   ///< cycles on the way
  std::uint32_t interval = 1;  ///< cycles a beat takes, >= 1: its width by the link's rate, rounded up
};

/// The latencies of the cuts as they stand in the design, a beat in every cycle.
std::vector<LinkTiming> linksOf(const Design& design);

/// network(design) with link c in the place of cut c. A link that takes several cycles a beat is an actor behind the
/// kernels: one beat a pass, written `latency` after it was read.
dataflow::Network linkedNetwork(const Design& design, const std::vector<LinkTiming>& links);

/// The two FIFOs at a cut, as sized, and what each needs though every other FIFO were unbounded: so much must be held on
/// that side.
struct CutFifos {
  LinkTiming link;
  std::uint32_t fromDepth = 0, toDepth = 0;
  std::uint32_t fromAlone = 0, toAlone = 0;
};

struct LinkedSizing {
  std::vector<CutFifos> cuts;                         ///< one per cut
  std::uint64_t initiationInterval = 0, latency = 0;  ///< of the design with these links, cycles
};

/// sizeStreams() for the design with these links.
Result<LinkedSizing> sizeLinkedStreams(Design& design, hdl::Family family,
                                       const std::vector<LinkTiming>& links);

}  // namespace sluice::map

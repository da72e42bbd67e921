#include "map/links.h"

#include <algorithm>

#include "base/check.h"
#include "dataflow/size.h"

namespace sluice::map {

std::vector<LinkTiming> linksOf(const Design& design) {
  std::vector<LinkTiming> links;
  for (const Cut& cut : design.cuts) links.push_back({.latency = cut.latency, .interval = 1});
  return links;
}

dataflow::Network linkedNetwork(const Design& design, const std::vector<LinkTiming>& links) {
  SLUICE_CHECK(links.size() == design.cuts.size(), "link c is cut c");
  dataflow::Network result = network(design);
  std::vector<dataflow::Link> wires;
  for (std::size_t c = 0; c < links.size(); ++c) {
    dataflow::Link wire = result.links[c];
    wire.latency = links[c].latency;
    if (links[c].interval <= 1) {
      wires.push_back(std::move(wire));
      continue;
    }
    dataflow::Schedule beat;
    beat.interval = links[c].interval;
    beat.depth = wire.latency;
    beat.accesses = {{0, dataflow::Direction::read, 0, {}},
                     {1, dataflow::Direction::write, wire.latency, {}}};
    result.actors.push_back({.name = wire.name, .schedule = std::move(beat), .ports = {wire.from, wire.to}});
  }
  result.links = std::move(wires);
  return result;
}

Result<LinkedSizing> sizeLinkedStreams(Design& design, hdl::Family family,
                                       const std::vector<LinkTiming>& links) {
  // Convolutional networks have long frames: seconds for a proof that saves few places are better spent elsewhere.
  SLUICE_TRY(const dataflow::Sizing sizing,
             dataflow::sizeChannels(linkedNetwork(design, links),
                                    {.mostProofBeats = 6'000'000, .longFrame = 300'000}));
  SLUICE_CHECK(sizing.depth.size() == design.streams.size(), "channel s is stream s");
  for (std::size_t s = 0; s < design.streams.size(); ++s) {
    Stream& stream = design.streams[s];
    stream.depth = sizing.depth[s];
    stream.kind =
        kernel::chooseFifo(stream.beat.width(), stream.depth, familyOf(design, stream.subgraph, family));
  }
  design.fifoStorage = FifoStorage{.bits = sizing.cost, .lowerBound = sizing.lowerBound};
  LinkedSizing result{.cuts = {}, .initiationInterval = sizing.initiationInterval, .latency = sizing.latency};
  for (std::size_t c = 0; c < design.cuts.size(); ++c) {
    const std::size_t from = design.cuts[c].from.index, to = design.cuts[c].to.index;
    // A search that did not prove a depth may have found less than what was thought to be needed alone.
    result.cuts.push_back({.link = links[c],
                           .fromDepth = sizing.depth[from],
                           .toDepth = sizing.depth[to],
                           .fromAlone = std::min(sizing.alone[from], sizing.depth[from]),
                           .toAlone = std::min(sizing.alone[to], sizing.depth[to])});
  }
  return result;
}

}  // namespace sluice::map

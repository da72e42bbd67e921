#include "dataflow/size.h"
#include "base/check.h"
#include "map/map.h"

namespace sluice::map {

Status sizeStreams(Design& design, hdl::Family family) {
  // Convolutional networks have long frames: seconds for a proof that saves few places are better spent elsewhere.
  SLUICE_TRY(const dataflow::Sizing sizing,
             dataflow::sizeChannels(network(design), {.mostProofBeats = 6'000'000, .longFrame = 300'000}));
  SLUICE_CHECK(sizing.depth.size() == design.streams.size(), "channel s is stream s");
  for (std::size_t s = 0; s < design.streams.size(); ++s) {
    Stream& stream = design.streams[s];
    stream.depth = sizing.depth[s];
    stream.kind = kernel::chooseFifo(stream.beat.width(), stream.depth, family);
  }
  design.fifoStorage = FifoStorage{.bits = sizing.cost, .lowerBound = sizing.lowerBound};
  return {};
}

}  // namespace sluice::map

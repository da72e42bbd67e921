#include "map/design.h"

namespace sluice::map {

kernel::FifoParams fifoParams(const Stream& stream) {
  return {.width = stream.beat.width(),
          .depth = stream.depth,
          .kind = stream.kind,
          .reserveIsPush = reserveIsPush(stream)};
}

dataflow::Network network(const Design& design) {
  dataflow::Network result;
  for (const Stream& stream : design.streams)
    result.channels.push_back({.name = stream.name, .depth = stream.depth});
  for (const KernelInstance& instance : design.kernels) {
    std::vector<dataflow::ChannelId> channels;
    for (const StreamId stream : instance.streams) channels.push_back(dataflow::ChannelId(stream.index));
    dataflow::Actor actor = kernel::actor(instance.kernel, std::move(channels));
    actor.name = instance.name;
    result.actors.push_back(std::move(actor));
  }
  for (const Cut& cut : design.cuts) {
    const Stream& from = design.streams[cut.from.index];
    result.links.push_back({.name = from.name + " to " + design.streams[cut.to.index].name,
                            .from = dataflow::ChannelId(cut.from.index),
                            .to = dataflow::ChannelId(cut.to.index)});
  }
  for (const DesignPort& port : design.ports) {
    auto& side = port.isInput ? result.sources : result.sinks;
    side.push_back({.name = port.name,
                    .channel = dataflow::ChannelId(port.stream.index),
                    .beatsPerFrame = design.streams[port.stream.index].beatsPerFrame});
  }
  return result;
}

}  // namespace sluice::map

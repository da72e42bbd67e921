#include "map/design.h"

namespace sluice::map {

kernel::FifoParams fifoParams(const Stream& stream) {
  return {.width = stream.beat.width(),
          .depth = stream.depth,
          .kind = stream.kind,
          .reserveIsPush = reserveIsPush(stream)};
}

namespace {

/// A place costs the bits of its beat, so that the sizer saves dear places first.
dataflow::Channel channel(const Stream& stream) {
  return {.name = stream.name, .depth = stream.depth, .weight = stream.beat.width()};
}

}  // namespace

dataflow::Network network(const Design& design) {
  dataflow::Network result;
  for (const Stream& stream : design.streams) result.channels.push_back(channel(stream));
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
                            .to = dataflow::ChannelId(cut.to.index),
                            .latency = cut.latency});
  }
  for (const DesignPort& port : design.ports) {
    auto& side = port.isInput ? result.sources : result.sinks;
    side.push_back({.name = port.name,
                    .channel = dataflow::ChannelId(port.stream.index),
                    .beatsPerFrame = design.streams[port.stream.index].beatsPerFrame});
  }
  return result;
}

dataflow::Network subgraphNetwork(const Design& design, SubgraphId subgraph) {
  dataflow::Network result;
  std::vector<dataflow::ChannelId> channelOf(design.streams.size());
  for (std::size_t s = 0; s < design.streams.size(); ++s) {
    const Stream& stream = design.streams[s];
    if (stream.subgraph != subgraph) continue;
    channelOf[s] = dataflow::ChannelId(result.channels.size());
    result.channels.push_back(channel(stream));
    const dataflow::Port port{
        .name = stream.name, .channel = channelOf[s], .beatsPerFrame = stream.beatsPerFrame};
    if (!stream.writer.valid()) result.sources.push_back(port);
    if (!stream.reader.valid()) result.sinks.push_back(port);
  }
  for (const KernelInstance& instance : design.kernels) {
    if (instance.subgraph != subgraph) continue;
    std::vector<dataflow::ChannelId> channels;
    for (const StreamId stream : instance.streams) channels.push_back(channelOf[stream.index]);
    dataflow::Actor actor = kernel::actor(instance.kernel, std::move(channels));
    actor.name = instance.name;
    result.actors.push_back(std::move(actor));
  }
  return result;
}

}  // namespace sluice::map

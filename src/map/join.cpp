#include "map/join.h"

#include "base/check.h"
#include "kernel/fork/fork.h"
#include "kernel/width/width.h"

namespace sluice::map {

void Joiner::beginSubgraph(SubgraphId subgraph) {
  subgraph_ = subgraph;
  sources_.clear();
}

KernelId Joiner::place(kernel::Kernel kernel, std::string_view name, std::vector<ir::NodeId> nodes) {
  KernelInstance instance;
  kernel.name = moduleNames_.take(name);
  instance.name = kernel.name + "_i";
  instance.streams.resize(kernel.ports.size());
  instance.kernel = std::move(kernel);
  instance.nodes = std::move(nodes);
  instance.subgraph = subgraph_;
  design_.kernels.push_back(std::move(instance));
  return KernelId(design_.kernels.size() - 1);
}

std::uint64_t Joiner::elementsOf(ir::TensorId tensor) const {
  return static_cast<std::uint64_t>(ir::elements(graph_.tensor(tensor).type.shape));
}

StreamId Joiner::stream(ir::TensorId tensor, std::uint64_t elements, Endpoint from, Endpoint to,
                        kernel::Beat beat, fixed::Interval range, std::string_view name) {
  SLUICE_CHECK(elements % beat.elements == 0, "kernels are given beats that divide the tensor");
  Stream made{.name = streamNames_.take(name),
              .tensor = tensor,
              .beat = beat,
              .range = range,
              .beatsPerFrame = elements / beat.elements,
              .writer = from.kernel,
              .reader = to.kernel,
              .writerPort = from.port,
              .readerPort = to.port,
              .subgraph = subgraph_};
  const StreamId id(design_.streams.size());
  for (const Endpoint end : {from, to})
    if (end.kernel.valid()) design_.kernels[end.kernel.index].streams[end.port] = id;
  design_.streams.push_back(std::move(made));
  return id;
}

Status Joiner::provide(ir::TensorId tensor, Endpoint source, kernel::Beat beat, fixed::Interval range,
                       std::uint32_t uses) {
  Source& made = sources_[tensor];
  made = {.free = {source}, .beat = beat, .range = range};
  if (uses <= 1) return {};
  SLUICE_TRY(kernel::Kernel fork, kernel::fork({.outputs = uses, .beat = beat, .range = range}));
  const KernelId id = place(std::move(fork), "fork_" + graph_.tensor(tensor).name, {});
  stream(tensor, elementsOf(tensor), source, {.kernel = id, .port = 0}, beat, range,
         graph_.tensor(tensor).name);
  made.free.clear();
  for (std::uint32_t copy = uses; copy > 0; --copy) made.free.push_back({.kernel = id, .port = copy});
  return {};
}

kernel::Beat Joiner::beatOf(ir::TensorId tensor) const { return sources_.at(tensor).beat; }
fixed::Interval Joiner::rangeOf(ir::TensorId tensor) const { return sources_.at(tensor).range; }

Result<StreamId> Joiner::take(ir::TensorId tensor, Endpoint use, std::uint32_t elements) {
  Source& source = sources_.at(tensor);
  SLUICE_CHECK(!source.free.empty(), "a tensor is taken as often as was announced");
  const Endpoint from = source.free.back();
  source.free.pop_back();
  return connect(tensor, elementsOf(tensor), from, source.beat, source.range, use, elements,
                 graph_.tensor(tensor).name);
}

Result<StreamId> Joiner::connect(ir::TensorId tensor, std::uint64_t elements, Endpoint from,
                                 kernel::Beat beat, fixed::Interval range, Endpoint to,
                                 std::uint32_t toElements, std::string_view name) {
  if (toElements == beat.elements) return stream(tensor, elements, from, to, beat, range, name);
  SLUICE_TRY(kernel::Kernel converter,
             kernel::widthConverter({.from = beat.elements, .to = toElements, .range = range}));
  const KernelId id = place(std::move(converter), "width_" + std::string(name), {});
  stream(tensor, elements, from, {.kernel = id, .port = 0}, beat, range, name);
  return stream(tensor, elements, {.kernel = id, .port = 1}, to,
                {.elements = toElements, .format = beat.format}, range, name);
}

}  // namespace sluice::map

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "map/design.h"
#include "map/names.h"

/// Joining kernels by streams: the bookkeeping under mapGraph.
///
/// A tensor inside a subgraph has one source (a kernel's port, or an input of the subgraph) and as many uses as there are
/// kernels and subgraph outputs that take it. With one use the source and the use share one stream; with more, a fork
/// copies it. Where the beats of source and use differ in elements, a width converter stands between two streams.
namespace sluice::map {

/// One end of a stream: a port of a kernel, or the outside of the subgraph (no kernel).
struct Endpoint {
  KernelId kernel;
  std::uint32_t port = 0;
};

class Joiner {
 public:
  Joiner(Design& design, const ir::Graph& graph) : design_(design), graph_(graph) {}

  /// Starts a subgraph; everything placed afterwards stands in it.
  void beginSubgraph(SubgraphId subgraph);

  /// A tensor comes from `source` in beats of `beat`, and will be taken `uses` times in this subgraph.
  /// Errors: those of the fork kernel.
  Status provide(ir::TensorId tensor, Endpoint source, kernel::Beat beat, fixed::Interval range,
                 std::uint32_t uses);

  /// The beat in which the tensor is to be had here.
  [[nodiscard]] kernel::Beat beatOf(ir::TensorId tensor) const;
  [[nodiscard]] fixed::Interval rangeOf(ir::TensorId tensor) const;

  /// Takes the tensor into `use` in beats of `elements`; a width converter comes between where needed.
  /// Returns the stream that ends at `use`. Errors: those of the width converter.
  Result<StreamId> take(ir::TensorId tensor, Endpoint use, std::uint32_t elements);

  /// Joins two ends, `elements` a frame, in beats of `from` there and of `toElements` here. The stream is shown as carrying
  /// `tensor`, though it may be windows of it. Returns the stream that ends at `to`. Errors: as take.
  Result<StreamId> connect(ir::TensorId tensor, std::uint64_t elements, Endpoint from, kernel::Beat beat,
                           fixed::Interval range, Endpoint to, std::uint32_t toElements,
                           std::string_view name);

  /// Places a kernel; its streams are filled in by provide, take and connect.
  KernelId place(kernel::Kernel kernel, std::string_view name, std::vector<ir::NodeId> nodes);

 private:
  struct Source {
    std::vector<Endpoint> free;  ///< ends still to be taken
    kernel::Beat beat;
    fixed::Interval range;
  };
  StreamId stream(ir::TensorId tensor, std::uint64_t elements, Endpoint from, Endpoint to, kernel::Beat beat,
                  fixed::Interval range, std::string_view name);
  [[nodiscard]] std::uint64_t elementsOf(ir::TensorId tensor) const;

  Design& design_;
  const ir::Graph& graph_;
  SubgraphId subgraph_;
  std::map<ir::TensorId, Source> sources_;  ///< of the present subgraph
  NamePool moduleNames_, streamNames_;

 public:
  NamePool& moduleNames() { return moduleNames_; }
  NamePool& streamNames() { return streamNames_; }
};

}  // namespace sluice::map

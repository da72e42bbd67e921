#include "map/pace.h"

#include <algorithm>

#include "ir/geometry.h"

namespace sluice::map {

Product productOf(const ir::Graph& graph, const ir::Node& node) {
  const auto elements = [&](ir::TensorId tensor) {
    return static_cast<std::uint64_t>(ir::elements(graph.tensor(tensor).type.shape));
  };
  const bool isDense = std::holds_alternative<ir::Dense>(node.operation);
  const auto* conv = std::get_if<ir::CodeConv>(&node.operation);
  if (!isDense && conv == nullptr) return {.vectors = 0};
  const auto outputs = static_cast<std::uint64_t>(ir::channels(graph.tensor(node.output).type.shape));
  return {.vectors = elements(node.output) / outputs,
          .inputs = elements(node.inputs[1]) / outputs,  // of a convolution: of one output's group
          .outputs = outputs};
}

std::uint64_t Pace::cyclesOf(const Product& product) const {
  if (reuseFactor == 0) return frame;
  return product.vectors * std::min(reuseFactor, product.inputs * product.outputs);
}

Pace paceOf(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes, const MapOptions& options) {
  if (options.targetInterval) return {.frame = *options.targetInterval};
  Pace pace{.frame = 1, .reuseFactor = options.reuseFactor.value_or(kDefaultReuseFactor)};
  bool convolutions = false;
  for (const ir::NodeId id : nodes) {
    const ir::Node& node = graph.node(id);
    pace.frame = std::max(pace.frame, pace.cyclesOf(productOf(graph, node)));
    convolutions = convolutions || std::holds_alternative<ir::CodeConv>(node.operation);
  }
  // Without a product: an element a cycle.
  if (pace.frame == 1)
    for (const ir::NodeId id : nodes)
      pace.frame =
          std::max(pace.frame,
                   static_cast<std::uint64_t>(ir::elements(graph.tensor(graph.node(id).output).type.shape)));
  if (convolutions && !options.reuseFactor) pace.reuseFactor = 0;
  return pace;
}

}  // namespace sluice::map

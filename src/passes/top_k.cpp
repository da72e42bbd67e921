#include "passes/on_grid.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

/// The tensor whose elements, along the last axis, are in the same order as those of `id`, as far back as
/// that is sure: through strictly rising functions that are the same for every element.
ir::TensorId orderOf(const ir::Graph& graph, ir::TensorId id) {
  while (graph.tensor(id).type.isReal() && graph.tensor(id).producer.valid()) {
    const ir::Node& node = graph.node(graph.tensor(id).producer);
    bool rising = std::holds_alternative<ir::Softmax>(node.operation);
    ir::TensorId before = node.inputs.empty() ? id : node.inputs[0];
    if (const auto* unary = std::get_if<ir::Unary>(&node.operation))
      rising = unary->kind == ir::UnaryKind::identity || unary->kind == ir::UnaryKind::sigmoid ||
               unary->kind == ir::UnaryKind::tanh;
    if (const auto* binary = std::get_if<ir::Binary>(&node.operation)) {
      const bool constantFirst = graph.tensor(node.inputs[0]).isConstant();
      const auto value = singleValue(graph.tensor(node.inputs[constantFirst ? 0 : 1]));
      before = node.inputs[constantFirst ? 1 : 0];
      switch (binary->kind) {
        case ir::BinaryKind::add:
          rising = value.has_value();
          break;
        case ir::BinaryKind::subtract:
          rising = value && !constantFirst;
          break;
        case ir::BinaryKind::multiply:
          rising = value && *value > 0;
          break;
        case ir::BinaryKind::divide:
          rising = value && *value > 0 && !constantFirst;
          break;
        default:
          break;
      }
    }
    if (!rising || graph.tensor(before).type.shape != graph.tensor(id).type.shape) break;
    id = before;
  }
  return id;
}

}  // namespace

Result<Change> appendTopK(ir::Graph& graph, const LowerOptions& options) {
  Change change;
  if (!options.appendTopK) return change;
  for (ir::TensorId& output : graph.outputs) {
    const std::string name = graph.tensor(output).name;
    const ir::TensorId order = orderOf(graph, output);
    // Only codes are worth going back to: of real values the output itself is compared.
    const ir::TensorId compared = graph.tensor(order).type.isReal() ? output : order;
    std::string unique = name + ".topK";
    while (graph.findNode(unique) || graph.findTensor(unique)) unique += "_";
    SLUICE_TRY(output, graph.addNode(unique, ir::TopK{.k = *options.appendTopK}, {compared}));
    ++change.places;
  }
  return change;
}

}  // namespace sluice::passes

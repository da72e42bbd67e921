#include "passes/fuse_chains.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

/// Whether the element-wise node does the same to elements that were reshaped first: its constants are single
/// values, or per channel with the last axis kept.
bool commutes(const ir::Graph& graph, const ir::Node& node, const ir::Shape& from, const ir::Shape& to) {
  if (std::holds_alternative<ir::Unary>(node.operation)) return true;
  const bool keepsChannels = ir::channels(from) == ir::channels(to);
  if (std::holds_alternative<ir::BatchNormalize>(node.operation)) return keepsChannels;
  if (!std::holds_alternative<ir::Binary>(node.operation)) return false;
  int computed = 0;
  for (const ir::TensorId input : node.inputs) {
    const ir::Tensor& tensor = graph.tensor(input);
    if (!tensor.isConstant()) {
      if (tensor.type.shape != from) return false;
      ++computed;
      continue;
    }
    // A constant of one value, of a rank that does not make the result's larger; or [channels].
    const std::int64_t count = ir::elements(tensor.type.shape);
    if (tensor.type.shape.size() > to.size()) return false;
    if (count != 1 && !(keepsChannels && tensor.type.shape.size() == 1)) return false;
  }
  return computed == 1;
}

}  // namespace

Result<Change> liftReshape(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  const std::vector<bool> touches = touchesCodes(graph);
  for (const ir::Node& node : graph.nodes) {
    const auto* reshape = std::get_if<ir::Reshape>(&node.operation);
    std::vector<const ir::Node*> path;  // element-wise nodes before it, last first
    ir::TensorId begin = node.inputs.empty() ? ir::TensorId() : node.inputs[0];
    if (reshape != nullptr && graph.tensor(node.output).type.isReal() && touches[node.output.index]) {
      // Only a path that leads to codes is worth it; the tensors on it must have no other reader.
      while (graph.tensor(begin).type.isReal() && graph.tensor(begin).producer.valid() &&
             rewrite.readers(begin) == 1) {
        const ir::Node& before = graph.node(graph.tensor(begin).producer);
        if (!commutes(graph, before, graph.tensor(begin).type.shape, reshape->shape)) break;
        path.push_back(&before);
        for (const ir::TensorId input : before.inputs)
          if (!graph.tensor(input).isConstant()) begin = input;
      }
      if (graph.tensor(begin).type.isReal()) path.clear();
    }
    if (path.empty()) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    auto lifted = rewrite.add(node.name + ".lifted", *reshape, {rewrite.at(begin)}, originsOf(node));
    if (!lifted.ok()) {  // codes with a scale per channel that the reshape would tear apart
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    ir::TensorId x = *lifted;
    for (std::size_t k = path.size(); k-- > 0;) {
      std::vector<ir::TensorId> inputs;
      for (const ir::TensorId input : path[k]->inputs)
        inputs.push_back(graph.tensor(input).isConstant() ? rewrite.at(input) : x);
      if (k > 0) {
        SLUICE_TRY(x, rewrite.add(path[k]->name, path[k]->operation, std::move(inputs), originsOf(*path[k])));
      } else {
        SLUICE_TRY(x, rewrite.replace(node, path[k]->operation, std::move(inputs), originsOf(*path[k])));
      }
    }
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes

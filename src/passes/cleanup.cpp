#include <algorithm>
#include <vector>

#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

bool allEqual(const ir::Tensor& tensor, double value) {
  if (!tensor.isConstant() || !tensor.type.isReal()) return false;
  const auto& list = ir::realsOf(tensor);
  return std::all_of(list.begin(), list.end(), [&](double v) { return v == value; });
}

/// The input that the node's output equals, type included.
std::optional<ir::TensorId> sameAs(const ir::Graph& graph, const ir::Node& node) {
  if (node.inputs.empty()) return std::nullopt;
  const ir::Tensor& x = graph.tensor(node.inputs[0]);
  const ir::Tensor& y = graph.tensor(node.output);
  if (x.isConstant() || x.type.shape != y.type.shape) return std::nullopt;
  bool same = false;
  if (const auto* unary = std::get_if<ir::Unary>(&node.operation))
    same = unary->kind == ir::UnaryKind::identity;
  if (std::holds_alternative<ir::Reshape>(node.operation)) same = true;
  if (const auto* transpose = std::get_if<ir::Transpose>(&node.operation))
    same = std::is_sorted(transpose->permutation.begin(), transpose->permutation.end());
  // Of the same shape, these move nothing.
  const auto* resize = std::get_if<ir::Resize>(&node.operation);
  same = same || std::holds_alternative<ir::Expand>(node.operation) ||
         std::holds_alternative<ir::Pad>(node.operation) ||
         std::holds_alternative<ir::Slice>(node.operation) ||
         (std::holds_alternative<ir::Concat>(node.operation) && node.inputs.size() == 1) ||
         (resize != nullptr && resize->factors.empty());
  if (const auto* pool = std::get_if<ir::Pool>(&node.operation))
    same = pool->kind != ir::PoolKind::sum && pool->window == ir::Window{} &&
           std::all_of(pool->kernel.begin(), pool->kernel.end(), [](std::int64_t k) { return k == 1; });
  if (const auto* binary = std::get_if<ir::Binary>(&node.operation)) {
    const ir::Tensor& c = graph.tensor(node.inputs[1]);
    switch (binary->kind) {
      case ir::BinaryKind::add:
      case ir::BinaryKind::subtract:
        same = allEqual(c, 0);
        break;
      case ir::BinaryKind::multiply:
      case ir::BinaryKind::divide:
        same = allEqual(c, 1);
        break;
      default:
        break;
    }
  }
  if (!same || x.type.isReal() != y.type.isReal()) return std::nullopt;
  return node.inputs[0];
}

}  // namespace

Result<Change> foldIdentity(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  std::vector<bool> isOutput(graph.tensors.size());
  for (const ir::TensorId output : graph.outputs) isOutput[output.index] = true;
  for (const ir::Node& node : graph.nodes) {
    // An output keeps its node, and with it its name.
    const auto same = isOutput[node.output.index] ? std::nullopt : sameAs(graph, node);
    if (same) {
      rewrite.alias(node.output, rewrite.at(*same));
      ++change.places;
    } else {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
    }
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

Result<Change> removeDead(ir::Graph& graph, const LowerOptions&) {
  std::vector<bool> needed(graph.tensors.size());
  for (const ir::TensorId output : graph.outputs) needed[output.index] = true;
  for (std::size_t i = graph.nodes.size(); i-- > 0;)
    if (needed[graph.nodes[i].output.index])
      for (const ir::TensorId input : graph.nodes[i].inputs) needed[input.index] = true;
  Change change;
  Rewrite rewrite(graph);
  for (const ir::Node& node : graph.nodes) {
    if (!needed[node.output.index] && !std::holds_alternative<ir::Input>(node.operation))
      ++change.places;
    else
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes

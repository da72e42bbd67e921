#include "quantize/sites.h"

#include <algorithm>

namespace sluice::quantize {
namespace {

/// Moves elements or picks some: codes in, the same codes out.
bool isMove(const ir::Operation& operation) {
  if (const auto* pool = std::get_if<ir::Pool>(&operation)) return pool->kind == ir::PoolKind::max;
  if (const auto* reduce = std::get_if<ir::Reduce>(&operation))
    return reduce->kind == ir::ReduceKind::max || reduce->kind == ir::ReduceKind::min;
  if (const auto* resize = std::get_if<ir::Resize>(&operation))
    return resize->kind == ir::ResizeKind::nearest;
  if (const auto* unary = std::get_if<ir::Unary>(&operation)) return unary->kind == ir::UnaryKind::identity;
  return std::holds_alternative<ir::Reshape>(operation) || std::holds_alternative<ir::Transpose>(operation) ||
         std::holds_alternative<ir::Concat>(operation) || std::holds_alternative<ir::Pad>(operation) ||
         std::holds_alternative<ir::Slice>(operation) || std::holds_alternative<ir::Expand>(operation) ||
         std::holds_alternative<ir::Gather>(operation);
}

/// Whether the node must read codes to be exact in integers.
bool readsCodes(const ir::Graph& graph, const ir::Node& node) {
  const ir::Operation& operation = node.operation;
  if (std::holds_alternative<ir::Conv>(operation) || std::holds_alternative<ir::ConvTranspose>(operation) ||
      std::holds_alternative<ir::MatMul>(operation))
    return true;
  if (std::holds_alternative<ir::Binary>(operation))
    return !graph.tensor(node.inputs[0]).isConstant() && !graph.tensor(node.inputs[1]).isConstant();
  if (const auto* pool = std::get_if<ir::Pool>(&operation)) return pool->kind != ir::PoolKind::max;
  if (const auto* reduce = std::get_if<ir::Reduce>(&operation))
    return reduce->kind == ir::ReduceKind::sum || reduce->kind == ir::ReduceKind::mean;
  if (const auto* resize = std::get_if<ir::Resize>(&operation)) return resize->kind == ir::ResizeKind::linear;
  return false;
}

bool notNegative(const ir::Graph& graph, ir::TensorId id, const std::vector<bool>& known) {
  const ir::Tensor& tensor = graph.tensor(id);
  if (tensor.isConstant()) return false;
  const ir::Node& node = graph.node(tensor.producer);
  const auto all = [&] {
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ir::TensorId input) { return known[input.index]; });
  };
  if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
    switch (unary->kind) {
      case ir::UnaryKind::relu:
      case ir::UnaryKind::sigmoid:
      case ir::UnaryKind::absolute:
      case ir::UnaryKind::exp:
      case ir::UnaryKind::sqrt:
      case ir::UnaryKind::softplus:
      case ir::UnaryKind::hardSigmoid:
        return true;
      case ir::UnaryKind::thresholdedRelu:
      case ir::UnaryKind::clip:
        return unary->alpha >= 0;
      case ir::UnaryKind::rampRelu:
        return unary->alpha == 0 && unary->gamma >= 0;
      default:
        return unary->kind == ir::UnaryKind::identity && all();
    }
  }
  if (const auto* pad = std::get_if<ir::Pad>(&node.operation)) return pad->value >= 0 && all();
  if (const auto* binary = std::get_if<ir::Binary>(&node.operation))
    return (binary->kind == ir::BinaryKind::add || binary->kind == ir::BinaryKind::multiply ||
            binary->kind == ir::BinaryKind::minimum || binary->kind == ir::BinaryKind::maximum) &&
           all();
  if (std::holds_alternative<ir::Softmax>(node.operation)) return true;
  const bool keeps = isMove(node.operation) || std::holds_alternative<ir::Pool>(node.operation) ||
                     std::holds_alternative<ir::Reduce>(node.operation) ||
                     std::holds_alternative<ir::Resize>(node.operation);
  return keeps && !std::holds_alternative<ir::Gather>(node.operation) && all();
}

}  // namespace

std::vector<Site> sitesOf(const ir::Graph& graph) {
  std::vector<bool> isSite(graph.tensors.size(), false), positive(graph.tensors.size(), false);
  std::vector<ir::TensorId> open;
  // A softmax or layer norm that something behind reads as codes becomes integers too (passes/integer_norms.h).
  std::vector<bool> inside(graph.tensors.size(), false);
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const ir::Node& node = graph.nodes[i];
    if (inside[node.output.index] || readsCodes(graph, node))
      for (const ir::TensorId input : node.inputs) inside[input.index] = true;
  }
  const auto isNorm = [](const ir::Node& node) {
    return std::holds_alternative<ir::Softmax>(node.operation) ||
           std::holds_alternative<ir::LayerNormalize>(node.operation);
  };
  for (const ir::Node& node : graph.nodes) {
    positive[node.output.index] = notNegative(graph, node.output, positive);
    if (readsCodes(graph, node) || (isNorm(node) && inside[node.output.index]))
      for (const ir::TensorId input : node.inputs) open.push_back(input);
  }
  std::vector<bool> seen(graph.tensors.size(), false);
  while (!open.empty()) {
    const ir::TensorId id = open.back();
    open.pop_back();
    const ir::Tensor& tensor = graph.tensor(id);
    if (seen[id.index] || tensor.isConstant() || !tensor.type.isReal()) continue;
    seen[id.index] = true;
    const ir::Node& node = graph.node(tensor.producer);
    if (isMove(node.operation)) {
      for (const ir::TensorId input : node.inputs) open.push_back(input);
    } else {
      isSite[id.index] = true;
    }
  }
  std::vector<Site> sites;
  for (const ir::Node& node : graph.nodes)
    if (isSite[node.output.index])
      sites.push_back({.tensor = node.output,
                       .isSigned = !positive[node.output.index],
                       .isInput = std::holds_alternative<ir::Input>(node.operation)});
  return sites;
}

std::vector<bool> reachesSite(const ir::Graph& graph, const std::vector<Site>& sites) {
  std::vector<bool> reaches(graph.tensors.size(), false);
  for (const Site& site : sites) reaches[site.tensor.index] = true;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const ir::Node& node = graph.nodes[i];
    const bool passes = isMove(node.operation) || std::holds_alternative<ir::Unary>(node.operation) ||
                        std::holds_alternative<ir::Binary>(node.operation) ||
                        std::holds_alternative<ir::BatchNormalize>(node.operation);
    if (!passes || !reaches[node.output.index]) continue;
    for (const ir::TensorId input : node.inputs) reaches[input.index] = true;
  }
  return reaches;
}

std::int64_t multiplicationsOf(const ir::Graph& graph, const ir::Node& node) {
  if (std::holds_alternative<ir::MatMul>(node.operation)) {
    const ir::Shape& w = graph.tensor(node.inputs[1]).type.shape;
    return ir::elements(graph.tensor(node.output).type.shape) * w[w.size() - 2];
  }
  const bool transposed = std::holds_alternative<ir::ConvTranspose>(node.operation);
  if (!transposed && !std::holds_alternative<ir::Conv>(node.operation)) return 0;
  const ir::Shape& w = graph.tensor(node.inputs[1]).type.shape;
  const ir::Shape& from = graph.tensor(transposed ? node.inputs[0] : node.output).type.shape;
  // Every element of the result (transposed: of the input) meets the kernel's places in its group.
  return ir::elements(from) / from.back() * ir::elements(w);
}

}  // namespace sluice::quantize

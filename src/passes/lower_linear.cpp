#include <algorithm>

#include "fixed/exact_bounds.h"
#include "passes/fuse_chains.h"
#include "passes/passes.h"
#include "passes/products.h"

namespace sluice::passes {
namespace {

bool isProduct(const ir::Node& node) {
  return std::holds_alternative<ir::MatMul>(node.operation) ||
         std::holds_alternative<ir::Conv>(node.operation);
}

bool isConstant(const ir::Graph& graph, const ir::Node& node, std::size_t i) {
  return graph.tensor(node.inputs[i]).isConstant();
}

/// A Binary of two computed tensors.
bool meets(const ir::Graph& graph, const ir::Node& node) {
  return std::holds_alternative<ir::Binary>(node.operation) && !isConstant(graph, node, 0) &&
         !isConstant(graph, node, 1);
}

/// A Binary with a constant that differs from place to place, not only from channel to channel.
bool variesInPlace(const ir::Graph& graph, const ir::Node& node) {
  if (!std::holds_alternative<ir::Binary>(node.operation)) return false;
  for (const std::size_t i : {0u, 1u}) {
    const ir::Tensor& operand = graph.tensor(node.inputs[i]);
    if (!operand.isConstant() || isConstant(graph, node, 1 - i)) continue;
    const auto reals = exactReals(operand);
    return reals && !perChannel(*reals, operand.type.shape, graph.tensor(node.output).type.shape);
  }
  return false;
}

/// Per tensor: whether something that needs integers comes after it.
std::vector<bool> wantedTensors(const ir::Graph& graph) {
  std::vector<bool> wanted(graph.tensors.size());
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const ir::Node& node = graph.nodes[i];
    if (wanted[node.output.index] || isQuantizer(node) || isProduct(node) || meets(graph, node) ||
        ir::info(node.operation).integer)
      for (const ir::TensorId input : node.inputs) wanted[input.index] = true;
  }
  return wanted;
}

}  // namespace

Result<Change> lowerLinear(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  OnGrid onGrid(rewrite);
  const std::vector<std::vector<ir::NodeId>> users = ir::allUsers(graph);
  const std::vector<bool> touches = touchesCodes(graph);
  const std::vector<bool> wanted = wantedTensors(graph);
  LinearLowering lowering(rewrite, onGrid, users);
  for (const ir::Node& node : graph.nodes) {
    if (rewrite.has(node.output)) continue;  // a sum that its product has taken up
    const bool real = graph.tensor(node.output).type.isReal();
    bool done = false;
    if (std::holds_alternative<ir::MatMul>(node.operation)) {
      SLUICE_TRY(done, lowering.matrixProduct(node));
    } else if (std::holds_alternative<ir::Conv>(node.operation)) {
      SLUICE_TRY(done, lowering.convolution(node));
    } else if (real && touches[node.output.index] &&
               (meets(graph, node) || (wanted[node.output.index] && variesInPlace(graph, node)))) {
      SLUICE_TRY(done, lowering.merge(node));
    } else if (real && touches[node.output.index] && wanted[node.output.index] &&
               ir::isStructure(node.operation)) {
      SLUICE_TRY(const OnGrid::Maybe made, onGrid.structure(node, true));
      done = made.has_value();
    }
    if (done)
      ++change.places;
    else
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

std::string productProblem(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& x = graph.tensor(node.inputs[0]);
  const ir::Tensor& w = graph.tensor(node.inputs[1]);
  const auto noGrid = [&](const ir::Tensor& tensor) {
    return "reads '" + tensor.name + "', which is real: put a quantizer before it (after node '" +
           graph.node(tensor.producer).name + "')";
  };
  if (!w.isConstant() && !x.isConstant()) {
    for (const ir::Tensor* operand : {&x, &w})
      if (operand->type.isReal())
        return "multiplies two tensors that are computed, '" + x.name + "' and '" + w.name + "', and '" +
               operand->name + "' is real: put a quantizer before it";
    return "multiplies two tensors that are computed, '" + x.name + "' and '" + w.name +
           "', whose scales have no common step or no exact product";
  }
  if (x.isConstant()) return "has its constant on the left; write it as x times weights";
  const auto weights = weightsOf(w);
  if (!weights && w.type.isReal())
    return "has weights '" + w.name + "' that are real numbers and lie on no grid of 16 bits; quantize them";
  if (!weights) return "has weights '" + w.name + "' whose codes lie on no common grid of 53 bits";
  if (x.type.isReal()) return noGrid(x);
  if (w.type.shape.size() != 2 && std::holds_alternative<ir::MatMul>(node.operation))
    return "has weights of shape " + ir::text(w.type.shape) + "; only two axes are supported";
  const auto step = commonStep(x.type.codes->scale);
  if (!step) return "reads codes '" + x.name + "' whose scales have no common step";
  for (const double scale : x.type.codes->scale) {
    const auto factor = wholeSteps(scale, *step);
    if (!factor || *factor > (std::int64_t{1} << 32))
      return "reads codes '" + x.name + "' with a scale per channel; a sum over channels needs one scale";
  }
  return "multiplies scales whose product is not exact in float64; quantize '" + x.name + "' before it";
}

}  // namespace sluice::passes

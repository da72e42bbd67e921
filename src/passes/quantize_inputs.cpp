#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {

Result<Change> quantizeInputs(ir::Graph& graph, const LowerOptions& options) {
  const auto isProduct = [](const ir::Node& node) {
    return std::holds_alternative<ir::MatMul>(node.operation) ||
           std::holds_alternative<ir::Conv>(node.operation) ||
           std::holds_alternative<ir::ConvTranspose>(node.operation);
  };
  // Real tensors that come from an input with no codes on the way.
  std::vector<bool> raw(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    if (!graph.tensor(node.output).type.isReal()) continue;
    raw[node.output.index] = std::holds_alternative<ir::Input>(node.operation);
    for (const ir::TensorId input : node.inputs)
      if (raw[input.index]) raw[node.output.index] = true;
    // A product that gets a quantizer is no longer raw.
    if (isProduct(node)) raw[node.output.index] = false;
  }
  Change change;
  Rewrite rewrite(graph);
  std::vector<ir::TensorId> quantized(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    const bool enters =
        isProduct(node) && raw[node.inputs[0].index] && graph.tensor(node.inputs[1]).isConstant();
    if (!enters) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const ir::Tensor& x = graph.tensor(node.inputs[0]);
    if (!options.inputFormat)
      return unsupported("reads '" + x.name + "', which no quantizer comes before; give a format for inputs",
                         "node '" + node.name + "'");
    ir::TensorId& codes = quantized[node.inputs[0].index];
    if (!codes.valid()) {
      SLUICE_TRY(codes,
                 rewrite.add(x.name + ".quantized", *options.inputFormat, {rewrite.at(node.inputs[0])}, {}));
      ++change.places;
    }
    std::vector<ir::TensorId> inputs{codes};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) inputs.push_back(rewrite.at(node.inputs[i]));
    SLUICE_TRY(const ir::TensorId added,
               rewrite.replace(node, node.operation, std::move(inputs), node.origins));
    (void)added;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes

#include "base/diagnostics.h"
#include "passes/fuse_chains.h"
#include "passes/on_grid.h"
#include "passes/passes.h"

namespace sluice::passes {
namespace {

std::string productProblem(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& x = graph.tensor(node.inputs[0]);
  const ir::Tensor& w = graph.tensor(node.inputs[1]);
  if (!w.isConstant())
    return "multiplies two tensors that are computed, '" + x.name + "' and '" + w.name +
           "'; only products with constant weights become hardware";
  if (x.isConstant()) return "has its constant on the left; write it as x times weights";
  if (w.type.isReal())
    return "has weights '" + w.name + "' that are real numbers and lie on no grid of 16 bits; quantize them";
  if (w.type.codes->range.hi > (std::int64_t{1} << 61) || w.type.codes->range.lo < -(std::int64_t{1} << 61))
    return "has weights '" + w.name + "' with codes beyond 2^61";
  if (x.type.isReal())
    return "reads '" + x.name + "', which is real: put a quantizer before it (after node '" +
           graph.node(x.producer).name + "')";
  return "reads codes '" + x.name + "' with a scale per channel; a sum over channels needs one scale";
}

}  // namespace

Result<Change> checkLowered(ir::Graph& graph, const LowerOptions&) {
  Diagnostics problems(graph.name);
  const std::vector<bool> touches = touchesCodes(graph);
  // Real nodes after codes from which codes are made again, other than quantizers, are part of a quantizer's
  // problem.
  for (const ir::Node& node : graph.nodes) {
    const std::string where = "node '" + node.name + "'";
    if (std::holds_alternative<ir::MatMul>(node.operation)) {
      problems.add(unsupported(productProblem(graph, node), where));
      continue;
    }
    const bool quantizer = std::holds_alternative<ir::Quantize>(node.operation) ||
                           std::holds_alternative<ir::Bipolar>(node.operation);
    if (!quantizer || !touches[node.inputs[0].index]) continue;
    const Status problem = chainProblem(graph, node);
    if (!problem.ok())
      problems.add(problem.error());
    else
      problems.add(unsupported("the chain before it was not fused, though it could be", where));
  }
  SLUICE_RETURN_IF_ERROR(problems.status());
  return Change{};
}

}  // namespace sluice::passes

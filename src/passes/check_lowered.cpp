#include "base/diagnostics.h"
#include "passes/fuse_chains.h"
#include "passes/passes.h"
#include "passes/products.h"

namespace sluice::passes {

Result<Change> checkLowered(ir::Graph& graph, const LowerOptions&) {
  Diagnostics problems(graph.name);
  const std::vector<bool> touches = touchesCodes(graph);
  // Real nodes after codes from which codes are made again, other than quantizers, are part of a quantizer's
  // problem.
  for (const ir::Node& node : graph.nodes) {
    const std::string where = "node '" + node.name + "'";
    if (std::holds_alternative<ir::MatMul>(node.operation) ||
        std::holds_alternative<ir::Conv>(node.operation) ||
        std::holds_alternative<ir::ConvTranspose>(node.operation)) {
      problems.add(unsupported(productProblem(graph, node), where));
      continue;
    }
    if (!isQuantizer(node) || !touches[node.inputs[0].index]) continue;
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

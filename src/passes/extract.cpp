#include "passes/extract.h"

#include <algorithm>
#include <map>

#include "ir/regions.h"

namespace sluice::passes {

Result<Extract> extract(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes) {
  SLUICE_TRY(const ir::Regions regions, ir::regions(graph));
  std::vector<bool> inside(graph.nodes.size(), false), middle(graph.nodes.size(), false);
  for (const ir::NodeId id : nodes) inside[id.index] = true;
  for (const ir::NodeId id : regions.integer) middle[id.index] = true;
  std::vector<bool> wanted(graph.tensors.size(), false), made(graph.tensors.size(), false),
      entering(graph.tensors.size(), false);
  for (const ir::TensorId output : regions.hardwareOutputs) wanted[output.index] = true;
  for (std::uint32_t v = 0; v < graph.nodes.size(); ++v) {
    if (inside[v]) made[graph.nodes[v].output.index] = true;
    for (const ir::TensorId input : graph.nodes[v].inputs) {
      if (middle[v] && !inside[v]) wanted[input.index] = true;
      if (inside[v] && !graph.tensor(input).isConstant()) entering[input.index] = true;
    }
  }
  Extract result;
  result.graph.name = graph.name;
  std::map<ir::TensorId, ir::TensorId> now;
  for (std::uint32_t t = 0; t < graph.tensors.size(); ++t)
    if (entering[t] && !made[t]) {
      result.inputs.emplace_back(t);
      now[ir::TensorId(t)] = result.graph.addInput(graph.tensors[t].name, graph.tensors[t].type);
    }
  for (const ir::NodeId id : nodes) {
    const ir::Node& node = graph.node(id);
    std::vector<ir::TensorId> inputs;
    for (const ir::TensorId input : node.inputs) {
      const ir::Tensor& tensor = graph.tensor(input);
      if (!now.contains(input)) {
        now[input] = ir::TensorId(result.graph.tensors.size());
        result.graph.tensors.push_back(tensor);
      }
      inputs.push_back(now.at(input));
    }
    SLUICE_TRY(const ir::TensorId y,
               result.graph.addNode(node.name, node.operation, std::move(inputs), node.origins));
    result.graph.tensors[y.index].name = graph.tensor(node.output).name;
    now[node.output] = y;
  }
  for (std::uint32_t t = 0; t < graph.tensors.size(); ++t)
    if (made[t] && wanted[t]) {
      result.outputs.emplace_back(t);
      result.graph.outputs.push_back(now.at(ir::TensorId(t)));
    }
  return result;
}

}  // namespace sluice::passes

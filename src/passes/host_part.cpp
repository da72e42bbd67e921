#include "passes/host_part.h"

#include "ir/regions.h"
#include "passes/fuse_chains.h"

namespace sluice::passes {
namespace {

std::string reason(const ir::Graph& graph, const ir::Node& node, bool before) {
  if (before) {
    if (isQuantizer(node)) return "it makes the codes that the integer part starts from";
    return "no quantizer comes before it";
  }
  for (const ir::TensorId input : node.inputs)
    if (!graph.tensor(input).type.isReal() && graph.tensor(input).producer.valid())
      return "no quantizer comes behind it, so its exact result is no integer";
  return "it comes behind others that stay with the host";
}

}  // namespace

Result<std::vector<HostNode>> hostPart(const ir::Graph& lowered) {
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  std::vector<HostNode> nodes;
  for (const bool before : {true, false})
    for (const ir::NodeId id : before ? regions.prologue : regions.epilogue) {
      const ir::Node& node = lowered.node(id);
      if (std::holds_alternative<ir::Input>(node.operation)) continue;
      nodes.push_back({.node = id, .before = before, .why = reason(lowered, node, before)});
    }
  return nodes;
}

Result<std::vector<std::string>> hostPartText(const ir::Graph& lowered) {
  SLUICE_TRY(const std::vector<HostNode> nodes, hostPart(lowered));
  std::vector<std::string> lines;
  for (const HostNode& one : nodes) {
    const ir::Node& node = lowered.node(one.node);
    lines.push_back("node '" + node.name + "' (" + ir::info(node.operation).name +
                    ") stays with the host: " + one.why);
  }
  return lines;
}

}  // namespace sluice::passes

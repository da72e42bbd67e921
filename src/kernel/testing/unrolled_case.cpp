#include "kernel/testing/unrolled_case.h"

#include "base/check.h"
#include "ir/reference.h"

namespace sluice::kernel {

std::vector<ir::NodeId> integerNodes(const ir::Graph& graph) {
  std::vector<ir::NodeId> nodes;
  for (std::uint32_t n = 0; n < graph.nodes.size(); ++n)
    if (ir::isInteger(graph, graph.nodes[n])) nodes.emplace_back(n);
  return nodes;
}

PassData referencePass(const ir::Graph& graph, const UnrolledPorts& ports, const PassData& reads) {
  std::vector<ir::Feed> feeds;
  for (std::size_t p = 0; p < reads.size(); ++p) feeds.push_back({ports.reads[p], reads[p]});
  const auto values = ir::evaluate(graph, feeds, ports.writes, 1);
  SLUICE_CHECK(values.ok(), "random codes lie in the ranges of the inputs");
  PassData writes;
  for (const ir::ConstantData& value : *values) writes.push_back(std::get<std::vector<std::int64_t>>(value));
  return writes;
}

}  // namespace sluice::kernel

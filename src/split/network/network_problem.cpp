#include "split/network/network_problem.h"

#include <algorithm>

#include "base/check.h"
#include "dataflow/simulate.h"
#include "map/partition_of.h"
#include "split/network/subgraph_costs.h"

namespace sluice::splits {
Result<NetworkProblem> networkProblem(const ir::Graph& lowered, const map::MapOptions& options,
                                      const ClusterSpec& cluster, Times times) {
  SLUICE_CHECK(options.regime != map::Regime::automatic, "the regime was chosen");
  NetworkProblem result{.regime = options.regime};
  SLUICE_TRY(result.nodes, map::kernelNodes(lowered, options.regime));
  SLUICE_TRY(const map::Partition finest, map::finestPartition(lowered, options.regime));
  std::vector<std::string> names;
  for (const ir::NodeId node : result.nodes) names.push_back(lowered.node(node).name);
  Problem& problem = result.problem;
  for (const hdl::Family family : familiesOf(cluster)) {
    map::MapOptions own = options;
    own.family = family;
    SLUICE_TRY(map::Design design, map::mapGraph(lowered, own, finest));
    SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, family));
    SLUICE_CHECK(design.subgraphs.size() == result.nodes.size(), "every node stands alone");
    const std::vector<hdl::Cost> costs = costsOf(design, family);
    const std::vector<std::uint64_t> cycles = cyclesOf(design);
    if (problem.nodes.empty()) {
      problem = problemOf(design, lowered.name, names, cluster,
                          times == Times::latency ? Work::sum : Work::slowest);
      for (Node& node : problem.nodes) node.time.resize(cluster.kinds.size());
      result.costs = costs;
      result.cycles = cycles;
    }
    for (std::size_t v = 0; v < cycles.size(); ++v) result.cycles[v] = std::max(result.cycles[v], cycles[v]);
    std::vector<std::uint64_t> latency = cycles;
    if (times == Times::latency)
      for (std::uint32_t g = 0; g < latency.size(); ++g) {
        SLUICE_TRY(const dataflow::Performance alone,
                   dataflow::measure(map::subgraphNetwork(design, map::SubgraphId(g)), 2));
        latency[g] = alone.latency;
      }
    for (std::size_t v = 0; v < result.nodes.size(); ++v) {
      const std::vector<double> size = sizesOf(costs[v]);
      problem.nodes[v].size.insert(problem.nodes[v].size.end(), size.begin(), size.end());
      for (std::size_t k = 0; k < cluster.kinds.size(); ++k)
        if (cluster.kinds[k].board.part.family == family)
          problem.nodes[v].time[k] = static_cast<double>(latency[v]) / cluster.kinds[k].board.targetMhz;
    }
  }
  SLUICE_RETURN_IF_ERROR(check(problem));
  return result;
}

Result<double> leastLoad(const ir::Graph& lowered, const map::MapOptions& options,
                         const ClusterSpec& cluster) {
  SLUICE_TRY(const map::Partition finest, map::finestPartition(lowered, options.regime));
  SLUICE_TRY(const map::Design design, map::mapGraph(lowered, options, finest));
  const std::vector<std::uint64_t> cycles = cyclesOf(design);
  std::uint32_t fastest = 1;
  for (const ClusterSpec::Kind& kind : cluster.kinds) fastest = std::max(fastest, kind.board.targetMhz);
  return static_cast<double>(*std::max_element(cycles.begin(), cycles.end())) / fastest;
}

Result<map::Partition> partitionOf(const ir::Graph& lowered, const NetworkProblem& network,
                                   const Stages& stages) {
  std::vector<std::uint32_t> stage(network.nodes.size(), 0);
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (const std::uint32_t node : stages[s].nodes) stage[node] = s;
  return map::partitionOf(lowered, network.regime, stage);
}

}  // namespace sluice::splits

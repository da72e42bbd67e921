#include "split/network/network_problem.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "dataflow/simulate.h"
#include "device/part.h"
#include "hdl/simplify.h"
#include "kernel/fifo/fifo.h"
#include "map/partition_of.h"

namespace sluice::splits {
namespace {

/// Of every subgraph, without the modules around its kernels and FIFOs, which hold nothing but wires.
std::vector<hdl::Cost> costsOf(const map::Design& design, hdl::Family family) {
  std::vector<hdl::Cost> costs(design.subgraphs.size());
  for (const map::KernelInstance& instance : design.kernels)
    costs[instance.subgraph.index] += hdl::cost(hdl::simplify(kernel::elaborate(instance.kernel)), family);
  std::map<std::string, hdl::Cost> fifos;
  for (const map::Stream& stream : design.streams) {
    const kernel::FifoParams params = map::fifoParams(stream);
    const auto [found, isNew] = fifos.try_emplace(kernel::fifoName(params));
    if (isNew) found->second = hdl::cost(hdl::simplify(kernel::fifo(params)), family);
    costs[stream.subgraph.index] += found->second;
  }
  return costs;
}

/// Cycles a frame of the slowest kernel or stream of every subgraph.
std::vector<std::uint64_t> cyclesOf(const map::Design& design) {
  std::vector<std::uint64_t> cycles(design.subgraphs.size(), 1);
  const auto note = [&](map::SubgraphId subgraph, std::uint64_t least) {
    cycles[subgraph.index] = std::max(cycles[subgraph.index], least);
  };
  for (const map::KernelInstance& instance : design.kernels) {
    const dataflow::Schedule& schedule = instance.kernel.schedule;
    const std::uint64_t passes =
        design.streams[instance.streams[0].index].beatsPerFrame / dataflow::beatsPerPass(schedule, 0);
    note(instance.subgraph, passes * dataflow::iterations(schedule) * schedule.interval);
  }
  for (const map::Stream& stream : design.streams) note(stream.subgraph, stream.beatsPerFrame);
  return cycles;
}

std::vector<double> numbers(const std::vector<device::Usage>& rows) {
  std::vector<double> result;
  for (const device::Usage& row : rows) result.push_back(static_cast<double>(row.used));
  return result;
}

/// What a plan may use of a board, in the order of device::usage.
std::vector<double> capacityOf(const device::Board& board, const ClusterSpec& cluster) {
  const auto rows = device::usage({}, board.part.budget);
  const Shares& s = cluster.shares;
  const std::vector<double> shares = {s.lut, s.lut, s.ff, s.lut, s.dsp, s.bram};
  SLUICE_CHECK(rows.size() == shares.size(), "one share for each resource");
  const double ports = cluster.linkPorts();
  const device::Budget& link = cluster.link.cost;
  const std::vector<std::uint64_t> taken = {link.lut, 0, link.ff, 0, link.dsp, link.bram18};
  std::vector<double> result;
  for (std::size_t r = 0; r < rows.size(); ++r)
    result.push_back(std::max(
        0.0, static_cast<double>(rows[r].available) * shares[r] - static_cast<double>(taken[r]) * ports));
  return result;
}

}  // namespace

Result<NetworkProblem> networkProblem(const ir::Graph& lowered, const map::MapOptions& options,
                                      const ClusterSpec& cluster, Times times) {
  SLUICE_CHECK(options.regime != map::Regime::automatic, "the regime was chosen");
  NetworkProblem result{.regime = options.regime};
  SLUICE_TRY(result.nodes, map::kernelNodes(lowered, options.regime));
  SLUICE_TRY(const map::Partition finest, map::finestPartition(lowered, options.regime));
  SLUICE_TRY(map::Design design, map::mapGraph(lowered, options, finest));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, options.family));
  SLUICE_CHECK(design.subgraphs.size() == result.nodes.size(), "every node stands alone");
  result.costs = costsOf(design, options.family);
  result.cycles = cyclesOf(design);
  std::vector<std::uint64_t> latency = result.cycles;
  if (times == Times::latency)
    for (std::uint32_t g = 0; g < latency.size(); ++g) {
      SLUICE_TRY(const dataflow::Performance alone,
                 dataflow::measure(map::subgraphNetwork(design, map::SubgraphId(g)), 2));
      latency[g] = alone.latency;
    }

  Problem& problem = result.problem;
  problem.name = lowered.name;
  for (const device::Usage& row : device::usage({}, {})) problem.resources.push_back(row.resource);
  for (const ClusterSpec::Kind& kind : cluster.kinds)
    problem.boards.push_back({.name = kind.board.name,
                              .count = kind.count,
                              .work = times == Times::latency ? Work::sum : Work::slowest,
                              .transfers = Transfers::free,
                              .rate = 1,
                              .capacity = capacityOf(kind.board, cluster)});
  problem.order = cluster.order;
  problem.topology = topologyOf(cluster);
  for (std::size_t v = 0; v < result.nodes.size(); ++v) {
    Node node{.name = lowered.node(result.nodes[v]).name, .group = {}, .time = {}, .size = {}};
    for (const ClusterSpec::Kind& kind : cluster.kinds)
      node.time.push_back(static_cast<double>(latency[v]) / kind.board.targetMhz);
    node.size = numbers(device::usage(result.costs[v], {}));
    problem.nodes.push_back(std::move(node));
  }
  std::map<std::pair<std::uint32_t, ir::TensorId>, Tensor> tensors;
  for (const map::Cut& cut : design.cuts) {
    const map::Stream& from = design.streams[cut.from.index];
    Tensor& tensor = tensors[{from.subgraph.index, cut.tensor}];
    tensor.from = from.subgraph.index;
    tensor.to.push_back(design.streams[cut.to.index].subgraph.index);
    tensor.amount = static_cast<double>(from.beat.width()) * static_cast<double>(from.beatsPerFrame);
  }
  for (auto& [key, tensor] : tensors) {
    std::sort(tensor.to.begin(), tensor.to.end());
    tensor.to.erase(std::unique(tensor.to.begin(), tensor.to.end()), tensor.to.end());
    problem.tensors.push_back(std::move(tensor));
  }
  SLUICE_RETURN_IF_ERROR(check(problem));
  return result;
}

Result<map::Partition> partitionOf(const ir::Graph& lowered, const NetworkProblem& network,
                                   const Stages& stages) {
  std::vector<std::uint32_t> stage(network.nodes.size(), 0);
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (const std::uint32_t node : stages[s].nodes) stage[node] = s;
  return map::partitionOf(lowered, network.regime, stage);
}

}  // namespace sluice::splits

#include "split/network/subgraph_costs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "dataflow/schedule.h"
#include "device/part.h"
#include "hdl/simplify.h"
#include "kernel/fifo/fifo.h"

namespace sluice::splits {

std::vector<hdl::Cost> costsOf(const map::Design& design, hdl::Family family) {
  std::vector<hdl::Cost> costs(design.subgraphs.size());
  for (const map::KernelInstance& instance : design.kernels)
    costs[instance.subgraph.index] +=
        hdl::cost(kernel::hardware(instance.kernel), map::familyOf(design, instance.subgraph, family));
  std::map<std::pair<std::string, hdl::Family>, hdl::Cost> fifos;
  for (const map::Stream& stream : design.streams) {
    const kernel::FifoParams params = map::fifoParams(stream);
    const hdl::Family own = map::familyOf(design, stream.subgraph, family);
    const auto [found, isNew] = fifos.try_emplace({kernel::fifoName(params), own});
    if (isNew) found->second = hdl::cost(hdl::simplify(kernel::fifo(params)), own);
    costs[stream.subgraph.index] += found->second;
  }
  return costs;
}

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

std::vector<double> sizesOf(const hdl::Cost& cost) {
  std::vector<double> result;
  for (const device::Usage& row : device::usage(cost, {})) result.push_back(static_cast<double>(row.used));
  return result;
}

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
    result.push_back(std::max(0.0, std::floor(static_cast<double>(rows[r].available) * shares[r] + 1e-6) -
                                       static_cast<double>(taken[r]) * ports));
  return result;
}

namespace {

/// Of all resources, those of the board's own family: the first rows that it has a limit on.
std::vector<double> ownRows(const std::vector<double>& all, const std::vector<double>& capacity) {
  const std::size_t rows = device::usage({}, {}).size();
  std::size_t first = 0;
  while (first + 2 * rows <= capacity.size() && capacity[first] == impossible) first += rows;
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(rows)};
}

}  // namespace

std::vector<double> sizeOn(const Problem& problem, std::uint32_t board, std::uint32_t node) {
  return ownRows(problem.nodes[node].size, problem.boards[board].capacity);
}

std::vector<double> capacityOn(const Problem& problem, std::uint32_t board) {
  return ownRows(problem.boards[board].capacity, problem.boards[board].capacity);
}

Problem problemOf(const map::Design& design, const std::string& name, const std::vector<std::string>& nodes,
                  const ClusterSpec& cluster, Work work) {
  SLUICE_CHECK(design.subgraphs.size() == nodes.size(), "every node stands alone");
  Problem problem;
  problem.name = name;
  const std::vector<hdl::Family> families = familiesOf(cluster);
  for (const hdl::Family family : families)
    for (const device::Usage& row : device::usage({}, {}))
      problem.resources.push_back(
          row.resource + (families.size() > 1 ? std::string(" (") + hdl::familyName(family) + ")" : ""));
  for (const ClusterSpec::Kind& kind : cluster.kinds) {
    std::vector<double> rooms;
    for (const hdl::Family family : families) {
      std::vector<double> own = capacityOf(kind.board, cluster);
      if (family != kind.board.part.family) std::fill(own.begin(), own.end(), impossible);
      rooms.insert(rooms.end(), own.begin(), own.end());
    }
    problem.boards.push_back({.name = kind.board.name,
                              .count = kind.count,
                              .work = work,
                              .transfers = Transfers::free,
                              .rate = 1,
                              .capacity = std::move(rooms)});
  }
  problem.order = cluster.order;
  problem.topology = topologyOf(cluster);
  for (const std::string& node : nodes)
    problem.nodes.push_back({.name = node, .group = {}, .time = {}, .size = {}});
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
  return problem;
}

}  // namespace sluice::splits

#include "split/random_problem.h"

#include <algorithm>

#include "base/rng.h"

namespace sluice::splits {

Problem randomProblem(const RandomShape& shape, std::uint64_t seed) {
  Rng random(seed, 7);
  const auto pick = [&](std::int64_t low, std::int64_t high) { return random.uniform(low, high); };
  Problem problem;
  problem.name = "random" + std::to_string(seed);
  const bool scarce = random.chance(0.4);
  if (scarce) problem.resources = {"lut"};
  const auto boards = static_cast<std::uint32_t>(pick(1, shape.boards));
  const auto kinds = static_cast<std::uint32_t>(pick(1, std::min<std::int64_t>(boards, 3)));
  for (std::uint32_t k = 0; k < kinds; ++k)
    problem.boards.push_back({.name = "board" + std::to_string(k),
                              .count = 1,
                              .work = random.chance(0.7) ? Work::sum : Work::slowest,
                              .transfers = static_cast<Transfers>(pick(0, 2)),
                              .rate = static_cast<double>(pick(1, 4)),
                              .capacity = {}});
  for (std::uint32_t b = kinds; b < boards; ++b)
    ++problem.boards[static_cast<std::size_t>(pick(0, kinds - 1))].count;
  double size = 0;
  for (std::uint32_t v = 0; v < shape.nodes; ++v) {
    Node node{.name = "n" + std::to_string(v), .group = {}, .time = {}, .size = {}};
    const bool idle = random.chance(0.25);
    const auto base = static_cast<double>(pick(1, 40));
    for (std::uint32_t k = 0; k < kinds; ++k) {
      const double factor = k == 0 ? 1 : static_cast<double>(pick(1, 8)) / 2;
      node.time.push_back(idle ? 0 : base * factor);
      if (k > 0 && random.chance(0.1)) node.time.back() = impossible;
    }
    if (scarce) node.size.push_back(random.chance(0.2) ? 0 : static_cast<double>(pick(1, 20)));
    if (scarce) size += node.size.back();
    if (random.chance(0.15)) node.group = "g" + std::to_string(pick(0, 1));
    problem.nodes.push_back(std::move(node));
  }
  if (scarce)
    for (Board& board : problem.boards)
      board.capacity = {random.chance(0.3) ? impossible
                                           : static_cast<double>(static_cast<std::int64_t>(
                                                 size * (0.5 + random.real() * 1.2) / boards + 6))};
  for (std::uint32_t v = 0; v + 1 < shape.nodes; ++v) {
    const auto furthest = std::min<std::int64_t>(shape.nodes - 1, v + shape.reach);
    const auto tensors = random.chance(0.15) ? 2 : 1;
    for (int t = 0; t < tensors; ++t) {
      Tensor tensor{.from = v, .to = {}, .amount = static_cast<double>(pick(0, 12))};
      const auto readers = static_cast<int>(shape.edges + random.real());
      for (int i = 0; i < readers; ++i)
        tensor.to.push_back(static_cast<std::uint32_t>(pick(v + 1, furthest)));
      std::sort(tensor.to.begin(), tensor.to.end());
      tensor.to.erase(std::unique(tensor.to.begin(), tensor.to.end()), tensor.to.end());
      if (!tensor.to.empty()) problem.tensors.push_back(std::move(tensor));
    }
  }
  if (random.chance(0.4)) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t k = 0; k < kinds; ++k) order.insert(order.end(), problem.boards[k].count, k);
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(i) - 1))]);
    problem.order = order;
  }
  Topology& topology = problem.topology;
  topology.kind = static_cast<Topology::Kind>(pick(0, 5));
  std::size_t links = 1;
  if (random.chance(0.5)) {
    if (topology.kind == Topology::Kind::chain && boards > 2) links = boards - 1;
    if (topology.kind == Topology::Kind::ring || topology.kind == Topology::Kind::star ||
        topology.kind == Topology::Kind::switched)
      links = boards;
  }
  if (topology.kind == Topology::Kind::mesh) topology.columns = boards % 2 == 0 ? 2 : boards % 3 == 0 ? 3 : 1;
  if (topology.kind != Topology::Kind::none)
    for (std::size_t l = 0; l < links; ++l)
      topology.links.push_back(
          {.rate = static_cast<double>(pick(1, 6)) / 2, .latency = static_cast<double>(pick(0, 5))});
  return problem;
}

}  // namespace sluice::splits

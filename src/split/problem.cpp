#include "split/problem.h"

#include <cmath>

#include "base/text.h"

namespace sluice::splits {
namespace {

constexpr std::size_t mostNodes = 100'000, mostTensors = 1'000'000, mostResources = 32, mostKinds = 16;
constexpr std::uint32_t mostPlaces = 1024;

bool isAmount(double value) { return std::isfinite(value) && value >= 0 && value <= 1e30; }
bool isRate(double value) { return value > 0 && value <= 1e30; }

Status checkBoards(const Problem& problem) {
  if (problem.boards.empty() || problem.boards.size() > mostKinds)
    return badInput("there must be 1 to 16 kinds of boards, not " + std::to_string(problem.boards.size()));
  std::uint64_t count = 0;
  for (const Board& board : problem.boards) {
    if (board.count > mostPlaces) return badInput("has a count above 1024", "board '" + board.name + "'");
    count += board.count;
    if (!isRate(board.rate)) return badInput("has a rate that is not positive", "board '" + board.name + "'");
    if (board.capacity.size() != problem.resources.size())
      return badInput("does not give a capacity for every resource", "board '" + board.name + "'");
    for (const double capacity : board.capacity)
      if (!(capacity >= 0)) return badInput("has a negative capacity", "board '" + board.name + "'");
  }
  if (count == 0 || count > mostPlaces)
    return badInput("there must be 1 to 1024 boards, not " + std::to_string(count));
  if (problem.order.empty()) return {};
  if (problem.order.size() != count)
    return badInput("the order has " + std::to_string(problem.order.size()) + " boards of " +
                    std::to_string(count));
  std::vector<std::uint32_t> seen(problem.boards.size(), 0);
  for (const std::uint32_t kind : problem.order) {
    if (kind >= seen.size()) return badInput("the order names a board that is not there");
    ++seen[kind];
  }
  for (std::size_t k = 0; k < seen.size(); ++k)
    if (seen[k] != problem.boards[k].count)
      return badInput("stands " + std::to_string(seen[k]) + " times in the order, and its count is " +
                          std::to_string(problem.boards[k].count),
                      "board '" + problem.boards[k].name + "'");
  return {};
}

Status checkTopology(const Problem& problem) {
  const Topology& topology = problem.topology;
  const std::size_t places = problem.places();
  std::size_t needed = 1;
  switch (topology.kind) {
    case Topology::Kind::none:
      return {};
    case Topology::Kind::chain:
      needed = places - 1;
      break;
    case Topology::Kind::ring:
    case Topology::Kind::star:
    case Topology::Kind::switched:
      needed = places;
      break;
    case Topology::Kind::mesh:
      if (topology.columns < 1 || places % topology.columns != 0)
        return badInput("a mesh of " + std::to_string(topology.columns) + " columns does not hold exactly " +
                        countOf(static_cast<std::int64_t>(places), "board"));
      break;
  }
  if (topology.links.size() != 1 && topology.links.size() != needed)
    return badInput("the topology has " + std::to_string(topology.links.size()) + " links; it takes 1 or " +
                    std::to_string(needed));
  for (const Link& link : topology.links)
    if (!isRate(link.rate) || !isAmount(link.latency))
      return badInput("a link needs a positive rate and a latency that is not negative");
  return {};
}

Status checkAcyclic(const Problem& problem) {
  const std::size_t n = problem.nodes.size();
  std::vector<std::uint32_t> missing(n, 0);
  std::vector<std::vector<std::uint32_t>> after(n);
  for (const Tensor& tensor : problem.tensors)
    for (const std::uint32_t to : tensor.to) {
      ++missing[to];
      after[tensor.from].push_back(to);
    }
  std::vector<std::uint32_t> ready;
  for (std::uint32_t v = 0; v < n; ++v)
    if (missing[v] == 0) ready.push_back(v);
  for (std::size_t i = 0; i < ready.size(); ++i)
    for (const std::uint32_t to : after[ready[i]])
      if (--missing[to] == 0) ready.push_back(to);
  if (ready.size() == n) return {};
  for (std::uint32_t v = 0; v < n; ++v)
    if (missing[v] > 0)
      return badInput("lies on or behind a cycle; the network must be acyclic",
                      "node '" + problem.nodes[v].name + "'");
  return {};
}

}  // namespace

std::uint32_t Problem::places() const {
  std::uint32_t count = 0;
  for (const Board& board : boards) count += board.count;
  return count;
}

const char* nameOf(Goal goal) {
  return goal == Goal::load ? "load" : goal == Goal::latency ? "latency" : "boards";
}

namespace {

constexpr std::pair<Topology::Kind, const char*> kTopologies[] = {
    {Topology::Kind::none, "none"}, {Topology::Kind::chain, "chain"}, {Topology::Kind::ring, "ring"},
    {Topology::Kind::mesh, "mesh"}, {Topology::Kind::star, "star"},   {Topology::Kind::switched, "switch"}};

}  // namespace

const char* nameOf(Topology::Kind kind) {
  for (const auto& [known, name] : kTopologies)
    if (known == kind) return name;
  return "";
}

std::optional<Topology::Kind> topologyNamed(std::string_view name) {
  for (const auto& [kind, known] : kTopologies)
    if (known == name) return kind;
  return std::nullopt;
}

Status check(const Problem& problem) {
  SLUICE_RETURN_IF_ERROR(checkBoards(problem));
  SLUICE_RETURN_IF_ERROR(checkTopology(problem));
  if (problem.resources.size() > mostResources) return badInput("there are more than 32 resources");
  if (problem.nodes.empty()) return badInput("there is no node");
  if (problem.nodes.size() > mostNodes || problem.tensors.size() > mostTensors)
    return unsupported("there are more than 100,000 nodes or 1,000,000 tensors");
  for (const Node& node : problem.nodes) {
    const std::string where = "node '" + node.name + "'";
    if (node.time.size() != problem.boards.size() || node.size.size() != problem.resources.size())
      return badInput("does not give a time for every board and a size for every resource", where);
    bool somewhere = false;
    for (const double time : node.time) {
      if (time == impossible) continue;
      if (!isAmount(time)) return badInput("has a time that is negative or no number", where);
      somewhere = true;
    }
    if (!somewhere) return badInput("can run on no board", where);
    for (const double size : node.size)
      if (!isAmount(size)) return badInput("has a size that is negative or no number", where);
  }
  for (const Tensor& tensor : problem.tensors) {
    if (tensor.from >= problem.nodes.size()) return badInput("a tensor comes from a node that is not there");
    const std::string where = "the tensor of node '" + problem.nodes[tensor.from].name + "'";
    if (!isAmount(tensor.amount)) return badInput("has an amount that is negative or no number", where);
    for (std::size_t i = 0; i < tensor.to.size(); ++i) {
      if (tensor.to[i] >= problem.nodes.size()) return badInput("goes to a node that is not there", where);
      if (tensor.to[i] == tensor.from) return badInput("goes to the node it comes from", where);
      if (i > 0 && tensor.to[i] <= tensor.to[i - 1]) return badInput("names its readers out of order", where);
    }
  }
  return checkAcyclic(problem);
}

}  // namespace sluice::splits

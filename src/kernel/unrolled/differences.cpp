#include "kernel/unrolled/differences.h"

#include <algorithm>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of an optional in the edge iterator, wrongly, by GCC 12
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#pragma GCC diagnostic pop

#include "base/check.h"

namespace sluice::kernel {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct Vertex {
  boost::default_color_type colour{};
  long distance = 0;
  Traits::edge_descriptor predecessor;
};
struct Arc {
  std::int64_t capacity = 0, residual = 0;
  Traits::edge_descriptor reverse;
};
using Flow = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Vertex, Arc>;

void addArc(Flow& flow, std::size_t from, std::size_t to, std::int64_t capacity) {
  const auto arc = boost::add_edge(from, to, Arc{.capacity = capacity}, flow).first;
  const auto back = boost::add_edge(to, from, Arc{}, flow).first;
  flow[arc].reverse = back;
  flow[back].reverse = arc;
}

/// The variables to raise by one: the closed set of largest profit, the least of these; empty if none has any.
std::vector<bool> raised(const DifferenceProgram& program, const std::vector<std::uint32_t>& x) {
  const std::size_t count = x.size();
  std::int64_t unbounded = 1, profit = 0;
  for (const std::int64_t cost : program.cost) {
    unbounded += std::abs(cost);
    profit += std::max<std::int64_t>(-cost, 0);
  }
  Flow flow(count + 2);
  const std::size_t source = count, sink = count + 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (program.cost[i] < 0) addArc(flow, source, i, -program.cost[i]);
    const std::int64_t loss = x[i] == program.upper[i] ? unbounded : program.cost[i];
    if (loss > 0) addArc(flow, i, sink, loss);
  }
  for (const Difference& d : program.differences)
    if (x[d.b] == x[d.a] + d.least) addArc(flow, d.a, d.b, unbounded);
  const std::int64_t lost = boost::boykov_kolmogorov_max_flow(
      flow, boost::get(&Arc::capacity, flow), boost::get(&Arc::residual, flow),
      boost::get(&Arc::reverse, flow), boost::get(&Vertex::predecessor, flow),
      boost::get(&Vertex::colour, flow), boost::get(&Vertex::distance, flow),
      boost::get(boost::vertex_index, flow), source, sink);
  std::vector<bool> result(count, false);
  if (lost == profit) return result;
  // What the source still reaches: the least side of all least cuts.
  std::vector<std::size_t> open{source};
  while (!open.empty()) {
    const std::size_t v = open.back();
    open.pop_back();
    for (auto [arc, end] = boost::out_edges(v, flow); arc != end; ++arc) {
      const std::size_t to = boost::target(*arc, flow);
      if (to == source || flow[*arc].residual == 0 || result[to]) continue;
      result[to] = true;
      open.push_back(to);
    }
  }
  return result;
}

}  // namespace

std::uint32_t DifferenceProgram::add(std::int64_t itsCost, std::uint32_t itsLower, std::uint32_t itsUpper) {
  cost.push_back(itsCost);
  lower.push_back(itsLower);
  upper.push_back(itsUpper);
  return static_cast<std::uint32_t>(cost.size() - 1);
}

std::vector<std::uint32_t> leastCost(const DifferenceProgram& program) {
  std::vector<Difference> order = program.differences;
  std::stable_sort(order.begin(), order.end(),
                   [](const Difference& p, const Difference& q) { return p.b < q.b; });
  std::vector<std::uint32_t> x = program.lower;
  for (const Difference& d : order) {
    SLUICE_CHECK(d.a < d.b, "differences go forward");
    x[d.b] = std::max(x[d.b], x[d.a] + d.least);
  }
  for (std::size_t i = 0; i < x.size(); ++i) SLUICE_CHECK(x[i] <= program.upper[i], "there is a legal x");
  for (;;) {
    const std::vector<bool> up = raised(program, x);
    if (std::find(up.begin(), up.end(), true) == up.end()) return x;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += up[i] ? 1 : 0;
  }
}

}  // namespace sluice::kernel

#include "kernel/unrolled/column_tree.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace sluice::kernel {
namespace {

std::uint32_t digitsOf(std::int64_t weight) {
  const SignedDigits d = signedDigits(weight);
  return static_cast<std::uint32_t>(std::popcount(d.positive | d.negative));
}

std::vector<std::int64_t> column(const MatrixVector& problem, std::uint32_t c) {
  std::vector<std::int64_t> w(problem.rows);
  for (std::uint32_t i = 0; i < problem.rows; ++i)
    w[i] = problem.weights[std::size_t{i} * problem.columns + c];
  return w;
}

}  // namespace

ColumnTree columnTree(const MatrixVector& problem, std::uint32_t maxHeight) {
  const std::uint32_t columns = problem.columns;
  std::vector<std::vector<std::int64_t>> w(columns);
  for (std::uint32_t c = 0; c < columns; ++c) w[c] = column(problem, c);
  struct Link {
    std::uint32_t cost = 0, parent = UINT32_MAX, height = 1;
    std::int64_t sign = 0;  // of the parent
  };
  std::vector<Link> best(columns);
  for (std::uint32_t c = 0; c < columns; ++c)
    for (const std::int64_t v : w[c]) best[c].cost += digitsOf(v);

  ColumnTree tree;
  tree.edges = problem;
  tree.paths.assign(std::size_t{columns} * columns, 0);
  std::vector<bool> done(columns, false);
  for (std::uint32_t step = 0; step < columns; ++step) {
    std::uint32_t next = columns;
    for (std::uint32_t c = 0; c < columns; ++c)
      if (!done[c] && (next == columns || best[c].cost < best[next].cost)) next = c;
    done[next] = true;
    const Link link = best[next];
    tree.height = std::max(tree.height, link.height);
    for (std::uint32_t i = 0; i < problem.rows; ++i)
      tree.edges.weights[std::size_t{i} * columns + next] =
          w[next][i] - (link.sign == 0 ? 0 : link.sign * w[link.parent][i]);
    tree.paths[std::size_t{next} * columns + next] = 1;
    if (link.sign != 0)
      for (std::uint32_t e = 0; e < columns; ++e)
        tree.paths[std::size_t{e} * columns + next] +=
            link.sign * tree.paths[std::size_t{e} * columns + link.parent];
    if (link.height == maxHeight) continue;
    for (std::uint32_t c = 0; c < columns; ++c) {
      if (done[c]) continue;
      std::uint32_t minus = 1, plus = 1;  // the adder that joins the difference to the parent
      for (std::uint32_t i = 0; i < problem.rows; ++i) {
        minus += digitsOf(w[c][i] - w[next][i]);
        plus += digitsOf(w[c][i] + w[next][i]);
      }
      if (std::min(minus, plus) < best[c].cost)
        best[c] = {std::min(minus, plus), next, link.height + 1, minus <= plus ? 1 : -1};
    }
  }
  return tree;
}

std::optional<AdderGraph> searchByColumnTree(const MatrixVector& problem, std::uint32_t depthLimit,
                                             std::uint32_t maxHeight, const SearchRule& rule) {
  const ColumnTree tree = columnTree(problem, maxHeight);
  if (tree.height < 2) return std::nullopt;
  const std::uint32_t joins = static_cast<std::uint32_t>(std::bit_width(tree.height - 1));
  const std::uint32_t least = leastDepth(tree.edges);
  if (!check(tree.edges).ok() || least + joins > depthLimit) return std::nullopt;
  AdderGraph graph = searchAdderGraph(tree.edges, depthLimit - joins, rule);

  // The second stage's inputs are the edges that are not zero, at their depth.
  const auto inputs = static_cast<std::uint32_t>(graph.inputs.size());
  std::vector<std::uint32_t> depth = graph.inputDepth;
  for (const AdderGraph::Op& op : graph.ops) depth.push_back(std::max(depth[op.a], depth[op.b]) + 1);
  const std::uint32_t columns = problem.columns;
  MatrixVector second;
  second.columns = columns;
  std::vector<AdderGraph::Output> edges;
  for (std::uint32_t e = 0; e < columns; ++e) {
    if (!graph.outputs[e].node) continue;
    edges.push_back(graph.outputs[e]);
    ++second.rows;
    second.inputs.push_back({-128, 127});
    second.inputDepth.push_back(depth[*graph.outputs[e].node]);
    for (std::uint32_t c = 0; c < columns; ++c)
      second.weights.push_back(tree.paths[std::size_t{e} * columns + c] * graph.outputs[e].sign);
  }
  const AdderGraph sums = searchAdderGraph(second, std::max(depthLimit, leastDepth(second)), rule);
  const auto first = static_cast<std::uint32_t>(inputs + graph.ops.size());
  const auto place = [&](std::uint32_t node, std::uint32_t& shift) {
    if (node >= second.rows) return first + node - second.rows;
    shift += edges[node].shift;
    return *edges[node].node;
  };
  for (AdderGraph::Op op : sums.ops) {
    op.a = place(op.a, op.shiftA);
    op.b = place(op.b, op.shiftB);
    graph.ops.push_back(op);
  }
  graph.outputs = sums.outputs;
  for (AdderGraph::Output& out : graph.outputs)
    if (out.node) out.node = place(*out.node, out.shift);
  return graph;
}

}  // namespace sluice::kernel

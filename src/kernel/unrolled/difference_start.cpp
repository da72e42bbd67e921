#include "kernel/unrolled/difference_start.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"

namespace sluice::kernel {
namespace {

using Vector = std::vector<std::int32_t>;

constexpr std::int32_t kMaxShift = 2;
constexpr std::uint32_t kNone = 0xffffffffu;

struct Edge {
  std::uint32_t parent = kNone;
  std::int32_t factor = 0;  ///< +-2^s of the parent
};
struct Tree {
  std::vector<Edge> edges;           ///< per vector
  std::vector<std::uint32_t> order;  ///< parents before children
  bool any = false;
};

std::uint32_t digitsOf(const Vector& v) {
  std::uint32_t digits = 0;
  for (const std::int32_t x : v) digits += digitCount(x);
  return digits;
}
/// Digits of v - factor * w, or `enough` as soon as there are so many.
std::uint32_t digitsOfDifference(const Vector& v, const Vector& w, std::int32_t factor,
                                 std::uint32_t enough) {
  std::uint32_t digits = 0;
  for (std::size_t k = 0; k < v.size() && digits < enough; ++k) digits += digitCount(v[k] - factor * w[k]);
  return digits;
}

/// Prim's rule. An edge costs the digits of the difference and one for the parent.
Tree cheapestTree(const std::vector<Vector>& vectors, const Differences& which) {
  const auto count = static_cast<std::uint32_t>(vectors.size());
  Tree tree{.edges = std::vector<Edge>(count), .order = {}};
  std::vector<std::uint32_t> cost(count);
  for (std::uint32_t v = 0; v < count; ++v) cost[v] = digitsOf(vectors[v]);
  std::vector<bool> done(count, false);
  std::vector<std::uint32_t> height(count, 0);
  for (std::uint32_t step = 0; step < count; ++step) {
    std::uint32_t next = kNone;
    for (std::uint32_t v = 0; v < count; ++v)
      if (!done[v] && (next == kNone || cost[v] < cost[next])) next = v;
    done[next] = true;
    tree.order.push_back(next);
    if (tree.edges[next].parent != kNone) {
      tree.any = true;
      height[next] = height[tree.edges[next].parent] + 1;
    }
    if (height[next] >= which.maxHeight) continue;
    for (std::uint32_t v = 0; v < count; ++v) {
      if (done[v]) continue;
      const auto dearer = static_cast<std::uint32_t>(
          which.seed == 0 ? 0 : randomBits(which.seed, 5, std::uint64_t{next} * count + v) % 3);
      for (std::int32_t s = 0; s <= kMaxShift; ++s)
        for (const std::int32_t factor : {1 << s, -(1 << s)}) {
          const std::uint32_t digits =
              digitsOfDifference(vectors[v], vectors[next], factor, cost[v]) + 1 + dearer;
          if (digits < cost[v]) cost[v] = digits, tree.edges[v] = {next, factor};
        }
    }
  }
  return tree;
}

/// vectors: what each is beyond its parent. Parents still hold what they were when their children are done.
void subtractParents(std::vector<Vector>& vectors, const Tree& tree) {
  for (std::size_t k = tree.order.size(); k-- > 0;) {
    const Edge edge = tree.edges[tree.order[k]];
    if (edge.parent == kNone) continue;
    Vector& v = vectors[tree.order[k]];
    for (std::size_t i = 0; i < v.size(); ++i) v[i] -= edge.factor * vectors[edge.parent][i];
  }
}

std::vector<Vector> transposed(const std::vector<Vector>& vectors, std::size_t length) {
  std::vector<Vector> turned(length, Vector(vectors.size()));
  for (std::size_t i = 0; i < vectors.size(); ++i)
    for (std::size_t k = 0; k < length; ++k) turned[k][i] = vectors[i][k];
  return turned;
}

/// No sum comes near the 63 bits that ranges are kept in. Shifted differences of differences might.
bool staysInRange(const SumNetwork& net, const MatrixVector& problem) {
  std::vector<double> reach(net.size(), 0);
  for (Vertex i = 0; i < net.inputs(); ++i)
    reach[i] = std::max(std::abs(static_cast<double>(problem.inputs[i].lo)),
                        std::abs(static_cast<double>(problem.inputs[i].hi)));
  for (const Vertex v : net.order())
    for (const Term& t : net.terms(v)) {
      reach[v] += std::abs(static_cast<double>(t.factor)) * reach[t.vertex];
      if (reach[v] > 0x1.0p58) return false;
    }
  return true;
}

std::vector<bool> parentsOf(const Tree& tree) {
  std::vector<bool> parents(tree.edges.size(), false);
  for (const Edge& edge : tree.edges)
    if (edge.parent != kNone) parents[edge.parent] = true;
  return parents;
}

}  // namespace

std::optional<SumNetwork> differenceStart(const MatrixVector& problem,
                                          std::optional<std::uint32_t> depthLimit, const Differences& which) {
  const std::uint32_t rows = problem.rows, columns = problem.columns;
  // Every step may add a bit and the shift.
  for (const std::int64_t w : problem.weights)
    if (w <= -(1 << 16) || w >= 1 << 16) return std::nullopt;
  std::vector<Vector> matrix(rows, Vector(columns));
  for (std::uint32_t i = 0; i < rows; ++i)
    for (std::uint32_t c = 0; c < columns; ++c)
      matrix[i][c] = static_cast<std::int32_t>(problem.weights[std::size_t{i} * columns + c]);
  MatrixVector empty = problem;
  std::fill(empty.weights.begin(), empty.weights.end(), 0);
  SumNetwork net(empty, depthLimit);
  // The vertex that each row of the matrix weighs, and the sum that each column is part of.
  std::vector<Vertex> source(rows), sink(columns);
  for (Vertex i = 0; i < rows; ++i) source[i] = i;
  for (Vertex c = 0; c < columns; ++c) sink[c] = rows + c;

  bool any = false;
  for (const char step : which.steps) {
    if (step == 'c') matrix = transposed(matrix, columns);
    const Tree tree = cheapestTree(matrix, which);
    any |= tree.any;
    subtractParents(matrix, tree);
    std::vector<Vertex>& ends = step == 'c' ? sink : source;
    const std::vector<bool> parents = parentsOf(tree);
    for (std::uint32_t v = 0; v < ends.size(); ++v) {
      if (!parents[v]) continue;
      const Vertex sum = net.addInner(0);  // tidy finds the depths
      if (step == 'c') {
        net.setFactor(ends[v], sum, 1);
      } else {
        net.setFactor(sum, ends[v], 1);
      }
      ends[v] = sum;
    }
    for (std::uint32_t v = 0; v < ends.size(); ++v)
      if (const Edge edge = tree.edges[v]; edge.parent != kNone) {
        if (step == 'c') {
          net.setFactor(ends[v], ends[edge.parent], edge.factor);
        } else {
          net.setFactor(ends[edge.parent], ends[v], edge.factor);
        }
      }
    if (step == 'c') matrix = transposed(matrix, rows);
  }
  if (!any) return std::nullopt;
  for (std::uint32_t i = 0; i < rows; ++i)
    for (std::uint32_t c = 0; c < columns; ++c)
      if (matrix[i][c] != 0) net.setFactor(sink[c], source[i], matrix[i][c]);
  net.tidy();
  if (!staysInRange(net, problem)) return std::nullopt;
  for (Vertex c = 0; c < columns; ++c)
    if (net.slack(rows + c) < 0) return std::nullopt;
  return net;
}

}  // namespace sluice::kernel

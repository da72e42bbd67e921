#include "kernel/unrolled/adder_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "base/check.h"
#include "kernel/unrolled/linear_form.h"
#include "kernel/unrolled/network_search.h"
#include "kernel/unrolled/sum_trees.h"

namespace sluice::kernel {
namespace {

std::string at(const char* what, std::size_t index) {
  return std::string(what) + " " + std::to_string(index);
}

std::uint32_t bitsOf(std::uint64_t digits) { return static_cast<std::uint32_t>(std::popcount(digits)); }

/// Sum over the terms of a column of 2^depth.
Wide kraftSum(const MatrixVector& problem, std::uint32_t column) {
  Wide sum = 0;
  for (std::uint32_t i = 0; i < problem.rows; ++i) {
    const SignedDigits d = signedDigits(problem.weights[std::size_t{i} * problem.columns + column]);
    sum += Wide{bitsOf(d.positive | d.negative)} << (problem.inputDepth.empty() ? 0 : problem.inputDepth[i]);
  }
  return sum;
}

/// Turns negated outputs positive where that is free: a node nobody else reads computes b - a instead of a -
/// b, and a + b becomes b - a' once its operand a can be turned.
class NegationAbsorber {
 public:
  explicit NegationAbsorber(AdderGraph& graph) : graph_(graph), uses_(graph.nodes(), 0) {
    for (const auto& op : graph.ops) ++uses_[op.a], ++uses_[op.b];
    for (const auto& out : graph.outputs)
      if (out.node) ++uses_[*out.node];
  }
  void run() {
    for (auto& out : graph_.outputs) {
      if (!out.node || out.sign > 0 || !turnable(*out.node)) continue;
      turn(*out.node);
      out.sign = 1;
    }
  }

 private:
  AdderGraph::Op& op(std::uint32_t node) { return graph_.ops[node - graph_.inputs.size()]; }
  bool turnable(std::uint32_t node) {
    if (node < graph_.inputs.size() || uses_[node] != 1) return false;
    const AdderGraph::Op& o = op(node);
    return o.signA < 0 || o.signB < 0 || turnable(o.a) || turnable(o.b);
  }
  void turn(std::uint32_t node) {
    AdderGraph::Op& o = op(node);
    if (o.signA > 0 && o.signB > 0) {
      const bool first = turnable(o.a);
      turn(first ? o.a : o.b);
      (first ? o.signB : o.signA) = -1;
    } else {
      o.signA = -o.signA;
      o.signB = -o.signB;
    }
  }
  AdderGraph& graph_;
  std::vector<std::uint32_t> uses_;
};

/// Drops what no output needs, then fills in ranges and depths.
void finish(AdderGraph& graph) {
  const auto inputs = static_cast<std::uint32_t>(graph.inputs.size());
  std::vector<bool> live(graph.nodes(), false);
  for (const auto& out : graph.outputs)
    if (out.node) live[*out.node] = true;
  for (std::size_t k = graph.ops.size(); k-- > 0;)
    if (live[inputs + k]) live[graph.ops[k].a] = live[graph.ops[k].b] = true;
  std::vector<std::uint32_t> renamed(graph.nodes());
  for (std::uint32_t i = 0; i < inputs; ++i) renamed[i] = i;
  std::vector<AdderGraph::Op> kept;
  for (std::size_t k = 0; k < graph.ops.size(); ++k) {
    if (!live[inputs + k]) continue;
    AdderGraph::Op op = graph.ops[k];
    op.a = renamed[op.a];
    op.b = renamed[op.b];
    renamed[inputs + k] = inputs + static_cast<std::uint32_t>(kept.size());
    kept.push_back(op);
  }
  graph.ops = std::move(kept);
  for (auto& out : graph.outputs)
    if (out.node) out.node = renamed[*out.node];
  NegationAbsorber(graph).run();
  const std::vector<LinearForm> forms = linearForms(graph);
  for (std::size_t k = 0; k < graph.ops.size(); ++k) {
    AdderGraph::Op& op = graph.ops[k];
    op.range = rangeOf(forms[inputs + k], graph.inputs);
    op.depth = std::max(graph.depthOf(op.a), graph.depthOf(op.b)) + 1;
  }
}

/// The search keeps factors in 32 bits. Rows of wider weights are split by digits into rows of 24 bits each,
/// which share the input: digits, and with them depth, stay what they were.
struct SplitProblem {
  MatrixVector problem;
  std::vector<std::uint32_t> row, shift;  ///< of the original, per row
};
SplitProblem splitWideWeights(const MatrixVector& problem) {
  constexpr std::uint32_t partBits = 24;
  SplitProblem split;
  split.problem.columns = problem.columns;
  for (std::uint32_t i = 0; i < problem.rows; ++i) {
    const auto* weights = problem.weights.data() + std::size_t{i} * problem.columns;
    std::uint64_t all = 0;
    for (std::uint32_t c = 0; c < problem.columns; ++c) {
      const SignedDigits d = signedDigits(weights[c]);
      all |= d.positive | d.negative;
    }
    const bool wide = (all >> 30) != 0;
    for (std::uint32_t part = 0; part == 0 || (wide && (all >> (part * partBits)) != 0); ++part) {
      split.row.push_back(i);
      split.shift.push_back(part * partBits);
      split.problem.inputs.push_back(problem.inputs[i]);
      if (!problem.inputDepth.empty()) split.problem.inputDepth.push_back(problem.inputDepth[i]);
      for (std::uint32_t c = 0; c < problem.columns; ++c) {
        const SignedDigits d = signedDigits(weights[c]);
        const std::uint64_t mask = wide ? (std::uint64_t{1} << partBits) - 1 : ~std::uint64_t{0};
        split.problem.weights.push_back(static_cast<std::int64_t>(d.positive >> (part * partBits) & mask) -
                                        static_cast<std::int64_t>(d.negative >> (part * partBits) & mask));
      }
      ++split.problem.rows;
      if (part == 2) break;
    }
  }
  return split;
}

/// Inputs that are parts become shifted readers of the one input again.
void joinParts(AdderGraph& graph, const SplitProblem& split, const MatrixVector& problem) {
  const std::uint32_t parts = split.problem.rows;
  const auto rename = [&](std::uint32_t& node, std::uint32_t& shift) {
    if (node >= parts) {
      node -= parts - problem.rows;
    } else {
      shift += split.shift[node];
      node = split.row[node];
    }
  };
  for (AdderGraph::Op& op : graph.ops) rename(op.a, op.shiftA), rename(op.b, op.shiftB);
  for (AdderGraph::Output& out : graph.outputs)
    if (out.node) rename(*out.node, out.shift);
  graph.inputs = problem.inputs;
  graph.inputDepth = problem.inputDepth;
  if (graph.inputDepth.empty()) graph.inputDepth.assign(problem.rows, 0);
}

/// Work of effort 1: some digits^1.75, which is how greedy runs grow, and repairs that are wanted.
std::uint64_t workUnit(const MatrixVector& problem) {
  std::uint64_t digits = 0;
  for (const std::int64_t w : problem.weights) {
    const SignedDigits d = signedDigits(w);
    digits += bitsOf(d.positive | d.negative);
  }
  const double root = std::sqrt(static_cast<double>(digits));  // exact to the last bit everywhere, unlike pow
  return 44 * static_cast<std::uint64_t>(static_cast<double>(digits) * root * std::sqrt(root));
}

}  // namespace

SignedDigits signedDigits(std::int64_t weight) {
  // With n = |w|: digit k is bit k of (3n >> 1) minus bit k of (n >> 1); where both are set they cancel.
  const std::uint64_t n =
      weight < 0 ? 0 - static_cast<std::uint64_t>(weight) : static_cast<std::uint64_t>(weight);
  const std::uint64_t half = n >> 1, sum = n + half, changed = sum ^ half;
  const SignedDigits digits{.positive = sum & changed, .negative = half & changed};
  return weight < 0 ? SignedDigits{digits.negative, digits.positive} : digits;
}

fixed::Interval AdderGraph::range(std::uint32_t node) const {
  return node < inputs.size() ? inputs[node] : ops[node - inputs.size()].range;
}

std::uint32_t AdderGraph::depthOf(std::uint32_t node) const {
  return node < inputs.size() ? inputDepth[node] : ops[node - inputs.size()].depth;
}

std::uint32_t AdderGraph::depth() const {
  std::uint32_t depth = 0;
  for (const Output& out : outputs)
    if (out.node) depth = std::max(depth, depthOf(*out.node));
  return depth;
}

std::uint64_t AdderGraph::adderBits() const {
  std::uint64_t bits = 0;
  for (const Op& op : ops) {
    const std::uint32_t width = fixed::formatFor(op.range).bits;
    // The operand with the smaller shift passes its low bits through unless it is subtracted.
    const bool aIsLow = op.shiftA <= op.shiftB;
    const std::uint32_t low = aIsLow ? op.shiftB - op.shiftA : op.shiftA - op.shiftB;
    const bool passes = (aIsLow ? op.signA : op.signB) > 0;
    bits += passes ? width - std::min(width, low) : width;
  }
  return bits;
}

std::uint32_t AdderGraph::negatedOutputs() const {
  return static_cast<std::uint32_t>(
      std::count_if(outputs.begin(), outputs.end(), [](const Output& o) { return o.node && o.sign < 0; }));
}

std::uint32_t leastDepth(const MatrixVector& problem) {
  std::uint32_t depth = 0;
  for (std::uint32_t c = 0; c < problem.columns; ++c)
    for (const Wide sum = kraftSum(problem, c); (Wide{1} << depth) < sum;) ++depth;
  return depth;
}

Status check(const MatrixVector& problem) {
  if (problem.weights.size() != std::size_t{problem.rows} * problem.columns)
    return badInput("a matrix of " + std::to_string(problem.rows) + " x " + std::to_string(problem.columns) +
                    " has " + std::to_string(problem.weights.size()) + " weights");
  if (problem.inputs.size() != problem.rows)
    return badInput("a matrix of " + std::to_string(problem.rows) + " rows has " +
                    std::to_string(problem.inputs.size()) + " input intervals");
  if (!problem.inputDepth.empty() && problem.inputDepth.size() != problem.rows)
    return badInput("input depths are given for " + std::to_string(problem.inputDepth.size()) + " of " +
                    std::to_string(problem.rows) + " rows");
  for (const std::uint32_t depth : problem.inputDepth)
    if (depth > 32)
      return badInput("an input lies " + std::to_string(depth) + " adders deep; 32 are supported");
  std::uint64_t terms = 0;
  for (std::uint32_t c = 0; c < problem.columns; ++c) {
    Wide reach = 0;
    for (std::uint32_t i = 0; i < problem.rows; ++i) {
      const std::int64_t w = problem.weights[std::size_t{i} * problem.columns + c];
      if (w <= -(std::int64_t{1} << 61) || w >= (std::int64_t{1} << 61))
        return badInput("weight " + std::to_string(w) + " is outside 61 bits", at("column", c));
      const fixed::Interval x = problem.inputs[i];
      const SignedDigits d = signedDigits(w);
      terms += bitsOf(d.positive | d.negative);
      reach += Wide(static_cast<std::int64_t>(d.positive | d.negative)) * std::max(Wide(x.hi), -Wide(x.lo));
    }
    if (reach >> 62) return badInput("the sum may need more than 62 bits", at("column", c));
  }
  if (terms > 1'000'000)
    return badInput("the weights have " + std::to_string(terms) + " signed digits; a million are supported");
  return {};
}

Result<AdderGraph> adderGraph(const MatrixVector& problem, const AdderGraphOptions& options) {
  SLUICE_RETURN_IF_ERROR(check(problem));
  std::optional<std::uint32_t> limit;
  if (options.extraDepth) limit = std::min(leastDepth(problem) + std::min(*options.extraDepth, 60u), 60u);
  const SplitProblem narrow = splitWideWeights(problem);
  AdderGraph graph = sumTrees(
      searchNetwork(narrow.problem, limit, {.work = options.effort * workUnit(problem)}), narrow.problem);
  joinParts(graph, narrow, problem);
  finish(graph);
  SLUICE_RETURN_IF_ERROR(verify(graph, problem));
  return graph;
}

}  // namespace sluice::kernel

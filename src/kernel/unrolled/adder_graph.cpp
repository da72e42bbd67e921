#include "kernel/unrolled/adder_graph.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "base/check.h"
#include "kernel/unrolled/adder_search.h"
#include "kernel/unrolled/column_tree.h"
#include "kernel/unrolled/linear_form.h"

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
      if (w <= -(std::int64_t{1} << 30) || w >= (std::int64_t{1} << 30))
        return badInput("weight " + std::to_string(w) + " is outside 30 bits", at("column", c));
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
  const std::uint32_t limit =
      options.extraDepth ? std::min(leastDepth(problem) + *options.extraDepth, 60u) : 60u;

  // The first tries differ in kind: no column tree or trees of some height. Further ones repeat the best kind
  // with other rules of choice, which is worth a percent or two.
  struct Try {
    std::optional<std::uint32_t> height;  // none: the best one so far
    SearchRule rule;
  };
  using enum SearchRule::Weight;
  const bool wantsBits = options.objective == AdderGraphOptions::Objective::bits;
  const SearchRule main{.weight = wantsBits ? overlap : count};
  const std::array<Try, 6> tries = {{{0, main},
                                     {2, main},
                                     {4, main},
                                     {{}, {.weight = wantsBits ? count : overlap}},
                                     {8, main},
                                     {{}, {.weight = bits}}}};
  std::optional<AdderGraph> best;
  std::uint32_t bestHeight = 0;
  const auto attempt = [&](std::uint32_t height, const SearchRule& rule) {
    std::optional<AdderGraph> graph = height == 0 ? searchAdderGraph(problem, limit, rule)
                                                  : searchByColumnTree(problem, limit, height, rule);
    if (!graph) return;
    finish(*graph);
    const auto cost = [wantsBits](const AdderGraph& g) {
      const std::uint64_t adders = g.ops.size() + g.negatedOutputs(), bits = g.adderBits();
      return wantsBits ? std::pair(bits, adders) : std::pair(adders, bits);
    };
    if (best && cost(*best) <= cost(*graph)) return;
    best = std::move(graph);
    bestHeight = height;
  };
  for (std::uint32_t k = 0; k < std::max(options.effort, 1u); ++k) {
    const Try next = k < tries.size() ? tries[k] : Try{{}, {.weight = main.weight, .seed = k}};
    attempt(next.height.value_or(bestHeight), next.rule);
  }
  SLUICE_RETURN_IF_ERROR(verify(*best, problem));
  return std::move(*best);
}

}  // namespace sluice::kernel

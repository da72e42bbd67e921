#include "kernel/unrolled/adder_graph.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/check.h"
#include "kernel/unrolled/adder_search.h"

namespace sluice::kernel {
namespace {

using Wide = __int128;

std::string at(const char* what, std::size_t index) {
  return std::string(what) + " " + std::to_string(index);
}

/// The linear form of every node, as (input, coefficient) in ascending order of inputs.
using Form = std::vector<std::pair<std::uint32_t, Wide>>;

Form combine(const Form& a, Wide factorA, const Form& b, Wide factorB) {
  Form sum;
  sum.reserve(a.size() + b.size());
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && a[i].first < b[j].first)) {
      sum.emplace_back(a[i].first, a[i].second * factorA), ++i;
    } else if (i == a.size() || b[j].first < a[i].first) {
      sum.emplace_back(b[j].first, b[j].second * factorB), ++j;
    } else {
      const Wide c = a[i].second * factorA + b[j].second * factorB;
      if (c != 0) sum.emplace_back(a[i].first, c);
      ++i, ++j;
    }
  }
  return sum;
}

Wide factor(std::int32_t sign, std::uint32_t shift) { return sign * (Wide{1} << shift); }

std::vector<Form> expand(const AdderGraph& graph) {
  std::vector<Form> forms;
  forms.reserve(graph.nodes());
  for (std::uint32_t i = 0; i < graph.inputs.size(); ++i) forms.push_back({{i, 1}});
  for (const AdderGraph::Op& op : graph.ops)
    forms.push_back(
        combine(forms[op.a], factor(op.signA, op.shiftA), forms[op.b], factor(op.signB, op.shiftB)));
  return forms;
}

/// All values of a linear form over a box of inputs; both ends are reached, for each input picks its own end.
fixed::Interval rangeOf(const Form& form, const std::vector<fixed::Interval>& inputs) {
  Wide lo = 0, hi = 0;
  for (const auto& [input, c] : form) {
    lo += c * (c > 0 ? inputs[input].lo : inputs[input].hi);
    hi += c * (c > 0 ? inputs[input].hi : inputs[input].lo);
  }
  SLUICE_CHECK(lo >= INT64_MIN && hi <= INT64_MAX,
               "check bounds every output, and inner nodes are bounded likewise");
  return {static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)};
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
  const std::vector<Form> forms = expand(graph);
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
  AdderGraph graph = searchAdderGraph(problem, limit, {});
  finish(graph);
  SLUICE_RETURN_IF_ERROR(verify(graph, problem));
  return graph;
}

Status verify(const AdderGraph& graph, const MatrixVector& problem) {
  if (graph.inputs != problem.inputs || graph.outputs.size() != problem.columns)
    return badInput("the graph's inputs or outputs are not the problem's");
  const auto inputs = static_cast<std::uint32_t>(graph.inputs.size());
  for (std::uint32_t k = 0; k < graph.ops.size(); ++k) {
    const AdderGraph::Op& op = graph.ops[k];
    if (op.a >= inputs + k || op.b >= inputs + k)
      return badInput("an operand comes later than its use", at("op", k));
    if (op.shiftA > 40 || op.shiftB > 40) return badInput("a shift is above 40", at("op", k));
    if (std::abs(op.signA) != 1 || std::abs(op.signB) != 1)
      return badInput("a sign is neither 1 nor -1", at("op", k));
  }
  const std::vector<Form> forms = expand(graph);
  for (std::uint32_t k = 0; k < graph.ops.size(); ++k) {
    const AdderGraph::Op& op = graph.ops[k];
    if (op.range != rangeOf(forms[inputs + k], graph.inputs))
      return badInput("the range is not exact", at("op", k));
    if (op.depth != std::max(graph.depthOf(op.a), graph.depthOf(op.b)) + 1)
      return badInput("the depth is wrong", at("op", k));
  }
  for (std::uint32_t c = 0; c < problem.columns; ++c) {
    const AdderGraph::Output& out = graph.outputs[c];
    if (out.node && *out.node >= graph.nodes()) return badInput("no such node", at("output", c));
    Form want;
    for (std::uint32_t i = 0; i < problem.rows; ++i)
      if (const std::int64_t w = problem.weights[std::size_t{i} * problem.columns + c]; w != 0)
        want.emplace_back(i, w);
    const Form got = out.node ? combine(forms[*out.node], factor(out.sign, out.shift), {}, 1) : Form{};
    if (got != want) return badInput("the linear form is not the column of the matrix", at("output", c));
  }
  return {};
}

}  // namespace sluice::kernel

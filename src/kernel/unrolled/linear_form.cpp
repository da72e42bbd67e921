#include "kernel/unrolled/linear_form.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/check.h"

namespace sluice::kernel {

LinearForm combine(const LinearForm& a, Wide factorA, const LinearForm& b, Wide factorB) {
  LinearForm sum;
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

Wide powerFactor(std::int32_t sign, std::uint32_t shift) { return sign * (Wide{1} << shift); }

std::vector<LinearForm> linearForms(const AdderGraph& graph) {
  std::vector<LinearForm> forms;
  forms.reserve(graph.nodes());
  for (std::uint32_t i = 0; i < graph.inputs.size(); ++i) forms.push_back({{i, 1}});
  for (const AdderGraph::Op& op : graph.ops)
    forms.push_back(combine(forms[op.a], powerFactor(op.signA, op.shiftA), forms[op.b],
                            powerFactor(op.signB, op.shiftB)));
  return forms;
}

fixed::Interval rangeOf(const LinearForm& form, const std::vector<fixed::Interval>& inputs) {
  Wide lo = 0, hi = 0;
  for (const auto& [input, c] : form) {
    lo += c * (c > 0 ? inputs[input].lo : inputs[input].hi);
    hi += c * (c > 0 ? inputs[input].hi : inputs[input].lo);
  }
  SLUICE_CHECK(lo >= INT64_MIN && hi <= INT64_MAX,
               "check bounds every output, and inner nodes are bounded likewise");
  return {static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)};
}

namespace {
std::string at(const char* what, std::size_t index) {
  return std::string(what) + " " + std::to_string(index);
}
}  // namespace

Status verify(const AdderGraph& graph, const MatrixVector& problem) {
  if (graph.inputs != problem.inputs || graph.outputs.size() != problem.columns)
    return badInput("the graph's inputs or outputs are not the problem's");
  const auto inputs = static_cast<std::uint32_t>(graph.inputs.size());
  for (std::uint32_t k = 0; k < graph.ops.size(); ++k) {
    const AdderGraph::Op& op = graph.ops[k];
    if (op.a >= inputs + k || op.b >= inputs + k)
      return badInput("an operand comes later than its use", at("op", k));
    if (op.shiftA > 62 || op.shiftB > 62) return badInput("a shift is above 62", at("op", k));
    if (std::abs(op.signA) != 1 || std::abs(op.signB) != 1)
      return badInput("a sign is neither 1 nor -1", at("op", k));
  }
  const std::vector<LinearForm> forms = linearForms(graph);
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
    LinearForm want;
    for (std::uint32_t i = 0; i < problem.rows; ++i)
      if (const std::int64_t w = problem.weights[std::size_t{i} * problem.columns + c]; w != 0)
        want.emplace_back(i, w);
    const LinearForm got =
        out.node ? combine(forms[*out.node], powerFactor(out.sign, out.shift), {}, 1) : LinearForm{};
    if (got != want) return badInput("the linear form is not the column of the matrix", at("output", c));
  }
  return {};
}

}  // namespace sluice::kernel

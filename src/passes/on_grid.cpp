#include "passes/on_grid.h"

#include <algorithm>
#include <cmath>

#include "fixed/exact_bounds.h"

namespace sluice::passes {
namespace {

/// What is left to do on the codes of the input: y = clamp(sign * x, range), read with another scale and zero
/// point.
struct Reading {
  int sign = 1;
  double scale = 1;
  std::int64_t zeroPoint = 0;
  fixed::Interval range;
};

std::optional<double> point(fixed::Bounds value) {
  if (!value.known() || !value.isPoint()) return std::nullopt;
  return value.lo;
}

std::optional<Reading> timesConstant(Reading r, std::optional<double> scale, bool negative) {
  if (!scale || *scale == 0) return std::nullopt;
  r.scale = *scale;
  if (negative) {
    r.sign = -1;
    r.zeroPoint = -r.zeroPoint;
    r.range = {-r.range.hi, -r.range.lo};
  }
  return r;
}

std::optional<Reading> readingOf(const ir::Graph& graph, const ir::Node& node, const ir::Codes& x) {
  Reading r{.sign = 1, .scale = x.scale[0], .zeroPoint = x.zeroPoint, .range = x.range};
  if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
    if (unary->kind == ir::UnaryKind::identity) return r;
    if (unary->kind == ir::UnaryKind::negate) return timesConstant(r, r.scale, true);
    if (unary->kind != ir::UnaryKind::relu) return std::nullopt;
    r.range = {std::max(r.range.lo, r.zeroPoint), std::max(r.range.hi, r.zeroPoint)};
    return r;
  }
  const auto* binary = std::get_if<ir::Binary>(&node.operation);
  if (binary == nullptr) return std::nullopt;
  const bool constantFirst = graph.tensor(node.inputs[0]).isConstant();
  const auto value = singleValue(graph.tensor(node.inputs[constantFirst ? 0 : 1]));
  if (!value) return std::nullopt;
  using fixed::Bounds;
  switch (binary->kind) {
    case ir::BinaryKind::multiply:
      return timesConstant(r, point(Bounds::of(r.scale) * Bounds::of(std::fabs(*value))), *value < 0);
    case ir::BinaryKind::divide:
      if (constantFirst) return std::nullopt;
      return timesConstant(r, point(Bounds::of(r.scale) / Bounds::of(std::fabs(*value))), *value < 0);
    case ir::BinaryKind::add:
    case ir::BinaryKind::subtract: {
      const auto steps = wholeSteps(*value, r.scale);
      if (!steps) return std::nullopt;
      const bool minus = binary->kind == ir::BinaryKind::subtract;
      if (minus && constantFirst) {  // c - x
        const auto negated = timesConstant(r, r.scale, true);
        if (!negated) return std::nullopt;
        r = *negated;
      }
      r.zeroPoint += minus && !constantFirst ? *steps : -*steps;
      return r;
    }
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<double>> exactReals(const ir::Tensor& tensor) {
  if (!tensor.isConstant()) return std::nullopt;
  if (tensor.type.isReal()) return ir::realsOf(tensor);
  std::vector<double> result;
  const ir::Codes& codes = *tensor.type.codes;
  for (const std::int64_t code : ir::codesOf(tensor)) {
    const double scale = codes.scale[codes.scale.size() == 1 ? 0 : result.size() % codes.scale.size()];
    const auto value = point(fixed::Bounds::ofInteger(code - codes.zeroPoint) * fixed::Bounds::of(scale));
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

std::optional<double> singleValue(const ir::Tensor& tensor) {
  const auto list = exactReals(tensor);
  if (!list || !std::all_of(list->begin(), list->end(), [&](double v) { return v == (*list)[0]; }))
    return std::nullopt;
  if (!std::isfinite((*list)[0])) return std::nullopt;
  return (*list)[0];
}

std::optional<std::int64_t> wholeSteps(double value, double step) {
  const double steps = std::nearbyint(value / step);
  if (!(std::fabs(steps) < 0x1p53) || std::fma(steps, step, -value) != 0) return std::nullopt;
  return static_cast<std::int64_t>(steps);
}

Result<std::optional<ir::TensorId>> OnGrid::codes(ir::TensorId old) {
  if (const auto found = known_.find(old.index); found != known_.end()) return found->second;
  SLUICE_TRY(const std::optional<ir::TensorId> made, make(old));
  known_.emplace(old.index, made);
  return made;
}

Result<std::optional<ir::TensorId>> OnGrid::make(ir::TensorId old) {
  using None = std::optional<ir::TensorId>;
  const ir::TensorId now = rewrite_.at(old);
  if (!rewrite_.to.tensor(now).type.isReal()) return None(now);
  const ir::Tensor& tensor = rewrite_.from.tensor(old);
  if (tensor.isConstant()) return None();
  const ir::Node& node = rewrite_.from.node(tensor.producer);
  const bool moves = std::holds_alternative<ir::Reshape>(node.operation) ||
                     std::holds_alternative<ir::Transpose>(node.operation);
  if (!moves && !std::holds_alternative<ir::Unary>(node.operation) &&
      !std::holds_alternative<ir::Binary>(node.operation))
    return None();
  // The one operand that is computed.
  ir::TensorId operand = node.inputs[0];
  if (node.inputs.size() == 2) {
    if (rewrite_.from.tensor(node.inputs[0]).isConstant())
      operand = node.inputs[1];
    else if (!rewrite_.from.tensor(node.inputs[1]).isConstant())
      return None();
  }
  SLUICE_TRY(const std::optional<ir::TensorId> x, codes(operand));
  if (!x) return None();
  const ir::TensorType type = rewrite_.to.tensor(*x).type;
  if (moves) {
    SLUICE_TRY(const ir::TensorId moved,
               rewrite_.add(node.name + ".codes", node.operation, {*x}, originsOf(node)));
    return None(moved);
  }
  if (type.shape != tensor.type.shape || type.codes->scale.size() != 1) return None();
  const auto reading = readingOf(rewrite_.from, node, *type.codes);
  if (!reading) return None();
  const ir::TensorId a = rewrite_.addIntegers(node.name + ".a", {1}, {reading->sign});
  const ir::TensorId b = rewrite_.addIntegers(node.name + ".b", {1}, {0});
  SLUICE_TRY(const ir::TensorId made, rewrite_.add(node.name + ".codes",
                                                   ir::Rescale{.shift = 0,
                                                               .range = reading->range,
                                                               .tieToEven = false,
                                                               .scale = {reading->scale},
                                                               .zeroPoint = reading->zeroPoint},
                                                   {*x, a, b}, originsOf(node)));
  return None(made);
}

}  // namespace sluice::passes

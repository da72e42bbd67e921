#include "passes/fold_quantizers.h"

#include <algorithm>
#include <cmath>

#include "fixed/exact.h"
#include "fixed/overflow.h"
#include "ir/reference.h"
#include "passes/element_function.h"
#include "passes/on_grid.h"

namespace sluice::passes {
namespace {

using Codes = std::optional<std::vector<std::int64_t>>;

Codes ofReals(const ir::Quantize& q, const std::vector<double>& values) {
  std::vector<std::int64_t> codes;
  codes.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const fixed::Interval range = q.ranges.empty() ? q.range : q.ranges[i % q.ranges.size()];
    const std::int64_t zero = q.zeroPoints.empty() ? q.zeroPoint : q.zeroPoints[i % q.zeroPoints.size()];
    std::int64_t code = 0;
    if (std::isnan(values[i])) return std::nullopt;
    if (std::isinf(values[i]) || range.lo < -fixed::widestCode || range.hi > fixed::widestCode) {
      if (q.overflow != fixed::Overflow::saturate || std::isfinite(values[i])) return std::nullopt;
      code = fixed::clampToRange(values[i], range);
    } else if (q.overflow == fixed::Overflow::saturate) {
      code = fixed::quantize(values[i], q.scale[i % q.scale.size()], zero, q.rounding, range);
    } else {
      code = fixed::quantize(values[i], q.scale[i % q.scale.size()], zero, q.rounding,
                             {-fixed::widestCode, fixed::widestCode});
      // Its ends stand for everything beyond: to saturate, that is enough.
      const bool beyond = code == fixed::widestCode || code == -fixed::widestCode;
      if (beyond && q.overflow != fixed::Overflow::saturateSymmetric &&
          q.overflow != fixed::Overflow::saturateToZero)
        return std::nullopt;
      code = fixed::fit(code, range, q.overflow, zero);
    }
    codes.push_back(q.zeroPoints.empty() ? code : code - zero);
  }
  return codes;
}

Codes ofChain(const ir::Graph& graph, const ir::Node& node) {
  const auto function = elementFunction(graph, node);
  if (!function.ok() || function->source.valid()) return std::nullopt;
  Evaluator evaluator(*function);
  std::vector<std::int64_t> list;
  for (std::int64_t c = 0; c < function->channels; ++c) {
    evaluator.setChannel(c);
    const auto code = evaluator.code(0);
    if (!code) return std::nullopt;
    list.push_back(*code);
  }
  const auto count = static_cast<std::size_t>(ir::elements(graph.tensor(node.output).type.shape));
  std::vector<std::int64_t> codes(count);
  for (std::size_t i = 0; i < count; ++i) codes[i] = list[i % list.size()];
  return codes;
}

/// round(log2 |x|), exactly: a power of two and a half is irrational, so no double is a tie.
std::int64_t roundedLogarithm(double x, fixed::Rounding rounding) {
  int exponent = 0;
  const double mantissa =
      std::frexp(std::fabs(x), &exponent);  // in [1/2, 1): log2 in [exponent - 1, exponent)
  const std::int64_t below = exponent - 1;
  if (mantissa == 0.5) return below;
  switch (rounding) {
    case fixed::Rounding::floor:
      return below;
    case fixed::Rounding::ceil:
      return below + 1;
    case fixed::Rounding::towardZero:
      return below < 0 ? below + 1 : below;
    case fixed::Rounding::awayFromZero:
      return below < 0 ? below : below + 1;
    default:
      return mantissa >= 0x1.6a09e667f3bcdp-1 ? below + 1 : below;  // the double above the root of 1/2
  }
}

std::vector<std::int64_t> ofPower(const ir::QuantizePower& q, const std::vector<double>& values) {
  std::vector<std::int64_t> codes;
  for (const double value : values) {
    if (value == 0 || (value < 0 && !q.negative)) {
      codes.push_back(1);
      continue;
    }
    const std::int64_t power = std::clamp(roundedLogarithm(value, q.rounding), q.lowest, q.highest);
    const std::int64_t code = std::int64_t{1} << (power - q.lowest);
    codes.push_back(value < 0 ? -code : code);
  }
  return codes;
}

}  // namespace

Codes foldQuantizer(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& x = graph.tensor(node.inputs[0]);
  const ir::TensorType& type = graph.tensor(node.output).type;
  if (type.isReal()) return std::nullopt;
  const auto reals = exactReals(x);
  if (const auto* quantize = std::get_if<ir::Quantize>(&node.operation))
    return reals ? ofReals(*quantize, *reals) : ofChain(graph, node);
  if (std::holds_alternative<ir::Bipolar>(node.operation)) {
    if (!reals) return ofChain(graph, node);
    std::vector<std::int64_t> codes;
    for (const double value : *reals) codes.push_back(value >= 0 ? 1 : -1);
    return codes;
  }
  if (!reals) return std::nullopt;
  for (const double value : *reals)
    if (!std::isfinite(value)) return std::nullopt;
  if (const auto* power = std::get_if<ir::QuantizePower>(&node.operation)) return ofPower(*power, *reals);
  // Floats: the reference is exact where its division by the scale is.
  const auto& minifloat = std::get<ir::QuantizeFloat>(node.operation);
  for (const double value : *reals)
    if (const auto quotient = fixed::Bounds::of(value) / fixed::Bounds::of(minifloat.scale);
        !quotient.isPoint())
      return std::nullopt;
  const ir::ConstantData data = ir::evaluateOperation(node.operation, {&x}, type);
  return std::get<std::vector<std::int64_t>>(data);
}

}  // namespace sluice::passes

#include <algorithm>
#include <cmath>

#include "fixed/overflow.h"
#include "ir/geometry.h"
#include "ir/infer.h"

/// Proven ranges of convolutions and of products and conversions of codes, as in infer_integer.cpp.
namespace sluice::ir {
namespace {

Status checkConstant(const Inputs& inputs, std::size_t i, const char* what) {
  if (inputs[i]->isConstant()) return {};
  return badInput(std::string(what) + " '" + inputs[i]->name + "' must be a constant");
}

/// scale(x) * scale(w) * factor per output channel, or one for all.
Result<std::vector<double>> productScale(const Codes& x, const Codes& w, const ConvShape& conv,
                                         double factor) {
  std::vector<double> scale;
  const bool severalX = x.scale.size() > 1;
  if (severalX && (conv.groupIn() != 1 || static_cast<std::int64_t>(x.scale.size()) != conv.channelsIn))
    return badInput("x has several scales; a sum over channels needs one scale");
  const std::int64_t count = severalX || w.scale.size() > 1 ? conv.channelsOut : 1;
  if (w.scale.size() > 1 && static_cast<std::int64_t>(w.scale.size()) != conv.channelsOut)
    return badInput("weights have a scale per element; one for all or one per output channel is needed");
  for (std::int64_t j = 0; j < count; ++j) {
    const auto product = exactProduct(scaleOf(x, j / conv.groupOut()), scaleOf(w, j));
    if (!product) return unsupported("the product of the scales of x and w is not exact in float64");
    scale.push_back(*product * factor);
  }
  return scale;
}

Status checkBias(const Inputs& inputs, std::int64_t count, const std::vector<double>& scale) {
  SLUICE_TRY(const Codes* bias, codesAt(inputs, 2));
  SLUICE_RETURN_IF_ERROR(checkConstant(inputs, 2, "bias"));
  if (inputs[2]->type.shape != Shape{count})
    return badInput("bias of shape " + text(inputs[2]->type.shape) + " for " + std::to_string(count) +
                    " output channels");
  if (bias->zeroPoint != 0) return badInput("bias has a zero point; it must be 0");
  for (std::int64_t j = 0; j < count; ++j)
    if (scaleOf(*bias, j) != scale[static_cast<std::size_t>(j) % scale.size()])
      return badInput("the scale of the bias is not that of the sum in channel " + std::to_string(j));
  return {};
}

struct Extremes {
  std::vector<Wide> lo, hi;  ///< of each output channel's sum
  Wide largest = 0;          ///< bound of the magnitude of every partial sum
};

/// Sums over all places of round(w * x / 2^shift), each within the bounds that x's range proves.
Result<Extremes> sums(const Inputs& inputs, const ConvShape& conv, std::uint32_t shift, Rounding rounding) {
  const Codes& x = *inputs[0]->type.codes;
  std::vector<fixed::Interval> ranges = channelRanges(inputs[0]->type);
  if (std::any_of(conv.axes.begin(), conv.axes.end(), [](const WindowAxis& axis) { return axis.padded(); }))
    for (fixed::Interval& range : ranges) range = join(range, {x.zeroPoint, x.zeroPoint});
  const auto m = static_cast<std::size_t>(conv.channelsOut);
  Extremes result{.lo = std::vector<Wide>(m), .hi = std::vector<Wide>(m), .largest = 0};
  std::vector<Wide> magnitude(m);
  if (inputs.size() == 3)
    for (std::size_t j = 0; j < m; ++j) {
      result.lo[j] = result.hi[j] = codesOf(*inputs[2])[j];
      magnitude[j] = result.lo[j] < 0 ? -result.lo[j] : result.lo[j];
    }
  const auto term = [&](std::int64_t w, std::int64_t code) -> Result<Wide> {
    const Wide product = static_cast<Wide>(w) * code;
    if (product < -codeLimit || product > codeLimit) return badInput("products may leave [-2^62, 2^62]");
    if (shift == 0) return product;
    return Wide{fixed::roundShiftRight(static_cast<std::int64_t>(product), shift, rounding)};
  };
  const std::vector<std::int64_t>& weights = codesOf(*inputs[1]);
  const auto depth = static_cast<std::size_t>(conv.groupIn()),
             groupOut = static_cast<std::size_t>(conv.groupOut());
  for (std::size_t at = 0; at < weights.size(); ++at) {
    const std::size_t j = at % m, channel = j / groupOut * depth + at / m % depth;
    SLUICE_TRY(const Wide a, term(weights[at], ranges[channel].lo));
    SLUICE_TRY(const Wide b, term(weights[at], ranges[channel].hi));
    result.lo[j] += std::min(a, b);
    result.hi[j] += std::max(a, b);
    magnitude[j] += std::max(a < 0 ? -a : a, b < 0 ? -b : b);
  }
  result.largest = *std::max_element(magnitude.begin(), magnitude.end());
  return result;
}

/// What both convolutions on codes ask for.
Result<ConvShape> checkedConv(const Inputs& inputs, const Window& window, std::int64_t groups) {
  for (const std::size_t i : {0u, 1u})
    if (const auto codes = codesAt(inputs, i); !codes.ok()) return codes.error();
  const Codes* w = &*inputs[1]->type.codes;
  SLUICE_TRY(ConvShape conv, convShape(inputs[0]->type.shape, inputs[1]->type.shape, window, groups));
  SLUICE_RETURN_IF_ERROR(checkConstant(inputs, 1, "weights"));
  if (w->zeroPoint != 0)
    return badInput("weights have zero point " + std::to_string(w->zeroPoint) + "; it must be 0");
  return conv;
}

fixed::Interval shifted(fixed::Interval range, std::int64_t shift, Rounding rounding) {
  const auto one = [&](std::int64_t value) {
    if (shift > 0) return fixed::roundShiftRight(value, static_cast<std::uint32_t>(shift), rounding);
    return value * (std::int64_t{1} << -shift);
  };
  return {one(range.lo), one(range.hi)};
}

}  // namespace

Result<TensorType> inferConv(const CodeConv& operation, const Inputs& inputs) {
  SLUICE_TRY(const ConvShape conv, checkedConv(inputs, operation.window, operation.groups));
  const Codes& x = *inputs[0]->type.codes;
  if (x.zeroPoint != 0 && inputs.size() < 3)
    return badInput("x has zero point " + std::to_string(x.zeroPoint) +
                    "; a bias that takes it out (-zeroPoint * sum of the channel's weights) is needed");
  SLUICE_TRY(std::vector<double> scale, productScale(x, *inputs[1]->type.codes, conv, 1));
  if (inputs.size() == 3) SLUICE_RETURN_IF_ERROR(checkBias(inputs, conv.channelsOut, scale));
  SLUICE_TRY(const Extremes found, sums(inputs, conv, 0, Rounding::floor));
  return codesType(conv.outputShape(), *std::min_element(found.lo.begin(), found.lo.end()),
                   *std::max_element(found.hi.begin(), found.hi.end()), std::move(scale), 0);
}

Result<TensorType> inferConv(const AccumulateConv& operation, const Inputs& inputs) {
  SLUICE_TRY(const ConvShape conv, checkedConv(inputs, operation.window, operation.groups));
  const Codes& x = *inputs[0]->type.codes;
  if (x.zeroPoint != 0) return badInput("x has a zero point; it must be 0");
  if (operation.shift > 61) return badInput("shift " + std::to_string(operation.shift) + " is above 61");
  if (operation.range.lo > 0 || operation.range.hi < 0 || operation.range.lo < -codeLimit ||
      operation.range.hi > codeLimit)
    return badInput("the range of an accumulator holds 0 and lies in [-2^62, 2^62]");
  SLUICE_TRY(std::vector<double> scale, productScale(x, *inputs[1]->type.codes, conv,
                                                     std::ldexp(1.0, static_cast<int>(operation.shift))));
  if (inputs.size() == 3) SLUICE_RETURN_IF_ERROR(checkBias(inputs, conv.channelsOut, scale));
  SLUICE_TRY(const Extremes found, sums(inputs, conv, operation.shift, operation.rounding));
  const fixed::Interval whole =
      fixed::fitRange({INT64_MIN / 2, INT64_MAX / 2}, operation.range, operation.overflow);
  const Wide lo = *std::min_element(found.lo.begin(), found.lo.end());
  const Wide hi = *std::max_element(found.hi.begin(), found.hi.end());
  // Nothing ever overflows if no partial sum can.
  const bool fits = found.largest <= std::min(Wide{whole.hi}, -Wide{whole.lo});
  return codesType(conv.outputShape(), fits ? lo : whole.lo, fits ? hi : whole.hi, std::move(scale), 0);
}

Result<TensorType> inferCodeMatMul(const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  SLUICE_TRY(const Codes* w, codesAt(inputs, 1));
  SLUICE_TRY(Shape shape, matMulShape(inputs));
  if (x->scale.size() != 1 || w->scale.size() != 1)
    return badInput("a product of two codes tensors takes one scale each, not " + shapesOf(inputs));
  const auto scale = exactProduct(x->scale[0], w->scale[0]);
  if (!scale) return unsupported("the product of the scales of x and w is not exact in float64");
  const Wide corners[] = {(Wide{x->range.lo} - x->zeroPoint) * (Wide{w->range.lo} - w->zeroPoint),
                          (Wide{x->range.lo} - x->zeroPoint) * (Wide{w->range.hi} - w->zeroPoint),
                          (Wide{x->range.hi} - x->zeroPoint) * (Wide{w->range.lo} - w->zeroPoint),
                          (Wide{x->range.hi} - x->zeroPoint) * (Wide{w->range.hi} - w->zeroPoint)};
  const Wide lo = *std::min_element(corners, corners + 4), hi = *std::max_element(corners, corners + 4);
  if (lo < -codeLimit || hi > codeLimit) return badInput("products may leave [-2^62, 2^62]");
  const Wide n = channels(inputs[0]->type.shape);
  return codesType(std::move(shape), n * lo, n * hi, {*scale}, 0);
}

Result<TensorType> inferCodeBinary(const CodeBinary& operation, const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  SLUICE_TRY(const Codes* y, codesAt(inputs, 1));
  SLUICE_TRY(Shape shape, broadcast(inputs));
  if (operation.kind != CodeBinaryKind::multiply) {
    if (x->zeroPoint != y->zeroPoint || x->scale != y->scale ||
        (x->scale.size() > 1 && (inputs[0]->type.shape != shape || inputs[1]->type.shape != shape)))
      return badInput("the minimum or maximum of codes takes codes of the same scale and zero point, not " +
                      text(inputs[0]->type) + " and " + text(inputs[1]->type));
    const bool least = operation.kind == CodeBinaryKind::minimum;
    const auto pick = [&](std::int64_t a, std::int64_t b) { return least ? std::min(a, b) : std::max(a, b); };
    return codesType(std::move(shape), pick(x->range.lo, y->range.lo), pick(x->range.hi, y->range.hi),
                     x->scale, x->zeroPoint);
  }
  const Wide a[] = {Wide{x->range.lo} - x->zeroPoint, Wide{x->range.hi} - x->zeroPoint};
  const Wide b[] = {Wide{y->range.lo} - y->zeroPoint, Wide{y->range.hi} - y->zeroPoint};
  const Wide corners[] = {a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]};
  std::vector<double> scale;
  const auto product = [&](double left, double right) -> Status {
    const auto exact = exactProduct(left, right);
    if (!exact) return unsupported("the product of the two scales is not exact in float64");
    scale.push_back(*exact);
    return {};
  };
  if (x->scale.size() == 1 && y->scale.size() == 1) {
    SLUICE_RETURN_IF_ERROR(product(x->scale[0], y->scale[0]));
  } else {
    const auto left = broadcastSources(inputs[0]->type.shape, shape);
    const auto right = broadcastSources(inputs[1]->type.shape, shape);
    for (std::size_t i = 0; i < left.size(); ++i)
      SLUICE_RETURN_IF_ERROR(product(scaleOf(*x, left[i]), scaleOf(*y, right[i])));
  }
  return codesType(std::move(shape), *std::min_element(corners, corners + 4),
                   *std::max_element(corners, corners + 4), std::move(scale), 0);
}

Result<TensorType> inferPairLookup(const PairLookup& operation, const Inputs& inputs) {
  SLUICE_TRY(const Codes* x0, codesAt(inputs, 0));
  SLUICE_TRY(const Codes* x1, codesAt(inputs, 1));
  SLUICE_TRY(const Codes* table, codesAt(inputs, 2));
  SLUICE_RETURN_IF_ERROR(checkConstant(inputs, 2, "table"));
  const Shape& shape = inputs[0]->type.shape;
  const Shape& rows = inputs[2]->type.shape;
  if (inputs[1]->type.shape != shape || rows.size() != 2 || (rows[0] != 1 && rows[0] != channels(shape)))
    return badInput(
        "a table of two codes takes two inputs of one shape and a table [1 or channels, entries], not " +
        shapesOf(inputs));
  if (table->scale.size() != 1) return badInput("a table has one scale, that of the result");
  const std::int64_t span1 = operation.span1;
  const Wide last0 = Wide{x0->range.hi} - operation.first0, last1 = Wide{x1->range.hi} - operation.first1;
  if (operation.first0 > x0->range.lo || operation.first1 > x1->range.lo || span1 < 1 || last1 >= span1 ||
      rows[1] % span1 != 0 || last0 >= rows[1] / span1)
    return badInput("a table of " + std::to_string(rows[1]) + " entries in rows of " + std::to_string(span1) +
                    " does not cover the ranges of its inputs");
  const std::vector<std::int64_t>& entries = codesOf(*inputs[2]);
  std::int64_t lo = INT64_MAX, hi = INT64_MIN;
  for (std::int64_t row = 0; row < rows[0]; ++row)
    for (std::int64_t a = x0->range.lo - operation.first0; a <= static_cast<std::int64_t>(last0); ++a) {
      const auto first = entries.begin() + row * rows[1] + a * span1;
      const auto [least, greatest] = std::minmax_element(first + (x1->range.lo - operation.first1),
                                                         first + static_cast<std::int64_t>(last1) + 1);
      lo = std::min(lo, *least);
      hi = std::max(hi, *greatest);
    }
  return codesType(shape, lo, hi, table->scale, table->zeroPoint);
}

Result<TensorType> inferRequantize(const Requantize& operation, const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  const TensorType& type = inputs[0]->type;
  if (x->zeroPoint != 0) return badInput("x has a zero point; it must be 0");
  // Lists of the attributes are checked as those of a type.
  SLUICE_RETURN_IF_ERROR(check(TensorType{
      .shape = type.shape,
      .codes = Codes{.range = operation.range, .scale = {1}, .zeroPoint = 0, .ranges = operation.ranges}}));
  const auto count = static_cast<std::int64_t>(operation.shift.size());
  if (count != 1 && count != channels(type.shape) && count != elements(type.shape))
    return badInput(std::to_string(count) + " shifts for a tensor of shape " + text(type.shape));
  const std::size_t period =
      std::max({operation.shift.size(), operation.ranges.size(), x->scale.size(), x->ranges.size()});
  std::vector<double> scale;
  std::vector<fixed::Interval> ranges;
  for (std::size_t i = 0; i < period; ++i) {
    const std::int64_t shift = operation.shift[i % operation.shift.size()];
    if (shift < -62 || shift > 62) return badInput("shift " + std::to_string(shift) + " is not in [-62, 62]");
    const double from = scaleOf(*x, static_cast<std::int64_t>(i));
    scale.push_back(std::ldexp(from, static_cast<int>(shift)));
    if (std::ldexp(scale.back(), -static_cast<int>(shift)) != from)
      return unsupported("a scale that leaves the range of float64");
    const fixed::Interval range = rangeOf(*x, static_cast<std::int64_t>(i));
    if (shift < 0 && (static_cast<Wide>(std::max(range.hi, -range.lo)) << -shift) > codeLimit)
      return badInput("codes shifted left by " + std::to_string(-shift) + " may leave [-2^62, 2^62]");
    const fixed::Interval target =
        operation.ranges.empty() ? operation.range : operation.ranges[i % operation.ranges.size()];
    if (operation.overflow == Overflow::saturateToZero && !target.contains(0))
      return badInput("a format that saturates to zero has zero in its range");
    ranges.push_back(fixed::fitRange(shifted(range, shift, operation.rounding), target, operation.overflow));
  }
  fixed::Interval hull = ranges[0];
  for (const fixed::Interval range : ranges) hull = join(hull, range);
  if (period == 1 || (operation.ranges.empty() && x->ranges.empty() && operation.shift.size() == 1))
    ranges.clear();
  return codesType(type.shape, hull.lo, hull.hi, std::move(scale), 0, std::move(ranges));
}

}  // namespace sluice::ir

#include "ir/infer.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ir/geometry.h"

namespace sluice::ir {
namespace {

constexpr std::int64_t exactInDouble = std::int64_t{1} << 53;

Result<TensorType> checked(TensorType type) {
  SLUICE_RETURN_IF_ERROR(check(type));
  return type;
}

TensorType real(Shape shape) { return {.shape = std::move(shape), .codes = std::nullopt}; }

/// Entry i of a list that stands for all elements, each channel or each element.
template <typename Item>
const Item& at(const std::vector<Item>& list, std::size_t i) {
  return list[i % list.size()];
}

Result<TensorType> inferQuantize(const Quantize& q, const TensorType& x) {
  Codes codes{.range = q.range, .scale = q.scale, .zeroPoint = q.zeroPoint, .ranges = q.ranges};
  SLUICE_RETURN_IF_ERROR(check(TensorType{.shape = x.shape, .codes = codes}));
  const auto count = static_cast<std::int64_t>(q.zeroPoints.size());
  if (count != 0 &&
      ((count != 1 && count != channels(x.shape) && count != elements(x.shape)) || q.zeroPoint != 0))
    return badInput(std::to_string(count) + " zero points for a tensor of shape " + text(x.shape) +
                    "; there must be one per channel or one per element, and zeroPoint must be 0");
  const std::size_t period = std::max(q.ranges.size(), q.zeroPoints.size());
  std::vector<fixed::Interval> ranges;
  for (std::size_t i = 0; i < std::max(period, std::size_t{1}); ++i) {
    fixed::Interval range = q.ranges.empty() ? q.range : at(q.ranges, i);
    const std::int64_t zero = q.zeroPoints.empty() ? q.zeroPoint : at(q.zeroPoints, i);
    if (std::max({range.hi, -range.lo, zero, -zero}) > exactInDouble)
      return unsupported("a quantizer with codes beyond 2^53, which float64 does not hold exactly");
    if (q.overflow == Overflow::saturateToZero && !range.contains(zero))
      return badInput("a quantizer that saturates to zero has zero in its range");
    if (q.overflow == Overflow::saturateSymmetric) {
      if (range.hi < 0) return badInput("a quantizer that saturates symmetrically has zero in its range");
      range.lo = std::max(range.lo, -range.hi);
    }
    if (!q.zeroPoints.empty()) range = {range.lo - zero, range.hi - zero};
    ranges.push_back(range);
  }
  codes.range = ranges[0];
  if (period > 1) {
    codes.ranges = std::move(ranges);
    codes = canonical(std::move(codes), x.shape);
  }
  return checked({.shape = x.shape, .codes = std::move(codes)});
}

struct Infer {
  const Inputs& inputs;
  [[nodiscard]] const TensorType& x() const { return inputs[0]->type; }

  Result<TensorType> operator()(const Input&) const {
    return badInput("the type of an input is given, not inferred");
  }

  Result<TensorType> operator()(const Quantize& q) const { return inferQuantize(q, x()); }

  Result<TensorType> operator()(const QuantizeFloat& q) const {
    if (!(q.scale > 0) || !std::isfinite(q.scale) || !(q.largest > 0) || !std::isfinite(q.largest))
      return badInput("a float format needs a positive, finite scale and largest number");
    if (q.exponentBits > 11 || q.mantissaBits > 52 || std::abs(q.exponentBias) > 1100)
      return badInput("a float format of " + std::to_string(q.exponentBits) + " exponent bits and " +
                      std::to_string(q.mantissaBits) + " mantissa bits is beyond float64");
    const auto exponent = static_cast<int>(1 - q.exponentBias) - static_cast<int>(q.mantissaBits);
    const double steps = std::ldexp(q.largest, -exponent), step = std::ldexp(q.scale, exponent);
    if (steps > static_cast<double>(exactInDouble) || std::ldexp(step, -exponent) != q.scale || !(step > 0))
      return real(x().shape);
    if (steps != std::floor(steps))
      return badInput("the largest number of a float format, " + formatDouble(q.largest) +
                      ", is none of its numbers");
    const auto most = static_cast<std::int64_t>(steps);
    return checked(
        {.shape = x().shape, .codes = Codes{.range = {-most, most}, .scale = {step}, .zeroPoint = 0}});
  }

  Result<TensorType> operator()(const QuantizePower& q) const {
    if (q.highest < q.lowest || q.highest - q.lowest > 52 || std::abs(q.lowest) > 900 ||
        std::abs(q.highest) > 900)
      return badInput("powers of two from 2^" + std::to_string(q.lowest) + " to 2^" +
                      std::to_string(q.highest));
    const std::int64_t most = std::int64_t{1} << (q.highest - q.lowest);
    return checked({.shape = x().shape,
                    .codes = Codes{.range = {q.negative ? -most : 1, most},
                                   .scale = {std::ldexp(1.0, static_cast<int>(q.lowest))},
                                   .zeroPoint = 0}});
  }

  Result<TensorType> operator()(const Bipolar& b) const {
    return checked(
        {.shape = x().shape, .codes = Codes{.range = {-1, 1}, .scale = {b.scale}, .zeroPoint = 0}});
  }

  Result<TensorType> operator()(const MatMul&) const {
    SLUICE_TRY(Shape shape, matMulShape(inputs));
    return real(std::move(shape));
  }

  Result<TensorType> operator()(const Conv& c) const {
    SLUICE_TRY(const ConvShape conv, convShape(x().shape, inputs[1]->type.shape, c.window, c.groups));
    return convType(conv);
  }
  Result<TensorType> operator()(const ConvTranspose& c) const {
    SLUICE_TRY(const ConvShape conv, convTransposeShape(x().shape, inputs[1]->type.shape, c));
    return convType(conv);
  }
  [[nodiscard]] Result<TensorType> convType(const ConvShape& conv) const {
    if (inputs.size() == 3 && inputs[2]->type.shape != Shape{conv.channelsOut})
      return badInput("a bias of shape " + text(inputs[2]->type.shape) + " for " +
                      std::to_string(conv.channelsOut) + " output channels");
    return real(conv.outputShape());
  }

  Result<TensorType> operator()(const LayerNormalize& l) const {
    const Shape& shape = x().shape;
    if (l.axes < 1 || l.axes > static_cast<std::int64_t>(shape.size()))
      return badInput("layer normalization over the last " + std::to_string(l.axes) + " axes of " +
                      shapesOf({inputs[0]}));
    const Shape own(shape.end() - l.axes, shape.end());
    for (std::size_t i = 1; i < 3; ++i)
      if (inputs[i]->type.shape != own)
        return badInput("layer normalization takes parameters of shape " + text(own) + ", not " +
                        shapesOf({inputs[i]}));
    return real(shape);
  }

  Result<TensorType> operator()(const BatchNormalize&) const {
    for (std::size_t i = 1; i < inputs.size(); ++i)
      if (inputs[i]->type.shape != Shape{channels(x().shape)})
        return badInput("batch normalization takes parameters of shape [" +
                        std::to_string(channels(x().shape)) + "], one per channel, not " +
                        shapesOf({inputs[i]}));
    return real(x().shape);
  }

  Result<TensorType> operator()(const Binary&) const {
    SLUICE_TRY(Shape shape, broadcast(inputs));
    return checked(real(std::move(shape)));
  }

  Result<TensorType> operator()(const Unary&) const { return real(x().shape); }

  Result<TensorType> operator()(const Softmax&) const {
    if (x().shape.empty()) return badInput("softmax of a scalar");
    return real(x().shape);
  }

  Result<TensorType> operator()(const Reshape& m) const { return inferMove(m, inputs); }
  Result<TensorType> operator()(const Transpose& m) const { return inferMove(m, inputs); }
  Result<TensorType> operator()(const Concat& m) const { return inferMove(m, inputs); }
  Result<TensorType> operator()(const Pad& m) const { return inferMove(m, inputs); }
  Result<TensorType> operator()(const Slice& m) const { return inferMove(m, inputs); }
  Result<TensorType> operator()(const Expand& m) const { return inferMove(m, inputs); }
  Result<TensorType> operator()(const Resize& r) const { return inferResize(r, inputs); }
  Result<TensorType> operator()(const Gather& g) const { return inferGather(g, inputs); }
  Result<TensorType> operator()(const Pool& p) const { return inferPool(p, inputs); }
  Result<TensorType> operator()(const Reduce& r) const { return inferReduce(r, inputs); }

  Result<TensorType> operator()(const Dense&) const { return inferDense(inputs); }
  Result<TensorType> operator()(const Threshold& t) const { return inferThreshold(t, inputs); }
  Result<TensorType> operator()(const Lookup& l) const { return inferLookup(l, inputs); }
  Result<TensorType> operator()(const Rescale& r) const { return inferRescale(r, inputs); }
  Result<TensorType> operator()(const Merge& m) const { return inferMerge(m, inputs); }
  Result<TensorType> operator()(const TopK& t) const { return inferTopK(t, inputs); }
  Result<TensorType> operator()(const CodeConv& c) const { return inferConv(c, inputs); }
  Result<TensorType> operator()(const AccumulateConv& c) const { return inferConv(c, inputs); }
  Result<TensorType> operator()(const CodeMatMul&) const { return inferCodeMatMul(inputs); }
  Result<TensorType> operator()(const CodeBinary& b) const { return inferCodeBinary(b, inputs); }
  Result<TensorType> operator()(const PairLookup& p) const { return inferPairLookup(p, inputs); }
  Result<TensorType> operator()(const Requantize& r) const { return inferRequantize(r, inputs); }
};

}  // namespace

Result<TensorType> inferType(const Operation& operation, const Inputs& inputs) {
  const OpInfo& row = info(operation);
  const auto count = static_cast<int>(inputs.size());
  if (count < row.minInputs || count > row.maxInputs)
    return badInput(std::string(row.name) + " takes " + std::to_string(row.minInputs) +
                    (row.maxInputs > row.minInputs ? " to " + std::to_string(row.maxInputs) : "") +
                    " inputs, not " + std::to_string(count));
  return std::visit(Infer{inputs}, operation);
}

}  // namespace sluice::ir

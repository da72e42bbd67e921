#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "compat/hls4ml_emit.h"
#include "compat/hls4ml_tables.h"
#include "fixed/rounding.h"

/// Activations (nnet_activation.h). A function that differs left and right of zero is computed for max(x, 0) and for
/// min(x, 0), and the two are added: the other one is always zero.
namespace sluice::compat {
namespace {

using fixed::ApFormat;
using ir::TensorId;

/// int(x * size / span) of C++, which cuts toward zero twice, clamped to [lo, hi]. `span` is a power of two.
Result<TensorId> tableIndex(Emitter& emitter, Value x, std::int64_t size, int spanBits, std::int64_t lo,
                            std::int64_t hi) {
  int bits = x.format.fraction() + spanBits;
  if (std::has_single_bit(static_cast<std::uint64_t>(size))) {
    bits -= std::countr_zero(static_cast<std::uint64_t>(size));
  } else {
    SLUICE_TRY(x, emitter.affine(x, {size}, {0}, 0, "times_size"));
  }
  if (bits > 62 || bits < -40) return unsupported("a table whose steps are far from those of its input");
  const auto requantize = [&](std::int64_t shift, fixed::Interval range, fixed::Overflow overflow,
                              const char* suffix) {
    return emitter.add(
        suffix,
        ir::Requantize{
            .shift = {shift}, .range = range, .rounding = fixed::Rounding::towardZero, .overflow = overflow},
        {x.tensor});
  };
  // A number beyond the int of C++ wraps before it is clamped.
  const fixed::Interval held = emitter.range(x.tensor);
  const double most =
      std::max(std::fabs(static_cast<double>(held.lo)), std::fabs(static_cast<double>(held.hi)));
  if (std::ldexp(most, -bits) >= 0x1p31) {
    SLUICE_TRY(x.tensor, requantize(bits, {INT32_MIN, INT32_MAX}, fixed::Overflow::wrap, "int"));
    bits = 0;
  }
  return requantize(bits, {lo, hi}, fixed::Overflow::saturate, "index");
}

/// A table over [-span/2, span/2): the result of the entry that x falls on.
Result<Value> curve(Emitter& emitter, Curve curve, int spanBits) {
  const Layer& layer = emitter.layer();
  const std::int64_t size = layer.tableSize, half = (std::int64_t{1} << (spanBits - 1)) * size >> spanBits;
  SLUICE_TRY(const TensorId index,
             tableIndex(emitter, emitter.input(), size, spanBits, -half, size - 1 - half));
  auto table = converted(curveTable(curve, size, layer.table), layer.table, *layer.result);
  return emitter.lookup(index, -half, std::move(table), *layer.result, "result");
}

Result<Value> positive(Emitter& emitter, const Value& x) {
  return emitter.clamp(x, 0, std::max<std::int64_t>(0, emitter.range(x.tensor).hi), "positive");
}
Result<Value> negative(Emitter& emitter, const Value& x) {
  return emitter.clamp(x, std::min<std::int64_t>(0, emitter.range(x.tensor).lo), 0, "negative");
}

/// a + b, of which one is zero, in the type of both.
Result<Value> either(Emitter& emitter, const Value& a, const Value& b) {
  SLUICE_TRY(const Value both, emitter.sum(a, b, "both"));
  const fixed::Interval range = a.format.range();
  SLUICE_TRY(const Value y, emitter.clamp(both, range.lo, range.hi, "result"));
  return Value{y.tensor, a.format};
}

/// ELU and SELU: a table of the negative side, which holds 0 for 0.
Result<Value> exponentialUnit(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const Value x = emitter.input();
  const ApFormat result = *layer.result;
  const bool isElu = layer.function == Function::elu;
  const std::int64_t size = layer.tableSize;
  SLUICE_TRY(Value right, positive(emitter, x));
  std::vector<std::int64_t> table = curveTable(isElu ? Curve::elu : Curve::selu, size, layer.table);
  if (isElu) {
    const ApFormat alphaType = *layer.parameterType;
    const fixed::ApNumber alpha{alphaType, codeOf(layer.parameter, alphaType)};
    for (std::int64_t& code : table)
      code =
          static_cast<std::int64_t>(fixed::convert(alpha * fixed::ApNumber{layer.table, code}, result).code);
  } else {
    table = converted(std::move(table), layer.table, result);
    const ApFormat lambda{.width = 16, .integer = 1, .isSigned = false};
    SLUICE_TRY(right,
               emitter.affine(right, {codeOf(1.0507009873554805, lambda)}, {0}, lambda.fraction(), "scaled"));
  }
  SLUICE_TRY(right, emitter.convert(right, result, "right"));
  if (emitter.range(x.tensor).lo >= 0) return right;
  // Entry -index: negative numbers count down from 0.
  std::reverse(table.begin(), table.end());
  SLUICE_TRY(const TensorId index, tableIndex(emitter, x, size, 3, -(size - 1), 0));
  SLUICE_TRY(const Value left, emitter.lookup(index, -(size - 1), std::move(table), result, "left"));
  return either(emitter, right, left);
}

/// x > 0 ? x : slope * x
Result<Value> leaky(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const Value x = emitter.input();
  const ApFormat slopeType = *layer.parameterType;
  if (slopeType.width > 53) return unsupported("a slope of more than 53 bits");
  SLUICE_TRY(Value right, positive(emitter, x));
  SLUICE_TRY(right, emitter.convert(right, *layer.result, "right"));
  if (emitter.range(x.tensor).lo >= 0) return right;
  SLUICE_TRY(Value left, negative(emitter, x));
  if (layer.function == Function::prelu) {
    const TensorId slopes =
        emitter.constant("slopes", layer.shape, printedCodes(layer.weight, slopeType), slopeType.fraction());
    SLUICE_TRY(left, emitter.product(left, {slopes, slopeType}, "sloped"));
  } else {
    SLUICE_TRY(left, emitter.affine(left, {codeOf(layer.parameter, slopeType)}, {0}, slopeType.fraction(),
                                    "sloped"));
  }
  SLUICE_TRY(left, emitter.convert(left, *layer.result, "left"));
  return either(emitter, right, left);
}

/// x > theta ? x : 0, as the product of x with 0 or 1.
Result<Value> thresholded(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const Value x = emitter.input();
  const ApFormat type = *layer.parameterType;
  // The least code above theta.
  const std::int64_t theta = codeOf(layer.parameter, type);
  const int finer = type.fraction() - x.format.fraction();
  if (finer > 60 || finer < -40) return unsupported("a threshold far from its input's steps");
  const std::int64_t least = (finer >= 0 ? theta >> finer : theta * (std::int64_t{1} << -finer)) + 1;
  const TensorId at = emitter.constant("threshold", {1, 1}, {least}, 0);
  SLUICE_TRY(const TensorId above, emitter.add("above", ir::Threshold{}, {x.tensor, at}));
  SLUICE_TRY(const Value y, emitter.product(x, emitter.exact(above, 0), "passed"));
  return emitter.convert(y, *layer.result);
}

/// clip(slope * x + shift, 0, 1), and twice that minus 1.
Result<Value> hard(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const Value x = emitter.input();
  // QKeras' functions have slope 1/2 in two bits; Keras' 0.2 has sixteen.
  const ApFormat slope{.width = layer.parameter == 0.5 ? 2 : 16, .integer = 0, .isSigned = false};
  const int fraction = x.format.fraction() + slope.fraction();
  if (fraction < 1 || fraction > 60)
    return unsupported("an input type that hard functions are not reproduced for");
  SLUICE_TRY(const Value line, emitter.affine(x, {codeOf(layer.parameter, slope)},
                                              {std::int64_t{1} << (fraction - 1)}, slope.fraction(), "line"));
  SLUICE_TRY(Value y, emitter.clamp(line, 0, std::int64_t{1} << fraction, "clipped"));
  if (layer.function == Function::hardTanh) {
    SLUICE_TRY(y, emitter.affine(y, {2}, {-(std::int64_t{1} << fraction)}, 0, "stretched"));
  }
  return emitter.convert(y, *layer.result);
}

/// The type an integer ReLU of the model means: that of its quantizer, if hls4ml's has the same codes and forgot how
/// the quantizer rounds and saturates.
ApFormat meantType(Emitter& emitter, ApFormat type) {
  const auto& quantizer = emitter.layer().quantizer;
  if (!quantizer || quantizer->scale.size() != 1 || !quantizer->ranges.empty() || quantizer->zeroPoint != 0)
    return type;
  const bool sameCodes =
      quantizer->scale[0] == std::ldexp(1.0, -type.fraction()) && quantizer->range == type.range();
  if (!sameCodes || (quantizer->rounding == type.rounding && quantizer->overflow == type.overflow))
    return type;
  ApFormat meant = type;
  meant.rounding = quantizer->rounding;
  meant.overflow = quantizer->overflow;
  if (!emitter.reproduces()) return meant;
  emitter.warn("its type " + fixed::text(type) +
               " does not round and saturate as the model's quantizer does (" + fixed::text(meant) +
               " would)");
  return type;
}

/// max(x, 0) and the assignment in one step, where the type saturates or nothing above zero overflows: roundings take
/// numbers below zero to zero or below, where the clamp ends them.
Result<std::optional<Value>> rectifiedAtOnce(Emitter& emitter, const ApFormat& type) {
  const Value x = emitter.input();
  const fixed::Interval held = emitter.range(x.tensor);
  const int shift = x.format.fraction() - type.fraction();
  if (held.lo >= 0 || shift < 0 || shift > 62 || type.width > 62) return std::optional<Value>();
  const std::int64_t most = fixed::roundShiftRight(std::max<std::int64_t>(0, held.hi),
                                                   static_cast<std::uint32_t>(shift), type.rounding);
  const bool saturates =
      type.overflow == fixed::Overflow::saturate || type.overflow == fixed::Overflow::saturateSymmetric;
  if (most > type.range().hi && !saturates) return std::optional<Value>();
  SLUICE_TRY(const TensorId tensor, emitter.add("result",
                                                ir::Requantize{.shift = {shift},
                                                               .range = {0, type.range().hi},
                                                               .rounding = type.rounding,
                                                               .overflow = fixed::Overflow::saturate},
                                                {x.tensor}));
  return std::optional<Value>(Value{tensor, type});
}

Result<Value> rectified(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const ApFormat type = meantType(emitter, *layer.result);
  double most = layer.function == Function::relu6 ? 6 : 0;
  if (layer.clipped) {
    if (emitter.reproduces())
      emitter.warn("hls4ml forgets that the ReLU has a greatest value");
    else
      most = layer.clipAt;
  }
  if (most == 0) {
    SLUICE_TRY(const std::optional<Value> once, rectifiedAtOnce(emitter, type));
    if (once) return *once;
  }
  SLUICE_TRY(Value y, positive(emitter, emitter.input()));
  if (most > 0) {
    const double code = std::ldexp(most, y.format.fraction());
    if (code < 0x1p62) {
      // A limit between two codes is assigned to the result itself; hls4ml's are whole numbers.
      SLUICE_TRY(y, emitter.clamp(y, 0, static_cast<std::int64_t>(std::floor(code)), "limited"));
    }
  }
  return emitter.convert(y, type);
}

}  // namespace

Result<Value> emitActivation(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  if (layer.result->width > 62 || layer.table.width > 53) return unsupported("a type of more than 62 bits");
  switch (layer.function) {
    case Function::linear:
      return emitter.convert(emitter.input(), meantType(emitter, *layer.result));
    case Function::relu:
    case Function::relu6:
      return rectified(emitter);
    case Function::sigmoid:
      return curve(emitter, Curve::sigmoid, 4);
    case Function::tanh:
      return curve(emitter, Curve::tanh, 3);
    case Function::softplus:
      return curve(emitter, Curve::softplus, 4);
    case Function::softsign:
      return curve(emitter, Curve::softsign, 4);
    case Function::elu:
    case Function::selu:
      return exponentialUnit(emitter);
    case Function::leakyRelu:
    case Function::prelu:
      return leaky(emitter);
    case Function::thresholdedRelu:
      return thresholded(emitter);
    case Function::hardSigmoid:
    case Function::hardTanh:
      return hard(emitter);
  }
  return unsupported("an unknown activation");
}

}  // namespace sluice::compat

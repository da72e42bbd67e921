// QKeras quantizers of activations as nodes of the graph, and QKeras' own activation functions.

#include <cmath>

#include "frontend/keras/qkeras_quantizer.h"
#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {
namespace {

using ir::BinaryKind;
using ir::Unary;
using ir::UnaryKind;

Result<ir::TensorId> quantize(Layer& layer, ir::TensorId x, double step, fixed::Interval range,
                              const std::string& suffix, ir::Rounding rounding = ir::Rounding::halfEven) {
  ir::Quantize operation;
  operation.scale = {step};
  operation.range = range;
  operation.rounding = rounding;
  return layer.emit(operation, {x}, suffix);
}

Result<ir::TensorId> times(Layer& layer, ir::TensorId x, double factor, const std::string& suffix) {
  return layer.binary(BinaryKind::multiply, x, layer.scalar(suffix + "_factor", factor), suffix);
}

Result<ir::TensorId> plus(Layer& layer, ir::TensorId x, double term, const std::string& suffix) {
  return layer.binary(BinaryKind::add, x, layer.scalar(suffix + "_term", term), suffix);
}

Status refuseAuto(const QKerasQuantizer& quantizer) {
  if (autoAlpha(quantizer).empty()) return {};
  return unsupported("has quantizer " + quantizer.name + " with alpha '" + autoAlpha(quantizer) +
                     "' on an activation: its scale would depend on the batch");
}

/// quantized_bits, quantized_linear: codes; times alpha.
Result<ir::TensorId> bits(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_RETURN_IF_ERROR(refuseAuto(quantizer));
  SLUICE_TRY(const double alpha, numericAlpha(quantizer));
  SLUICE_TRY(const QKerasGrid grid, gridOf(quantizer));
  if (grid.range.hi == 0) return layer.emit(ir::Bipolar{alpha}, {x}, "bipolar");  // one bit: the sign
  SLUICE_TRY(const ir::TensorId y, quantize(layer, x, grid.step, grid.range, "quantize"));
  if (alpha == 1) return y;
  SLUICE_TRY(const ir::TensorId scaled, times(layer, y, alpha, "times_alpha"));
  return quantize(layer, scaled, grid.step * alpha, grid.range, "quantize_scaled");
}

/// quantized_relu: round(leaky relu) on its grid. With use_sigmoid the positive side is 2 q(hardSigmoid(x / unit)) - 1.
Result<ir::TensorId> relu(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_TRY(QKerasGrid grid, gridOf(quantizer));
  const double slope = quantizer.number("negative_slope", 0);
  const double unit = std::exp2(quantizer.number("integer", 0));
  if (quantizer.flag("use_sigmoid", false)) {
    if (slope != 0) return unsupported("has quantizer quantized_relu with use_sigmoid and a negative slope");
    const double levels = static_cast<double>(grid.range.hi + 1);
    SLUICE_TRY(ir::TensorId y, layer.unary({.kind = UnaryKind::hardSigmoid, .alpha = 0.5 / unit, .beta = 0.5},
                                           x, "hard_sigmoid"));
    SLUICE_TRY(y, quantize(layer, y, 1 / levels, {0, grid.range.hi + 1}, "quantize"));
    SLUICE_TRY(y, times(layer, y, 2 * unit, "stretch"));
    SLUICE_TRY(y, plus(layer, y, -unit, "shift"));
    return quantize(layer, y, grid.step, grid.range, "clip");
  }
  if (const Json& bound = quantizer.arguments["relu_upper_bound"];
      bound.number(0) > 0 && !quantizer.flag("is_quantized_clip", true)) {
    const double codes = bound.number(0) / grid.step;
    if (codes < static_cast<double>(grid.range.hi)) {
      if (codes != std::trunc(codes))
        return unsupported("has quantizer quantized_relu with a relu_upper_bound between two of its steps");
      grid.range.hi = static_cast<std::int64_t>(codes);
    }
  }
  if (slope != 0) {
    SLUICE_TRY(x, layer.unary({.kind = UnaryKind::leakyRelu, .alpha = slope}, x, "leaky_relu"));
  } else {
    SLUICE_TRY(x, layer.unary({.kind = UnaryKind::relu}, x, "relu"));
  }
  return quantize(layer, x, grid.step, grid.range, "quantize");
}

/// The sign, 0 counting as positive; use_01: 0 and 1.
Result<ir::TensorId> binary(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_RETURN_IF_ERROR(refuseAuto(quantizer));
  SLUICE_TRY(const double alpha, numericAlpha(quantizer));
  if (!quantizer.flag("use_01", false)) return layer.emit(ir::Bipolar{alpha}, {x}, "bipolar");
  SLUICE_TRY(ir::TensorId y, layer.emit(ir::Bipolar{0.5}, {x}, "bipolar"));
  SLUICE_TRY(y, plus(layer, y, 0.5, "shift"));
  if (alpha != 1) {
    SLUICE_TRY(y, times(layer, y, alpha, "times_alpha"));
  }
  return quantize(layer, y, alpha, {0, 1}, "quantize");
}

/// sign(x) where |x| >= threshold, else 0: rounding x / (2 threshold) away from zero at ties.
Result<ir::TensorId> ternary(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_RETURN_IF_ERROR(refuseAuto(quantizer));
  SLUICE_TRY(const double alpha, numericAlpha(quantizer));
  const double threshold = static_cast<float>(quantizer.number("threshold", 0.33));
  if (!(threshold > 0)) return unsupported("has quantizer ternary with a threshold that is not positive");
  SLUICE_TRY(const ir::TensorId y,
             quantize(layer, x, 2 * threshold, {-1, 1}, "quantize", ir::Rounding::halfAwayFromZero));
  SLUICE_TRY(const ir::TensorId scaled, times(layer, y, alpha / (2 * threshold), "times_alpha"));
  return quantize(layer, scaled, alpha, {-1, 1}, "quantize_scaled");
}

Result<ir::TensorId> powerOfTwo(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_TRY(const QKerasExponents exponents, exponentsOf(quantizer));
  if (quantizer.flag("quadratic_approximation", false))
    return unsupported("has quantizer " + quantizer.name + " with quadratic_approximation on an activation");
  const bool isRelu = quantizer.name == "quantized_relu_po2";
  if (isRelu && quantizer.number("negative_slope", 0) != 0)
    return unsupported("has quantizer quantized_relu_po2 with a negative slope on an activation");
  if (exponents.highest - exponents.lowest > 60)
    return unsupported("has quantizer " + quantizer.name + " with powers from 2^" +
                       std::to_string(exponents.lowest) + " to 2^" + std::to_string(exponents.highest) +
                       ", more than 62 bits hold; set fewer bits or max_value");
  ir::QuantizePower power;
  power.lowest = exponents.lowest;
  power.highest = exponents.highest;
  if (quantizer.arguments["log2_rounding"].text("rnd") == "floor") power.rounding = ir::Rounding::floor;
  power.negative = !isRelu;
  return layer.emit(power, {x}, "quantize_power");
}

/// q(tanh) and q(sigmoid). The hard ones are straight lines that saturate: of tanh the quantizer alone does that.
Result<ir::TensorId> curve(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_TRY(const QKerasGrid grid, gridOf(quantizer));
  if (quantizer.name == "quantized_tanh") {
    if (quantizer.flag("use_real_tanh", false)) {
      SLUICE_TRY(x, layer.unary({.kind = UnaryKind::tanh}, x, "tanh"));
    }
  } else if (quantizer.flag("use_real_sigmoid", false)) {
    SLUICE_TRY(x, layer.unary({.kind = UnaryKind::sigmoid}, x, "sigmoid"));
  } else {
    SLUICE_TRY(x,
               layer.unary({.kind = UnaryKind::hardSigmoid, .alpha = 0.5, .beta = 0.5}, x, "hard_sigmoid"));
  }
  return quantize(layer, x, grid.step, grid.range, "quantize");
}

/// unit * clip(sign(r) log(1 + u |r|) / log(1 + u)), r = 2 q(hardSigmoid(x / unit)) - 1.
Result<ir::TensorId> ulaw(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  SLUICE_TRY(const QKerasGrid grid, gridOf(quantizer));
  const double unit = std::exp2(quantizer.number("integer", 0)), u = quantizer.number("u", 255);
  const double levels = static_cast<double>(grid.range.hi + 1);
  const double symmetric = quantizer.flag("symmetric", false) ? 1 : 0;
  if (!(u > 0)) return unsupported("has quantizer quantized_ulaw with a u that is not positive");
  SLUICE_TRY(ir::TensorId r, layer.unary({.kind = UnaryKind::hardSigmoid, .alpha = 0.5 / unit, .beta = 0.5},
                                         x, "hard_sigmoid"));
  SLUICE_TRY(r, quantize(layer, r, 1 / levels, {0, grid.range.hi + 1}, "quantize"));
  SLUICE_TRY(r, times(layer, r, 2, "stretch"));
  SLUICE_TRY(r, plus(layer, r, -1, "shift"));
  SLUICE_TRY(const ir::TensorId sign, layer.unary({.kind = UnaryKind::sign}, r, "sign"));
  SLUICE_TRY(ir::TensorId y, layer.unary({.kind = UnaryKind::absolute}, r, "absolute"));
  SLUICE_TRY(y, times(layer, y, u, "times_u"));
  SLUICE_TRY(y, plus(layer, y, 1, "plus_one"));
  SLUICE_TRY(y, layer.unary({.kind = UnaryKind::log}, y, "log"));
  SLUICE_TRY(y, layer.binary(BinaryKind::multiply, y, sign, "signed"));
  SLUICE_TRY(y, times(layer, y, 1 / std::log1p(u), "normalize"));
  SLUICE_TRY(
      y, layer.unary({.kind = UnaryKind::clip, .alpha = -1 + symmetric / levels, .beta = 1 - 1 / levels}, y,
                     "clip"));
  return unit == 1 ? Result<ir::TensorId>(y) : times(layer, y, unit, "times_unit");
}

/// q(x * clip(x + shift, 0, bound) / bound).
Result<ir::TensorId> hardSwish(Layer& layer, const QKerasQuantizer& quantizer, ir::TensorId x) {
  const double bound = quantizer.number("relu_upper_bound", 6), shift = quantizer.number("relu_shift", 3);
  if (!(bound > 0)) return badInput("has quantizer quantized_hswish with a bound that is not positive");
  SLUICE_TRY(ir::TensorId gate, plus(layer, x, shift, "shift"));
  SLUICE_TRY(gate, layer.unary({.kind = UnaryKind::clip, .alpha = 0, .beta = bound}, gate, "clip"));
  SLUICE_TRY(const ir::TensorId product, layer.binary(BinaryKind::multiply, x, gate, "gated"));
  SLUICE_TRY(const ir::TensorId y,
             layer.binary(BinaryKind::divide, product, layer.scalar("bound", bound), "divide"));
  return bits(layer, quantizer, y);
}

/// QKeras' and the BinaryNet family's own functions, which round nothing or to {-1, 0, 1}.
Result<std::optional<ir::TensorId>> function(Layer& layer, const std::string& name, ir::TensorId x) {
  const auto done = [](Result<ir::TensorId> y) -> Result<std::optional<ir::TensorId>> {
    if (!y.ok()) return y.error();
    return std::optional<ir::TensorId>(*y);
  };
  const auto sigmoid = [&](double slope) {
    return layer.unary({.kind = UnaryKind::hardSigmoid, .alpha = slope, .beta = 0.5}, x, name);
  };
  if (name == "hard_sigmoid") return done(sigmoid(0.5));
  if (name == "smooth_sigmoid") return done(sigmoid(0.1875));
  if (name == "hard_tanh")
    return done(layer.unary({.kind = UnaryKind::clip, .alpha = -1, .beta = 1}, x, name));
  if (name == "smooth_tanh") {
    SLUICE_TRY(const ir::TensorId slope, times(layer, x, 0.375, "slope"));
    return done(layer.unary({.kind = UnaryKind::clip, .alpha = -1, .beta = 1}, slope, name));
  }
  if (name == "binary_sigmoid" || name == "binary_tanh") {  // round(hard sigmoid), ties to even
    SLUICE_TRY(ir::TensorId y, sigmoid(0.5));
    SLUICE_TRY(y, quantize(layer, y, 1, {0, 1}, "quantize"));
    if (name == "binary_sigmoid") return std::optional<ir::TensorId>(y);
    SLUICE_TRY(y, times(layer, y, 2, "stretch"));
    SLUICE_TRY(y, plus(layer, y, -1, "shift"));
    return done(quantize(layer, y, 1, {-1, 1}, "quantize_sign"));
  }
  return std::optional<ir::TensorId>();
}

}  // namespace

Result<std::optional<ir::TensorId>> qkerasActivation(Layer& layer, const Json& activation, ir::TensorId x) {
  const auto done = [](Result<ir::TensorId> y) -> Result<std::optional<ir::TensorId>> {
    if (!y.ok()) return y.error();
    return std::optional<ir::TensorId>(*y);
  };
  SLUICE_TRY(const std::optional<QKerasQuantizer> parsed, parseQKeras(activation));
  if (!parsed) return function(layer, activationName(activation), x);
  const std::string& name = parsed->name;
  if (name == "quantized_bits" || name == "quantized_linear") return done(bits(layer, *parsed, x));
  if (name == "quantized_relu") return done(relu(layer, *parsed, x));
  if (name == "binary" || name == "stochastic_binary") return done(binary(layer, *parsed, x));
  if (name == "ternary" || name == "stochastic_ternary") return done(ternary(layer, *parsed, x));
  if (name == "quantized_po2" || name == "quantized_relu_po2") return done(powerOfTwo(layer, *parsed, x));
  if (name == "quantized_tanh" || name == "quantized_sigmoid") return done(curve(layer, *parsed, x));
  if (name == "quantized_ulaw") return done(ulaw(layer, *parsed, x));
  if (name == "quantized_hswish") return done(hardSwish(layer, *parsed, x));
  return std::optional<ir::TensorId>();
}

Result<ir::TensorId> importQActivation(Layer& layer) {
  const Json& activation = layer.config()["activation"];
  if (layer.className() == "QAdaptiveActivation") {
    // A name of a quantizer; its integer bits were learned and stand among the weights.
    SLUICE_TRY(const Hdf5Data integer, layer.weights().get("integer"));
    const std::string kind = activation.text(activation["class_name"].text());
    if (integer.values.size() != 1) return unsupported("has integer bits per channel");
    Json description;
    description.kind = Json::Kind::text;
    description.string = kind + "(" + std::to_string(layer.config()["total_bits"].integer(8)) + "," +
                         std::to_string(static_cast<int>(integer.values[0])) + ")";
    return applyActivation(layer, description, layer.input());
  }
  return applyActivation(layer, activation, layer.input());
}

}  // namespace sluice::frontend::keras

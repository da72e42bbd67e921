// HGQ2: Keras 3 layers with quantizers on inputs, weights and results, each with widths per element.
//
// A quantizer is described by PART_conf (kind, rounding, overflow) and its widths stand in the file under
// PART/quantizer/vars. Their order is Keras': trainable ones first, and under WRAP the integer bits are not trained.
//
//   kif   SAT: i, f, k     WRAP: f, k, i, speed        f fractional, i integer bits without sign, k sign
//   kbi   SAT: b, i, k     WRAP: b, k, i, speed        b = i + f
//
// Trained widths are reals that the framework rounds to even. Where k + i + f <= 0 the element is zero.

#include <algorithm>
#include <cmath>

#include "frontend/keras/fixed_format.h"
#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {

bool isHgq2(const Layer& layer) { return layer.config().has("enable_iq"); }

namespace {

struct Quantizer {
  FixedFormats formats;
  bool isDummy = false;     ///< does nothing
  bool onlyRounds = false;  ///< a weight under WRAP: its integer bits follow the weight
};

Result<Quantizer> quantizerOf(const Json& description, LayerWeights weights) {
  const Json& config = description["config"].isObject() ? description["config"] : description;
  const std::string kind = config["q_type"].text("?");
  Quantizer quantizer;
  if (kind == "dummy") {
    quantizer.isDummy = true;
    return quantizer;
  }
  if (kind != "kif" && kind != "kbi")
    return unsupported("has a quantizer of kind '" + kind + "'; kif, kbi and dummy are supported");
  if (config.has("scaler") || config.has("affine"))
    return unsupported("has a quantizer with a scaler or an affine map");
  const std::string overflow = config["overflow_mode"].text("WRAP");
  SLUICE_TRY(quantizer.formats, modesOf(config["round_mode"].text("RND"), overflow));
  const bool wraps = overflow == "WRAP", byBits = kind == "kbi";
  quantizer.onlyRounds = wraps && config["is_weight"].boolean(false) && config["trainable"].boolean(true);
  Hdf5Data first, second, sign;
  SLUICE_TRY(first, weights.get(byBits ? "b" : wraps ? "f" : "i"));
  if (wraps) {
    SLUICE_TRY(sign, weights.get("k"));
    SLUICE_TRY(second, weights.get("i"));
  } else {
    SLUICE_TRY(second, weights.get(byBits ? "i" : "f"));
    SLUICE_TRY(sign, weights.get("k"));
  }
  if (first.shape != second.shape || first.shape != sign.shape || first.values.empty())
    return badInput("has a quantizer with widths of different shapes");
  for (std::size_t n = 0; n < first.values.size(); ++n) {
    const double a = std::nearbyint(first.values[n]), b = std::nearbyint(second.values[n]),
                 k = sign.values[n];
    if (!(std::abs(a) < 1000 && std::abs(b) < 1000) || (k != 0 && k != 1))
      return badInput("has a quantizer with widths that no format has");
    const int integer = static_cast<int>(byBits || wraps ? b : a);
    const int fractional = byBits ? static_cast<int>(a) - integer : static_cast<int>(wraps ? a : b);
    quantizer.formats.elements.push_back({.isSigned = k == 1,
                                          .fractional = fractional,
                                          .magnitudeBits = std::max(0, integer + fractional),
                                          .isEmpty = k + integer + fractional <= 0});
  }
  quantizer.formats.shape.assign(first.shape.begin(), first.shape.end());
  return quantizer;
}

/// floor(x + 1/2) and its relatives in single precision, as the framework computes them.
float roundSingle(float x, ir::Rounding rounding) {
  const float half = 0.5f;
  const float sign = x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f;
  switch (rounding) {
    case ir::Rounding::floor:
      return std::floor(x);
    case ir::Rounding::halfUp:
      return std::floor(x + half);
    case ir::Rounding::halfDown:
      return -std::floor(-x + half);
    case ir::Rounding::towardZero:
      return std::floor(std::abs(x)) * sign;
    case ir::Rounding::halfTowardZero:
      return -std::floor(-std::abs(x) + half) * sign;
    case ir::Rounding::halfAwayFromZero:
      return std::floor(std::abs(x) + half) * sign;
    default:
      return std::nearbyint(x);
  }
}

}  // namespace

Result<Weight> quantizeHgq2(Layer& layer, const std::string& part, Weight weight) {
  SLUICE_TRY(const Quantizer quantizer,
             quantizerOf(layer.config()[part + "_conf"], layer.weights().part(part + "/quantizer")));
  if (quantizer.isDummy) return weight;
  const FixedFormats& formats = quantizer.formats;
  const std::vector<std::size_t> positions = broadcastPositions(formats.shape, weight.shape);
  if (positions.size() != weight.values.size())
    return badInput("has widths of shape " + ir::text(formats.shape) + " for a weight of shape " +
                    ir::text(weight.shape));
  for (std::size_t n = 0; n < weight.values.size(); ++n) {
    const FixedFormat& format = formats.elements[positions[n]];
    double& value = weight.values[n];
    if (format.isEmpty) {
      value = 0;
      continue;
    }
    SLUICE_TRY(const fixed::Interval range, rangeOf(format, formats.overflow));
    const auto perStep = static_cast<float>(std::exp2(format.fractional));
    const double rounded = roundSingle(static_cast<float>(value) * perStep, formats.rounding);
    const double code =
        quantizer.onlyRounds ? rounded : static_cast<double>(fixed::fit(rounded, range, formats.overflow));
    value = code * std::exp2(-format.fractional);
  }
  return onGrid(std::move(weight), 50);
}

Result<ir::TensorId> applyHgq2(Layer& layer, const Json& description, LayerWeights weights, ir::TensorId x,
                               const std::string& suffix) {
  SLUICE_TRY(const Quantizer quantizer, quantizerOf(description, std::move(weights)));
  return quantizer.isDummy ? Result<ir::TensorId>(x) : quantizeElements(layer, quantizer.formats, x, suffix);
}

Result<std::vector<ir::TensorId>> hgq2Inputs(Layer& layer) {
  std::vector<ir::TensorId> inputs;
  const Json& config = layer.config();
  // QSoftmax and the like have their input quantizer in another place.
  const bool quantized = config["enable_iq"].boolean(false);
  const bool several = config.has("iq_confs");
  for (std::size_t i = 0; i < layer.inputCount(); ++i) {
    inputs.push_back(layer.input(i));
    if (!quantized) continue;
    const std::string suffix =
        layer.inputCount() == 1 ? "input_quantizer" : "input_quantizer_" + std::to_string(i);
    if (!several) {
      SLUICE_TRY(inputs[i], applyHgq2(layer, config["iq_conf"], layer.weights().part("iq/quantizer"),
                                      inputs[i], suffix));
      continue;
    }
    const Json& confs = config["iq_confs"];
    const std::string which = i == 0 ? "quantizer" : "quantizer_" + std::to_string(i);
    SLUICE_TRY(inputs[i],
               applyHgq2(layer, confs.isList() ? confs[i] : confs,
                         layer.weights().part("iq/quantizers/" + which + "/quantizer"), inputs[i], suffix));
  }
  return inputs;
}

Result<ir::TensorId> hgq2Output(Layer& layer, ir::TensorId x) {
  if (!layer.config()["enable_oq"].boolean(false)) return x;
  return applyHgq2(layer, layer.config()["oq_conf"], layer.weights().part("oq/quantizer"), x,
                   "output_quantizer");
}

/// A quantizer as a layer of its own.
Result<ir::TensorId> importHgq2Quantizer(Layer& layer) {
  return applyHgq2(layer, layer.config()["config"], layer.weights().part("quantizer"), layer.input(),
                   "quantize");
}

/// QUnaryFunctionLUT: a function between two quantizers.
Result<ir::TensorId> importHgq2Activation(Layer& layer) {
  return applyActivation(layer, layer.config()["activation"], layer.input());
}

/// exp(-(max - x)) * 1 / (sum + 1e-7), with quantizers before and behind both tables.
Result<ir::TensorId> importHgq2Softmax(Layer& layer) {
  const Json& config = layer.config();
  const bool stable = config["stable"].boolean(true);
  const Json& axes = config["axes"];
  const std::size_t rank = layer.inputShape().size();
  if (axes.items.size() != 1) return unsupported("takes the softmax over several axes together");
  SLUICE_TRY(const std::int64_t axis, axisOf(axes[0].integer(-1), rank));
  const double scaler = config["input_scaler"].number(1);
  ir::TensorId x = layer.input();
  if (stable) {
    SLUICE_TRY(
        const ir::TensorId largest,
        layer.emit(ir::Reduce{.kind = ir::ReduceKind::max, .axes = {axis}, .keepDims = true}, {x}, "max"));
    SLUICE_TRY(x, layer.binary(ir::BinaryKind::subtract, largest, x, "below_max"));
    SLUICE_TRY(x, applyHgq2(layer, config["exp_iq_conf"], layer.weights().part("exp_table/iq/quantizer"), x,
                            "exp_input"));
  }
  SLUICE_TRY(x, layer.binary(ir::BinaryKind::multiply, x, layer.scalar("scaler", stable ? -scaler : scaler),
                             "scaled"));
  SLUICE_TRY(x, layer.unary({.kind = ir::UnaryKind::exp}, x, "exp"));
  SLUICE_TRY(x, applyHgq2(layer, config["exp_oq_conf"], layer.weights().part("exp_table/oq/quantizer"), x,
                          "exp_output"));
  SLUICE_TRY(
      ir::TensorId sum,
      layer.emit(ir::Reduce{.kind = ir::ReduceKind::sum, .axes = {axis}, .keepDims = true}, {x}, "sum"));
  SLUICE_TRY(sum, applyHgq2(layer, config["inv_iq_conf"], layer.weights().part("inv_table/iq/quantizer"), sum,
                            "inverse_input"));
  SLUICE_TRY(sum, layer.binary(ir::BinaryKind::add, sum, layer.scalar("epsilon", 1e-7), "plus_epsilon"));
  SLUICE_TRY(sum, layer.binary(ir::BinaryKind::divide, layer.scalar("one", 1), sum, "inverse"));
  SLUICE_TRY(sum, applyHgq2(layer, config["inv_oq_conf"], layer.weights().part("inv_table/oq/quantizer"), sum,
                            "inverse_output"));
  return layer.binary(ir::BinaryKind::multiply, x, sum, "product");
}

}  // namespace sluice::frontend::keras

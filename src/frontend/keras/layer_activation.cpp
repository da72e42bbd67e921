// Activations of Keras 2 and 3, as layers and by name.

#include <cmath>
#include <limits>
#include <map>

#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {
namespace {

using ir::Unary;
using ir::UnaryKind;

/// Constants of Klambauer et al. 2017, as TensorFlow has them.
constexpr double seluAlpha = 1.6732632423543772, seluScale = 1.0507009873554805;

/// Activations that are one operation. Where Keras 2 and 3 differ, `keras2` stands for the older.
struct NamedUnary {
  Unary operation;
  std::optional<Unary> keras2{};
};

const std::map<std::string, NamedUnary>& unaries() {
  constexpr double sixth = 1.0 / 6;
  static const std::map<std::string, NamedUnary> table = {
      {"relu", {{.kind = UnaryKind::relu}}},
      {"relu6", {{.kind = UnaryKind::clip, .alpha = 0, .beta = 6}}},
      {"sigmoid", {{.kind = UnaryKind::sigmoid}}},
      {"tanh", {{.kind = UnaryKind::tanh}}},
      {"softplus", {{.kind = UnaryKind::softplus}}},
      {"softsign", {{.kind = UnaryKind::softsign}}},
      {"exponential", {{.kind = UnaryKind::exp}}},
      {"elu", {{.kind = UnaryKind::elu, .alpha = 1}}},
      {"celu", {{.kind = UnaryKind::celu, .alpha = 1}}},
      {"selu", {{.kind = UnaryKind::selu, .alpha = seluAlpha, .beta = seluScale}}},
      {"leaky_relu", {{.kind = UnaryKind::leakyRelu, .alpha = 0.2f}}},
      {"hard_sigmoid",
       {{.kind = UnaryKind::hardSigmoid, .alpha = sixth, .beta = 0.5},
        Unary{.kind = UnaryKind::hardSigmoid, .alpha = 0.2f, .beta = 0.5}}},
      {"hard_silu", {{.kind = UnaryKind::hardSwish, .alpha = sixth, .beta = 0.5}}},
      {"hard_swish", {{.kind = UnaryKind::hardSwish, .alpha = sixth, .beta = 0.5}}},
      {"hard_tanh", {{.kind = UnaryKind::clip, .alpha = -1, .beta = 1}}},
      {"silu", {{.kind = UnaryKind::swish, .alpha = 1}}},
      {"swish", {{.kind = UnaryKind::swish, .alpha = 1}}},
      {"gelu", {{.kind = UnaryKind::gelu}, Unary{.kind = UnaryKind::gelu}}},
      {"mish", {{.kind = UnaryKind::mish}}},
  };
  return table;
}

}  // namespace

std::string activationName(const Json& activation) {
  if (activation.isText()) return activation.string;
  if (activation["config"].isText()) return activation["config"].string;  // {"class_name": "function", ...}
  return {};
}

Result<ir::TensorId> softmaxOver(Layer& layer, ir::TensorId x, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(layer.shape(x).size());
  if (axis == rank - 1) return layer.emit(ir::Softmax{}, {x}, "softmax");
  std::vector<std::int64_t> swap;
  for (std::int64_t k = 0; k < rank; ++k) swap.push_back(k);
  std::swap(swap[static_cast<std::size_t>(axis)], swap.back());
  SLUICE_TRY(const ir::TensorId turned, layer.transpose(x, swap, "axis_to_last"));
  SLUICE_TRY(const ir::TensorId y, layer.emit(ir::Softmax{}, {turned}, "softmax"));
  return layer.transpose(y, swap, "axis_back");
}

Result<std::optional<ir::TensorId>> namedActivation(Layer& layer, const std::string& name, ir::TensorId x) {
  const auto done = [](Result<ir::TensorId> y) -> Result<std::optional<ir::TensorId>> {
    if (!y.ok()) return y.error();
    return std::optional<ir::TensorId>(*y);
  };
  if (name.empty() || name == "linear") return std::optional<ir::TensorId>(x);
  if (name == "softmax" || name == "log_softmax") {
    auto y = softmaxOver(layer, x, static_cast<std::int64_t>(layer.shape(x).size()) - 1);
    if (!y.ok() || name == "softmax") return done(std::move(y));
    return done(layer.unary({.kind = UnaryKind::log}, *y, "log"));
  }
  if (name == "ternary_tanh") {  // BinaryNet family: round(clip(x, -1, 1)), ties to even
    ir::Quantize sign;
    sign.scale = {1};
    sign.range = {-1, 1};
    return done(layer.emit(sign, {x}, "ternary_tanh"));
  }
  const auto found = unaries().find(name);
  if (found == unaries().end()) return std::optional<ir::TensorId>();
  const NamedUnary& named = found->second;
  const Unary& operation = !layer.isKeras3() && named.keras2 ? *named.keras2 : named.operation;
  return done(layer.unary(operation, x, name));
}

Result<ir::TensorId> applyActivation(Layer& layer, const Json& activation, ir::TensorId x) {
  const bool ofQKeras = layer.className().starts_with("Q") && !isHgq2(layer);
  if (ofQKeras || activation["config"].isObject() || activation.text().find('(') != std::string::npos) {
    SLUICE_TRY(const std::optional<ir::TensorId> quantized, qkerasActivation(layer, activation, x));
    if (quantized) return *quantized;
  }
  const std::string name = activationName(activation);
  SLUICE_TRY(std::optional<ir::TensorId> y, namedActivation(layer, name, x));
  if (y && (activation.isNull() || !name.empty())) return *y;
  if (!name.empty()) {  // functions of QKeras and of the BinaryNet family share their names
    SLUICE_TRY(y, qkerasActivation(layer, activation, x));
    if (y) return *y;
  }
  return unsupported("has activation '" + (name.empty() ? activation["class_name"].text("?") : name) +
                     "', which is not supported");
}

Result<ir::TensorId> importActivation(Layer& layer) {
  return applyActivation(layer, layer.config()["activation"], layer.input());
}

Result<ir::TensorId> importReLU(Layer& layer) {
  const Json& config = layer.config();
  const double slope = config["negative_slope"].number(0), threshold = config["threshold"].number(0);
  const double most = config["max_value"].number(std::numeric_limits<double>::infinity());
  if (slope == 0 && threshold == 0 && std::isinf(most))
    return layer.unary({.kind = UnaryKind::relu}, layer.input(), "relu");
  if (slope == 0 && threshold == 0)
    return layer.unary({.kind = UnaryKind::clip, .alpha = 0, .beta = static_cast<float>(most)}, layer.input(),
                       "clip");
  if (threshold == 0 && std::isinf(most))
    return layer.unary({.kind = UnaryKind::leakyRelu, .alpha = static_cast<float>(slope)}, layer.input(),
                       "leaky_relu");
  return layer.unary({.kind = UnaryKind::rampRelu,
                      .alpha = static_cast<float>(slope),
                      .beta = static_cast<float>(most),
                      .gamma = static_cast<float>(threshold)},
                     layer.input(), "ramp");
}

Result<ir::TensorId> importLeakyReLU(Layer& layer) {
  const double slope = layer.config()["negative_slope"].number(layer.config()["alpha"].number(0.3));
  return layer.unary({.kind = UnaryKind::leakyRelu, .alpha = static_cast<float>(slope)}, layer.input(),
                     "leaky_relu");
}

Result<ir::TensorId> importELU(Layer& layer) {
  const auto alpha = static_cast<float>(layer.config()["alpha"].number(1));
  return layer.unary({.kind = UnaryKind::elu, .alpha = alpha}, layer.input(), "elu");
}

Result<ir::TensorId> importPReLU(Layer& layer) {
  ir::Shape shape = layer.inputShape();
  for (const Json& item : layer.config()["shared_axes"].items) {
    SLUICE_TRY(const std::int64_t axis, axisOf(item.integer(0), shape.size()));
    shape[static_cast<std::size_t>(axis)] = 1;
  }
  SLUICE_TRY(Weight slope, layer.weight("alpha", shape));
  if (layer.state().weightsOnGrid) slope = onGrid(std::move(slope), 24);
  return layer.binary(ir::BinaryKind::prelu, layer.input(), layer.constant("alpha", slope), "prelu");
}

Result<ir::TensorId> importThresholdedReLU(Layer& layer) {
  const auto theta = static_cast<float>(layer.config()["theta"].number(1));
  return layer.unary({.kind = UnaryKind::thresholdedRelu, .alpha = theta}, layer.input(), "thresholded_relu");
}

Result<ir::TensorId> importSoftmax(Layer& layer) {
  const Json& axis = layer.config()["axis"];
  if (axis.isList() && axis.items.size() != 1)
    return unsupported("takes the softmax over several axes together");
  if (layer.inputCount() != 1) return unsupported("has a mask");
  SLUICE_TRY(const std::int64_t index,
             axisOf(axis.isList() ? axis[0].integer(-1) : axis.integer(-1), layer.inputShape().size()));
  return softmaxOver(layer, layer.input(), index);
}

}  // namespace sluice::frontend::keras

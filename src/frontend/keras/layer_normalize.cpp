// Layers that scale and shift.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {
namespace {

/// The `axis` of a normalization: a number, or a list of one.
Result<std::int64_t> oneAxis(const Layer& layer) {
  const Json& axis = layer.config()["axis"];
  if (axis.isList() && axis.items.size() != 1) return unsupported("normalizes over several axes");
  return axisOf(axis.isList() ? axis[0].integer(-1) : axis.integer(-1), layer.inputShape().size());
}

/// Permutation that puts `axis` last, and the one back.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> lastAndBack(std::size_t rank,
                                                                            std::int64_t axis) {
  std::vector<std::int64_t> there, back(rank);
  for (std::size_t k = 0; k < rank; ++k)
    if (static_cast<std::int64_t>(k) != axis) there.push_back(static_cast<std::int64_t>(k));
  there.push_back(axis);
  for (std::size_t k = 0; k < rank; ++k)
    back[static_cast<std::size_t>(there[k])] = static_cast<std::int64_t>(k);
  return {there, back};
}

/// HGQ2: x * q(gamma / sqrt(variance + epsilon)) + q(beta - mean * scale), in single precision.
Result<ir::TensorId> hgq2Affine(Layer& layer, ir::TensorId x, Weight gamma, Weight beta, const Weight& mean,
                                const Weight& variance, double epsilon) {
  for (std::size_t j = 0; j < gamma.values.size(); ++j) {
    const auto sum = static_cast<float>(variance.values[j]) + static_cast<float>(epsilon);
    const float scale = static_cast<float>(gamma.values[j]) / std::sqrt(sum);
    const float shift = static_cast<float>(mean.values[j]) * scale;
    gamma.values[j] = scale;
    beta.values[j] = static_cast<float>(beta.values[j]) - shift;
  }
  SLUICE_TRY(const Weight scale, quantizeHgq2(layer, "kq", std::move(gamma)));
  SLUICE_TRY(const Weight offset, quantizeHgq2(layer, "bq", std::move(beta)));
  SLUICE_TRY(const ir::TensorId scaled,
             layer.binary(ir::BinaryKind::multiply, x, layer.constant("scale", scale), "multiply"));
  return layer.binary(ir::BinaryKind::add, scaled, layer.constant("offset", offset), "add");
}

Result<Weight> quantizedIf(const Layer& layer, const char* key, Weight weight) {
  const Json& quantizer = layer.config()[key];
  return quantizer.isNull() ? Result<Weight>(std::move(weight))
                            : quantizeQKeras(quantizer, std::move(weight));
}

/// Constants of a normalization are real: the operation reads real numbers.
Weight asReal(Weight weight) {
  weight.codes.clear();
  weight.scale.clear();
  return weight;
}

}  // namespace

Result<ir::TensorId> importBatchNormalization(Layer& layer) {
  if (layer.inputShape().empty()) return badInput("reads a tensor without axes");
  SLUICE_TRY(const std::int64_t axis, oneAxis(layer));
  const std::size_t rank = layer.inputShape().size();
  const std::int64_t channels = layer.inputShape()[static_cast<std::size_t>(axis)];
  const bool hasGamma = layer.config()["scale"].boolean(true),
             hasBeta = layer.config()["center"].boolean(true);
  Weight gamma, beta;
  if (hasGamma) {
    SLUICE_TRY(gamma, layer.weight("gamma", {channels}));
  }
  if (hasBeta) {
    SLUICE_TRY(beta, layer.weight("beta", {channels}));
  }
  SLUICE_TRY(Weight mean, layer.weight("moving_mean", {channels}));
  SLUICE_TRY(Weight variance, layer.weight("moving_variance", {channels}));
  if (!hasGamma) gamma = constantWeight({channels}, 1);
  if (!hasBeta) beta = constantWeight({channels}, isHgq2(layer) ? 1 : 0);  // HGQ2 0.2 adds 1 without center
  const double epsilon = layer.config()["epsilon"].number(1e-3);
  const auto [there, back] = lastAndBack(rank, axis);
  SLUICE_TRY(ir::TensorId x, layer.transpose(layer.input(), there, "to_channels_last"));
  if (isHgq2(layer)) {
    SLUICE_TRY(x, hgq2Affine(layer, x, std::move(gamma), std::move(beta), mean, variance, epsilon));
    return layer.transpose(x, back, "back");
  }
  SLUICE_TRY(gamma, quantizedIf(layer, "gamma_quantizer", std::move(gamma)));
  SLUICE_TRY(beta, quantizedIf(layer, "beta_quantizer", std::move(beta)));
  SLUICE_TRY(mean, quantizedIf(layer, "mean_quantizer", std::move(mean)));
  SLUICE_TRY(variance, quantizedIf(layer, "variance_quantizer", std::move(variance)));
  for (const double value : variance.values)
    if (!(value + epsilon > 0)) return badInput("has a variance that is not positive");
  SLUICE_TRY(x, layer.emit(ir::BatchNormalize{static_cast<float>(epsilon)},
                           {x, layer.constant("gamma", asReal(std::move(gamma))),
                            layer.constant("beta", asReal(std::move(beta))),
                            layer.constant("moving_mean", asReal(std::move(mean))),
                            layer.constant("moving_variance", asReal(std::move(variance)))},
                           "normalize"));
  return layer.transpose(x, back, "back");
}

Result<ir::TensorId> importLayerNormalization(Layer& layer) {
  const Json& config = layer.config();
  if (config["rms_scaling"].boolean(false)) return unsupported("scales by the root mean square");
  const std::size_t rank = layer.inputShape().size();
  std::vector<std::int64_t> axes;
  if (config["axis"].isList()) {
    for (const Json& item : config["axis"].items) {
      SLUICE_TRY(const std::int64_t axis, axisOf(item.integer(-1), rank));
      axes.push_back(axis);
    }
  } else {
    SLUICE_TRY(const std::int64_t axis, axisOf(config["axis"].integer(-1), rank));
    axes.push_back(axis);
  }
  std::sort(axes.begin(), axes.end());
  ir::Shape shape;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (axes[k] != static_cast<std::int64_t>(rank - axes.size() + k))
      return unsupported("normalizes over axes that are not the last ones");
    shape.push_back(layer.inputShape()[static_cast<std::size_t>(axes[k])]);
  }
  Weight gamma, beta;
  const bool hasGamma = config["scale"].boolean(true), hasBeta = config["center"].boolean(true);
  if (hasGamma) {
    SLUICE_TRY(gamma, layer.weight("gamma", shape));
  }
  if (hasBeta) {
    SLUICE_TRY(beta, layer.weight("beta", shape));
  }
  if (ir::elements(shape) > 1 << 24) return unsupported("normalizes over more than 2^24 elements");
  if (!hasGamma) gamma = constantWeight(shape, 1);
  if (!hasBeta) beta = constantWeight(shape, 0);
  const ir::LayerNormalize normalize{.epsilon = static_cast<float>(config["epsilon"].number(1e-3)),
                                     .axes = static_cast<std::int64_t>(axes.size())};
  return layer.emit(normalize, {layer.input(), layer.constant("gamma", gamma), layer.constant("beta", beta)},
                    "normalize");
}

/// (x - mean) / max(sqrt(variance), 1e-7); mean and variance are weights, or stand in the configuration.
Result<ir::TensorId> importNormalization(Layer& layer) {
  const Json& config = layer.config();
  if (config["invert"].boolean(false)) return unsupported("inverts");
  const std::size_t rank = layer.inputShape().size();
  ir::Shape shape;  // of mean and variance, as broadcast against the sample
  const Json& axis = config["axis"];
  const bool perAxis = !(axis.isNull() || (axis.isList() && axis.items.empty()));
  std::int64_t kept = 0;
  if (perAxis) {
    SLUICE_TRY(kept, oneAxis(layer));
    shape.assign(rank, 1);
    shape[static_cast<std::size_t>(kept)] = layer.inputShape()[static_cast<std::size_t>(kept)];
  } else {
    shape = {1};
  }
  const std::int64_t count = ir::elements(shape);
  const auto given = [&](const Json& json) -> Result<Weight> {
    Weight weight;
    weight.shape = shape;
    std::vector<const Json*> open{&json};
    while (!open.empty()) {
      const Json* item = open.back();
      open.pop_back();
      if (item->isNumber()) weight.values.push_back(static_cast<float>(item->value));
      for (std::size_t i = item->items.size(); i-- > 0;) open.push_back(&item->items[i]);
    }
    if (static_cast<std::int64_t>(weight.values.size()) != count)
      return badInput("has a mean or variance of another size");
    return weight;
  };
  Weight mean, variance;
  if (config["mean"].isList() || config["mean"].isNumber()) {
    SLUICE_TRY(mean, given(config["mean"]));
    SLUICE_TRY(variance, given(config["variance"]));
  } else {
    const ir::Shape stored = perAxis ? ir::Shape{count} : ir::Shape{};
    SLUICE_TRY(mean, layer.weight("mean", stored));
    SLUICE_TRY(variance, layer.weight("variance", stored));
    mean = reshaped(std::move(mean), shape);
    variance = reshaped(std::move(variance), shape);
  }
  for (double& value : variance.values) {
    if (!(value >= 0)) return badInput("has a negative variance");
    value = std::max(std::sqrt(static_cast<float>(value)), 1e-7f);
  }
  SLUICE_TRY(const ir::TensorId centred, layer.binary(ir::BinaryKind::subtract, layer.input(),
                                                      layer.constant("mean", mean), "subtract_mean"));
  return layer.binary(ir::BinaryKind::divide, centred, layer.constant("deviation", variance), "divide");
}

/// x * scale + offset, each one number or one per channel.
Result<ir::TensorId> importRescaling(Layer& layer) {
  const auto given = [&](const char* key, double otherwise) -> Result<Weight> {
    const Json& json = layer.config()[key];
    Weight weight = constantWeight({1}, static_cast<float>(json.number(otherwise)));
    if (!json.isList()) return weight;
    weight.values.clear();
    for (const Json& item : json.items) weight.values.push_back(static_cast<float>(item.number(0)));
    weight.shape = {static_cast<std::int64_t>(weight.values.size())};
    if (weight.values.empty()) return badInput(std::string("has an empty '") + key + "'");
    return weight;
  };
  SLUICE_TRY(const Weight scale, given("scale", 1));
  SLUICE_TRY(const Weight offset, given("offset", 0));
  SLUICE_TRY(const ir::TensorId scaled, layer.binary(ir::BinaryKind::multiply, layer.input(),
                                                     layer.constant("scale", scale), "multiply"));
  if (std::all_of(offset.values.begin(), offset.values.end(), [](double value) { return value == 0; }))
    return scaled;
  return layer.binary(ir::BinaryKind::add, scaled, layer.constant("offset", offset), "add");
}

}  // namespace sluice::frontend::keras

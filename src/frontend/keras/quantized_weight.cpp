#include "frontend/keras/quantized_weight.h"

#include <cmath>

namespace sluice::frontend::keras {

Result<Weight> quantizedAs(Layer& layer, const WeightRole& role, Weight weight) {
  if (isHgq2(layer)) return quantizeHgq2(layer, role.hgq2, std::move(weight));
  const Json& quantizer = layer.config()[role.qkeras];
  if (!quantizer.isNull()) return quantizeQKeras(quantizer, std::move(weight));
  if (layer.state().weightsOnGrid) return onGrid(std::move(weight), 24);
  return weight;
}

Result<Weight> layerWeight(Layer& layer, const WeightRole& role, const ir::Shape& shape) {
  SLUICE_TRY(Weight weight, layer.weight(role.name, shape));
  return quantizedAs(layer, role, std::move(weight));
}

namespace {

/// Batch normalization folded into kernel and bias, in single precision as QKeras computes it:
/// inverse = gamma / sqrt(variance + epsilon); kernel * inverse; (bias - mean) * inverse + beta.
Status foldQKeras(Layer& layer, Weight& kernel, Weight& bias, std::int64_t outputs) {
  const Json& config = layer.config();
  const auto epsilon = static_cast<float>(config["epsilon"].number(0.001));
  LayerWeights weights = layer.weights().byOrder() ? layer.weights().part("batchnorm") : layer.weights();
  Weight gamma = constantWeight({outputs}, 1), beta = constantWeight({outputs}, 0);
  if (config["scale"].boolean(true)) {
    SLUICE_TRY(gamma, layer.checkedWeight(weights, "gamma", {outputs}));
  }
  if (config["center"].boolean(true)) {
    SLUICE_TRY(beta, layer.checkedWeight(weights, "beta", {outputs}));
  }
  SLUICE_TRY(const Weight mean, layer.checkedWeight(weights, "moving_mean", {outputs}));
  SLUICE_TRY(const Weight variance, layer.checkedWeight(weights, "moving_variance", {outputs}));
  std::vector<float> inverse;
  for (std::size_t j = 0; j < gamma.values.size(); ++j) {
    const auto sum = static_cast<float>(variance.values[j]) + epsilon;
    const float root = 1.0f / std::sqrt(sum);
    inverse.push_back(root * static_cast<float>(gamma.values[j]));
  }
  for (std::size_t j = 0; j < inverse.size(); ++j) {
    const float difference = static_cast<float>(bias.values[j]) - static_cast<float>(mean.values[j]);
    const float product = inverse[j] * difference;
    bias.values[j] = product + static_cast<float>(beta.values[j]);
  }
  for (std::size_t n = 0; n < kernel.values.size(); ++n)
    kernel.values[n] = inverse[n % inverse.size()] * static_cast<float>(kernel.values[n]);
  return {};
}

/// HGQ2 QBatchNormDense: the batch normalization stands before the product. kernel * scaler[:, None] with
/// scaler = gamma / sqrt(variance + epsilon); bias - mean . kernel (the kernel without the scaler: as it computes).
Status foldHgq2(Layer& layer, Weight& kernel, Weight& bias) {
  const std::int64_t inputs = kernel.shape[0];
  const auto epsilon = static_cast<float>(layer.config()["epsilon"].number(0.001));
  Weight gamma = constantWeight({inputs}, 1);
  if (layer.config()["scale"].boolean(true)) {
    SLUICE_TRY(gamma, layer.weight("bn_gamma", {inputs}));
  }
  if (layer.config()["enable_ebops"].boolean(true)) layer.weights().skip(2);  // two counters of the training
  SLUICE_TRY(const Weight mean, layer.weight("moving_mean", {inputs}));
  SLUICE_TRY(const Weight variance, layer.weight("moving_variance", {inputs}));
  const auto columns = static_cast<std::size_t>(kernel.shape[1]);
  std::vector<double> offset(columns, 0);
  for (std::size_t i = 0; i < gamma.values.size(); ++i) {
    const float root = std::sqrt(static_cast<float>(variance.values[i]) + epsilon);
    const float scaler = static_cast<float>(gamma.values[i]) / root;
    for (std::size_t j = 0; j < columns; ++j) {
      double& value = kernel.values[i * columns + j];
      offset[j] -= mean.values[i] * value;
      value = scaler * static_cast<float>(value);
    }
  }
  for (std::size_t j = 0; j < columns; ++j)
    bias.values[j] = static_cast<float>(bias.values[j]) + static_cast<float>(offset[j]);
  return {};
}

}  // namespace

Result<KernelAndBias> kernelAndBias(Layer& layer, const WeightRole& role, const ir::Shape& kernelShape,
                                    std::int64_t perOutput) {
  const std::string& className = layer.className();
  const bool useBias = layer.config()["use_bias"].boolean(true);
  SLUICE_TRY(Weight kernel, layer.weight(role.name, kernelShape));
  std::optional<Weight> bias;
  if (useBias) {
    SLUICE_TRY(bias, layer.weight("bias", {perOutput}));
  }
  const bool foldsAfter = className.ends_with("Batchnorm"), foldsBefore = className == "QBatchNormDense";
  if ((foldsAfter || foldsBefore) && !bias) bias = constantWeight({perOutput}, 0);
  if (foldsAfter) SLUICE_RETURN_IF_ERROR(foldQKeras(layer, kernel, *bias, perOutput));
  if (foldsBefore) SLUICE_RETURN_IF_ERROR(foldHgq2(layer, kernel, *bias));
  KernelAndBias result;
  SLUICE_TRY(result.kernel, quantizedAs(layer, role, std::move(kernel)));
  if (bias) {
    SLUICE_TRY(result.bias, quantizedAs(layer, biasRole, std::move(*bias)));
  }
  return result;
}

}  // namespace sluice::frontend::keras

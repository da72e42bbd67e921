// Layers that multiply by a matrix: Dense and its quantized relatives, embeddings.

#include <algorithm>
#include <cmath>

#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {
namespace {

/// x . kernel + bias, then the layer's activation.
Result<ir::TensorId> product(Layer& layer, const Weight& kernel, const std::optional<Weight>& bias) {
  SLUICE_TRY(ir::TensorId y,
             layer.emit(ir::MatMul{}, {layer.input(), layer.constant("kernel", kernel)}, "matmul"));
  if (bias) {
    SLUICE_TRY(y, layer.binary(ir::BinaryKind::add, y, layer.constant("bias", *bias), "add_bias"));
  }
  return applyActivation(layer, layer.config()["activation"], y);
}

Result<ir::Shape> matrixShape(const Layer& layer) {
  const std::int64_t units = layer.config()["units"].integer(0);
  if (units < 1) return badInput("has no 'units'");
  if (layer.inputShape().empty()) return badInput("reads a tensor without axes");
  return ir::Shape{layer.inputShape().back(), units};
}

/// `H`: a number, or "Glorot" for sqrt(1.5 / (inputs + outputs)).
double heightOf(const Layer& layer, const ir::Shape& matrix) {
  const Json& height = layer.config()["H"];
  if (height.text() == "Glorot")
    return static_cast<float>(std::sqrt(1.5 / static_cast<double>(matrix[0] + matrix[1])));
  return static_cast<float>(height.number(1));
}

/// Both kinds of layers of the BinaryNet family that hls4ml's examples use: the kernel as few-valued function of
/// kernel / H, times H.
template <typename Function>
Result<ir::TensorId> fewValued(Layer& layer, Function&& function) {
  SLUICE_TRY(const ir::Shape shape, matrixShape(layer));
  SLUICE_TRY(Weight kernel, layer.weight("kernel", shape));
  std::optional<Weight> bias;
  if (layer.config()["use_bias"].boolean(true)) {
    SLUICE_TRY(bias, layer.weight("bias", {shape[1]}));
  }
  const double height = heightOf(layer, shape);
  if (!(height > 0)) return badInput("has an 'H' that is not positive");
  kernel.scale = {height};
  kernel.range = {-1, 1};
  for (double& value : kernel.values) {
    const auto ratio = static_cast<float>(value) / static_cast<float>(height);
    kernel.codes.push_back(function(ratio));
    value = height * static_cast<double>(kernel.codes.back());
  }
  return product(layer, kernel, bias);
}

}  // namespace

Result<ir::TensorId> importDense(Layer& layer) {
  SLUICE_TRY(const ir::Shape shape, matrixShape(layer));
  SLUICE_TRY(const KernelAndBias weights, kernelAndBias(layer, kernelRole, shape, shape[1]));
  return product(layer, weights.kernel, weights.bias);
}

/// H * (2 * round(clip(w / (2 H) + 1/2, 0, 1)) - 1), ties to even: so 0 becomes -H.
Result<ir::TensorId> importBinaryDense(Layer& layer) {
  return fewValued(layer, [](float ratio) -> std::int64_t { return 0.5f * ratio + 0.5f > 0.5f ? 1 : -1; });
}

/// H * round(clip(w / H, -1, 1)), ties to even: so +-H/2 become 0.
Result<ir::TensorId> importTernaryDense(Layer& layer) {
  return fewValued(layer, [](float ratio) -> std::int64_t {
    return ratio > 0.5f ? 1 : ratio < -0.5f ? -1 : 0;
  });
}

Result<ir::TensorId> importEmbedding(Layer& layer) {
  const std::int64_t words = layer.config()["input_dim"].integer(0),
                     length = layer.config()["output_dim"].integer(0);
  if (words < 1 || length < 1) return badInput("has no 'input_dim' and 'output_dim'");
  SLUICE_TRY(Weight table, layer.weight("embeddings", {words, length}));
  if (layer.state().weightsOnGrid) table = onGrid(std::move(table), 24);
  // The network's input is a real tensor; indices are the codes of it.
  ir::Quantize whole;
  whole.scale = {1};
  whole.range = {0, words - 1};
  SLUICE_TRY(const ir::TensorId indices, layer.emit(whole, {layer.input()}, "index"));
  return layer.emit(ir::Gather{.axis = 0}, {layer.constant("embeddings", table), indices}, "gather");
}

/// Only equations that are a product along the last axes: "abc,cd->abd", "...x,xy->...y".
Result<ir::TensorId> importEinsumDense(Layer& layer) {
  const std::string equation = layer.config()["equation"].text();
  const std::size_t comma = equation.find(','), arrow = equation.find("->");
  const Error other = unsupported("computes '" + equation +
                                  "'; only products along the last axis are supported, as 'abc,cd->abd'");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma) return other;
  std::string x = equation.substr(0, comma), y = equation.substr(arrow + 2);
  const std::string w = equation.substr(comma + 1, arrow - comma - 1);
  if (x.size() < 2 || x.size() != y.size() || w.size() != 2 || w[0] != x.back() || w[1] != y.back() ||
      x.substr(0, x.size() - 1) != y.substr(0, y.size() - 1) || y.find(w[0]) != std::string::npos)
    return other;
  const Json& outputShape = layer.config()["output_shape"];
  const std::int64_t units = outputShape.isNumber()
                                 ? outputShape.integer(0)
                                 : (outputShape.items.empty() ? 0 : outputShape.items.back().integer(0));
  if (units < 1 || layer.inputShape().empty()) return badInput("has no 'output_shape'");
  const ir::Shape shape{layer.inputShape().back(), units};
  SLUICE_TRY(const Weight kernel, layerWeight(layer, kernelRole, shape));
  std::optional<Weight> bias;
  if (const std::string axes = layer.config()["bias_axes"].text(); !axes.empty()) {
    if (axes != w.substr(1))
      return unsupported("has a bias along '" + axes + "'; only one per output is supported");
    SLUICE_TRY(bias, layerWeight(layer, biasRole, {units}));
  }
  return product(layer, kernel, bias);
}

}  // namespace sluice::frontend::keras

#pragma once

#include "frontend/keras/layer.h"

/// Weights as the layer uses them: read from the file and put through the layer's own quantizer, whichever
/// framework it comes from.
namespace sluice::frontend::keras {

/// What a weight is called by Keras, its quantizer by QKeras, and the part of the layer that quantizes it in HGQ2.
struct WeightRole {
  const char* name;
  const char* qkeras;
  const char* hgq2;
};
inline constexpr WeightRole kernelRole{"kernel", "kernel_quantizer", "kq"};
inline constexpr WeightRole biasRole{"bias", "bias_quantizer", "bq"};
inline constexpr WeightRole depthwiseRole{"depthwise_kernel", "depthwise_quantizer", "kq"};
inline constexpr WeightRole pointwiseRole{"pointwise_kernel", "pointwise_quantizer", "kq"};

/// The weight, quantized. Errors: badInput, unsupported (the quantizer).
Result<Weight> layerWeight(Layer& layer, const WeightRole& role, const ir::Shape& shape);
/// The same for numbers computed from weights.
Result<Weight> quantizedAs(Layer& layer, const WeightRole& role, Weight weight);

struct KernelAndBias {
  Weight kernel;
  std::optional<Weight> bias;
};
/// Kernel and bias (use_bias) of a layer, quantized; with batch normalization folded in before where the class says
/// so (QKeras ...Batchnorm, HGQ2 QBatchNormDense). `perOutput`: elements of the bias; the kernel's last axes run
/// over them.
Result<KernelAndBias> kernelAndBias(Layer& layer, const WeightRole& role, const ir::Shape& kernelShape,
                                    std::int64_t perOutput);

// qkeras_quantizer.cpp
/// Quantizes with a QKeras quantizer (a dictionary, or text like "quantized_bits(4,0,1)") as it does in inference.
Result<Weight> quantizeQKeras(const Json& quantizer, Weight weight);
/// Applies a QKeras quantizer or function to a computed tensor; no value: it is none.
Result<std::optional<ir::TensorId>> qkerasActivation(Layer& layer, const Json& activation, ir::TensorId x);

// hgq2.cpp
/// Quantizes with an HGQ2 quantizer: `part` is "kq", "bq", ..., described by PART_conf in the configuration.
Result<Weight> quantizeHgq2(Layer& layer, const std::string& part, Weight weight);
/// Applies an HGQ2 quantizer to a computed tensor.
Result<ir::TensorId> applyHgq2(Layer& layer, const Json& description, LayerWeights weights, ir::TensorId x,
                               const std::string& suffix);
/// Whether the layer is one of HGQ2.
bool isHgq2(const Layer& layer);
/// The layer's input quantizers on its inputs, and its output quantizer on its result.
Result<std::vector<ir::TensorId>> hgq2Inputs(Layer& layer);
Result<ir::TensorId> hgq2Output(Layer& layer, ir::TensorId x);

}  // namespace sluice::frontend::keras

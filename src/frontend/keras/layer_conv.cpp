// Convolutions and pools. All compute channels last; padding is written out.

#include <algorithm>

#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {
namespace {

using Extents = std::vector<std::int64_t>;

/// The window over the spatial axes of x (channels last) that Keras' `padding` means.
/// same: output extent ceil(in / stride), what is missing is padded, the odd one behind. causal: all before.
Result<ir::Window> windowOf(const Layer& layer, const ir::Shape& x, const Extents& kernel, Extents strides,
                            Extents dilations) {
  const std::string padding = layer.config()["padding"].text("valid");
  ir::Window window;
  if (padding != "valid" && padding != "same" && padding != "causal")
    return unsupported("pads '" + padding + "'; valid, same and causal are supported");
  if (padding != "valid") {
    for (std::size_t k = 0; k < kernel.size(); ++k) {
      const std::int64_t reach = (kernel[k] - 1) * dilations[k];
      std::int64_t missing = reach;
      if (padding == "same")
        missing = std::max<std::int64_t>(0, (x[k] - 1) / strides[k] * strides[k] + reach + 1 - x[k]);
      window.padBefore.push_back(padding == "causal" ? reach : missing / 2);
      window.padAfter.push_back(padding == "causal" ? 0 : missing - missing / 2);
    }
  }
  window.strides = std::move(strides);
  window.dilations = std::move(dilations);
  return window;
}

/// The layer's input, channels last, of `rank` spatial axes (0: any).
Result<ir::TensorId> spatialInput(Layer& layer, std::size_t rank) {
  if (rank > 0 && layer.inputShape().size() != rank + 1)
    return badInput("reads a tensor of shape " + ir::text(layer.inputShape()) + ", not one of " +
                    std::to_string(rank) + " spatial axes and channels");
  return layer.channelsFirst() ? layer.channelsToLast(layer.input()) : Result<ir::TensorId>(layer.input());
}

Result<ir::TensorId> spatialOutput(Layer& layer, ir::TensorId y) {
  return layer.channelsFirst() ? layer.channelsToFirst(y) : Result<ir::TensorId>(y);
}

/// 1 or 2 of "QSeparableConv2D", "MaxPooling1D", "Conv2DTranspose".
std::size_t rankOf(const Layer& layer) { return layer.className().find("1D") != std::string::npos ? 1 : 2; }

/// Adds the bias, turns the result back and applies the activation.
Result<ir::TensorId> finish(Layer& layer, ir::TensorId y, const std::optional<Weight>& bias) {
  if (bias) {
    SLUICE_TRY(y, layer.binary(ir::BinaryKind::add, y, layer.constant("bias", *bias), "add_bias"));
  }
  if (const std::string name = activationName(layer.config()["activation"]);
      layer.channelsFirst() && name == "softmax") {
    SLUICE_TRY(y, spatialOutput(layer, y));
    return applyActivation(layer, layer.config()["activation"], y);
  }
  SLUICE_TRY(y, applyActivation(layer, layer.config()["activation"], y));
  return spatialOutput(layer, y);
}

/// What the forward convolutions read first: their input, and how the kernel goes over it.
struct Sliding {
  ir::TensorId x;
  std::int64_t channels = 0;
  Extents kernel;
  ir::Window window;
};

Result<Sliding> slidingOf(Layer& layer) {
  const std::size_t rank = rankOf(layer);
  Sliding sliding;
  SLUICE_TRY(sliding.x, spatialInput(layer, rank));
  sliding.channels = layer.shape(sliding.x).back();
  SLUICE_TRY(sliding.kernel, layer.extents("kernel_size", rank, 0));
  SLUICE_TRY(Extents strides, layer.extents("strides", rank, 1));
  SLUICE_TRY(Extents dilations, layer.extents("dilation_rate", rank, 1));
  SLUICE_TRY(sliding.window, windowOf(layer, layer.shape(sliding.x), sliding.kernel, std::move(strides),
                                      std::move(dilations)));
  return sliding;
}

ir::Shape joined(Extents kernel, std::initializer_list<std::int64_t> behind) {
  kernel.insert(kernel.end(), behind);
  return kernel;
}

/// A depthwise kernel [k..., channels, multiplier] as one of a grouped convolution: [k..., 1, channels * multiplier].
Weight asGrouped(Weight kernel) {
  ir::Shape shape = kernel.shape;
  const std::int64_t multiplier = shape.back();
  shape.pop_back();
  shape.back() *= multiplier;
  shape.insert(shape.end() - 1, 1);
  return reshaped(std::move(kernel), std::move(shape));
}

}  // namespace

Result<ir::TensorId> importConv(Layer& layer) {
  SLUICE_TRY(const Sliding sliding, slidingOf(layer));
  const std::int64_t channels = sliding.channels;
  const std::int64_t filters = layer.config()["filters"].integer(0),
                     groups = layer.config()["groups"].integer(1);
  if (filters < 1) return badInput("has no 'filters'");
  if (groups < 1 || channels % groups != 0 || filters % groups != 0)
    return badInput("divides " + std::to_string(channels) + " channels and " + std::to_string(filters) +
                    " filters into " + std::to_string(groups) + " groups");
  SLUICE_TRY(const KernelAndBias weights,
             kernelAndBias(layer, kernelRole, joined(sliding.kernel, {channels / groups, filters}), filters));
  ir::Conv conv;
  conv.window = sliding.window;
  conv.groups = groups;
  SLUICE_TRY(const ir::TensorId y,
             layer.emit(conv, {sliding.x, layer.constant("kernel", weights.kernel)}, "conv"));
  return finish(layer, y, weights.bias);
}

Result<ir::TensorId> importDepthwiseConv(Layer& layer) {
  SLUICE_TRY(const Sliding sliding, slidingOf(layer));
  const std::int64_t channels = sliding.channels;
  const std::int64_t multiplier = layer.config()["depth_multiplier"].integer(1);
  if (multiplier < 1 || multiplier > 1 << 20) return badInput("has a bad 'depth_multiplier'");
  WeightRole role = depthwiseRole;
  if (layer.isKeras3()) role.name = "kernel";
  SLUICE_TRY(KernelAndBias weights, kernelAndBias(layer, role, joined(sliding.kernel, {channels, multiplier}),
                                                  channels * multiplier));
  ir::Conv conv;
  conv.window = sliding.window;
  conv.groups = channels;
  const ir::TensorId w = layer.constant("depthwise_kernel", asGrouped(std::move(weights.kernel)));
  SLUICE_TRY(const ir::TensorId y, layer.emit(conv, {sliding.x, w}, "conv"));
  return finish(layer, y, weights.bias);
}

Result<ir::TensorId> importSeparableConv(Layer& layer) {
  SLUICE_TRY(const Sliding sliding, slidingOf(layer));
  const std::int64_t channels = sliding.channels;
  const std::int64_t multiplier = layer.config()["depth_multiplier"].integer(1);
  const std::int64_t filters = layer.config()["filters"].integer(0);
  if (filters < 1 || multiplier < 1 || multiplier > 1 << 20)
    return badInput("has bad 'filters' or 'depth_multiplier'");
  SLUICE_TRY(Weight depthwise,
             layerWeight(layer, depthwiseRole, joined(sliding.kernel, {channels, multiplier})));
  SLUICE_TRY(const Weight pointwise,
             layerWeight(layer, pointwiseRole,
                         joined(Extents(sliding.kernel.size(), 1), {channels * multiplier, filters})));
  std::optional<Weight> bias;
  if (layer.config()["use_bias"].boolean(true)) {
    SLUICE_TRY(bias, layerWeight(layer, biasRole, {filters}));
  }
  ir::Conv conv;
  conv.window = sliding.window;
  conv.groups = channels;
  const ir::TensorId w = layer.constant("depthwise_kernel", asGrouped(std::move(depthwise)));
  SLUICE_TRY(const ir::TensorId middle, layer.emit(conv, {sliding.x, w}, "depthwise"));
  SLUICE_TRY(const ir::TensorId y,
             layer.emit(ir::Conv{}, {middle, layer.constant("pointwise_kernel", pointwise)}, "pointwise"));
  return finish(layer, y, bias);
}

/// Output extent as TensorFlow has it: in * stride (same), in * stride + max(kernel - stride, 0) (valid); with
/// output_padding (in - 1) * stride + kernel - 2 * pad + output_padding. The padding is that of the forward
/// convolution that would read the output.
Result<ir::TensorId> importConvTranspose(Layer& layer) {
  const std::size_t rank = rankOf(layer);
  SLUICE_TRY(const ir::TensorId x, spatialInput(layer, rank));
  SLUICE_TRY(const Extents kernel, layer.extents("kernel_size", rank, 0));
  SLUICE_TRY(const Extents strides, layer.extents("strides", rank, 1));
  SLUICE_TRY(const Extents dilations, layer.extents("dilation_rate", rank, 1));
  const std::int64_t filters = layer.config()["filters"].integer(0), channels = layer.shape(x).back();
  if (filters < 1) return badInput("has no 'filters'");
  const std::string padding = layer.config()["padding"].text("valid");
  if (padding != "valid" && padding != "same")
    return unsupported("pads '" + padding + "'; valid and same are supported");
  SLUICE_TRY(KernelAndBias weights,
             kernelAndBias(layer, kernelRole, joined(kernel, {filters, channels}), filters));
  ir::ConvTranspose conv;
  conv.window.strides = strides;
  conv.window.dilations = dilations;
  const Json& outputPadding = layer.config()["output_padding"];
  for (std::size_t k = 0; k < rank; ++k) {
    const std::int64_t in = layer.shape(x)[k], reach = (kernel[k] - 1) * dilations[k] + 1;
    const std::int64_t whole = (in - 1) * strides[k] + reach;
    std::int64_t out =
        padding == "same" ? in * strides[k] : in * strides[k] + std::max<std::int64_t>(reach - strides[k], 0);
    if (!outputPadding.isNull()) {
      const std::int64_t extra =
          outputPadding.isNumber() ? outputPadding.integer(0) : outputPadding[k].integer(0);
      if (extra < 0 || extra >= strides[k])
        return badInput("has an 'output_padding' that is not below the stride");
      out = whole - (padding == "same" ? 2 * (reach / 2) : 0) + extra;
    }
    if (out < 1) return badInput("has an output without elements");
    const std::int64_t excess = std::max<std::int64_t>(0, whole - out);
    conv.window.padBefore.push_back(padding == "same" ? excess / 2 : 0);
    conv.window.padAfter.push_back(excess - conv.window.padBefore.back());
    conv.outputPad.push_back(std::max<std::int64_t>(0, out - whole));
  }
  Extents swap(rank + 2);
  for (std::size_t k = 0; k < swap.size(); ++k) swap[k] = static_cast<std::int64_t>(k);
  std::swap(swap[rank], swap[rank + 1]);
  const ir::TensorId w = layer.constant("kernel", transposed(weights.kernel, swap));
  SLUICE_TRY(const ir::TensorId y, layer.emit(conv, {x, w}, "conv_transpose"));
  return finish(layer, y, weights.bias);
}

namespace {

/// QKeras QAveragePooling2D: the average times the pool's size times the quantized inverse of it; then the activation.
Result<ir::TensorId> quantizedAverage(Layer& layer, ir::TensorId average, std::int64_t places) {
  const Json& quantizer = layer.config()["average_quantizer"];
  if (!quantizer.isNull()) {
    const auto inverse = static_cast<float>(1.0 / static_cast<double>(places));
    SLUICE_TRY(const Weight factor, quantizeQKeras(quantizer, constantWeight({1}, inverse)));
    const ir::TensorId count = layer.scalar("places", static_cast<double>(places));
    SLUICE_TRY(average, layer.binary(ir::BinaryKind::multiply, average, count, "sum"));
    SLUICE_TRY(average, layer.binary(ir::BinaryKind::multiply, average, layer.constant("inverse", factor),
                                     "times_inverse"));
  }
  return applyActivation(layer, layer.config()["activation"], average);
}

bool isMax(const Layer& layer) { return layer.className().find("Max") != std::string::npos; }

}  // namespace

Result<ir::TensorId> importPool(Layer& layer) {
  const std::size_t rank = rankOf(layer);
  SLUICE_TRY(const ir::TensorId x, spatialInput(layer, rank));
  ir::Pool pool;
  pool.kind = isMax(layer) ? ir::PoolKind::max : ir::PoolKind::average;
  SLUICE_TRY(pool.kernel, layer.extents("pool_size", rank, 2));
  Extents strides = pool.kernel;
  if (layer.config().has("strides")) {
    SLUICE_TRY(strides, layer.extents("strides", rank, 1));
  }
  SLUICE_TRY(pool.window, windowOf(layer, layer.shape(x), pool.kernel, std::move(strides), Extents(rank, 1)));
  std::int64_t places = 1;
  for (const std::int64_t extent : pool.kernel) places *= std::min<std::int64_t>(extent, 1 << 20);
  SLUICE_TRY(ir::TensorId y, layer.emit(pool, {x}, "pool"));
  if (!isMax(layer)) {
    SLUICE_TRY(y, quantizedAverage(layer, y, places));
  }
  return spatialOutput(layer, y);
}

Result<ir::TensorId> importGlobalPool(Layer& layer) {
  const std::size_t rank = rankOf(layer);
  if (layer.inputShape().size() != rank + 1)
    return badInput("reads a tensor of shape " + ir::text(layer.inputShape()) + ", not one of " +
                    std::to_string(rank) + " spatial axes and channels");
  ir::Reduce reduce;
  reduce.kind = isMax(layer) ? ir::ReduceKind::max : ir::ReduceKind::mean;
  reduce.keepDims = layer.config()["keepdims"].boolean(false);
  std::int64_t places = 1;
  for (std::size_t k = 0; k < rank; ++k) {
    const std::size_t axis = layer.channelsFirst() ? k + 1 : k;
    reduce.axes.push_back(static_cast<std::int64_t>(axis));
    places *= layer.inputShape()[axis];
  }
  SLUICE_TRY(const ir::TensorId y, layer.emit(reduce, {layer.input()}, "reduce"));
  return isMax(layer) ? Result<ir::TensorId>(y) : quantizedAverage(layer, y, places);
}

}  // namespace sluice::frontend::keras

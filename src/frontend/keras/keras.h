#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "ir/graph.h"

/// Keras models become graphs in the real dialect, for one sample, without their batch axis: Keras 2 and 3, QKeras,
/// HGQ (its proxy models) and HGQ2, and the binary and ternary dense layers of hls4ml's examples.
namespace sluice::frontend {

struct KerasOptions {
  /// The weights of a model given as JSON. None: NAME_weights.h5, NAME.weights.h5 or NAME.h5 beside it.
  std::optional<std::filesystem::path> weights;
};

/// Reads a model: JSON with a file of weights, a whole .h5, or a .keras archive; told apart by content. The graph is
/// named after the file's stem.
///
/// The result of a layer is a tensor (and node) with the layer's name; what it takes to compute it is named
/// "layer/matmul", its constants "layer/kernel". Layers of nested models are "model/layer", a layer's second call is
/// "layer_call2". Layers that do nothing in inference (Dropout, noise, regularisation) vanish.
///
/// Quantized weights are codes, quantized as the framework does it, in single precision. Quantizers of activations
/// become quantize nodes.
///
/// Errors  io: a file cannot be read
///         badInput: no Keras model, damaged, weights that do not fit
///         unsupported: every layer that cannot be taken, one per line, with its class and the reason
Result<ir::Graph> importKeras(const std::filesystem::path& path, const KerasOptions& options = {});

/// The same from memory; `name` is the graph's, and the file's in messages. `weights`: of a model given as JSON.
Result<ir::Graph> importKerasBytes(std::string bytes, const std::string& name,
                                   std::optional<std::string> weights = std::nullopt);

/// "Activation, Add, ..., ZeroPadding2D": for help texts.
std::string supportedKerasLayers();

}  // namespace sluice::frontend

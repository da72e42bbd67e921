#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "frontend/keras/model_file.h"
#include "frontend/keras/topology.h"
#include "frontend/keras/weight.h"
#include "ir/graph.h"

/// Inside of the Keras import: one layer while it becomes nodes of the graph.
///
/// Tensors of the graph have no batch axis, so axis k of Keras is axis k - 1 here; they are held in the order that
/// Keras has. Layers with data_format channels_first turn their input to channels last and their result back.
namespace sluice::frontend::keras {

struct ImportState {
  const ModelFile* file = nullptr;
  ir::Graph graph;
  std::unordered_set<std::string> nodeNames, tensorNames;
  bool weightsOnGrid = false;  ///< HGQ proxy models: weights are on binary grids and not described
};

class Layer {
 public:
  Layer(ImportState& state, const Step& step, std::vector<ir::TensorId> inputs)
      : state_(state), step_(step), inputs_(std::move(inputs)), weights_(*state.file, step.weights) {}

  // What the file says of the layer.
  [[nodiscard]] const Json& config() const { return *step_.config; }
  [[nodiscard]] const std::string& name() const { return step_.name; }
  [[nodiscard]] const std::string& className() const { return step_.className; }
  [[nodiscard]] bool isKeras3() const { return state_.file->isKeras3; }
  [[nodiscard]] bool channelsFirst() const { return config()["data_format"].text() == "channels_first"; }
  /// One number for all, or one per spatial axis. Errors: badInput.
  [[nodiscard]] Result<std::vector<std::int64_t>> extents(std::string_view key, std::size_t rank,
                                                          std::int64_t otherwise) const;

  // Inputs.
  [[nodiscard]] std::size_t inputCount() const { return inputs_.size(); }
  [[nodiscard]] ir::TensorId input(std::size_t i = 0) const { return inputs_[i]; }
  [[nodiscard]] const ir::Shape& shape(ir::TensorId tensor) const {
    return state_.graph.tensor(tensor).type.shape;
  }
  [[nodiscard]] const ir::Shape& inputShape(std::size_t i = 0) const { return shape(inputs_[i]); }

  // Weights.
  LayerWeights& weights() { return weights_; }
  /// The layer's next weight, of this shape. Errors: badInput, also for another shape or no finite numbers.
  Result<Weight> weight(std::string_view name, const ir::Shape& shape);
  /// Shape and numbers of any weight checked as above.
  Result<Weight> checkedWeight(LayerWeights& from, std::string_view name, const ir::Shape& shape) const;

  // The graph.
  /// A constant of the graph, named after the layer.
  ir::TensorId constant(const std::string& suffix, const Weight& weight);
  ir::TensorId scalar(const std::string& suffix, double value) {
    return constant(suffix, constantWeight({1}, value));
  }
  Result<ir::TensorId> emit(ir::Operation operation, std::vector<ir::TensorId> inputs,
                            const std::string& suffix);
  Result<ir::TensorId> binary(ir::BinaryKind kind, ir::TensorId a, ir::TensorId b, const std::string& suffix);
  Result<ir::TensorId> unary(ir::Unary operation, ir::TensorId a, const std::string& suffix);
  /// With its axes permuted; the tensor itself where nothing moves.
  Result<ir::TensorId> transpose(ir::TensorId tensor, const std::vector<std::int64_t>& permutation,
                                 const std::string& suffix);
  /// Channels first to channels last, and back.
  Result<ir::TensorId> channelsToLast(ir::TensorId tensor);
  Result<ir::TensorId> channelsToFirst(ir::TensorId tensor);

  [[nodiscard]] ImportState& state() { return state_; }

 private:
  std::string unique(std::unordered_set<std::string>& used, std::string wanted);
  ImportState& state_;
  const Step& step_;
  std::vector<ir::TensorId> inputs_;
  LayerWeights weights_;
};

/// How a class of layers becomes nodes. Errors: unsupported, badInput, without a place.
using LayerFunction = Result<ir::TensorId> (*)(Layer&);
struct LayerRow {
  const char* className;
  LayerFunction run;
  std::size_t minInputs, maxInputs;
};
/// The row of a class; null: not supported.
const LayerRow* findLayer(std::string_view className);
/// Why a class is not supported, where there is more to say: "recurrent layers are not supported yet".
std::string whyNot(std::string_view className);
std::string supportedLayers();

// One function per kind of layer, by file.
// layer_dense.cpp
Result<ir::TensorId> importDense(Layer&);
Result<ir::TensorId> importBinaryDense(Layer&);
Result<ir::TensorId> importTernaryDense(Layer&);
Result<ir::TensorId> importEmbedding(Layer&);
Result<ir::TensorId> importEinsumDense(Layer&);
// layer_conv.cpp
Result<ir::TensorId> importConv(Layer&);
Result<ir::TensorId> importDepthwiseConv(Layer&);
Result<ir::TensorId> importSeparableConv(Layer&);
Result<ir::TensorId> importConvTranspose(Layer&);
Result<ir::TensorId> importPool(Layer&);
Result<ir::TensorId> importGlobalPool(Layer&);
// layer_shape.cpp
Result<ir::TensorId> importInput(Layer&);
Result<ir::TensorId> importNothing(Layer&);
Result<ir::TensorId> importFlatten(Layer&);
Result<ir::TensorId> importReshape(Layer&);
Result<ir::TensorId> importPermute(Layer&);
Result<ir::TensorId> importRepeatVector(Layer&);
Result<ir::TensorId> importZeroPadding(Layer&);
Result<ir::TensorId> importCropping(Layer&);
Result<ir::TensorId> importUpSampling(Layer&);
// layer_merge.cpp
Result<ir::TensorId> importMerge(Layer&);
Result<ir::TensorId> importConcatenate(Layer&);
Result<ir::TensorId> importDot(Layer&);
// layer_normalize.cpp
Result<ir::TensorId> importBatchNormalization(Layer&);
Result<ir::TensorId> importLayerNormalization(Layer&);
Result<ir::TensorId> importNormalization(Layer&);
Result<ir::TensorId> importRescaling(Layer&);
// layer_activation.cpp
Result<ir::TensorId> importActivation(Layer&);
Result<ir::TensorId> importReLU(Layer&);
Result<ir::TensorId> importLeakyReLU(Layer&);
Result<ir::TensorId> importELU(Layer&);
Result<ir::TensorId> importPReLU(Layer&);
Result<ir::TensorId> importThresholdedReLU(Layer&);
Result<ir::TensorId> importSoftmax(Layer&);
// qkeras_layer.cpp
Result<ir::TensorId> importQActivation(Layer&);
// hgq.cpp
Result<ir::TensorId> importFixedPointQuantizer(Layer&);
Result<ir::TensorId> importUnaryLut(Layer&);
// hgq2.cpp
Result<ir::TensorId> importHgq2Quantizer(Layer&);
Result<ir::TensorId> importHgq2Activation(Layer&);
Result<ir::TensorId> importHgq2Softmax(Layer&);

/// The layer's `activation`: a name, a QKeras quantizer, or nothing. layer_activation.cpp
Result<ir::TensorId> applyActivation(Layer& layer, const Json& activation, ir::TensorId x);
/// A Keras activation by name; null Result value: not known.
Result<std::optional<ir::TensorId>> namedActivation(Layer& layer, const std::string& name, ir::TensorId x);
/// A plain name, or the name in Keras 3's {"class_name": "function", "config": "relu"}; empty: neither.
std::string activationName(const Json& activation);

/// Softmax over an axis of the tensor.
Result<ir::TensorId> softmaxOver(Layer& layer, ir::TensorId x, std::int64_t axis);
/// Axis of Keras (batch is 0, or counted from the end) as axis of the graph. Errors: badInput.
Result<std::int64_t> axisOf(std::int64_t kerasAxis, std::size_t rank);

}  // namespace sluice::frontend::keras

// The classes of layers that are read, in one list.

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"
#include "frontend/keras/layer.h"

namespace sluice::frontend::keras {
namespace {

constexpr std::size_t many = 1000;

const std::vector<LayerRow>& rows() {
  static const std::vector<LayerRow> table = {
      {"InputLayer", importInput, 0, 0},
      // products
      {"Dense", importDense, 1, 1},
      {"QDense", importDense, 1, 1},
      {"QDenseBatchnorm", importDense, 1, 1},
      {"QBatchNormDense", importDense, 1, 1},
      {"BinaryDense", importBinaryDense, 1, 1},
      {"TernaryDense", importTernaryDense, 1, 1},
      {"EinsumDense", importEinsumDense, 1, 1},
      {"QEinsumDense", importEinsumDense, 1, 1},
      {"Embedding", importEmbedding, 1, 1},
      // convolutions
      {"Conv1D", importConv, 1, 1},
      {"Conv2D", importConv, 1, 1},
      {"QConv1D", importConv, 1, 1},
      {"QConv2D", importConv, 1, 1},
      {"QConv2DBatchnorm", importConv, 1, 1},
      {"DepthwiseConv1D", importDepthwiseConv, 1, 1},
      {"DepthwiseConv2D", importDepthwiseConv, 1, 1},
      {"QDepthwiseConv2D", importDepthwiseConv, 1, 1},
      {"QDepthwiseConv2DBatchnorm", importDepthwiseConv, 1, 1},
      {"SeparableConv1D", importSeparableConv, 1, 1},
      {"SeparableConv2D", importSeparableConv, 1, 1},
      {"QSeparableConv1D", importSeparableConv, 1, 1},
      {"QSeparableConv2D", importSeparableConv, 1, 1},
      {"Conv1DTranspose", importConvTranspose, 1, 1},
      {"Conv2DTranspose", importConvTranspose, 1, 1},
      {"QConv2DTranspose", importConvTranspose, 1, 1},
      // pools
      {"MaxPooling1D", importPool, 1, 1},
      {"MaxPooling2D", importPool, 1, 1},
      {"AveragePooling1D", importPool, 1, 1},
      {"AveragePooling2D", importPool, 1, 1},
      {"QMaxPooling1D", importPool, 1, 1},
      {"QMaxPooling2D", importPool, 1, 1},
      {"QAveragePooling1D", importPool, 1, 1},
      {"QAveragePooling2D", importPool, 1, 1},
      {"GlobalMaxPooling1D", importGlobalPool, 1, 1},
      {"GlobalMaxPooling2D", importGlobalPool, 1, 1},
      {"GlobalAveragePooling1D", importGlobalPool, 1, 1},
      {"GlobalAveragePooling2D", importGlobalPool, 1, 1},
      {"QGlobalMaxPooling1D", importGlobalPool, 1, 1},
      {"QGlobalMaxPooling2D", importGlobalPool, 1, 1},
      {"QGlobalAveragePooling1D", importGlobalPool, 1, 1},
      {"QGlobalAveragePooling2D", importGlobalPool, 1, 1},
      // normalization
      {"BatchNormalization", importBatchNormalization, 1, 1},
      {"QBatchNormalization", importBatchNormalization, 1, 1},
      {"LayerNormalization", importLayerNormalization, 1, 1},
      {"Normalization", importNormalization, 1, 1},
      {"Rescaling", importRescaling, 1, 1},
      // several tensors
      {"Add", importMerge, 1, many},
      {"Subtract", importMerge, 2, 2},
      {"Multiply", importMerge, 1, many},
      {"Average", importMerge, 1, many},
      {"Maximum", importMerge, 1, many},
      {"Minimum", importMerge, 1, many},
      {"QAdd", importMerge, 1, many},
      {"QSubtract", importMerge, 2, 2},
      {"QMultiply", importMerge, 1, many},
      {"QAveragePow2", importMerge, 1, many},
      {"QMaximum", importMerge, 1, many},
      {"QMinimum", importMerge, 1, many},
      {"Concatenate", importConcatenate, 1, many},
      {"Dot", importDot, 2, 2},
      {"QDot", importDot, 2, 2},
      // activations
      {"Activation", importActivation, 1, 1},
      {"QActivation", importQActivation, 1, 1},
      {"QAdaptiveActivation", importQActivation, 1, 1},
      {"ReLU", importReLU, 1, 1},
      {"LeakyReLU", importLeakyReLU, 1, 1},
      {"ELU", importELU, 1, 1},
      {"PReLU", importPReLU, 1, 1},
      {"ThresholdedReLU", importThresholdedReLU, 1, 1},
      {"Softmax", importSoftmax, 1, 1},
      {"QUnaryFunctionLUT", importHgq2Activation, 1, 1},
      {"QSoftmax", importHgq2Softmax, 1, 1},
      // elements moved about
      {"Flatten", importFlatten, 1, 1},
      {"Reshape", importReshape, 1, 1},
      {"Permute", importPermute, 1, 1},
      {"RepeatVector", importRepeatVector, 1, 1},
      {"ZeroPadding1D", importZeroPadding, 1, 1},
      {"ZeroPadding2D", importZeroPadding, 1, 1},
      {"Cropping1D", importCropping, 1, 1},
      {"Cropping2D", importCropping, 1, 1},
      {"UpSampling1D", importUpSampling, 1, 1},
      {"UpSampling2D", importUpSampling, 1, 1},
      // quantizers as layers
      {"FixedPointQuantizer", importFixedPointQuantizer, 1, 1},
      {"UnaryLUT", importUnaryLut, 1, 1},
      {"Quantizer", importHgq2Quantizer, 1, 1},
      // nothing in inference
      {"Dropout", importNothing, 1, 1},
      {"SpatialDropout1D", importNothing, 1, 1},
      {"SpatialDropout2D", importNothing, 1, 1},
      {"GaussianDropout", importNothing, 1, 1},
      {"GaussianNoise", importNothing, 1, 1},
      {"AlphaDropout", importNothing, 1, 1},
      {"ActivityRegularization", importNothing, 1, 1},
      {"Identity", importNothing, 1, 1},
      {"RandomFlip", importNothing, 1, 1},
      {"RandomRotation", importNothing, 1, 1},
      {"RandomTranslation", importNothing, 1, 1},
      {"RandomZoom", importNothing, 1, 1},
      {"RandomContrast", importNothing, 1, 1},
      {"RandomBrightness", importNothing, 1, 1},
  };
  return table;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

const LayerRow* findLayer(std::string_view className) {
  static const std::map<std::string_view, const LayerRow*> index = [] {
    std::map<std::string_view, const LayerRow*> result;
    for (const LayerRow& row : rows()) result.emplace(row.className, &row);
    return result;
  }();
  const auto found = index.find(className);
  return found == index.end() ? nullptr : found->second;
}

std::string supportedLayers() {
  std::vector<std::string> names;
  for (const LayerRow& row : rows()) names.emplace_back(row.className);
  std::sort(names.begin(), names.end());
  return join(names, ", ");
}

std::string whyNot(std::string_view className) {
  for (const char* recurrent : {"RNN", "LSTM", "GRU", "Bidirectional"})
    if (contains(className, recurrent)) return "is recurrent; recurrent layers are not supported yet";
  for (const char* attention : {"Attention", "Transformer"})
    if (contains(className, attention)) return "is an attention layer; these are not supported yet";
  if (contains(className, "GarNet")) return "is a GarNet layer; these are not supported yet";
  if (contains(className, "3D")) return "has three spatial axes; one and two are supported";
  if (className.starts_with("TimeDistributed"))
    return "is called for each time step; only layers that work on the last axis can be";
  if (className == "HDense" || className == "HDenseBatchNorm" || className.starts_with("HConv") ||
      className == "HQuantize" || className == "HActivation" || className.starts_with("HAdd"))
    return "is a training layer of HGQ; convert the model first: HGQ.to_proxy_model(model).save(...)";
  if (className == "Lambda" || contains(className, "OpLambda") || className == "Operation")
    return "computes with Python code that the file does not hold; use layers instead";
  return {};
}

}  // namespace sluice::frontend::keras

#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// The form in which a float network is quantized: every product with constant weights has all that is affine
/// behind it folded in.
///
///   conv, add, batchNormalize        ->  conv with weight and bias
///   matMul, multiply, add            ->  matMul, add
///
/// A layer's bias is always there (zeros, if need be): bias correction and adaptive rounding write to it.
namespace sluice::quantize {

/// A product with constant weights, in the normal form.
struct Layer {
  ir::NodeId node;      ///< Conv, ConvTranspose or MatMul
  ir::TensorId input;   ///< of the node
  ir::TensorId weight;  ///< its second operand; the last axis counts the outputs
  ir::TensorId bias;    ///< [outputs]: the third operand, or (MatMul) the second of the add behind it
  ir::TensorId output;  ///< with the bias
};

/// Folds constant sums, factors and batch normalizations behind a product into its weights and bias, where nobody
/// else reads what is between. Real numbers are rounded to float64 on the way. Names of layers' results stay: they
/// are those of the last node that was folded.
///
/// Errors  badInput: the network has quantizers already (names the first)
Result<ir::Graph> normalForm(const ir::Graph& graph);

/// The layers of a graph in normal form, in order.
std::vector<Layer> layersOf(const ir::Graph& graph);

/// A constant that has one number per channel (last axis) of `shape`, or one for all, as a list of `channels`
/// numbers; none if it is neither or not constant.
std::optional<std::vector<double>> perChannelReals(const ir::Tensor& tensor, const ir::Shape& shape);

}  // namespace sluice::quantize

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compat/hls4ml.h"
#include "compat/hls4ml_config.h"
#include "fixed/ap_fixed.h"
#include "ir/graph.h"

/// Inside of the compatibility mode: the network as hls4ml holds it, between reading and emitting.
namespace sluice::compat {

/// What a layer computes; several of hls4ml's classes may share one.
enum class LayerKind : std::uint8_t {
  input,
  dense,  ///< of vectors
  conv,   ///< also a Dense over pixels
  batchNorm,
  activation,  ///< Activation, ParametrizedActivation, PReLU, HardActivation, by `function`
  softmax,     ///< over the last axis
  pool,        ///< over windows
  globalPool,  ///< over all pixels
  reshape,     ///< takes its input's type
  move,        ///< transpose, pad, crop, resize: takes its input's type
  merge,       ///< of two inputs
  concatenate,
};

enum class Function : std::uint8_t {
  linear,
  relu,
  relu6,
  sigmoid,
  tanh,
  softplus,
  softsign,
  elu,
  selu,
  leakyRelu,
  thresholdedRelu,
  prelu,
  hardSigmoid,
  hardTanh,
};

enum class MergeKind : std::uint8_t { add, subtract, multiply, average, maximum, minimum };

/// A type that hls4ml either knows or infers ("auto").
using Type = std::optional<fixed::ApFormat>;

struct Layer {
  std::string name, className;
  LayerKind kind = LayerKind::activation;
  std::string origin;               ///< the layer of the model file it comes from
  std::vector<std::size_t> inputs;  ///< positions of other layers
  bool removed = false;             ///< by a pass; users read its first input instead
  ir::Shape shape;                  ///< of the result
  ir::Shape inputShape;             ///< of the first input

  // What it computes.
  ir::Operation operation;  ///< geometry of conv (Conv), pool (Pool), reshape and moves
  Function function = Function::linear;
  MergeKind merge = MergeKind::add;
  bool average = false;   ///< of pools; else maximum
  double parameter = 0;   ///< slope, theta, alpha; slope of hard functions
  std::int64_t axis = 0;  ///< of concatenate
  std::optional<ir::Quantize>
      quantizer;         ///< what the model file does to the result, for what reproduceDefects says
  bool clipped = false;  ///< a ReLU with a greatest value, which hls4ml forgets
  double clipAt = 0;

  // Weights as float32 numbers; of batchNorm scale and shift.
  std::vector<double> weight, bias;
  ir::Shape weightShape;
  bool hasBias = false;
  Type weightQuantizer, biasQuantizer;  ///< the file holds codes of this type
  bool binaryWeight = false;            ///< codes -1 and 1 of one bit

  // What the configuration says; see hls4ml_resolve.cpp.
  std::string
      configName;  ///< whose settings it takes: its own name, or that of the separable layer it is half of
  std::string variablePrefix;  ///< "depthwise" or "pointwise" of such halves
  Type result, accum, weightType, biasType, parameterType;
  fixed::ApFormat table, expTable, invTable, invInput;
  Type normInput;  ///< inp_norm_t of softmax, if configured
  std::int64_t tableSize = 1024;
  std::string implementation = "stable";
  bool skip = false;
  std::string strategy;
};

struct Network {
  std::string name;
  std::vector<Layer> layers;         ///< topological order
  std::vector<std::size_t> outputs;  ///< positions
};

/// hls4ml's Keras converter: layers, with an activation of a layer as a layer of its own ("fc1_relu").
/// Errors  unsupported: every node that hls4ml has no layer for
Result<Network> readLayers(const ir::Graph& graph);

/// Types of the configuration, passes, inferred types, in hls4ml's order. Errors: badInput (a type that is none).
Status resolve(Network& network, const Hls4mlConfig& config, std::vector<std::string>& warnings);

/// The types that are left open, from the inputs' types. `maximum` bounds them, if given. Layers in order.
void inferTypes(Network& network, std::size_t layer, const fixed::ApFormat& defaultType, const Type& maximum);

/// The numbers as they come out of hls4ml's weight files: printed with as many decimals as the type has fractional
/// bits, read by C++, assigned to the type.
std::vector<std::int64_t> printedCodes(const std::vector<double>& values, const fixed::ApFormat& type);

/// Layers as operations on codes.
Result<Hls4mlGraph> emitNetwork(const Network& network, const Hls4mlOptions& options,
                                const Hls4mlConfig& config, std::vector<std::string> warnings);

}  // namespace sluice::compat

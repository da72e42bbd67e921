#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "quantize/grid.h"

/// Post-training quantization: a float network and samples of its input in, an ordinary graph with quantizers out.
///
/// The network is brought into its normal form (normal_form.h), gets quantizers where integers need them (sites.h),
/// and is then walked once from input to output. Beside the float network's values the walk carries those of the
/// network quantized so far, on the same samples. So each grid is chosen for the numbers that will come, and each
/// layer's weights are rounded towards what the float network answers, on the inputs that the quantized one has:
/// a layer makes up for part of the errors before it.
///
/// Scales of activations are powers of two unless asked otherwise: then sums of branches need shifts alone. A layer's
/// weights have one scale per output; those of the last layer, which nothing quantizes, have one for all, so that its
/// results compare as integers. Biases are whole numbers of accumulator steps.
namespace sluice::quantize {

struct QuantizeOptions {
  std::uint32_t weightBits = 8, activationBits = 8;       ///< 2 to 16
  std::map<std::string, std::uint32_t> weightBitsOf;      ///< by the layer's node, where different
  std::map<std::string, std::uint32_t> activationBitsOf;  ///< by tensor
  bool perChannel = true;                                 ///< of weights
  bool powerOfTwoActivations = true;
  bool powerOfTwoWeights =
      false;  ///< always so where activations have more than 8 bits: rescaling is shifts then
  RangeChoice activationRange = RangeChoice::mse, weightRange = RangeChoice::mse;
  double percentile = 99.99;     ///< of RangeChoice::percentile
  bool equalise = false;         ///< equalise.h, before all else
  bool correctBias = true;       ///< the mean of each output is that of the float network, on the samples
  bool adaptiveRounding = true;  ///< adaptive_rounding.h; else nearest
  unsigned threads = 1;          ///< 0: all processors
};

/// Samples of the network's inputs: inputs[i] holds samples * elements numbers of graph.inputs[i].
struct Calibration {
  std::size_t samples = 0;
  std::vector<std::vector<double>> inputs;
};

struct LayerReport {
  std::string name;  ///< of the node
  std::uint32_t bits = 0, inputBits = 0;
  std::int64_t weights = 0, multiplications = 0;
  std::size_t scales = 1;
  double error = 0;  ///< of its output on the samples, root mean square, relative to the float network's
  bool adaptive = false;
};
struct SiteReport {
  std::string name;  ///< of the tensor
  std::uint32_t bits = 0;
  std::int64_t elements = 0;
  Grid grid;
  double clipped = 0;  ///< share of the samples' numbers beyond the grid
  double error = 0;    ///< after the quantizer, as above
};
struct Quantized {
  ir::Graph graph;
  std::vector<LayerReport> layers;
  std::vector<SiteReport> sites;
};

/// Errors  badInput: the network has quantizers already; samples of the wrong size or none; a name in the options
///         that is none of the network's; infinite or NaN values on the samples
Result<Quantized> quantize(const ir::Graph& graph, const Calibration& calibration,
                           const QuantizeOptions& options = {});

}  // namespace sluice::quantize

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "quantize/quantize.h"

/// How good a quantized network is: its outputs by exact integers, beside those of the float network.
namespace sluice::quantize {

/// Real values of the graph's outputs on the samples, through the lowering and the integer engine.
/// Errors  those of passes::lower: what keeps the network from being integers
Result<std::vector<std::vector<double>>> integerOutputs(const ir::Graph& quantized,
                                                        const Calibration& samples, unsigned threads);
/// The same by the float64 reference of the graph as it is.
Result<std::vector<std::vector<double>>> referenceOutputs(const ir::Graph& graph, const Calibration& samples,
                                                          unsigned threads);

/// Samples whose largest output is that of their label; of equal ones the first counts.
std::size_t countRight(const std::vector<double>& outputs, const std::vector<std::int64_t>& labels);

/// Samples whose largest output is the same in both.
std::size_t countEqual(const std::vector<double>& a, const std::vector<double>& b, std::size_t samples);

/// Root mean square of the difference, divided by that of `wanted` about its mean.
double relativeNoise(const std::vector<double>& got, const std::vector<double>& wanted);

/// The samples of these indices, in their order.
Calibration picked(const Calibration& all, const std::vector<std::size_t>& indices);

/// What a quantized network takes.
struct Size {
  double weightBits = 0, activationBits = 0;  ///< averages over all weights; over all quantized elements
  double weightBitsOfLayers = 0,
         activationBitsOfTensors = 0;  ///< plain averages over layers and over tensors
  std::int64_t totalWeightBits = 0;
  /// Sum over layers of multiplications * weight bits * input bits.
  std::int64_t bitOperations = 0;
};
Size sizeOf(const Quantized& network);

}  // namespace sluice::quantize

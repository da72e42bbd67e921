#pragma once

#include <vector>

#include "quantize/moments.h"
#include "quantize/quantize.h"

/// Weights of one layer on their grids.
namespace sluice::quantize {

struct LayerWeights {
  std::vector<std::int64_t> codes;  ///< row-major as the weights
  std::vector<double> scale;        ///< one, or one per output
  fixed::Interval range;
  [[nodiscard]] std::vector<double> reals() const;
};

/// Grids and codes for weights whose last axis counts the outputs. `moments`: null where there are none; then
/// rounding is to nearest and every weight counts alike.
LayerWeights roundWeights(const std::vector<double>& weights, std::size_t outputs, const Moments* moments,
                          std::uint32_t bits, bool perOutput, const QuantizeOptions& options);

/// Mean squared difference of the layer's output from the target with these weights and the best biases; divided by
/// the target's variance. All outputs together.
double relativeError(const Moments& moments, const std::vector<double>& weights);

/// mean(t) - w . mean(x) for each output: the biases with which the means agree.
std::vector<double> meanBiases(const Moments& moments, const std::vector<double>& weights);

}  // namespace sluice::quantize

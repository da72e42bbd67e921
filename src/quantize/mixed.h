#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "quantize/quantize.h"

/// Widths that differ from layer to layer.
///
/// How much a network minds few bits in one place is measured: that place alone is quantized, everything else stays
/// real, and the noise at the outputs (in front of a softmax) is taken, on some of the samples. Noises of different
/// places add up, nearly: they are small and have little to do with one another. So a choice of widths is judged by a
/// sum, and a target is met by taking a bit away where it costs the least noise for what it saves, again and again.
///
/// A case where the sum misleads: widths so small that a place alone destroys the answer. They are seen as very noisy
/// and not taken unless the target leaves nothing else.
///
/// Source  the sensitivity is that of Dong et al., "HAWQ-V2", NeurIPS 2020, in spirit; ours is measured instead of
///         estimated from the Hessian's trace. Greedy by ratio gives the optimum of the linear relaxation where
///         each place's noise is convex in its width.
namespace sluice::quantize {

struct WidthTarget {
  std::optional<double> averageWeightBits;      ///< over all weights
  std::optional<double> averageActivationBits;  ///< over all quantized elements
  std::optional<std::int64_t> weightBits;       ///< of all weights together
  std::optional<std::int64_t> bitOperations;    ///< multiplications * weight bits * input bits, summed
  std::optional<double> mostDrop;               ///< of the share of right samples; needs labels
  std::vector<std::int64_t> labels;
  std::uint32_t leastBits = 3, mostBits = 8;
  std::size_t measuredSamples = 16;  ///< for the sensitivities
};

/// One place and what its widths cost.
struct Sensitivity {
  std::string name;  ///< of the layer's node, or of the tensor
  bool isWeight = false;
  std::int64_t size = 0;      ///< weights, or elements
  std::vector<double> noise;  ///< by width - leastBits: mean squared, relative to the outputs' own
};

/// Measured sensitivities of all places, weights first.
Result<std::vector<Sensitivity>> sensitivitiesOf(const ir::Graph& graph, const Calibration& calibration,
                                                 const QuantizeOptions& options, const WidthTarget& target);

/// Widths, one per place, whose `cost` is at most `limit`, with little noise: from all at the most bits downwards.
/// Errors  infeasible: even the least widths cost more
using CostOfWidths = std::function<double(const std::vector<std::uint32_t>&)>;
Result<std::vector<std::uint32_t>> widthsWithin(const std::vector<Sensitivity>& places,
                                                const WidthTarget& target, std::vector<std::uint32_t> widths,
                                                const CostOfWidths& cost, double limit);

/// `options` with a width for every layer and tensor, so that the target is met.
///
/// Errors  infeasible: it cannot be met within [leastBits, mostBits]; badInput: those of quantize, or labels that do
///         not fit the samples
Result<QuantizeOptions> chooseWidths(const ir::Graph& graph, const Calibration& calibration,
                                     const QuantizeOptions& options, const WidthTarget& target);

}  // namespace sluice::quantize

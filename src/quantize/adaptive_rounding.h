#pragma once

#include <cstdint>
#include <vector>

#include "quantize/grid.h"

/// Rounding of weights that looks at what they do together.
///
/// Each weight rounded to its nearest code is best for that weight alone. A layer's output sums over many inputs that
/// rise and fall together, so an error in one weight can be made up for by another: weights 0.4 and 0.4 on a step of
/// 1 round to 0 and 0, and the sum of two equal inputs x gives 0 instead of 0.8 x; 1 and 0 give x. What counts is the
/// quadratic form of moments.h. From the nearest codes we go on, one weight at a time, to the code that lowers it
/// most, until none does. The result is never worse than nearest rounding on the samples, by construction.
///
/// A case where it does not apply: few samples determine the form badly, and it would be followed where it is
/// accidental. So a share of the inputs' mean variance is added to the form's diagonal about the real weights (a
/// ridge), and a code may go only to the neighbours of the real weight.
///
/// Source  the objective is that of Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization",
///         ICML 2020, section 3.1. Ours differs: coordinate descent on the exact quadratic form instead of gradient
///         descent on a relaxation; the target is the float network's output on the quantized network's inputs, so a
///         layer also makes up for errors of those before it.
namespace sluice::quantize {

/// 1/2 of what is minimized, about: cost(w) = w' H w - 2 g' w. H symmetric, positive semidefinite.
struct QuadraticForm {
  std::size_t terms = 0;
  const double* h = nullptr;  ///< [n, n]
  const double* g = nullptr;  ///< [n]
};
double cost(const QuadraticForm& form, const std::vector<double>& w);

struct RoundingOptions {
  double ridge = 0.01;     ///< of the mean of H's diagonal
  std::int64_t reach = 1;  ///< how far from the real weight, in codes: 1 is its two neighbours
  std::uint32_t mostSweeps = 20;
};

/// Codes for the weights of one output. `weights` are the real ones; the codes' real values are grid.scale * code.
std::vector<std::int64_t> roundAdaptively(const QuadraticForm& form, const std::vector<double>& weights,
                                          const Grid& grid, const RoundingOptions& options = {});

}  // namespace sluice::quantize

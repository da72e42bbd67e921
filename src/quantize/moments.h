#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// What a layer's samples say about its weights: second moments.
///
/// For one output of a product, y = w . x + b over the samples' patches x, the mean squared difference from a target
/// t is a quadratic function of w. So all samples together are one matrix of covariances of x (per group of a
/// convolution) and one vector of covariances with t per output; whatever is tried with the weights afterwards costs
/// nothing that depends on the number of samples.
///
///   mean (w.x + b - t)^2  =  w' H w - 2 g' w + v,  with the best b = mean(t) - w . mean(x)
namespace sluice::quantize {

struct Moments {
  std::size_t terms = 0;             ///< n: weights of one output
  std::size_t groups = 1;            ///< outputs of group k read the patches of group k
  std::vector<double> covariance;    ///< [groups, n, n]: of x
  std::vector<double> mean;          ///< [groups, n]: of x
  std::vector<double> cross;         ///< [outputs, n]: of x with t
  std::vector<double> targetMean;    ///< [outputs]
  std::vector<double> targetSquare;  ///< [outputs]: variance of t
};

struct MomentOptions {
  std::size_t mostPatches = 8192;  ///< at least; and 8 for each term. More are thinned out evenly
  std::size_t mostTerms = 4096;    ///< above, none are computed: the matrix would be too large
};

/// Moments of a Conv or MatMul whose weights have the shape `weights`. x and target hold `samples` samples.
///
/// Errors  unsupported: another operation, or more than mostTerms terms
Result<Moments> momentsOf(const ir::Operation& operation, const ir::Shape& input, const ir::Shape& weights,
                          const std::vector<double>& x, const std::vector<double>& target,
                          std::size_t samples, const MomentOptions& options = {});

}  // namespace sluice::quantize

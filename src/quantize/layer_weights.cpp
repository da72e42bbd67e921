#include "quantize/layer_weights.h"

#include <algorithm>
#include <cmath>

#include "quantize/adaptive_rounding.h"

namespace sluice::quantize {
namespace {

/// The weights of one output, out of the row-major tensor whose last axis counts them.
std::vector<double> column(const std::vector<double>& weights, std::size_t outputs, std::size_t output) {
  std::vector<double> list(weights.size() / outputs);
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = weights[i * outputs + output];
  return list;
}

std::size_t groupOf(const Moments& m, std::size_t output) {
  return output / (m.targetMean.size() / m.groups);
}

QuadraticForm formOf(const Moments& m, std::size_t output) {
  return {.terms = m.terms,
          .h = m.covariance.data() + groupOf(m, output) * m.terms * m.terms,
          .g = m.cross.data() + output * m.terms};
}

/// How much each weight of the output counts: the variance of what it is multiplied with, and a little for all, for
/// inputs that never varied.
std::vector<double> importance(const Moments& m, std::size_t output) {
  const QuadraticForm form = formOf(m, output);
  std::vector<double> list(m.terms);
  double mean = 0;
  for (std::size_t i = 0; i < m.terms; ++i) mean += list[i] = form.h[i * m.terms + i];
  mean /= static_cast<double>(m.terms);
  if (!(mean > 0)) mean = 1;
  for (double& entry : list) entry = entry / mean + 0.01;
  return list;
}

}  // namespace

std::vector<double> LayerWeights::reals() const {
  std::vector<double> list(codes.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    list[i] = scale[i % scale.size()] * static_cast<double>(codes[i]);
  return list;
}

LayerWeights roundWeights(const std::vector<double>& weights, std::size_t outputs, const Moments* moments,
                          std::uint32_t bits, bool perOutput, const QuantizeOptions& options) {
  const GridOptions gridOptions{.bits = bits,
                                .isSigned = true,
                                .powerOfTwo = options.powerOfTwoWeights,
                                .choice = options.weightRange,
                                .percentile = options.percentile};
  LayerWeights result{.codes = std::vector<std::int64_t>(weights.size()), .range = rangeOfBits(bits, true)};
  if (perOutput) {
    for (std::size_t j = 0; j < outputs; ++j)
      result.scale.push_back(chooseGrid(column(weights, outputs, j), gridOptions,
                                        moments ? importance(*moments, j) : std::vector<double>{})
                                 .scale);
  } else {
    std::vector<double> counts;
    if (moments != nullptr) {
      counts.resize(weights.size());
      for (std::size_t j = 0; j < outputs; ++j) {
        const std::vector<double> list = importance(*moments, j);
        for (std::size_t i = 0; i < list.size(); ++i) counts[i * outputs + j] = list[i];
      }
    }
    result.scale = {chooseGrid(weights, gridOptions, counts).scale};
  }
  for (std::size_t j = 0; j < outputs; ++j) {
    const Grid grid{.scale = result.scale[j % result.scale.size()], .range = result.range};
    const std::vector<double> list = column(weights, outputs, j);
    std::vector<std::int64_t> codes(list.size());
    if (moments != nullptr && options.adaptiveRounding) {
      codes = roundAdaptively(formOf(*moments, j), list, grid);
    } else {
      for (std::size_t i = 0; i < list.size(); ++i) codes[i] = grid.code(list[i]);
    }
    for (std::size_t i = 0; i < list.size(); ++i) result.codes[i * outputs + j] = codes[i];
  }
  return result;
}

double relativeError(const Moments& moments, const std::vector<double>& weights) {
  const std::size_t outputs = moments.targetMean.size();
  double error = 0, power = 0;
  for (std::size_t j = 0; j < outputs; ++j) {
    error += std::max(0.0, moments.targetSquare[j] + cost(formOf(moments, j), column(weights, outputs, j)));
    power += moments.targetSquare[j];
  }
  return power > 0 ? error / power : 0;
}

std::vector<double> meanBiases(const Moments& moments, const std::vector<double>& weights) {
  const std::size_t outputs = moments.targetMean.size();
  std::vector<double> biases(outputs);
  for (std::size_t j = 0; j < outputs; ++j) {
    const double* mean = moments.mean.data() + groupOf(moments, j) * moments.terms;
    double sum = 0;
    for (std::size_t i = 0; i < moments.terms; ++i) sum += weights[i * outputs + j] * mean[i];
    biases[j] = moments.targetMean[j] - sum;
  }
  return biases;
}

}  // namespace sluice::quantize

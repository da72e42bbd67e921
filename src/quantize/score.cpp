#include "quantize/score.h"

#include <algorithm>
#include <cmath>

#include "ir/host.h"
#include "ir/integer.h"
#include "passes/pipeline.h"

namespace sluice::quantize {

Result<std::vector<std::vector<double>>> integerOutputs(const ir::Graph& quantized,
                                                        const Calibration& samples, unsigned threads) {
  SLUICE_TRY(const ir::Graph lowered, passes::lower(quantized));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(lowered));
  SLUICE_TRY(const auto codes, ir::hardwareInputCodes(lowered, engine.regions(), samples.inputs,
                                                      samples.samples, false, threads));
  SLUICE_TRY(const auto results, engine.run(codes, samples.samples, threads));
  return ir::outputValues(lowered, engine.regions(), results, samples.samples, samples.inputs, threads);
}

Result<std::vector<std::vector<double>>> referenceOutputs(const ir::Graph& graph, const Calibration& samples,
                                                          unsigned threads) {
  SLUICE_TRY(auto results, ir::runReference(graph, samples.inputs, samples.samples, {.threads = threads}));
  std::vector<std::vector<double>> outputs;
  for (ir::ConstantData& data : results) outputs.push_back(std::move(std::get<0>(data)));
  return outputs;
}

namespace {

std::size_t largest(const std::vector<double>& values, std::size_t sample, std::size_t count) {
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(sample * count);
  return static_cast<std::size_t>(std::max_element(first, first + static_cast<std::ptrdiff_t>(count)) -
                                  first);
}

}  // namespace

std::size_t countRight(const std::vector<double>& outputs, const std::vector<std::int64_t>& labels) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    right +=
        static_cast<std::int64_t>(largest(outputs, i, outputs.size() / labels.size())) == labels[i] ? 1 : 0;
  return right;
}

std::size_t countEqual(const std::vector<double>& a, const std::vector<double>& b, std::size_t samples) {
  std::size_t equal = 0;
  for (std::size_t i = 0; i < samples; ++i)
    equal += largest(a, i, a.size() / samples) == largest(b, i, b.size() / samples) ? 1 : 0;
  return equal;
}

double relativeNoise(const std::vector<double>& got, const std::vector<double>& wanted) {
  double mean = 0, error = 0, power = 0;
  for (const double x : wanted) mean += x;
  mean /= static_cast<double>(std::max<std::size_t>(wanted.size(), 1));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    error += (got[i] - wanted[i]) * (got[i] - wanted[i]);
    power += (wanted[i] - mean) * (wanted[i] - mean);
  }
  return power > 0 ? std::sqrt(error / power) : std::sqrt(error);
}

Calibration picked(const Calibration& all, const std::vector<std::size_t>& indices) {
  Calibration result{.samples = indices.size(), .inputs = {}};
  for (const std::vector<double>& input : all.inputs) {
    const std::size_t size = input.size() / all.samples;
    std::vector<double> list;
    list.reserve(size * indices.size());
    for (const std::size_t i : indices)
      list.insert(list.end(), input.begin() + static_cast<std::ptrdiff_t>(i * size),
                  input.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
    result.inputs.push_back(std::move(list));
  }
  return result;
}

Size sizeOf(const Quantized& network) {
  Size size;
  std::int64_t weights = 0, elements = 0, elementBits = 0;
  for (const LayerReport& layer : network.layers) {
    weights += layer.weights;
    size.totalWeightBits += layer.weights * layer.bits;
    size.weightBitsOfLayers += layer.bits;
    size.bitOperations += layer.multiplications * layer.bits * layer.inputBits;
  }
  for (const SiteReport& site : network.sites) {
    elements += site.elements;
    elementBits += site.elements * site.bits;
    size.activationBitsOfTensors += site.bits;
  }
  const auto average = [](std::int64_t sum, std::int64_t count) {
    return count > 0 ? static_cast<double>(sum) / static_cast<double>(count) : 0.0;
  };
  size.weightBits = average(size.totalWeightBits, weights);
  size.activationBits = average(elementBits, elements);
  if (!network.layers.empty()) size.weightBitsOfLayers /= static_cast<double>(network.layers.size());
  if (!network.sites.empty()) size.activationBitsOfTensors /= static_cast<double>(network.sites.size());
  return size;
}

}  // namespace sluice::quantize

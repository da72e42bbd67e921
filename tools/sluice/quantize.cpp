#include "quantize.h"

#include <cstdio>

#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include "frontend/onnx_writer_graph.h"
#include "quantize/score.h"
#include "samples.h"

namespace sluice::tool {
namespace {

using quantize::Calibration;
using quantize::Quantized;

void printTables(const Quantized& network) {
  std::printf("%-32s %5s %7s %10s %8s  %s\n", "layer", "bits", "scales", "weights", "error", "rounding");
  for (const quantize::LayerReport& layer : network.layers)
    std::printf("%-32s %5u %7zu %10s %7.2f%%  %s\n", layer.name.c_str(), layer.bits, layer.scales,
                formatCount(layer.weights).c_str(), 100 * layer.error,
                layer.adaptive ? "adaptive" : "nearest");
  std::printf("\n%-32s %5s %14s %10s %8s %8s\n", "tensor", "bits", "scale", "elements", "clipped", "error");
  for (const quantize::SiteReport& site : network.sites)
    std::printf("%-32s %4u%c %14s %10s %7.3f%% %7.2f%%\n", site.name.c_str(), site.bits,
                site.grid.range.lo < 0 ? 's' : 'u', formatDouble(site.grid.scale).c_str(),
                formatCount(site.elements).c_str(), 100 * site.clipped, 100 * site.error);
}

/// "0.5%" or "0.005" as a share.
Result<double> shareOf(std::string text) {
  const bool percent = text.ends_with('%');
  if (percent) text.pop_back();
  double value = 0;
  if (!parseDouble(text, value) || !(value >= 0) || value > (percent ? 100 : 1))
    return Error{ErrorCode::usage, "--max-drop takes a share such as 0.5% or 0.005", {}};
  return percent ? value / 100 : value;
}

bool hasTarget(const quantize::WidthTarget& target) {
  return target.averageWeightBits || target.averageActivationBits || target.weightBits ||
         target.bitOperations || target.mostDrop;
}

}  // namespace

Status runQuantize(const QuantizeCommand& command) {
  SLUICE_TRY(const ir::Graph graph, frontend::importModel(command.model, command.file));
  SLUICE_TRY(Samples samples, readSamples(graph, command.samples));
  const Calibration calibration{.samples = samples.count, .inputs = std::move(samples.inputs)};
  std::vector<std::int64_t> labels;
  if (command.labels) {
    SLUICE_TRY(const NpyArray array, readNpy(*command.labels));
    SLUICE_TRY(labels, array.asInt64());
    if (labels.size() != calibration.samples)
      return badInput("holds " + std::to_string(labels.size()) + " labels for " +
                          std::to_string(calibration.samples) + " samples",
                      command.labels->string());
  }
  quantize::QuantizeOptions options = command.options;
  quantize::WidthTarget target = command.target;
  if (!command.mostDrop.empty()) {
    if (labels.empty()) return Error{ErrorCode::usage, "--max-drop needs --labels", {}};
    SLUICE_TRY(target.mostDrop, shareOf(command.mostDrop));
    target.labels = labels;
  }
  if (hasTarget(target)) {
    SLUICE_TRY(options, quantize::chooseWidths(graph, calibration, options, target));
  }
  SLUICE_TRY(const Quantized network, quantize::quantize(graph, calibration, options));
  SLUICE_TRY(const std::string bytes, frontend::qonnxBytes(network.graph));
  SLUICE_RETURN_IF_ERROR(writeFile(command.output, bytes));
  printTables(network);
  const quantize::Size size = quantize::sizeOf(network);
  std::printf(
      "\naverage width: weights %s bits, activations %s bits; %s bits of weights; %s bit operations\n",
      formatFixed(size.weightBits, 2).c_str(), formatFixed(size.activationBits, 2).c_str(),
      formatCount(size.totalWeightBits).c_str(), formatCount(size.bitOperations).c_str());
  SLUICE_TRY(const auto wanted, quantize::referenceOutputs(graph, calibration, command.options.threads));
  auto got = quantize::integerOutputs(network.graph, calibration, command.options.threads);
  if (!got.ok()) {
    std::fprintf(stderr, "sluice: warning: the quantized network cannot become hardware as it is: %s\n",
                 got.error().text().c_str());
    got = quantize::referenceOutputs(network.graph, calibration, command.options.threads);
    if (!got.ok()) return got.error();
  }
  for (std::size_t i = 0; i < wanted.size(); ++i)
    std::printf(
        "output %s: differs by %.3f%% of its spread; the same largest element on %zu of %zu samples\n",
        graph.tensor(graph.outputs[i]).name.c_str(), 100 * quantize::relativeNoise((*got)[i], wanted[i]),
        quantize::countEqual((*got)[i], wanted[i], calibration.samples), calibration.samples);
  if (!labels.empty())
    std::printf("right on these samples: %zu of %zu; the float network %zu\n",
                quantize::countRight((*got)[0], labels), labels.size(),
                quantize::countRight(wanted[0], labels));
  return {};
}

}  // namespace sluice::tool

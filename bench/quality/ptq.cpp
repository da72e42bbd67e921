// Post-training quantization on real networks: float ResNet-8 on CIFAR-10 images, calibrated on 50 and scored on the
// other 200, five draws; the jet tagger and the autoencoder against their float outputs.
//
//   ptq [--draws=N]
//
// Scored with exact integers (the lowered network on the integer engine). Ends with 1 if a promise does not hold.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <optional>

#include "base/file.h"
#include "base/npy.h"
#include "base/rng.h"
#include "base/text.h"
#include "frontend/model.h"
#include "frontend/onnx_writer_graph.h"
#include "frontend/qonnx.h"
#include "ir/text.h"
#include "quantize/mixed.h"
#include "quantize/score.h"

namespace {

using namespace sluice;
using quantize::Calibration;
using quantize::Quantized;
using quantize::QuantizeOptions;

std::filesystem::path sharedFolder() {
  const char* shared = std::getenv("SLUICE_SHARED");
  return shared != nullptr ? shared : "../shared";
}

struct Images {
  Calibration samples;
  std::vector<std::int64_t> labels;
};

Result<Images> images() {
  const auto folder = sharedFolder() / "data/cifar10";
  SLUICE_TRY(const std::string pixels, readFile(folder / "images.uint8.nhwc.bin"));
  SLUICE_TRY(const std::string labels, readFile(folder / "labels.csv"));
  Images result;
  std::vector<double> values;
  for (const char c : pixels) values.push_back(static_cast<double>(static_cast<unsigned char>(c)));
  for (const std::string& line : split(labels, '\n')) {
    std::int64_t label = 0;
    if (parseInt64(trim(line), label)) result.labels.push_back(label);
  }
  result.samples = {.samples = result.labels.size(), .inputs = {std::move(values)}};
  return result;
}

/// A permutation of the indices: draw number `draw`.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t draw) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng rng(2026, draw);
  for (std::size_t i = count; i-- > 1;)
    std::swap(order[i], order[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(i)))]);
  return order;
}

struct Promise {
  const char* name;
  QuantizeOptions options;
  double mostFewer;  ///< on average over the draws
  std::optional<quantize::WidthTarget> target{};
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int failures = 0;
void require(bool holds, const std::string& text) {
  fmt::print("{} {}\n", holds ? "ok  " : "FAIL", text);
  failures += holds ? 0 : 1;
}

/// The graph as text, without the names of the files' nodes.
std::string plainText(ir::Graph graph) {
  for (ir::Node& node : graph.nodes) node.origins.clear();
  return ir::print(graph);
}

/// Writes the network as QONNX and reads it again.
Status checkFile(const std::string& name, const ir::Graph& graph) {
  SLUICE_TRY(const std::string bytes, frontend::qonnxBytes(graph));
  SLUICE_TRY(const ir::Graph again, frontend::importOnnxBytes(bytes, graph.name));
  require(plainText(again) == plainText(graph), name + ": the QONNX file gives the same graph again");
  return {};
}

Status residualNetwork(std::size_t draws) {
  SLUICE_TRY(const ir::Graph graph,
             frontend::importModel(sharedFolder() / "models/mlperf-tiny/pretrainedResnet.h5"));
  SLUICE_TRY(const Images all, images());
  SLUICE_TRY(const auto real, quantize::referenceOutputs(graph, all.samples, 0));
  const std::size_t floatRight = quantize::countRight(real[0], all.labels);
  fmt::print("ResNet-8: float {} of {} right\n", floatRight, all.labels.size());
  require(floatRight == 219, "the float network answers as recorded: 219 of 250");
  const auto list = [&](const std::vector<double>& outputs, const std::vector<std::size_t>& indices) {
    std::vector<double> result;
    for (const std::size_t i : indices)
      result.insert(result.end(), outputs.begin() + static_cast<std::ptrdiff_t>(i * 10),
                    outputs.begin() + static_cast<std::ptrdiff_t>(i * 10 + 10));
    return result;
  };
  std::vector<Promise> promises = {
      {"8 bits", {.weightBits = 8, .activationBits = 8, .threads = 0}, 1},
      {"6 bits", {.weightBits = 6, .activationBits = 6, .threads = 0}, 4},
      {"mixed", {.threads = 0}, 8, quantize::WidthTarget{.averageWeightBits = 5, .averageActivationBits = 5}},
  };
  for (const Promise& promise : promises) {
    double fewer = 0;
    std::pair<double, double> widest{0, 0};  // average widths of weights and activations, of the worst draw
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const std::vector<std::size_t> order = shuffled(all.labels.size(), draw);
      const std::vector<std::size_t> calibrated(order.begin(), order.begin() + 50),
          scored(order.begin() + 50, order.end());
      std::vector<std::int64_t> labels;
      for (const std::size_t i : scored) labels.push_back(all.labels[i]);
      const double start = seconds();
      const Calibration calibration = quantize::picked(all.samples, calibrated);
      QuantizeOptions options = promise.options;
      if (promise.target) {
        SLUICE_TRY(options, quantize::chooseWidths(graph, calibration, options, *promise.target));
      }
      SLUICE_TRY(const Quantized network, quantize::quantize(graph, calibration, options));
      const quantize::Size size = quantize::sizeOf(network);
      widest = {std::max(widest.first, size.weightBits), std::max(widest.second, size.activationBits)};
      const double middle = seconds();
      if (draw == 0) SLUICE_RETURN_IF_ERROR(checkFile(promise.name, network.graph));
      const Calibration test = quantize::picked(all.samples, scored);
      SLUICE_TRY(const auto got, quantize::integerOutputs(network.graph, test, 0));
      const auto right = static_cast<double>(quantize::countRight(got[0], labels));
      const auto floats = static_cast<double>(quantize::countRight(list(real[0], scored), labels));
      fewer += (floats - right) / static_cast<double>(draws);
      fmt::print(
          "  {:8} draw {}: {} of {} right, float {}; same class on {}; noise {:.1f} %  ({:.1f} s, {:.1f} "
          "s)\n",
          promise.name, draw, right, labels.size(), floats,
          quantize::countEqual(got[0], list(real[0], scored), labels.size()),
          100 * quantize::relativeNoise(got[0], list(real[0], scored)), middle - start, seconds() - middle);
      std::fflush(stdout);
    }
    require(fewer <= promise.mostFewer,
            fmt::format("{}: on average {:.2f} fewer right than float; at most {}", promise.name, fewer,
                        promise.mostFewer));
  }
  return {};
}

struct Table {
  const char* name;
  const char* model;
  const char* oracle;  ///< holds inputs
  bool classes;        ///< outputs are probabilities of classes
};

/// A network against its float outputs: half of the recorded inputs calibrate, the others are scored.
Status errorTable(const Table& row) {
  SLUICE_TRY(const ir::Graph graph, frontend::importModel(sharedFolder() / "models" / row.model));
  SLUICE_TRY(const auto archive, readNpz(sharedFolder() / "data/oracles" / row.oracle));
  const NpyArray& x = archive.at("x");
  const Calibration all{.samples = x.shape[0], .inputs = {x.asDoubles()}};
  const std::vector<std::size_t> order = shuffled(all.samples, 0);
  const auto half = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  const Calibration calibration = quantize::picked(all, {order.begin(), half}),
                    test = quantize::picked(all, {half, order.end()});
  SLUICE_TRY(const auto real, quantize::referenceOutputs(graph, test, 0));
  fmt::print("\n{}: {} samples calibrate, {} are scored\n", row.name, calibration.samples, test.samples);
  fmt::print("  {:10} {:>14} {:>14}{}\n", "widths", "error", "largest",
             row.classes ? "      same class" : "");
  for (const std::uint32_t bits : {16u, 12u, 8u, 6u, 5u, 4u}) {
    SLUICE_TRY(
        const Quantized network,
        quantize::quantize(graph, calibration, {.weightBits = bits, .activationBits = bits, .threads = 0}));
    SLUICE_TRY(const auto got, quantize::integerOutputs(network.graph, test, 0));
    SLUICE_TRY(const auto reference, quantize::referenceOutputs(network.graph, test, 0));
    const double noise = quantize::relativeNoise(got[0], real[0]);
    double worst = 0, engines = 0, low = INFINITY, high = -INFINITY;
    for (std::size_t i = 0; i < real[0].size(); ++i) {
      worst = std::max(worst, std::abs(got[0][i] - real[0][i]));
      engines = std::max(engines, std::abs(got[0][i] - reference[0][i]));
      low = std::min(low, real[0][i]), high = std::max(high, real[0][i]);
    }
    fmt::print("  {:>2} bits    {:>12.3f} % {:>12.3f} %", bits, 100 * noise, 100 * worst / (high - low));
    const std::size_t same = quantize::countEqual(got[0], real[0], test.samples);
    if (row.classes) fmt::print("   {:>6} of {}", same, test.samples);
    fmt::print("\n");
    require(engines <= 1e-9 * (high - low), fmt::format("{} bits: integers equal the float reference", bits));
    SLUICE_RETURN_IF_ERROR(checkFile(fmt::format("{} bits", bits), network.graph));
    const double most = bits == 16   ? 0.001
                        : bits == 12 ? 0.01
                        : bits == 8  ? 0.08
                        : bits == 6  ? 0.25
                        : bits == 5  ? 0.5
                                     : 1;
    require(noise <= most,
            fmt::format("{} bits: error at most {:g} % of the outputs' spread", bits, 100 * most));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t draws = 5;
  for (int i = 1; i < argc; ++i)
    if (const std::string_view text = argv[i]; text.starts_with("--draws="))
      draws = std::strtoull(argv[i] + 8, nullptr, 10);
  constexpr Table tables[] = {
      {"KERAS_3layer", "keras/KERAS_3layer.json", "keras/KERAS_3layer.npz", true},
      {"ad01", "mlperf-tiny/ad01.h5", "keras/ad01.npz", false},
  };
  Status status = residualNetwork(draws);
  for (const Table& row : tables)
    if (status.ok()) status = errorTable(row);
  if (!status.ok()) {
    fmt::print(stderr, "ptq: {}\n", status.error().text());
    return exitCode(status.error().code);
  }
  return failures == 0 ? 0 : 1;
}

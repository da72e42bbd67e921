#include "networks_list.h"

#include "base/npy.h"
#include "frontend/model.h"
#include "ir/host.h"
#include "passes/pipeline.h"
#include "quantize/quantize.h"

namespace sluice::show {
namespace {

map::MapOptions every(std::uint64_t cycles) {
  return {.regime = map::Regime::streamed, .targetInterval = cycles};
}
map::MapOptions reuse(std::uint64_t factor) {
  return {.regime = map::Regime::streamed, .reuseFactor = factor};
}

}  // namespace

const std::vector<Reference>& references() {
  static const std::vector<Reference> list = {
      {.name = "AD08",
       .model = "mlperf-tiny/AD08_qkeras.h5",
       .oracle = "qkeras/AD08_qkeras.npz",
       .inputStep = 0.25,
       .options = reuse(144),
       .frames = 100,
       .evaluatorFrames = 100},
      {.name = "qkeras_3layer",
       .model = "qkeras-hgq/qkeras_3layer.json",
       .oracle = "qkeras/qkeras_3layer.npz",
       .options = reuse(16),
       .frames = 100,
       .evaluatorFrames = 100},
      {.name = "hgq_jet_classifier",
       .model = "qkeras-hgq/hgq_jet_classifier.h5",
       .oracle = "hgq/hgq_jet_classifier.npz",
       .options = reuse(16),
       .frames = 100,
       .evaluatorFrames = 100},
      {.name = "qkeras_mnist_cnn",
       .model = "qkeras-hgq/qkeras_mnist_cnn.json",
       .oracle = "qkeras/qkeras_mnist_cnn.npz",
       .options = every(20'000),
       .frames = 4,
       .evaluatorFrames = 2},
      {.name = "RN07",
       .model = "mlperf-tiny/RN07_qkeras.h5",
       .oracle = "qkeras/RN07_qkeras.npz",
       .options = every(32'768),
       .frames = 4,
       .evaluatorFrames = 1},
      {.name = "branched_model",
       .model = "onnx/branched_model_ch_last.onnx",
       .oracle = "qonnx/branched_model_ch_last.npz",
       .options = every(140'000),
       .frames = 3},
      {.name = "tiny_unet",
       .model = "onnx/tiny_unet_ch_last.onnx",
       .oracle = "qonnx/tiny_unet_ch_last.npz",
       .options = every(140'000),
       .frames = 3},
      {.name = "KERAS_3layer",
       .model = "keras/KERAS_3layer.json",
       .oracle = "keras/KERAS_3layer.npz",
       .options = reuse(16),
       .frames = 100,
       .bits = 8,
       .evaluatorFrames = 100},
      {.name = "KERAS_conv1d_small",
       .model = "keras/KERAS_conv1d_small.json",
       .oracle = "keras/KERAS_conv1d_small.npz",
       .options = every(400),
       .frames = 20,
       .bits = 8,
       .evaluatorFrames = 5},
      {.name = "KERAS_conv2d_model",
       .model = "keras/KERAS_conv2d_model.json",
       .oracle = "keras/KERAS_conv2d_model.npz",
       .options = every(400),
       .frames = 20,
       .bits = 8,
       .evaluatorFrames = 5},
      {.name = "ResNet8",
       .model = "mlperf-tiny/pretrainedResnet.h5",
       .oracle = "keras/pretrainedResnet.npz",
       .options = every(65'536),
       .frames = 3,
       .bits = 8,
       .evaluatorFrames = 1},
      {.name = "separable_conv",
       .model = "onnx/separable_conv_model_ch_last.onnx",
       .oracle = "qonnx/separable_conv_model_ch_last.npz",
       .options = every(1'100'000),
       .frames = 3},
  };
  return list;
}

Result<Network> load(const Reference& reference) {
  Network network;
  const std::filesystem::path shared = sharedFolder();
  SLUICE_TRY(network.imported, frontend::importModel(shared / "models" / reference.model));
  if (!reference.oracle.empty()) {
    SLUICE_TRY(const auto arrays, readNpz(shared / "data/oracles" / reference.oracle));
    network.samples = static_cast<std::size_t>(arrays.at("x").shape[0]);
    network.inputs = arrays.at("x").asDoubles();
  }
  if (reference.bits > 0) {
    // Nearest weights: what is shown here is the hardware, not the accuracy (the program ptq).
    SLUICE_TRY(
        quantize::Quantized quantized,
        quantize::quantize(
            network.imported, {.samples = network.samples, .inputs = {network.inputs}},
            {.weightBits = reference.bits, .activationBits = reference.bits, .adaptiveRounding = false}));
    network.imported = std::move(quantized.graph);
  }
  SLUICE_TRY(
      network.lowered,
      passes::lower(network.imported, {.inputFormat = ir::Quantize{.scale = {reference.inputStep},
                                                                   .zeroPoint = 0,
                                                                   .range = {-32768, 32767},
                                                                   .rounding = fixed::Rounding::halfEven}}));
  SLUICE_TRY(ir::IntegerEngine engine, ir::IntegerEngine::compile(network.lowered));
  network.engine = std::make_shared<const ir::IntegerEngine>(std::move(engine));
  network.name = reference.name;
  if (network.samples > 0) {
    SLUICE_TRY(network.codes, ir::hardwareInputCodes(network.lowered, network.engine->regions(),
                                                     {network.inputs}, network.samples));
  }
  // Frames that differ: where there are fewer samples than frames, random codes follow.
  const std::size_t more = reference.frames > network.samples ? reference.frames - network.samples : 0;
  if (more > 0) {
    const ir::CodeRows random = ir::randomCodes(network.lowered, network.engine->regions(), more, 1);
    network.codes.resize(random.size());
    for (std::size_t i = 0; i < random.size(); ++i)
      network.codes[i].insert(network.codes[i].end(), random[i].begin(), random[i].end());
    network.samples += more;
  }
  return network;
}

std::string optionOf(const Reference& reference) { return "--" + reference.name; }

std::vector<std::string> networkOptions() {
  std::vector<std::string> options = {"--mlps"};
  for (const Reference& reference : references()) options.push_back(optionOf(reference));
  return options;
}

std::vector<Reference> chosenReferences(const Output& out) {
  std::vector<Reference> chosen;
  for (const Reference& reference : references())
    if (out.has(optionOf(reference))) chosen.push_back(reference);
  return chosen.empty() && !out.has("--mlps") ? references() : chosen;
}

Result<std::vector<Plan>> chosenPlans(const Output& out) {
  std::vector<Plan> chosen;
  for (const Reference& reference : references()) {
    if (!out.has(optionOf(reference))) continue;
    SLUICE_TRY(Network network, load(reference));
    chosen.push_back(
        {reference.name, std::make_shared<const Network>(std::move(network)), reference.options});
  }
  if (!chosen.empty() && !out.has("--mlps")) return chosen;
  SLUICE_TRY(std::vector<Plan> first, plans());
  first.insert(first.end(), chosen.begin(), chosen.end());
  return first;
}

}  // namespace sluice::show

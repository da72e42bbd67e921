// Model files against the answers of the frameworks they come from: recorded outputs and layer traces
// ($SLUICE_SHARED/data/oracles) against the float reference.
//
//   oracles [NAME...] [--large] [--json]        NAME: rows whose model contains it
//
// Of each row: the largest difference of an output over all samples and of a traced layer (sample 0), each divided
// by the range of that output or layer; and the codes that differ, of outputs on a grid and of traced quantizers. A
// code that differs because float32 broke a tie otherwise is listed with its exact value; any other difference
// fails. --large: the networks at their full size, too.
//
// The list below is all there is to extend. Layers of an ONNX file are found by its tensors' names, those of other
// formats by the names of nodes and tensors; a layer that is not found is not compared.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/npy.h"
#include "frontend/model.h"
#include "frontend/qonnx.h"
#include "ir/reference.h"

namespace {

using namespace sluice;

struct Row {
  const char* format;
  const char* model;                       ///< below $SLUICE_SHARED/models
  const char* oracle;                      ///< below $SLUICE_SHARED/data/oracles
  std::vector<std::string> inputs{"x"};    ///< keys of the inputs, in the graph's order
  std::vector<std::int64_t> inputShape{};  ///< of the only input, where not the file's
  bool exact = false;                      ///< every output is on a binary grid: equal, or a tie
  bool large = false;
  /// Weights that float32 division puts on another code than exact arithmetic: tensor, element, the framework's code.
  struct Weight {
    const char* tensor;
    std::size_t element;
    std::int64_t code;
    const char* value;
  };
  std::vector<Weight> weights{};
  const char* weightsFile =
      nullptr;  ///< below $SLUICE_SHARED/models, where the model's name does not give it
};

const std::vector<Row>& rows() {
  static const std::vector<Row> list = {
      {"ONNX", "onnx/conv1d_small_keras.onnx", "onnx/conv1d_small_keras.npz"},
      {"ONNX", "onnx/conv2d_small_keras.onnx", "onnx/conv2d_small_keras.npz"},
      {"ONNX", "onnx/three_layer_keras.onnx", "onnx/three_layer_keras.npz"},
      {"ONNX", "onnx/three_layer_bn_keras.onnx", "onnx/three_layer_bn_keras.npz"},
      {"ONNX", "onnx/two_layer_pytorch.onnx", "onnx/two_layer_pytorch.npz"},
      {"QONNX",
       "onnx/branched_model_ch_last.onnx",
       "qonnx/branched_model_ch_last.32x32.npz",
       {"x"},
       {1, 32, 32, 3},
       true},
      {"QONNX",
       "onnx/separable_conv_model_ch_last.onnx",
       "qonnx/separable_conv_model_ch_last.32x32.npz",
       {"x"},
       {1, 32, 32, 3},
       true},
      {"QONNX",
       "onnx/tiny_unet_ch_last.onnx",
       "qonnx/tiny_unet_ch_last.32x32.npz",
       {"x"},
       {1, 32, 32, 3},
       true},
      {"QONNX",
       "onnx/branched_model_ch_last.onnx",
       "qonnx/branched_model_ch_last.npz",
       {"x"},
       {},
       true,
       true},
      {"QONNX",
       "onnx/separable_conv_model_ch_last.onnx",
       "qonnx/separable_conv_model_ch_last.npz",
       {"x"},
       {},
       true,
       true},
      {"QONNX", "onnx/tiny_unet_ch_last.onnx", "qonnx/tiny_unet_ch_last.npz", {"x"}, {}, true, true},
      {"QONNX", "qonnx/TFC_2W2A.onnx", "qonnx/TFC_2W2A.npz"},
      {"QONNX",
       "qonnx/kws_mlp_w3a3.onnx",
       "qonnx/kws_mlp_w3a3.npz",
       {"x"},
       {},
       false,
       false,
       {{"33", 193 * 256 + 229, 2, "2.50000005"}}},
      {"QONNX", "qonnx/qkeras_jettagging.onnx", "qonnx/qkeras_jettagging.npz"},
      {"Keras", "keras/KERAS_3layer.json", "keras/KERAS_3layer.npz"},
      {"Keras",
       "keras/KERAS_3layer.json",
       "keras/KERAS_3layer_70pruned.npz",
       {"x"},
       {},
       false,
       false,
       {},
       "keras/KERAS_3layer_70pruned_retrained_weights.h5"},
      {"Keras", "keras/KERAS_3layer_batch_norm.json", "keras/KERAS_3layer_batch_norm.npz"},
      {"Keras", "keras/KERAS_conv1d_small.json", "keras/KERAS_conv1d_small.npz"},
      {"Keras", "keras/KERAS_conv2d_model.json", "keras/KERAS_conv2d_model.npz"},
      {"Keras", "keras/jetTagger_Conv2D_Small.json", "keras/jetTagger_Conv2D_Small.npz"},
      {"Keras", "keras/KERAS_dense_16x200x200x200x200x200x5.json",
       "keras/KERAS_dense_16x200x200x200x200x200x5.npz"},
      {"Keras", "mlperf-tiny/ad01.h5", "keras/ad01.npz"},
      {"Keras", "mlperf-tiny/pretrainedResnet.h5", "keras/pretrainedResnet.npz"},
      {"Keras", "seed-demo/mnist_256_46_10.h5", "seed-demo/mnist_256_46_10.npz"},
      {"Keras", "seed-demo/mnist_784_16_10.h5", "seed-demo/mnist_784_16_10.npz"},
      {"Keras", "seed-demo/mnist_784_16_32_10.h5", "seed-demo/mnist_784_16_32_10.npz"},
      {"Keras", "seed-demo/mnist_cnn_73k.h5", "seed-demo/mnist_cnn_73k.npz"},
      {"QKeras", "seed-demo/mnist_784_16_10_q6.h5", "seed-demo/mnist_784_16_10_q6.npz"},
      {"QKeras", "seed-demo/mnist_cnn_73k_q6.h5", "seed-demo/mnist_cnn_73k_q6.npz"},
      {"QKeras", "qkeras-hgq/qkeras_3layer.json", "qkeras/qkeras_3layer.npz"},
      {"QKeras", "qkeras-hgq/qkeras_mnist_cnn.json", "qkeras/qkeras_mnist_cnn.npz"},
      {"QKeras", "mlperf-tiny/RN07_qkeras.h5", "qkeras/RN07_qkeras.npz"},
      {"QKeras", "mlperf-tiny/AD08_qkeras.h5", "qkeras/AD08_qkeras.npz", {"x"}, {}, true},
      {"HGQ", "qkeras-hgq/hgq_jet_classifier.h5", "hgq/hgq_jet_classifier.npz", {"x"}, {}, true},
      {"HGQ2", "hgq2/mnist_8x8_64_32_32_10.keras", "hgq2/mnist_8x8_64_32_32_10.npz", {"x"}, {}, true},
  };
  return list;
}

struct Model {
  ir::Graph graph;
  std::vector<frontend::TensorPlace> places;
};

Result<Model> loadModel(const Row& row, const std::filesystem::path& shared) {
  const std::filesystem::path path = shared / "models" / row.model;
  if (path.extension() == ".onnx") {
    frontend::ImportOptions options;
    if (!row.inputShape.empty()) {
      // The only input's name is in the file; an import that is thrown away tells it.
      SLUICE_TRY(const ir::Graph first, frontend::importOnnx(path));
      options.inputShapes[first.tensor(first.inputs[0]).name] = row.inputShape;
    }
    Model model;
    frontend::ImportNotes notes;
    SLUICE_TRY(model.graph, frontend::importOnnx(path, options, &notes));
    model.places = std::move(notes.places);
    return model;
  }
  frontend::ModelFileOptions options;
  if (row.weightsFile != nullptr) options.weights = shared / "models" / row.weightsFile;
  Model model;
  SLUICE_TRY(model.graph, frontend::importModel(path, options));
  // Layers have the names of nodes or of tensors.
  for (const ir::Node& node : model.graph.nodes) {
    const ir::Tensor& tensor = model.graph.tensor(node.output);
    frontend::TensorPlace place{
        .name = node.name, .op = {}, .tensor = tensor.name, .order = {}, .flattened = {}};
    for (std::size_t k = 0; k < tensor.type.shape.size(); ++k)
      place.order.push_back(static_cast<std::int64_t>(k));
    model.places.push_back(place);
    if (tensor.name != node.name) {
      place.name = tensor.name;
      model.places.push_back(std::move(place));
    }
  }
  return model;
}

/// How far two lists are apart.
struct Difference {
  double worst = 0;                   ///< largest difference, divided by the range
  std::size_t values = 0, codes = 0;  ///< compared; codes that differ

  void add(const Difference& other) {
    worst = std::max(worst, other.worst);
    values += other.values;
    codes += other.codes;
  }
};

Difference compare(const std::vector<double>& ours, const std::vector<double>& theirs) {
  Difference d{.values = std::min(ours.size(), theirs.size())};
  const auto [low, high] = std::minmax_element(theirs.begin(), theirs.end());
  // A list of one number, or of equal ones, has no range of its own: its size then.
  const double range = *high > *low ? *high - *low : std::max(std::abs(*high), 1e-30);
  for (std::size_t i = 0; i < d.values; ++i) {
    const double apart = std::abs(ours[i] - theirs[i]) / range;
    d.worst = std::isnan(apart) ? INFINITY : std::max(d.worst, apart);
    d.codes += ours[i] != theirs[i] ? 1 : 0;
  }
  return d;
}

/// Elements of a tensor of the graph in the file's order.
std::vector<double> inFileOrder(const std::vector<double>& values, ir::Shape shape,
                                const frontend::TensorPlace& place) {
  if (!place.flattened.empty()) shape = place.flattened;
  std::vector<std::size_t> stride(shape.size(), 1);
  for (std::size_t i = place.order.size(); i-- > 0;) {  // axes of the file, last first
    std::size_t step = 1;
    for (std::size_t j = 0; j < shape.size(); ++j)
      if (place.order[j] > place.order[i]) step *= static_cast<std::size_t>(shape[j]);
    stride[i] = step;
  }
  std::vector<double> result(values.size());
  for (std::size_t n = 0; n < values.size(); ++n) {
    std::size_t rest = n, at = 0;
    for (std::size_t j = shape.size(); j-- > 0;) {
      at += rest % static_cast<std::size_t>(shape[j]) * stride[j];
      rest /= static_cast<std::size_t>(shape[j]);
    }
    result[at] = values[n];
  }
  return result;
}

/// "trace_Quant_5_out0" and "trace_biased_tensor_name__head": the layer's name.
std::string layerOf(const std::string& key) {
  std::string name = key.substr(6);
  if (name.ends_with("__head")) name.resize(name.size() - 6);
  return name;
}

/// The recorded layers with their places. By name; else the k-th recorded one of an operator ("Quant_12_out0") is the
/// k-th of that operator in the file, for the framework renames what it reads.
std::vector<std::pair<const frontend::TensorPlace*, const NpyArray*>> matchTraces(
    const Model& model, const std::map<std::string, NpyArray>& oracle) {
  std::vector<std::pair<const frontend::TensorPlace*, const NpyArray*>> matches;
  std::map<std::string, std::map<std::size_t, const NpyArray*>> byOperator;
  for (const auto& [key, array] : oracle) {
    if (!key.starts_with("trace_") || key.ends_with("__shape")) continue;
    const std::string name = layerOf(key);
    const auto place =
        std::find_if(model.places.begin(), model.places.end(), [&](const auto& p) { return p.name == name; });
    const auto under = name.find('_');
    if (name.ends_with("_out0") && under != std::string::npos)
      byOperator[name.substr(0, under)][static_cast<std::size_t>(std::atoi(name.c_str() + under + 1))] =
          &array;
    else if (place != model.places.end())
      matches.emplace_back(&*place, &array);
  }
  for (const auto& [op, list] : byOperator) {
    auto place = model.places.begin();
    for (const auto& [number, array] : list) {
      place = std::find_if(place, model.places.end(), [&](const auto& p) { return p.op == op; });
      if (place == model.places.end()) break;
      matches.emplace_back(&*place++, array);
    }
  }
  return matches;
}

struct Report {
  std::size_t samples = 0, layers = 0;
  Difference outputs, traces;  ///< `traces`: layers that are no codes
  Difference quantizers;       ///< traced codes
  std::vector<std::string> ties, failures;
};

/// Codes of a traced quantizer that differ: a tie if the number of steps is within float32 of one.
void compareCodes(const Model& model, const frontend::TensorPlace& place, const std::vector<double>& theirs,
                  const std::vector<double>& x, Report& report) {
  const ir::TensorId id = *model.graph.findTensor(place.tensor);
  const ir::Tensor& tensor = model.graph.tensor(id);
  const auto* quantize = std::get_if<ir::Quantize>(&model.graph.node(tensor.producer).operation);
  const ir::TensorId before = model.graph.node(tensor.producer).inputs[0];
  const auto values = ir::evaluate(model.graph, {{model.graph.inputs[0], x}}, {id, before}, 1, 0);
  if (!values.ok()) return report.failures.push_back(values.error().text());
  const auto ours = inFileOrder(ir::realValues(tensor.type, (*values)[0]), tensor.type.shape, place);
  const auto steps =
      inFileOrder(ir::realValues(model.graph.tensor(before).type, (*values)[1]), tensor.type.shape, place);
  Difference d{.values = std::min(ours.size(), theirs.size())};
  for (std::size_t i = 0; i < d.values; ++i) {
    const double scale = tensor.type.codes->scale[0];
    // The framework's float32 of a code is within half a step of it by far.
    if (std::abs(ours[i] - theirs[i]) < scale * 1e-3) continue;
    ++d.codes;
    const double exact = steps[i] / scale;
    const double tie = std::abs(std::abs(exact - std::floor(exact)) - 0.5);
    const std::string text =
        fmt::format("{} element {}: {:.17g} steps; ours {}, the framework's {}", place.name, i, exact,
                    std::lround(ours[i] / scale), std::lround(theirs[i] / scale));
    const bool isTie = quantize != nullptr && tie < 1e-5 * std::max(1.0, std::abs(exact));
    (isTie ? report.ties : report.failures).push_back(text);
  }
  report.quantizers.add(d);
}

Result<Report> compareRow(const Row& row, const std::filesystem::path& shared) {
  SLUICE_TRY(Model model, loadModel(row, shared));
  SLUICE_TRY(const auto oracle, readNpz(shared / "data/oracles" / row.oracle));
  Report report;
  for (const Row::Weight& weight : row.weights) {
    const auto id = model.graph.findTensor(weight.tensor);
    if (!id) return badInput(fmt::format("no tensor '{}'", weight.tensor), row.model);
    ir::Tensor& tensor = model.graph.tensors[id->index];
    std::vector<std::int64_t> codes = ir::codesOf(tensor);
    report.ties.push_back(fmt::format("weight {} of '{}': {} steps; ours {}, the framework's {}",
                                      weight.element, weight.tensor, weight.value, codes.at(weight.element),
                                      weight.code));
    codes.at(weight.element) = weight.code;
    tensor.constant = std::make_shared<const ir::ConstantData>(std::move(codes));
  }
  std::vector<std::vector<double>> inputs;
  for (const std::string& key : row.inputs) {
    if (!oracle.contains(key)) return badInput(fmt::format("no array '{}'", key), row.oracle);
    inputs.push_back(oracle.at(key).asDoubles());
    report.samples = oracle.at(key).shape[0];
  }
  const auto result = ir::runReference(model.graph, inputs, report.samples, {.threads = 0});
  if (!result.ok()) return result.error();
  const auto& outputs = std::get<0>((*result)[0]);
  if (oracle.contains("y")) {
    report.outputs = compare(outputs, oracle.at("y").asDoubles());
    if (oracle.at("y").count() != outputs.size()) report.failures.emplace_back("the output has another size");
  } else {  // a head, and the sum of each channel
    report.outputs = compare(outputs, oracle.at("y__head").asDoubles());
    const auto sums = oracle.at("y_channel_sum").asDoubles();
    std::vector<double> ours(sums.size(), 0);
    for (std::size_t i = 0; i < outputs.size(); ++i) ours[i % sums.size()] += outputs[i];
    report.outputs.add(compare(ours, sums));
  }
  std::vector<double> first = inputs[0];
  first.resize(static_cast<std::size_t>(ir::elements(model.graph.tensor(model.graph.inputs[0]).type.shape)));
  for (const auto& [place, array] : matchTraces(model, oracle)) {
    const auto id = model.graph.findTensor(place->tensor);
    if (!id || inputs.size() != 1) continue;
    const ir::Tensor& tensor = model.graph.tensor(*id);
    ++report.layers;
    std::vector<double> theirs = array->asDoubles();
    if (theirs.size() > static_cast<std::size_t>(ir::elements(tensor.type.shape)))
      theirs.resize(
          static_cast<std::size_t>(ir::elements(tensor.type.shape)));  // of several samples, the first
    const bool isQuantizer =
        std::holds_alternative<ir::Quantize>(model.graph.node(tensor.producer).operation) ||
        place->op.ends_with("Quant");
    if (isQuantizer && tensor.type.codes && tensor.type.codes->scale.size() == 1) {
      compareCodes(model, *place, theirs, first, report);
      continue;
    }
    const auto values = ir::evaluate(model.graph, {{model.graph.inputs[0], first}}, {*id}, 1, 0);
    if (!values.ok()) return values.error();
    Difference d =
        compare(inFileOrder(ir::realValues(tensor.type, (*values)[0]), tensor.type.shape, *place), theirs);
    if (d.worst > 1e-5)
      report.failures.push_back(
          fmt::format("layer '{}' differs by {:.2g} of its range", place->name, d.worst));
    report.traces.add(d);
  }
  if (row.exact && report.outputs.codes > 0)
    report.failures.push_back(fmt::format("{} output codes differ", report.outputs.codes));
  if (report.outputs.worst > 1e-5)
    report.failures.push_back(fmt::format("outputs differ by {:.2g} of their range", report.outputs.worst));
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  const char* folder = std::getenv("SLUICE_SHARED");
  const std::filesystem::path shared = folder != nullptr ? folder : "../shared";
  bool large = false, json = false;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--large")
      large = true;
    else if (argument == "--json")
      json = true;
    else if (argument.starts_with("--"))
      return fmt::print(stderr, "oracles: no option {}\n", argument), 2;
    else
      names.push_back(argument);
  }
  if (!json)
    fmt::print("{:<6} {:<48} {:>7} {:>11} {:>7} {:>6} {:>11} {:>15} {:>5}\n", "format", "answers", "samples",
               "outputs", "codes", "layers", "layers", "codes in layers", "ties");
  int failures = 0;
  for (const Row& row : rows()) {
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
          return std::string(row.model).find(name) != std::string::npos;
        });
    if (!wanted || (row.large && !large)) continue;
    const auto report = compareRow(row, shared);
    if (!report.ok()) {
      fmt::print("{}: {}\n", row.model, report.error().text());
      ++failures;
      continue;
    }
    if (json)
      fmt::print(
          R"({{"name":"oracles/{}","value":{:.3g},"unit":"of range","kind":"measured","codes":{},"layers":{}}})"
          "\n",
          row.oracle, report->outputs.worst, report->outputs.codes, report->layers);
    else
      fmt::print("{:<6} {:<48} {:>7} {:>11.2e} {:>7} {:>6} {:>11.2e} {:>6} of {:>5} {:>5}\n", row.format,
                 row.oracle, report->samples, report->outputs.worst,
                 row.exact ? fmt::format("{}", report->outputs.codes) : "-", report->layers,
                 report->traces.worst, report->quantizers.codes, report->quantizers.values,
                 report->ties.size());
    if (!json)
      for (const std::string& tie : report->ties) fmt::print("       tie: {}\n", tie);
    for (const std::string& failure : report->failures) fmt::print("       FAILS: {}\n", failure);
    failures += report->failures.empty() ? 0 : 1;
  }
  return failures == 0 ? 0 : 1;
}

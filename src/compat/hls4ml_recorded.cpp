#include "compat/hls4ml_recorded.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/npy.h"
#include "compat/hls4ml.h"
#include "frontend/model.h"
#include "ir/host.h"
#include "ir/integer.h"

namespace sluice::compat {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::optional<fs::path> findBelow(const fs::path& folder, const std::string& name) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() == name) found.push_back(entry.path());
  if (found.empty()) return std::nullopt;
  return *std::min_element(found.begin(), found.end());
}

/// The model the recording names: one .h5, or a .json and its weights.
Result<ir::Graph> importNamed(const json& recorded, const fs::path& models) {
  std::optional<fs::path> network, weights;
  for (const auto& [name, digest] : recorded.at("model_sha256").items()) {
    const auto path = findBelow(models, name);
    if (!path) return ioError("is not below '" + models.string() + "'", name);
    (path->extension() == ".json" ? network : weights) = path;
  }
  if (!network) return frontend::importModel(*weights);
  return frontend::importModel(*network, {.weights = weights});
}

/// Values as float32, as hls4ml hands them out.
std::size_t differing(const std::vector<std::int64_t>& codes, std::size_t begin, int fraction,
                      const std::vector<double>& expected, std::size_t count, std::string& first) {
  std::size_t different = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(std::ldexp(static_cast<double>(codes[begin + i]), -fraction));
    if (value == static_cast<float>(expected[i])) continue;
    if (different++ == 0)
      first = "element " + std::to_string(i) + " is " + std::to_string(value) + ", recorded " +
              std::to_string(expected[i]);
  }
  return different;
}

std::string typeText(const json& type) { return type.at("text").get<std::string>(); }

void compareTypes(const Hls4mlGraph& made, const json& layers, RecordedComparison& result) {
  std::map<std::string, const Hls4mlLayer*> byName;
  for (const Hls4mlLayer& layer : made.layers) byName[layer.name] = &layer;
  for (const json& layer : layers) {
    const std::string name = layer.at("name");
    if (layer.at("class_name") == "Reshape") continue;  // in place: the recorded type is its input's
    const auto found = byName.find(name);
    ++result.types;
    if (found == byName.end()) {
      ++result.typesDiffering;
      result.notes.push_back("layer '" + name + "' is missing");
      continue;
    }
    for (const auto& [variable, format] : found->second->types) {
      const auto type = layer.at("types").find(variable + "_t");
      if (type == layer.at("types").end()) continue;
      ++result.types;
      const auto recorded = fixed::parseApFormat(typeText(*type));
      if (recorded.ok() && *recorded == format) continue;
      ++result.typesDiffering;
      result.notes.push_back("layer '" + name + "': type of " + variable + " is " + fixed::text(format) +
                             ", recorded " + typeText(*type));
    }
  }
}

Result<RecordedComparison> compare(const json& recorded, const fs::path& npzPath, const fs::path& models) {
  SLUICE_TRY(auto arrays, readNpz(npzPath));
  RecordedComparison result;
  result.model = recorded.at("model");
  result.config = recorded.at("config");
  result.ioType = recorded.at("y_from");
  SLUICE_TRY(Hls4mlConfig config,
             parseHls4mlConfig(recorded.at("hls_config_given").dump(), "hls_config_given"));
  config.ioStream = result.ioType == "io_stream";
  SLUICE_TRY(const ir::Graph imported, importNamed(recorded, models));
  SLUICE_TRY(Hls4mlGraph made, applyHls4mlConfig(imported, config));
  result.warnings = made.warnings;
  compareTypes(made, recorded.at("io").at(result.ioType).at("layers"), result);

  const ir::TensorId output = made.graph.outputs.at(0);
  for (const Hls4mlLayer& layer : made.layers)
    if (layer.className != "Input" && std::find(made.graph.outputs.begin(), made.graph.outputs.end(),
                                                layer.tensor) == made.graph.outputs.end())
      made.graph.outputs.push_back(layer.tensor);
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(made.graph));
  const NpyArray& x = arrays.at("x");
  const auto samples = static_cast<std::size_t>(x.shape.at(0));
  SLUICE_TRY(const ir::CodeRows inputs,
             ir::hardwareInputCodes(made.graph, engine.regions(), {x.asDoubles()}, samples));
  SLUICE_TRY(const ir::CodeRows rows, engine.run(inputs, samples));
  const auto& hardware = engine.regions().hardwareOutputs;
  const auto rowOf = [&](ir::TensorId tensor) -> const std::vector<std::int64_t>* {
    const auto at = std::find(hardware.begin(), hardware.end(), tensor);
    return at == hardware.end() ? nullptr : &rows[static_cast<std::size_t>(at - hardware.begin())];
  };
  const auto check = [&](const std::string& name, const Hls4mlLayer& layer, const NpyArray& expected,
                         std::size_t perSample, std::size_t compared, std::size_t count) {
    const std::vector<std::int64_t>* codes = rowOf(layer.tensor);
    if (codes == nullptr) {
      result.differing += static_cast<std::size_t>(expected.count());
      result.notes.push_back(name + " is not computed by the integer engine");
      return;
    }
    const std::vector<double> values = expected.asDoubles();
    ++result.layers;
    for (std::size_t sample = 0; sample < count; ++sample) {
      const std::vector<double> one(values.begin() + static_cast<std::ptrdiff_t>(sample * compared),
                                    values.begin() + static_cast<std::ptrdiff_t>((sample + 1) * compared));
      std::string first;
      const std::size_t different =
          differing(*codes, sample * perSample, layer.result.fraction(), one, compared, first);
      result.values += compared;
      result.differing += different;
      if (different > 0)
        result.notes.push_back(name + ", sample " + std::to_string(sample) + ": " +
                               std::to_string(different) + " of " + std::to_string(compared) +
                               " values differ; " + first);
    }
  };
  for (const Hls4mlLayer& layer : made.layers) {
    const auto perSample = static_cast<std::size_t>(ir::elements(made.graph.tensor(layer.tensor).type.shape));
    if (layer.tensor == output) check("output", layer, arrays.at("y"), perSample, perSample, samples);
    const std::string key = "trace_" + layer.name;
    const auto whole = arrays.find(key), head = arrays.find(key + "__head");
    if (whole != arrays.end()) {
      const auto count = static_cast<std::size_t>(whole->second.count()) / perSample;
      check("layer '" + layer.name + "'", layer, whole->second, perSample, perSample, count);
    } else if (head != arrays.end()) {
      const NpyArray& array = head->second;
      const std::size_t count = array.shape.size() > 1 ? static_cast<std::size_t>(array.shape[0]) : 1;
      check("layer '" + layer.name + "'", layer, array, perSample,
            static_cast<std::size_t>(array.count()) / count, count);
    }
  }
  // Every traced layer must have been found.
  for (const auto& [key, array] : arrays)
    if (key.starts_with("trace_") && !key.ends_with("__shape")) {
      std::string name = key.substr(6);
      if (name.ends_with("__head")) name.resize(name.size() - 6);
      if (std::none_of(made.layers.begin(), made.layers.end(),
                       [&](const Hls4mlLayer& layer) { return layer.name == name; })) {
        result.differing += static_cast<std::size_t>(array.count());
        result.notes.push_back("traced layer '" + name + "' is missing");
      }
    }
  return result;
}

Result<double> difference(const json& recorded, const fs::path& npzPath, const fs::path& models) {
  SLUICE_TRY(auto arrays, readNpz(npzPath));
  SLUICE_TRY(const Hls4mlConfig config,
             parseHls4mlConfig(recorded.at("hls_config_given").dump(), "hls_config_given"));
  SLUICE_TRY(const ir::Graph imported, importNamed(recorded, models));
  SLUICE_TRY(const Hls4mlGraph made, applyHls4mlConfig(imported, config, {.reproduceDefects = false}));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(made.graph));
  const std::vector<double> x = arrays.at("x").asDoubles(), expected = arrays.at("y_framework").asDoubles();
  const auto samples = static_cast<std::size_t>(arrays.at("x").shape.at(0));
  SLUICE_TRY(const ir::CodeRows inputs, ir::hardwareInputCodes(made.graph, engine.regions(), {x}, samples));
  SLUICE_TRY(const ir::CodeRows rows, engine.run(inputs, samples));
  SLUICE_TRY(const auto outputs, ir::outputValues(made.graph, engine.regions(), rows, samples, {x}));
  if (outputs.at(0).size() != expected.size()) return badInput("outputs of another size", npzPath.string());
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    largest = std::max(largest, std::fabs(outputs[0][i] - expected[i]));
  return largest;
}

/// A recording's JSON, and what is done with it.
template <typename Function>
auto withRecording(const fs::path& path, Function function) -> decltype(function(json(), path)) {
  SLUICE_TRY(const std::string text, readFile(path));
  try {
    fs::path npz = path;
    return function(json::parse(text), npz.replace_extension(".npz"));
  } catch (const std::exception& error) {
    return badInput(std::string("is no recording: ") + error.what(), path.string());
  }
}

}  // namespace

Result<RecordedComparison> compareRecorded(const fs::path& path, const fs::path& models) {
  return withRecording(
      path, [&](const json& recorded, const fs::path& npz) { return compare(recorded, npz, models); });
}

Result<double> differenceWithoutDefects(const fs::path& path, const fs::path& models) {
  return withRecording(
      path, [&](const json& recorded, const fs::path& npz) { return difference(recorded, npz, models); });
}

}  // namespace sluice::compat

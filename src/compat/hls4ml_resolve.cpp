#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "compat/hls4ml_layer.h"

/// What hls4ml's configuration, defaults and passes make of the layers.
///
/// A type is looked up for the layer's name and the variable, the name and "default", the class and the variable, the
/// class and "default", the model and the variable, the model's default. Passes run in a fixed order, and after every
/// change from the first again, so a pass sees only networks on which no earlier one has anything to do:
///
///   1. a batch normalization goes into the product before it if that has no type of its own
///   2. a linear activation that converts nothing goes; so does one behind a layer without a type of its own
///   3. one layer without a type gets one (hls4ml_infer.cpp)
///
/// then: batch normalizations that do nothing, softmax with Skip, and tables larger than their index go.
namespace sluice::compat {
namespace {

using fixed::ApFormat;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

class Resolver {
 public:
  Resolver(Network& network, const Hls4mlConfig& config, std::vector<std::string>& warnings)
      : network_(network), config_(config), warnings_(warnings) {}

  Status run() {
    const auto& precision = config_.model.precision;
    if (!precision.contains("default"))
      return badInput("the configuration has no default precision (Model: Precision: default)");
    SLUICE_TRY(const Type chosen, parse(precision.at("default"), "Model: Precision"));
    if (!chosen) return badInput("the default precision is 'auto'; it must be a type", "Model: Precision");
    default_ = *chosen;
    if (precision.contains("maximum")) {
      SLUICE_TRY(maximum_, parse(precision.at("maximum"), "Model: Precision: maximum"));
    }
    for (Layer& layer : network_.layers) SLUICE_RETURN_IF_ERROR(configure(layer));
    unusedNames();
    while (fuseBatchNorm() || removeLinear() || inferOne()) {
    }
    for (std::size_t i = 0; i < network_.layers.size(); ++i) finish(i);
    return {};
  }

 private:
  Network& network_;
  const Hls4mlConfig& config_;
  std::vector<std::string>& warnings_;
  ApFormat default_;
  Type maximum_;
  std::set<std::size_t> inferred_;

  static Result<Type> parse(const std::string& text, const std::string& where) {
    if (lower(text) == "auto") return Type{};
    auto format = fixed::parseApFormat(text);
    if (!format.ok()) {
      Error error = format.error();
      error.where = where;
      return error;
    }
    return Type{*format};
  }

  [[nodiscard]] const Hls4mlSettings* byName(const Layer& layer) const {
    const auto found = config_.byName.find(lower(layer.configName));
    return found == config_.byName.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Hls4mlSettings* byType(const Layer& layer) const {
    const auto found = config_.byType.find(lower(layer.className));
    return found == config_.byType.end() ? nullptr : &found->second;
  }

  /// Names of a variable: half of a separable layer has its own, too ("depthwise_accum"; its weights: "depthwise").
  static std::vector<std::string> namesOf(const Layer& layer, const std::string& variable) {
    if (layer.variablePrefix.empty()) return {variable};
    if (variable == "weight") return {layer.variablePrefix, variable};
    return {layer.variablePrefix + "_" + variable, variable};
  }

  Result<Type> typeOf(const Layer& layer, const std::string& variable) const {
    const std::string where = "layer '" + layer.name + "': precision of " + variable;
    for (const Hls4mlSettings* settings : {byName(layer), byType(layer)}) {
      if (settings == nullptr) continue;
      for (const std::string& name : namesOf(layer, variable))
        if (const auto found = settings->precision.find(name); found != settings->precision.end())
          return parse(found->second, where);
      if (const auto found = settings->precision.find("default"); found != settings->precision.end())
        return parse(found->second, where);
    }
    if (const auto found = config_.model.precision.find(variable); found != config_.model.precision.end())
      return parse(found->second, where);
    return Type{default_};
  }

  /// A setting that is no precision: of the name, else of the class.
  [[nodiscard]] const std::string* setting(const Layer& layer, const std::string& key) const {
    for (const Hls4mlSettings* settings : {byName(layer), byType(layer)})
      if (settings != nullptr)
        if (const std::string* value = settings->value(key)) return value;
    return nullptr;
  }

  Status tableType(const Layer& layer, const char* key, ApFormat otherwise, ApFormat& type) {
    type = otherwise;
    if (const std::string* value = setting(layer, std::string(key) + "_t")) {
      SLUICE_TRY(const Type given, parse(*value, "layer '" + layer.name + "': " + key + "_t"));
      if (!given)
        return badInput(std::string("'auto' is no type for ") + key + "_t", "layer '" + layer.name + "'");
      type = *given;
    }
    // hls4ml writes Precision: {table: ...} into its configurations, and never reads it.
    const Hls4mlSettings* settings = byName(layer);
    if (settings == nullptr || !settings->precision.contains(key)) return {};
    const auto written = fixed::parseApFormat(settings->precision.at(key));
    if (!written.ok() || *written != type)
      warnings_.push_back("layer '" + layer.name + "': Precision: " + key +
                          " has no effect in hls4ml; the table is " + fixed::text(type) + " (" + key +
                          "_t sets it)");
    return {};
  }

  Status configure(Layer& layer) {
    SLUICE_TRY(layer.result, typeOf(layer, "result"));
    const std::string* strategy = setting(layer, "strategy");
    if (strategy == nullptr) strategy = config_.model.value("strategy");
    if (strategy != nullptr) layer.strategy = lower(*strategy);
    switch (layer.kind) {
      case LayerKind::dense:
      case LayerKind::conv:
        return configureProduct(layer);
      case LayerKind::batchNorm: {
        SLUICE_TRY(layer.weightType, typeOf(layer, "scale"));
        SLUICE_TRY(layer.biasType, typeOf(layer, "bias"));
        return {};
      }
      case LayerKind::pool:
      case LayerKind::globalPool: {
        SLUICE_TRY(layer.accum, typeOf(layer, "accum"));
        return {};
      }
      case LayerKind::activation: {
        SLUICE_TRY(layer.parameterType, typeOf(layer, "param"));
        SLUICE_RETURN_IF_ERROR(tableSize(layer));
        return tableType(layer, "table", {.width = 18, .integer = 8}, layer.table);
      }
      case LayerKind::softmax:
        return configureSoftmax(layer);
      case LayerKind::reshape:
      case LayerKind::move:
        layer.result.reset();  // they take their input's
        return {};
      default:
        return {};
    }
  }

  Status configureProduct(Layer& layer) {
    if (layer.strategy == "distributed_arithmetic" || layer.strategy == "da")
      return unsupported("strategy distributed_arithmetic is not reproduced", "layer '" + layer.name + "'");
    SLUICE_TRY(layer.accum, typeOf(layer, "accum"));
    SLUICE_TRY(layer.weightType, typeOf(layer, "weight"));
    SLUICE_TRY(layer.biasType, typeOf(layer, "bias"));
    if (layer.weightQuantizer) layer.weightType = layer.weightQuantizer;
    if (layer.biasQuantizer) layer.biasType = layer.biasQuantizer;
    if (!layer.hasBias) {
      layer.biasType = ApFormat{.width = 1, .integer = 1, .isSigned = false};
      layer.bias.assign(static_cast<std::size_t>(layer.weightShape.back()), 0);
      if (const auto* conv = std::get_if<ir::Conv>(&layer.operation); conv != nullptr && conv->groups > 1)
        layer.bias.assign(static_cast<std::size_t>(layer.shape.back()), 0);
    }
    return {};
  }

  Status tableSize(Layer& layer) {
    const std::string* size = setting(layer, "tablesize");
    if (size == nullptr) size = setting(layer, "table_size");
    if (size == nullptr) return {};
    if (!parseInt64(*size, layer.tableSize) || layer.tableSize < 1 || layer.tableSize > 1 << 20)
      return badInput("TableSize is '" + *size + "'; it must be a number from 1 to 1048576",
                      "layer '" + layer.name + "'");
    return {};
  }

  Status configureSoftmax(Layer& layer) {
    SLUICE_TRY(layer.accum, typeOf(layer, "accum"));
    SLUICE_RETURN_IF_ERROR(tableSize(layer));
    const ApFormat usual{.width = 18,
                         .integer = 8,
                         .rounding = fixed::Rounding::halfUp,
                         .overflow = fixed::Overflow::saturate};
    SLUICE_RETURN_IF_ERROR(tableType(layer, "exp_table", usual, layer.expTable));
    SLUICE_RETURN_IF_ERROR(tableType(layer, "inv_table", usual, layer.invTable));
    SLUICE_RETURN_IF_ERROR(tableType(layer, "inv_inp", usual, layer.invInput));
    layer.table = {.width = 18, .integer = 8};
    if (const std::string* type = setting(layer, "inp_norm_t")) {
      SLUICE_TRY(layer.normInput, parse(*type, "layer '" + layer.name + "': inp_norm_t"));
    }
    if (const std::string* type = setting(layer, "accum_t")) {
      SLUICE_TRY(layer.accum, parse(*type, "layer '" + layer.name + "': accum_t"));
    }
    if (const std::string* name = setting(layer, "implementation")) {
      layer.implementation = lower(*name);
      if (layer.implementation != "stable" && layer.implementation != "latency" &&
          layer.implementation != "legacy" && layer.implementation != "argmax")
        return badInput("Implementation is '" + *name + "'; it must be latency, stable, argmax or legacy",
                        "layer '" + layer.name + "'");
    }
    const std::string* skip = setting(layer, "skip");
    layer.skip = skip != nullptr && (lower(*skip) == "true" || *skip == "1");
    return {};
  }

  /// Names of the configuration that no layer has: most often a misspelling.
  void unusedNames() {
    std::set<std::string> names;
    for (const Layer& layer : network_.layers)
      names.insert({lower(layer.configName), lower(layer.name), lower(layer.origin)});
    for (const auto& [name, settings] : config_.byName)
      if (!names.contains(name))
        warnings_.push_back("no layer is called '" + name + "'; its settings have no effect");
  }

  std::vector<std::size_t> users(std::size_t of) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < network_.layers.size(); ++i)
      if (!network_.layers[i].removed)
        for (const std::size_t input : network_.layers[i].inputs)
          if (input == of) found.push_back(i);
    return found;
  }

  void remove(std::size_t at) {
    network_.layers[at].removed = true;
    const std::size_t instead = network_.layers[at].inputs[0];
    for (Layer& layer : network_.layers)
      for (std::size_t& input : layer.inputs)
        if (input == at) input = instead;
    for (std::size_t& output : network_.outputs)
      if (output == at) output = instead;
  }

  bool fuseBatchNorm() {
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      Layer& node = network_.layers[i];
      if (node.removed || node.kind != LayerKind::batchNorm) continue;
      Layer& parent = network_.layers[node.inputs[0]];
      const bool product = parent.kind == LayerKind::dense || parent.kind == LayerKind::conv;
      if (!product || parent.result || parent.binaryWeight || users(node.inputs[0]).size() > 1) continue;
      const auto all = [](const std::vector<double>& values, double value) {
        return std::all_of(values.begin(), values.end(), [&](double x) { return x == value; });
      };
      if (parent.weightQuantizer && !all(node.weight, 1)) continue;
      if (parent.biasQuantizer && !all(node.bias, 0)) continue;
      const std::size_t channels = node.weight.size();
      const auto times = [](double a, double b) {
        return static_cast<double>(static_cast<float>(a) * static_cast<float>(b));
      };
      // Kernels of depthwise convolutions end in [cin / groups, cout], so the last axis is that of the scales, too.
      for (std::size_t k = 0; k < parent.weight.size(); ++k)
        parent.weight[k] = times(node.weight[k % channels], parent.weight[k]);
      for (std::size_t k = 0; k < channels; ++k) {
        const auto product32 = static_cast<float>(times(node.weight[k], parent.bias[k]));
        parent.bias[k] = product32 + static_cast<float>(node.bias[k]);
      }
      if (!parent.hasBias) {
        if (auto type = typeOf(parent, "bias"); type.ok()) parent.biasType = *type;
        parent.hasBias = true;
      }
      remove(i);
      return true;
    }
    return false;
  }

  bool removeLinear() {
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      const Layer& layer = network_.layers[i];
      if (layer.removed || layer.kind != LayerKind::activation || layer.function != Function::linear)
        continue;
      const Layer& before = network_.layers[layer.inputs[0]];
      const bool mergeable = before.kind == LayerKind::dense || before.kind == LayerKind::conv ||
                             before.kind == LayerKind::batchNorm || before.kind == LayerKind::activation ||
                             before.kind == LayerKind::softmax;
      if (before.result == layer.result || (mergeable && !before.result)) {
        remove(i);
        return true;
      }
    }
    return false;
  }

  bool inferOne() {
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      const Layer& layer = network_.layers[i];
      if (layer.removed || inferred_.contains(i)) continue;
      if (!std::all_of(layer.inputs.begin(), layer.inputs.end(),
                       [&](std::size_t input) { return network_.layers[input].result.has_value(); }))
        continue;
      inferTypes(network_, i, default_, maximum_);
      inferred_.insert(i);
      return true;
    }
    return false;
  }

  void finish(std::size_t at) {
    Layer& layer = network_.layers[at];
    if (layer.removed) return;
    const auto all = [](const std::vector<double>& values, double value) {
      return std::all_of(values.begin(), values.end(), [&](double x) { return x == value; });
    };
    if (layer.kind == LayerKind::batchNorm && all(layer.weight, 1) && all(layer.bias, 0)) return remove(at);
    if (layer.kind != LayerKind::softmax) return;
    if (layer.skip) return remove(at);
    const int bits = std::min(network_.layers[layer.inputs[0]].result->width, layer.invTable.width);
    if (bits < 21 && (std::int64_t{1} << bits) < layer.tableSize) layer.tableSize = std::int64_t{1} << bits;
  }
};

}  // namespace

Status resolve(Network& network, const Hls4mlConfig& config, std::vector<std::string>& warnings) {
  return Resolver(network, config, warnings).run();
}

}  // namespace sluice::compat

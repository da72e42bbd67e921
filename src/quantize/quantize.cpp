#include "quantize/quantize.h"

#include <algorithm>
#include <cmath>

#include "ir/reference.h"
#include "passes/rewrite.h"
#include "quantize/equalise.h"
#include "quantize/layer_weights.h"
#include "quantize/normal_form.h"
#include "quantize/sites.h"

namespace sluice::quantize {
namespace {

using Values = std::vector<double>;

/// Files hold constants as float32; a code up to this comes back from scale * code in float32.
constexpr double largestBiasCode = 0x1p22;

/// Up to so many bits a multiplication and a shift stand for a free scale exactly, and are found soon; above, half a
/// bit of a weight matters little, and powers of two make rescaling a shift.
constexpr std::uint32_t widestForFreeWeights = 8;

/// Of one layer: what goes into the quantized graph.
struct ChosenLayer {
  LayerWeights weights;
  Values bias;       ///< real values
  Values biasScale;  ///< empty: the bias stays real
};

double rootMeanSquare(const Values& a) {
  double sum = 0;
  for (const double x : a) sum += x * x;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(a.size(), 1)));
}

double relativeDifference(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  const double size = rootMeanSquare(b);
  return size > 0 ? std::sqrt(sum / static_cast<double>(a.size())) / size : std::sqrt(sum);
}

/// Thinned evenly to at most `most` numbers: enough to choose a grid.
Values thinned(const Values& values, std::size_t most) {
  if (values.size() <= most) return values;
  Values list(most);
  for (std::size_t i = 0; i < most; ++i) list[i] = values[i * values.size() / most];
  return list;
}

class Walk {
 public:
  Walk(const ir::Graph& form, const Calibration& calibration, const QuantizeOptions& options)
      : form_(form),
        work_(form),
        calibration_(calibration),
        options_(options),
        layers_(layersOf(form)),
        sites_(sitesOf(form)),
        final_(reachesSite(form, sites_)),
        real_(form.tensors.size()),
        quantized_(form.tensors.size()),
        grids_(form.tensors.size()),
        chosen_(layers_.size()) {
    final_.flip();
  }

  Result<Quantized> run() {
    SLUICE_RETURN_IF_ERROR(checkNames());
    std::vector<std::size_t> lastUse(form_.tensors.size(), 0);
    for (std::size_t i = 0; i < form_.nodes.size(); ++i)
      for (const ir::TensorId input : form_.nodes[i].inputs) lastUse[input.index] = i;
    // A layer's input is looked at again where its bias is added.
    for (const Layer& layer : layers_)
      lastUse[layer.input.index] =
          std::max<std::size_t>(lastUse[layer.input.index], form_.tensor(layer.output).producer.index);
    std::vector<std::vector<ir::TensorId>> dead(form_.nodes.size());
    for (const ir::Node& node : form_.nodes) dead[lastUse[node.output.index]].push_back(node.output);
    result_.layers.resize(layers_.size());
    for (std::size_t i = 0; i < form_.nodes.size(); ++i) {
      const ir::Node& node = form_.nodes[i];
      if (std::holds_alternative<ir::Input>(node.operation)) {
        const auto place = std::find(form_.inputs.begin(), form_.inputs.end(), node.output);
        real_[node.output.index] = quantized_[node.output.index] =
            calibration_.inputs[static_cast<std::size_t>(place - form_.inputs.begin())];
      } else {
        SLUICE_TRY(real_[node.output.index], evaluated(form_, node, real_));
        for (std::size_t k = 0; k < layers_.size(); ++k)
          if (layers_[k].output == node.output) SLUICE_RETURN_IF_ERROR(layer(k));
        SLUICE_TRY(quantized_[node.output.index], evaluated(work_, node, quantized_));
      }
      for (const double x : real_[node.output.index])
        if (!std::isfinite(x))
          return badInput("the float network gives infinite values on the samples",
                          "node '" + node.name + "'");
      for (std::size_t k = 0; k < layers_.size(); ++k)
        if (layers_[k].output == node.output)
          result_.layers[k].error =
              relativeDifference(quantized_[node.output.index], real_[node.output.index]);
      for (const Site& site : sites_)
        if (site.tensor == node.output) placeGrid(site);
      for (const ir::TensorId id : dead[i]) {
        if (id == node.output) continue;
        Values().swap(real_[id.index]);
        Values().swap(quantized_[id.index]);
      }
    }
    SLUICE_TRY(result_.graph, built());
    return std::move(result_);
  }

 private:
  Status checkNames() const {
    for (const auto& [name, bits] : options_.weightBitsOf)
      if (std::none_of(layers_.begin(), layers_.end(),
                       [&](const Layer& layer) { return form_.node(layer.node).name == name; }))
        return badInput("no layer is called '" + name + "'");
    for (const auto& [name, bits] : options_.activationBitsOf)
      if (std::none_of(sites_.begin(), sites_.end(),
                       [&](const Site& site) { return form_.tensor(site.tensor).name == name; }))
        return badInput("no quantized tensor is called '" + name + "'");
    return {};
  }

  [[nodiscard]] Result<Values> evaluated(const ir::Graph& graph, const ir::Node& node,
                                         const std::vector<Values>& values) const {
    std::vector<ir::Feed> feeds;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ir::TensorId input = node.inputs[i];
      if (graph.tensor(input).isConstant()) continue;
      if (std::find(node.inputs.begin(), node.inputs.begin() + static_cast<std::ptrdiff_t>(i), input) ==
          node.inputs.begin() + static_cast<std::ptrdiff_t>(i))
        feeds.push_back({.tensor = input, .values = values[input.index]});
    }
    SLUICE_TRY(auto results,
               ir::evaluate(graph, feeds, {node.output}, calibration_.samples, options_.threads));
    return std::move(std::get<Values>(results[0]));
  }

  static std::uint32_t bitsOf(const std::map<std::string, std::uint32_t>& list, const std::string& name,
                              std::uint32_t otherwise) {
    const auto found = list.find(name);
    return found == list.end() ? otherwise : found->second;
  }

  /// Chooses weights and bias of a layer from what stands at its input, and puts them into `work_`.
  Status layer(std::size_t index) {
    const Layer& layer = layers_[index];
    const ir::Node& node = form_.node(layer.node);
    const ir::Tensor& w = form_.tensor(layer.weight);
    const auto outputs = static_cast<std::size_t>(ir::channels(w.type.shape));
    const Values& weights = ir::realsOf(w);
    const Values& bias = ir::realsOf(form_.tensor(layer.bias));
    LayerReport report{.name = node.name,
                       .bits = bitsOf(options_.weightBitsOf, node.name, options_.weightBits),
                       .weights = static_cast<std::int64_t>(weights.size()),
                       .multiplications = multiplicationsOf(form_, node)};

    const auto moments =
        momentsOf(node.operation, form_.tensor(layer.input).type.shape, w.type.shape,
                  quantized_[layer.input.index], real_[layer.output.index], calibration_.samples);
    if (!moments.ok() && moments.error().code != ErrorCode::unsupported) return moments.error();
    const bool perOutput = options_.perChannel && !final_[layer.output.index];
    ChosenLayer& chosen = chosen_[index];
    chosen.weights =
        roundWeights(weights, outputs, moments.ok() ? &*moments : nullptr, report.bits, perOutput, options_);
    chosen.bias = bias;
    if (options_.correctBias) {
      if (moments.ok()) {
        chosen.bias = meanBiases(*moments, chosen.weights.reals());
      } else {
        SLUICE_TRY(chosen.bias, biasByTrial(layer, chosen.weights.reals(), bias));
      }
    }
    report.adaptive = options_.adaptiveRounding && moments.ok();
    report.inputBits = bitsAt(layer.input);
    report.scales = chosen.weights.scale.size();
    result_.layers[index] = report;

    biasOnGrid(layer, chosen, outputs);
    work_.tensors[layer.weight.index].constant =
        std::make_shared<const ir::ConstantData>(chosen.weights.reals());
    work_.tensors[layer.bias.index].constant = std::make_shared<const ir::ConstantData>(chosen.bias);
    if (node.output !=
        layer.output) {  // MatMul: the sum is behind it, but its own value is of the new weights
      SLUICE_TRY(quantized_[node.output.index], evaluated(work_, node, quantized_));
    }
    return {};
  }

  /// Bias correction without moments: the layer is run once with the new weights.
  Result<Values> biasByTrial(const Layer& layer, const Values& weights, const Values& bias) {
    work_.tensors[layer.weight.index].constant = std::make_shared<const ir::ConstantData>(weights);
    work_.tensors[layer.bias.index].constant = std::make_shared<const ir::ConstantData>(bias);
    const ir::Node& node = form_.node(layer.node);
    SLUICE_TRY(Values got, evaluated(work_, node, quantized_));
    const Values& wanted = real_[layer.output.index];
    const bool without = node.output != layer.output;  // of a MatMul: without the bias
    Values corrected(bias.size(), 0);
    for (std::size_t i = 0; i < got.size(); ++i) corrected[i % bias.size()] += wanted[i] - got[i];
    for (std::size_t c = 0; c < bias.size(); ++c)
      corrected[c] = (without ? 0 : bias[c]) +
                     corrected[c] * static_cast<double>(bias.size()) / static_cast<double>(got.size());
    return corrected;
  }

  /// The widest of the quantizers that the tensor comes from through moves.
  [[nodiscard]] std::uint32_t bitsAt(ir::TensorId tensor) const {
    if (grids_[tensor.index]) return fixed::formatFor(grids_[tensor.index]->range).bits;
    std::uint32_t bits = 0;
    if (!form_.tensor(tensor).isConstant())
      for (const ir::TensorId input : form_.node(form_.tensor(tensor).producer).inputs)
        bits = std::max(bits, bitsAt(input));
    return bits;
  }

  /// The step of the layer's input: the least scale of what is moved there; none if they are not powers of two apart.
  [[nodiscard]] std::optional<double> stepOf(ir::TensorId tensor) const {
    std::optional<double> least;
    std::vector<ir::TensorId> open = {tensor};
    std::vector<bool> seen(form_.tensors.size(), false);
    while (!open.empty()) {
      const ir::TensorId id = open.back();
      open.pop_back();
      if (seen[id.index]) continue;
      seen[id.index] = true;
      if (form_.tensor(id).isConstant()) return std::nullopt;
      if (grids_[id.index]) {
        const double scale = grids_[id.index]->scale;
        if (least && *least != scale && !options_.powerOfTwoActivations) return std::nullopt;
        least = std::min(least.value_or(scale), scale);
        continue;
      }
      for (const ir::TensorId input : form_.node(form_.tensor(id).producer).inputs) open.push_back(input);
    }
    return least;
  }

  /// Rounds the bias to whole accumulator steps, where a file can hold it so; else to float32.
  void biasOnGrid(const Layer& layer, ChosenLayer& chosen, std::size_t outputs) const {
    const auto step = stepOf(layer.input);
    bool fits = step.has_value() && options_.powerOfTwoActivations;
    if (fits)
      for (std::size_t j = 0; j < outputs; ++j)
        fits = fits && std::abs(chosen.bias[j]) <=
                           largestBiasCode * *step * chosen.weights.scale[j % chosen.weights.scale.size()];
    if (!fits) {
      for (double& value : chosen.bias) value = static_cast<double>(static_cast<float>(value));
      return;
    }
    for (const double scale : chosen.weights.scale) chosen.biasScale.push_back(scale * *step);
    for (std::size_t j = 0; j < outputs; ++j) {
      const double scale = chosen.biasScale[j % chosen.biasScale.size()];
      chosen.bias[j] = scale * std::nearbyint(chosen.bias[j] / scale);
    }
  }

  void placeGrid(const Site& site) {
    const std::string& name = form_.tensor(site.tensor).name;
    Values& values = quantized_[site.tensor.index];
    const bool isSigned = site.isSigned && !(site.isInput && std::all_of(values.begin(), values.end(),
                                                                         [](double x) { return x >= 0; }));
    SiteReport report{.name = name,
                      .bits = bitsOf(options_.activationBitsOf, name, options_.activationBits),
                      .elements = ir::elements(form_.tensor(site.tensor).type.shape)};
    constexpr std::size_t enough = std::size_t{1} << 20;
    report.grid = chooseGrid(thinned(values, enough), {.bits = report.bits,
                                                       .isSigned = isSigned,
                                                       .powerOfTwo = options_.powerOfTwoActivations,
                                                       .choice = options_.activationRange,
                                                       .percentile = options_.percentile});
    const double lo = report.grid.scale * (static_cast<double>(report.grid.range.lo) - 0.5);
    const double hi = report.grid.scale * (static_cast<double>(report.grid.range.hi) + 0.5);
    double clipped = 0;
    for (double& x : values) {
      clipped += x < lo || x > hi ? 1 : 0;
      x = report.grid.nearest(x);
    }
    report.clipped = clipped / static_cast<double>(std::max<std::size_t>(values.size(), 1));
    report.error = relativeDifference(values, real_[site.tensor.index]);
    grids_[site.tensor.index] = report.grid;
    result_.sites.push_back(report);
  }

  /// The quantized graph: constants as codes, a quantizer behind every site.
  Result<ir::Graph> built() {
    ir::Graph from = form_;
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      const ChosenLayer& chosen = chosen_[k];
      ir::Tensor& w = from.tensors[layers_[k].weight.index];
      w.type.codes =
          ir::canonical({.range = chosen.weights.range, .scale = chosen.weights.scale}, w.type.shape);
      w.constant = std::make_shared<const ir::ConstantData>(chosen.weights.codes);
      ir::Tensor& b = from.tensors[layers_[k].bias.index];
      if (chosen.biasScale.empty()) {
        b.constant = std::make_shared<const ir::ConstantData>(chosen.bias);
        continue;
      }
      std::vector<std::int64_t> codes;
      for (std::size_t j = 0; j < chosen.bias.size(); ++j)
        codes.push_back(std::llround(chosen.bias[j] / chosen.biasScale[j % chosen.biasScale.size()]));
      constexpr std::uint32_t biasBits = 24;
      b.type.codes =
          ir::canonical({.range = rangeOfBits(biasBits, true), .scale = chosen.biasScale}, b.type.shape);
      b.constant = std::make_shared<const ir::ConstantData>(std::move(codes));
    }
    passes::Rewrite rewrite(from);
    for (const ir::Node& node : from.nodes) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      const auto& grid = grids_[node.output.index];
      if (!grid) continue;
      SLUICE_TRY(const ir::TensorId q, rewrite.add(from.tensor(node.output).name + "/quantize",
                                                   ir::Quantize{.scale = {grid->scale}, .range = grid->range},
                                                   {rewrite.at(node.output)}, passes::originsOf(node)));
      rewrite.alias(node.output, q);
    }
    return rewrite.finish();
  }

  const ir::Graph& form_;
  ir::Graph work_;  ///< the normal form with what was chosen so far, as real numbers
  const Calibration& calibration_;
  const QuantizeOptions& options_;
  std::vector<Layer> layers_;
  std::vector<Site> sites_;
  std::vector<bool> final_;                 ///< by tensor: nothing quantizes what is made of it
  std::vector<Values> real_, quantized_;    ///< by tensor, all samples; freed behind the last reader
  std::vector<std::optional<Grid>> grids_;  ///< by tensor
  std::vector<ChosenLayer> chosen_;
  Quantized result_;
};

Status checkCalibration(const ir::Graph& graph, const Calibration& calibration) {
  if (calibration.samples == 0) return badInput("there are no samples to calibrate with");
  if (calibration.inputs.size() != graph.inputs.size())
    return badInput("samples are given for " + std::to_string(calibration.inputs.size()) +
                    " inputs; the network has " + std::to_string(graph.inputs.size()));
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ir::Tensor& input = graph.tensor(graph.inputs[i]);
    if (!input.type.isReal())
      return badInput("input '" + input.name + "' is of codes; only float networks are quantized");
    const auto wanted = calibration.samples * static_cast<std::size_t>(ir::elements(input.type.shape));
    if (calibration.inputs[i].size() != wanted)
      return badInput("input '" + input.name + "' takes " + std::to_string(wanted) + " numbers for " +
                      std::to_string(calibration.samples) + " samples, not " +
                      std::to_string(calibration.inputs[i].size()));
  }
  return {};
}

}  // namespace

Result<Quantized> quantize(const ir::Graph& graph, const Calibration& calibration,
                           const QuantizeOptions& options) {
  SLUICE_RETURN_IF_ERROR(checkCalibration(graph, calibration));
  const auto legal = [](std::uint32_t bits) { return bits >= 2 && bits <= 16; };
  bool ok = legal(options.weightBits) && legal(options.activationBits);
  for (const auto* list : {&options.weightBitsOf, &options.activationBitsOf})
    for (const auto& [name, bits] : *list) ok = ok && legal(bits);
  if (!ok) return badInput("widths of 2 to 16 bits are supported");
  SLUICE_TRY(ir::Graph form, normalForm(graph));
  if (options.equalise) SLUICE_RETURN_IF_ERROR(equalise(form, calibration, options.threads));
  QuantizeOptions decided = options;
  std::uint32_t widest = options.activationBits;
  for (const auto& [name, bits] : options.activationBitsOf) widest = std::max(widest, bits);
  decided.powerOfTwoWeights = options.powerOfTwoWeights || widest > widestForFreeWeights;
  return Walk(form, calibration, decided).run();
}

}  // namespace sluice::quantize

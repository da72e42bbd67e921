#include "quantize/mixed.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/reference.h"
#include "quantize/equalise.h"
#include "quantize/layer_weights.h"
#include "quantize/normal_form.h"
#include "quantize/score.h"
#include "quantize/sites.h"

namespace sluice::quantize {
namespace {

using Values = std::vector<double>;
using Widths = std::vector<std::uint32_t>;

/// The float network with all its values on some samples, and what comes out when one of them is another.
class Probe {
 public:
  Probe(const ir::Graph& form, const Calibration& samples, unsigned threads)
      : form_(form), samples_(samples), threads_(threads), values_(form.tensors.size()) {
    for (const ir::TensorId output : form.outputs) {
      const ir::Node& node = form.node(form.tensor(output).producer);
      outputs_.push_back(std::holds_alternative<ir::Softmax>(node.operation) ? node.inputs[0] : output);
    }
  }

  Status run() {
    std::vector<ir::Feed> feeds;
    for (std::size_t i = 0; i < form_.inputs.size(); ++i)
      feeds.push_back({.tensor = form_.inputs[i], .values = samples_.inputs[i]});
    std::vector<ir::TensorId> wanted;
    for (const ir::Node& node : form_.nodes) wanted.push_back(node.output);
    SLUICE_TRY(auto results, ir::evaluate(form_, feeds, wanted, samples_.samples, threads_));
    for (std::size_t i = 0; i < wanted.size(); ++i)
      values_[wanted[i].index] = std::move(std::get<Values>(results[i]));
    return {};
  }

  [[nodiscard]] const Values& at(ir::TensorId id) const { return values_[id.index]; }

  /// Relative noise power at the outputs of `graph` (the network with other constants, or itself) when `changed`
  /// holds other values, or the node `from` other constants.
  Result<double> noise(const ir::Graph& graph, ir::TensorId changed, const Values* other) {
    std::vector<bool> affected(graph.tensors.size(), false), fed(graph.tensors.size(), false);
    affected[changed.index] = true;
    std::vector<ir::Feed> feeds;
    const auto feed = [&](ir::TensorId id, const Values& values) {
      if (fed[id.index] || graph.tensor(id).isConstant()) return;
      fed[id.index] = true;
      feeds.push_back({.tensor = id, .values = values});
    };
    if (other != nullptr) feed(changed, *other);
    for (const ir::Node& node : graph.nodes) {
      const bool isAffected = std::any_of(node.inputs.begin(), node.inputs.end(),
                                          [&](ir::TensorId id) { return affected[id.index]; });
      if (isAffected) affected[node.output.index] = true;
    }
    for (const ir::Node& node : graph.nodes) {
      if (!affected[node.output.index] || fed[node.output.index]) continue;
      for (const ir::TensorId input : node.inputs)
        if (!affected[input.index]) feed(input, values_[input.index]);
    }
    for (const ir::TensorId output : outputs_)
      if (!affected[output.index]) feed(output, values_[output.index]);
    SLUICE_TRY(const auto results, ir::evaluate(graph, feeds, outputs_, samples_.samples, threads_));
    double sum = 0;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const double noise = relativeNoise(std::get<Values>(results[i]), values_[outputs_[i].index]);
      sum += noise * noise;
    }
    return sum;
  }

 private:
  const ir::Graph& form_;
  const Calibration& samples_;
  unsigned threads_;
  std::vector<ir::TensorId> outputs_;
  std::vector<Values> values_;
};

/// The first samples, evenly spread.
Calibration some(const Calibration& all, std::size_t count) {
  std::vector<std::size_t> indices;
  count = std::min(count, all.samples);
  for (std::size_t i = 0; i < count; ++i) indices.push_back(i * all.samples / count);
  return picked(all, indices);
}

Result<ir::Graph> preparedForm(const ir::Graph& graph, const Calibration& calibration,
                               const QuantizeOptions& options) {
  SLUICE_TRY(ir::Graph form, normalForm(graph));
  if (options.equalise) SLUICE_RETURN_IF_ERROR(equalise(form, calibration, options.threads));
  return form;
}

}  // namespace

Result<std::vector<Sensitivity>> sensitivitiesOf(const ir::Graph& graph, const Calibration& calibration,
                                                 const QuantizeOptions& options, const WidthTarget& target) {
  SLUICE_TRY(const ir::Graph form, preparedForm(graph, calibration, options));
  const Calibration samples = some(calibration, target.measuredSamples);
  Probe probe(form, samples, options.threads);
  SLUICE_RETURN_IF_ERROR(probe.run());
  const std::vector<Site> sites = sitesOf(form);
  const std::vector<bool> inside = reachesSite(form, sites);
  // From here on another bit quarters the noise; measuring it would only cost time.
  const std::uint32_t lastMeasured = std::min(target.mostBits, std::max(target.leastBits, 6u));
  std::vector<Sensitivity> places;
  const auto measure = [&](Sensitivity place, auto&& noiseAt) -> Status {
    for (std::uint32_t bits = target.leastBits; bits <= target.mostBits; ++bits) {
      if (bits > lastMeasured) {
        place.noise.push_back(place.noise.back() / 4);
        continue;
      }
      SLUICE_TRY(const double noise, noiseAt(bits));
      // More bits never count as worse.
      place.noise.push_back(place.noise.empty() ? noise : std::min(noise, place.noise.back()));
    }
    places.push_back(std::move(place));
    return {};
  };
  for (const Layer& layer : layersOf(form)) {
    const ir::Tensor& w = form.tensor(layer.weight);
    ir::Graph changed = form;
    const ir::TensorId output = form.node(layer.node).output;
    SLUICE_RETURN_IF_ERROR(
        measure({.name = form.node(layer.node).name, .isWeight = true, .size = ir::elements(w.type.shape)},
                [&](std::uint32_t bits) -> Result<double> {
                  const auto outputs = static_cast<std::size_t>(ir::channels(w.type.shape));
                  const LayerWeights weights =
                      roundWeights(ir::realsOf(w), outputs, nullptr, bits,
                                   options.perChannel && inside[layer.output.index], options);
                  changed.tensors[layer.weight.index].constant =
                      std::make_shared<const ir::ConstantData>(weights.reals());
                  return probe.noise(changed, output, nullptr);
                }));
  }
  for (const Site& site : sites) {
    const Values& values = probe.at(site.tensor);
    const bool isSigned =
        site.isSigned && std::any_of(values.begin(), values.end(), [](double x) { return x < 0; });
    SLUICE_RETURN_IF_ERROR(measure({.name = form.tensor(site.tensor).name,
                                    .isWeight = false,
                                    .size = ir::elements(form.tensor(site.tensor).type.shape)},
                                   [&](std::uint32_t bits) -> Result<double> {
                                     const Grid grid =
                                         chooseGrid(values, {.bits = bits,
                                                             .isSigned = isSigned,
                                                             .powerOfTwo = options.powerOfTwoActivations,
                                                             .choice = options.activationRange,
                                                             .percentile = options.percentile});
                                     Values rounded(values.size());
                                     for (std::size_t i = 0; i < values.size(); ++i)
                                       rounded[i] = grid.nearest(values[i]);
                                     return probe.noise(form, site.tensor, &rounded);
                                   }));
  }
  return places;
}

Result<std::vector<std::uint32_t>> widthsWithin(const std::vector<Sensitivity>& places,
                                                const WidthTarget& target, Widths widths,
                                                const CostOfWidths& cost, double limit) {
  const auto noise = [&](std::size_t i, std::uint32_t bits) {
    return places[i].noise[bits - target.leastBits];
  };
  double now = cost(widths);
  while (now > limit) {
    std::optional<std::size_t> best;
    double bestRatio = INFINITY, bestCost = now;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (widths[i] <= target.leastBits) continue;
      --widths[i];
      const double less = cost(widths);
      ++widths[i];
      if (!(less < now)) continue;
      const double ratio = (noise(i, widths[i] - 1) - noise(i, widths[i])) / (now - less);
      if (ratio < bestRatio) {
        bestRatio = ratio;
        best = i;
        bestCost = less;
      }
    }
    if (!best)
      return infeasible("widths of at least " + std::to_string(target.leastBits) +
                        " bits everywhere still cost more than the target");
    --widths[*best];
    now = bestCost;
  }
  // What the last step saved too much is given back where it helps most.
  for (;;) {
    std::optional<std::size_t> best;
    double bestGain = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (widths[i] >= target.mostBits) continue;
      ++widths[i];
      const double more = cost(widths);
      --widths[i];
      const double gain = noise(i, widths[i]) - noise(i, widths[i] + 1);
      if (more > now && more <= limit && gain > bestGain) {
        bestGain = gain;
        best = i;
      }
    }
    if (!best) break;
    ++widths[*best];
    now = cost(widths);
  }
  return widths;
}

namespace {

/// Average width of the weights, or of the activations.
CostOfWidths averageOf(const std::vector<Sensitivity>& places, bool weights) {
  return [&places, weights](const Widths& widths) {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i].isWeight != weights) continue;
      sum += static_cast<double>(places[i].size) * widths[i];
      count += static_cast<double>(places[i].size);
    }
    return count > 0 ? sum / count : 0;
  };
}

QuantizeOptions withWidths(QuantizeOptions options, const std::vector<Sensitivity>& places,
                           const Widths& widths) {
  for (std::size_t i = 0; i < places.size(); ++i)
    (places[i].isWeight ? options.weightBitsOf : options.activationBitsOf)[places[i].name] = widths[i];
  return options;
}

/// The places (indices) whose quantizers each layer reads, with its own place and its multiplications.
struct LayerCost {
  std::size_t weight = 0;
  std::vector<std::size_t> inputs;
  double multiplications = 0;
};
std::vector<LayerCost> layerCosts(const ir::Graph& form, const std::vector<Sensitivity>& places) {
  const auto placeOf = [&](const std::string& name, bool isWeight) {
    for (std::size_t i = 0; i < places.size(); ++i)
      if (places[i].name == name && places[i].isWeight == isWeight) return i;
    return places.size();
  };
  std::vector<LayerCost> costs;
  for (const Layer& layer : layersOf(form)) {
    LayerCost cost{.weight = placeOf(form.node(layer.node).name, true),
                   .multiplications = static_cast<double>(multiplicationsOf(form, form.node(layer.node)))};
    std::vector<ir::TensorId> open = {layer.input};
    while (!open.empty()) {
      const ir::TensorId id = open.back();
      open.pop_back();
      const std::size_t place = placeOf(form.tensor(id).name, false);
      if (place < places.size()) {
        cost.inputs.push_back(place);
      } else if (!form.tensor(id).isConstant()) {
        for (const ir::TensorId input : form.node(form.tensor(id).producer).inputs) open.push_back(input);
      }
    }
    costs.push_back(std::move(cost));
  }
  return costs;
}

CostOfWidths operationsOf(std::vector<LayerCost> layers) {
  return [layers = std::move(layers)](const Widths& widths) {
    double sum = 0;
    for (const LayerCost& layer : layers) {
      std::uint32_t bits = 0;
      for (const std::size_t input : layer.inputs) bits = std::max(bits, widths[input]);
      sum += layer.multiplications * widths[layer.weight] * bits;
    }
    return sum;
  };
}

/// The cheapest widths (in bit operations) at which few enough samples are lost: bisection along one path of limits.
Result<Widths> widthsForDrop(const ir::Graph& graph, const Calibration& calibration,
                             const QuantizeOptions& options, const WidthTarget& target,
                             const std::vector<Sensitivity>& places, const Widths& start,
                             const CostOfWidths& cost) {
  if (target.labels.size() != calibration.samples)
    return badInput(std::to_string(target.labels.size()) + " labels are given for " +
                    std::to_string(calibration.samples) + " samples");
  SLUICE_TRY(const auto real, referenceOutputs(graph, calibration, options.threads));
  const auto wanted = static_cast<double>(countRight(real[0], target.labels)) -
                      *target.mostDrop * static_cast<double>(calibration.samples);
  const Widths least(places.size(), target.leastBits);
  const double low = cost(least), high = cost(start);
  constexpr int steps = 16;
  const auto holds = [&](const Widths& widths) -> Result<bool> {
    SLUICE_TRY(const Quantized network, quantize(graph, calibration, withWidths(options, places, widths)));
    SLUICE_TRY(const auto got, integerOutputs(network.graph, calibration, options.threads));
    return static_cast<double>(countRight(got[0], target.labels)) >= wanted;
  };
  SLUICE_TRY(const bool possible, holds(start));
  if (!possible)
    return infeasible("even widths of " + std::to_string(target.mostBits) +
                      " bits lose more samples than allowed");
  int good = steps, bad = -1;
  Widths best = start;
  while (good - bad > 1) {
    const int middle = (good + bad) / 2;
    SLUICE_TRY(const Widths widths, widthsWithin(places, target, start, cost,
                                                 low + (high - low) * static_cast<double>(middle) / steps));
    SLUICE_TRY(const bool enough, holds(widths));
    (enough ? good : bad) = middle;
    if (enough) best = widths;
  }
  return best;
}

}  // namespace

Result<QuantizeOptions> chooseWidths(const ir::Graph& graph, const Calibration& calibration,
                                     const QuantizeOptions& options, const WidthTarget& target) {
  if (target.leastBits < 2 || target.leastBits > target.mostBits || target.mostBits > 16)
    return badInput("widths between 2 and 16 bits are supported");
  SLUICE_TRY(const std::vector<Sensitivity> places, sensitivitiesOf(graph, calibration, options, target));
  SLUICE_TRY(const ir::Graph form, normalForm(graph));
  Widths widths(places.size(), target.mostBits);
  const auto meet = [&](const CostOfWidths& cost, double limit) -> Status {
    SLUICE_TRY(widths, widthsWithin(places, target, widths, cost, limit));
    return {};
  };
  constexpr double slack = 1e-9;
  if (target.averageWeightBits)
    SLUICE_RETURN_IF_ERROR(meet(averageOf(places, true), *target.averageWeightBits + slack));
  if (target.weightBits) {
    double count = 0;
    for (const Sensitivity& place : places) count += place.isWeight ? static_cast<double>(place.size) : 0;
    SLUICE_RETURN_IF_ERROR(meet(averageOf(places, true),
                                static_cast<double>(*target.weightBits) / std::max(count, 1.0) + slack));
  }
  if (target.averageActivationBits)
    SLUICE_RETURN_IF_ERROR(meet(averageOf(places, false), *target.averageActivationBits + slack));
  const CostOfWidths operations = operationsOf(layerCosts(form, places));
  if (target.bitOperations)
    SLUICE_RETURN_IF_ERROR(meet(operations, static_cast<double>(*target.bitOperations)));
  if (target.mostDrop) {
    SLUICE_TRY(widths, widthsForDrop(graph, calibration, options, target, places, widths, operations));
  }
  return withWidths(options, places, widths);
}

}  // namespace sluice::quantize

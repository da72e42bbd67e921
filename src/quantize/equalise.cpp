#include "quantize/equalise.h"

#include <algorithm>
#include <cmath>

#include "ir/reference.h"
#include "quantize/normal_form.h"
#include "quantize/quantize.h"

namespace sluice::quantize {
namespace {

/// f(s x) = s f(x) for s > 0, channel by channel; a reshape of channels-last data keeps channel = position % channels.
bool isHomogeneous(const ir::Operation& operation) {
  if (const auto* unary = std::get_if<ir::Unary>(&operation))
    return unary->kind == ir::UnaryKind::relu || unary->kind == ir::UnaryKind::leakyRelu ||
           unary->kind == ir::UnaryKind::identity;
  if (const auto* pad = std::get_if<ir::Pad>(&operation))
    return pad->value == 0 && (pad->before.empty() || pad->before.back() == 0) &&
           (pad->after.empty() || pad->after.back() == 0) &&
           (pad->between.empty() || pad->between.back() == 0);
  return std::holds_alternative<ir::Reshape>(operation) || std::holds_alternative<ir::Pool>(operation);
}

struct Pair {
  std::size_t first = 0, second = 0;  ///< layers
  ir::TensorId between;               ///< what the second reads
};

std::vector<Pair> pairsOf(const ir::Graph& form, const std::vector<Layer>& layers) {
  std::vector<Pair> pairs;
  const auto users = ir::allUsers(form);
  const auto isOutput = [&](ir::TensorId id) {
    return std::find(form.outputs.begin(), form.outputs.end(), id) != form.outputs.end();
  };
  for (std::size_t a = 0; a < layers.size(); ++a) {
    ir::TensorId at = layers[a].output;
    while (users[at.index].size() == 1 && !isOutput(at)) {
      const ir::NodeId next = users[at.index][0];
      const auto b =
          std::find_if(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.node == next; });
      if (b != layers.end()) {
        pairs.push_back({a, static_cast<std::size_t>(b - layers.begin()), at});
        break;
      }
      if (!isHomogeneous(form.node(next).operation)) break;
      at = form.node(next).output;
    }
  }
  return pairs;
}

/// The channel of the first layer that each weight of the second reads; empty where that is not clear.
std::vector<std::size_t> readChannels(const ir::Graph& form, const Layer& second, std::size_t channels) {
  const ir::Shape& w = form.tensor(second.weight).type.shape;
  const ir::Node& node = form.node(second.node);
  const auto outputs = static_cast<std::size_t>(w.back());
  const auto in = static_cast<std::size_t>(w[w.size() - 2]);  // of a group
  std::size_t groups = 1;
  if (const auto* conv = std::get_if<ir::Conv>(&node.operation)) {
    groups = static_cast<std::size_t>(conv->groups);
    if (in * groups != channels) return {};
  } else if (!std::holds_alternative<ir::MatMul>(node.operation) || in % channels != 0) {
    return {};
  }
  std::vector<std::size_t> list(static_cast<std::size_t>(ir::elements(w)));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t group = i % outputs / (outputs / groups);
    list[i] = (group * in + i / outputs % in) % channels;
  }
  return list;
}

void scaleConstant(ir::Tensor& tensor, const std::vector<double>& factor,
                   const std::vector<std::size_t>& which) {
  std::vector<double> values = ir::realsOf(tensor);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] *= factor[which.empty() ? i % factor.size() : which[i]];
  tensor.constant = std::make_shared<const ir::ConstantData>(std::move(values));
}

}  // namespace

Status equalise(ir::Graph& form, const Calibration& calibration, unsigned threads) {
  const std::vector<Layer> layers = layersOf(form);
  const std::vector<Pair> pairs = pairsOf(form, layers);
  std::vector<ir::Feed> feeds;
  for (std::size_t i = 0; i < form.inputs.size(); ++i)
    feeds.push_back({.tensor = form.inputs[i], .values = calibration.inputs[i]});
  for (const Pair& pair : pairs) {
    const auto channels =
        static_cast<std::size_t>(ir::channels(form.tensor(layers[pair.first].output).type.shape));
    const std::vector<std::size_t> reads = readChannels(form, layers[pair.second], channels);
    if (reads.empty()) continue;
    SLUICE_TRY(const auto values, ir::evaluate(form, feeds, {pair.between}, calibration.samples, threads));
    std::vector<double> activation(channels, 0), weight(channels, 0);
    const auto& numbers = std::get<0>(values[0]);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      activation[i % channels] = std::max(activation[i % channels], std::abs(numbers[i]));
    const std::vector<double>& w = ir::realsOf(form.tensor(layers[pair.second].weight));
    for (std::size_t i = 0; i < w.size(); ++i) weight[reads[i]] = std::max(weight[reads[i]], std::abs(w[i]));
    std::vector<double> up(channels, 1), down(channels, 1);
    // Only ratios between channels matter: about the geometric mean, so that no tensor grows or shrinks as a whole.
    double mean = 0, count = 0;
    for (std::size_t c = 0; c < channels; ++c)
      if (activation[c] > 0 && weight[c] > 0) {
        mean += 0.5 * std::log2(activation[c] / weight[c]);
        ++count;
      }
    for (std::size_t c = 0; c < channels; ++c) {
      if (!(activation[c] > 0 && weight[c] > 0)) continue;
      up[c] = std::exp2(std::nearbyint(0.5 * std::log2(activation[c] / weight[c]) - mean / count));
      down[c] = 1 / up[c];
    }
    scaleConstant(form.tensors[layers[pair.second].weight.index], up, reads);
    scaleConstant(form.tensors[layers[pair.first].weight.index], down, {});
    scaleConstant(form.tensors[layers[pair.first].bias.index], down, {});
  }
  return {};
}

}  // namespace sluice::quantize

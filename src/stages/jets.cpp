#include "stages/jets.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "frontend/onnx_writer.h"

namespace sluice::stages {
namespace {

constexpr std::size_t features = 16, classes = 5, direct = 8;

double normal(Rng& rng) {  // Box and Muller
  const double u = 1 - rng.real(), v = rng.real();
  return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
}

std::vector<std::size_t> shuffled(std::size_t count, Rng& rng) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i)
    std::swap(order[i - 1],
              order[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(i) - 1))]);
  return order;
}

/// One parameter array under Adam.
struct Adam {
  std::vector<double> m, v;
  void step(std::vector<double>& w, const std::vector<double>& gradient, double rate, double l1,
            std::size_t t) {
    constexpr double b1 = 0.9, b2 = 0.999, epsilon = 1e-8;
    if (m.empty()) m.assign(w.size(), 0), v.assign(w.size(), 0);
    const double c1 = 1 - std::pow(b1, static_cast<double>(t)), c2 = 1 - std::pow(b2, static_cast<double>(t));
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double g = gradient[i] + (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0);
      m[i] = b1 * m[i] + (1 - b1) * g;
      v[i] = b2 * v[i] + (1 - b2) * g * g;
      w[i] -= rate * (m[i] / c1) / (std::sqrt(v[i] / c2) + epsilon);
    }
  }
};

/// y = x * W + b
void forward(const Mlp::Layer& layer, const double* x, double* y) {
  std::copy(layer.bias.begin(), layer.bias.end(), y);
  for (std::size_t i = 0; i < layer.in; ++i) {
    const double xi = x[i];
    if (xi == 0) continue;  // half of what comes out of a ReLU
    const double* w = &layer.weight[i * layer.out];
    for (std::size_t o = 0; o < layer.out; ++o) y[o] += xi * w[o];
  }
}

}  // namespace

Samples syntheticJets(std::size_t samples, std::uint64_t seed) {
  Samples set;
  set.features = features;
  Rng shape(0x6a657473, 0);  // the task itself does not depend on the seed, only its samples do
  double mean[classes][direct];
  for (auto& row : mean)
    for (double& value : row) value = 0.85 * normal(shape);
  Rng rng(seed, 1);
  for (std::size_t n = 0; n < samples; ++n) {
    const auto label = static_cast<std::size_t>(rng.uniform(0, classes - 1));
    double z[direct];
    for (std::size_t i = 0; i < direct; ++i) z[i] = mean[label][i] + normal(rng);
    for (const double value : z) set.x.push_back(static_cast<float>(value));
    for (std::size_t i = 0; i < features - direct; ++i)
      set.x.push_back(static_cast<float>(z[i] * z[(i + 3) % direct] + 0.3 * normal(rng)));
    set.label.push_back(static_cast<std::int64_t>(label));
  }
  return set;
}

Prepared prepare(const Samples& all, double testShare, std::uint64_t seed) {
  Rng rng(seed, 2);
  const std::vector<std::size_t> order = shuffled(all.count(), rng);
  const auto tests = static_cast<std::size_t>(testShare * static_cast<double>(all.count()));
  Prepared prepared;
  for (std::size_t n = 0; n < order.size(); ++n) {
    Samples& into = n < order.size() - tests ? prepared.train : prepared.test;
    into.features = all.features;
    into.label.push_back(all.label[order[n]]);
    const float* row = &all.x[order[n] * all.features];
    into.x.insert(into.x.end(), row, row + all.features);
  }
  for (std::size_t i = 0; i < all.features; ++i) {
    double sum = 0, squares = 0;
    const auto count = static_cast<double>(std::max<std::size_t>(1, prepared.train.count()));
    for (std::size_t n = 0; n < prepared.train.count(); ++n) sum += prepared.train.x[n * all.features + i];
    const double mean = sum / count;
    for (std::size_t n = 0; n < prepared.train.count(); ++n) {
      const double off = prepared.train.x[n * all.features + i] - mean;
      squares += off * off;
    }
    const double scale = squares > 0 ? 1 / std::sqrt(squares / count) : 1;
    for (Samples* set : {&prepared.train, &prepared.test})
      for (std::size_t n = 0; n < set->count(); ++n) {
        float& value = set->x[n * all.features + i];
        value = static_cast<float>((value - mean) * scale);
      }
  }
  return prepared;
}

std::vector<double> Mlp::logits(const float* x) const {
  std::vector<double> now(x, x + layers.front().in), next;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    next.assign(layers[l].out, 0);
    forward(layers[l], now.data(), next.data());
    if (l + 1 < layers.size())
      for (double& value : next) value = std::max(value, 0.0);
    now.swap(next);
  }
  return now;
}

Mlp train(const Samples& data, std::size_t classCount, const TrainOptions& options) {
  Rng rng(options.seed, 3);
  Mlp model;
  std::vector<std::size_t> widths = {data.features};
  widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
  widths.push_back(classCount);
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    Mlp::Layer layer{widths[l], widths[l + 1], {}, std::vector<double>(widths[l + 1], 0)};
    const double spread = std::sqrt(2.0 / static_cast<double>(layer.in));  // He
    for (std::size_t i = 0; i < layer.in * layer.out; ++i) layer.weight.push_back(spread * normal(rng));
    model.layers.push_back(std::move(layer));
  }
  const std::size_t depth = model.layers.size();
  std::vector<Adam> weightSteps(depth), biasSteps(depth);
  std::vector<std::vector<double>> weightGradient(depth), biasGradient(depth), y(depth + 1), dy(depth + 1);
  std::size_t t = 0;
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    const std::vector<std::size_t> order = shuffled(data.count(), rng);
    for (std::size_t begin = 0; begin < order.size(); begin += options.batch) {
      const std::size_t end = std::min(order.size(), begin + options.batch);
      for (std::size_t l = 0; l < depth; ++l) {
        weightGradient[l].assign(model.layers[l].weight.size(), 0);
        biasGradient[l].assign(model.layers[l].out, 0);
      }
      for (std::size_t n = begin; n < end; ++n) {
        const float* x = &data.x[order[n] * data.features];
        y[0].assign(x, x + data.features);
        for (std::size_t l = 0; l < depth; ++l) {
          y[l + 1].assign(model.layers[l].out, 0);
          forward(model.layers[l], y[l].data(), y[l + 1].data());
          if (l + 1 < depth)
            for (double& value : y[l + 1]) value = std::max(value, 0.0);
        }
        // Cross entropy of softmax: its gradient is the probabilities, less one at the label.
        std::vector<double>& last = dy[depth];
        const double top = *std::max_element(y[depth].begin(), y[depth].end());
        double sum = 0;
        last.assign(classCount, 0);
        for (std::size_t c = 0; c < classCount; ++c) sum += last[c] = std::exp(y[depth][c] - top);
        for (double& value : last) value /= sum;
        last[static_cast<std::size_t>(data.label[order[n]])] -= 1;
        for (std::size_t l = depth; l-- > 0;) {
          const Mlp::Layer& layer = model.layers[l];
          dy[l].assign(layer.in, 0);
          for (std::size_t o = 0; o < layer.out; ++o) biasGradient[l][o] += dy[l + 1][o];
          for (std::size_t i = 0; i < layer.in; ++i) {
            if (l > 0 && y[l][i] == 0) continue;  // a ReLU that is off passes nothing either way
            const double* w = &layer.weight[i * layer.out];
            double* g = &weightGradient[l][i * layer.out];
            double back = 0;
            for (std::size_t o = 0; o < layer.out; ++o) {
              g[o] += y[l][i] * dy[l + 1][o];
              back += w[o] * dy[l + 1][o];
            }
            dy[l][i] = back;
          }
        }
      }
      ++t;
      const double share = 1.0 / static_cast<double>(end - begin);
      for (std::size_t l = 0; l < depth; ++l) {
        for (double& g : weightGradient[l]) g *= share;
        for (double& g : biasGradient[l]) g *= share;
        weightSteps[l].step(model.layers[l].weight, weightGradient[l], options.rate, options.l1, t);
        biasSteps[l].step(model.layers[l].bias, biasGradient[l], options.rate, 0, t);
      }
    }
  }
  return model;
}

double accuracy(const Mlp& model, const Samples& data) {
  std::size_t right = 0;
  for (std::size_t n = 0; n < data.count(); ++n) {
    const std::vector<double> logits = model.logits(&data.x[n * data.features]);
    right += std::max_element(logits.begin(), logits.end()) - logits.begin() == data.label[n];
  }
  return data.count() == 0 ? 0 : static_cast<double>(right) / static_cast<double>(data.count());
}

std::string onnxOf(const Mlp& model) {
  frontend::OnnxWriter writer;
  writer.graphName("mlp");
  writer.input("x", {1, static_cast<std::int64_t>(model.layers.front().in)});
  std::string now = "x";
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const Mlp::Layer& layer = model.layers[l];
    const bool last = l + 1 == model.layers.size();
    const std::string name = last ? "output" : "dense" + std::to_string(l + 1);
    writer.tensor(name + "_weight",
                  {static_cast<std::int64_t>(layer.in), static_cast<std::int64_t>(layer.out)},
                  std::vector<float>(layer.weight.begin(), layer.weight.end()));
    writer.tensor(name + "_bias", {static_cast<std::int64_t>(layer.out)},
                  std::vector<float>(layer.bias.begin(), layer.bias.end()));
    writer.node("MatMul", {now, name + "_weight"}, {name + "_product"}, {}, name);
    writer.node("Add", {name + "_product", name + "_bias"}, {last ? "logits" : name + "_sum"}, {},
                name + "_add");
    if (!last) writer.node("Relu", {name + "_sum"}, {name + "_out"}, {}, name + "_relu");
    now = name + "_out";
  }
  writer.output("logits", {1, static_cast<std::int64_t>(model.layers.back().out)});
  return writer.bytes();
}

}  // namespace sluice::stages

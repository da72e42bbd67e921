#include "ir/same_meaning.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "base/text.h"
#include "ir/reference.h"
#include "ir/reference_ops.h"

namespace sluice::ir {
namespace {

/// The quantizer that reads a graph input directly or after moves of elements; its codes say which inputs
/// matter.
std::optional<Codes> quantizerOf(const Graph& graph, TensorId input) {
  std::vector<bool> same(graph.tensors.size());
  same[input.index] = true;
  if (!graph.tensor(input).type.isReal()) return graph.tensor(input).type.codes;
  for (const Node& node : graph.nodes) {
    if (node.inputs.empty() || !same[node.inputs[0].index]) continue;
    if (std::holds_alternative<Quantize>(node.operation)) return graph.tensor(node.output).type.codes;
    if (std::holds_alternative<Reshape>(node.operation) || std::holds_alternative<Transpose>(node.operation))
      same[node.output.index] = true;
  }
  return std::nullopt;
}

double drawForQuantizer(Rng& rng, const Codes& codes, std::int64_t channel, bool beyond) {
  // Ranges wider than 2^20 are sampled around zero and at both ends.
  fixed::Interval range = codes.range;
  const std::int64_t window = std::int64_t{1} << 20;
  if (range.hi - range.lo > window) {
    const std::int64_t centre = rng.uniform(0, 3) == 0 ? (rng.chance(0.5) ? range.lo : range.hi)
                                                       : std::clamp(codes.zeroPoint, range.lo, range.hi);
    range = {std::max(range.lo, centre - window / 2), std::min(range.hi, centre + window / 2)};
  }
  auto code = static_cast<double>(rng.uniform(range.lo, range.hi));
  if (beyond) {
    constexpr double offsets[] = {0.5, -0.5, 0.5 - 0x1p-16, 0.5 + 0x1p-16, -0.5 + 0x1p-16, 0.25};
    if (rng.chance(0.3)) code += offsets[rng.uniform(0, 5)];
    if (rng.chance(0.05))
      code += (rng.chance(0.5) ? 1.0 : -1.0) * static_cast<double>(range.hi - range.lo + 1);
  }
  return scaleOf(codes, channel) * (code - static_cast<double>(codes.zeroPoint));
}

double drawReal(Rng& rng, int kind) {
  switch (kind) {
    case 0:
      return 2 * rng.real() - 1;
    case 1:
      return static_cast<double>(rng.uniform(0, 255)) / 255;
    case 2:
      return static_cast<double>(rng.uniform(-128, 255));
    default:
      return (2 * rng.real() - 1) * std::ldexp(1.0, static_cast<int>(rng.uniform(-4, 6)));
  }
}

/// Whether rounding errors of the computation before it could have moved `steps` across a tie (or, for the
/// directed modes, an integer).
bool nearDecision(double steps) {
  if (!std::isfinite(steps)) return false;
  const double twice = 2 * steps;
  return std::fabs(twice - std::nearbyint(twice)) <= 1e-9 * std::max(1.0, std::fabs(steps));
}

/// The same for a quantizer of unequal steps, by asking it on both sides.
template <typename Quantizer>
bool stepsNear(const Quantizer& quantizer, const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [&](double x) {
    const double margin = 1e-9 * std::fabs(x) + 1e-12;
    return apply(quantizer, x - margin) != apply(quantizer, x + margin);
  });
}

/// Whether a quantizer, bipolar or topK of real numbers of the graph stands near a tie for these inputs of
/// one sample.
Result<bool> nearTie(const Graph& graph, const std::vector<Feed>& feeds) {
  std::vector<TensorId> wanted;
  std::vector<NodeId> deciders;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool decides = std::holds_alternative<Quantize>(node.operation) ||
                         std::holds_alternative<Bipolar>(node.operation) ||
                         std::holds_alternative<QuantizePower>(node.operation) ||
                         std::holds_alternative<QuantizeFloat>(node.operation) ||
                         (std::holds_alternative<TopK>(node.operation) && !isInteger(graph, node));
    if (!decides || graph.tensor(node.inputs[0]).isConstant()) continue;
    wanted.push_back(node.inputs[0]);
    deciders.push_back(NodeId(i));
  }
  SLUICE_TRY(const auto values, evaluate(graph, feeds, wanted, 1));
  for (std::size_t k = 0; k < deciders.size(); ++k) {
    const TensorType& type = graph.tensor(wanted[k]).type;
    std::vector<double> x = realValues(type, values[k]);
    const auto n = static_cast<std::size_t>(channels(type.shape));
    const Operation& operation = graph.node(deciders[k]).operation;
    if (const auto* q = std::get_if<Quantize>(&operation)) {
      for (std::size_t i = 0; i < x.size(); ++i)
        if (nearDecision(x[i] / q->scale[q->scale.size() == 1 ? 0 : i % n] +
                         static_cast<double>(q->zeroPoint)))
          return true;
    } else if (std::holds_alternative<Bipolar>(operation)) {
      double largest = 1;
      for (const double one : x) largest = std::max(largest, std::fabs(one));
      for (const double one : x)
        if (std::fabs(one) <= 1e-12 * largest) return true;
    } else if (const auto* power = std::get_if<QuantizePower>(&operation)) {
      if (stepsNear(*power, x)) return true;
    } else if (const auto* minifloat = std::get_if<QuantizeFloat>(&operation)) {
      if (stepsNear(*minifloat, x)) return true;
    } else {
      for (std::size_t row = 0; row < x.size(); row += n) {
        const auto first = x.begin() + static_cast<std::ptrdiff_t>(row);
        const auto last = first + static_cast<std::ptrdiff_t>(n);
        std::sort(first, last);
        for (auto next = first + 1; next < last; ++next)
          if (*next - *(next - 1) <= 1e-12 * std::max(1.0, std::fabs(*next))) return true;
      }
    }
  }
  return false;
}

std::vector<Feed> feedsFor(const Graph& graph, const std::vector<std::vector<double>>& inputs,
                           std::size_t sample) {
  std::vector<Feed> feeds;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& type = graph.tensor(graph.inputs[i]).type;
    const auto count = static_cast<std::size_t>(elements(type.shape));
    const double* first = inputs[i].data() + sample * count;
    if (type.isReal()) {
      feeds.push_back({.tensor = graph.inputs[i], .values = std::vector<double>(first, first + count)});
      continue;
    }
    feeds.push_back(
        {.tensor = graph.inputs[i], .values = nearestCodes(type, std::vector<double>(first, first + count))});
  }
  return feeds;
}

Status sameInterface(const Graph& before, const Graph& after) {
  const auto compare = [&](const std::vector<TensorId>& a, const std::vector<TensorId>& b,
                           const char* what) -> Status {
    if (a.size() != b.size())
      return badInput(std::to_string(a.size()) + " " + what + "s became " + std::to_string(b.size()));
    for (std::size_t i = 0; i < a.size(); ++i) {
      const Tensor& x = before.tensor(a[i]);
      const Tensor& y = after.tensor(b[i]);
      if (x.name != y.name || x.type.shape != y.type.shape)
        return badInput(std::string(what) + " '" + x.name + "' " + text(x.type.shape) + " became '" + y.name +
                        "' " + text(y.type.shape));
    }
    return {};
  };
  SLUICE_RETURN_IF_ERROR(compare(before.inputs, after.inputs, "input"));
  return compare(before.outputs, after.outputs, "output");
}

/// The first element that differs, told; nothing if none does.
std::optional<std::string> difference(const Graph& before, const Graph& after, std::size_t sample,
                                      const std::vector<ConstantData>& a, const std::vector<ConstantData>& b,
                                      const MeaningOptions& options) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const TensorType& typeA = before.tensor(before.outputs[i]).type;
    const TensorType& typeB = after.tensor(after.outputs[i]).type;
    const auto count = static_cast<std::size_t>(elements(typeA.shape));
    const auto tell = [&](std::size_t k, const std::string& x, const std::string& y) {
      return "seed " + std::to_string(options.seed) + ", sample " + std::to_string(sample) + ": output '" +
             before.tensor(before.outputs[i]).name + "', element " + std::to_string(k) + " was " + x +
             " and is " + y;
    };
    const bool codes = !typeA.isReal() && !typeB.isReal() && typeA.codes->scale == typeB.codes->scale &&
                       typeA.codes->zeroPoint == typeB.codes->zeroPoint;
    const auto cut = [&](const ConstantData& data, const TensorType& type) {
      return std::visit(
          [&](const auto& list) {
            const auto first = list.begin() + static_cast<std::ptrdiff_t>(sample * count);
            return realValues(
                type, std::decay_t<decltype(list)>(first, first + static_cast<std::ptrdiff_t>(count)));
          },
          data);
    };
    if (codes) {
      const auto& x = std::get<std::vector<std::int64_t>>(a[i]);
      const auto& y = std::get<std::vector<std::int64_t>>(b[i]);
      for (std::size_t k = 0; k < count; ++k) {
        const std::size_t at = sample * count + k;
        if (std::abs(x[at] - y[at]) > options.toleranceLsb)
          return tell(k, "code " + std::to_string(x[at]), "code " + std::to_string(y[at]));
      }
      continue;
    }
    const std::vector<double> x = cut(a[i], typeA);
    const std::vector<double> y = cut(b[i], typeB);
    for (std::size_t k = 0; k < count; ++k) {
      if (x[k] == y[k] || (std::isnan(x[k]) && std::isnan(y[k]))) continue;
      // Written so that NaN beside a number is a difference.
      if (!(std::fabs(x[k] - y[k]) <= options.tolerance * std::max({1.0, std::fabs(x[k]), std::fabs(y[k])})))
        return tell(k, formatDouble(x[k]), formatDouble(y[k]));
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::vector<double>> drawInputs(const Graph& graph, std::size_t samples, std::uint64_t seed) {
  std::vector<std::vector<double>> inputs;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const TensorType& type = graph.tensor(graph.inputs[i]).type;
    const auto count = static_cast<std::size_t>(elements(type.shape));
    const std::optional<Codes> codes = quantizerOf(graph, graph.inputs[i]);
    Rng rng(seed, i);
    std::vector<double>& values = inputs.emplace_back();
    values.reserve(samples * count);
    for (std::size_t sample = 0; sample < samples; ++sample) {
      const auto kind = static_cast<int>(rng.uniform(0, 3));
      for (std::size_t k = 0; k < count; ++k) {
        // Scales per channel fit the input's own elements only if the last axis was not moved on the way.
        const auto channel = static_cast<std::int64_t>(codes ? k % codes->scale.size() : 0);
        values.push_back(codes ? drawForQuantizer(rng, *codes, channel, type.isReal()) : drawReal(rng, kind));
      }
    }
  }
  return inputs;
}

Status compareMeaning(const Graph& before, const Graph& after, const MeaningOptions& options) {
  SLUICE_RETURN_IF_ERROR(sameInterface(before, after));
  const auto inputs = drawInputs(before, options.samples, options.seed);
  const ReferenceOptions codes{.inputCodes = false, .outputCodes = true, .threads = 1};
  SLUICE_TRY(const auto was, runReference(before, inputs, options.samples, codes));
  SLUICE_TRY(const auto is, runReference(after, inputs, options.samples, codes));
  std::size_t excused = 0;
  std::string firstExcused;
  for (std::size_t sample = 0; sample < options.samples; ++sample) {
    const auto found = difference(before, after, sample, was, is, options);
    if (!found) continue;
    SLUICE_TRY(const bool tieBefore, nearTie(before, feedsFor(before, inputs, sample)));
    SLUICE_TRY(const bool tieAfter, nearTie(after, feedsFor(after, inputs, sample)));
    if (!tieBefore && !tieAfter) return badInput("the meaning changed: " + *found);
    if (excused++ == 0) firstExcused = *found;
  }
  if (static_cast<double>(excused) > options.mostExcused * static_cast<double>(options.samples))
    return badInput("the meaning changed in " + std::to_string(excused) + " of " +
                    std::to_string(options.samples) + " samples, each near a tie: " + firstExcused);
  return {};
}

}  // namespace sluice::ir

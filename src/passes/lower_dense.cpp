#include <algorithm>
#include <cmath>

#include "passes/on_grid.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

constexpr std::int64_t mostGridCode =
    (std::int64_t{1} << 15) - 1;  // codes of real weights on a grid: 16 bits

struct Weights {
  ir::Shape shape;
  std::vector<std::int64_t> codes;
  std::vector<double> scale;
};

/// The weights without zero point; none if they are real numbers on no grid of 16 bits.
std::optional<Weights> weightsOf(const ir::Tensor& w) {
  if (!w.isConstant()) return std::nullopt;
  Weights result{.shape = w.type.shape, .codes = {}, .scale = {1}};
  if (!w.type.isReal()) {
    result.codes = ir::codesOf(w);
    constexpr std::int64_t widest = std::int64_t{1} << 61;
    if (w.type.codes->range.lo < -widest || w.type.codes->range.hi > widest ||
        std::max(w.type.codes->zeroPoint, -w.type.codes->zeroPoint) > widest)
      return std::nullopt;
    result.scale = w.type.codes->scale;
    if (w.type.codes->zeroPoint != 0)
      for (std::int64_t& code : result.codes) code -= w.type.codes->zeroPoint;
    return result;
  }
  // Floats are dyadic numbers: the grid is the least power of two among their last bits.
  int exponent = 1 << 20;
  for (const double value : ir::realsOf(w)) {
    if (!std::isfinite(value)) return std::nullopt;
    if (value == 0) continue;
    int e = 0;
    auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &e), 53));
    int trailing = 0;
    for (; mantissa % 2 == 0; mantissa /= 2) ++trailing;
    exponent = std::min(exponent, e - 53 + trailing);
  }
  if (exponent == 1 << 20) exponent = 0;  // all zero
  for (const double value : ir::realsOf(w)) {
    const double code = std::ldexp(value, -exponent);
    if (std::fabs(code) > static_cast<double>(mostGridCode)) return std::nullopt;
    result.codes.push_back(static_cast<std::int64_t>(code));
  }
  result.scale = {std::ldexp(1.0, exponent)};
  return result;
}

}  // namespace

Result<Change> lowerDense(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  OnGrid onGrid(rewrite);
  for (const ir::Node& node : graph.nodes) {
    if (!std::holds_alternative<ir::MatMul>(node.operation)) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const ir::Tensor& w = graph.tensor(node.inputs[1]);
    std::optional<Weights> weights;
    if (!graph.tensor(node.inputs[0]).isConstant()) weights = weightsOf(w);
    std::optional<ir::TensorId> x;
    if (weights) {
      SLUICE_TRY(x, onGrid.codes(node.inputs[0]));
    }
    if (!x || rewrite.to.tensor(*x).type.codes->scale.size() != 1) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const std::int64_t zeroPoint = rewrite.to.tensor(*x).type.codes->zeroPoint;
    const double xScale = rewrite.to.tensor(*x).type.codes->scale[0];
    const auto columns = static_cast<std::size_t>(weights->shape[1]);
    std::vector<std::int64_t> bias(columns, 0);
    if (zeroPoint != 0) {
      // -zeroPoint * sum of the column's weights, in 128 bits: both factors come from a file.
      std::vector<__int128> sums(columns, 0);
      for (std::size_t i = 0; i < weights->codes.size(); ++i) sums[i % columns] += weights->codes[i];
      for (std::size_t j = 0; j < columns; ++j) {
        const __int128 limit = __int128{1} << 62;
        if (sums[j] > limit || sums[j] < -limit || sums[j] * zeroPoint > limit ||
            sums[j] * zeroPoint < -limit)
          return unsupported("the zero point of its input times its weights leaves 62 bits",
                             "node '" + node.name + "'");
        bias[j] = static_cast<std::int64_t>(-sums[j] * zeroPoint);
      }
    }

    ir::TensorId lowered;
    if (!w.type.isReal() && w.type.codes->zeroPoint == 0) {
      lowered = rewrite.at(node.inputs[1]);
    } else {
      const fixed::Interval range = rangeOf(weights->codes);
      lowered =
          rewrite.addConstant(w.name + ".codes",
                              {.shape = weights->shape,
                               .codes = ir::Codes{.range = range, .scale = weights->scale, .zeroPoint = 0}},
                              std::move(weights->codes));
    }
    std::vector<ir::TensorId> inputs{*x, lowered};
    if (zeroPoint != 0) {
      std::vector<double> scale;
      for (const double s : weights->scale) scale.push_back(s * xScale);
      const fixed::Interval range = rangeOf(bias);
      inputs.push_back(rewrite.addConstant(
          node.name + ".bias",
          {.shape = {weights->shape[1]}, .codes = ir::Codes{.range = range, .scale = scale, .zeroPoint = 0}},
          std::move(bias)));
    }
    SLUICE_TRY(const ir::TensorId added,
               rewrite.replace(node, ir::Dense{}, std::move(inputs), originsOf(node)));
    (void)added;
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

namespace {

/// The constant as a whole number of the Dense's steps in each column.
std::optional<std::vector<std::int64_t>> biasSteps(const ir::Tensor& constant, const ir::Tensor& dense,
                                                   bool negate) {
  const ir::Codes& codes = *dense.type.codes;
  const auto columns = static_cast<std::size_t>(ir::channels(dense.type.shape));
  const auto values = exactReals(constant);
  if (!values ||
      (values->size() != 1 && (values->size() != columns ||
                               ir::channels(constant.type.shape) != static_cast<std::int64_t>(columns))))
    return std::nullopt;
  std::vector<std::int64_t> steps(columns);
  for (std::size_t j = 0; j < columns; ++j) {
    const auto whole =
        wholeSteps((*values)[values->size() == 1 ? 0 : j], codes.scale[codes.scale.size() == 1 ? 0 : j]);
    if (!whole) return std::nullopt;
    steps[j] = negate ? -*whole : *whole;
  }
  return steps;
}

}  // namespace

Result<Change> foldBias(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  // Per Dense the sum that swallows it, decided first, as the Dense comes earlier in the graph.
  struct Fold {
    const ir::Node* dense = nullptr;
    std::vector<std::int64_t> steps;
  };
  std::vector<Fold> folds(graph.nodes.size());
  std::vector<bool> swallowed(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    const auto* binary = std::get_if<ir::Binary>(&node.operation);
    if (binary == nullptr ||
        (binary->kind != ir::BinaryKind::add && binary->kind != ir::BinaryKind::subtract))
      continue;
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
      if (binary->kind == ir::BinaryKind::subtract && k == 1)
        continue;  // constant - dense is no sum with the dense
      const ir::Tensor& x = graph.tensor(node.inputs[k]);
      if (!x.producer.valid() || rewrite.readers(node.inputs[k]) != 1) continue;
      const ir::Node& dense = graph.node(x.producer);
      if (!std::holds_alternative<ir::Dense>(dense.operation) ||
          x.type.shape != graph.tensor(node.output).type.shape)
        continue;
      auto steps = biasSteps(graph.tensor(node.inputs[1 - k]), x, binary->kind == ir::BinaryKind::subtract);
      if (!steps) continue;
      folds[i] = {&dense, std::move(*steps)};
      swallowed[x.producer.index] = true;
      break;
    }
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    if (swallowed[i]) continue;
    if (folds[i].dense == nullptr) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const ir::Node& dense = *folds[i].dense;
    std::vector<std::int64_t>& steps = folds[i].steps;
    if (dense.inputs.size() == 3) {
      const auto& earlier = ir::codesOf(graph.tensor(dense.inputs[2]));
      for (std::size_t j = 0; j < steps.size(); ++j) steps[j] += earlier[j];
    }
    const fixed::Interval range = rangeOf(steps);
    const ir::TensorType type{
        .shape = {static_cast<std::int64_t>(steps.size())},
        .codes =
            ir::Codes{.range = range, .scale = graph.tensor(dense.output).type.codes->scale, .zeroPoint = 0}};
    const ir::TensorId bias = rewrite.addConstant(dense.name + ".bias", type, std::move(steps));
    std::vector<std::string> origins = originsOf(dense);
    for (std::string& origin : originsOf(node)) origins.push_back(std::move(origin));
    SLUICE_TRY(
        const ir::TensorId added,
        rewrite.replace(node, ir::Dense{}, {rewrite.at(dense.inputs[0]), rewrite.at(dense.inputs[1]), bias},
                        std::move(origins), dense.name));
    (void)added;
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

Result<Change> quantizeInputs(ir::Graph& graph, const LowerOptions& options) {
  // Real tensors that come from an input with no codes on the way.
  std::vector<bool> raw(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    if (!graph.tensor(node.output).type.isReal()) continue;
    raw[node.output.index] = std::holds_alternative<ir::Input>(node.operation);
    for (const ir::TensorId input : node.inputs)
      if (raw[input.index]) raw[node.output.index] = true;
    // A product that gets a quantizer is no longer raw.
    if (std::holds_alternative<ir::MatMul>(node.operation)) raw[node.output.index] = false;
  }
  Change change;
  Rewrite rewrite(graph);
  std::vector<ir::TensorId> quantized(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    const bool enters = std::holds_alternative<ir::MatMul>(node.operation) && raw[node.inputs[0].index] &&
                        graph.tensor(node.inputs[1]).isConstant();
    if (!enters) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const ir::Tensor& x = graph.tensor(node.inputs[0]);
    if (!options.inputFormat)
      return unsupported("reads '" + x.name + "', which no quantizer comes before; give a format for inputs",
                         "node '" + node.name + "'");
    ir::TensorId& codes = quantized[node.inputs[0].index];
    if (!codes.valid()) {
      SLUICE_TRY(codes,
                 rewrite.add(x.name + ".quantized", *options.inputFormat, {rewrite.at(node.inputs[0])}, {}));
      ++change.places;
    }
    SLUICE_TRY(const ir::TensorId added,
               rewrite.replace(node, ir::MatMul{}, {codes, rewrite.at(node.inputs[1])}, node.origins));
    (void)added;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes

#include <algorithm>
#include <cmath>

#include "fixed/exact_bounds.h"
#include "passes/passes.h"
#include "passes/products.h"

/// Products with constants.
///
/// A sum of products of codes is exact in integers as soon as all terms have one step. So formats that differ from
/// channel to channel are brought onto their common step first, the input's by shifts, which are wires, and the
/// weights' here. A depthwise convolution adds nothing up over channels and keeps a scale for each.
namespace sluice::passes {
namespace {

using fixed::Bounds;
constexpr std::int64_t mostCode = std::int64_t{1} << 53;

std::optional<double> exactProduct(double a, double b) {
  const Bounds product = Bounds::of(a) * Bounds::of(b);
  if (!product.known() || !product.isPoint()) return std::nullopt;
  return product.lo;
}

}  // namespace

std::optional<Weights> weightsOf(const ir::Tensor& w) {
  if (!w.isConstant()) return std::nullopt;
  Weights result{.shape = w.type.shape, .codes = {}, .scale = {1}};
  if (w.type.isReal()) {
    // Floats are dyadic numbers: the grid is the least power of two among their last bits.
    const std::vector<double>& values = ir::realsOf(w);
    const auto step = gridOf(values, mostGridCode);
    if (!step) return std::nullopt;
    for (const double value : values) result.codes.push_back(static_cast<std::int64_t>(value / *step));
    result.scale = {*step};
    return result;
  }
  const ir::Codes& codes = *w.type.codes;
  constexpr std::int64_t widest = std::int64_t{1} << 61;
  if (codes.range.lo < -widest || codes.range.hi > widest ||
      std::max(codes.zeroPoint, -codes.zeroPoint) > widest)
    return std::nullopt;
  result.codes = ir::codesOf(w);
  result.scale = codes.scale;
  for (std::int64_t& code : result.codes) code -= codes.zeroPoint;
  const auto columns = static_cast<std::size_t>(ir::channels(w.type.shape));
  if (result.scale.size() == 1 || result.scale.size() == columns) return result;
  // A scale per element. Elements that are zero have none to speak of.
  std::vector<double> used;
  for (std::size_t i = 0; i < result.codes.size(); ++i)
    if (result.codes[i] != 0) used.push_back(result.scale[i]);
  const auto step = used.empty() ? std::optional(1.0) : commonStep(used);
  if (!step) return std::nullopt;
  for (std::size_t i = 0; i < result.codes.size(); ++i) {
    if (result.codes[i] == 0) continue;
    const auto factor = wholeSteps(result.scale[i], *step);
    if (!factor) return std::nullopt;
    const __int128 product = static_cast<__int128>(result.codes[i]) * *factor;
    if (product > mostCode || product < -mostCode) return std::nullopt;
    result.codes[i] = static_cast<std::int64_t>(product);
  }
  result.scale = {*step};
  return result;
}

std::optional<std::vector<std::int64_t>> biasSteps(const ir::Tensor& constant, const ir::Shape& result,
                                                   const std::vector<double>& scale, bool negate) {
  const auto columns = static_cast<std::size_t>(ir::channels(result));
  const auto reals = exactReals(constant);
  if (!reals) return std::nullopt;
  const auto values = perChannel(*reals, constant.type.shape, result);
  if (!values) return std::nullopt;
  std::vector<std::int64_t> steps(columns);
  for (std::size_t j = 0; j < columns; ++j) {
    const auto whole = wholeSteps((*values)[j % values->size()], scale[j % scale.size()]);
    if (!whole) return std::nullopt;
    steps[j] = negate ? -*whole : *whole;
  }
  return steps;
}

LinearLowering::LinearLowering(Rewrite& rewrite, OnGrid& onGrid,
                               const std::vector<std::vector<ir::NodeId>>& users)
    : rewrite_(rewrite), onGrid_(onGrid), users_(users) {}

Result<bool> LinearLowering::matrixProduct(const ir::Node& node) {
  const bool left = rewrite_.from.tensor(node.inputs[0]).isConstant();
  const bool right = rewrite_.from.tensor(node.inputs[1]).isConstant();
  if (right && !left) return constantWeights(node, nullptr);
  if (left && !right) return constantLeft(node);
  if (left && right) return false;
  SLUICE_TRY(OnGrid::Maybe x, onGrid_.codes(node.inputs[0]));
  SLUICE_TRY(OnGrid::Maybe y, onGrid_.codes(node.inputs[1]));
  if (!x || !y) return false;
  SLUICE_TRY(x, onGrid_.ofOneScale(*x, node));
  SLUICE_TRY(y, onGrid_.ofOneScale(*y, node));
  if (!x || !y) return false;
  if (!exactProduct(rewrite_.to.tensor(*x).type.codes->scale[0], rewrite_.to.tensor(*y).type.codes->scale[0]))
    return false;
  SLUICE_TRY(const ir::TensorId made, rewrite_.replace(node, ir::CodeMatMul{}, {*x, *y}, originsOf(node)));
  (void)made;
  return true;
}

/// y = a * x with a constant of two axes: the transpose of x' * a'.
Result<bool> LinearLowering::constantLeft(const ir::Node& node) {
  const ir::Tensor& a = rewrite_.from.tensor(node.inputs[0]);
  if (a.type.shape.size() != 2 || rewrite_.from.tensor(node.inputs[1]).type.shape.size() != 2) return false;
  SLUICE_TRY(OnGrid::Maybe x, onGrid_.codes(node.inputs[1]));
  if (!x) return false;
  SLUICE_TRY(x, onGrid_.ofOneScale(*x, node));
  if (!x) return false;
  SLUICE_TRY(x, onGrid_.withoutZeroPoint(*x, node));
  auto weights = weightsOf(a);
  if (!x || !weights || weights->scale.size() != 1 ||
      !exactProduct(weights->scale[0], rewrite_.to.tensor(*x).type.codes->scale[0]))
    return false;
  const auto rows = static_cast<std::size_t>(a.type.shape[0]),
             columns = static_cast<std::size_t>(a.type.shape[1]);
  std::vector<std::int64_t> turned(weights->codes.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) turned[j * rows + i] = weights->codes[i * columns + j];
  const fixed::Interval range = rangeOf(turned);
  const ir::TensorId w = rewrite_.addConstant(a.name + ".codes",
                                              {.shape = {a.type.shape[1], a.type.shape[0]},
                                               .codes = ir::Codes{.range = range, .scale = weights->scale}},
                                              std::move(turned));
  const ir::Transpose turn{.permutation = {1, 0}};
  SLUICE_TRY(const ir::TensorId xTurned, rewrite_.add(node.name + ".in", turn, {*x}, originsOf(node)));
  SLUICE_TRY(const ir::TensorId y,
             rewrite_.add(node.name + ".sum", ir::Dense{}, {xTurned, w}, originsOf(node)));
  SLUICE_TRY(const ir::TensorId made, rewrite_.replace(node, turn, {y}, originsOf(node)));
  (void)made;
  return true;
}

Result<bool> LinearLowering::convolution(const ir::Node& node) {
  if (rewrite_.from.tensor(node.inputs[0]).isConstant() || !rewrite_.from.tensor(node.inputs[1]).isConstant())
    return false;
  return constantWeights(node, &std::get<ir::Conv>(node.operation));
}

Result<bool> LinearLowering::constantWeights(const ir::Node& node, const ir::Conv* conv) {
  const ir::Graph& graph = rewrite_.from;
  const ir::Tensor& w = graph.tensor(node.inputs[1]);
  if (conv == nullptr && w.type.shape.size() != 2) return false;
  auto weights = weightsOf(w);
  if (!weights) return false;
  SLUICE_TRY(OnGrid::Maybe x, onGrid_.codes(node.inputs[0]));
  if (!x) return false;
  const auto columns = static_cast<std::size_t>(ir::channels(w.type.shape));
  const bool depthwise = conv != nullptr && conv->groups == ir::channels(rewrite_.to.tensor(*x).type.shape);
  if (!depthwise ||
      rewrite_.to.tensor(*x).type.codes->scale.size() > static_cast<std::size_t>(conv->groups)) {
    SLUICE_TRY(x, onGrid_.ofOneScale(*x, node));
    if (!x) return false;
  }
  const ir::Codes codes = *rewrite_.to.tensor(*x).type.codes;
  const bool sameWeights =
      !w.type.isReal() && w.type.codes->zeroPoint == 0 && weights->scale == w.type.codes->scale;
  std::vector<double> scale;
  const std::size_t scales = codes.scale.size() > 1 ? columns : weights->scale.size();
  for (std::size_t j = 0; j < scales; ++j) {
    const std::size_t channel = codes.scale.size() > 1 ? j / (columns / codes.scale.size()) : 0;
    const auto product = exactProduct(weights->scale[j % weights->scale.size()], codes.scale[channel]);
    if (!product) return false;
    scale.push_back(*product);
  }

  // -zeroPoint * sum of the column's weights, in 128 bits: both factors come from a file.
  std::vector<std::int64_t> bias(columns, 0);
  bool hasBias = codes.zeroPoint != 0;
  if (hasBias) {
    std::vector<__int128> sums(columns, 0);
    for (std::size_t i = 0; i < weights->codes.size(); ++i) sums[i % columns] += weights->codes[i];
    for (std::size_t j = 0; j < columns; ++j) {
      const __int128 limit = __int128{1} << 62;
      if (sums[j] > limit || sums[j] < -limit || sums[j] * codes.zeroPoint > limit ||
          sums[j] * codes.zeroPoint < -limit)
        return unsupported("the zero point of its input times its weights leaves 62 bits",
                           "node '" + node.name + "'");
      bias[j] = static_cast<std::int64_t>(-sums[j] * codes.zeroPoint);
    }
  }
  const ir::Shape& shape = graph.tensor(node.output).type.shape;
  if (conv != nullptr && node.inputs.size() == 3) {
    const auto steps = biasSteps(graph.tensor(node.inputs[2]), shape, scale, false);
    if (!steps) return false;  // spell-out has taken every bias out of its convolution
    for (std::size_t j = 0; j < columns; ++j) bias[j] += (*steps)[j];
    hasBias = true;
  }
  // A sum with a constant behind it, if nobody else reads the product.
  const ir::Node* last = &node;
  std::vector<std::string> origins = originsOf(node);
  if (rewrite_.readers(node.output) == 1 && users_[node.output.index].size() == 1) {
    const ir::Node& sum = graph.node(users_[node.output.index][0]);
    const auto* binary = std::get_if<ir::Binary>(&sum.operation);
    const bool subtracts = binary != nullptr && binary->kind == ir::BinaryKind::subtract;
    if (binary != nullptr && (binary->kind == ir::BinaryKind::add || subtracts) &&
        sum.inputs[0] != sum.inputs[1] && graph.tensor(sum.output).type.shape == shape) {
      const bool first = sum.inputs[0] == node.output;
      const ir::Tensor& constant = graph.tensor(sum.inputs[first ? 1 : 0]);
      const auto steps = subtracts && !first ? std::nullopt : biasSteps(constant, shape, scale, subtracts);
      if (steps) {
        for (std::size_t j = 0; j < columns; ++j) bias[j] += (*steps)[j];
        hasBias = true;
        last = &sum;
        for (std::string& origin : originsOf(sum)) origins.push_back(std::move(origin));
      }
    }
  }

  ir::TensorId lowered;
  if (sameWeights) {
    lowered = rewrite_.at(node.inputs[1]);
  } else {
    const fixed::Interval range = rangeOf(weights->codes);
    lowered =
        rewrite_.addConstant(w.name + ".codes",
                             {.shape = weights->shape,
                              .codes = ir::Codes{.range = range, .scale = weights->scale, .zeroPoint = 0}},
                             std::move(weights->codes));
  }
  std::vector<ir::TensorId> inputs{*x, lowered};
  if (hasBias) {
    const fixed::Interval range = rangeOf(bias);
    inputs.push_back(
        rewrite_.addConstant(node.name + ".bias",
                             {.shape = {static_cast<std::int64_t>(columns)},
                              .codes = ir::Codes{.range = range, .scale = scale, .zeroPoint = 0}},
                             std::move(bias)));
  }
  ir::Operation operation = ir::Dense{};
  if (conv != nullptr) operation = ir::CodeConv{.window = conv->window, .groups = conv->groups};
  SLUICE_TRY(const ir::TensorId added,
             rewrite_.replace(*last, std::move(operation), std::move(inputs), std::move(origins), node.name));
  (void)added;
  return true;
}

}  // namespace sluice::passes

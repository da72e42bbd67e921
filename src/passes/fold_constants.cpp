#include <algorithm>
#include <numeric>

#include "ir/geometry.h"
#include "ir/reference.h"
#include "passes/fold_quantizers.h"
#include "passes/functions.h"
#include "passes/fuse_chains.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

using fixed::Bounds;

/// Row-major strides of `shape` as seen from the axes of `out`: 0 where it is broadcast.
std::vector<std::int64_t> broadcastStrides(const ir::Shape& shape, const ir::Shape& out) {
  std::vector<std::int64_t> steps(out.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t extent = shape[shape.size() - 1 - i];
    if (extent != 1) steps[out.size() - 1 - i] = stride;
    stride *= extent;
  }
  return steps;
}

/// Calls visit(i, j...) with the flat index in each operand, for every element of `out` in row-major order.
template <typename Visit>
void forEachElement(const ir::Shape& out, const std::vector<std::vector<std::int64_t>>& strides,
                    Visit visit) {
  std::vector<std::int64_t> position(out.size(), 0);
  std::vector<std::int64_t> flat(strides.size(), 0);
  for (std::int64_t left = ir::elements(out); left > 0; --left) {
    visit(flat);
    for (std::size_t axis = out.size(); axis-- > 0;) {
      for (std::size_t k = 0; k < flat.size(); ++k) flat[k] += strides[k][axis];
      if (++position[axis] < out[axis]) break;
      for (std::size_t k = 0; k < flat.size(); ++k) flat[k] -= strides[k][axis] * out[axis];
      position[axis] = 0;
    }
  }
}

/// An element of a constant as a real number: a point unless scale * code is inexact.
Bounds element(const ir::Tensor& tensor, std::int64_t i) {
  const auto at = static_cast<std::size_t>(i);
  if (tensor.type.isReal()) return Bounds::of(ir::realsOf(tensor)[at]);
  const ir::Codes& codes = *tensor.type.codes;
  return Bounds::ofInteger(ir::codesOf(tensor)[at] - codes.zeroPoint) * Bounds::of(ir::scaleOf(codes, i));
}

/// One activation of a number; not known for those that no constant goes through.
Bounds unaryValue(const ir::Unary& unary, Bounds x) {
  switch (unary.kind) {
    case ir::UnaryKind::relu:
      return relu(x);
    case ir::UnaryKind::negate:
      return -x;
    case ir::UnaryKind::identity:
      return x;
    case ir::UnaryKind::sigmoid:
      return sigmoid(x);
    case ir::UnaryKind::tanh:
      return hyperbolicTangent(x);
    case ir::UnaryKind::absolute:
      return relu(x) + relu(-x);
    case ir::UnaryKind::sign:
      return signOf(x);
    case ir::UnaryKind::floor:
      return rounded(x, fixed::Rounding::floor);
    case ir::UnaryKind::ceil:
      return rounded(x, fixed::Rounding::ceil);
    case ir::UnaryKind::round:
      return rounded(x, fixed::Rounding::halfEven);
    case ir::UnaryKind::exp:
      return exponential(x);
    case ir::UnaryKind::log:
      return logarithm(x);
    case ir::UnaryKind::sqrt:
      return squareRoot(x);
    case ir::UnaryKind::clip:
      return {std::min(std::max(x.lo, unary.alpha), unary.beta),
              std::min(std::max(x.hi, unary.alpha), unary.beta)};
    default:
      return Bounds::unknown();
  }
}

/// The result of a real operation on constants, if every element is exact in float64.
std::optional<std::vector<double>> foldReal(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& out = graph.tensor(node.output).type.shape;
  std::vector<const ir::Tensor*> in;
  std::vector<std::vector<std::int64_t>> strides;
  for (const ir::TensorId input : node.inputs) {
    in.push_back(&graph.tensor(input));
    strides.push_back(broadcastStrides(in.back()->type.shape, out));
  }
  std::vector<double> result;
  result.reserve(static_cast<std::size_t>(ir::elements(out)));
  bool exact = true;
  const auto push = [&](Bounds value) {
    exact = exact && value.known() && value.isPoint();
    result.push_back(value.lo);
  };
  if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
    for (std::int64_t i = 0; exact && i < ir::elements(out); ++i)
      push(unaryValue(*unary, element(*in[0], i)));
  } else if (const auto* binary = std::get_if<ir::Binary>(&node.operation)) {
    forEachElement(out, strides, [&](const std::vector<std::int64_t>& at) {
      if (!exact) return;
      const Bounds x = element(*in[0], at[0]);
      const Bounds y = element(*in[1], at[1]);
      switch (binary->kind) {
        case ir::BinaryKind::add:
          push(x + y);
          break;
        case ir::BinaryKind::subtract:
          push(x - y);
          break;
        case ir::BinaryKind::multiply:
          push(x * y);
          break;
        case ir::BinaryKind::divide:
          push(x / y);
          break;
        case ir::BinaryKind::power:
          push(y.isPoint() ? power(x, y.lo) : Bounds::unknown());
          break;
        case ir::BinaryKind::minimum:
          push({std::min(x.lo, y.lo), std::min(x.hi, y.hi)});
          break;
        case ir::BinaryKind::maximum:
          push({std::max(x.lo, y.lo), std::max(x.hi, y.hi)});
          break;
        case ir::BinaryKind::prelu:
          push(relu(x) - y * relu(-x));
          break;
        default:
          push(Bounds::unknown());
          break;
      }
    });
  } else {
    return std::nullopt;
  }
  if (!exact) return std::nullopt;
  return result;
}

template <typename T>
std::vector<T> transposed(const std::vector<T>& data, const ir::Shape& from, const ir::Shape& to,
                          const std::vector<std::int64_t>& permutation) {
  std::vector<T> result(data.size());
  if (from.size() == 2) {  // weights: by far the largest
    const auto rows = static_cast<std::size_t>(to[0]);
    const auto columns = static_cast<std::size_t>(to[1]);
    if (permutation[0] == 0) return data;
    constexpr std::size_t tile = 16;
    for (std::size_t i0 = 0; i0 < rows; i0 += tile)
      for (std::size_t j0 = 0; j0 < columns; j0 += tile)
        for (std::size_t i = i0; i < std::min(rows, i0 + tile); ++i)
          for (std::size_t j = j0; j < std::min(columns, j0 + tile); ++j)
            result[i * columns + j] = data[j * rows + i];
    return result;
  }
  std::vector<std::int64_t> strides(from.size(), 1);
  for (std::size_t i = from.size(); i-- > 1;) strides[i - 1] = strides[i] * from[i];
  std::vector<std::int64_t> permuted(to.size());
  for (std::size_t i = 0; i < to.size(); ++i) permuted[i] = strides[static_cast<std::size_t>(permutation[i])];
  std::size_t next = 0;
  forEachElement(to, {permuted}, [&](const std::vector<std::int64_t>& at) {
    result[next++] = data[static_cast<std::size_t>(at[0])];
  });
  return result;
}

/// Structure operations that compute nothing.
bool onlyMoves(const ir::Operation& operation) {
  if (const auto* resize = std::get_if<ir::Resize>(&operation))
    return resize->kind == ir::ResizeKind::nearest;
  return ir::isStructure(operation) && !std::holds_alternative<ir::Pool>(operation) &&
         !std::holds_alternative<ir::Reduce>(operation);
}

}  // namespace

Result<Change> foldConstants(ir::Graph& graph, const LowerOptions&) {
  Change change;
  std::vector<bool> isOutput(graph.tensors.size());
  for (const ir::TensorId output : graph.outputs) isOutput[output.index] = true;
  // Folded in place: a node's output becomes a constant tensor, and the rewriting then drops the node. So
  // later nodes see it as they would any constant.
  for (const ir::Node& node : graph.nodes) {
    if (node.inputs.empty() || isOutput[node.output.index]) continue;
    if (!std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ir::TensorId id) { return graph.tensor(id).isConstant(); }))
      continue;
    const ir::Tensor& x = graph.tensor(node.inputs[0]);
    ir::Tensor& y = graph.tensors[node.output.index];
    std::shared_ptr<const ir::ConstantData> folded;
    if (std::holds_alternative<ir::Reshape>(node.operation)) {
      folded = x.constant;
    } else if (const auto* transpose = std::get_if<ir::Transpose>(&node.operation)) {
      folded = std::visit(
          [&](const auto& data) {
            return std::make_shared<const ir::ConstantData>(
                transposed(data, x.type.shape, y.type.shape, transpose->permutation));
          },
          *x.constant);
    } else if (isQuantizer(node)) {
      if (auto codes = foldQuantizer(graph, node))
        folded = std::make_shared<const ir::ConstantData>(std::move(*codes));
    } else if (onlyMoves(node.operation)) {
      std::vector<const ir::Tensor*> operands;
      for (const ir::TensorId input : node.inputs) operands.push_back(&graph.tensor(input));
      folded =
          std::make_shared<const ir::ConstantData>(ir::evaluateOperation(node.operation, operands, y.type));
    } else if (auto reals = foldReal(graph, node)) {
      folded = std::make_shared<const ir::ConstantData>(std::move(*reals));
    }
    if (!folded) continue;
    if (const auto* codes = std::get_if<std::vector<std::int64_t>>(folded.get())) {
      y.type.codes->range = rangeOf(*codes);
      y.type.codes->ranges.clear();
    }
    y.constant = std::move(folded);
    ++change.places;
  }
  if (change.places == 0) return change;
  Rewrite rewrite(graph);
  for (const ir::Node& node : graph.nodes)
    if (!graph.tensor(node.output).isConstant()) SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
  for (ir::Tensor& tensor : rewrite.to.tensors)
    if (tensor.isConstant()) tensor.producer = {};
  graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes

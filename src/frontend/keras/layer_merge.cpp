// Layers that join several tensors.

#include <algorithm>
#include <cmath>

#include "frontend/keras/layer.h"

namespace sluice::frontend::keras {
namespace {

/// Several tensors one by one: ((a + b) + c) + ...
Result<ir::TensorId> chain(Layer& layer, ir::BinaryKind kind, const std::string& suffix) {
  ir::TensorId y = layer.input(0);
  for (std::size_t i = 1; i < layer.inputCount(); ++i) {
    SLUICE_TRY(y, layer.binary(kind, y, layer.input(i), suffix));
  }
  return y;
}

}  // namespace

Result<ir::TensorId> importMerge(Layer& layer) {
  std::string kind = layer.className();
  if (kind.size() > 1 && kind[0] == 'Q') kind.erase(0, 1);  // HGQ2
  if (layer.inputCount() == 1) return layer.input();
  if (kind == "Add") return chain(layer, ir::BinaryKind::add, "add");
  if (kind == "Multiply") return chain(layer, ir::BinaryKind::multiply, "multiply");
  if (kind == "Maximum") return chain(layer, ir::BinaryKind::maximum, "maximum");
  if (kind == "Minimum") return chain(layer, ir::BinaryKind::minimum, "minimum");
  if (kind == "Subtract") {
    if (layer.inputCount() != 2)
      return badInput("subtracts " + std::to_string(layer.inputCount()) + " tensors");
    return chain(layer, ir::BinaryKind::subtract, "subtract");
  }
  SLUICE_TRY(const ir::TensorId sum, chain(layer, ir::BinaryKind::add, "add"));
  const auto count = static_cast<double>(layer.inputCount());
  if (kind == "AveragePow2")  // HGQ2: times the power of two nearest to 1 / count
    return layer.binary(ir::BinaryKind::multiply, sum,
                        layer.scalar("factor", std::exp2(std::nearbyint(std::log2(1 / count)))), "average");
  return layer.binary(ir::BinaryKind::divide, sum, layer.scalar("count", count), "average");
}

Result<ir::TensorId> importConcatenate(Layer& layer) {
  SLUICE_TRY(const std::int64_t axis, axisOf(layer.config()["axis"].integer(-1), layer.inputShape().size()));
  std::vector<ir::TensorId> inputs;
  for (std::size_t i = 0; i < layer.inputCount(); ++i) inputs.push_back(layer.input(i));
  return inputs.size() == 1 ? Result<ir::TensorId>(inputs[0])
                            : layer.emit(ir::Concat{axis}, inputs, "concat");
}

/// y = sum over one axis of each: the axis of a goes last, that of b first, then a matrix product.
Result<ir::TensorId> importDot(Layer& layer) {
  if (layer.config()["normalize"].boolean(false)) return unsupported("normalizes its operands");
  const Json& axes = layer.config()["axes"];
  const std::size_t ranks[] = {layer.inputShape(0).size(), layer.inputShape(1).size()};
  const bool one = axes.isNumber();
  SLUICE_TRY(const std::int64_t axisA, axisOf(one ? axes.integer(0) : axes[0].integer(0), ranks[0]));
  SLUICE_TRY(const std::int64_t axisB, axisOf(one ? axes.integer(0) : axes[1].integer(0), ranks[1]));
  if (ranks[0] > 2 || ranks[1] > 2) return unsupported("multiplies tensors of more than two axes");
  if (layer.inputShape(0)[static_cast<std::size_t>(axisA)] !=
      layer.inputShape(1)[static_cast<std::size_t>(axisB)])
    return badInput("sums over axes of different extents");
  ir::TensorId a = layer.input(0), b = layer.input(1);
  if (ranks[0] == 1 && ranks[1] == 1) {
    SLUICE_TRY(const ir::TensorId products, layer.binary(ir::BinaryKind::multiply, a, b, "multiply"));
    return layer.emit(ir::Reduce{.kind = ir::ReduceKind::sum, .axes = {0}, .keepDims = true}, {products},
                      "sum");
  }
  ir::Shape result;
  if (ranks[0] == 2) {
    result.push_back(layer.inputShape(0)[static_cast<std::size_t>(1 - axisA)]);
    if (axisA == 0) {
      SLUICE_TRY(a, layer.transpose(a, {1, 0}, "transpose_0"));
    }
  } else {
    SLUICE_TRY(a, layer.emit(ir::Reshape{{1, layer.shape(a)[0]}}, {a}, "row"));
  }
  if (ranks[1] == 2) {
    result.push_back(layer.inputShape(1)[static_cast<std::size_t>(1 - axisB)]);
    if (axisB == 1) {
      SLUICE_TRY(b, layer.transpose(b, {1, 0}, "transpose_1"));
    }
  } else {
    SLUICE_TRY(b, layer.emit(ir::Reshape{{layer.shape(b)[0], 1}}, {b}, "column"));
  }
  SLUICE_TRY(const ir::TensorId y, layer.emit(ir::MatMul{}, {a, b}, "matmul"));
  return layer.shape(y) == result ? Result<ir::TensorId>(y) : layer.emit(ir::Reshape{result}, {y}, "reshape");
}

}  // namespace sluice::frontend::keras

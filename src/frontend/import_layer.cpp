#include <cmath>

#include "frontend/importer.h"

/// Layers: matrix products, batch normalization, softmax, arg-max.
namespace sluice::frontend {

namespace {

ir::TensorId factor(Call& call, const char* suffix, double value) {
  return call.addConstant(suffix, {.shape = {}, .data = std::vector<double>{value}, .symbolic = false});
}

/// Neither operand may be what the graph's matrix product cannot take: x computed, w a constant matrix.
Status checkProduct(const Call& call) {
  if (!call.input(0).isRuntime())
    return unsupported(call.input(1).isRuntime()
                           ? "the constant is its first operand; it is supported as the second"
                           : "both operands are constants");
  if (call.input(1).isRuntime())
    return unsupported("both operands are computed; the second must be a constant");
  if (call.sampleShape(1).size() != 2)
    return unsupported("the constant operand has shape " + shapeText(call.sampleShape(1)) +
                       "; a matrix is supported");
  if (call.sampleShape(0).empty()) return badInput("its first operand has no axis besides the batch");
  return {};
}

}  // namespace

Status importMatMul(Call& call) {
  SLUICE_RETURN_IF_ERROR(checkProduct(call));
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  SLUICE_TRY(const ir::TensorId w, call.tensorOf(1));
  return call.finish(ir::MatMul{}, {x, w}, call.input(0).batched);
}

/// y = alpha * x * w' + beta * c, as a product, and what of the rest is not idle.
Status importGemm(Call& call) {
  SLUICE_TRY(const double alpha, call.real("alpha", 1));
  SLUICE_TRY(const double beta, call.real("beta", 1));
  SLUICE_TRY(const std::int64_t transA, call.integer("transA", 0));
  SLUICE_TRY(const std::int64_t transB, call.integer("transB", 0));
  SLUICE_RETURN_IF_ERROR(checkProduct(call));
  if (transA != 0) return unsupported("transA would move the batch axis");
  if (call.fileRank(0) != 2)
    return badInput("its first operand has rank " + std::to_string(call.fileRank(0)) + ", not 2");
  const bool batched = call.input(0).batched;
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  ir::TensorId w;
  if (transB != 0) {
    SLUICE_TRY(const Value turned, transposed(call.input(1), {1, 0}, call.budget()));
    SLUICE_TRY(w, call.tensorOf(turned, "weight"));
  } else {
    SLUICE_TRY(w, call.tensorOf(1));
  }
  const bool scales = alpha != 1;
  const bool adds = call.has(2) && beta != 0;
  if (!scales && !adds) return call.finish(ir::MatMul{}, {x, w}, batched);
  SLUICE_TRY(ir::TensorId y, call.emit(ir::MatMul{}, {x, w}, "product"));
  if (scales) {
    const ir::TensorId a = factor(call, "alpha", alpha);
    if (!adds) return call.finish(ir::Binary{ir::BinaryKind::multiply}, {y, a}, batched);
    SLUICE_TRY(y, call.emit(ir::Binary{ir::BinaryKind::multiply}, {y, a}, "scaled"));
  }
  ir::TensorId c;
  if (beta == 1) {
    SLUICE_TRY(c, operandOf(call, 2, 2, batched));
  } else {
    // Real from here on: codes times beta are codes of another scale, which nothing after an Add can use.
    SLUICE_TRY(const std::shared_ptr<const Constant> bias,
               call.constantInput(2, "the bias, as beta is not 1,"));
    const Constant times{.shape = {}, .data = std::vector<double>{beta}, .symbolic = false};
    SLUICE_TRY(Constant scaled, foldBinary(FoldKind::multiply, *bias, times, call.budget()));
    if (batched && scaled.shape.size() == 2) {
      if (scaled.shape[0] != 1) return unsupported("the bias differs from sample to sample of the batch");
      scaled.shape.erase(scaled.shape.begin());
    }
    SLUICE_TRY(c, call.tensorOf(valueOf(std::move(scaled)), "bias"));
  }
  return call.finish(ir::Binary{ir::BinaryKind::add}, {y, c}, batched);
}

Status importBatchNormalization(Call& call) {
  SLUICE_TRY(const double epsilon, call.real("epsilon", 1e-5f));
  SLUICE_TRY(const std::int64_t training, call.integer("training_mode", 0));
  SLUICE_TRY(const std::int64_t isTest, call.integer("is_test", 0));
  SLUICE_TRY(const std::int64_t spatial, call.integer("spatial", 1));
  if (training != 0 || (call.opset() < 7 && isTest == 0)) return unsupported("it is in training mode");
  if (spatial == 0) return unsupported("spatial = 0 has statistics per element instead of per channel");
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  if (call.fileRank(0) != 2 || !call.input(0).batched)
    return unsupported("its input has rank " + std::to_string(call.fileRank(0)) +
                       "; rank 2 (batch, channels) is supported");
  SLUICE_TRY(const std::shared_ptr<const Constant> variance, call.constantInput(4, "the variance"));
  for (std::size_t i = 0; i < variance->size(); ++i)
    if (!(variance->real(i) + epsilon > 0))
      return badInput("variance + epsilon is " + std::to_string(variance->real(i) + epsilon) +
                      " in channel " + std::to_string(i) + "; it must be positive");
  std::vector<ir::TensorId> inputs;
  for (std::size_t i = 0; i < 5; ++i) {
    if (i > 0 && !call.input(i).isConstant())
      return unsupported("'" + shown(call.inputName(i)) + "' is not a constant");
    SLUICE_TRY(const ir::TensorId tensor, call.tensorOf(i));
    inputs.push_back(tensor);
  }
  return call.finish(ir::BatchNormalize{.epsilon = epsilon}, std::move(inputs), call.input(0).batched);
}

/// Before operator set 13 Softmax runs over all axes from `axis` on; since then over that axis alone. Both
/// are the graph's softmax where only the last axis of them has more than one element.
Status importSoftmax(Call& call) {
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const std::size_t rank = call.fileRank(0);
  const bool flattens = call.opset() < 13;
  SLUICE_TRY(const std::int64_t given, call.integer("axis", flattens ? 1 : -1));
  SLUICE_TRY(const std::int64_t axis, normalizeAxis(given, rank));
  const std::int64_t batchAxes = call.input(0).batched ? 1 : 0;
  const ir::Shape shape = call.sampleShape(0);
  bool overLast = axis >= batchAxes;
  if (overLast && flattens)
    for (std::size_t i = static_cast<std::size_t>(axis - batchAxes); i + 1 < shape.size(); ++i)
      overLast = overLast && shape[i] == 1;
  if (!flattens) overLast = overLast && axis + 1 == static_cast<std::int64_t>(rank);
  if (!overLast)
    return unsupported("it runs over axis " + std::to_string(axis) + " of rank " + std::to_string(rank) +
                       "; the last axis is supported");
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  return call.finish(ir::Softmax{}, {x}, call.input(0).batched);
}

Status importArgMax(Call& call) {
  SLUICE_TRY(const std::int64_t given, call.integer("axis", 0));
  SLUICE_TRY(const std::int64_t keep, call.integer("keepdims", 1));
  SLUICE_TRY(const std::int64_t last, call.integer("select_last_index", 0));
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  if (last != 0) return unsupported("select_last_index: of equal elements the lower index wins here");
  SLUICE_TRY(const std::int64_t axis, normalizeAxis(given, call.fileRank(0)));
  if (axis + 1 != static_cast<std::int64_t>(call.fileRank(0)) || call.sampleShape(0).empty())
    return unsupported("it runs over axis " + std::to_string(axis) + "; the last axis is supported");
  const bool batched = call.input(0).batched;
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  if (keep != 0) return call.finish(ir::TopK{.k = 1}, {x}, batched);
  ir::Shape shape = call.sampleShape(0);
  shape.pop_back();
  SLUICE_TRY(const ir::TensorId index, call.emit(ir::TopK{.k = 1}, {x}, "index"));
  return call.finish(ir::Reshape{.shape = std::move(shape)}, {index}, batched);
}

}  // namespace sluice::frontend

#include "frontend/importer.h"

/// Element-wise operators. Constants fold in double precision; what is computed becomes binary and unary
/// nodes.
namespace sluice::frontend {

namespace {

ir::BinaryKind graphKind(FoldKind kind) {
  switch (kind) {
    case FoldKind::add:
      return ir::BinaryKind::add;
    case FoldKind::subtract:
      return ir::BinaryKind::subtract;
    case FoldKind::multiply:
      return ir::BinaryKind::multiply;
    case FoldKind::divide:
      return ir::BinaryKind::divide;
    case FoldKind::power:
      return ir::BinaryKind::power;
  }
  SLUICE_CHECK(false, "every kind has a case");
}

Status importBinary(Call& call, FoldKind kind) {
  if (call.input(0).isConstant() && call.input(1).isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> a, call.constantInput(0, "the first operand"));
    SLUICE_TRY(const std::shared_ptr<const Constant> b, call.constantInput(1, "the second operand"));
    SLUICE_TRY(Constant folded, foldBinary(kind, *a, *b, call.budget()));
    call.define(std::move(folded));
    return {};
  }
  const std::size_t rank = std::max(call.fileRank(0), call.fileRank(1));
  const bool batched = call.input(0).batched || call.input(1).batched;
  SLUICE_TRY(const ir::TensorId a, operandOf(call, 0, rank, batched));
  SLUICE_TRY(const ir::TensorId b, operandOf(call, 1, rank, batched));
  return call.finish(ir::Binary{graphKind(kind)}, {a, b}, batched);
}

Status importUnary(Call& call, FoldUnary fold, std::optional<ir::UnaryKind> kind) {
  if (call.input(0).isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> a, call.constantInput(0, "the input"));
    SLUICE_TRY(Constant folded, foldUnary(fold, *a, call.budget()));
    call.define(std::move(folded));
    return {};
  }
  if (!kind) return unsupported("it is supported on constants only");
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  return call.finish(ir::Unary{*kind}, {x}, call.input(0).batched);
}

/// A constant that stands in for an operand: x ^ 0.5, 1 / x.
ir::TensorId number(Call& call, const char* suffix, double value) {
  return call.addConstant(suffix, {.shape = {}, .data = std::vector<double>{value}, .symbolic = false});
}

}  // namespace

Result<ir::TensorId> operandOf(Call& call, std::size_t i, std::size_t resultRank, bool resultBatched) {
  const Value& value = call.input(i);
  const bool reachesBatch = resultBatched && call.fileRank(i) == resultRank;
  if (value.isRuntime()) {
    if (value.batched && call.fileRank(i) != resultRank)
      return unsupported("'" + shown(call.inputName(i)) +
                         "' has fewer axes than the result, so its batch axis would meet another axis");
    if (!value.batched && reachesBatch)
      return unsupported("'" + shown(call.inputName(i)) +
                         "' has no batch axis, and its first axis would meet that of the other operand");
    return call.tensorOf(i);
  }
  if (resultBatched && call.fileRank(i) > resultRank)
    return unsupported("'" + shown(call.inputName(i)) + "' has more axes than the computed operand");
  if (!reachesBatch) return call.tensorOf(i);
  ir::Shape shape = call.sampleShape(i);
  if (shape[0] != 1)
    return unsupported("'" + shown(call.inputName(i)) + "' of shape " + shapeText(shape) +
                       " differs from sample to sample of the batch");
  shape.erase(shape.begin());
  SLUICE_TRY(const Value perSample, reshaped(value, std::move(shape), call.budget()));
  return call.tensorOf(perSample, "operand");
}

Status importAdd(Call& call) { return importBinary(call, FoldKind::add); }
Status importSub(Call& call) { return importBinary(call, FoldKind::subtract); }
Status importMul(Call& call) { return importBinary(call, FoldKind::multiply); }
Status importDiv(Call& call) { return importBinary(call, FoldKind::divide); }
Status importPow(Call& call) { return importBinary(call, FoldKind::power); }

Status importRelu(Call& call) { return importUnary(call, FoldUnary::relu, ir::UnaryKind::relu); }
Status importSigmoid(Call& call) { return importUnary(call, FoldUnary::sigmoid, ir::UnaryKind::sigmoid); }
Status importTanh(Call& call) { return importUnary(call, FoldUnary::tanh, ir::UnaryKind::tanh); }
Status importNeg(Call& call) { return importUnary(call, FoldUnary::negate, ir::UnaryKind::negate); }
Status importAbs(Call& call) { return importUnary(call, FoldUnary::absolute, std::nullopt); }
Status importFloor(Call& call) { return importUnary(call, FoldUnary::floor, std::nullopt); }
Status importCeil(Call& call) { return importUnary(call, FoldUnary::ceil, std::nullopt); }

Status importSqrt(Call& call) {
  if (call.input(0).isConstant()) return importUnary(call, FoldUnary::squareRoot, std::nullopt);
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  const ir::TensorId half = number(call, "exponent", 0.5);
  return call.finish(ir::Binary{ir::BinaryKind::power}, {x, half}, call.input(0).batched);
}

Status importReciprocal(Call& call) {
  if (call.input(0).isConstant()) return importUnary(call, FoldUnary::reciprocal, std::nullopt);
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  const ir::TensorId one = number(call, "one", 1);
  return call.finish(ir::Binary{ir::BinaryKind::divide}, {one, x}, call.input(0).batched);
}

}  // namespace sluice::frontend

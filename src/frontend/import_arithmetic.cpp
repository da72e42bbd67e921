#include <algorithm>

#include "frontend/operators.h"

/// Element-wise operators of several operands, and how operands come to lie alike.
namespace sluice::frontend {

namespace {

ir::BinaryKind graphKind(FoldKind kind) {
  constexpr ir::BinaryKind kinds[] = {
      ir::BinaryKind::add,   ir::BinaryKind::subtract, ir::BinaryKind::multiply, ir::BinaryKind::divide,
      ir::BinaryKind::power, ir::BinaryKind::minimum,  ir::BinaryKind::maximum};
  return kinds[static_cast<std::size_t>(kind)];
}

bool allConstant(const Call& call) {
  for (std::size_t i = 0; i < call.inputCount(); ++i)
    if (!call.input(i).isConstant()) return false;
  return true;
}

/// The operands from the first to the last, folded by one operation.
Status foldAll(Call& call, FoldKind kind, bool mean = false) {
  SLUICE_TRY(const std::shared_ptr<const Constant> first, call.constantInput(0, "an operand"));
  Constant folded = *first;
  for (std::size_t i = 1; i < call.inputCount(); ++i) {
    SLUICE_TRY(const std::shared_ptr<const Constant> next, call.constantInput(i, "an operand"));
    SLUICE_TRY(folded, foldBinary(kind, folded, *next, call.budget()));
  }
  if (mean) {
    const Constant count{
        .shape = {}, .data = std::vector<double>{static_cast<double>(call.inputCount())}, .symbolic = false};
    SLUICE_TRY(folded, foldBinary(FoldKind::divide, folded, count, call.budget()));
  }
  folded.type = 0;
  call.define(std::move(folded));
  return {};
}

/// Before operator set 7 the second operand's axes meet the first's from `axis` on, and only if `broadcast`.
/// Nothing where that is what broadcasting does anyway.
Result<std::optional<Value>> placedByAxis(Call& call) {
  SLUICE_TRY(const std::int64_t given, call.integer("axis", -1));
  const std::size_t rank = call.fileRank(0);
  const ir::Shape shape = call.sampleShape(1);
  if (call.opset() >= 7 || call.attribute("axis") == nullptr || !call.input(1).isConstant())
    return std::optional<Value>();
  SLUICE_TRY(const std::int64_t axis, normalizeAxis(given, rank));
  if (static_cast<std::size_t>(axis) + shape.size() > rank)
    return badInput("axis " + std::to_string(axis) + " and shape " + shapeText(shape) + " exceed rank " +
                    std::to_string(rank));
  ir::Shape placed = shape;
  placed.resize(rank - static_cast<std::size_t>(axis), 1);
  SLUICE_TRY(Value value, reshaped(call.input(1), std::move(placed), call.budget()));
  return std::optional(std::move(value));
}

Status importBinary(Call& call, FoldKind kind) {
  if (allConstant(call)) return foldAll(call, kind);
  SLUICE_TRY(const std::optional<Value> placed, placedByAxis(call));
  if (placed) {
    const Value& x = call.input(0);
    SLUICE_TRY(const Value b,
               constantIn(call, *placed, call.inputName(1), call.sampleShape(0).size(), x.batched, x.layout));
    SLUICE_TRY(const ir::TensorId operand, call.tensorOf(b, "operand"));
    return call.finish(ir::Binary{graphKind(kind)}, {x.tensor, operand}, x.batched, x.layout);
  }
  SLUICE_TRY(Aligned aligned, alignOperands(call, 2));
  return call.finish(ir::Binary{graphKind(kind)}, std::move(aligned.tensors), aligned.batched,
                     aligned.layout);
}

/// Any number of operands: a chain of binary nodes.
Status importChain(Call& call, FoldKind kind, bool mean = false) {
  if (allConstant(call)) return foldAll(call, kind, mean);
  SLUICE_TRY(const Aligned aligned, alignOperands(call, call.inputCount()));
  const ir::Binary step{graphKind(kind)};
  ir::TensorId result = aligned.tensors[0];
  for (std::size_t i = 1; i < aligned.tensors.size(); ++i) {
    if (i + 1 == aligned.tensors.size() && !mean)
      return call.finish(step, {result, aligned.tensors[i]}, aligned.batched, aligned.layout);
    SLUICE_TRY(result, call.emit(step, {result, aligned.tensors[i]}, "partial"));
  }
  if (aligned.tensors.size() == 1) {
    call.define(call.input(0));
    return {};
  }
  const ir::TensorId share = call.addScalar("share", 1 / static_cast<double>(aligned.tensors.size()));
  return call.finish(ir::Binary{ir::BinaryKind::multiply}, {result, share}, aligned.batched, aligned.layout);
}

}  // namespace

Result<Value> constantIn(Call& call, const Value& constant, const std::string& name, std::size_t rank,
                         bool batched, const Layout& layout) {
  const auto shapeOf = [](const Value& value) {
    return value.kind == Value::Kind::constant ? value.constant->shape : value.quantized->shape;
  };
  Value value = constant;
  ir::Shape shape = shapeOf(value);
  if (shape.size() > rank + (batched ? 1 : 0))
    return unsupported("'" + shown(name) + "' has more axes than the computed operand");
  if (batched && shape.size() == rank + 1) {
    if (shape[0] != 1)
      return unsupported("'" + shown(name) + "' of shape " + shapeText(shape) +
                         " differs from sample to sample of the batch");
    shape.erase(shape.begin());
    SLUICE_TRY(value, reshaped(value, shape, call.budget()));
  }
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  if (layout.isPlain() || count == 1) return value;
  if (layout.flat) {
    if (shape.empty() || shape[0] == 1) return value;
    return pickedAs(value, 0, *layout.flat, call.budget());
  }
  shape.insert(shape.begin(), rank - shape.size(), 1);
  SLUICE_TRY(value, reshaped(value, shape, call.budget()));
  SLUICE_TRY(value, transposed(value, layout.order, call.budget()));
  shape = graphShapeOf(shape, layout.order);
  while (!shape.empty() && shape[0] == 1) shape.erase(shape.begin());  // broadcasting puts them back
  return reshaped(value, std::move(shape), call.budget());
}

Result<ir::TensorId> operandIn(Call& call, std::size_t i, std::size_t rank, bool batched,
                               const Layout& layout) {
  const Value value = call.input(i);
  if (value.isConstant()) {
    SLUICE_TRY(const Value placed, constantIn(call, value, call.inputName(i), rank, batched, layout));
    const bool same = placed.constant == value.constant && placed.quantized == value.quantized;
    return same ? call.tensorOf(i) : call.tensorOf(placed, "operand");
  }
  const ir::Shape shape = call.sampleShape(i);
  if (value.batched && shape.size() != rank)
    return unsupported("'" + shown(call.inputName(i)) +
                       "' has fewer axes than the result, so its batch axis would meet another axis");
  if (!value.batched && batched && shape.size() == rank + 1)
    return unsupported("'" + shown(call.inputName(i)) +
                       "' has no batch axis, and its first axis would meet that of the other operand");
  if (layout.flat) {
    if (value.layout == layout) return value.tensor;
    if (!shape.empty() && shape[0] != 1)
      return unsupported("'" + shown(call.inputName(i)) + "' is in another order than the other operand");
    return call.tensorOf(i);
  }
  if (shape.size() == rank) return call.tensorIn(i, orderOf(layout, rank));
  SLUICE_TRY(ir::TensorId plain, call.tensorOf(i));
  if (layout.isPlain()) return plain;
  ir::Shape padded = shape;
  padded.insert(padded.begin(), rank - shape.size(), 1);
  SLUICE_TRY(plain, call.emit(ir::Reshape{.shape = padded}, {plain}, "padded"));
  return call.emit(ir::Transpose{.permutation = layout.order}, {plain}, "operand");
}

Result<Aligned> alignOperands(Call& call, std::size_t count) {
  std::size_t rank = 0;
  Aligned result;
  for (std::size_t i = 0; i < count; ++i) {
    rank = std::max(rank, call.fileRank(i));
    result.batched = result.batched || call.input(i).batched;
  }
  const std::size_t sampleRank = rank - (result.batched ? 1 : 0);
  // The first order that is not the file's: bringing a plain operand to it is as good as the other way round,
  // and the convolutions behind want it. A flattened order has to be that of all.
  bool flatAgrees = true;
  for (std::size_t i = 0; i < count; ++i) {
    const Value& value = call.input(i);
    const ir::Shape shape = call.sampleShape(i);
    if (!value.isRuntime() || shape.size() != sampleRank) continue;
    if (result.layout.isPlain()) result.layout = value.layout;
    if (sampleRank == 1 && shape[0] != 1) flatAgrees = flatAgrees && value.layout == result.layout;
  }
  if (!flatAgrees) result.layout = {};
  for (std::size_t i = 0; i < count; ++i) {
    SLUICE_TRY(const ir::TensorId tensor, operandIn(call, i, sampleRank, result.batched, result.layout));
    result.tensors.push_back(tensor);
  }
  return result;
}

Status importAdd(Call& call) { return importBinary(call, FoldKind::add); }
Status importSub(Call& call) { return importBinary(call, FoldKind::subtract); }
Status importMul(Call& call) { return importBinary(call, FoldKind::multiply); }
Status importDiv(Call& call) { return importBinary(call, FoldKind::divide); }
Status importPow(Call& call) { return importBinary(call, FoldKind::power); }
Status importMin(Call& call) { return importChain(call, FoldKind::minimum); }
Status importMax(Call& call) { return importChain(call, FoldKind::maximum); }
Status importSum(Call& call) { return importChain(call, FoldKind::add); }
Status importMean(Call& call) { return importChain(call, FoldKind::add, true); }

/// Before operator set 7 a slope per channel is a list that meets the axis behind the batch; since then it
/// broadcasts, yet a list as long as the channels is written there, too.
Status importPRelu(Call& call) {
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const Value& x = call.input(0);
  const ir::Shape shape = call.sampleShape(0);
  const ir::Shape slopeShape = call.sampleShape(1);
  const ir::Binary prelu{ir::BinaryKind::prelu};
  if (call.opset() < 7 && call.input(1).isConstant() && slopeShape.size() == 1 && slopeShape[0] > 1 &&
      shape.size() > 1) {
    ir::Shape placed(shape.size(), 1);
    placed[0] = slopeShape[0];
    SLUICE_TRY(Value slope, reshaped(call.input(1), std::move(placed), call.budget()));
    SLUICE_TRY(slope, constantIn(call, slope, call.inputName(1), shape.size(), x.batched, x.layout));
    SLUICE_TRY(const ir::TensorId operand, call.tensorOf(slope, "slope"));
    return call.finish(prelu, {x.tensor, operand}, x.batched, x.layout);
  }
  SLUICE_TRY(Aligned aligned, alignOperands(call, 2));
  return call.finish(prelu, std::move(aligned.tensors), aligned.batched, aligned.layout);
}

}  // namespace sluice::frontend

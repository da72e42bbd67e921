#include <algorithm>
#include <cmath>

#include "frontend/importer.h"

/// Operators that move elements about, and the shape arithmetic that exporters put around them.
///
/// Shape of a computed tensor is a constant: the extents of a sample are known, and the batch size is the
/// file's, or the mark openBatch where the file leaves it open. The mark travels through Gather, Concat,
/// Slice and their like to the Reshape that asks for it; arithmetic with it is refused.
namespace sluice::frontend {

namespace {

Error mixesBatch(const std::string& what) {
  return unsupported(what + " would mix the batch axis with the axes of a sample");
}

/// The shape a Reshape means: 0 copies the extent of `from` at its place (unless allowZero), one -1 is
/// inferred. Errors: badInput if the elements do not fit.
Result<ir::Shape> resolve(std::vector<std::int64_t> target, const ir::Shape& from, bool allowZero) {
  SLUICE_TRY(const std::int64_t count, countElements(from));
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == openBatch) return mixesBatch("a shape with the batch size at axis " + std::to_string(i));
    if (target[i] == 0 && !allowZero) {
      if (i >= from.size())
        return badInput("shape " + shapeText(target) + " copies an axis that " + shapeText(from) +
                        " does not have");
      target[i] = from[i];
    }
    if (target[i] != -1) continue;
    if (open) return badInput("shape " + shapeText(target) + " leaves several extents open");
    open = i;
  }
  ir::Shape known = target;
  if (open) known[*open] = 1;
  SLUICE_TRY(const std::int64_t product, countElements(known));
  if (open && product > 0) target[*open] = count / product;
  SLUICE_TRY(const std::int64_t total, countElements(target));
  if (total != count) return badInput(shapeText(from) + " does not reshape to " + shapeText(target));
  return target;
}

Status finishReshape(Call& call, ir::Shape shape) {
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  return call.finish(ir::Reshape{.shape = std::move(shape)}, {x}, call.input(0).batched);
}

Status defineReshaped(Call& call, ir::Shape shape) {
  SLUICE_TRY(Value value, reshaped(call.input(0), std::move(shape), call.budget()));
  call.define(std::move(value));
  return {};
}

/// Axes of Squeeze and Unsqueeze: an attribute before operator set 13, an input since. Sorted, normalized, no
/// doubles.
Result<std::optional<std::vector<std::int64_t>>> axesOf(const Call& call, std::size_t extraRank) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, call.integers("axes"));
  if (call.has(1)) {
    SLUICE_TRY(axes, call.integersInput(1, "the list of axes"));
  }
  if (!axes) return axes;
  if (axes->size() > 64) return badInput("it names " + std::to_string(axes->size()) + " axes");
  const std::size_t rank = call.fileRank(0) + (extraRank != 0 ? axes->size() : 0);
  for (std::int64_t& axis : *axes) {
    SLUICE_TRY(axis, normalizeAxis(axis, rank));
  }
  std::sort(axes->begin(), axes->end());
  if (std::adjacent_find(axes->begin(), axes->end()) != axes->end())
    return badInput("it names an axis twice");
  return axes;
}

}  // namespace

Result<Value> reshaped(const Value& value, ir::Shape shape, FoldBudget& budget) {
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  if (value.kind == Value::Kind::constant) {
    Constant copy = *value.constant;
    SLUICE_CHECK(static_cast<std::int64_t>(copy.size()) == count, "the caller has counted");
    copy.shape = std::move(shape);
    return valueOf(std::move(copy));
  }
  QuantizedConstant copy = *value.quantized;
  if (copy.scale.size() > 1) {
    // The axis survives where an axis of its extent has as many elements in front of it.
    const auto before = [](const ir::Shape& s, std::size_t axis) {
      std::int64_t product = 1;
      for (std::size_t i = 0; i < axis; ++i) product *= s[i];
      return product;
    };
    const std::int64_t wanted = before(copy.shape, static_cast<std::size_t>(copy.channelAxis));
    std::optional<std::size_t> survivor;
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == static_cast<std::int64_t>(copy.scale.size()) && before(shape, i) == wanted)
        survivor = i;
    if (!survivor) {
      Constant reals = copy.dequantized();
      reals.shape = std::move(shape);
      return valueOf(std::move(reals));
    }
    copy.channelAxis = static_cast<std::int64_t>(*survivor);
  }
  copy.shape = std::move(shape);
  return valueOf(std::move(copy));
}

Result<Value> transposed(const Value& value, const std::vector<std::int64_t>& permutation,
                         FoldBudget& budget) {
  if (value.kind == Value::Kind::constant) {
    const Constant& from = *value.constant;
    SLUICE_RETURN_IF_ERROR(budget.take(static_cast<std::int64_t>(from.size())));
    Constant to{.shape = transposeShape(from.shape, permutation), .data = {}, .symbolic = from.symbolic};
    std::visit([&](const auto& elements) { to.data = transposeElements(elements, from.shape, permutation); },
               from.data);
    return valueOf(std::move(to));
  }
  const QuantizedConstant& from = *value.quantized;
  SLUICE_RETURN_IF_ERROR(budget.take(static_cast<std::int64_t>(from.codes.size())));
  QuantizedConstant to{.shape = transposeShape(from.shape, permutation),
                       .codes = transposeElements(from.codes, from.shape, permutation),
                       .scale = from.scale,
                       .channelAxis = 0,
                       .zeroPoint = from.zeroPoint,
                       .range = from.range};
  for (std::size_t i = 0; i < permutation.size(); ++i)
    if (permutation[i] == from.channelAxis) to.channelAxis = static_cast<std::int64_t>(i);
  return valueOf(std::move(to));
}

Status importIdentity(Call& call) {
  call.define(call.input(0));
  return {};
}

Status importDropout(Call& call) {
  SLUICE_TRY(const std::int64_t isTest, call.integer("is_test", 0));
  if (call.opset() < 7 && isTest == 0) return unsupported("it is in training mode");
  if (call.has(2)) {
    SLUICE_TRY(const double training, call.scalarInput(2, "training_mode"));
    if (training != 0) return unsupported("it is in training mode");
  }
  return importIdentity(call);
}

/// Between real types nothing happens (constants keep every digit); constants change between integer and
/// real.
Status importCast(Call& call) {
  SLUICE_TRY(const std::int64_t to, call.integer("to", 0));
  const bool toReal = to == 1 || to == 11;    // FLOAT, DOUBLE
  const bool toInteger = to == 6 || to == 7;  // INT32, INT64
  if (!toReal && !toInteger)
    return unsupported("a cast to " +
                       elementTypeName(static_cast<std::int32_t>(std::clamp<std::int64_t>(to, 0, 1000))));
  if (call.input(0).isRuntime()) {
    if (!toReal) return unsupported("a cast of a computed tensor to integers");
    return importIdentity(call);
  }
  if (toReal && call.input(0).kind == Value::Kind::quantized) return importIdentity(call);
  SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
  if (from->isReal() == toReal) return importIdentity(call);
  if (from->symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(from->size())));
  Constant result{.shape = from->shape, .data = {}, .symbolic = false};
  if (toReal) {
    const auto& integers = std::get<1>(from->data);
    result.data = std::vector<double>(integers.begin(), integers.end());
  } else {
    std::vector<std::int64_t> integers(from->size());
    for (std::size_t i = 0; i < integers.size(); ++i) {
      const double element = std::trunc(from->real(i));
      if (std::abs(element) > 0x1p53)
        return badInput("an element is too large for the integer it is cast to");
      integers[i] = static_cast<std::int64_t>(element);
    }
    result.data = std::move(integers);
  }
  call.define(std::move(result));
  return {};
}

Status importConstant(Call& call) {
  if (const Attribute* value = call.attribute("value")) {
    const auto* tensor = std::get_if<StoredTensor>(&value->value);
    if (tensor == nullptr) return badInput("attribute 'value' is not a tensor");
    if (tensor->problem) return *tensor->problem;
    call.define(tensor->constant);
    return {};
  }
  if (call.attribute("value_float") != nullptr) {
    SLUICE_TRY(const double value, call.real("value_float", 0));
    call.define(Constant{.shape = {}, .data = std::vector<double>{value}, .symbolic = false});
    return {};
  }
  if (call.attribute("value_int") != nullptr) {
    SLUICE_TRY(const std::int64_t value, call.integer("value_int", 0));
    call.define(Constant{.shape = {}, .data = std::vector<std::int64_t>{value}, .symbolic = false});
    return {};
  }
  if (const Attribute* floats = call.attribute("value_floats")) {
    const auto* list = std::get_if<std::vector<double>>(&floats->value);
    if (list == nullptr ||
        !std::all_of(list->begin(), list->end(), [](double v) { return std::isfinite(v); }))
      return badInput("attribute 'value_floats' is not a list of finite numbers");
    call.define(
        Constant{.shape = {static_cast<std::int64_t>(list->size())}, .data = *list, .symbolic = false});
    return {};
  }
  SLUICE_TRY(const std::optional<std::vector<std::int64_t>> integers, call.integers("value_ints"));
  if (!integers) return badInput("it has no value");
  call.define(
      Constant{.shape = {static_cast<std::int64_t>(integers->size())}, .data = *integers, .symbolic = false});
  return {};
}

Status importConstantOfShape(Call& call) {
  SLUICE_TRY(const ir::Shape shape, call.integersInput(0, "the shape"));
  if (std::find(shape.begin(), shape.end(), openBatch) != shape.end())
    return unsupported("its shape depends on the batch size, which the file leaves open");
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  SLUICE_RETURN_IF_ERROR(call.budget().take(count));
  Constant one{.shape = {}, .data = std::vector<double>{0}, .symbolic = false};
  if (const Attribute* value = call.attribute("value")) {
    const auto* tensor = std::get_if<StoredTensor>(&value->value);
    if (tensor == nullptr) return badInput("attribute 'value' is not a tensor");
    if (tensor->problem) return *tensor->problem;
    if (tensor->constant.size() != 1) return badInput("attribute 'value' has not one element");
    one = tensor->constant;
  }
  Constant result{.shape = shape, .data = {}, .symbolic = false};
  std::visit(
      [&](const auto& element) {
        result.data = std::decay_t<decltype(element)>(static_cast<std::size_t>(count), element[0]);
      },
      one.data);
  call.define(std::move(result));
  return {};
}

Status importShape(Call& call) {
  std::vector<std::int64_t> extents = call.sampleShape(0);
  if (call.input(0).batched) extents.insert(extents.begin(), call.batch().value_or(openBatch));
  const auto rank = static_cast<std::int64_t>(extents.size());
  SLUICE_TRY(std::int64_t start, call.integer("start", 0));
  SLUICE_TRY(std::int64_t end, call.integer("end", rank));
  start = std::clamp(start < 0 ? start + rank : start, std::int64_t{0}, rank);
  end = std::clamp(end < 0 ? end + rank : end, start, rank);
  extents = std::vector<std::int64_t>(extents.begin() + start, extents.begin() + end);
  const bool symbolic = std::find(extents.begin(), extents.end(), openBatch) != extents.end();
  call.define(Constant{.shape = {end - start}, .data = std::move(extents), .symbolic = symbolic});
  return {};
}

Status importGather(Call& call) {
  SLUICE_TRY(const std::int64_t axis, call.integer("axis", 0));
  SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
  SLUICE_TRY(const std::shared_ptr<const Constant> indices, call.constantInput(1, "the list of indices"));
  SLUICE_TRY(Constant result, gather(*from, *indices, axis, call.budget()));
  call.define(std::move(result));
  return {};
}

Status importConcat(Call& call) {
  SLUICE_TRY(const std::int64_t axis, call.integer("axis", 0));
  std::vector<std::shared_ptr<const Constant>> parts;
  std::vector<const Constant*> list;
  for (std::size_t i = 0; i < call.inputCount(); ++i) {
    SLUICE_TRY(std::shared_ptr<const Constant> part, call.constantInput(i, "a part"));
    list.push_back(part.get());
    parts.push_back(std::move(part));
  }
  SLUICE_TRY(Constant result, concatenate(list, axis, call.budget()));
  call.define(std::move(result));
  return {};
}

/// Attributes before operator set 10, inputs (starts, ends, axes, steps) since.
Status importSlice(Call& call) {
  SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
  std::optional<std::vector<std::int64_t>> starts, ends, axes, steps;
  SLUICE_TRY(starts, call.integers("starts"));
  SLUICE_TRY(ends, call.integers("ends"));
  SLUICE_TRY(axes, call.integers("axes"));
  std::optional<std::vector<std::int64_t>>* const fromInputs[] = {&starts, &ends, &axes, &steps};
  for (std::size_t i = 0; i < 4; ++i)
    if (call.has(i + 1)) {
      SLUICE_TRY(*fromInputs[i], call.integersInput(i + 1, "a list of the slice"));
    }
  if (!starts || !ends || starts->size() != ends->size() || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()))
    return badInput("its lists of starts, ends, axes and steps do not match");
  Constant result = *from;
  for (std::size_t i = 0; i < starts->size(); ++i) {
    SLUICE_TRY(result, slice(result, axes ? (*axes)[i] : static_cast<std::int64_t>(i), (*starts)[i],
                             (*ends)[i], steps ? (*steps)[i] : 1, call.budget()));
  }
  call.define(std::move(result));
  return {};
}

/// [d0, .., d(axis-1), d(axis), ..] becomes [d0 * .. * d(axis-1), d(axis) * ..].
Status importFlatten(Call& call) {
  SLUICE_TRY(std::int64_t axis, call.integer("axis", 1));
  const auto rank = static_cast<std::int64_t>(call.fileRank(0));
  if (axis < -rank || axis > rank)
    return badInput("axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
  if (axis < 0) axis += rank;
  const ir::Shape shape = call.sampleShape(0);
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  const bool batched = call.input(0).batched;
  std::int64_t rows = 1;  // besides the batch
  for (std::int64_t i = batched ? 1 : 0; i < axis; ++i)
    rows *= shape[static_cast<std::size_t>(batched ? i - 1 : i)];
  if (!batched) {
    ir::Shape flat{rows, rows == 0 ? 0 : count / rows};
    return call.input(0).isRuntime() ? finishReshape(call, std::move(flat))
                                     : defineReshaped(call, std::move(flat));
  }
  if (axis == 0 ? call.batch() != 1 : rows != 1) return mixesBatch("axis " + std::to_string(axis));
  return finishReshape(call, {count});
}

Status importReshape(Call& call) {
  SLUICE_TRY(const std::int64_t allowZero, call.integer("allowzero", 0));
  SLUICE_TRY(std::vector<std::int64_t> target, call.integersInput(1, "the shape"));
  if (target.size() > 64) return badInput("its shape has " + std::to_string(target.size()) + " axes");
  const ir::Shape from = call.sampleShape(0);
  if (!call.input(0).batched) {
    SLUICE_TRY(ir::Shape shape, resolve(std::move(target), from, allowZero != 0));
    return call.input(0).isRuntime() ? finishReshape(call, std::move(shape))
                                     : defineReshaped(call, std::move(shape));
  }
  if (target.empty()) return badInput("its shape has no axes");
  // The first axis has to be the batch: named, copied, as large as the file's batch (1 if that is open), or
  // inferred from axes that take up exactly one sample.
  const std::int64_t first = target[0];
  ir::Shape rest(target.begin() + 1, target.end());
  if (allowZero == 0)
    for (std::size_t i = 0; i < rest.size(); ++i)
      if (rest[i] == 0) {
        if (i >= from.size())
          return badInput("shape " + shapeText(target) + " copies an axis that the input does not have");
        rest[i] = from[i];
      }
  const bool named =
      first == openBatch || (first == 0 && allowZero == 0) || first == call.batch().value_or(1);
  if (!named && first != -1) return mixesBatch("shape " + shapeText(target));
  if (!named && std::find(rest.begin(), rest.end(), -1) != rest.end())
    return badInput("shape " + shapeText(target) + " leaves several extents open");
  auto shape = resolve(rest, from, true);
  if (!shape.ok())
    return shape.error().code == ErrorCode::unsupported
               ? shape.error()
               : mixesBatch("shape " + shapeText(target) + " from " + shapeText(from) + " per sample");
  return finishReshape(call, std::move(shape).value());
}

Status importTranspose(Call& call) {
  const std::size_t rank = call.fileRank(0);
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> given, call.integers("perm"));
  std::vector<std::int64_t> permutation;
  if (given)
    permutation = std::move(*given);
  else
    for (std::size_t i = rank; i-- > 0;) permutation.push_back(static_cast<std::int64_t>(i));
  if (!isPermutation(permutation, rank))
    return badInput(shapeText(permutation) + " does not permute the axes of rank " + std::to_string(rank));
  if (call.input(0).isConstant()) {
    SLUICE_TRY(Value value, transposed(call.input(0), permutation, call.budget()));
    call.define(std::move(value));
    return {};
  }
  const bool batched = call.input(0).batched;
  if (batched) {
    if (permutation[0] != 0)
      return unsupported("permutation " + shapeText(permutation) + " moves the batch axis");
    permutation.erase(permutation.begin());
    for (std::int64_t& axis : permutation) --axis;
  }
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  return call.finish(ir::Transpose{.permutation = std::move(permutation)}, {x}, batched);
}

Status importSqueeze(Call& call) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, axesOf(call, 0));
  const bool batched = call.input(0).batched;
  ir::Shape shape = call.sampleShape(0);
  if (!axes) {
    if (batched && call.batch() == 1)
      return unsupported("without axes it would remove the batch axis of extent 1; name the axes");
    std::erase(shape, 1);
  } else {
    for (std::size_t i = axes->size(); i-- > 0;) {
      const std::int64_t axis = (*axes)[i] - (batched ? 1 : 0);
      if (axis < 0) return unsupported("it removes the batch axis");
      if (shape[static_cast<std::size_t>(axis)] != 1)
        return badInput("axis " + std::to_string((*axes)[i]) + " has extent " +
                        std::to_string(shape[static_cast<std::size_t>(axis)]) + ", not 1");
      shape.erase(shape.begin() + axis);
    }
  }
  return call.input(0).isRuntime() ? finishReshape(call, std::move(shape))
                                   : defineReshaped(call, std::move(shape));
}

Status importUnsqueeze(Call& call) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, axesOf(call, 1));
  if (!axes) return badInput("it names no axes");
  const bool batched = call.input(0).batched;
  ir::Shape shape = call.sampleShape(0);
  for (const std::int64_t axis : *axes) {
    const std::int64_t at = axis - (batched ? 1 : 0);
    if (at < 0) return unsupported("it puts an axis before the batch axis");
    shape.insert(shape.begin() + at, 1);
  }
  return call.input(0).isRuntime() ? finishReshape(call, std::move(shape))
                                   : defineReshaped(call, std::move(shape));
}

}  // namespace sluice::frontend

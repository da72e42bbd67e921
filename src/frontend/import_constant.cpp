#include <algorithm>
#include <cmath>

#include "frontend/operators.h"

/// Constants, and operators that only look at shapes or types: what exporters put around a network.
///
/// Shape of a computed tensor is a constant: the extents of a sample are known, and the batch size is the
/// file's, or the mark openBatch where the file leaves it open. The mark travels through Gather, Concat,
/// Slice and their like to the Reshape that asks for it; arithmetic with it is refused.
namespace sluice::frontend {

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

namespace {

bool isRealType(std::int64_t type) { return type == 1 || type == 10 || type == 11 || type == 16; }

}  // namespace

/// Between real types nothing happens (constants keep every digit); constants change between integer and
/// real. A computed tensor that is cast to integers is truncated, unless it is whole already.
Status importCast(Call& call) {
  SLUICE_TRY(const std::int64_t to, call.integer("to", 0));
  const bool toReal = isRealType(to);
  const auto type = static_cast<std::int32_t>(std::clamp<std::int64_t>(to, 0, 1000));
  if (!toReal && !rangeOfType(type, "").ok()) return unsupported("a cast to " + elementTypeName(type));
  if (call.input(0).isRuntime()) {
    const auto& codes = call.typeOf(call.input(0).tensor).codes;
    if (toReal || (codes && codes->scale == std::vector<double>{1} && codes->zeroPoint == 0))
      return importIdentity(call);
    SLUICE_TRY(fixed::Interval range, rangeOfType(type, ""));
    range.lo = std::max(range.lo, -(std::int64_t{1} << 53));
    range.hi = std::min(range.hi, std::int64_t{1} << 53);
    return call.finishUnary(
        ir::Quantize{.scale = {1}, .range = range, .rounding = fixed::Rounding::towardZero});
  }
  if (toReal && call.input(0).kind == Value::Kind::quantized) return importIdentity(call);
  SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
  if (from->symbolic) {
    if (!toReal) return importIdentity(call);
    return unsupported("it computes with the batch size, which the file leaves open");
  }
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(from->size())));
  Constant result{.shape = from->shape, .data = {}, .symbolic = false, .type = type};
  if (toReal) {
    std::vector<double> reals(from->size());
    for (std::size_t i = 0; i < reals.size(); ++i) reals[i] = from->real(i);
    result.data = std::move(reals);
  } else {
    SLUICE_TRY(const fixed::Interval range, rangeOfType(type, ""));
    std::vector<std::int64_t> integers(from->size());
    for (std::size_t i = 0; i < integers.size(); ++i) {
      const double element = std::trunc(from->real(i));
      if (from->isReal() && std::abs(element) > 0x1p53)
        return badInput("an element is too large for the integer it is cast to");
      integers[i] = from->isReal() ? static_cast<std::int64_t>(element) : std::get<1>(from->data)[i];
      if (to == 9) integers[i] = from->real(i) != 0 ? 1 : 0;
      if (!range.contains(integers[i]))
        return badInput("an element is too large for the integer it is cast to");
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

Status importSize(Call& call) {
  const ir::Shape shape = call.sampleShape(0);
  SLUICE_TRY(std::int64_t count, countElements(shape));
  if (call.input(0).batched) {
    if (!call.batch()) return unsupported("it counts the batch, which the file leaves open");
    if (__builtin_mul_overflow(count, *call.batch(), &count)) return badInput("it counts beyond 64 bits");
  }
  call.define(Constant{.shape = {}, .data = std::vector<std::int64_t>{count}, .symbolic = false});
  return {};
}

Status importRange(Call& call) {
  double bound[3];
  bool real = false;
  for (std::size_t i = 0; i < 3; ++i) {
    SLUICE_TRY(const std::shared_ptr<const Constant> constant, call.constantInput(i, "a bound"));
    real = real || constant->isReal();
    SLUICE_TRY(bound[i], call.scalarInput(i, "a bound"));
  }
  const double count = std::max(0.0, std::ceil((bound[1] - bound[0]) / bound[2]));
  if (!(bound[2] != 0) || !(count < 0x1p40)) return badInput("it has no sensible end");
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(count)));
  Constant result{.shape = {static_cast<std::int64_t>(count)}, .data = {}, .symbolic = false};
  std::vector<double> reals;
  for (double i = 0; i < count; ++i) reals.push_back(bound[0] + i * bound[2]);
  if (real)
    result.data = std::move(reals);
  else
    result.data = std::vector<std::int64_t>(reals.begin(), reals.end());
  call.define(std::move(result));
  return {};
}

}  // namespace sluice::frontend

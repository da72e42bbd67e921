#include <algorithm>

#include "frontend/importer.h"

/// Constants of the import in another shape or order. Codes stay codes, and their scales go with them.
namespace sluice::frontend {

namespace {

std::size_t innerOf(const ir::Shape& shape, std::int64_t axis) {
  std::size_t inner = 1;
  for (std::size_t k = static_cast<std::size_t>(axis) + 1; k < shape.size(); ++k)
    inner *= static_cast<std::size_t>(shape[k]);
  return inner;
}

bool perElement(const QuantizedConstant& constant) { return constant.channelAxis < 0; }

/// One scale per element, where one per index of an axis will not do.
void spreadScales(QuantizedConstant& constant) {
  if (constant.scale.size() == 1 || perElement(constant)) return;
  std::vector<double> scale(constant.codes.size());
  for (std::size_t i = 0; i < scale.size(); ++i) scale[i] = constant.scaleAt(i);
  constant.scale = std::move(scale);
  constant.channelAxis = -1;
}

template <typename Element>
std::vector<Element> pick(const std::vector<Element>& from, const ir::Shape& shape, std::int64_t axis,
                          const std::vector<std::int64_t>& positions) {
  const std::size_t inner = innerOf(shape, axis);
  const auto extent = static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)]);
  const std::size_t outer = inner * extent == 0 ? 0 : from.size() / (inner * extent);
  std::vector<Element> to;
  to.reserve(outer * inner * positions.size());
  for (std::size_t o = 0; o < outer; ++o)
    for (const std::int64_t p : positions) {
      const auto first =
          from.begin() + static_cast<std::ptrdiff_t>((o * extent + static_cast<std::size_t>(p)) * inner);
      to.insert(to.end(), first, first + static_cast<std::ptrdiff_t>(inner));
    }
  return to;
}

}  // namespace

double QuantizedConstant::scaleAt(std::size_t element) const {
  if (scale.size() == 1) return scale[0];
  if (channelAxis < 0) return scale[element];
  return scale[element / innerOf(shape, channelAxis) % scale.size()];
}

Constant QuantizedConstant::dequantized() const {
  std::vector<double> reals(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) reals[i] = scaleAt(i) * static_cast<double>(codes[i]);
  return {.shape = shape, .data = std::move(reals), .symbolic = false};
}

Value valueOf(Constant constant) {
  Value value;
  value.kind = Value::Kind::constant;
  value.constant = std::make_shared<const Constant>(std::move(constant));
  return value;
}

Value valueOf(QuantizedConstant constant) {
  Value value;
  value.kind = Value::Kind::quantized;
  value.quantized = std::make_shared<const QuantizedConstant>(std::move(constant));
  return value;
}

Value realConstant(ir::Shape shape, std::vector<double> elements) {
  return valueOf(Constant{.shape = std::move(shape), .data = std::move(elements), .symbolic = false});
}

std::shared_ptr<const Constant> realOf(const Value& value) {
  if (value.kind == Value::Kind::constant) return value.constant;
  return std::make_shared<const Constant>(value.quantized->dequantized());
}

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
  if (copy.scale.size() > 1 && !perElement(copy)) {
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
    if (survivor)
      copy.channelAxis = static_cast<std::int64_t>(*survivor);
    else
      spreadScales(copy);
  }
  copy.shape = std::move(shape);
  return valueOf(std::move(copy));
}

Result<Value> transposed(const Value& value, const Order& permutation, FoldBudget& budget) {
  if (value.kind == Value::Kind::constant) {
    const Constant& from = *value.constant;
    SLUICE_RETURN_IF_ERROR(budget.take(static_cast<std::int64_t>(from.size())));
    Constant to{.shape = transposeShape(from.shape, permutation),
                .data = {},
                .symbolic = from.symbolic,
                .type = from.type};
    std::visit([&](const auto& elements) { to.data = transposeElements(elements, from.shape, permutation); },
               from.data);
    return valueOf(std::move(to));
  }
  const QuantizedConstant& from = *value.quantized;
  SLUICE_RETURN_IF_ERROR(budget.take(static_cast<std::int64_t>(from.codes.size())));
  QuantizedConstant to{.shape = transposeShape(from.shape, permutation),
                       .codes = transposeElements(from.codes, from.shape, permutation),
                       .scale = from.scale,
                       .channelAxis = from.channelAxis,
                       .range = from.range};
  if (perElement(from)) {
    to.scale = transposeElements(from.scale, from.shape, permutation);
  } else {
    for (std::size_t i = 0; i < permutation.size(); ++i)
      if (permutation[i] == from.channelAxis) to.channelAxis = static_cast<std::int64_t>(i);
  }
  return valueOf(std::move(to));
}

Result<Value> picked(const Value& value, std::int64_t axis, const std::vector<std::int64_t>& positions,
                     FoldBudget& budget) {
  const ir::Shape& from =
      value.kind == Value::Kind::constant ? value.constant->shape : value.quantized->shape;
  ir::Shape shape = from;
  shape[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(positions.size());
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  if (value.kind == Value::Kind::constant) {
    Constant copy{
        .shape = shape, .data = {}, .symbolic = value.constant->symbolic, .type = value.constant->type};
    std::visit([&](const auto& elements) { copy.data = pick(elements, from, axis, positions); },
               value.constant->data);
    return valueOf(std::move(copy));
  }
  QuantizedConstant copy = *value.quantized;
  copy.codes = pick(copy.codes, from, axis, positions);
  if (perElement(copy)) {
    copy.scale = pick(copy.scale, from, axis, positions);
  } else if (copy.scale.size() > 1 && copy.channelAxis == axis) {
    std::vector<double> scale;
    for (const std::int64_t p : positions) scale.push_back(copy.scale[static_cast<std::size_t>(p)]);
    copy.scale = std::move(scale);
  }
  copy.shape = std::move(shape);
  return valueOf(std::move(copy));
}

Result<Value> pickedAs(const Value& value, std::int64_t axis, const Flattening& flat, FoldBudget& budget) {
  const ir::Shape& shape =
      value.kind == Value::Kind::constant ? value.constant->shape : value.quantized->shape;
  const std::int64_t count = ir::elements(flat.shape);
  if (shape[static_cast<std::size_t>(axis)] != count)
    return badInput("a constant of shape " + shapeText(shape) + " meets " + std::to_string(count) +
                    " flattened elements");
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  return picked(value, axis, flatPositions(flat), budget);
}

}  // namespace sluice::frontend

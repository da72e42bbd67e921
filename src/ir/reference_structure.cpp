#include <algorithm>
#include <cmath>

#include "ir/geometry.h"
#include "ir/reference_ops.h"

/// Operations of both dialects: written once, for doubles and for codes.
namespace sluice::ir {
namespace {

std::vector<Shape> shapesOf(const std::vector<Operand>& inputs) {
  std::vector<Shape> shapes;
  for (const Operand& input : inputs) shapes.push_back(input.type->shape);
  return shapes;
}

/// What a Pad puts in, as doubles and as a code of x.
double paddingOf(const Pad& operation, const std::vector<double>&, const TensorType&) {
  return operation.value;
}
std::int64_t paddingOf(const Pad& operation, const std::vector<std::int64_t>&, const TensorType& x) {
  const double steps = operation.value == 0 ? 0 : operation.value / x.codes->scale[0];
  return static_cast<std::int64_t>(steps) + x.codes->zeroPoint;
}
template <typename Other, typename Number>
Number paddingOf(const Other&, const std::vector<Number>&, const TensorType&) {
  return 0;
}

template <typename Move, typename Number>
void moveInto(const Move& operation, const std::vector<Operand>& inputs,
              const std::vector<const std::vector<Number>*>& x, std::vector<Number>& result) {
  const std::vector<std::int64_t> sources = moveSources(operation, shapesOf(inputs));
  const Number padding = paddingOf(operation, *x[0], *inputs[0].type);
  std::vector<Number> all;
  const std::vector<Number>* from = x[0];
  if (x.size() > 1) {
    for (const std::vector<Number>* one : x) all.insert(all.end(), one->begin(), one->end());
    from = &all;
  }
  result.resize(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i)
    result[i] = sources[i] < 0 ? padding : (*from)[static_cast<std::size_t>(sources[i])];
}

/// Calls `compute` with the operands as lists of the result's kind.
template <typename Compute>
void withLists(const std::vector<Operand>& inputs, ConstantData& result, Compute compute) {
  if (auto* codes = std::get_if<std::vector<std::int64_t>>(&result)) {
    std::vector<const std::vector<std::int64_t>*> lists;
    for (const Operand& input : inputs) lists.push_back(&codesOf(input));
    compute(lists, *codes);
    return;
  }
  std::vector<RealView> views;
  views.reserve(inputs.size());
  std::vector<const std::vector<double>*> lists;
  for (const Operand& input : inputs) lists.push_back(&views.emplace_back(input).list());
  compute(lists, std::get<std::vector<double>>(result));
}

/// (1 - weight) * a + weight * b, in steps of 2^-bits for codes.
double blend(double a, double b, double weight, int) { return a + weight * (b - a); }
std::int64_t blend(std::int64_t a, std::int64_t b, double weight, int bits) {
  const std::int64_t one = std::int64_t{1} << bits;
  const auto high = static_cast<std::int64_t>(std::ldexp(weight, bits));
  return (one - high) * a + high * b;
}

template <typename Number>
void resizeLinear(const Resize& operation, const Shape& from, const std::vector<Number>& x,
                  std::vector<Number>& result) {
  const auto taps = resizeTaps(operation, from);
  Shape shape = from;
  result = x;
  for (std::size_t axis = 0; axis < taps.size(); ++axis) {
    if (taps[axis].empty()) continue;
    const int bits = std::is_same_v<Number, double> ? 0 : dyadicBits(taps[axis]);
    std::int64_t inner = 1, outer = 1;
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
    const std::vector<Number> before = std::move(result);
    result.clear();
    for (std::int64_t o = 0; o < outer; ++o)
      for (const ResizeTap& tap : taps[axis])
        for (std::int64_t i = 0; i < inner; ++i) {
          const auto at = [&](std::int64_t place) {
            return before[static_cast<std::size_t>((o * shape[axis] + place) * inner + i)];
          };
          result.push_back(blend(at(tap.low), at(tap.high), tap.weight, bits));
        }
    shape[axis] = operation.shape[axis];
  }
}

}  // namespace

template <typename Move>
void evaluateMove(const Move& operation, const std::vector<Operand>& inputs, ConstantData& result) {
  withLists(inputs, result, [&](const auto& x, auto& list) { moveInto(operation, inputs, x, list); });
}
template void evaluateMove(const Transpose&, const std::vector<Operand>&, ConstantData&);
template void evaluateMove(const Concat&, const std::vector<Operand>&, ConstantData&);
template void evaluateMove(const Pad&, const std::vector<Operand>&, ConstantData&);
template void evaluateMove(const Slice&, const std::vector<Operand>&, ConstantData&);
template void evaluateMove(const Expand&, const std::vector<Operand>&, ConstantData&);

void evaluateStructure(const Resize& operation, const std::vector<Operand>& inputs, ConstantData& result) {
  if (operation.kind == ResizeKind::nearest) return evaluateMove(operation, inputs, result);
  withLists(inputs, result,
            [&](const auto& x, auto& list) { resizeLinear(operation, inputs[0].type->shape, *x[0], list); });
}

void evaluateStructure(const Gather& operation, const std::vector<Operand>& inputs, ConstantData& result) {
  const Shape& shape = inputs[0].type->shape;
  const auto& indices = codesOf(inputs[1]);
  const auto axis = static_cast<std::size_t>(operation.axis);
  std::int64_t inner = 1, outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  withLists({inputs[0]}, result, [&](const auto& x, auto& list) {
    list.clear();
    for (std::int64_t o = 0; o < outer; ++o)
      for (const std::int64_t index : indices) {
        const auto first = x[0]->begin() + (o * shape[axis] + index) * inner;
        list.insert(list.end(), first, first + inner);
      }
  });
}

void evaluateStructure(const Pool& operation, const std::vector<Operand>& inputs, ConstantData& result) {
  const TensorType& type = *inputs[0].type;
  if (auto* codes = std::get_if<std::vector<std::int64_t>>(&result))
    return evaluatePool(operation, type.shape, codesOf(inputs[0]), type.codes->zeroPoint, *codes);
  evaluatePool(operation, type.shape, RealView(inputs[0]).list(), 0.0, std::get<std::vector<double>>(result));
}

void evaluateStructure(const Reduce& operation, const std::vector<Operand>& inputs, ConstantData& result) {
  withLists(inputs, result, [&](const auto& x, auto& list) {
    evaluateReduce(operation, inputs[0].type->shape, *x[0], list);
  });
}

}  // namespace sluice::ir

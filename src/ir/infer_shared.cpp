#include <algorithm>
#include <cmath>

#include "ir/infer.h"

namespace sluice::ir {

Result<const Codes*> codesAt(const Inputs& inputs, std::size_t i) {
  if (inputs[i]->type.isReal())
    return badInput("reads '" + inputs[i]->name +
                    "', a real tensor; operations of the integer dialect read codes");
  return &*inputs[i]->type.codes;
}

Result<TensorType> codesType(Shape shape, Wide lo, Wide hi, std::vector<double> scale, Wide zeroPoint,
                             std::vector<fixed::Interval> ranges) {
  if (lo < -codeLimit || hi > codeLimit || zeroPoint < -codeLimit || zeroPoint > codeLimit)
    return badInput("results may leave [-2^62, 2^62]");
  if (ranges.size() == 1) ranges.clear();  // lo and hi are its ends
  const bool listed =
      !ranges.empty() || (scale.size() > 1 && static_cast<std::int64_t>(scale.size()) != channels(shape));
  TensorType type{.shape = std::move(shape),
                  .codes = Codes{.range = {static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)},
                                 .scale = std::move(scale),
                                 .zeroPoint = static_cast<std::int64_t>(zeroPoint),
                                 .ranges = std::move(ranges)}};
  SLUICE_RETURN_IF_ERROR(check(type));
  if (listed) type.codes = canonical(std::move(*type.codes), type.shape);
  return type;
}

/// a * b if double holds it exactly.
std::optional<double> exactProduct(double a, double b) {
  const double product = a * b;
  // Below 2^-960 the residual of the product could itself be lost.
  if (!std::isfinite(product) || product < 0x1p-960 || std::fma(a, b, -product) != 0) return std::nullopt;
  return product;
}

std::string shapesOf(const Inputs& inputs) {
  std::string out;
  for (const Tensor* input : inputs) {
    if (!out.empty()) out += " and ";
    out += "'" + input->name + "' " + text(input->type.shape);
  }
  return out;
}

Result<Shape> broadcast(const Inputs& inputs) {
  const Shape& a = inputs[0]->type.shape;
  const Shape& b = inputs[1]->type.shape;
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {  // i counts axes from the last one
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1)
      return badInput("shapes do not broadcast: " + shapesOf(inputs));
    result[result.size() - 1 - i] = std::max(left, right);
  }
  SLUICE_RETURN_IF_ERROR(checkShape(result));
  return result;
}

Result<Shape> matMulShape(const Inputs& inputs) {
  const Shape& x = inputs[0]->type.shape;
  const Shape& w = inputs[1]->type.shape;
  const bool legal =
      !x.empty() && w.size() >= 2 && x.back() == w[w.size() - 2] &&
      (w.size() == 2 || (x.size() == w.size() && std::equal(w.begin(), w.end() - 2, x.begin())));
  if (!legal && w.size() > 2)
    return badInput(
        "a product of several matrices takes x [..., a, n] and w [..., n, m] of equal leading axes, not " +
        shapesOf(inputs));
  if (!legal) return badInput("a matrix product takes x [..., n] and w [n, m], not " + shapesOf(inputs));
  Shape result = x;
  result.back() = w.back();
  SLUICE_RETURN_IF_ERROR(checkShape(result));
  return result;
}

std::vector<fixed::Interval> channelRanges(const TensorType& type) {
  const Codes& codes = *type.codes;
  const auto n = static_cast<std::size_t>(channels(type.shape));
  std::vector<fixed::Interval> result(n, codes.range);
  if (codes.ranges.empty()) return result;
  for (std::size_t i = 0; i < codes.ranges.size(); ++i)
    result[i % n] = i < n ? codes.ranges[i] : join(result[i % n], codes.ranges[i]);
  return result;
}

}  // namespace sluice::ir

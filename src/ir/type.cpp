#include "ir/type.h"

#include <cmath>

#include "base/text.h"

namespace sluice::ir {
namespace {

constexpr std::int64_t mostElements = std::int64_t{1} << 40;
constexpr std::size_t mostAxes = 16;

}  // namespace

std::int64_t elements(const Shape& shape) {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

std::int64_t channels(const Shape& shape) { return shape.empty() ? 1 : shape.back(); }

Status checkShape(const Shape& shape) {
  if (shape.size() > mostAxes)
    return badInput("a shape of " + std::to_string(shape.size()) + " axes; at most 16 are supported");
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 1) return badInput("shape " + text(shape) + " has an extent below 1");
    if (extent >= mostElements / product)
      return badInput("shape " + text(shape) + " has 2^40 elements or more");
    product *= extent;
  }
  return {};
}

std::string text(const Shape& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(shape[i]);
  }
  return out + "]";
}

Status check(const TensorType& type) {
  SLUICE_RETURN_IF_ERROR(checkShape(type.shape));
  if (type.isReal()) return {};
  const Codes& codes = *type.codes;
  if (codes.range.lo > codes.range.hi)
    return badInput("the range of codes [" + std::to_string(codes.range.lo) + ", " +
                    std::to_string(codes.range.hi) + "] is empty");
  if (codes.range.lo < -codeLimit || codes.range.hi > codeLimit || codes.zeroPoint < -codeLimit ||
      codes.zeroPoint > codeLimit)
    return badInput("codes [" + std::to_string(codes.range.lo) + ", " + std::to_string(codes.range.hi) +
                    "] with zero point " + std::to_string(codes.zeroPoint) + " leave [-2^62, 2^62]");
  const auto count = static_cast<std::int64_t>(codes.scale.size());
  if (count != 1 && count != channels(type.shape))
    return badInput(std::to_string(count) + " scales for " + std::to_string(channels(type.shape)) +
                    " channels; there must be one for all or one per channel");
  for (const double scale : codes.scale)
    if (!(scale > 0) || !std::isfinite(scale))
      return badInput("scale " + formatDouble(scale) + " is not a positive finite number");
  return {};
}

std::string text(const TensorType& type) {
  std::string out = text(type.shape);
  if (type.isReal()) return out + " real";
  const Codes& codes = *type.codes;
  out += " codes [" + std::to_string(codes.range.lo) + ", " + std::to_string(codes.range.hi) + "]";
  if (codes.scale != std::vector<double>{1}) {
    out += " scale ";
    const bool list = codes.scale.size() != 1;
    if (list) out += '[';
    for (std::size_t i = 0; i < codes.scale.size(); ++i) {
      if (i > 0) out += ", ";
      out += formatDouble(codes.scale[i]);
    }
    if (list) out += ']';
  }
  if (codes.zeroPoint != 0) out += " zeroPoint " + std::to_string(codes.zeroPoint);
  return out;
}

}  // namespace sluice::ir

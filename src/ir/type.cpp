#include "ir/type.h"

#include <algorithm>
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
  const auto legal = [&](std::size_t size) {
    const auto count = static_cast<std::int64_t>(size);
    return count == 1 || count == channels(type.shape) || count == elements(type.shape);
  };
  if (!legal(codes.scale.size()))
    return badInput(std::to_string(codes.scale.size()) + " scales for " +
                    std::to_string(channels(type.shape)) + " channels and " +
                    std::to_string(elements(type.shape)) +
                    " elements; there must be one for all, one per channel or one per element");
  if (!codes.ranges.empty()) {
    if (codes.ranges.size() < 2 || !legal(codes.ranges.size()))
      return badInput(std::to_string(codes.ranges.size()) + " ranges for " +
                      std::to_string(channels(type.shape)) + " channels and " +
                      std::to_string(elements(type.shape)) +
                      " elements; there must be none, one per channel or one per element");
    fixed::Interval hull = codes.ranges[0];
    for (const fixed::Interval range : codes.ranges) {
      if (range.lo > range.hi)
        return badInput("one of the ranges of codes, [" + std::to_string(range.lo) + ", " +
                        std::to_string(range.hi) + "], is empty");
      hull = join(hull, range);
    }
    if (hull != codes.range)
      return badInput("the range of codes [" + std::to_string(codes.range.lo) + ", " +
                      std::to_string(codes.range.hi) + "] is not the hull of the ranges of its elements, [" +
                      std::to_string(hull.lo) + ", " + std::to_string(hull.hi) + "]");
  }
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
  if (!codes.ranges.empty()) {
    out += " ranges [";
    for (std::size_t i = 0; i < codes.ranges.size(); ++i)
      out += (i > 0 ? ", [" : "[") + std::to_string(codes.ranges[i].lo) + ", " +
             std::to_string(codes.ranges[i].hi) + "]";
    out += ']';
  }
  return out;
}

bool isPerChannel(const Codes& codes, const Shape& shape) {
  const auto n = static_cast<std::size_t>(channels(shape));
  return (codes.scale.size() == 1 || codes.scale.size() == n) &&
         (codes.ranges.empty() || codes.ranges.size() == n);
}

namespace {

/// One element if all are equal, else `period` of them if they repeat, else all.
template <typename Item>
void shorten(std::vector<Item>& list, std::size_t period) {
  const auto repeatsAfter = [&](std::size_t n) {
    return list.size() % n == 0 &&
           std::equal(list.begin() + static_cast<std::ptrdiff_t>(n), list.end(), list.begin());
  };
  if (list.empty()) return;
  if (repeatsAfter(1))
    list.erase(list.begin() + 1, list.end());
  else if (period < list.size() && repeatsAfter(period))
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(period), list.end());
}

}  // namespace

Codes canonical(Codes codes, const Shape& shape) {
  const auto n = static_cast<std::size_t>(channels(shape));
  shorten(codes.scale, n);
  if (!codes.ranges.empty()) {
    codes.range = codes.ranges[0];
    for (const fixed::Interval range : codes.ranges) codes.range = join(codes.range, range);
    shorten(codes.ranges, n);
    if (codes.ranges.size() == 1) codes.ranges.clear();
  }
  return codes;
}

}  // namespace sluice::ir

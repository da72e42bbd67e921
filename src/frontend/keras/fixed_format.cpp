#include "frontend/keras/fixed_format.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sluice::frontend::keras {

Result<FixedFormats> modesOf(const std::string& rounding, const std::string& overflow) {
  using ir::Overflow;
  using ir::Rounding;
  static const std::map<std::string, Rounding> roundings = {{"TRN", Rounding::floor},
                                                            {"RND", Rounding::halfUp},
                                                            {"RND_CONV", Rounding::halfEven},
                                                            {"TRN_ZERO", Rounding::towardZero},
                                                            {"RND_ZERO", Rounding::halfTowardZero},
                                                            {"RND_MIN_INF", Rounding::halfDown},
                                                            {"RND_INF", Rounding::halfAwayFromZero}};
  static const std::map<std::string, Overflow> overflows = {{"WRAP", Overflow::wrap},
                                                            {"SAT", Overflow::saturate},
                                                            {"SAT_ZERO", Overflow::saturateToZero},
                                                            {"SAT_SYM", Overflow::saturateSymmetric},
                                                            {"WRAP_SM", Overflow::wrapSignMagnitude}};
  std::string name = rounding;
  if (name.starts_with("S_")) name.erase(0, 2);  // stochastic in training only
  const auto r = roundings.find(name);
  const auto o = overflows.find(overflow);
  if (r == roundings.end()) return unsupported("rounds '" + rounding + "'");
  if (o == overflows.end()) return unsupported("overflows '" + overflow + "'");
  FixedFormats formats;
  formats.rounding = r->second;
  formats.overflow = o->second;
  return formats;
}

Result<fixed::Interval> rangeOf(const FixedFormat& format, ir::Overflow overflow) {
  if (format.isEmpty) return fixed::Interval{0, 0};
  if (format.magnitudeBits < 0 || format.magnitudeBits > 60 || std::abs(format.fractional) > 120)
    return badInput("has a format of " + std::to_string(format.magnitudeBits) + " bits, " +
                    std::to_string(format.fractional) + " of them behind the point");
  const std::int64_t end = std::int64_t{1} << format.magnitudeBits;
  if (overflow == ir::Overflow::wrapSignMagnitude && !format.isSigned)
    return unsupported("wraps unsigned numbers as sign and magnitude");
  const std::int64_t symmetric = overflow == ir::Overflow::saturateSymmetric ? 1 : 0;
  return fixed::Interval{format.isSigned ? -end + symmetric : 0, end - 1};
}

std::vector<std::size_t> broadcastPositions(const ir::Shape& from, const ir::Shape& shape) {
  const std::size_t rank = shape.size();
  if (from.size() > rank) return {};
  std::vector<std::size_t> step(rank, 0);
  std::size_t stride = 1;
  for (std::size_t k = 0; k < from.size(); ++k) {
    const std::size_t axis = rank - 1 - k;
    const std::int64_t extent = from[from.size() - 1 - k];
    if (extent != 1 && extent != shape[axis]) return {};
    if (extent != 1) step[axis] = stride;
    stride *= static_cast<std::size_t>(extent);
  }
  std::vector<std::size_t> positions;
  std::vector<std::int64_t> index(rank, 0);
  std::size_t at = 0;
  const std::int64_t count = ir::elements(shape);
  positions.reserve(static_cast<std::size_t>(count));
  for (std::int64_t n = 0; n < count; ++n) {
    positions.push_back(at);
    for (std::size_t k = rank; k-- > 0;) {
      at += step[k];
      if (++index[k] < shape[k]) break;
      at -= step[k] * static_cast<std::size_t>(shape[k]);
      index[k] = 0;
    }
  }
  return positions;
}

Result<ir::TensorId> quantizeElements(Layer& layer, const FixedFormats& formats, ir::TensorId x,
                                      const std::string& suffix) {
  const ir::Shape& shape = layer.shape(x);
  if (formats.elements.empty()) return badInput("has no widths");
  ir::Quantize quantize;
  quantize.rounding = formats.rounding;
  quantize.overflow = formats.overflow;
  // Elements without bits take the finest step of the others, so as not to add one of their own.
  int finest = -1000;
  for (const FixedFormat& format : formats.elements)
    if (!format.isEmpty) finest = std::max(finest, format.fractional);
  if (finest == -1000) finest = 0;
  std::vector<double> scales;
  std::vector<fixed::Interval> ranges;
  for (const FixedFormat& format : formats.elements) {
    SLUICE_TRY(const fixed::Interval range, rangeOf(format, formats.overflow));
    ranges.push_back(range);
    scales.push_back(std::exp2(-(format.isEmpty ? finest : format.fractional)));
  }
  quantize.range = ranges[0];
  for (const fixed::Interval range : ranges) quantize.range = fixed::join(quantize.range, range);
  const auto allEqual = [](const auto& list) {
    return std::all_of(list.begin(), list.end(), [&](const auto& item) { return item == list[0]; });
  };
  const bool oneScale = allEqual(scales), oneRange = allEqual(ranges);
  if (oneScale && oneRange) {
    quantize.scale = {scales[0]};
    return layer.emit(quantize, {x}, suffix);
  }
  ir::Shape from = formats.shape;
  if (!from.empty() && from.size() == shape.size() + 1 && from[0] == 1) from.erase(from.begin());
  if (ir::elements(shape) > std::int64_t{1} << 26)
    return unsupported("has widths per element of a tensor beyond 2^26");
  // Per channel if only the last axis has an extent.
  const bool perChannel = static_cast<std::int64_t>(formats.elements.size()) == from.back() &&
                          !shape.empty() && from.back() == shape.back();
  if (perChannel) {
    if (!oneScale)
      quantize.scale = scales;
    else
      quantize.scale = {scales[0]};
    if (!oneRange) quantize.ranges = ranges;
    return layer.emit(quantize, {x}, suffix);
  }
  const std::vector<std::size_t> positions = broadcastPositions(from, shape);
  if (positions.empty())
    return badInput("has widths of shape " + ir::text(formats.shape) + " for a tensor of shape " +
                    ir::text(shape));
  if (oneScale) quantize.scale = {scales[0]};
  for (const std::size_t position : positions) {
    if (!oneScale) quantize.scale.push_back(scales[position]);
    if (!oneRange) quantize.ranges.push_back(ranges[position]);
  }
  return layer.emit(quantize, {x}, suffix);
}

}  // namespace sluice::frontend::keras

#include <algorithm>
#include <cmath>

#include "ir/geometry.h"
#include "ir/infer.h"

/// Operations of both dialects. Of codes: the scales and ranges of elements move with them. Only where some
/// input's scales or ranges differ from element to element are the moves written out.
namespace sluice::ir {
namespace {

TensorType real(Shape shape) { return {.shape = std::move(shape), .codes = std::nullopt}; }

bool allCodes(const Inputs& inputs) {
  return std::none_of(inputs.begin(), inputs.end(), [](const Tensor* input) { return input->type.isReal(); });
}

std::vector<Shape> shapeList(const Inputs& inputs) {
  std::vector<Shape> list;
  for (const Tensor* input : inputs) list.push_back(input->type.shape);
  return list;
}

/// Whether one scale and one range hold for all elements of all inputs.
bool isUniform(const Inputs& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [&](const Tensor* input) {
    const Codes& codes = *input->type.codes;
    return codes.scale.size() == 1 && codes.ranges.empty() && codes.scale == inputs[0]->type.codes->scale;
  });
}

/// Codes of elements that come from `sources` (geometry.h), `padding` where that is -1.
Codes movedCodes(const Inputs& inputs, const std::vector<std::int64_t>& sources, std::int64_t padding,
                 const Shape& shape) {
  std::vector<double> scales;
  std::vector<fixed::Interval> ranges;
  bool severalRanges = false;
  for (const Tensor* input : inputs) {
    const Codes& codes = *input->type.codes;
    severalRanges = severalRanges || !codes.ranges.empty();
    for (std::int64_t i = 0; i < elements(input->type.shape); ++i) {
      scales.push_back(scaleOf(codes, i));
      ranges.push_back(rangeOf(codes, i));
    }
  }
  Codes result{.range = {}, .scale = {}, .zeroPoint = inputs[0]->type.codes->zeroPoint, .ranges = {}};
  const auto n = static_cast<std::size_t>(channels(shape));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::int64_t from = sources[i];
    result.ranges.push_back(from < 0 ? fixed::Interval{padding, padding}
                                     : ranges[static_cast<std::size_t>(from)]);
    // The padding of a channel takes the channel's scale where it is found below; until then a mark.
    result.scale.push_back(from < 0 ? 0 : scales[static_cast<std::size_t>(from)]);
  }
  std::vector<double> channel(n, 0);
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (result.scale[i] != 0) channel[i % n] = result.scale[i];
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (result.scale[i] == 0) result.scale[i] = channel[i % n] != 0 ? channel[i % n] : scales[0];
  result.range = result.ranges[0];
  for (const fixed::Interval range : result.ranges) result.range = join(result.range, range);
  if (!severalRanges) result.ranges.clear();
  return canonical(std::move(result), shape);
}

/// The code that stands for `value` in every element; none where there is no such code.
std::optional<std::int64_t> codeOfAll(const Codes& codes, double value) {
  if (value == 0) return codes.zeroPoint;
  if (codes.scale.size() != 1) return std::nullopt;
  const double steps = value / codes.scale[0];
  if (steps != std::floor(steps) || std::fabs(steps) > 0x1p53 || steps * codes.scale[0] != value)
    return std::nullopt;
  return static_cast<std::int64_t>(steps) + codes.zeroPoint;
}

template <typename Move>
Result<TensorType> moved(const Move& operation, const Inputs& inputs, std::optional<std::int64_t> padding) {
  SLUICE_TRY(Shape shape, moveShape(operation, shapeList(inputs)));
  bool codes = allCodes(inputs);
  for (const Tensor* input : inputs)
    codes = codes && input->type.codes->zeroPoint == inputs[0]->type.codes->zeroPoint;
  if (!codes) return real(std::move(shape));
  TensorType type{.shape = std::move(shape), .codes = inputs[0]->type.codes};
  if (isUniform(inputs)) {
    for (const Tensor* input : inputs) type.codes->range = join(type.codes->range, input->type.codes->range);
    if (padding) type.codes->range = join(type.codes->range, {*padding, *padding});
  } else if (!std::is_same_v<Move, Reshape> || channels(type.shape) != channels(inputs[0]->type.shape)) {
    type.codes =
        movedCodes(inputs, moveSources(operation, shapeList(inputs)), padding.value_or(0), type.shape);
  }
  SLUICE_RETURN_IF_ERROR(check(type));
  return type;
}

}  // namespace

Result<TensorType> inferMove(const Reshape& operation, const Inputs& inputs) {
  return moved(operation, inputs, {});
}
Result<TensorType> inferMove(const Transpose& operation, const Inputs& inputs) {
  return moved(operation, inputs, {});
}
Result<TensorType> inferMove(const Concat& operation, const Inputs& inputs) {
  return moved(operation, inputs, {});
}
Result<TensorType> inferMove(const Slice& operation, const Inputs& inputs) {
  return moved(operation, inputs, {});
}
Result<TensorType> inferMove(const Expand& operation, const Inputs& inputs) {
  return moved(operation, inputs, {});
}

Result<TensorType> inferMove(const Pad& operation, const Inputs& inputs) {
  if (inputs[0]->type.isReal()) return moved(operation, inputs, {});
  SLUICE_TRY(Shape shape, moveShape(operation, shapeList(inputs)));
  if (shape == inputs[0]->type.shape) return inputs[0]->type;
  const auto padding = codeOfAll(*inputs[0]->type.codes, operation.value);
  if (!padding) return real(std::move(shape));
  return moved(operation, inputs, padding);
}

Result<TensorType> inferResize(const Resize& operation, const Inputs& inputs) {
  const TensorType& x = inputs[0]->type;
  SLUICE_TRY(Shape shape, moveShape(operation, shapeList(inputs)));
  if (operation.kind == ResizeKind::nearest) return moved(operation, inputs, {});
  if (x.isReal()) return real(std::move(shape));
  int bits = 0;
  bool lastAxis = false;
  const auto taps = resizeTaps(operation, x.shape);
  for (std::size_t axis = 0; axis < taps.size(); ++axis) {
    if (taps[axis].empty()) continue;
    lastAxis = lastAxis || axis + 1 == taps.size();
    const int here = dyadicBits(taps[axis]);
    if (here < 0) return real(std::move(shape));
    bits += here;
  }
  const Codes& codes = *x.codes;
  if (codes.scale.size() > 1 &&
      (lastAxis || static_cast<std::int64_t>(codes.scale.size()) != channels(x.shape)))
    return real(std::move(shape));
  std::vector<double> scale = codes.scale;
  for (double& one : scale) {
    const double finer = std::ldexp(one, -bits);
    if (std::ldexp(finer, bits) != one) return real(std::move(shape));
    one = finer;
  }
  const Wide factor = Wide{1} << bits;
  return codesType(std::move(shape), factor * codes.range.lo, factor * codes.range.hi, std::move(scale),
                   factor * codes.zeroPoint);
}

Result<TensorType> inferGather(const Gather& operation, const Inputs& inputs) {
  const TensorType& x = inputs[0]->type;
  const TensorType& indices = inputs[1]->type;
  if (operation.axis < 0 || operation.axis >= static_cast<std::int64_t>(x.shape.size()))
    return badInput("axis " + std::to_string(operation.axis) + " of a tensor of shape " + text(x.shape));
  const auto axis = static_cast<std::size_t>(operation.axis);
  if (indices.isReal() || indices.codes->scale != std::vector<double>{1} || indices.codes->zeroPoint != 0)
    return badInput("indices '" + inputs[1]->name + "' must be codes of scale 1 and zero point 0");
  if (indices.codes->range.lo < 0 || indices.codes->range.hi >= x.shape[axis])
    return badInput("indices '" + inputs[1]->name + "' in [" + std::to_string(indices.codes->range.lo) +
                    ", " + std::to_string(indices.codes->range.hi) + "] of an axis of extent " +
                    std::to_string(x.shape[axis]));
  Shape shape(x.shape.begin(), x.shape.begin() + operation.axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), x.shape.begin() + operation.axis + 1, x.shape.end());
  SLUICE_RETURN_IF_ERROR(checkShape(shape));
  if (x.isReal()) return real(std::move(shape));
  TensorType type{.shape = std::move(shape), .codes = x.codes};
  const bool lastKept = axis + 1 < x.shape.size();
  if (!lastKept || !isPerChannel(*x.codes, x.shape)) {
    if (x.codes->scale.size() > 1) return real(std::move(type.shape));
    type.codes->ranges.clear();
  }
  return type;
}

Result<TensorType> inferPool(const Pool& operation, const Inputs& inputs) {
  const TensorType& x = inputs[0]->type;
  SLUICE_TRY(const std::vector<WindowAxis> axes, windowAxes(x.shape, operation.kernel, operation.window));
  Shape shape;
  Wide places = 1;
  bool padded = false;
  for (const WindowAxis& axis : axes) {
    shape.push_back(axis.out);
    places *= axis.kernel;
    padded = padded || axis.padded();
    if (operation.kind == PoolKind::sum || (operation.kind == PoolKind::average && operation.countPads))
      continue;
    for (std::int64_t o = 0; o < axis.out; ++o)
      if (axis.inside(o) == 0) return badInput("a pooling window lies in the padding of " + shapesOf(inputs));
  }
  shape.push_back(channels(x.shape));
  if (x.isReal() || operation.kind == PoolKind::average ||
      (x.codes->scale.size() > 1 && static_cast<std::int64_t>(x.codes->scale.size()) != channels(x.shape)))
    return real(std::move(shape));
  const Codes& codes = *x.codes;
  // Per channel if the input's are; the joins of a channel's elements otherwise.
  std::vector<fixed::Interval> ranges;
  if (!codes.ranges.empty()) ranges = channelRanges(x);
  if (operation.kind == PoolKind::max)
    return codesType(std::move(shape), codes.range.lo, codes.range.hi, codes.scale, codes.zeroPoint, ranges);
  const auto total = [&](fixed::Interval range) {
    if (padded) range = join(range, {codes.zeroPoint, codes.zeroPoint});
    return std::pair{places * range.lo, places * range.hi};
  };
  const auto [lo, hi] = total(codes.range);
  if (lo < -codeLimit || hi > codeLimit) return badInput("a sum over windows may leave [-2^62, 2^62]");
  for (fixed::Interval& range : ranges) {
    const auto sums = total(range);
    range = {static_cast<std::int64_t>(sums.first), static_cast<std::int64_t>(sums.second)};
  }
  return codesType(std::move(shape), lo, hi, codes.scale, places * codes.zeroPoint, ranges);
}

Result<TensorType> inferReduce(const Reduce& operation, const Inputs& inputs) {
  const TensorType& x = inputs[0]->type;
  SLUICE_TRY(ReducedShape reduced, reducedShape(x.shape, operation));
  const bool lastReduced = !reduced.reduced.empty() && reduced.reduced.back();
  const bool staysCodes = operation.kind == ReduceKind::sum || operation.kind == ReduceKind::max ||
                          operation.kind == ReduceKind::min;
  if (x.isReal() || !staysCodes ||
      (x.codes->scale.size() > 1 &&
       (lastReduced || static_cast<std::int64_t>(x.codes->scale.size()) != channels(x.shape))))
    return real(std::move(reduced.shape));
  const Codes& codes = *x.codes;
  const bool sum = operation.kind == ReduceKind::sum;
  const Wide count = sum ? reduced.count : 1;
  Wide lo = count * codes.range.lo, hi = count * codes.range.hi;
  std::vector<fixed::Interval> ranges;
  if (!codes.ranges.empty()) {
    const std::vector<std::int64_t> targets = reduceTargets(x.shape, reduced);
    std::vector<std::pair<Wide, Wide>> each(static_cast<std::size_t>(elements(reduced.shape)));
    std::vector<bool> seen(each.size());
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const fixed::Interval range = rangeOf(codes, static_cast<std::int64_t>(i));
      const auto target = static_cast<std::size_t>(targets[i]);
      auto& [low, high] = each[target];
      if (!seen[target]) {
        low = range.lo, high = range.hi;
      } else if (sum) {
        low += range.lo, high += range.hi;
      } else if (operation.kind == ReduceKind::max) {
        low = std::max(low, Wide{range.lo}), high = std::max(high, Wide{range.hi});
      } else {
        low = std::min(low, Wide{range.lo}), high = std::min(high, Wide{range.hi});
      }
      seen[target] = true;
    }
    if (lo < -codeLimit || hi > codeLimit) return badInput("a sum may leave [-2^62, 2^62]");
    for (const auto& [low, high] : each)
      ranges.push_back({static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)});
    lo = ranges[0].lo, hi = ranges[0].hi;
    for (const fixed::Interval range : ranges)
      lo = std::min(lo, Wide{range.lo}), hi = std::max(hi, Wide{range.hi});
    if (ranges.size() == 1) ranges.clear();
  }
  return codesType(std::move(reduced.shape), lo, hi, codes.scale, count * codes.zeroPoint, std::move(ranges));
}

}  // namespace sluice::ir

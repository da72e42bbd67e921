#include <algorithm>
#include <cmath>
#include <optional>

#include "fixed/rounding.h"
#include "ir/infer.h"

/// Proven ranges. Where an operation is monotone in its input, the two ends of the input's range decide;
/// where it is a sum of products with constants, each term takes the end that its weight's sign asks for.
/// Both bounds are reached by some input of the type, so no narrower range could be proven from the inputs'
/// types alone.
namespace sluice::ir {
namespace {

bool isPlain(const Codes& codes) { return codes.scale == std::vector<double>{1} && codes.zeroPoint == 0; }

/// A constant of codes without scale: thresholds, tables, factors. Shape [n or 1, entries] or, with no
/// entries, [n or 1].
Status checkParameter(const Inputs& inputs, std::size_t i, const char* what, bool twoAxes, bool plain) {
  const Tensor& tensor = *inputs[i];
  SLUICE_TRY(const Codes* codes, codesAt(inputs, i));
  if (!tensor.isConstant()) return badInput(std::string(what) + " '" + tensor.name + "' must be a constant");
  const Shape& shape = tensor.type.shape;
  const std::int64_t n = channels(inputs[0]->type.shape);
  if (shape.size() != (twoAxes ? 2u : 1u) || (shape[0] != 1 && shape[0] != n))
    return badInput(std::string(what) + " '" + tensor.name + "' of shape " + text(shape) + " where " +
                    (twoAxes ? "[rows, entries]" : "[rows]") + " is needed, rows being 1 or " +
                    std::to_string(n));
  if (plain && !isPlain(*codes))
    return badInput(std::string(what) + " '" + tensor.name +
                    "' must be plain integers (scale 1, zero point 0)");
  return {};
}

Status checkPerChannel(std::size_t count, const Shape& shape, const char* what) {
  if (count == 1 || static_cast<std::int64_t>(count) == channels(shape)) return {};
  return badInput(std::to_string(count) + " elements of " + what +
                  "; there must be one, or one for each of " + std::to_string(channels(shape)) + " channels");
}

/// Least and greatest column sum, in 64 bits where `Sum` cannot overflow, else in 128.
template <typename Sum>
std::pair<Wide, Wide> columnExtremes(const std::vector<std::int64_t>& weights, std::int64_t rows,
                                     std::int64_t columns, const std::vector<fixed::Interval>& x,
                                     const std::vector<std::int64_t>* bias) {
  const auto m = static_cast<std::size_t>(columns);
  std::vector<Sum> lo(m, 0), hi(m, 0);
  if (bias != nullptr)
    for (std::size_t j = 0; j < m; ++j) lo[j] = hi[j] = (*bias)[j];
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
    for (std::size_t j = 0; j < m; ++j) {
      const Sum atLow = static_cast<Sum>(weights[i * m + j]) * x[i].lo;
      const Sum atHigh = static_cast<Sum>(weights[i * m + j]) * x[i].hi;
      lo[j] += std::min(atLow, atHigh);
      hi[j] += std::max(atLow, atHigh);
    }
  return {*std::min_element(lo.begin(), lo.end()), *std::max_element(hi.begin(), hi.end())};
}

}  // namespace

Result<TensorType> inferDense(const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  SLUICE_TRY(const Codes* w, codesAt(inputs, 1));
  const Shape& shape = inputs[0]->type.shape;
  const Shape& weights = inputs[1]->type.shape;
  if (shape.empty() || weights.size() != 2 || shape.back() != weights[0])
    return badInput("dense takes x [..., n] and w [n, m], not " + text(shape) + " and " + text(weights));
  if (!inputs[1]->isConstant()) return badInput("weights '" + inputs[1]->name + "' must be a constant");
  if (x->scale.size() != 1)
    return badInput("x has one scale per channel; a sum over channels needs one scale");
  if (w->zeroPoint != 0)
    return badInput("weights have zero point " + std::to_string(w->zeroPoint) + "; it must be 0");
  if (x->zeroPoint != 0 && inputs.size() < 3)
    return badInput("x has zero point " + std::to_string(x->zeroPoint) +
                    "; a bias that takes it out (-zeroPoint * sum of the column's weights) is needed");
  std::vector<double> scale;
  for (const double one : w->scale) {
    const auto product = exactProduct(x->scale[0], one);
    if (!product) return unsupported("the product of the scales of x and w is not exact in float64");
    scale.push_back(*product);
  }
  const std::vector<std::int64_t>* bias = nullptr;
  fixed::Interval biasRange;
  if (inputs.size() == 3) {
    SLUICE_TRY(const Codes* codes, codesAt(inputs, 2));
    if (!inputs[2]->isConstant()) return badInput("bias '" + inputs[2]->name + "' must be a constant");
    if (inputs[2]->type.shape != Shape{weights[1]})
      return badInput("bias of shape " + text(inputs[2]->type.shape) + " for " + std::to_string(weights[1]) +
                      " columns");
    if (codes->zeroPoint != 0) return badInput("bias has a zero point; it must be 0");
    for (std::int64_t j = 0; j < weights[1]; ++j)
      if (scaleOf(*codes, j) != (scale.size() == 1 ? scale[0] : scale[static_cast<std::size_t>(j)]))
        return badInput("the scale of the bias is not scale(x) * scale(w) in column " + std::to_string(j));
    bias = &codesOf(*inputs[2]);
    biasRange = codes->range;
  }
  // Neither factor exceeds 2^62, so 128 bits hold the sum of up to 2^3 products only where they are that
  // large; bound the sum in double first.
  const auto magnitude = [](fixed::Interval r) {
    return std::max(std::fabs(static_cast<double>(r.lo)), std::fabs(static_cast<double>(r.hi)));
  };
  const double bound =
      static_cast<double>(weights[0]) * magnitude(w->range) * magnitude(x->range) + magnitude(biasRange);
  if (bound > 0x1p120) return badInput("results may leave [-2^62, 2^62]");
  const std::vector<fixed::Interval> ranges = channelRanges(inputs[0]->type);
  const auto [lo, hi] =
      bound < 0x1p60 ? columnExtremes<std::int64_t>(codesOf(*inputs[1]), weights[0], weights[1], ranges, bias)
                     : columnExtremes<Wide>(codesOf(*inputs[1]), weights[0], weights[1], ranges, bias);
  Shape result = shape;
  result.back() = weights[1];
  return codesType(std::move(result), lo, hi, std::move(scale), 0);
}

Result<TensorType> inferThreshold(const Threshold& operation, const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  SLUICE_RETURN_IF_ERROR(checkParameter(inputs, 1, "thresholds", true, true));
  const Shape& shape = inputs[0]->type.shape;
  SLUICE_RETURN_IF_ERROR(checkPerChannel(operation.base.size(), shape, "base"));
  SLUICE_RETURN_IF_ERROR(checkPerChannel(operation.sign.size(), shape, "sign"));
  for (const int sign : operation.sign)
    if (sign != 1 && sign != -1) return badInput("sign " + std::to_string(sign) + "; it must be 1 or -1");
  const std::vector<std::int64_t>& thresholds = codesOf(*inputs[1]);
  const auto steps = inputs[1]->type.shape[1];
  const auto rows = inputs[1]->type.shape[0];
  for (std::int64_t row = 0; row < rows; ++row)
    if (!std::is_sorted(thresholds.begin() + row * steps, thresholds.begin() + (row + 1) * steps))
      return badInput("thresholds of row " + std::to_string(row) + " are not ascending");
  const std::int64_t n =
      rows == 1 && operation.base.size() == 1 && operation.sign.size() == 1 ? 1 : channels(shape);
  std::optional<std::pair<Wide, Wide>> range;
  for (std::int64_t c = 0; c < n; ++c) {
    const auto first = thresholds.begin() + (rows == 1 ? 0 : c) * steps;
    const auto reached = [&](std::int64_t value) {
      return std::upper_bound(first, first + steps, value) - first;
    };
    const auto at = [&](const auto& list) {
      return list[list.size() == 1 ? 0 : static_cast<std::size_t>(c)];
    };
    const Wide a = at(operation.base) + static_cast<Wide>(at(operation.sign)) * reached(x->range.lo);
    const Wide b = at(operation.base) + static_cast<Wide>(at(operation.sign)) * reached(x->range.hi);
    if (!range) range = {a, a};
    range = {std::min({range->first, a, b}), std::max({range->second, a, b})};
  }
  return codesType(shape, range->first, range->second, operation.scale, operation.zeroPoint);
}

Result<TensorType> inferLookup(const Lookup& operation, const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  SLUICE_RETURN_IF_ERROR(checkParameter(inputs, 1, "table", true, false));
  const Codes& table = *inputs[1]->type.codes;
  if (table.scale.size() != 1) return badInput("a table has one scale, that of the result");
  const std::int64_t entries = inputs[1]->type.shape[1];
  if (operation.first < -codeLimit || operation.first > x->range.lo ||
      x->range.hi - operation.first >= entries)
    return badInput("a table of " + std::to_string(entries) + " entries from code " +
                    std::to_string(operation.first) + " on does not cover [" + std::to_string(x->range.lo) +
                    ", " + std::to_string(x->range.hi) + "]");
  const std::vector<std::int64_t>& values = codesOf(*inputs[1]);
  const std::int64_t rows = inputs[1]->type.shape[0];
  std::int64_t lo = INT64_MAX, hi = INT64_MIN;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto begin = values.begin() + row * entries - operation.first;
    const auto [least, greatest] = std::minmax_element(begin + x->range.lo, begin + x->range.hi + 1);
    lo = std::min(lo, *least);
    hi = std::max(hi, *greatest);
  }
  return codesType(inputs[0]->type.shape, lo, hi, table.scale, table.zeroPoint);
}

Result<TensorType> inferRescale(const Rescale& operation, const Inputs& inputs) {
  SLUICE_TRY(const Codes* x, codesAt(inputs, 0));
  SLUICE_RETURN_IF_ERROR(checkParameter(inputs, 1, "factor", false, true));
  SLUICE_RETURN_IF_ERROR(checkParameter(inputs, 2, "summand", false, true));
  if (operation.shift > 61) return badInput("shift " + std::to_string(operation.shift) + " is above 61");
  if (operation.range.lo > operation.range.hi) return badInput("the range to clamp to is empty");
  const std::vector<std::int64_t>& a = codesOf(*inputs[1]);
  const std::vector<std::int64_t>& b = codesOf(*inputs[2]);
  const std::size_t n = std::max(a.size(), b.size());
  const auto rounding = operation.tieToEven ? Rounding::halfEven : Rounding::floor;
  std::int64_t lo = INT64_MAX, hi = INT64_MIN;
  for (std::size_t c = 0; c < n; ++c)
    for (const std::int64_t end : {x->range.lo, x->range.hi}) {
      const Wide v = static_cast<Wide>(a[a.size() == 1 ? 0 : c]) * end + b[b.size() == 1 ? 0 : c];
      if (v < -codeLimit || v > codeLimit) return badInput("a * x + b may leave [-2^62, 2^62]");
      const std::int64_t y =
          std::clamp(fixed::roundShiftRight(static_cast<std::int64_t>(v), operation.shift, rounding),
                     operation.range.lo, operation.range.hi);
      lo = std::min(lo, y);
      hi = std::max(hi, y);
    }
  return codesType(inputs[0]->type.shape, lo, hi, operation.scale, operation.zeroPoint);
}

Result<TensorType> inferMerge(const Merge& operation, const Inputs& inputs) {
  if (operation.shift.size() != inputs.size())
    return badInput(std::to_string(operation.shift.size()) + " shifts for " + std::to_string(inputs.size()) +
                    " inputs");
  std::vector<double> common;
  Wide lo = 0, hi = 0, zeroPoint = 0;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    SLUICE_TRY(const Codes* x, codesAt(inputs, k));
    if (inputs[k]->type.shape != inputs[0]->type.shape)
      return badInput("inputs of different shapes " + text(inputs[0]->type.shape) + " and " +
                      text(inputs[k]->type.shape));
    if (operation.shift[k] > 61)
      return badInput("shift " + std::to_string(operation.shift[k]) + " is above 61");
    std::vector<double> scale = x->scale;
    for (double& one : scale) {
      const double stepped = std::ldexp(one, -static_cast<int>(operation.shift[k]));
      if (std::ldexp(stepped, static_cast<int>(operation.shift[k])) != one)
        return unsupported("the scale of '" + inputs[k]->name + "' is too small to be divided");
      one = stepped;
    }
    // One scale for all and the same scale for every channel mean the same.
    if (scale.size() > 1 && std::all_of(scale.begin(), scale.end(), [&](double s) { return s == scale[0]; }))
      scale.erase(scale.begin() + 1, scale.end());
    if (common.empty()) common = scale;
    if (scale != common)
      return badInput("scale(x) / 2^shift of '" + inputs[k]->name + "' differs from that of '" +
                      inputs[0]->name + "'");
    const Wide factor = Wide{1} << operation.shift[k];
    lo += factor * x->range.lo;
    hi += factor * x->range.hi;
    zeroPoint += factor * x->zeroPoint;
  }
  return codesType(inputs[0]->type.shape, lo, hi, std::move(common), zeroPoint);
}

Result<TensorType> inferTopK(const TopK& operation, const Inputs& inputs) {
  Shape shape = inputs[0]->type.shape;
  if (shape.empty()) return badInput("the largest elements of a scalar");
  const std::int64_t n = shape.back();
  if (operation.k < 1 || operation.k > n)
    return badInput("k is " + std::to_string(operation.k) + " for " + std::to_string(n) + " elements");
  shape.back() = operation.k;
  return codesType(std::move(shape), 0, n - 1, {1}, 0);
}

}  // namespace sluice::ir

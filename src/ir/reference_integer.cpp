#include <algorithm>

#include "fixed/overflow.h"
#include "fixed/rounding.h"
#include "ir/geometry.h"
#include "ir/reference_ops.h"

/// The integer dialect, written as its definitions (ops.h) say, one element at a time: the fast interpreter
/// (integer.h) and the hardware are measured against this.
namespace sluice::ir {
namespace {

std::size_t channelCount(const Operand& operand) {
  return static_cast<std::size_t>(channels(operand.type->shape));
}

}  // namespace

void evaluateInteger(const Dense&, const std::vector<Operand>& inputs, const TensorType&, CodeList& result) {
  const auto& x = codesOf(inputs[0]);
  const auto& w = codesOf(inputs[1]);
  const std::size_t n = channelCount(inputs[0]);
  const std::size_t m = channelCount(inputs[1]);
  result.assign(x.size() / n * m, 0);
  for (std::size_t row = 0; row < x.size() / n; ++row) {
    std::int64_t* acc = result.data() + row * m;
    if (inputs.size() == 3) std::copy(codesOf(inputs[2]).begin(), codesOf(inputs[2]).end(), acc);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < m; ++j) acc[j] += x[row * n + i] * w[i * m + j];
  }
}

void evaluateInteger(const Threshold& operation, const std::vector<Operand>& inputs, const TensorType&,
                     CodeList& result) {
  const auto& x = codesOf(inputs[0]);
  const auto& thresholds = codesOf(inputs[1]);
  const std::size_t n = channelCount(inputs[0]);
  const std::size_t steps = channelCount(inputs[1]);
  const bool shared = inputs[1].type->shape[0] == 1;
  result.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % n;
    const auto row = thresholds.begin() + static_cast<std::ptrdiff_t>(shared ? 0 : c * steps);
    const auto reached = std::upper_bound(row, row + static_cast<std::ptrdiff_t>(steps), x[i]) - row;
    result[i] = operation.base[operation.base.size() == 1 ? 0 : c] +
                operation.sign[operation.sign.size() == 1 ? 0 : c] * reached;
  }
}

void evaluateInteger(const Lookup& operation, const std::vector<Operand>& inputs, const TensorType&,
                     CodeList& result) {
  const auto& x = codesOf(inputs[0]);
  const auto& table = codesOf(inputs[1]);
  const std::size_t n = channelCount(inputs[0]);
  const std::size_t entries = channelCount(inputs[1]);
  const bool shared = inputs[1].type->shape[0] == 1;
  result.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    result[i] = table[(shared ? 0 : i % n * entries) + static_cast<std::size_t>(x[i] - operation.first)];
}

void evaluateInteger(const Rescale& operation, const std::vector<Operand>& inputs, const TensorType&,
                     CodeList& result) {
  const auto& x = codesOf(inputs[0]);
  const auto& a = codesOf(inputs[1]);
  const auto& b = codesOf(inputs[2]);
  const std::size_t n = channelCount(inputs[0]);
  const auto rounding = operation.tieToEven ? Rounding::halfEven : Rounding::floor;
  result.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t v = a[a.size() == 1 ? 0 : i % n] * x[i] + b[b.size() == 1 ? 0 : i % n];
    result[i] = std::clamp(fixed::roundShiftRight(v, operation.shift, rounding), operation.range.lo,
                           operation.range.hi);
  }
}

void evaluateInteger(const Merge& operation, const std::vector<Operand>& inputs, const TensorType&,
                     CodeList& result) {
  result.assign(codesOf(inputs[0]).size(), 0);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] += codesOf(inputs[k])[i] * (std::int64_t{1} << operation.shift[k]);
}

void evaluateInteger(const CodeMatMul&, const std::vector<Operand>& inputs, const TensorType& output,
                     CodeList& result) {
  const auto& x = codesOf(inputs[0]);
  const auto& w = codesOf(inputs[1]);
  const Shape& shape = inputs[1].type->shape;
  const auto n = static_cast<std::size_t>(shape[shape.size() - 2]),
             m = static_cast<std::size_t>(shape.back());
  const std::size_t rows = x.size() / n, matrices = w.size() / (n * m);
  const std::int64_t zx = inputs[0].type->codes->zeroPoint, zw = inputs[1].type->codes->zeroPoint;
  result.assign(static_cast<std::size_t>(elements(output.shape)), 0);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j < m; ++j)
        result[row * m + j] += (x[row * n + k] - zx) * (w[row / (rows / matrices) * n * m + k * m + j] - zw);
}

void evaluateInteger(const CodeBinary& operation, const std::vector<Operand>& inputs,
                     const TensorType& output, CodeList& result) {
  const auto left = broadcastSources(inputs[0].type->shape, output.shape);
  const auto right = broadcastSources(inputs[1].type->shape, output.shape);
  const std::int64_t zx = inputs[0].type->codes->zeroPoint, zy = inputs[1].type->codes->zeroPoint;
  result.resize(left.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t a = codesOf(inputs[0])[static_cast<std::size_t>(left[i])];
    const std::int64_t b = codesOf(inputs[1])[static_cast<std::size_t>(right[i])];
    switch (operation.kind) {
      case CodeBinaryKind::multiply:
        result[i] = (a - zx) * (b - zy);
        break;
      case CodeBinaryKind::minimum:
        result[i] = std::min(a, b);
        break;
      case CodeBinaryKind::maximum:
        result[i] = std::max(a, b);
        break;
    }
  }
}

void evaluateInteger(const PairLookup& operation, const std::vector<Operand>& inputs, const TensorType&,
                     CodeList& result) {
  const auto& a = codesOf(inputs[0]);
  const auto& b = codesOf(inputs[1]);
  const auto& table = codesOf(inputs[2]);
  const std::size_t n = channelCount(inputs[0]), entries = channelCount(inputs[2]);
  const bool shared = inputs[2].type->shape[0] == 1;
  result.resize(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    result[i] = table[(shared ? 0 : i % n * entries) +
                      static_cast<std::size_t>((a[i] - operation.first0) * operation.span1 + b[i] -
                                               operation.first1)];
}

void evaluateInteger(const Requantize& operation, const std::vector<Operand>& inputs, const TensorType&,
                     CodeList& result) {
  const auto& x = codesOf(inputs[0]);
  result.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t shift = operation.shift[i % operation.shift.size()];
    const fixed::Interval range =
        operation.ranges.empty() ? operation.range : operation.ranges[i % operation.ranges.size()];
    const std::int64_t steps =
        shift >= 0 ? fixed::roundShiftRight(x[i], static_cast<std::uint32_t>(shift), operation.rounding)
                   : x[i] * (std::int64_t{1} << -shift);
    result[i] = fixed::fit(steps, range, operation.overflow);
  }
}

template <typename Number>
void evaluateTopK(std::int64_t k, std::int64_t n, const std::vector<Number>& x,
                  std::vector<std::int64_t>& result) {
  const std::size_t rows = x.size() / static_cast<std::size_t>(n);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  result.clear();
  for (std::size_t row = 0; row < rows; ++row) {
    const Number* first = x.data() + row * static_cast<std::size_t>(n);
    for (std::int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return first[a] > first[b] || (first[a] == first[b] && a < b);
    });
    result.insert(result.end(), order.begin(), order.begin() + k);
  }
}
template void evaluateTopK(std::int64_t, std::int64_t, const std::vector<double>&,
                           std::vector<std::int64_t>&);
template void evaluateTopK(std::int64_t, std::int64_t, const std::vector<std::int64_t>&,
                           std::vector<std::int64_t>&);

}  // namespace sluice::ir

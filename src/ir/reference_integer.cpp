#include <algorithm>

#include "fixed/rounding.h"
#include "ir/reference_ops.h"

/// The integer dialect, written as its definitions (ops.h) say, one element at a time: the fast interpreter
/// (integer.h) and the hardware are measured against this.
namespace sluice::ir {
namespace {

const std::vector<std::int64_t>& codes(const Operand& operand) {
  return std::get<std::vector<std::int64_t>>(*operand.data);
}

std::size_t channelCount(const Operand& operand) {
  return static_cast<std::size_t>(channels(operand.type->shape));
}

}  // namespace

void evaluateInteger(const Dense&, const std::vector<Operand>& inputs, std::vector<std::int64_t>& result) {
  const auto& x = codes(inputs[0]);
  const auto& w = codes(inputs[1]);
  const std::size_t n = channelCount(inputs[0]);
  const std::size_t m = channelCount(inputs[1]);
  result.assign(x.size() / n * m, 0);
  for (std::size_t row = 0; row < x.size() / n; ++row) {
    std::int64_t* acc = result.data() + row * m;
    if (inputs.size() == 3) std::copy(codes(inputs[2]).begin(), codes(inputs[2]).end(), acc);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < m; ++j) acc[j] += x[row * n + i] * w[i * m + j];
  }
}

void evaluateInteger(const Threshold& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result) {
  const auto& x = codes(inputs[0]);
  const auto& thresholds = codes(inputs[1]);
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

void evaluateInteger(const Lookup& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result) {
  const auto& x = codes(inputs[0]);
  const auto& table = codes(inputs[1]);
  const std::size_t n = channelCount(inputs[0]);
  const std::size_t entries = channelCount(inputs[1]);
  const bool shared = inputs[1].type->shape[0] == 1;
  result.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    result[i] = table[(shared ? 0 : i % n * entries) + static_cast<std::size_t>(x[i] - operation.first)];
}

void evaluateInteger(const Rescale& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result) {
  const auto& x = codes(inputs[0]);
  const auto& a = codes(inputs[1]);
  const auto& b = codes(inputs[2]);
  const std::size_t n = channelCount(inputs[0]);
  const auto rounding = operation.tieToEven ? Rounding::halfEven : Rounding::floor;
  result.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t v = a[a.size() == 1 ? 0 : i % n] * x[i] + b[b.size() == 1 ? 0 : i % n];
    result[i] = std::clamp(fixed::roundShiftRight(v, operation.shift, rounding), operation.range.lo,
                           operation.range.hi);
  }
}

void evaluateInteger(const Merge& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result) {
  result.assign(codes(inputs[0]).size(), 0);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] += codes(inputs[k])[i] * (std::int64_t{1} << operation.shift[k]);
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

#include "data/scale.h"

#include <array>
#include <cmath>

namespace sluice::data {

namespace {

constexpr std::size_t lanes = 8;

/// Sum of f(x) over the values: value i goes to lane i mod 8, the lanes are added pairwise.
template <typename F>
double laneSum(std::span<const double> values, F f) {
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += f(values[i + lane]);
  for (std::size_t lane = 0; i < values.size(); ++i, ++lane) sums[lane] += f(values[i]);
  for (std::size_t half = lanes / 2; half > 0; half /= 2)
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

}  // namespace

Moments momentsOf(std::span<const double> values) {
  if (values.empty()) return {};
  const double sum = laneSum(values, [](double x) { return x; });
  if (std::isnan(sum)) {
    std::vector<double> numbers;
    for (const double value : values)
      if (!std::isnan(value)) numbers.push_back(value);
    if (numbers.size() < values.size()) return momentsOf(numbers);
  }
  const double mean = sum / static_cast<double>(values.size());
  return {values.size(), mean, laneSum(values, [mean](double x) { return (x - mean) * (x - mean); })};
}

Moments merged(const Moments& a, const Moments& b) {
  if (a.count == 0) return b;
  if (b.count == 0) return a;
  const auto na = static_cast<double>(a.count), nb = static_cast<double>(b.count), n = na + nb;
  const double step = b.mean - a.mean;
  return {a.count + b.count, a.mean + step * (nb / n), a.squares + b.squares + step * step * (na * nb / n)};
}

void MomentTree::add(const Moments& block) {
  Moments carry = block;
  std::size_t level = 0;
  for (std::uint64_t bits = blocks_; (bits & 1) != 0; bits >>= 1, ++level)
    carry = merged(levels_[level], carry);
  if (level == levels_.size()) levels_.emplace_back();
  levels_[level] = carry;
  ++blocks_;
}

Moments MomentTree::total() const {
  Moments sum;
  for (std::size_t level = 0; level < levels_.size(); ++level)
    if ((blocks_ >> level & 1) != 0) sum = merged(levels_[level], sum);
  return sum;
}

Scaler scalerOf(const Moments& moments) {
  if (moments.count == 0) return {};
  const double deviation = std::sqrt(moments.squares / static_cast<double>(moments.count));
  return {moments.mean, deviation > 0 && std::isfinite(deviation) ? deviation : 1};
}

void scale(const Scaler& scaler, std::span<const double> values, std::span<float> scaled) {
  const double mean = scaler.mean, factor = 1 / scaler.deviation;
  for (std::size_t i = 0; i < values.size(); ++i) scaled[i] = static_cast<float>((values[i] - mean) * factor);
}

}  // namespace sluice::data

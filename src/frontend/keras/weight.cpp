#include "frontend/keras/weight.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sluice::frontend::keras {

Weight weightOf(const Hdf5Data& data) {
  Weight weight;
  for (const std::uint64_t extent : data.shape) weight.shape.push_back(static_cast<std::int64_t>(extent));
  weight.values = data.values;
  return weight;
}

Weight constantWeight(ir::Shape shape, double value) {
  Weight weight;
  weight.values.assign(static_cast<std::size_t>(ir::elements(shape)), value);
  weight.shape = std::move(shape);
  return weight;
}

Weight reshaped(Weight weight, ir::Shape shape) {
  SLUICE_CHECK(ir::elements(weight.shape) == ir::elements(shape), "a new shape has as many elements");
  weight.shape = std::move(shape);
  return weight;
}

Weight transposed(const Weight& weight, const std::vector<std::int64_t>& permutation) {
  const std::size_t rank = weight.shape.size();
  std::vector<std::size_t> stride(rank, 1), step(rank);
  for (std::size_t k = rank; k-- > 1;) stride[k - 1] = stride[k] * static_cast<std::size_t>(weight.shape[k]);
  Weight result;
  result.range = weight.range;
  for (std::size_t j = 0; j < rank; ++j) {
    const auto axis = static_cast<std::size_t>(permutation[j]);
    result.shape.push_back(weight.shape[axis]);
    step[j] = stride[axis];
  }
  const std::size_t count = weight.values.size();
  result.values.reserve(count);
  const bool perElement = weight.scale.size() > 1;
  if (!perElement) result.scale = weight.scale;
  std::vector<std::int64_t> index(rank, 0);
  std::size_t from = 0;
  for (std::size_t n = 0; n < count; ++n) {
    result.values.push_back(weight.values[from]);
    if (weight.isCoded()) result.codes.push_back(weight.codes[from]);
    if (perElement) result.scale.push_back(weight.scale[from]);
    for (std::size_t j = rank; j-- > 0;) {
      from += step[j];
      if (++index[j] < result.shape[j]) break;
      from -= step[j] * static_cast<std::size_t>(result.shape[j]);
      index[j] = 0;
    }
  }
  return result;
}

Weight onGrid(Weight weight, int mostBits) {
  int finest = -1000;  // fractional bits that some value needs
  double largest = 0;
  for (const double value : weight.values) {
    if (value == 0) continue;
    if (!std::isfinite(value)) return weight;
    int exponent = 0;
    double mantissa = std::frexp(value, &exponent);
    int bits = 0;
    for (; mantissa != std::trunc(mantissa); ++bits) mantissa *= 2;
    finest = std::max(finest, bits - exponent);
    largest = std::max(largest, std::abs(value));
  }
  if (largest == 0) finest = 0;
  if (std::abs(finest) > 100 || std::ldexp(largest, finest) >= std::ldexp(1.0, mostBits)) return weight;
  weight.scale = {std::ldexp(1.0, -finest)};
  weight.range = {0, 0};
  for (const double value : weight.values) {
    const auto code = static_cast<std::int64_t>(std::ldexp(value, finest));
    weight.codes.push_back(code);
    weight.range.lo = std::min(weight.range.lo, code);
    weight.range.hi = std::max(weight.range.hi, code);
  }
  return weight;
}

}  // namespace sluice::frontend::keras

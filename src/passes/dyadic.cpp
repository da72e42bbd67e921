#include "passes/dyadic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::passes {
namespace {

/// value = mantissa * 2^exponent with an odd mantissa; value is finite and not zero.
struct Dyadic {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

Dyadic dyadic(double value) {
  Dyadic result;
  result.mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &result.exponent), 53));
  result.exponent -= 53;
  while (result.mantissa % 2 == 0) {
    result.mantissa /= 2;
    ++result.exponent;
  }
  return result;
}

}  // namespace

std::optional<double> commonStep(const std::vector<double>& scales) {
  std::int64_t mantissa = 0;
  int exponent = INT32_MAX;
  for (const double scale : scales) {
    const Dyadic one = dyadic(scale);
    mantissa = std::gcd(mantissa, one.mantissa);
    exponent = std::min(exponent, one.exponent);
  }
  const double step = std::ldexp(static_cast<double>(mantissa), exponent);
  if (!(step >= 0x1p-1000)) return std::nullopt;
  return step;
}

std::optional<std::int64_t> wholeSteps(double value, double step) {
  const double steps = std::nearbyint(value / step);
  if (!(std::fabs(steps) < 0x1p53) || std::fma(steps, step, -value) != 0) return std::nullopt;
  return static_cast<std::int64_t>(steps);
}

std::optional<int> powerBetween(double large, double small) {
  int a = 0;
  int b = 0;
  if (std::frexp(large, &a) != std::frexp(small, &b)) return std::nullopt;
  return a - b;
}

std::optional<double> gridOf(const std::vector<double>& values, double most) {
  int exponent = INT32_MAX;
  double largest = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) return std::nullopt;
    largest = std::max(largest, std::fabs(value));
    if (value != 0) exponent = std::min(exponent, dyadic(value).exponent);
  }
  if (largest == 0) return 1;
  if (exponent < -1000 || std::ldexp(largest, -exponent) >= most) return std::nullopt;
  return std::ldexp(1.0, exponent);
}

}  // namespace sluice::passes

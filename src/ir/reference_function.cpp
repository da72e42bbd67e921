#include <cmath>
#include <numbers>

#include "fixed/overflow.h"
#include "ir/reference_ops.h"

/// Functions of one or two real numbers, and what rounds real numbers.
namespace sluice::ir {
namespace {

double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double hardSigmoid(const Unary& u, double x) { return std::fmin(std::fmax(u.alpha * x + u.beta, 0), 1); }
/// std::max and std::min would hand on NaN or not with the order of their operands.
double clip(double x, double lo, double hi) { return x < lo ? lo : x > hi ? hi : x; }

}  // namespace

double apply(const Unary& u, double x) {
  switch (u.kind) {
    case UnaryKind::relu:
      return x > 0 ? x : 0;
    case UnaryKind::sigmoid:
      return sigmoid(x);
    case UnaryKind::tanh:
      return std::tanh(x);
    case UnaryKind::negate:
      return -x;
    case UnaryKind::identity:
      return x;
    case UnaryKind::absolute:
      return std::fabs(x);
    case UnaryKind::sign:
      return x > 0 ? 1 : x < 0 ? -1 : x;
    case UnaryKind::floor:
      return std::floor(x);
    case UnaryKind::ceil:
      return std::ceil(x);
    case UnaryKind::round:
      return fixed::roundToInteger(x, Rounding::halfEven);
    case UnaryKind::exp:
      return std::exp(x);
    case UnaryKind::log:
      return std::log(x);
    case UnaryKind::sqrt:
      return std::sqrt(x);
    case UnaryKind::erf:
      return std::erf(x);
    case UnaryKind::softplus:
      return softplus(x);
    case UnaryKind::softsign:
      return x / (1 + std::fabs(x));
    case UnaryKind::gelu:
      return x * (1 + std::erf(x / std::numbers::sqrt2)) / 2;
    case UnaryKind::geluTanh:
      return x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))) / 2;
    case UnaryKind::mish:
      return x * std::tanh(softplus(x));
    case UnaryKind::swish:
      return x * sigmoid(u.alpha * x);
    case UnaryKind::leakyRelu:
      return x >= 0 ? x : u.alpha * x;
    case UnaryKind::elu:
      return x >= 0 ? x : u.alpha * std::expm1(x);
    case UnaryKind::celu:
      return x >= 0 ? x : u.alpha * std::expm1(x / u.alpha);
    case UnaryKind::selu:
      return x >= 0 ? u.beta * x : u.beta * u.alpha * std::expm1(x);
    case UnaryKind::thresholdedRelu:
      return x > u.alpha ? x : 0;
    case UnaryKind::clip:
      return clip(x, u.alpha, u.beta);
    case UnaryKind::hardSigmoid:
      return hardSigmoid(u, x);
    case UnaryKind::hardSwish:
      return x * hardSigmoid(u, x);
    case UnaryKind::rampRelu:
      return x >= u.beta ? u.beta : x >= u.gamma ? x : u.alpha * (x - u.gamma);
  }
  return x;
}

double apply(BinaryKind kind, double a, double b) {
  switch (kind) {
    case BinaryKind::add:
      return a + b;
    case BinaryKind::subtract:
      return a - b;
    case BinaryKind::multiply:
      return a * b;
    case BinaryKind::divide:
      return a / b;
    case BinaryKind::power:
      return std::pow(a, b);
    case BinaryKind::minimum:
      return a < b ? a : b;
    case BinaryKind::maximum:
      return a > b ? a : b;
    case BinaryKind::prelu:
      return a >= 0 ? a : b * a;
  }
  return a;
}

std::int64_t apply(const Quantize& q, double x, std::size_t i) {
  const std::int64_t zero = q.zeroPoints.empty() ? q.zeroPoint : q.zeroPoints[i % q.zeroPoints.size()];
  const double steps = x / q.scale[i % q.scale.size()] + static_cast<double>(zero);
  const fixed::Interval range = q.ranges.empty() ? q.range : q.ranges[i % q.ranges.size()];
  const std::int64_t code = fixed::fit(fixed::roundToInteger(steps, q.rounding), range, q.overflow, zero);
  return q.zeroPoints.empty() ? code : code - zero;
}

double apply(const QuantizeFloat& q, double x) {
  const double v = x / q.scale;
  if (!(v == v)) return 0;
  if (std::fabs(v) >= q.largest) return v < 0 ? -q.largest : q.largest;
  if (v == 0) return 0;
  int exponent = 0;
  std::frexp(v, &exponent);  // v in [2^(exponent-1), 2^exponent)
  const int lowest = static_cast<int>(1 - q.exponentBias);
  const int step = std::max(exponent - 1, lowest) - static_cast<int>(q.mantissaBits);
  const double rounded = std::ldexp(fixed::roundToInteger(std::ldexp(v, -step), q.rounding), step);
  return std::fabs(rounded) > q.largest ? std::copysign(q.largest, v) : rounded;
}

std::int64_t apply(const QuantizePower& q, double x) {
  if (!(x == x) || x == 0 || (x < 0 && !q.negative)) return 1;
  const double exponent = fixed::roundToInteger(std::log2(std::fabs(x)), q.rounding);
  const double power = clip(exponent, static_cast<double>(q.lowest), static_cast<double>(q.highest));
  const std::int64_t code = std::int64_t{1} << (static_cast<std::int64_t>(power) - q.lowest);
  return x < 0 ? -code : code;
}

}  // namespace sluice::ir

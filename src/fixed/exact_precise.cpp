#include "fixed/exact_precise.h"

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>

namespace sluice::fixed {
namespace {

// 320 bits of mantissa. The backend rounds the four operations and the root correctly; its functions are good
// to a few units. Bounds are moved outward by 2^-312, 256 units, each time, which covers both with room to
// spare.
namespace mp = boost::multiprecision;
using Float = mp::number<mp::cpp_bin_float<320, mp::digit_base_2>, mp::et_off>;

Float margin(const Float& v) { return ldexp(abs(v), -312); }
Float below(const Float& v) { return v - margin(v); }
Float above(const Float& v) { return v + margin(v); }

}  // namespace

struct Precise::Number {
  Float lo, hi;
};

namespace {

template <typename Number>
std::shared_ptr<const Number> outward(const Float& lo, const Float& hi) {
  if (!isfinite(lo) || !isfinite(hi)) return nullptr;
  return std::make_shared<const Number>(Number{below(lo), above(hi)});
}

template <typename Number>
std::shared_ptr<const Number> hull(const Float& a, const Float& b, const Float& c, const Float& d) {
  return outward<Number>(std::min(std::min(a, b), std::min(c, d)), std::max(std::max(a, b), std::max(c, d)));
}

}  // namespace

Precise Precise::of(double value) {
  if (!std::isfinite(value)) return unknown();
  return Precise(std::make_shared<const Number>(Number{Float(value), Float(value)}));
}

Precise Precise::ofInteger(std::int64_t value) {
  return Precise(std::make_shared<const Number>(Number{Float(value), Float(value)}));
}

std::optional<int> Precise::sign() const {
  if (!known()) return std::nullopt;
  if (number_->lo > 0) return 1;
  if (number_->hi < 0) return -1;
  if (number_->lo == 0 && number_->hi == 0) return 0;
  return std::nullopt;
}

Precise operator+(const Precise& x, const Precise& y) {
  if (!x.known() || !y.known()) return Precise::unknown();
  return Precise(outward<Precise::Number>(x.number_->lo + y.number_->lo, x.number_->hi + y.number_->hi));
}

Precise operator-(const Precise& x) {
  if (!x.known()) return x;
  return Precise(std::make_shared<const Precise::Number>(Precise::Number{-x.number_->hi, -x.number_->lo}));
}

Precise operator-(const Precise& x, const Precise& y) { return x + -y; }

Precise operator*(const Precise& x, const Precise& y) {
  if (!x.known() || !y.known()) return Precise::unknown();
  const auto& p = *x.number_;
  const auto& q = *y.number_;
  return Precise(hull<Precise::Number>(p.lo * q.lo, p.lo * q.hi, p.hi * q.lo, p.hi * q.hi));
}

Precise operator/(const Precise& x, const Precise& y) {
  if (!x.known() || !y.known()) return Precise::unknown();
  const auto& p = *x.number_;
  const auto& q = *y.number_;
  if (q.lo <= 0 && q.hi >= 0) return Precise::unknown();
  return Precise(hull<Precise::Number>(p.lo / q.lo, p.lo / q.hi, p.hi / q.lo, p.hi / q.hi));
}

Precise squareRoot(const Precise& x) {
  if (!x.known() || x.number_->lo < 0) return Precise::unknown();
  return Precise(outward<Precise::Number>(sqrt(x.number_->lo), sqrt(x.number_->hi)));
}

Precise relu(const Precise& x) {
  if (!x.known()) return x;
  const auto clip = [](const Float& v) { return v < 0 ? Float(0) : v; };
  return Precise(
      std::make_shared<const Precise::Number>(Precise::Number{clip(x.number_->lo), clip(x.number_->hi)}));
}

Precise sigmoid(const Precise& x) {
  if (!x.known()) return x;
  // exp loses as many bits as the integer part of its argument has: 2^-280 covers those kept, |x| <= 2^20.
  // Further out no digits are needed: 0 < sigmoid(x) < 1.
  const Float limit(1 << 20);
  const Float room = ldexp(Float(1), -280);
  const auto lower = [&](const Float& v) -> Float {
    return v < -limit ? Float(0) : Float((1 - room) / (1 + exp(-std::min(v, limit))));
  };
  const auto upper = [&](const Float& v) -> Float {
    return v > limit ? Float(1) : Float((1 + room) / (1 + exp(-std::max(v, -limit))));
  };
  return Precise(outward<Precise::Number>(lower(x.number_->lo), upper(x.number_->hi)));
}

Precise hyperbolicTangent(const Precise& x) {
  // tanh(x) = 2*sigmoid(2x) - 1
  const Precise two = Precise::ofInteger(2);
  return two * sigmoid(two * x) - Precise::ofInteger(1);
}

Precise power(const Precise& x, double exponent) {
  if (!x.known() || !std::isfinite(exponent)) return Precise::unknown();
  if (exponent == std::floor(exponent) && std::fabs(exponent) <= 1024) {
    Precise result = Precise::ofInteger(1);
    for (int i = 0; i < static_cast<int>(std::fabs(exponent)); ++i) result = result * x;
    return exponent < 0 ? Precise::ofInteger(1) / result : result;
  }
  if (!(x.number_->lo > 0)) return Precise::unknown();
  const auto of = [&](const Float& v) -> Float { return exp(Float(exponent) * log(v)); };
  const Float a = of(x.number_->lo);
  const Float b = of(x.number_->hi);
  // log and exp lose up to the bits of the argument's size; 2^-280 covers arguments up to 2^32.
  const Float room = ldexp(std::max(a, b), -280);
  return Precise(outward<Precise::Number>(std::min(a, b) - room, std::max(a, b) + room));
}

std::optional<std::int64_t> roundAndClamp(const Precise& x, Rounding rounding, Interval range) {
  if (!x.known()) return std::nullopt;
  const auto code = [&](const Float& v) {
    const Float limit = ldexp(Float(1), 50);
    if (v >= limit) return clampToRange(std::numeric_limits<double>::infinity(), range);
    if (v < -limit) return clampToRange(-std::numeric_limits<double>::infinity(), range);
    const Float integer = floor(v);
    const Float rest = v - integer;
    const double fraction = rest == 0 ? 0 : rest < 0.5 ? 0.25 : rest == 0.5 ? 0.5 : 0.75;
    return clampToRange(roundToInteger(integer.convert_to<double>() + fraction, rounding), range);
  };
  const std::int64_t lo = code(x.number_->lo);
  if (lo != code(x.number_->hi)) return std::nullopt;
  return lo;
}

}  // namespace sluice::fixed

#include "fixed/exact.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "fixed/exact_bounds.h"

namespace sluice::fixed {
namespace {

using Integer = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

constexpr double largest = 0x1p50;  // beyond it a double has no room for a quarter

Integer numerator(const Rational& r) { return boost::multiprecision::numerator(r); }
Integer denominator(const Rational& r) { return boost::multiprecision::denominator(r); }

Rational rationalOf(double value) {
  int exponent = 0;
  const double fraction =
      std::frexp(value, &exponent);  // value = fraction * 2^exponent, 1/2 <= |fraction| < 1
  const Integer mantissa(static_cast<std::int64_t>(std::ldexp(fraction, 53)));
  exponent -= 53;
  if (exponent >= 0) return Rational(mantissa << static_cast<unsigned>(exponent));
  return Rational(mantissa, Integer(1) << static_cast<unsigned>(-exponent));
}

/// The root of a rational >= 0 if it is rational itself.
std::optional<Rational> rationalRoot(const Rational& r) {
  const Integer top = sqrt(numerator(r));
  if (top * top != numerator(r)) return std::nullopt;
  const Integer bottom = sqrt(denominator(r));
  if (bottom * bottom != denominator(r)) return std::nullopt;
  return Rational(top, bottom);
}

/// Nearest-ish double of a rational whose parts may be far beyond the range of doubles.
double approximation(const Rational& r) {
  if (r.is_zero()) return 0;
  const Integer top = abs(numerator(r));
  const Integer bottom = denominator(r);
  const auto topBits = static_cast<int>(msb(top));
  const auto bottomBits = static_cast<int>(msb(bottom));
  // Scaled so that the integer quotient has 62 to 64 bits.
  const int shift = 62 - (topBits - bottomBits);
  const Integer quotient = shift >= 0 ? Integer((top << static_cast<unsigned>(shift)) / bottom)
                                      : Integer(top / (bottom << static_cast<unsigned>(-shift)));
  const double size = std::ldexp(quotient.convert_to<double>(), -shift);
  return r.sign() < 0 ? -size : size;
}

}  // namespace

/// a + b*sqrt(d). d > 0 is no square of a rational; b = 0: a rational, and d is 0.
struct Exact::Number {
  Rational a, b, d;

  Number(Rational rational) : a(std::move(rational)) {}  // NOLINT: implicit by intent
  Number(Rational rational, Rational factor, Rational under)
      : a(std::move(rational)), b(std::move(factor)), d(std::move(under)) {
    if (b.is_zero()) d = 0;
  }

  [[nodiscard]] int sign() const {
    const int signA = a.sign();
    const int signB = b.sign();
    if (signB == 0 || signA == signB) return signA;
    if (signA == 0) return signB;
    const Rational squareA = a * a;
    const Rational squareB = b * b * d;
    return squareA > squareB ? signA : signB;
  }
};

namespace {

/// The factor f with sqrt(from) = f * sqrt(to), if it is rational.
std::optional<Rational> convertRoot(const Rational& from, const Rational& to) {
  if (from == to) return Rational(1);
  return rationalRoot(Rational(from / to));
}

}  // namespace

Exact::Exact() : number_(std::make_shared<const Number>(Rational(0))) {}

Exact Exact::of(double value) {
  if (!std::isfinite(value)) return unknown();
  return Exact(std::make_shared<const Number>(rationalOf(value)));
}

Exact Exact::ofInteger(std::int64_t value) { return Exact(std::make_shared<const Number>(Rational(value))); }

Exact Exact::unknown() { return Exact(nullptr); }

bool Exact::isRational() const { return known() && number_->b.is_zero(); }

std::optional<int> Exact::sign() const {
  if (!known()) return std::nullopt;
  return number_->sign();
}

double Exact::approximate() const {
  if (!known()) return std::numeric_limits<double>::quiet_NaN();
  return approximation(number_->a) + approximation(number_->b) * std::sqrt(approximation(number_->d));
}

std::optional<double> Exact::exactDouble() const {
  if (!isRational()) return std::nullopt;
  const double near = approximation(number_->a);
  if (!std::isfinite(near) || rationalOf(near) != number_->a) return std::nullopt;
  return near;
}

std::optional<double> Exact::roundable() const {
  if (!known()) return std::nullopt;
  // -1: number below `value`; 0: equal.
  const auto compare = [&](double value) {
    return Number(Rational(number_->a - rationalOf(value)), number_->b, number_->d).sign();
  };
  if (compare(largest) >= 0) return std::numeric_limits<double>::infinity();
  if (compare(-largest) < 0) return -std::numeric_limits<double>::infinity();
  // floor by bisection around a guess: lo <= number < hi, both integers.
  double lo = std::clamp(std::floor(approximate()), -largest, largest);
  if (std::isnan(lo)) lo = 0;
  double hi = lo;
  for (double step = 1; compare(lo) < 0; step *= 2) lo = std::max(lo - step, -largest);
  for (double step = 1; compare(hi) >= 0; step *= 2) hi = std::min(hi + step, largest);
  while (hi - lo > 1) {
    const double middle = lo + std::floor((hi - lo) / 2);
    (compare(middle) >= 0 ? lo : hi) = middle;
  }
  if (compare(lo) == 0) return lo;
  const int half = compare(lo + 0.5);
  return lo + (half < 0 ? 0.25 : half == 0 ? 0.5 : 0.75);
}

Exact operator+(const Exact& x, const Exact& y) {
  if (!x.known() || !y.known()) return Exact::unknown();
  const auto& p = *x.number_;
  const auto& q = *y.number_;
  Rational a = p.a + q.a;
  if (q.b.is_zero()) return Exact(std::make_shared<const Exact::Number>(std::move(a), p.b, p.d));
  if (p.b.is_zero()) return Exact(std::make_shared<const Exact::Number>(std::move(a), q.b, q.d));
  const auto factor = convertRoot(q.d, p.d);
  if (!factor) return Exact::unknown();
  return Exact(std::make_shared<const Exact::Number>(std::move(a), Rational(p.b + q.b * *factor), p.d));
}

Exact operator-(const Exact& x) {
  if (!x.known()) return x;
  const auto& p = *x.number_;
  return Exact(std::make_shared<const Exact::Number>(Rational(-p.a), Rational(-p.b), p.d));
}

Exact operator-(const Exact& x, const Exact& y) { return x + -y; }

Exact operator*(const Exact& x, const Exact& y) {
  if (!x.known() || !y.known()) return Exact::unknown();
  const auto& p = *x.number_;
  const auto& q = *y.number_;
  if (q.b.is_zero())
    return Exact(std::make_shared<const Exact::Number>(Rational(p.a * q.a), Rational(p.b * q.a), p.d));
  if (p.b.is_zero())
    return Exact(std::make_shared<const Exact::Number>(Rational(p.a * q.a), Rational(p.a * q.b), q.d));
  const auto factor = convertRoot(q.d, p.d);
  if (!factor) return Exact::unknown();
  const Rational qb = q.b * *factor;
  return Exact(std::make_shared<const Exact::Number>(Rational(p.a * q.a + p.b * qb * p.d),
                                                     Rational(p.a * qb + p.b * q.a), p.d));
}

Exact operator/(const Exact& x, const Exact& y) {
  if (!x.known() || !y.known() || y.sign() == 0) return Exact::unknown();
  const auto& q = *y.number_;
  // 1 / (a + b*sqrt(d)) = (a - b*sqrt(d)) / (a*a - b*b*d), whose denominator is 0 only for y = 0.
  const Rational norm = q.a * q.a - q.b * q.b * q.d;
  return x * Exact(std::make_shared<const Exact::Number>(Rational(q.a / norm), Rational(-q.b / norm), q.d));
}

Exact squareRoot(const Exact& x) {
  if (!x.isRational() || x.number_->a.sign() < 0) return Exact::unknown();
  const Rational& r = x.number_->a;
  if (auto root = rationalRoot(r)) return Exact(std::make_shared<const Exact::Number>(std::move(*root)));
  return Exact(std::make_shared<const Exact::Number>(Rational(0), Rational(1), r));
}

Exact relu(const Exact& x) {
  if (!x.known() || x.number_->sign() >= 0) return x;
  return Exact();
}

Exact sigmoid(const Exact& x) { return x.sign() == 0 ? Exact::of(0.5) : Exact::unknown(); }
Exact hyperbolicTangent(const Exact& x) { return x.sign() == 0 ? x : Exact::unknown(); }

Exact power(const Exact& x, double exponent) {
  const double twice = 2 * std::fabs(exponent);
  if (!(twice <= 128) || twice != std::floor(twice)) return Exact::unknown();
  Exact result = Exact::ofInteger(1);
  for (int i = 0; i < static_cast<int>(twice) / 2; ++i) result = result * x;
  if (static_cast<int>(twice) % 2 == 1) result = result * squareRoot(x);
  return exponent < 0 ? Exact::ofInteger(1) / result : result;
}

std::optional<std::int64_t> roundAndClamp(const Exact& x, Rounding rounding, Interval range) {
  const auto stand = x.roundable();
  if (!stand) return std::nullopt;
  return clampToRange(roundToInteger(*stand, rounding), range);
}

std::int64_t quantize(double value, double scale, std::int64_t zeroPoint, Rounding rounding, Interval range) {
  SLUICE_CHECK(std::isfinite(value) && scale > 0 && std::isfinite(scale),
               "numbers are checked on the way in");
  const double near = value / scale;
  if (value == 0 ||
      (std::fabs(near) < largest && std::fabs(near) > bounds::tiny && std::fabs(value) > bounds::tiny)) {
    // The quotient is the nearest double to value/scale, so both lie on the same side of every half integer
    // (those are doubles) unless `near` is one, and then the sign of the remainder tells the side.
    double stand = near;
    if (2 * near == std::floor(2 * near)) {
      const double remainder = std::fma(-near, scale, value);
      if (remainder > 0) stand = near + 0.25;
      if (remainder < 0) stand = near - 0.25;
    } else if (zeroPoint != 0) {
      stand = std::floor(2 * near) / 2 + 0.25;  // the same side of every half integer, with room for the sum
    }
    return clampToRange(roundToInteger(stand + static_cast<double>(zeroPoint), rounding), range);
  }
  const auto code =
      roundAndClamp(Exact::of(value) / Exact::of(scale) + Exact::ofInteger(zeroPoint), rounding, range);
  SLUICE_CHECK(code.has_value(), "a quotient of two doubles is rational");
  return *code;
}

}  // namespace sluice::fixed

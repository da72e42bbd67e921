#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "fixed/interval.h"
#include "fixed/rounding.h"

/// Bounds: an interval of doubles that certainly holds the number, the fast one of the three kinds of
/// exact.h.
///
/// Each bound is moved outward only if the operation was inexact and to the wrong side. That is known, not
/// estimated: the error of a sum of doubles is a double (Knuth's two-sum), and so are the remainders of a
/// product, a quotient and a square root, which a fused multiply-add gives. So numbers on a dyadic grid stay
/// points, and their ties are decided here, without big numbers.
///
/// Source  Knuth, The Art of Computer Programming, vol. 2, section 4.2.2; Boldo and Daumas, Representable
/// correcting
///         terms for possibly underflowing floating point operations (2003) for the remainders.
/// Errors  not known (NaN) after a division by an interval with 0 in it or an overflow.
namespace sluice::fixed {

struct Bounds {
  double lo = 0;
  double hi = 0;

  static Bounds of(double value) { return {value, value}; }
  static Bounds ofInteger(std::int64_t value);
  static Bounds unknown() { return of(std::numeric_limits<double>::quiet_NaN()); }
  [[nodiscard]] bool known() const { return std::isfinite(lo) && std::isfinite(hi); }
  [[nodiscard]] bool isPoint() const { return lo == hi; }
  [[nodiscard]] std::optional<int> sign() const {
    if (lo > 0 && std::isfinite(hi)) return 1;
    if (hi < 0 && std::isfinite(lo)) return -1;
    if (lo == 0 && hi == 0) return 0;
    return std::nullopt;
  }
};

namespace bounds {

/// A double at least one unit in the last place below (above) v: v * 2^-52 is at least that unit.
inline double below(double v) { return v - (std::fabs(v) * 0x1p-52 + 0x1p-1074); }
inline double above(double v) { return v + (std::fabs(v) * 0x1p-52 + 0x1p-1074); }
/// The remainders are exact doubles unless they underflow; below this size nothing is trusted.
constexpr double tiny = 0x1p-900;

/// Bounds of a number that is `near` plus an error with the sign of `error`, smaller than a unit in the last
/// place.
inline double lower(double near, double error) { return error < 0 ? below(near) : near; }
inline double upper(double near, double error) { return error > 0 ? above(near) : near; }

inline double sumError(double a, double b, double sum) {
  const double bPart = sum - a;
  return (a - (sum - bPart)) + (b - bPart);
}
inline double lowerSum(double a, double b) {
  const double sum = a + b;
  return lower(sum, sumError(a, b, sum));
}
inline double upperSum(double a, double b) {
  const double sum = a + b;
  return upper(sum, sumError(a, b, sum));
}

inline Bounds product(double a, double b) {
  const double p = a * b;
  if (a == 0 || b == 0) return Bounds::of(p);
  if (std::fabs(p) < tiny) return {below(p), above(p)};
  const double error = std::fma(a, b, -p);
  return {lower(p, error), upper(p, error)};
}

inline Bounds quotient(double a, double b) {
  const double q = a / b;
  if (a == 0) return Bounds::of(q);
  if (std::fabs(q) < tiny || std::fabs(a) < tiny) return {below(q), above(q)};
  const double remainder = std::fma(-q, b, a);
  const double error = b > 0 ? remainder : -remainder;
  return {lower(q, error), upper(q, error)};
}

inline Bounds hull(Bounds a, Bounds b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }

/// Outward by eight units in the last place, for library functions.
/// Source  GNU C library manual, "Known Maximum Errors in Math Functions": exp 1, tanh 2 units (x86_64).
inline Bounds around(double lo, double hi) {
  for (int i = 0; i < 8; ++i) {
    lo = below(lo);
    hi = above(hi);
  }
  return {lo, hi};
}

}  // namespace bounds

inline Bounds Bounds::ofInteger(std::int64_t value) {
  const auto near = static_cast<double>(value);
  if (value >= -(std::int64_t{1} << 53) && value <= (std::int64_t{1} << 53)) return of(near);
  return {bounds::below(near), bounds::above(near)};
}

inline Bounds operator+(Bounds x, Bounds y) {
  return {bounds::lowerSum(x.lo, y.lo), bounds::upperSum(x.hi, y.hi)};
}
inline Bounds operator-(Bounds x) { return {-x.hi, -x.lo}; }
inline Bounds operator-(Bounds x, Bounds y) { return x + -y; }

inline Bounds operator*(Bounds x, Bounds y) {
  if (!x.known() || !y.known()) return Bounds::unknown();
  if (x.isPoint() && y.isPoint()) return bounds::product(x.lo, y.lo);
  if (y.isPoint()) return bounds::hull(bounds::product(x.lo, y.lo), bounds::product(x.hi, y.lo));
  return bounds::hull(bounds::hull(bounds::product(x.lo, y.lo), bounds::product(x.hi, y.lo)),
                      bounds::hull(bounds::product(x.lo, y.hi), bounds::product(x.hi, y.hi)));
}

inline Bounds operator/(Bounds x, Bounds y) {
  if (!x.known() || !y.known() || (y.lo <= 0 && y.hi >= 0)) return Bounds::unknown();
  if (x.isPoint() && y.isPoint()) return bounds::quotient(x.lo, y.lo);
  if (y.isPoint()) return bounds::hull(bounds::quotient(x.lo, y.lo), bounds::quotient(x.hi, y.lo));
  return bounds::hull(bounds::hull(bounds::quotient(x.lo, y.lo), bounds::quotient(x.hi, y.lo)),
                      bounds::hull(bounds::quotient(x.lo, y.hi), bounds::quotient(x.hi, y.hi)));
}

inline Bounds squareRoot(Bounds x) {
  if (!x.known() || x.lo < 0) return Bounds::unknown();
  const auto root = [](double v) {
    const double r = std::sqrt(v);
    if (v == 0) return Bounds::of(0);
    if (v < bounds::tiny) return Bounds{bounds::below(r), bounds::above(r)};
    const double error = std::fma(-r, r, v);
    return Bounds{bounds::lower(r, error), bounds::upper(r, error)};
  };
  return bounds::hull(root(x.lo), root(x.hi));
}

inline Bounds relu(Bounds x) { return {x.lo < 0 ? 0 : x.lo, x.hi < 0 ? 0 : x.hi}; }

inline Bounds sigmoid(Bounds x) {
  if (!x.known()) return Bounds::unknown();
  if (x.lo == 0 && x.hi == 0) return Bounds::of(0.5);
  return bounds::around(1 / (1 + std::exp(-x.lo)), 1 / (1 + std::exp(-x.hi)));
}

inline Bounds hyperbolicTangent(Bounds x) {
  if (!x.known()) return Bounds::unknown();
  if (x.lo == 0 && x.hi == 0) return Bounds::of(0);
  return bounds::around(std::tanh(x.lo), std::tanh(x.hi));
}

/// Small integer exponents and 1/2; others are left to Precise.
inline Bounds power(Bounds x, double exponent) {
  if (exponent == 0.5) return squareRoot(x);
  if (exponent != std::floor(exponent) || std::fabs(exponent) > 64) return Bounds::unknown();
  Bounds result = Bounds::of(1);
  for (int i = 0; i < static_cast<int>(std::fabs(exponent)); ++i) result = result * x;
  return exponent < 0 ? Bounds::of(1) / result : result;
}

/// The code a quantizer gives, if both ends give the same one (rounding and clamping never fall).
inline std::optional<std::int64_t> roundAndClamp(Bounds x, Rounding rounding, Interval range) {
  // The usual case in two additions: below 2^51 the sum with 1.5 * 2^52 has no room for a fraction, and IEEE
  // 754 rounds it to nearest, ties to even.
  constexpr double room = 0x1.8p52;
  if (rounding == Rounding::halfEven && x.lo > -0x1p51 && x.hi < 0x1p51) {
    const double lo = (x.lo + room) - room;
    if (const double hi = (x.hi + room) - room; lo == hi)
      return std::clamp(static_cast<std::int64_t>(lo), range.lo, range.hi);
  }
  if (!(x.lo <= x.hi)) return std::nullopt;  // NaN
  const std::int64_t lo = clampToRange(roundToInteger(x.lo, rounding), range);
  if (x.isPoint()) return lo;
  if (lo != clampToRange(roundToInteger(x.hi, rounding), range)) return std::nullopt;
  return lo;
}

}  // namespace sluice::fixed

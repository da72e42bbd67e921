#pragma once

#include <cmath>
#include <cstdint>

#include "fixed/exact.h"
#include "fixed/exact_bounds.h"
#include "fixed/exact_precise.h"

/// Functions that only activations need, on the three kinds of numbers of fixed/exact.h, with the same promise:
/// the result holds the true value, or is not known.
namespace sluice::passes {

using fixed::Bounds;
using fixed::Exact;
using fixed::Precise;

// ---- Bounds. The library's errors: GNU C library manual, "Known Maximum Errors in Math Functions", x86_64: exp 1,
// log 1, erf 1 unit in the last place; around() leaves eight.

inline Bounds exponential(Bounds x) {
  if (!x.known()) return Bounds::unknown();
  if (x.lo == 0 && x.hi == 0) return Bounds::of(1);
  return fixed::bounds::around(std::exp(x.lo), std::exp(x.hi));
}

inline Bounds logarithm(Bounds x) {
  if (!x.known() || !(x.lo > 0)) return Bounds::unknown();
  if (x.lo == 1 && x.hi == 1) return Bounds::of(0);
  return fixed::bounds::around(std::log(x.lo), std::log(x.hi));
}

inline Bounds errorFunction(Bounds x) {
  if (!x.known()) return Bounds::unknown();
  if (x.lo == 0 && x.hi == 0) return Bounds::of(0);
  return fixed::bounds::around(std::erf(x.lo), std::erf(x.hi));
}

// ---- Exact: known where the result is rational without doubt.

inline Exact exponential(const Exact& x) { return x.sign() == 0 ? Exact::ofInteger(1) : Exact::unknown(); }
inline Exact logarithm(const Exact& x) {
  return (x - Exact::ofInteger(1)).sign() == 0 ? Exact() : Exact::unknown();
}
inline Exact errorFunction(const Exact& x) { return x.sign() == 0 ? Exact() : Exact::unknown(); }

// ---- Precise: exp by way of the sigmoid s(-|x|) = e / (1 + e), which loses no digits; log and erf are not known
// there, so that a value within a few units of a double's last place of a tie is an error and not a guess.

inline Precise exponential(const Precise& x) {
  const auto sign = x.sign();
  const bool positive = sign && *sign > 0;
  const Precise s = sigmoid(positive ? -x : x);
  const Precise small = s / (Precise::ofInteger(1) - s);
  return positive ? Precise::ofInteger(1) / small : small;
}
inline Precise logarithm(const Precise&) { return Precise::unknown(); }
inline Precise errorFunction(const Precise&) { return Precise::unknown(); }

// ---- the number pi

template <typename Number>
Number circleNumber();
template <>
inline Bounds circleNumber<Bounds>() {
  return {0x1.921fb54442d18p+1, 0x1.921fb54442d19p+1};
}
template <>
inline Exact circleNumber<Exact>() {
  return Exact::unknown();
}
template <>
inline Precise circleNumber<Precise>() {
  return Precise::unknown();
}

// ---- functions with steps: by the code that rounding gives, which every kind can decide or not

/// The whole number that x is rounded to; not known where the kind of number cannot tell, or beyond 2^50.
template <typename Number>
Number rounded(const Number& x, fixed::Rounding rounding) {
  const auto code = roundAndClamp(x, rounding, {-fixed::widestCode, fixed::widestCode});
  if (!code || *code == fixed::widestCode || *code == -fixed::widestCode) return Number::unknown();
  return Number::ofInteger(*code);
}

/// -1, 0 or 1.
template <typename Number>
Number signOf(const Number& x) {
  const auto sign = x.sign();
  return sign ? Number::ofInteger(*sign) : Number::unknown();
}

/// x where x > limit (x >= limit if `reached`), else 0.
template <typename Number>
Number keptAbove(const Number& x, double limit, bool reached) {
  const auto sign = (x - Number::of(limit)).sign();
  if (!sign) return Number::unknown();
  return *sign > 0 || (reached && *sign == 0) ? x : Number::ofInteger(0);
}

}  // namespace sluice::passes

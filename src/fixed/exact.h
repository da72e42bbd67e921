#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "fixed/interval.h"
#include "fixed/rounding.h"

/// Exact numbers: what decides a tie.
///
/// The meaning of a network is its mathematical value, with every float constant taken as the dyadic rational
/// it is. Sums, products and quotients of such constants are rationals; batch normalization adds one square
/// root, sqrt(variance + epsilon). So nearly every number that a quantizer has to round lies in a field a +
/// b*sqrt(d) with rational a, b, d, where comparing is a matter of squaring:
///
///   a + b*sqrt(d) > 0   with a < 0 < b   exactly if   b*b*d > a*a
///
/// Three kinds of numbers with the same operations share the work, from fast to certain. An operation that a
/// kind cannot do gives a number that is `not known`, which every later operation hands on:
///
///   Bounds   (exact_bounds.h)   an interval of doubles; a point for as long as double arithmetic happens to
///   be exact Exact    (this file)        a + b*sqrt(d); not known after sigmoid, tanh or a second, unrelated
///   square root Precise  (exact_precise.h)  an interval of 320-bit floats; knows all functions, but can
///   never prove a tie
///
/// Where it does not apply: a tie in which two unrelated roots cancel, or a transcendental value that is
/// exactly half of a code. Neither is decided by any of the three, and the caller must say so instead of
/// guessing.
namespace sluice::fixed {

class Exact {
 public:
  Exact();                        ///< zero
  static Exact of(double value);  ///< the double, exactly; not known unless finite
  static Exact ofInteger(std::int64_t value);
  static Exact unknown();

  [[nodiscard]] bool known() const { return number_ != nullptr; }
  [[nodiscard]] bool isRational() const;          ///< true: known, and without a root
  [[nodiscard]] std::optional<int> sign() const;  ///< -1, 0, 1
  /// Nearest-ish double, for messages and guesses only: no bound on its error.
  [[nodiscard]] double approximate() const;
  /// The double that equals the number, if there is one.
  [[nodiscard]] std::optional<double> exactDouble() const;

  /// A double that every rounding mode treats as it would treat the number: its integer part with a fraction
  /// of 0, 1/4, 1/2 or 3/4. Beyond +-2^50 the infinity of its sign.
  [[nodiscard]] std::optional<double> roundable() const;

  friend Exact operator+(const Exact& x, const Exact& y);
  friend Exact operator-(const Exact& x, const Exact& y);
  friend Exact operator*(const Exact& x, const Exact& y);
  friend Exact operator/(const Exact& x, const Exact& y);  ///< not known where y is zero
  friend Exact operator-(const Exact& x);
  friend Exact squareRoot(const Exact& x);  ///< known for rationals >= 0
  friend Exact relu(const Exact& x);
  friend Exact sigmoid(const Exact& x);            ///< known at 0
  friend Exact hyperbolicTangent(const Exact& x);  ///< known at 0
  /// Known for integers up to 64 and, of rationals, for odd multiples of 1/2.
  friend Exact power(const Exact& x, double exponent);

 private:
  struct Number;
  explicit Exact(std::shared_ptr<const Number> number) : number_(std::move(number)) {}
  std::shared_ptr<const Number> number_;  ///< null: not known
};

/// The widest range that is rounded to: up to there a double still has quarters.
inline constexpr std::int64_t widestCode = std::int64_t{1} << 50;

/// The code a quantizer gives: clamp(round(x), range). None: not known.
/// |range| must lie within +-2^50.
std::optional<std::int64_t> roundAndClamp(const Exact& x, Rounding rounding, Interval range);

/// clamp(round(value / scale + zeroPoint), range), decided exactly; no interval is needed, because the
/// remainder of one division of doubles is itself a double (its sign settles every tie).
///
/// Units   value and scale in real units; result in codes
/// Errors  none; value finite, scale > 0 and range within +-2^50 are checked
std::int64_t quantize(double value, double scale, std::int64_t zeroPoint, Rounding rounding, Interval range);

}  // namespace sluice::fixed

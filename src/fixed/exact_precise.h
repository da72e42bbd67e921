#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "fixed/interval.h"
#include "fixed/rounding.h"

/// Precise: an interval of 320-bit floats, the last of the three kinds of exact.h. It knows sigmoid, tanh,
/// any power and any number of square roots, and decides whatever is not within about 2^-290 of a tie.
namespace sluice::fixed {

class Precise {
 public:
  static Precise of(double value);
  static Precise ofInteger(std::int64_t value);
  static Precise unknown() { return Precise(nullptr); }

  [[nodiscard]] bool known() const { return number_ != nullptr; }
  [[nodiscard]] std::optional<int> sign() const;  ///< 0 only where it is proven (both ends are 0)

  friend Precise operator+(const Precise& x, const Precise& y);
  friend Precise operator-(const Precise& x, const Precise& y);
  friend Precise operator*(const Precise& x, const Precise& y);
  friend Precise operator/(const Precise& x, const Precise& y);
  friend Precise operator-(const Precise& x);
  friend Precise squareRoot(const Precise& x);
  friend Precise relu(const Precise& x);
  friend Precise sigmoid(const Precise& x);
  friend Precise hyperbolicTangent(const Precise& x);
  friend Precise power(const Precise& x,
                       double exponent);  ///< not known for a negative x unless the exponent is an integer
  friend std::optional<std::int64_t> roundAndClamp(const Precise& x, Rounding rounding, Interval range);

 private:
  struct Number;
  explicit Precise(std::shared_ptr<const Number> number) : number_(std::move(number)) {}
  std::shared_ptr<const Number> number_;  ///< null: not known
};

std::optional<std::int64_t> roundAndClamp(const Precise& x, Rounding rounding, Interval range);

}  // namespace sluice::fixed

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fixed/overflow.h"
#include "fixed/rounding.h"

/// Fixed-point numbers as Xilinx's ap_fixed and ap_ufixed compute with them, bit for bit: what hls4ml's C++ does.
///
/// A number is code * 2^-(width - integer). `integer` may be negative or above `width`. Arithmetic is exact, its
/// result in the format that C++ gives it (`ap_fixed<...> + ap_fixed<...>`); bits are lost only where a number is
/// assigned to a format: convert.
///
///   ap_fixed<4, 2> x = 1.25;              5 * 2^-2
///   x * x                                 ap_fixed<8, 4>, 25 * 2^-4
///   ap_fixed<4, 2, AP_RND, AP_SAT>(x*x)   25 / 4 = 6.25 rounds to 6: 1.5
///
/// Source  Xilinx UG902 (2020.1), "Arbitrary Precision Fixed-Point Data Types"; where it leaves a case open, the
///         ap_types headers that hls4ml 1.3.0 carries. ap_fixed_test.cpp holds this against digests recorded from
///         them, bench/quality/ap_types against the headers themselves.
///
/// Where the headers are odd, so is this: AP_WRAP_SM looks at the deleted bits as they were before rounding, and
/// saturates in unsigned formats; the quotient of the least number and -1 keeps its sign where the headers' divider has no bit for it.
namespace sluice::fixed {

using Wide = __int128;

struct ApFormat {
  int width = 16;   ///< bits, 1 to 126 (convert), at most 62 for operands of arithmetic
  int integer = 6;  ///< of them, left of the point; the sign bit counts
  bool isSigned = true;
  Rounding rounding = Rounding::floor;  ///< one of ap_fixed's seven: not ceil, not awayFromZero
  Overflow overflow = Overflow::wrap;
  int saturationBits = 0;  ///< of wrap and wrapSignMagnitude: that many top bits saturate

  bool operator==(const ApFormat&) const = default;
  [[nodiscard]] int fraction() const { return width - integer; }
  /// All codes of the format; those of up to 63 bits.
  [[nodiscard]] Interval range() const {
    return IntegerFormat{.bits = static_cast<std::uint32_t>(width), .isSigned = isSigned}.range();
  }
};

/// "ap_fixed<16, 6, AP_RND, AP_SAT>", modes only where they are not the defaults.
std::string text(const ApFormat& format);
/// Reads ap_fixed, ap_ufixed, fixed, ufixed (two to five arguments; rounding and overflow with or without "AP_"), and
/// ap_int, ap_uint, int, uint (one). Errors: badInput.
Result<ApFormat> parseApFormat(std::string_view text);

struct ApNumber {
  ApFormat format;
  Wide code = 0;  ///< within the format

  [[nodiscard]] double value() const;  ///< nearest double
};

/// Assignment: the code that stands for `code` * 2^-fraction in the format `to`.
ApNumber convert(const ApNumber& number, const ApFormat& to);
/// ap_fixed<...>(double). Infinities and NaN are badInput's business: finite is checked.
ApNumber fromDouble(double value, const ApFormat& to);

ApNumber operator+(const ApNumber& a, const ApNumber& b);
ApNumber operator-(const ApNumber& a, const ApNumber& b);
ApNumber operator*(const ApNumber& a, const ApNumber& b);
/// Truncated toward zero in the format of C++'s quotient. b must not be zero: checked.
ApNumber operator/(const ApNumber& a, const ApNumber& b);
/// In the format of `a`: bits that leave it are lost, a negative count shifts the other way.
ApNumber shiftLeft(const ApNumber& a, int bits);
ApNumber shiftRight(const ApNumber& a, int bits);
/// -1, 0, 1 as a is less than, equal to or greater than b. Ours differs: the headers compare the C integers that hold
/// the codes, so that an ap_ufixed of more than 16 bits may be "less" than a negative number.
int compare(const ApNumber& a, const ApNumber& b);

}  // namespace sluice::fixed

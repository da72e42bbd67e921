#include "fixed/ap_fixed.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/check.h"

namespace sluice::fixed {
namespace {

using Unsigned = unsigned __int128;

Unsigned ones(int bits) { return bits >= 128 ? ~Unsigned{0} : (Unsigned{1} << bits) - 1; }

/// The number that the low `width` bits stand for.
Wide wrapped(Unsigned bits, const ApFormat& format) {
  bits &= ones(format.width);
  const bool negative = format.isSigned && (bits >> (format.width - 1) & 1) != 0;
  return static_cast<Wide>(negative ? bits | ~ones(format.width) : bits);
}

Wide lowest(const ApFormat& format) { return format.isSigned ? -(Wide{1} << (format.width - 1)) : Wide{0}; }
Wide highest(const ApFormat& format) {
  return static_cast<Wide>(ones(format.isSigned ? format.width - 1 : format.width));
}

bool bitOf(Wide value, int at) { return at >= 0 && (value >> std::min(at, 127) & 1) != 0; }

/// Whether the integer above floor is taken: half is the first lost bit, rest whether any after it is set.
bool goesUp(Rounding rounding, bool half, bool rest, bool negative, bool floorIsOdd) {
  switch (rounding) {
    case Rounding::floor:
      return false;
    case Rounding::towardZero:
      return negative && (half || rest);
    case Rounding::halfUp:
      return half;
    case Rounding::halfTowardZero:
      return half && (negative || rest);
    case Rounding::halfDown:
      return half && rest;
    case Rounding::halfAwayFromZero:
      return half && (!negative || rest);
    case Rounding::halfEven:
      return half && (floorIsOdd || rest);
    case Rounding::ceil:
      return half || rest;
    case Rounding::awayFromZero:
      return !negative && (half || rest);
  }
  return false;
}

/// What the format makes of a number that it does not hold: `bits` are its low bits, `deleted` the lowest bit above
/// them before rounding.
Wide overflowed(Unsigned bits, bool deleted, bool negative, const ApFormat& to) {
  const int n = to.saturationBits;
  const Unsigned top = Unsigned{1} << (to.width - 1);
  // All ones (all zeros of a negative number) from bit `from` of the saturated ones to bit `last`.
  const auto saturateBits = [&](int last) {
    const Unsigned mask = ones(last + 1) & ~ones(to.width - n);
    bits = negative ? bits & ~mask : bits | mask;
  };
  switch (to.overflow) {
    case Overflow::saturate:
      return negative ? lowest(to) : highest(to);
    case Overflow::saturateSymmetric:
      return !negative                     ? highest(to)
             : to.isSigned && to.width > 1 ? -highest(to)
                                           : lowest(to) | (to.isSigned ? 1 : 0);
    case Overflow::saturateToZero:
      return 0;
    case Overflow::wrap:
      if (n == 0) break;
      if (!to.isSigned) {
        bits |= ones(to.width) & ~ones(to.width - n);
        break;
      }
      bits = negative ? bits | top : bits & ~top;
      if (n > 1) saturateBits(to.width - 2);
      break;
    case Overflow::wrapSignMagnitude: {
      if (!to.isSigned) return negative ? 0 : highest(to);
      const bool sign = (bits & top) != 0;
      bool newSign = negative;
      if (n == 0) {
        newSign = deleted;
        if (deleted != sign) bits = ~bits;
      } else if (n == 1) {
        if (negative != sign) bits = ~bits;
      } else {
        if (bitOf(static_cast<Wide>(bits), to.width - n) == negative) bits = ~bits;
        saturateBits(to.width - 2);
      }
      bits = newSign ? bits | top : bits & ~top;
      break;
    }
  }
  return wrapped(bits, to);
}

/// convert for a number of any exponent: code * 2^-fraction, `width` bits of which its type holds.
Wide assign(Wide code, int width, bool isSigned, int fraction, const ApFormat& to) {
  SLUICE_CHECK(to.width >= 1 && to.width <= 126 && to.saturationBits >= 0 && to.saturationBits <= to.width,
               "formats have 1 to 126 bits");
  if (code == 0) return 0;
  const bool negative = code < 0;
  const int lost = fraction - to.fraction();  // bits below the new last one
  const int deletedBit = lost + to.width;
  const bool deleted = deletedBit < width && bitOf(code, deletedBit);
  if (lost < 0) {
    const int gained = -lost;
    const bool fits = gained < 126 && (code << gained) >> gained == code &&
                      (code < 0 ? -(code + 1) : code) >> (126 - gained) == 0;
    const Unsigned bits = gained >= to.width ? 0 : static_cast<Unsigned>(code) << gained;
    if (fits) {
      const Wide exact = code << gained;
      const bool symmetric = to.overflow == Overflow::saturateSymmetric && to.isSigned && isSigned;
      if (exact <= highest(to) && exact >= lowest(to) + (symmetric ? 1 : 0)) return exact;
    }
    return overflowed(bits, deleted, negative, to);
  }
  Wide rounded = code >> std::min(lost, 127);
  if (lost > 0) {
    const bool half = bitOf(code, lost - 1);
    const Unsigned below = lost >= 2 ? static_cast<Unsigned>(code) & ones(std::min(lost - 1, 127)) : 0;
    rounded += goesUp(to.rounding, half, below != 0, negative, (rounded & 1) != 0) ? 1 : 0;
  }
  const bool symmetric = to.overflow == Overflow::saturateSymmetric && to.isSigned && isSigned;
  if (rounded <= highest(to) && rounded >= lowest(to) + (symmetric ? 1 : 0)) return rounded;
  return overflowed(static_cast<Unsigned>(rounded), deleted, negative, to);
}

/// code * 2^bits for the arithmetic below, whose operands are at most 62 bits wide.
Wide shifted(Wide code, int bits) {
  SLUICE_CHECK(bits >= 0 && bits <= 64 && (code << bits) >> bits == code,
               "operands of arithmetic are close together");
  return code << bits;
}

ApNumber sum(const ApNumber& a, const ApNumber& b, bool minus) {
  const ApFormat &x = a.format, &y = b.format;
  const int integer =
      std::max(x.integer + (y.isSigned && !x.isSigned), y.integer + (x.isSigned && !y.isSigned)) + 1;
  const int fraction = std::max(x.fraction(), y.fraction());
  const ApFormat format{
      .width = integer + fraction, .integer = integer, .isSigned = minus || x.isSigned || y.isSigned};
  const Wide left = shifted(a.code, fraction - x.fraction()),
             right = shifted(b.code, fraction - y.fraction());
  return {.format = format, .code = minus ? left - right : left + right};
}

constexpr std::array<std::pair<std::string_view, Rounding>, 7> roundings = {
    {{"TRN", Rounding::floor},
     {"TRN_ZERO", Rounding::towardZero},
     {"RND", Rounding::halfUp},
     {"RND_ZERO", Rounding::halfTowardZero},
     {"RND_INF", Rounding::halfAwayFromZero},
     {"RND_MIN_INF", Rounding::halfDown},
     {"RND_CONV", Rounding::halfEven}}};
constexpr std::array<std::pair<std::string_view, Overflow>, 5> overflows = {
    {{"WRAP", Overflow::wrap},
     {"SAT", Overflow::saturate},
     {"SAT_ZERO", Overflow::saturateToZero},
     {"SAT_SYM", Overflow::saturateSymmetric},
     {"WRAP_SM", Overflow::wrapSignMagnitude}}};

}  // namespace

double ApNumber::value() const { return std::ldexp(static_cast<double>(code), -format.fraction()); }

ApNumber convert(const ApNumber& number, const ApFormat& to) {
  const ApFormat& from = number.format;
  return {.format = to, .code = assign(number.code, from.width, from.isSigned, from.fraction(), to)};
}

ApNumber fromDouble(double value, const ApFormat& to) {
  SLUICE_CHECK(std::isfinite(value), "fixed-point numbers are finite");
  int exponent = 0;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  return {.format = to, .code = assign(mantissa, 54, true, 53 - exponent, to)};
}

ApNumber operator+(const ApNumber& a, const ApNumber& b) { return sum(a, b, false); }
ApNumber operator-(const ApNumber& a, const ApNumber& b) { return sum(a, b, true); }

ApNumber operator*(const ApNumber& a, const ApNumber& b) {
  const ApFormat &x = a.format, &y = b.format;
  return {.format = {.width = x.width + y.width,
                     .integer = x.integer + y.integer,
                     .isSigned = x.isSigned || y.isSigned},
          .code = a.code * b.code};
}

ApNumber operator/(const ApNumber& a, const ApNumber& b) {
  SLUICE_CHECK(b.code != 0, "divisors are not zero");
  const ApFormat &x = a.format, &y = b.format;
  const int up = std::max(y.fraction(), 0);
  const ApFormat format{.width = y.isSigned + x.width + up,
                        .integer = y.isSigned + x.integer + y.fraction(),
                        .isSigned = x.isSigned || y.isSigned};
  // The divider's own width: a quotient beyond it wraps there.
  const ApFormat divider{
      .width = std::max(x.width + up + (y.isSigned && !x.isSigned), y.width + (x.isSigned && !y.isSigned)),
      .integer = 0,
      .isSigned = format.isSigned};
  const Wide quotient = wrapped(static_cast<Unsigned>(shifted(a.code, up) / b.code), divider);
  return {.format = format, .code = wrapped(static_cast<Unsigned>(quotient), format)};
}

ApNumber shiftLeft(const ApNumber& a, int bits) {
  if (bits < 0) return shiftRight(a, -bits);
  const Unsigned moved = bits >= a.format.width ? 0 : static_cast<Unsigned>(a.code) << bits;
  return {.format = a.format, .code = wrapped(moved, a.format)};
}

ApNumber shiftRight(const ApNumber& a, int bits) {
  if (bits < 0) return shiftLeft(a, -bits);
  return {.format = a.format, .code = a.code >> std::min(bits, 127)};
}

int compare(const ApNumber& a, const ApNumber& b) {
  const int fraction = std::max(a.format.fraction(), b.format.fraction());
  const Wide left = shifted(a.code, fraction - a.format.fraction());
  const Wide right = shifted(b.code, fraction - b.format.fraction());
  return left < right ? -1 : left > right ? 1 : 0;
}

std::string text(const ApFormat& format) {
  std::string out = format.isSigned ? "ap_fixed<" : "ap_ufixed<";
  out += std::to_string(format.width) + ", " + std::to_string(format.integer);
  if (format.rounding != Rounding::floor || format.overflow != Overflow::wrap || format.saturationBits != 0) {
    for (const auto& [name, mode] : roundings)
      if (mode == format.rounding) out += ", AP_" + std::string(name);
    for (const auto& [name, mode] : overflows)
      if (mode == format.overflow) out += ", AP_" + std::string(name);
    if (format.saturationBits != 0) out += ", " + std::to_string(format.saturationBits);
  }
  return out + ">";
}

Result<ApFormat> parseApFormat(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return badInput("'" + std::string(text) + "' is no fixed-point type: " + why);
  };
  std::string_view rest = text;
  const auto trim = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  const std::size_t open = rest.find('<');
  rest = trim(rest);
  if (open == std::string_view::npos || rest.back() != '>') return wrong("'name<...>' is expected");
  std::string_view name = trim(text.substr(0, open));
  if (name.starts_with("ap_")) name.remove_prefix(3);
  std::vector<std::string_view> arguments;
  std::string_view list = trim(text.substr(open + 1));
  list.remove_suffix(1);
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    arguments.push_back(trim(list.substr(at, comma - at)));
    at = comma + 1;
  }
  ApFormat format;
  const bool isInteger = name == "int" || name == "uint";
  if (!isInteger && name != "fixed" && name != "ufixed")
    return wrong("its name is none of fixed, ufixed, int, uint");
  format.isSigned = name.front() != 'u';
  if (arguments.size() < (isInteger ? 1u : 2u) || arguments.size() > (isInteger ? 1u : 5u))
    return wrong(std::to_string(arguments.size()) + " arguments");
  const auto number = [&](std::size_t i, int& value) {
    const auto [end, error] =
        std::from_chars(arguments[i].data(), arguments[i].data() + arguments[i].size(), value);
    return error == std::errc{} && end == arguments[i].data() + arguments[i].size();
  };
  if (!number(0, format.width) || format.width < 1 || format.width > 126)
    return wrong("a width of 1 to 126 is needed");
  format.integer = format.width;
  if (!isInteger && (!number(1, format.integer) || std::abs(format.integer) > 1000))
    return wrong("the number of integer bits cannot be read");
  const auto mode = [&](std::size_t i, const auto& table, auto& value) {
    if (i >= arguments.size()) return true;
    std::string_view word = arguments[i];
    if (word.starts_with("AP_")) word.remove_prefix(3);
    for (const auto& [known, one] : table)
      if (word == known) {
        value = one;
        return true;
      }
    return false;
  };
  if (!mode(2, roundings, format.rounding)) return wrong("its rounding mode is none of AP_TRN, AP_RND, ...");
  if (!mode(3, overflows, format.overflow)) return wrong("its overflow mode is none of AP_WRAP, AP_SAT, ...");
  if (arguments.size() == 5 && (!number(4, format.saturationBits) || format.saturationBits < 0 ||
                                format.saturationBits > format.width))
    return wrong("the number of saturation bits cannot be read");
  return format;
}

}  // namespace sluice::fixed

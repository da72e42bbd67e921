#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fixed/interval.h"

/// What happens to an integer that its format does not hold.
namespace sluice::fixed {

enum class Overflow : std::uint8_t {
  saturate,           ///< the nearer end (AP_SAT, QONNX, every quantizer of training frameworks)
  saturateToZero,     ///< zero (AP_SAT_ZERO)
  saturateSymmetric,  ///< the nearer end of [-hi, hi] (AP_SAT_SYM)
  wrap,               ///< modulo the number of codes: two's complement (AP_WRAP)
  wrapSignMagnitude,  ///< reflected at both ends, period twice the number of codes; unsigned: saturates (AP_WRAP_SM)
};

/// "saturate", as written in the text form of a graph; and back.
const char* name(Overflow overflow);
std::optional<Overflow> overflowFromName(std::string_view name);

/// The integer of `range` that stands for `value`. `zero` is the code that saturateToZero gives.
///
/// Wrapping maps value to the one integer of the range that is congruent to it modulo hi - lo + 1, so the range
/// of a two's complement format gives AP_WRAP. Reflecting (wrapSignMagnitude) is the triangle wave through the
/// range: ..., hi-1, hi, hi, hi-1, ..., lo, lo, lo+1, ...; a range without negative numbers
/// saturates, as in the ap_types headers.
///
/// Source  Xilinx UG902 (2020.1), "Arbitrary Precision Fixed-Point Data Types": overflow modes; the ap_types
///         headers, against which fixed/ap_fixed_test.cpp holds it
std::int64_t fit(std::int64_t value, Interval range, Overflow overflow, std::int64_t zero = 0);
/// The same for an integer held in a double, which may lie beyond 64 bits. Infinities saturate, NaN is 0.
std::int64_t fit(double value, Interval range, Overflow overflow, std::int64_t zero = 0);

/// Every integer that fit gives for integers of `value`: the least interval that holds them.
Interval fitRange(Interval value, Interval range, Overflow overflow, std::int64_t zero = 0);

}  // namespace sluice::fixed

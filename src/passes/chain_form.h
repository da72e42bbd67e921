#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "passes/element_function.h"

/// The three forms that an element-wise chain takes in hardware, and the choice between them.
///
///   thresholds   y = base + sign * (number of thresholds that x reaches)   few output codes, rising or
///   falling table        y = table[x]                                              few input codes, any
///   shape rescale      y = clamp((a * x + b) >> shift)                           many codes, affine
///
/// Each is exact for every x of the proven range: thresholds and tables by construction, a rescale because
/// two staircases are equal everywhere if they are equal at every step of one of them. With a step from code
/// y up to y' at x = p, that is two inequalities per step,
///
///   a*(p-1) + b < (y+1) * 2^shift     and     a*p + b >= y' * 2^shift,
///
/// so for a given a and shift the legal b form an interval, and the least shift that leaves one open is found
/// by trying. Where slope and offset are dyadic numbers, the quantizer's own arithmetic is a shift already,
/// and its ties to even become Rescale's tieToEven.
///
/// Where it does not apply: a chain of many codes in and out that is not affine (a 12-bit sigmoid of a 16-bit
/// sum), or with ties to even at a slope that is no dyadic number. That is an error that says so.
namespace sluice::passes {

/// Rows: one for all channels, or one per channel.
struct ThresholdForm {
  std::vector<std::int64_t> base;  ///< one or one per channel
  std::vector<std::int8_t> sign;   ///< one or one per channel
  std::int64_t rows = 1, steps = 1;
  std::vector<std::int64_t> thresholds;  ///< [rows, steps]
};
struct LookupForm {
  std::int64_t first = 0;
  std::int64_t rows = 1, entries = 1;
  std::vector<std::int64_t> table;  ///< [rows, entries]
};
struct RescaleForm {
  std::vector<std::int64_t> a, b;  ///< each one or one per channel
  std::uint32_t shift = 0;
  fixed::Interval range;
  bool tieToEven = false;
  bool ofSource = false;  ///< a clamp of x that keeps its scale and zero point
};
/// y = overflow(round(x / 2^shift), range): one, per channel or per element.
struct RequantizeForm {
  std::vector<std::int64_t> shift;
  fixed::Interval range;
  std::vector<fixed::Interval> ranges;  ///< empty: `range` for all
  fixed::Rounding rounding = fixed::Rounding::floor;
  fixed::Overflow overflow = fixed::Overflow::saturate;
};
/// y = table[row, (x0 - first0) * span1 + (x1 - first1)].
struct PairForm {
  std::int64_t first0 = 0, first1 = 0, span1 = 1;
  std::int64_t rows = 1, entries = 1;
  std::vector<std::int64_t> table;  ///< [rows, entries]
};
using ChainForm = std::variant<ThresholdForm, LookupForm, RescaleForm, RequantizeForm, PairForm>;

constexpr std::size_t mostThresholds = 1023;
constexpr std::int64_t mostEntries = 4096;
constexpr std::int64_t mostPairs = 1 << 14;
constexpr std::size_t mostRescaleSteps = std::size_t{1} << 16;

/// The cheapest form that is exact for every x in the interval.
///
/// `tableAllowed`: false where the quantizer has a scale per channel, which a Lookup cannot carry.
/// Errors  unsupported: no form fits, with the reason for each
Result<ChainForm> chooseForm(const ElementFunction& function, fixed::Interval x, bool tableAllowed = true);

/// One form, or several to be applied in order. Several serve quantizers that do more than clamp to one range: they
/// round first, to a range that nothing leaves, and then a RequantizeForm of shift 0 wraps the codes, or clamps each
/// to the range of its own channel or element. Or quantizers to levels (levels.h): their number, then a table. A RequantizeForm has zero point 0 before and after it; rescales put
/// that right where the quantizer has another.
struct ChainForms {
  std::vector<ChainForm> forms;
  std::vector<std::int64_t> zeroPoints;  ///< of what each form gives; the last is function.outputZeroPoint
};
/// `perChannel`: x has no scales of single elements, which a clamp cannot carry.
Result<ChainForms> chooseForms(const ElementFunction& function, fixed::Interval x, bool perChannel = true);

/// The table of a function of two codes. Errors: unsupported if it would be too large.
Result<PairForm> pairForm(const ElementFunction& function, fixed::Interval x, fixed::Interval second);

}  // namespace sluice::passes

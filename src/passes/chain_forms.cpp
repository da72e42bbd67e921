#include <algorithm>
#include <cmath>

#include "passes/chain_form.h"
#include "passes/rescale_form.h"
#include "passes/rewrite.h"
#include "passes/staircase.h"

/// Quantizers that do more than clamp: in one step where they are a conversion of fixed-point formats, else in two.
namespace sluice::passes {
namespace {

constexpr std::int64_t farthest = std::int64_t{1} << 49;  // from 0, of codes between two steps

/// What the quantizer does after rounding, on codes whose zero point has been taken off. None where that would
/// change its meaning.
std::optional<RequantizeForm> overflowOf(const QuantizerStep& quantizer, std::int64_t zeroPoint,
                                         std::int64_t channels) {
  if (quantizer.overflow == fixed::Overflow::wrapSignMagnitude && zeroPoint != 0) return std::nullopt;
  RequantizeForm form{.shift = {0},
                      .range = quantizer.range,
                      .ranges = {},
                      .rounding = fixed::Rounding::floor,
                      .overflow = quantizer.overflow};
  const auto without = [&](fixed::Interval range) {
    return fixed::Interval{range.lo - zeroPoint, range.hi - zeroPoint};
  };
  form.range = without(form.range);
  if (quantizer.ranges.empty()) return form;
  form.range = without(quantizer.ranges[0]);
  for (std::int64_t c = 0; c < channels; ++c) {
    form.ranges.push_back(without(quantizer.rangeOf(c)));
    form.range = join(form.range, form.ranges.back());
  }
  collapse(form.ranges);
  if (form.ranges.size() == 1) form.ranges.clear();
  return form;
}

struct Conversion {
  RequantizeForm form;
  bool clamped = false;  ///< negative numbers become 0 first
};

/// The chain as one conversion: its slope a power of two in every channel, no offset, and no clamp but that of a
/// relu.
std::optional<Conversion> conversion(const ElementFunction& function, RequantizeForm overflow) {
  if (function.zeroPoint != 0 || function.outputZeroPoint != 0) return std::nullopt;
  Evaluator evaluator(function);
  overflow.rounding = function.quantizer.rounding;
  overflow.shift.clear();
  bool clamped = false;
  for (std::int64_t c = 0; c < function.channels; ++c) {
    evaluator.setChannel(c);
    const auto affine = evaluator.affine();
    if (!affine || affine->offset.sign() != 0) return std::nullopt;
    const bool saturates = function.quantizer.overflow == fixed::Overflow::saturate;
    const fixed::Interval free =
        saturates ? function.quantizer.rangeOf(c) : fixed::Interval{-(farthest << 1), farthest << 1};
    if (affine->clamp != free) {
      if (affine->clamp != fixed::Interval{0, free.hi}) return std::nullopt;
      clamped = true;
    }
    const auto slope = affine->slope.exactDouble();
    int exponent = 0;
    if (!slope || std::frexp(*slope, &exponent) != 0.5 || exponent < -61 || exponent > 61)
      return std::nullopt;
    overflow.shift.push_back(1 - exponent);
  }
  collapse(overflow.shift);
  return Conversion{.form = std::move(overflow), .clamped = clamped};
}

}  // namespace

Result<ChainForms> chooseForms(const ElementFunction& function, fixed::Interval x, bool perChannel) {
  const QuantizerStep& quantizer = function.quantizer;
  const bool oneScale = function.scale.size() == 1;
  const bool isBipolar = function.steps.back().kind == StepKind::bipolar;
  const std::int64_t zero = function.outputZeroPoint;
  const auto shifted = [](std::int64_t by, fixed::Interval range) {
    return RescaleForm{.a = {1}, .b = {by}, .shift = 0, .range = {range.lo + by, range.hi + by}};
  };
  if (function.steps.back().kind == StepKind::level) {
    // The number of the level, then its code: at once where that is a table anyway.
    SLUICE_TRY(ChainForm form, chooseForm(function, x, oneScale));
    const std::vector<std::int64_t>& codes = function.levels.codes;
    if (auto* table = std::get_if<LookupForm>(&form)) {
      for (std::int64_t& entry : table->table) entry = codes[static_cast<std::size_t>(entry)];
      return ChainForms{.forms = {std::move(form)}, .zeroPoints = {zero}};
    }
    LookupForm codeOf{
        .first = 0, .rows = 1, .entries = static_cast<std::int64_t>(codes.size()), .table = codes};
    return ChainForms{.forms = {std::move(form), std::move(codeOf)}, .zeroPoints = {0, zero}};
  }
  if (isBipolar || quantizer.isClamp()) {
    SLUICE_TRY(ChainForm form, chooseForm(function, x, oneScale));
    return ChainForms{.forms = {std::move(form)}, .zeroPoints = {zero}};
  }
  // Thresholds and tables give codes of one range, the hull. What comes behind has been proven from the range of each
  // channel or element, so a conversion that changes no code says them again.
  const auto withRanges = [&](ChainForm form) -> ChainForms {
    ChainForms result{.forms = {std::move(form)}, .zeroPoints = {zero}};
    RequantizeForm ranges{.shift = {0}, .range = {}, .ranges = {}};
    for (std::int64_t c = 0; c < function.channels; ++c) {
      const std::int64_t off =
          zero + (quantizer.subtract.empty()
                      ? 0
                      : quantizer.subtract[static_cast<std::size_t>(c) % quantizer.subtract.size()]);
      const fixed::Interval range = quantizer.rangeOf(c);
      ranges.ranges.push_back({range.lo - off, range.hi - off});
      ranges.range = c == 0 ? ranges.ranges[0] : join(ranges.range, ranges.ranges.back());
    }
    collapse(ranges.ranges);
    if (ranges.ranges.size() == 1) return result;
    const auto append = [&](ChainForm next, std::int64_t zeroPoint) {
      result.forms.push_back(std::move(next));
      result.zeroPoints.push_back(zeroPoint);
    };
    if (zero != 0) append(shifted(-zero, {ranges.range.lo + zero, ranges.range.hi + zero}), 0);
    append(ranges, 0);
    if (zero != 0) append(shifted(zero, ranges.range), zero);
    return result;
  };
  if (!quantizer.subtract.empty()) {
    SLUICE_TRY(ChainForm form, chooseForm(function, x, oneScale));
    return withRanges(std::move(form));
  }
  const auto overflow = overflowOf(quantizer, zero, function.channels);
  if (overflow)
    if (auto direct = conversion(function, *overflow);
        direct && (perChannel || !direct->clamped || x.lo >= 0)) {
      if (!direct->clamped || x.lo >= 0)
        return ChainForms{.forms = {std::move(direct->form)}, .zeroPoints = {0}};
      const RescaleForm clamp{.a = {1},
                              .b = {0},
                              .shift = 0,
                              .range = {0, std::max(x.hi, std::int64_t{0})},
                              .tieToEven = false,
                              .ofSource = true};
      return ChainForms{.forms = {clamp, std::move(direct->form)}, .zeroPoints = {0, 0}};
    }

  // Few codes in or, without wrapping, few codes out: thresholds and tables know every channel's range.
  auto single = chooseForm(function, x, oneScale);
  if (single.ok() || !overflow) {
    if (!single.ok()) return single.error();
    return withRanges(std::move(single).value());
  }
  // The codes that rounding can give: the ends of a chain that only rises or falls.
  ElementFunction rounded = function;
  rounded.quantizer.overflow = fixed::Overflow::saturate;
  rounded.quantizer.ranges.clear();
  rounded.quantizer.range = {-farthest, farthest};
  Evaluator evaluator(rounded);
  fixed::Interval reached{INT64_MAX, INT64_MIN};
  for (std::int64_t c = 0; c < rounded.channels; ++c) {
    evaluator.setChannel(c);
    if (evaluator.direction() == Direction::unknown) return single.error();
    for (const std::int64_t end : {x.lo, x.hi}) {
      const auto code = evaluator.code(end - function.zeroPoint);
      if (!code) return undecided(end);
      reached = {std::min(reached.lo, *code), std::max(reached.hi, *code)};
    }
  }
  if (reached.lo <= -farthest || reached.hi >= farthest) return single.error();
  rounded.quantizer.range = reached;
  if (quantizer.overflow == fixed::Overflow::saturate) {
    // Nothing needs to be kept that no channel's range holds.
    fixed::Interval hull = quantizer.rangeOf(0);
    for (std::int64_t c = 1; c < function.channels; ++c) hull = join(hull, quantizer.rangeOf(c));
    rounded.quantizer.range = {std::clamp(reached.lo, hull.lo, hull.hi),
                               std::clamp(reached.hi, hull.lo, hull.hi)};
  }
  // The zero point is taken off after rounding: before it, it would move ties to even.
  SLUICE_TRY(ChainForm first, chooseForm(rounded, x, oneScale));
  ChainForms result{.forms = {std::move(first)}, .zeroPoints = {zero}};
  const auto append = [&](ChainForm form, std::int64_t zeroPoint) {
    result.forms.push_back(std::move(form));
    result.zeroPoints.push_back(zeroPoint);
  };
  if (zero != 0) append(shifted(-zero, rounded.quantizer.range), 0);
  append(*overflow, 0);
  if (zero != 0) append(shifted(zero, overflow->range), zero);
  return result;
}

Result<PairForm> pairForm(const ElementFunction& function, fixed::Interval x, fixed::Interval second) {
  const auto span = [](fixed::Interval range) {
    return static_cast<double>(range.hi) - static_cast<double>(range.lo) + 1;
  };
  const double pairs = span(x) * span(second);
  if (pairs * static_cast<double>(function.channels) > static_cast<double>(mostPairs) * 64 ||
      pairs > static_cast<double>(mostPairs))
    return unsupported("a table of all pairs of codes would have " +
                       std::to_string(static_cast<std::int64_t>(pairs)) + " entries, more than " +
                       std::to_string(mostPairs));
  PairForm form{.first0 = x.lo,
                .first1 = second.lo,
                .span1 = second.hi - second.lo + 1,
                .rows = function.channels,
                .entries = static_cast<std::int64_t>(pairs),
                .table = {}};
  Evaluator evaluator(function);
  for (std::int64_t c = 0; c < function.channels; ++c) {
    evaluator.setChannel(c);
    for (std::int64_t a = x.lo; a <= x.hi; ++a)
      for (std::int64_t b = second.lo; b <= second.hi; ++b) {
        const auto code = evaluator.code(a - function.zeroPoint, b - function.secondZeroPoint);
        if (!code) return undecided(a);
        form.table.push_back(*code);
      }
  }
  return form;
}

}  // namespace sluice::passes

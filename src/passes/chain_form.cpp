#include "passes/chain_form.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "passes/rescale_form.h"
#include "passes/rewrite.h"
#include "passes/staircase.h"

namespace sluice::passes {
namespace {

/// Rough LUTs per element, only to choose by: a comparison with a constant takes half a LUT per bit, a table
/// one per output bit and 64 entries, a sum one per bit, a product one per pair of bits.
double thresholdCost(double steps, double bitsIn) { return steps * bitsIn / 2; }
double tableCost(double entries, double bitsOut) { return std::max(1.0, entries / 64) * bitsOut; }
double rescaleCost(const RescaleForm& form, double bitsIn, double bitsOut) {
  double bitsOfA = 0;
  for (const std::int64_t a : form.a) {
    const auto size = static_cast<std::uint64_t>(a < 0 ? -a : a);
    if (!std::has_single_bit(size) && size != 0)
      bitsOfA = std::max(bitsOfA, static_cast<double>(std::bit_width(size)));
  }
  return bitsIn * (1 + bitsOfA) + 2 * bitsOut;
}

/// Whether a product with every a is mere wiring.
bool isShift(const RescaleForm& form) {
  return std::all_of(form.a.begin(), form.a.end(), [](std::int64_t a) {
    return a == 0 || std::has_single_bit(static_cast<std::uint64_t>(a < 0 ? -a : a));
  });
}

void collapseRescale(RescaleForm& form) {
  collapse(form.a);
  collapse(form.b);
}

/// Rows of equal length. Where all rise (or all fall), a row that starts higher than the lowest gets steps at
/// the low end of x, which are always reached, if that makes no row longer: then one base serves all
/// channels.
ThresholdForm thresholdForm(const std::vector<Staircase>& rows, fixed::Interval x) {
  ThresholdForm form{
      .base = {}, .sign = {}, .rows = static_cast<std::int64_t>(rows.size()), .steps = 1, .thresholds = {}};
  std::size_t longest = 1;
  std::size_t longestFromCommon = 1;
  const int sign = rows[0].sign;
  std::int64_t common = rows[0].first;
  // A row without steps is constant and goes with either sign.
  for (const Staircase& row : rows)
    common = sign > 0 ? std::min(common, row.first) : std::max(common, row.first);
  bool oneSign = true;
  for (const Staircase& row : rows) {
    oneSign = oneSign && (row.sign == sign || row.steps.empty());
    longest = std::max(longest, row.steps.size());
    longestFromCommon =
        std::max(longestFromCommon, row.steps.size() + static_cast<std::size_t>(sign * (row.first - common)));
  }
  const bool oneBase = oneSign && longestFromCommon == longest;
  form.steps = static_cast<std::int64_t>(longest);
  form.thresholds.reserve(rows.size() * longest);
  for (const Staircase& row : rows) {
    form.base.push_back(oneBase ? common : row.first);
    form.sign.push_back(static_cast<std::int8_t>(oneBase ? sign : row.sign));
    const std::size_t before = oneBase ? static_cast<std::size_t>(sign * (row.first - common)) : 0;
    form.thresholds.insert(form.thresholds.end(), before, x.lo);
    form.thresholds.insert(form.thresholds.end(), row.steps.begin(), row.steps.end());
    form.thresholds.insert(form.thresholds.end(), longest - before - row.steps.size(), x.hi + 1);
  }
  collapse(form.base);
  collapse(form.sign);
  return form;
}

Result<LookupForm> lookupForm(const ElementFunction& function, Evaluator& evaluator, fixed::Interval x) {
  LookupForm form{.first = x.lo, .rows = function.channels, .entries = x.hi - x.lo + 1, .table = {}};
  form.table.reserve(static_cast<std::size_t>(form.rows * form.entries));
  for (std::int64_t channel = 0; channel < function.channels; ++channel) {
    evaluator.setChannel(channel);
    for (std::int64_t at = x.lo; at <= x.hi; ++at) {
      const auto code = evaluator.code(at - function.zeroPoint);
      if (!code) return undecided(at);
      form.table.push_back(*code);
    }
  }
  return form;
}

/// The staircases of all channels, or why there are none.
Result<std::vector<Staircase>> staircases(const ElementFunction& function, Evaluator& evaluator,
                                          fixed::Interval x) {
  std::vector<Staircase> rows;
  rows.reserve(static_cast<std::size_t>(function.channels));
  for (std::int64_t channel = 0; channel < function.channels; ++channel) {
    evaluator.setChannel(channel);
    auto row = staircase(evaluator, x, mostRescaleSteps);
    if (!row.ok()) return row.error();
    rows.push_back(std::move(row).value());
  }
  return rows;
}

std::vector<Evaluator::Affine> affineRows(const ElementFunction& function, Evaluator& evaluator) {
  std::vector<Evaluator::Affine> rows;
  for (std::int64_t channel = 0; channel < function.channels; ++channel) {
    evaluator.setChannel(channel);
    auto row = evaluator.affine();
    if (!row) return {};
    rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace

Result<ChainForm> chooseForm(const ElementFunction& function, fixed::Interval x, bool tableAllowed) {
  constexpr std::size_t fewSteps = 15;  // below, thresholds are so cheap that no multiplication can pay
  constexpr std::int64_t widest = std::int64_t{1}
                                  << 60;  // differences of codes and zero points stay in 64 bits
  if (x.lo < -widest || x.hi > widest || function.zeroPoint < -widest || function.zeroPoint > widest)
    return unsupported("the input takes codes beyond 2^60");
  Evaluator evaluator(function);
  const auto bitsIn = static_cast<double>(fixed::formatFor(x).bits);
  const bool smallDomain = x.hi - x.lo < mostEntries;
  const bool wraps = function.quantizer.overflow != fixed::Overflow::saturate;
  // Far too many codes for thresholds: if it is a shift, no step needs to be looked at.
  if (const fixed::Interval range = function.quantizer.range;
      function.steps.back().kind == StepKind::quantize && function.quantizer.isClamp() &&
      range.hi - range.lo > 255) {
    const auto affine = affineRows(function, evaluator);
    auto shift = affine.empty() ? std::nullopt : dyadicRescale(affine, x);
    if (shift && isShift(*shift)) {
      collapseRescale(*shift);
      return ChainForm(*std::move(shift));
    }
  }
  const auto rows = wraps ? Result<std::vector<Staircase>>(unsupported("its quantizer wraps"))
                          : staircases(function, evaluator, x);

  // Bits of the output, for costs.
  fixed::Interval codes{-1, 1};
  std::size_t steps = 0;
  if (const Step& last = function.steps.back(); last.kind == StepKind::quantize)
    codes = function.quantizer.range;
  else if (last.kind == StepKind::level)
    codes = {0, static_cast<std::int64_t>(function.levels.limits.size())};
  if (rows.ok())
    for (const Staircase& row : *rows) steps = std::max(steps, row.steps.size());
  const auto bitsOut = static_cast<double>(fixed::formatFor(codes).bits);

  std::optional<RescaleForm> rescale;
  // A chain that is a shift is found at once, and tried only if doubles hold it: others have too many bits to
  // be one. The search for other factors is for chains with many codes.
  const bool manySteps = !rows.ok() || steps > fewSteps;
  evaluator.setChannel(0);
  const auto isPoint = [&](std::int64_t at) {
    return evaluator.code(at - function.zeroPoint) && evaluator.wasPoint();
  };
  if (!wraps && (manySteps || (steps > 3 && isPoint(x.lo) && isPoint(x.hi)))) {
    const auto affine = affineRows(function, evaluator);
    if (!affine.empty()) {
      rescale = dyadicRescale(affine, x);
      if (manySteps && rows.ok() && (!rescale || !isShift(*rescale))) {
        std::vector<double> slopes;
        for (const auto& row : affine) slopes.push_back(row.slope.approximate());
        const auto found = staircaseRescale(*rows, slopes, x);
        if (found &&
            (!rescale || rescaleCost(*found, bitsIn, bitsOut) < rescaleCost(*rescale, bitsIn, bitsOut)))
          rescale = found;
      }
    }
  }
  // Where thresholds are few, a table must be a few LUTs to be better: with a row per channel it is mostly
  // memory.
  const bool canThreshold = rows.ok() && steps <= mostThresholds;
  const bool fewThresholds = canThreshold && steps <= fewSteps;
  const bool canTable = tableAllowed && x.hi - x.lo < (fewThresholds ? 64 : mostEntries);
  constexpr double none = 1e300;
  const double costs[] = {canThreshold ? thresholdCost(static_cast<double>(steps), bitsIn) : none,
                          canTable ? tableCost(static_cast<double>(x.hi - x.lo + 1), bitsOut) : none,
                          rescale ? rescaleCost(*rescale, bitsIn, bitsOut) : none};
  const auto best = std::min_element(std::begin(costs), std::end(costs)) - std::begin(costs);
  if (costs[best] == none)
    return unsupported(
        "no exact integer form fits: thresholds, because " +
        (rows.ok() ? "it has " + std::to_string(steps) + " steps, more than " + std::to_string(mostThresholds)
                   : rows.error().message) +
        "; a table, because " +
        (smallDomain ? "the quantizer has a scale per channel"
                     : "the input takes the codes " + std::to_string(x.lo) + " to " + std::to_string(x.hi) +
                           ", more than " + std::to_string(mostEntries)) +
        "; a scaled shift, because it is not affine, or rounds to even at ties that no shift has");
  if (best == 0) return ChainForm(thresholdForm(*rows, x));
  if (best == 2) {
    collapseRescale(*rescale);
    return ChainForm(*std::move(rescale));
  }
  SLUICE_TRY(LookupForm table, lookupForm(function, evaluator, x));
  return ChainForm(std::move(table));
}

}  // namespace sluice::passes

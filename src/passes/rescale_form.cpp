#include "passes/rescale_form.h"

#include <algorithm>
#include <cmath>

namespace sluice::passes {
namespace {

using Wide = __int128;
constexpr std::uint32_t mostShift = 40;
constexpr Wide limit = Wide{1} << 61;

bool fits(Wide a, Wide b, fixed::Interval x) {
  for (const std::int64_t end : {x.lo, x.hi})
    if (const Wide v = a * end + b; v > limit || v < -limit) return false;
  return a < limit && a > -limit && b < limit && b > -limit;
}

/// value * 2^shift if that is an integer below 2^53.
std::optional<std::int64_t> scaledInteger(double value, std::uint32_t shift) {
  const double scaled = std::ldexp(value, static_cast<int>(shift));
  if (scaled != std::floor(scaled) || std::fabs(scaled) > 0x1p53) return std::nullopt;
  return static_cast<std::int64_t>(scaled);
}

}  // namespace

std::optional<RescaleForm> dyadicRescale(const std::vector<Evaluator::Affine>& rows, fixed::Interval x) {
  using fixed::Rounding;
  RescaleForm form{.a = {}, .b = {}, .shift = 0, .range = rows[0].clamp, .tieToEven = false};
  std::vector<double> slopes, offsets;
  for (const Evaluator::Affine& row : rows) {
    const auto slope = row.slope.exactDouble();
    const auto offset = row.offset.exactDouble();
    if (!slope || !offset || row.clamp != form.range) return std::nullopt;
    slopes.push_back(*slope);
    offsets.push_back(*offset);
  }
  // The least shift at which all are integers.
  const auto whole = [&](std::uint32_t shift) {
    const auto integer = [&](double v) { return scaledInteger(v, shift).has_value(); };
    return std::all_of(slopes.begin(), slopes.end(), integer) &&
           std::all_of(offsets.begin(), offsets.end(), integer);
  };
  while (form.shift <= mostShift && !whole(form.shift)) ++form.shift;
  if (form.shift > mostShift) return std::nullopt;

  // Rounding of v / 2^shift as a floor of (v + extra) / 2^shift. Modes that look at the sign are one of the
  // others where no code is negative: below zero both end at the clamp.
  Rounding rounding = rows[0].rounding;
  if (form.range.lo >= 0) {
    if (rounding == Rounding::towardZero) rounding = Rounding::floor;
    if (rounding == Rounding::awayFromZero) rounding = Rounding::ceil;
    if (rounding == Rounding::halfAwayFromZero) rounding = Rounding::halfUp;
    if (rounding == Rounding::halfTowardZero) rounding = Rounding::halfDown;
  }
  std::int64_t extra = 0;
  if (form.shift > 0) {
    const std::int64_t one = std::int64_t{1} << form.shift;
    switch (rounding) {
      case Rounding::floor:
        break;
      case Rounding::ceil:
        extra = one - 1;
        break;
      case Rounding::halfUp:
        extra = one / 2;
        break;
      case Rounding::halfDown:
        extra = one / 2 - 1;
        break;
      case Rounding::halfEven:
        form.tieToEven = true;
        break;
      default:
        return std::nullopt;
    }
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    form.a.push_back(*scaledInteger(slopes[row], form.shift));
    form.b.push_back(*scaledInteger(offsets[row], form.shift) + extra);
    if (!fits(form.a.back(), form.b.back(), x)) return std::nullopt;
  }
  return form;
}

namespace {

/// The interval of b with which a and shift give the staircase; empty: none. See the inequalities in
/// chain_form.h. A falling staircase is the same with the two sides of each step exchanged.
std::optional<std::pair<Wide, Wide>> summands(const Staircase& stairs, Wide a, std::uint32_t shift,
                                              fixed::Interval x, fixed::Interval range) {
  const Wide one = Wide{1} << shift;
  Wide lo = -limit;
  Wide hi = limit;
  const auto atLeast = [&](std::int64_t at, std::int64_t code) { lo = std::max(lo, code * one - a * at); };
  const auto atMost = [&](std::int64_t at, std::int64_t code) {
    hi = std::min(hi, (code + 1) * one - 1 - a * at);
  };
  const auto bothEnds = [&](std::int64_t at, std::int64_t code) {
    if (code > range.lo) atLeast(at, code);
    if (code < range.hi) atMost(at, code);
  };
  // Equal at both ends and at both sides of each step is equal everywhere, as both only rise (or fall).
  bothEnds(x.lo, stairs.first);
  bothEnds(x.hi, stairs.last());
  for (std::size_t k = 0; k < stairs.steps.size();) {
    std::size_t next = k;
    while (next < stairs.steps.size() && stairs.steps[next] == stairs.steps[k]) ++next;
    const std::int64_t before = stairs.first + stairs.sign * static_cast<std::int64_t>(k);
    const std::int64_t after = stairs.first + stairs.sign * static_cast<std::int64_t>(next);
    bothEnds(stairs.steps[k] - 1, before);
    bothEnds(stairs.steps[k], after);
    if (lo > hi) return std::nullopt;
    k = next;
  }
  if (lo > hi) return std::nullopt;
  return std::pair{lo, hi};
}

}  // namespace

std::optional<RescaleForm> staircaseRescale(const std::vector<Staircase>& rows,
                                            const std::vector<double>& slopes, fixed::Interval x) {
  RescaleForm form{.a = std::vector<std::int64_t>(rows.size(), 0),
                   .b = std::vector<std::int64_t>(rows.size(), 0)};
  form.range = {INT64_MAX, INT64_MIN};
  for (const Staircase& stairs : rows) {
    form.range.lo = std::min({form.range.lo, stairs.first, stairs.last()});
    form.range.hi = std::max({form.range.hi, stairs.first, stairs.last()});
  }
  const auto solve = [&](std::size_t row, std::uint32_t shift, std::int64_t earlier) {
    const double slope = std::ldexp(slopes[row], static_cast<int>(shift));
    if (!(std::fabs(slope) < 0x1p52)) return false;
    const auto below = static_cast<std::int64_t>(std::floor(slope));
    for (const std::int64_t a :
         {static_cast<std::int64_t>(std::nearbyint(slope)), below, below + 1, earlier}) {
      if ((rows[row].sign > 0 && a < 0) || (rows[row].sign < 0 && a > 0)) continue;
      const auto found = summands(rows[row], a, shift, x, form.range);
      if (!found) continue;
      // Of the legal summands the one nearest to zero.
      const Wide b = std::clamp(Wide{0}, found->first, found->second);
      if (!fits(a, b, x)) continue;
      form.a[row] = a;
      form.b[row] = static_cast<std::int64_t>(b);
      return true;
    }
    return false;
  };
  // Feasible at one shift is feasible at the next, with a and b doubled: so the least common shift is the
  // greatest of the rows' least ones.
  std::vector<std::uint32_t> solvedAt(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (; !solve(row, form.shift, 0); ++form.shift)
      if (form.shift >= mostShift) return std::nullopt;
    solvedAt[row] = form.shift;
  }
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (!solve(row, form.shift, form.a[row] << (form.shift - solvedAt[row]))) return std::nullopt;
  return form;
}

}  // namespace sluice::passes

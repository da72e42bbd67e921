#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/check.h"
#include "kernel/unrolled/cells.h"
#include "kernel/unrolled/wide.h"

/// From one format to another: rows of thresholds, multiplications with a shift behind them, rounding, saturation, wrapping.
namespace sluice::kernel {
namespace {

hdl::Int128 floorDivide(hdl::Int128 value, std::uint32_t shift) { return value >> shift; }

/// The steps of a threshold row as a rescale: count = clamp((x + addend) >> shift, first, first + steps) -
/// first.
struct EvenSteps {
  std::uint32_t shift = 0;
  bool tieToEven = false;
  std::int64_t addend = 0;
  std::int64_t first = 0;  // 1 if the first step leads to an odd code, which matters for ties
};

/// Steps at equal distances 2^s are a floor; steps at 2^s +- 1 in turn are a rounding to nearest, ties to
/// even. x >= m * 2^s - half + (m odd) is exactly "x / 2^s rounds to m or more".
std::optional<EvenSteps> evenSteps(const std::vector<std::int64_t>& steps) {
  for (std::uint32_t s = 0; s < 40; ++s) {
    const std::int64_t unit = std::int64_t{1} << s;
    if (std::abs(steps[1] - steps[0] - unit) > 1) continue;
    for (const std::int64_t parity : {-1, 0, 1}) {  // -1: floor
      if (parity >= 0 && s == 0) continue;
      const auto place = [&](std::int64_t k) {  // of step k = 1, 2, ..., up to a constant
        if (parity < 0) return k * unit;
        return (k + parity) * unit - unit / 2 + ((k + parity) & 1);
      };
      const std::int64_t start = steps[0] - place(1);
      bool fits = true;
      for (std::size_t k = 0; k < steps.size() && fits; ++k)
        fits = steps[k] == start + place(static_cast<std::int64_t>(k) + 1);
      if (fits) return EvenSteps{s, parity >= 0, -start, std::max<std::int64_t>(parity, 0)};
    }
  }
  return std::nullopt;
}

/// What makes a division by 2^shift to minus infinity one of this rounding (halfEven apart): added to numbers from 0 on, and to those
/// below.
std::pair<std::int64_t, std::int64_t> addends(fixed::Rounding rounding, std::uint32_t shift) {
  using fixed::Rounding;
  if (shift == 0) return {0, 0};
  const std::int64_t half = std::int64_t{1} << (shift - 1), all = 2 * half - 1;
  switch (rounding) {
    case Rounding::halfEven:
    case Rounding::floor:
      return {0, 0};
    case Rounding::ceil:
      return {all, all};
    case Rounding::towardZero:
      return {0, all};
    case Rounding::awayFromZero:
      return {all, 0};
    case Rounding::halfUp:
      return {half, half};
    case Rounding::halfDown:
      return {half - 1, half - 1};
    case Rounding::halfAwayFromZero:
      return {half, half - 1};
    case Rounding::halfTowardZero:
      return {half - 1, half};
  }
  SLUICE_CHECK(false, "every rounding is handled");
}

}  // namespace

/// base + direction * (number of steps s with a >= s, or with a < s if falling), steps ascending and all
/// undecided.
Scalar CellList::thermometer(CellId a, bool falling, const std::vector<std::int64_t>& steps,
                             std::int64_t base, std::int32_t direction) {
  const auto n = static_cast<std::int64_t>(steps.size());
  if (falling)
    return thermometer(a, false, steps, base + direction * n, -direction);  // n minus those with a >= s
  if (steps.front() == steps.back() && std::has_single_bit(static_cast<std::uint64_t>(n)))
    return {.cell = atLeast(a, steps[0]),
            .shift = static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(n))),
            .sign = direction,
            .offset = base};
  if (steps.size() > 3 && steps.front() != steps.back()) {
    if (const auto even = evenSteps(steps)) {
      Scalar y =
          rescale({.cell = a}, 1, even->addend, even->shift, even->tieToEven, {even->first, even->first + n});
      y.offset -= even->first;
      if (!y.isConstant() && direction < 0) y.sign = -y.sign;
      y.offset = base + direction * y.offset;
      return y;
    }
  }
  if (const auto smooth = smoothSteps(a, steps, base, direction)) return *smooth;
  // From one step to the next y changes by one; bit k changes where the two differ in it.
  Cell cell{.kind = Cell::Kind::bits};
  cell.range = orderedCodes(base, hdl::Int128{base} + direction * n);
  const std::uint32_t width = fixed::formatFor(cell.range).bits;
  std::vector<CellId> flags;
  for (const std::int64_t s : steps) flags.push_back(atLeast(a, s));
  std::size_t most = 0;
  for (std::uint32_t k = 0; k < width; ++k) {
    std::vector<CellId> sources;
    for (std::int64_t j = 0; j < n; ++j) {
      if ((((base + direction * j) ^ (base + direction * (j + 1))) >> k & 1) == 0) continue;
      if (!sources.empty() && sources.back() == flags[static_cast<std::size_t>(j)])
        sources.pop_back();
      else
        sources.push_back(flags[static_cast<std::size_t>(j)]);
    }
    most = std::max(most, sources.size());
    cell.bitSources.push_back(std::move(sources));
    cell.bitInverted.push_back((base >> k & 1) != 0);
  }
  cell.levels = most <= 3 ? 0 : most <= 36 ? 1 : 2;  // trees of six inputs
  return {.cell = put(std::move(cell))};
}

Scalar CellList::count(const Scalar& x, const std::vector<std::int64_t>& thresholds, std::int64_t base,
                       std::int32_t direction) {
  const auto countAt = [&](std::int64_t v) {
    return base +
           direction * static_cast<std::int64_t>(std::count_if(thresholds.begin(), thresholds.end(),
                                                               [v](std::int64_t t) { return v >= t; }));
  };
  if (x.isConstant()) return {.offset = countAt(x.offset)};
  const Cell& cell = cells_[x.cell];
  if (fixed::formatFor(cell.range).bits <= 6) return tabulate(x, countAt);
  // In terms of the cell: x >= t is cell >= ceil((t - offset) / 2^shift); with sign -1 it is
  // cell < 1 + floor((offset - t) / 2^shift).
  const bool falling = x.sign < 0;
  std::vector<std::int64_t> steps;
  for (const std::int64_t t : thresholds) {
    const hdl::Int128 step = falling ? floorDivide(hdl::Int128{x.offset} - t, x.shift) + 1
                                     : -floorDivide(hdl::Int128{x.offset} - t, x.shift);
    const bool always = falling ? step > cell.range.hi : step <= cell.range.lo;
    const bool never = falling ? step <= cell.range.lo : step > cell.range.hi;
    if (always) base += direction;
    if (!always && !never) steps.push_back(static_cast<std::int64_t>(step));
  }
  if (steps.empty()) return {.offset = base};
  std::sort(steps.begin(), steps.end());
  return thermometer(x.cell, falling, steps, base, direction);
}

Scalar CellList::rescale(const Scalar& x, std::int64_t factor, std::int64_t addend, std::uint32_t shift,
                         bool tieToEven, fixed::Interval to) {
  const auto at = [&](hdl::Int128 v) {  // of v = factor * x + addend
    hdl::Int128 y = v;
    if (shift > 0 && !tieToEven) y = v >> shift;
    if (shift > 0 && tieToEven) y = (v + (hdl::Int128{1} << (shift - 1)) - 1 + (v >> shift & 1)) >> shift;
    return static_cast<std::int64_t>(std::clamp<hdl::Int128>(y, to.lo, to.hi));
  };
  if (x.isConstant() || factor == 0) return {.offset = at(hdl::Int128{factor} * x.offset + addend)};
  if (fixed::formatFor(cells_[x.cell].range).bits <= 6)
    return tabulate(x, [&](std::int64_t v) { return at(hdl::Int128{factor} * v + addend); });
  // v = scale * cell + plus. Powers of two that the shift takes away again are left out from the start.
  std::int64_t scale = narrowCode(hdl::Int128{factor} * x.sign * (hdl::Int128{1} << x.shift));
  std::int64_t plus = narrowCode(hdl::Int128{factor} * x.offset + addend);
  auto spare =
      std::min(static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(scale))), shift);
  if (tieToEven && plus != 0)
    spare = std::min(spare, static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(plus))));
  scale >>= spare;
  plus >>= spare;
  const std::uint32_t left = shift - spare;
  const auto twos = static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(scale)));
  Scalar v = multiple(x.cell, std::abs(scale) >> twos);
  v.shift = twos;
  if (scale < 0) v.sign = -v.sign;
  v.offset = plus;
  if (left > 0) {
    if (tieToEven) v.offset = narrowCode(hdl::Int128{v.offset} + (hdl::Int128{1} << (left - 1)));
    const CellId w = whole(v);
    if (cells_[w].kind == Cell::Kind::constant)
      return {.offset = at(hdl::Int128{factor} * range(x).lo + addend)};
    const fixed::Interval r = cells_[w].range;
    const auto shifted = [&](std::int64_t value) {
      const std::int64_t y = value >> left;
      return tieToEven && (y & 1) != 0 && value == y * (std::int64_t{1} << left) ? y - 1 : y;
    };
    const std::uint32_t levels = tieToEven && left > 5 ? 1 : 0;
    const CellId y = put({.kind = tieToEven ? Cell::Kind::evenShift : Cell::Kind::floorShift,
                          .a = w,
                          .shiftA = left,
                          .range = {shifted(r.lo), shifted(r.hi)},
                          .levels = levels});
    if (cells_[y].kind == Cell::Kind::constant) return {.offset = std::clamp(cells_[y].value, to.lo, to.hi)};
    v = {.cell = y};
  }
  if (to.contains(range(v))) return v;
  if (left == 0 && v.sign < 0 && v.shift == 0 && v.offset == 0) {  // the sign passes through
    const fixed::Interval r = cells_[v.cell].range;
    const CellId clamped =
        put({.kind = Cell::Kind::clamp,
             .a = v.cell,
             .value = -to.hi,
             .value2 = -to.lo,
             .range = {std::clamp(r.lo, -to.hi, -to.lo), std::clamp(r.hi, -to.hi, -to.lo)}});
    Scalar y = scalar(clamped);
    if (y.isConstant()) return {.offset = -y.offset};
    y.sign = -1;
    return y;
  }
  const CellId y = whole(v);
  const fixed::Interval r = cells_[y].range;
  const CellId clamped = put({.kind = Cell::Kind::clamp,
                              .a = y,
                              .value = to.lo,
                              .value2 = to.hi,
                              .range = {std::clamp(r.lo, to.lo, to.hi), std::clamp(r.hi, to.lo, to.hi)}});
  if (cells_[clamped].kind == Cell::Kind::constant) return {.offset = cells_[clamped].value};
  return {.cell = clamped};
}

std::optional<Scalar> CellList::requantize(const Scalar& x, std::int64_t shift, fixed::Rounding rounding,
                                           fixed::Overflow overflow, fixed::Interval to) {
  using fixed::Overflow;
  using fixed::Rounding;
  constexpr std::uint32_t kSmallTable = 8;  // bits: as many look-up tables as an adder and a clamp
  const auto left = static_cast<std::uint32_t>(std::max<std::int64_t>(-shift, 0));
  const auto right = static_cast<std::uint32_t>(std::max<std::int64_t>(shift, 0));
  const auto rounded = [&](std::int64_t v) {
    return right > 0 ? fixed::roundShiftRight(v, right, rounding) : v * (std::int64_t{1} << left);
  };
  if (x.isConstant()) return Scalar{.offset = fixed::fit(rounded(x.offset), to, overflow)};
  if (overflow == Overflow::saturateSymmetric) to.lo = std::max(to.lo, -to.hi), overflow = Overflow::saturate;
  const fixed::Interval all = range(x), steps{rounded(all.lo), rounded(all.hi)};
  const bool fits = to.contains(steps);
  const std::uint32_t bits = fixed::formatFor(cells_[x.cell].range).bits;
  const auto byTable = [&]() -> std::optional<Scalar> {
    if (bits > kSmallTable) return std::nullopt;
    return tabulate(x, [&](std::int64_t v) { return fixed::fit(rounded(v), to, overflow); });
  };
  const bool wraps = !fits && overflow == Overflow::wrap;
  if (!fits && (overflow == Overflow::saturateToZero || overflow == Overflow::wrapSignMagnitude))
    return byTable();
  const auto size = static_cast<std::uint64_t>(to.hi) - static_cast<std::uint64_t>(to.lo) + 1;
  if (wraps && !std::has_single_bit(size)) return byTable();
  // What is added before the rest is cut off. Rounding by sign adds one thing to numbers from 0 on and another to those below: the
  // difference of the two or nothing, by the sign bit.
  std::int64_t addend = 0;
  Scalar from = x;
  if (const auto [above, below] = addends(rounding, right); above == below) {
    addend = above;
  } else if (all.lo >= 0 || all.hi < 0) {
    addend = all.lo >= 0 ? above : below;
  } else if (bits <= kSmallTable) {
    return byTable();
  } else {
    const CellId v = whole(x);
    const fixed::Interval r = cells_[v].range;
    const std::int64_t change = below - above;
    from = scalar(addMultiple(v, v, fixed::formatFor(r).bits - 1, 1, constant(std::abs(change)), kNoCell, 0,
                              change < 0, fixed::join({r.lo + change, change - 1}, {0, r.hi})));
    addend = above;
  }
  const fixed::Interval ends = fits || wraps ? steps : to;
  if (right == 0 && (fits || wraps)) {  // bookkeeping
    Scalar y = x;
    y.shift += left;
    y.offset *= std::int64_t{1} << left;
    return wraps ? wrapped(y, to) : y;
  }
  const Scalar y = rescale(from, std::int64_t{1} << left, addend, right,
                           right > 0 && rounding == Rounding::halfEven, ends);
  return wraps ? wrapped(y, to) : y;
}

Scalar CellList::wrapped(Scalar x, fixed::Interval to) {
  const auto size = static_cast<std::uint64_t>(to.hi) - static_cast<std::uint64_t>(to.lo) + 1;
  SLUICE_CHECK(std::has_single_bit(size), "only powers of two wrap by leaving bits out");
  const bool twosComplement = to.lo < 0 && to.lo == -(to.hi + 1);
  const std::int64_t from = to.lo == 0 || twosComplement ? 0 : to.lo;  // other ranges are moved to 0 and back
  x.offset = narrowCode(hdl::Int128{x.offset} - from);
  if (x.isConstant()) return {.offset = fixed::fit(x.offset + from, to, fixed::Overflow::wrap)};
  const CellId w = whole(x);
  const fixed::Interval whereTo{to.lo - from, to.hi - from};
  const CellId y = put({.kind = Cell::Kind::wrap,
                        .a = w,
                        .shiftA = static_cast<std::uint32_t>(std::countr_zero(size)),
                        .signA = twosComplement ? -1 : 1,
                        .range = fixed::fitRange(cells_[w].range, whereTo, fixed::Overflow::wrap),
                        .levels = 0});
  Scalar wrapped = scalar(y);
  wrapped.offset += from;
  return wrapped;
}

}  // namespace sluice::kernel

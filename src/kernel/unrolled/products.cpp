#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "kernel/bits.h"
#include "kernel/unrolled/cells.h"

/// Products, extremes and tables of two numbers that are known only at run time.
///
/// A product x y is a sum of multiples of x by the digits of y, two bits each: 0, x, 2x or 3x, where 3x is added up once and
/// serves every digit. A look-up table of six inputs holds "a sum so far plus such a multiple" for one bit (the sum's bit,
/// three bits to choose from, two that choose), so every second digit costs no more than an adder:
///
///     y = 0b d3 d2 d1 d0      (x d0 + 4 x d1) + 16 (x d2 + 4 x d3)
///                              ^ multiplexer alone    ^ adder
///
/// Where y is a number and a bit that comes much later (staircase.cpp), x (y + bit) does not wait for their sum: x y is added up
/// meanwhile, and x or nothing at the end, in the adder that would have added the bit.
///
/// The top bit of a signed y counts negative. Of two factors the wider one is multiplied, as its digits would be more.
namespace sluice::kernel {
namespace {

/// Below so many bits of the narrow factor 3x does not pay.
constexpr std::uint32_t kLeastBitsForPairs = 4;
/// So many levels that a sum comes after its wide part before products take that part alone.
constexpr std::uint32_t kLateLevels = 3;
/// A table of so many inputs is one look-up table for every bit.
constexpr std::uint32_t kOneTable = 6;
/// So many inputs are one level.
constexpr std::uint32_t kFreeTable = 8;
/// Squares by a table up to here.
constexpr std::uint32_t kSquareTable = 8;

std::uint32_t widthOf(const Cell& cell) { return fixed::formatFor(cell.range).bits; }

/// The same number, known more closely.
bool isCopy(const Cell& cell) {
  return cell.kind == Cell::Kind::add && cell.b == kNoCell && cell.shiftA == 0 && cell.signA > 0 &&
         cell.value == 0;
}

/// The code that raw bits of a cell stand for; one that it takes.
std::int64_t codeOf(const Cell& cell, std::uint64_t raw) {
  return std::clamp(codeValue(raw, fixed::formatFor(cell.range)), cell.range.lo, cell.range.hi);
}

}  // namespace

Scalar CellList::withoutOffset(const Scalar& x) { return x.offset == 0 ? x : scalar(whole(x)); }

Scalar CellList::times(const Scalar& x, std::int64_t factor) {
  if (x.isConstant() || factor == 0) return {.offset = x.offset * factor};
  const auto magnitude = static_cast<std::uint64_t>(std::abs(factor));
  const auto twos = static_cast<std::uint32_t>(std::countr_zero(magnitude));
  Scalar y = multiple(x.cell, static_cast<std::int64_t>(magnitude >> twos));
  y.shift += twos + x.shift;
  y.sign *= x.sign * (factor < 0 ? -1 : 1);
  y.offset = x.offset * factor;
  return y;
}

std::pair<Scalar, fixed::Interval> CellList::beforeClamp(const Scalar& x) const {
  const fixed::Interval all = range(x);
  if (x.isConstant() || x.shift != 0 || cells_[x.cell].kind != Cell::Kind::clamp ||
      widthOf(cells_[cells_[x.cell].a]) > kFreeTable)
    return {x, all};
  return {{.cell = cells_[x.cell].a, .sign = x.sign, .offset = x.offset}, all};
}

std::int64_t CellList::leastSumOfRow(const Scalars& terms) const {
  std::int64_t least = 0;
  for (const Scalar& t : terms) least += range(t).lo;
  std::optional<CellId> largest;
  std::set<CellId> row;
  std::int64_t rise = std::numeric_limits<std::int64_t>::max();  // of the one that is the largest
  for (const Scalar& t : terms) {
    if (t.isConstant() || cells_[t.cell].kind != Cell::Kind::table) return least;
    const Cell& table = cells_[t.cell];
    CellId at = table.a;
    std::int64_t code = 0;  // of the table's operand where the difference is 0
    while (cells_[at].kind == Cell::Kind::clamp || isCopy(cells_[at])) {
      if (cells_[at].kind == Cell::Kind::clamp) code = std::clamp(code, cells_[at].value, cells_[at].value2);
      at = cells_[at].a;
    }
    const Cell& difference = cells_[at];
    if (difference.kind != Cell::Kind::add || difference.b == kNoCell || difference.signA < 0 ||
        difference.signB > 0 || difference.shiftA != 0 || difference.shiftB != 0 ||
        (largest && *largest != difference.a) || code != 0 || !cells_[table.a].range.contains(0))
      return least;
    largest = difference.a;
    row.insert(difference.b);
    const std::int64_t value = table.entries[static_cast<std::size_t>(-cells_[table.a].range.lo)];
    rise = std::min(rise, t.sign * (value * (std::int64_t{1} << t.shift)) + t.offset - range(t).lo);
  }
  const auto under = largest ? under_.find(*largest) : under_.end();
  if (under == under_.end()) return least;
  // Whatever the largest is made of must be in the row.
  for (const CellId one : under->second)
    if (!under_.contains(one) && !row.contains(one)) return least;
  return least + rise;
}

bool CellList::canTabulate(const Scalar& x, const Scalar& y) const {
  if (x.isConstant()) return canTabulate(y);
  if (y.isConstant() || x.cell == y.cell) return canTabulate(x);
  return widthOf(cells_[x.cell]) + widthOf(cells_[y.cell]) <= 16;
}

Scalar CellList::tabulate(const Scalar& x, const Scalar& y,
                          const std::function<std::int64_t(std::int64_t, std::int64_t)>& f) {
  if (x.isConstant()) return tabulate(y, [&](std::int64_t v) { return f(x.offset, v); });
  if (y.isConstant()) return tabulate(x, [&](std::int64_t v) { return f(v, y.offset); });
  const auto valueOf = [](const Scalar& s, std::int64_t code) {
    return s.sign * (code * (std::int64_t{1} << s.shift)) + s.offset;
  };
  if (x.cell == y.cell)
    return tabulate({.cell = x.cell}, [&](std::int64_t q) { return f(valueOf(x, q), valueOf(y, q)); });
  SLUICE_CHECK(canTabulate(x, y), "the caller asks canTabulate first");
  const Cell low = cells_[x.cell], high = cells_[y.cell];
  const std::uint32_t bits = widthOf(low), all = bits + widthOf(high);
  const CellId both = put({.kind = Cell::Kind::join,
                           .a = x.cell,
                           .b = y.cell,
                           .shiftA = bits,
                           .range = {0, (std::int64_t{1} << all) - 1},
                           .levels = 0});
  return tabulate({.cell = both}, [&](std::int64_t raw) {
    const auto word = static_cast<std::uint64_t>(raw);
    return f(valueOf(x, codeOf(low, word & ((std::uint64_t{1} << bits) - 1))),
             valueOf(y, codeOf(high, word >> bits)));
  });
}

CellId CellList::extreme(bool largest, CellId a, CellId b) {
  const fixed::Interval p = cells_[a].range, q = cells_[b].range;
  if (largest ? p.lo >= q.hi : p.hi <= q.lo) return a;
  if (largest ? q.lo >= p.hi : q.hi <= p.lo) return b;
  const CellId left = largest ? notLess(a, b) : notLess(b, a);
  const CellId y = put({.kind = Cell::Kind::select,
                        .a = a,
                        .b = b,
                        .condition = left,
                        .range = largest ? fixed::Interval{std::max(p.lo, q.lo), std::max(p.hi, q.hi)}
                                         : fixed::Interval{std::min(p.lo, q.lo), std::min(p.hi, q.hi)}});
  auto& known = (largest ? under_ : over_)[y];
  for (const CellId id : {a, b}) {
    known.insert(id);
    const auto& before = largest ? under_ : over_;
    if (const auto more = before.find(id); more != before.end())
      known.insert(more->second.begin(), more->second.end());
  }
  return y;
}

CellId CellList::choose(CellId index, std::vector<CellId> choices) {
  for (std::uint32_t bit = 0; choices.size() > 1; ++bit) {
    const CellId which = bitsOf(index, bit, 1);
    std::vector<CellId> next;
    for (std::size_t k = 0; k < choices.size(); k += 2)
      next.push_back(k + 1 < choices.size() ? select(which, choices[k + 1], choices[k]) : choices[k]);
    choices = std::move(next);
  }
  return choices[0];
}

CellId CellList::addMultiple(CellId a, CellId digits, std::uint32_t lowest, std::uint32_t count, CellId b,
                             CellId triple, std::uint32_t shift, bool subtract, fixed::Interval range) {
  return put({.kind = Cell::Kind::addMultiple,
              .a = a,
              .b = b,
              .condition = digits,
              .triple = count == 2 ? triple : kNoCell,
              .shiftA = lowest,
              .shiftB = shift,
              .signB = subtract ? -1 : 1,
              .value = count,
              .range = range});
}

std::vector<Scalar> CellList::productsOf(CellId wide, CellId narrow) {
  const fixed::Interval x = cells_[wide].range, y = cells_[narrow].range;
  const bool isSigned = y.lo < 0;
  const std::uint32_t bits = fixed::formatFor(y).bits, plain = isSigned ? bits - 1 : bits;
  const bool inPairs = plain >= kLeastBitsForPairs;
  struct Digit {
    std::uint32_t lowest, count;
    bool isNegative;
  };
  std::vector<Digit> digits;
  for (std::uint32_t at = 0; at < plain; at += inPairs ? 2 : 1)
    digits.push_back({at, inPairs ? std::min(2u, plain - at) : 1, false});
  if (isSigned) digits.push_back({plain, 1, true});
  CellId triple = kNoCell;
  if (inPairs)
    triple = put(
        {.kind = Cell::Kind::add, .a = wide, .b = wide, .shiftB = 1, .range = fixed::multiply(x, {3, 3})});
  // What the bits [lowest, lowest + count) of y can be.
  const auto digitRange = [&](const Digit& d) {
    const std::int64_t most = (std::int64_t{1} << d.count) - 1;
    return fixed::Interval{0, isSigned ? most : std::min(most, y.hi >> d.lowest)};
  };
  std::vector<Scalar> parts;
  for (std::size_t k = 0; k < digits.size(); k += 2) {
    const Digit& d = digits[k];
    const fixed::Interval first = fixed::multiply(x, digitRange(d));
    CellId part = addMultiple(kNoCell, narrow, d.lowest, d.count, wide, triple, 0, false, first);
    const bool negative = d.isNegative;
    if (k + 1 < digits.size()) {
      const Digit& e = digits[k + 1];
      const std::uint32_t shift = e.lowest - d.lowest;
      fixed::Interval second = fixed::multiply(x, digitRange(e));
      const std::int64_t unit = (e.isNegative ? -1 : 1) * (std::int64_t{1} << shift);
      second = fixed::multiply(second, {unit, unit});
      part = addMultiple(part, narrow, e.lowest, e.count, wide, triple, shift, e.isNegative,
                         fixed::add(first, second));
    }
    Scalar s = scalar(part);
    if (s.isConstant()) {
      s.offset *= (negative ? -1 : 1) * (std::int64_t{1} << d.lowest);
    } else {
      s.shift = d.lowest;
      s.sign = negative ? -1 : 1;
    }
    parts.push_back(s);
  }
  return parts;
}

std::vector<Scalar> CellList::products(const Scalar& x, const Scalar& y) {
  if (x.isConstant()) return {times(y, x.offset)};
  if (y.isConstant()) return {times(x, y.offset)};
  const std::uint32_t p = widthOf(cells_[x.cell]), q = widthOf(cells_[y.cell]);
  if (x.cell == y.cell ? p <= kSquareTable : p + q <= kOneTable)
    return {tabulate(x, y, [](std::int64_t a, std::int64_t b) { return a * b; })};
  const Scalar a = withoutOffset(x), b = withoutOffset(y);
  if (a.isConstant() || b.isConstant()) return products(a, b);
  const bool isWider = widthOf(cells_[a.cell]) >= widthOf(cells_[b.cell]);
  std::vector<Scalar> parts = isWider ? productsOf(a.cell, b.cell) : productsOf(b.cell, a.cell);
  for (Scalar& part : parts) {
    part.offset *= a.sign * b.sign * (std::int64_t{1} << (a.shift + b.shift));
    part.shift += a.shift + b.shift;
    part.sign *= a.sign * b.sign;
  }
  return parts;
}

std::optional<std::pair<CellId, CellId>> CellList::lateBit(const Scalar& y) const {
  if (y.isConstant() || y.shift != 0 || y.sign < 0 || y.offset != 0) return std::nullopt;
  CellId at = y.cell;
  while (isCopy(cells_[at])) at = cells_[at].a;
  const Cell& cell = cells_[at];
  if (cell.kind != Cell::Kind::add || cell.b == kNoCell || cell.shiftA != 0 || cell.shiftB != 0 ||
      cell.signA < 0 || cell.signB < 0)
    return std::nullopt;
  CellId early = cell.a, bit = cell.b;
  if (arrival_[early] > arrival_[bit]) std::swap(early, bit);
  if (cells_[bit].range != fixed::Interval{0, 1} || arrival_[at] < arrival_[early] + kLateLevels)
    return std::nullopt;
  return std::pair(early, bit);
}

Scalar CellList::multiplyLate(const Scalar& x, CellId early, CellId bit) {
  const fixed::Interval most = fixed::join(cells_[early].range, fixed::add(cells_[early].range, {0, 1}));
  const fixed::Interval proven = fixed::multiply(range(x), most);
  const Scalar factor = withoutOffset(x);
  const Scalar rest = scalar(bit);
  if (factor.isConstant())
    return within(sum({times(scalar(early), factor.offset), times(rest, factor.offset)}), proven);
  const CellId product = whole(sum(products({.cell = factor.cell}, scalar(early))));
  const CellId all =
      addMultiple(product, bit, 0, 1, factor.cell, kNoCell, 0, false,
                  fixed::add(cells_[product].range, fixed::join({0, 0}, cells_[factor.cell].range)));
  Scalar y = scalar(all);
  y.offset *= factor.sign * (std::int64_t{1} << factor.shift);
  y.shift = factor.shift;
  y.sign = factor.sign;
  return within(y, proven);
}

Scalar CellList::multiply(const Scalar& x, const Scalar& y) {
  if (const auto late = lateBit(y)) return multiplyLate(x, late->first, late->second);
  if (const auto late = lateBit(x)) return multiplyLate(y, late->first, late->second);
  // The parts do not know that they share a factor.
  fixed::Interval proven = fixed::multiply(range(x), range(y));
  if (!x.isConstant() && !y.isConstant() && x.cell == y.cell && x.offset == 0 && y.offset == 0) {
    if (x.sign == y.sign) proven.lo = std::max<std::int64_t>(proven.lo, 0);
    if (x.sign != y.sign) proven.hi = std::min<std::int64_t>(proven.hi, 0);
  }
  return within(sum(products(x, y)), proven);
}

}  // namespace sluice::kernel

#include "kernel/unrolled/cells.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/check.h"
#include "kernel/unrolled/adder_graph.h"

namespace sluice::kernel {
namespace {

__extension__ using Wide = __int128;

std::int64_t narrow(Wide value) {
  SLUICE_CHECK(value > -(Wide{1} << 62) && value < (Wide{1} << 62),
               "codes stay within 62 bits (ir checks it)");
  return static_cast<std::int64_t>(value);
}

Wide floorDivide(Wide value, std::uint32_t shift) { return value >> shift; }

fixed::Interval ordered(Wide a, Wide b) { return {narrow(std::min(a, b)), narrow(std::max(a, b))}; }

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

std::vector<CellId> CellList::operands(const Cell& cell) {
  std::vector<CellId> list;
  for (const CellId id : {cell.a, cell.b, cell.condition, cell.triple})
    if (id != kNoCell) list.push_back(id);
  for (const auto& bit : cell.bitSources) list.insert(list.end(), bit.begin(), bit.end());
  return list;
}

CellId CellList::put(Cell cell) {
  SLUICE_CHECK(cell.range.lo <= cell.range.hi, "the range of a cell is not empty");
  if (cell.range.lo == cell.range.hi && cell.kind != Cell::Kind::constant) return constant(cell.range.lo);
  std::vector<std::int64_t> key{static_cast<std::int64_t>(cell.kind),
                                cell.a,
                                cell.b,
                                cell.condition,
                                cell.shiftA,
                                cell.shiftB,
                                cell.signA,
                                cell.signB,
                                cell.value,
                                cell.value2,
                                cell.port,
                                cell.element,
                                cell.range.lo,
                                cell.range.hi,
                                cell.triple};
  key.insert(key.end(), cell.entries.begin(), cell.entries.end());
  for (std::size_t k = 0; k < cell.bitSources.size(); ++k) {
    key.push_back(cell.bitInverted[k] ? -2 : -1);
    key.insert(key.end(), cell.bitSources[k].begin(), cell.bitSources[k].end());
  }
  const auto [it, isNew] = known_.emplace(std::move(key), size());
  if (!isNew) return it->second;
  std::uint32_t arrival = 0;
  for (const CellId id : operands(cell)) arrival = std::max(arrival, arrival_[id]);
  arrival_.push_back(arrival + cell.levels);
  cells_.push_back(std::move(cell));
  return it->second;
}

CellId CellList::sum(const AdderGraph::Op& op, const std::vector<CellId>& cellOf) {
  return put({.kind = Cell::Kind::add,
              .a = cellOf[op.a],
              .b = cellOf[op.b],
              .shiftA = op.shiftA,
              .shiftB = op.shiftB,
              .signA = op.signA,
              .signB = op.signB,
              .range = op.range});
}

CellId CellList::input(std::uint32_t port, std::uint32_t element, fixed::Interval range) {
  return put({.kind = Cell::Kind::input, .port = port, .element = element, .range = range, .levels = 0});
}

CellId CellList::constant(std::int64_t value) {
  return put({.kind = Cell::Kind::constant, .value = value, .range = {value, value}, .levels = 0});
}

Scalar CellList::scalar(CellId id) const {
  return cells_[id].kind == Cell::Kind::constant ? Scalar{.offset = cells_[id].value} : Scalar{.cell = id};
}

fixed::Interval CellList::range(const Scalar& x) const {
  if (x.isConstant()) return {x.offset, x.offset};
  const fixed::Interval r = cells_[x.cell].range;
  const Wide factor = x.sign * (Wide{1} << x.shift);
  return ordered(factor * r.lo + x.offset, factor * r.hi + x.offset);
}

CellId CellList::atLeast(CellId a, std::int64_t value) {
  const fixed::Interval r = cells_[a].range;
  return put({.kind = Cell::Kind::atLeast,
              .a = a,
              .value = value,
              .range = {r.lo >= value ? 1 : 0, r.hi >= value ? 1 : 0}});
}

CellId CellList::notLess(CellId a, CellId b) {
  const fixed::Interval p = cells_[a].range, q = cells_[b].range;
  return put(
      {.kind = Cell::Kind::notLess, .a = a, .b = b, .range = {p.lo >= q.hi ? 1 : 0, p.hi >= q.lo ? 1 : 0}});
}

CellId CellList::select(CellId condition, CellId a, CellId b) {
  if (cells_[condition].kind == Cell::Kind::constant) return cells_[condition].value != 0 ? a : b;
  if (a == b) return a;
  return put({.kind = Cell::Kind::select,
              .a = a,
              .b = b,
              .condition = condition,
              .range = fixed::join(cells_[a].range, cells_[b].range)});
}

bool CellList::canTabulate(const Scalar& x) const {
  return x.isConstant() || cells_[x.cell].range.hi - cells_[x.cell].range.lo < (1 << 16);
}

Scalar CellList::tabulate(const Scalar& x, const std::function<std::int64_t(std::int64_t)>& f) {
  if (x.isConstant()) return {.offset = f(x.offset)};
  SLUICE_CHECK(canTabulate(x), "the caller asks canTabulate first");
  const fixed::Interval r = cells_[x.cell].range;
  std::vector<std::int64_t> entries;
  for (std::int64_t q = r.lo; q <= r.hi; ++q)
    entries.push_back(f(x.sign * (q * (std::int64_t{1} << x.shift)) + x.offset));
  const auto [lo, hi] = std::minmax_element(entries.begin(), entries.end());
  if (*lo == *hi) return {.offset = *lo};
  // Affine tables are wires: f(q) = lo + step * (q - first).
  const std::int64_t step = entries[1] - entries[0];
  bool affine = std::has_single_bit(static_cast<std::uint64_t>(std::abs(step)));
  for (std::size_t k = 1; k < entries.size() && affine; ++k) affine = entries[k] - entries[k - 1] == step;
  if (affine)
    return {.cell = x.cell,
            .shift = static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(std::abs(step)))),
            .sign = step > 0 ? 1 : -1,
            .offset = entries[0] - step * r.lo};
  const fixed::Interval range{*lo, *hi};
  // Beyond eight inputs a look-up table and the multiplexers beside it no longer do.
  const std::uint32_t bits = fixed::formatFor(r).bits, levels = bits <= 8 ? 1 : bits <= 12 ? 2 : 3;
  const CellId cell = put({.kind = Cell::Kind::table,
                           .a = x.cell,
                           .entries = std::move(entries),
                           .range = range,
                           .levels = levels});
  return {.cell = cell};
}

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
  cell.range = ordered(base, Wide{base} + direction * n);
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
    const Wide step =
        falling ? floorDivide(Wide{x.offset} - t, x.shift) + 1 : -floorDivide(Wide{x.offset} - t, x.shift);
    const bool always = falling ? step > cell.range.hi : step <= cell.range.lo;
    const bool never = falling ? step <= cell.range.lo : step > cell.range.hi;
    if (always) base += direction;
    if (!always && !never) steps.push_back(static_cast<std::int64_t>(step));
  }
  if (steps.empty()) return {.offset = base};
  std::sort(steps.begin(), steps.end());
  return thermometer(x.cell, falling, steps, base, direction);
}

/// factor * a for a positive odd factor: its signed digits, shared where they recur. (Of some factors the negative is
/// what takes fewest adders: 75 = -(5 - 5 * 16).)
Scalar CellList::multiple(CellId a, std::int64_t factor) {
  if (factor == 1) return {.cell = a};
  const fixed::Interval r = cells_[a].range;
  const MatrixVector problem{.rows = 1, .columns = 1, .weights = {factor}, .inputs = {r}, .inputDepth = {}};
  const Result<AdderGraph> graph = adderGraph(problem, {.extraDepth = 0, .effort = 1});
  SLUICE_CHECK(graph.ok() && graph->outputs[0].shift == 0, "rescale bounds its factors, and they are odd");
  std::vector<CellId> nodes{a};
  for (const AdderGraph::Op& op : graph->ops) nodes.push_back(sum(op, nodes));
  return {.cell = nodes[*graph->outputs[0].node], .sign = graph->outputs[0].sign};
}

Scalar CellList::rescale(const Scalar& x, std::int64_t factor, std::int64_t addend, std::uint32_t shift,
                         bool tieToEven, fixed::Interval to) {
  const auto at = [&](Wide v) {  // of v = factor * x + addend
    Wide y = v;
    if (shift > 0 && !tieToEven) y = v >> shift;
    if (shift > 0 && tieToEven) y = (v + (Wide{1} << (shift - 1)) - 1 + (v >> shift & 1)) >> shift;
    return static_cast<std::int64_t>(std::clamp<Wide>(y, to.lo, to.hi));
  };
  if (x.isConstant() || factor == 0) return {.offset = at(Wide{factor} * x.offset + addend)};
  if (fixed::formatFor(cells_[x.cell].range).bits <= 6)
    return tabulate(x, [&](std::int64_t v) { return at(Wide{factor} * v + addend); });
  // v = scale * cell + plus. Powers of two that the shift takes away again are left out from the start.
  std::int64_t scale = narrow(Wide{factor} * x.sign * (Wide{1} << x.shift));
  std::int64_t plus = narrow(Wide{factor} * x.offset + addend);
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
    if (tieToEven) v.offset = narrow(Wide{v.offset} + (Wide{1} << (left - 1)));
    const CellId w = whole(v);
    if (cells_[w].kind == Cell::Kind::constant) return {.offset = at(Wide{factor} * range(x).lo + addend)};
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
  x.offset = narrow(Wide{x.offset} - from);
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

Scalar CellList::sum(std::vector<Scalar> terms) {
  std::int64_t offset = 0;
  for (Scalar& t : terms) offset = narrow(Wide{offset} + t.offset), t.offset = 0;
  std::erase_if(terms, [](const Scalar& t) { return t.isConstant(); });
  if (terms.empty()) return {.offset = offset};
  while (terms.size() > 1) {
    std::stable_sort(terms.begin(), terms.end(),
                     [&](const Scalar& p, const Scalar& q) { return arrival_[p.cell] > arrival_[q.cell]; });
    Scalar q = terms.back();
    terms.pop_back();
    Scalar p = terms.back();
    terms.pop_back();
    if (p.sign < 0 && q.sign > 0) std::swap(p, q);
    const std::uint32_t low = std::min(p.shift, q.shift);
    Cell cell{.kind = Cell::Kind::add,
              .a = p.cell,
              .b = q.cell,
              .shiftA = p.shift - low,
              .shiftB = q.shift - low,
              .signB = p.sign == q.sign ? 1 : -1};
    const fixed::Interval r = range({.cell = p.cell, .shift = cell.shiftA}),
                          s = range({.cell = q.cell, .shift = cell.shiftB, .sign = cell.signB});
    cell.range = fixed::add(r, s);
    if (cell.signB < 0 && cell.shiftA == cell.shiftB) {  // the difference to an extreme of which it is one
      const auto holds = [](const std::map<CellId, std::set<CellId>>& of, CellId extreme, CellId one) {
        const auto found = of.find(extreme);
        return found != of.end() && found->second.contains(one);
      };
      if (holds(under_, cell.b, cell.a) || holds(over_, cell.a, cell.b))
        cell.range.hi = std::min<std::int64_t>(cell.range.hi, 0);
      if (holds(under_, cell.a, cell.b) || holds(over_, cell.b, cell.a))
        cell.range.lo = std::max<std::int64_t>(cell.range.lo, 0);
      if (cell.range.hi == 0 && cell.range.lo < 0) {  // the other way round it has no sign
        std::swap(p, q);
        cell.a = p.cell;
        cell.b = q.cell;
        cell.range = {0, -cell.range.lo};
      }
    }
    const CellId id = put(std::move(cell));
    if (cells_[id].kind == Cell::Kind::constant)
      offset += p.sign * cells_[id].value * (std::int64_t{1} << low);
    else
      terms.push_back({.cell = id, .shift = low, .sign = p.sign});
    if (terms.empty()) return {.offset = offset};
  }
  terms[0].offset = offset;
  return terms[0];
}

CellId CellList::whole(const Scalar& x) {
  if (x.isConstant()) return constant(x.offset);
  if (x.shift == 0 && x.sign > 0 && x.offset == 0) return x.cell;
  const fixed::Interval r = range(x);
  if (cells_[x.cell].range ==
      fixed::Interval{0, 1}) {  // one of two codes: each bit is the cell, not the cell, or fixed
    Cell cell{.kind = Cell::Kind::bits, .range = r, .levels = 0};
    const std::int64_t change = x.offset ^ (x.offset + x.sign * (std::int64_t{1} << x.shift));
    for (std::uint32_t k = 0; k < fixed::formatFor(r).bits; ++k) {
      cell.bitSources.push_back((change >> k & 1) != 0 ? std::vector{x.cell} : std::vector<CellId>{});
      cell.bitInverted.push_back((x.offset >> k & 1) != 0);
    }
    return put(std::move(cell));
  }
  const std::uint32_t levels = x.sign < 0 || x.offset != 0 ? 1 : 0;
  return put({.kind = Cell::Kind::add,
              .a = x.cell,
              .shiftA = x.shift,
              .signA = x.sign,
              .value = x.offset,
              .range = range(x),
              .levels = levels});
}

Scalar CellList::within(const Scalar& x, fixed::Interval proven) {
  const fixed::Interval r = range(x);
  if (proven.contains(r)) return x;
  const fixed::Interval both{std::max(r.lo, proven.lo), std::min(r.hi, proven.hi)};
  return scalar(put({.kind = Cell::Kind::add, .a = whole(x), .range = both, .levels = 0}));
}

}  // namespace sluice::kernel

#include "kernel/unrolled/cells.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "kernel/unrolled/adder_graph.h"
#include "kernel/unrolled/wide.h"

namespace sluice::kernel {

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
  const hdl::Int128 factor = x.sign * (hdl::Int128{1} << x.shift);
  return orderedCodes(factor * r.lo + x.offset, factor * r.hi + x.offset);
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

CellId CellList::bitsFrom(CellId a, std::uint32_t lowest) {
  if (lowest == 0) return a;
  const fixed::Interval range = cells_[a].range;
  return put({.kind = Cell::Kind::floorShift,
              .a = a,
              .shiftA = lowest,
              .range = {range.lo >> lowest, range.hi >> lowest},
              .levels = 0});
}

CellId CellList::bitsOf(CellId a, std::uint32_t lowest, std::uint32_t count) {
  const CellId upper = bitsFrom(a, lowest);
  const fixed::Interval all{0, (std::int64_t{1} << count) - 1};
  if (all.contains(cells_[upper].range)) return upper;
  return put({.kind = Cell::Kind::wrap,
              .a = upper,
              .shiftA = count,
              .range = fixed::fitRange(cells_[upper].range, all, fixed::Overflow::wrap),
              .levels = 0});
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

Scalar CellList::sum(std::vector<Scalar> terms) {
  std::int64_t offset = 0;
  for (Scalar& t : terms) offset = narrowCode(hdl::Int128{offset} + t.offset), t.offset = 0;
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

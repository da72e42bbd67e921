// Builder: numbers. The interval of every result is inferred from the intervals of its inputs (infer.h) and
// gives its width; a result with a single possible value is that constant.
#include <algorithm>
#include <bit>

#include "hdl/builder_state.h"

namespace sluice::hdl {

/// A number operation: infers range and, where the op does not give a format itself, the narrowest format.
Signal Builder::numberNode(Node n) {
  std::vector<WideInterval> in;
  for (const Signal s : n.inputs) {
    SLUICE_CHECK(node(s).isNumber() || n.op == Op::wrap,
                 "arithmetic takes numbers; read bits as a number with element, sliceNumber or wrap");
    in.push_back(valuesOf(node(s)));
  }
  const std::optional<WideInterval> wide = inferRange(n, in);
  SLUICE_CHECK(wide && wide->fits64(), "numbers in hardware have at most 64 bits");
  n.range = wide->narrow();
  if (n.range->lo == n.range->hi) return constant(n.range->lo);
  if (n.op != Op::wrap) {
    const fixed::IntegerFormat format = fixed::formatFor(*n.range);
    n.width = format.bits, n.isSigned = format.isSigned;
  }
  return share(std::move(n));
}

// ---- sums

Signal Builder::add(Signal a, Signal b) {
  if (constantNumber(a) || (!constantNumber(b) && b < a)) std::swap(a, b);  // constants last, else in order
  if (constantNumber(b) == 0) return a;
  return numberNode({.op = Op::add, .inputs = {a, b}});
}

Signal Builder::subtract(Signal a, Signal b) {
  if (a == b) return constant(0);
  if (const auto y = constantNumber(b); y && *y != INT64_MIN) return add(a, constant(-*y));
  if (constantNumber(a) == 0) return negate(b);
  return numberNode({.op = Op::subtract, .inputs = {a, b}});
}

Signal Builder::negate(Signal a) {
  if (const Node& n = node(a); n.op == Op::negate) return n.inputs[0];
  return numberNode({.op = Op::negate, .inputs = {a}});
}

Signal Builder::sum(std::span<const Signal> terms) {
  std::vector<Signal> level(terms.begin(), terms.end());
  if (level.empty()) return constant(0);
  while (level.size() > 1) {
    std::vector<Signal> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) next.push_back(add(level[i], level[i + 1]));
    if (level.size() % 2 != 0) next.push_back(level.back());
    level = std::move(next);
  }
  return level[0];
}

// ---- shifts and formats

Signal Builder::shiftLeft(Signal a, std::uint32_t bits) {
  SLUICE_CHECK(bits <= 62, "numbers in hardware have at most 64 bits");
  if (bits == 0) return a;
  if (const Node& n = node(a); n.op == Op::shiftLeft)
    return shiftLeft(n.inputs[0], bits + static_cast<std::uint32_t>(n.attribute));
  return numberNode({.op = Op::shiftLeft, .inputs = {a}, .attribute = bits});
}

Signal Builder::shiftRight(Signal a, std::uint32_t bits) {
  if (bits == 0) return a;
  if (const Node& n = node(a); n.op == Op::shiftRight)
    return shiftRight(n.inputs[0], std::min(bits + static_cast<std::uint32_t>(n.attribute), 64u));
  if (const Node& n = node(a); n.op == Op::shiftLeft) {
    const auto left = static_cast<std::uint32_t>(n.attribute);
    return left >= bits ? shiftLeft(n.inputs[0], left - bits) : shiftRight(n.inputs[0], bits - left);
  }
  return numberNode({.op = Op::shiftRight, .inputs = {a}, .attribute = std::min(bits, 64u)});
}

Signal Builder::clamp(Signal a, fixed::Interval to) {
  const fixed::Interval from = range(a);
  if (to.contains(from)) return a;
  const fixed::Interval result{std::clamp(from.lo, to.lo, to.hi), std::clamp(from.hi, to.lo, to.hi)};
  return numberNode({.op = Op::clamp, .range = result, .inputs = {a}});
}

Signal Builder::wrap(Signal a, fixed::IntegerFormat format) {
  const Node& n = node(a);
  SLUICE_CHECK(n.width <= 64 && format.bits >= 1 && format.bits <= (format.isSigned ? 64u : 63u),
               "numbers in hardware have at most 64 bits, unsigned ones 63");
  if (n.isNumber() && n.format() == format) return a;
  if (n.op == Op::constant && !n.isNumber())
    return constant(signExtend(n.words[0], format.bits, format.isSigned));
  if (n.op == Op::constant && format.range().contains(n.range->lo)) return a;
  if (n.op == Op::wrap &&
      n.isNumber()) {  // an inner wrap that changes nothing, or keeps more bits, is not needed
    const Node& inner = node(n.inputs[0]);
    if ((inner.isNumber() && *inner.range == *n.range) || n.width >= format.bits)
      return wrap(n.inputs[0], format);
  }
  return numberNode({.op = Op::wrap, .width = format.bits, .isSigned = format.isSigned, .inputs = {a}});
}

Signal Builder::assume(Signal a, fixed::Interval range) {
  const fixed::Interval from = this->range(a);
  if (range.contains(from)) return a;
  const fixed::Interval result{std::max(from.lo, range.lo), std::min(from.hi, range.hi)};
  SLUICE_CHECK(result.lo <= result.hi, "an assumed range meets the proven one");
  return sliceNumber(a, 0, result);
}

// ---- comparisons

Signal Builder::compare(Op op, Signal a, Signal b) {
  const bool symmetric = op == Op::equal || op == Op::notEqual;
  if (a == b) return flag(op == Op::equal || op == Op::lessEqual);
  if (symmetric && (constantNumber(a) || (!constantNumber(b) && b < a))) std::swap(a, b);
  const Node &p = node(a), &q = node(b);
  const fixed::Interval bit{0, 1};
  if (symmetric && p.isNumber() && p.width == 1 && *p.range == bit && q.op == Op::constant &&
      bit.contains(*q.range))
    return (q.range->lo == 1) == (op == Op::equal) ? a : bitNot(a);
  return numberNode({.op = op, .inputs = {a, b}});
}

Signal Builder::equal(Signal a, Signal b) { return compare(Op::equal, a, b); }
Signal Builder::notEqual(Signal a, Signal b) { return compare(Op::notEqual, a, b); }
Signal Builder::less(Signal a, Signal b) { return compare(Op::less, a, b); }
Signal Builder::lessEqual(Signal a, Signal b) { return compare(Op::lessEqual, a, b); }

// ---- products

Signal Builder::multiply(Signal a, Signal b, Style style) {
  if (constantNumber(a) || (!constantNumber(b) && b < a)) std::swap(a, b);
  if (const auto y = constantNumber(b)) {
    if (*y == 0) return constant(0);
    if (constantNumber(a)) return numberNode({.op = Op::multiply, .inputs = {a, b}});
    if (*y == 1) return a;
    if (*y == -1) return negate(a);
    if (*y > 0 && std::has_single_bit(static_cast<std::uint64_t>(*y)))
      return shiftLeft(a, static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(*y))));
    if (style == Style::logic) return multiplyByConstant(a, *y);
  }
  if (style == Style::logic) return width(a) + width(b) <= 6 ? multiplyTable(a, b) : multiplyRows(a, b);
  return numberNode({.op = Op::multiply, .inputs = {a, b}, .style = style});
}

/// Shift and add over the canonical signed digits of the factor: the least number of non-zero digits, no two
/// of them neighbours.
Signal Builder::multiplyByConstant(Signal a, std::int64_t factor) {
  std::vector<Signal> plus, minus;
  std::int64_t rest = factor;
  for (std::uint32_t bit = 0; rest != 0; ++bit, rest /= 2) {
    if (rest % 2 == 0) continue;
    const std::int64_t digit = (rest & 3) == 1 ? 1 : -1;
    (digit > 0 ? plus : minus).push_back(shiftLeft(a, bit));
    rest -= digit;
  }
  const Signal product = minus.empty() ? sum(plus) : subtract(sum(plus), sum(minus));
  const WideInterval in[] = {widen(range(a)), {factor, factor}};
  return assume(product,
                inferRange({.op = Op::multiply}, in)->narrow());  // 8a - a cannot be what the terms allow
}

/// At most six input bits: every product bit is one look-up table, so the product is a table.
Signal Builder::multiplyTable(Signal a, Signal b) {
  const Node x = node(a), y = node(b);
  const fixed::Interval result =
      inferRange({.op = Op::multiply}, std::vector{valuesOf(x), valuesOf(y)})->narrow();
  const fixed::IntegerFormat format = fixed::formatFor(result);
  std::vector<std::vector<std::uint64_t>> words;
  for (std::uint64_t address = 0; address < (1ull << (x.width + y.width)); ++address) {
    const std::int64_t p = std::clamp(signExtend(address, x.width, x.isSigned), x.range->lo, x.range->hi);
    const std::int64_t q =
        std::clamp(signExtend(address >> x.width, y.width, y.isSigned), y.range->lo, y.range->hi);
    words.push_back({static_cast<std::uint64_t>(p * q) & maskOf(format.bits)});
  }
  const Signal both = concat(std::vector{a, b});
  const Signal address = wrap(both, {.bits = width(both), .isSigned = false});
  MemoryId table;
  for (std::size_t i = 0; i < module_.memories.size(); ++i)
    if (module_.memories[i].contents == words && module_.memories[i].width == format.bits &&
        module_.memories[i].style == Style::logic && !module_.memories[i].synchronousRead)
      table = MemoryId(i);
  if (!table.valid())
    table = rom("product_table" + std::to_string(module_.memories.size()), format.bits, std::move(words),
                Style::logic, false);
  return readNumber(table, address, result);
}

/// Rows of the shorter factor's bits, each the longer factor or nothing, added in a balanced tree. The top
/// row of a signed factor counts negative.
Signal Builder::multiplyRows(Signal a, Signal b) {
  if (width(b) > width(a)) std::swap(a, b);
  const Node y = node(b);
  const fixed::Interval result =
      inferRange({.op = Op::multiply}, std::vector{valuesOf(node(a)), valuesOf(y)})->narrow();
  std::vector<Signal> rows;
  Signal top;
  for (std::uint32_t bit = 0; bit < y.width; ++bit) {
    const Signal row = shiftLeft(mux(slice(b, bit, 1), a, constant(0)), bit);
    if (bit + 1 == y.width && y.isSigned)
      top = row;
    else
      rows.push_back(row);
  }
  const Signal product = top.valid() ? subtract(sum(rows), top) : sum(rows);
  return assume(product, result);  // the rows' intervals do not know that they share b
}

}  // namespace sluice::hdl

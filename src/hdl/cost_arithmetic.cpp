// Sums, comparisons and products as cells.
#include <algorithm>

#include "hdl/cost_lower.h"

namespace sluice::hdl {
/// a + b or a - b, as wide as they are.
Lowering::Bits Lowering::add(BitsView a, BitsView b, bool subtract) {
  Bits sum;
  std::size_t i = 0;
  // Low bits where one side is 0 are the other side's.
  for (; i < a.size(); ++i) {
    if (b[i] == kZero)
      sum.push_back(a[i]);
    else if (a[i] == kZero && !subtract)
      sum.push_back(b[i]);
    else
      break;
  }
  if (a.size() - i > 2) {
    carryChain(a, b, subtract, i, sum);
    return sum;
  }
  Lit carry = subtract ? kOne : kZero;
  for (; i < a.size(); ++i) {  // not worth a carry chain
    const Lit other = subtract ? invert(b[i]) : b[i];
    const Lit either = n_.lxor(a[i], other);
    sum.push_back(n_.lxor(either, carry));
    carry = n_.lor(n_.land(a[i], other), n_.land(either, carry));
  }
  return sum;
}

/// Sum bits from position `from` on. On Xilinx a LUT makes a ^ b, and a itself is a second wire into the
/// chain; on ECP5 the two are wires. The lowest sum bit is then no output of the chain: what enters there is a
/// constant, so the bit is a ^ b, and of a difference its inverse, which is a LUT more where something but logic reads it.
void Lowering::carryChain(BitsView a, BitsView b, bool subtract, std::size_t from, Bits& sum) {
  startChain();
  const bool lutsOutside = family_ != Family::ecp5;
  Lit carry = subtract ? kOne : kZero;
  for (std::size_t i = from; i < a.size(); ++i) {
    const Lit other = subtract ? invert(b[i]) : b[i];
    const Lit select = n_.lxor(a[i], other);
    const bool carries = carry > kOne;
    const Lit position = lutsOutside ? step(BoxKind::position, {select, a[i], carry}, carries)
                                     : step(BoxKind::pairPosition, {a[i], other, carry}, carries);
    if (lutsOutside && !carries) {
      sum.push_back(carry == kOne ? invert(select) : select);
      out_.positions.push_back(0);
    } else {
      sum.push_back(position);
      out_.positions.push_back(gateOf(position));
    }
    carry = position;
  }
}

/// A step of a carry chain; the last input is the carry before it, if there is one.
Lit Lowering::step(BoxKind kind, std::initializer_list<Lit> in, bool carries) {
  return n_.box(kind, {in.begin(), in.size() - (carries ? 0 : 1)});
}

Lit Lowering::equal(BitsView a, BitsView b) {
  Bits same;
  for (std::size_t i = 0; i < a.size(); ++i) same.push_back(invert(n_.lxor(a[i], b[i])));
  return n_.all(same);
}

Lit Lowering::less(Signal a, Signal b, bool orEqual) {
  const Node &x = m_.node(a), &y = m_.node(b);
  const bool isSigned = x.isSigned || y.isSigned;
  const auto need = [&](const Node& n) { return n.width + (isSigned && !n.isSigned ? 1u : 0u); };
  const std::uint32_t width = std::max(need(x), need(y));
  if (orEqual && x.op == Op::constant && x.range->lo == 0 && y.isSigned) return invert(bit(b, y.width - 1));
  if (!orEqual && y.op == Op::constant && y.range->lo == 0 && x.isSigned) return bit(a, x.width - 1);
  return greater(extended(b, width), extended(a, width), isSigned, orEqual);
}

/// a > b, or a >= b: Yosys' rule (cmp2lut, cmp2lcu). At most six bits against a constant are one LUT. Else
/// groups of six compared bits, a constant's counting half, each tell "greater here" and "equal here", and a
/// carry chain joins the groups.
Lit Lowering::greater(Bits a, Bits b, bool isSigned, bool orEqual) {
  const std::size_t lutInputs = family_ == Family::ecp5 ? 4 : 6;
  while (a.size() > 1 && a.back() == a[a.size() - 2] && b.back() == b[b.size() - 2] &&
         (isSigned || (a.back() == kZero && b.back() == kZero)))
    a.pop_back(), b.pop_back();
  const auto isConstant = [](Lit x) { return gateOf(x) == 0; };
  const auto some = [&](const Bits& x, std::size_t count) {
    return std::any_of(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(count), isConstant);
  };
  Bits propagate, generate;                // highest group first
  std::vector<std::pair<Lit, Lit>> group;  // of its bits, highest first
  const auto close = [&] {
    // By halves, not bit by bit: comparisons with many constants share the pairs and fours that they have in common, as
    // they do after ABC's restructuring.
    for (; group.size() > 1; group.resize((group.size() + 1) / 2))
      for (std::size_t i = 0; i < group.size(); i += 2) {
        std::pair<Lit, Lit> both = group[i];
        if (i + 1 < group.size())
          both = {n_.land(both.first, group[i + 1].first),
                  n_.lor(both.second, n_.land(both.first, group[i + 1].second))};
        group[i / 2] = both;
      }
    propagate.push_back(group.empty() ? kOne : group[0].first);
    generate.push_back(group.empty() ? kZero : group[0].second);
    group.clear();
  };
  std::size_t budget = lutInputs;
  for (std::size_t width = a.size(); width > 0; --width) {
    const std::size_t cost = some(a, width) && some(b, width) ? 0 : some(a, width) || some(b, width) ? 1 : 2;
    if (budget < cost) {
      close();
      budget = lutInputs;
    }
    const Lit x = a[width - 1], y = b[width - 1];
    const bool sign = isSigned && width == a.size();
    const Lit more = sign ? n_.land(invert(x), y) : n_.land(x, invert(y));
    group.emplace_back(invert(n_.lxor(x, y)), more);
    budget -= cost;
  }
  close();
  std::reverse(propagate.begin(), propagate.end());
  std::reverse(generate.begin(), generate.end());
  return lookAhead(propagate, generate, orEqual);
}

/// The last carry of a chain that begins with `carry`.
Lit Lowering::lookAhead(BitsView propagate, BitsView generate, bool carry) {
  Lit c = carry ? kOne : kZero;
  if (propagate.size() <= 2) {
    for (std::size_t i = 0; i < propagate.size(); ++i) c = n_.lor(generate[i], n_.land(propagate[i], c));
    return c;
  }
  startChain();
  for (std::size_t i = 0; i < propagate.size(); ++i) {
    const Lit select = n_.land(propagate[i], invert(generate[i]));
    c = step(BoxKind::carry, {select, generate[i], c}, c > kOne);
    out_.positions.push_back(gateOf(c));
  }
  return c;
}

Lowering::Bits Lowering::multiply(Signal s) {
  SLUICE_CHECK(m_.node(s).style == Style::dsp, "products in logic are written out before they are counted");
  const std::uint32_t cell = newCell({.kind = Cell::Kind::dsp, .cost = {.dsp = 1}});
  DspParts& parts = dsps_[s];
  parts.cell = cell;
  Bits product(std::min(parts.zeros, m_.node(s).width), kZero);
  while (product.size() < m_.node(s).width) product.push_back(leaf(cell, 3000));
  return product;
}

}  // namespace sluice::hdl

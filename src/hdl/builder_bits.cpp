// Builder: structure and bits. Slices of concats are resolved as they are written, so packing elements into a
// beat and taking them out again costs no nodes.
#include <algorithm>
#include <bit>

#include "hdl/builder_state.h"

namespace sluice::hdl {

Signal Builder::bitsNode(Op op, std::uint32_t width, std::vector<Signal> inputs, std::uint64_t attribute) {
  Node n{.op = op, .width = width, .inputs = std::move(inputs), .attribute = attribute};
  if (width == 1) n.range = fixed::Interval{0, 1};
  return share(std::move(n));
}

/// A signal for a place that takes `target`: a number inside its range, or bits of its width.
Signal Builder::fitTo(Signal a, const Node& target, const char* what) {
  const Node& n = node(a);
  if (target.isNumber()) {
    SLUICE_CHECK(n.isNumber() && target.range->contains(*n.range), what);
    return a;
  }
  SLUICE_CHECK(n.width == target.width, "bits are joined to bits of the same width");
  return a;
}

// ---- slices

/// One slice node, or what it comes to. With a range the bits are read as a number promised to lie in it.
Signal Builder::sliceRead(Signal a, std::uint32_t lsb, std::uint32_t width,
                          std::optional<fixed::Interval> range) {
  const Node& n = node(a);
  SLUICE_CHECK(width >= 1 && lsb + width <= n.width, "a slice lies inside its signal");
  const bool isSigned = range && range->lo < 0;
  if (const auto* words = constantWords(a)) {
    std::vector<std::uint64_t> bits;
    for (std::uint32_t i = 0; i < wordsFor(width); ++i) bits.push_back(bitsAt(*words, lsb + 64 * i));
    if (!range) return constantBits(width, std::move(bits));
    return constant(signExtend(bits[0], width, isSigned));
  }
  if (n.op == Op::slice)
    return sliceRead(n.inputs[0], lsb + static_cast<std::uint32_t>(n.attribute), width, range);
  if (n.op == Op::wrap || n.op == Op::shiftRight) {  // wiring: the bits are those of its input
    const auto shift = n.op == Op::wrap ? 0 : static_cast<std::uint32_t>(n.attribute);
    const Signal from = n.inputs[0];
    const Node& inner = node(from);
    if (lsb + shift + width <= inner.width) return sliceRead(from, lsb + shift, width, range);
    if (!inner.isSigned && !range) {
      const std::uint32_t held = lsb + shift < inner.width ? inner.width - lsb - shift : 0;
      if (held == 0) return constantBits(width, std::uint64_t{0});
      return concat(std::vector{sliceRead(from, lsb + shift, held, std::nullopt),
                                constantBits(width - held, std::uint64_t{0})});
    }
  }
  if (n.op == Op::concat) {
    std::uint32_t at = 0;
    std::vector<Signal> parts;
    const std::vector<Signal> pieces = n.inputs;  // the table of nodes may move below
    for (const Signal piece : pieces) {
      const std::uint32_t pieceWidth = this->width(piece);
      const std::uint32_t from = std::max(lsb, at), to = std::min(lsb + width, at + pieceWidth);
      if (from < to) {
        if (to - from == width) return sliceRead(piece, from - at, width, range);
        parts.push_back(sliceRead(piece, from - at, to - from, std::nullopt));
      }
      at += pieceWidth;
    }
    if (!range) return concat(parts);
    a = concat(parts);
    if (const auto* words = constantWords(a)) return constant(signExtend((*words)[0], width, isSigned));
    lsb = 0;
  }
  const Node& from = node(a);
  if (lsb == 0 && width == from.width) {
    if (!range && !from.isNumber()) return a;
    if (width == 1 && from.isNumber() && !from.isSigned && !isSigned) return a;
    if (range && from.isNumber() && from.isSigned == isSigned && range->contains(*from.range)) return a;
  }
  if (range && range->lo == range->hi) return constant(range->lo);
  Node slice{
      .op = Op::slice, .width = width, .isSigned = isSigned, .range = range, .inputs = {a}, .attribute = lsb};
  if (!range && width == 1) slice.range = fixed::Interval{0, 1};
  return share(std::move(slice));
}

Signal Builder::slice(Signal a, std::uint32_t lsb, std::uint32_t width) {
  return sliceRead(a, lsb, width, std::nullopt);
}

Signal Builder::sliceNumber(Signal a, std::uint32_t lsb, fixed::Interval range) {
  return sliceRead(a, lsb, fixed::formatFor(range).bits, range);
}

Signal Builder::element(Signal beat, std::uint32_t index, fixed::Interval range) {
  const std::uint32_t bits = fixed::formatFor(range).bits;
  return sliceRead(beat, index * bits, bits, range);
}

// ---- concat

Signal Builder::concat(std::span<const Signal> fromLowest) {
  SLUICE_CHECK(!fromLowest.empty(), "a concat has at least one part");
  std::vector<Signal> parts;
  std::uint32_t total = 0;
  for (const Signal s : fromLowest) {
    total += width(s);
    if (!parts.empty()) {
      const Node below = node(parts.back());
      const Node& above = node(s);
      if (below.op == Op::constant && above.op == Op::constant) {  // two constants are one
        std::vector<std::uint64_t> words = below.words;
        words.resize(wordsFor(below.width + above.width), 0);
        for (std::uint32_t i = 0; i < above.width; ++i)
          if ((above.words[i / 64] >> (i % 64) & 1) != 0) {
            const std::uint32_t at = below.width + i;
            words[at / 64] |= 1ull << (at % 64);
          }
        parts.back() = constantBits(below.width + above.width, std::move(words));
        continue;
      }
      if (below.op == Op::slice && above.op == Op::slice && below.inputs == above.inputs &&
          below.attribute + below.width == above.attribute) {  // two neighbouring slices are one
        parts.back() =
            slice(below.inputs[0], static_cast<std::uint32_t>(below.attribute), below.width + above.width);
        continue;
      }
    }
    parts.push_back(s);
  }
  if (parts.size() == 1) return slice(parts[0], 0, total);
  return bitsNode(Op::concat, total, std::move(parts));
}

/// The signal without its meaning as a number; a single bit keeps it.
Signal Builder::asBits(Signal a) { return slice(a, 0, width(a)); }

// ---- mux

Signal Builder::mux(Signal condition, Signal ifTrue, Signal ifFalse) {
  SLUICE_CHECK(width(condition) == 1, "a mux is steered by one bit");
  if (!node(ifTrue).isNumber() || !node(ifFalse).isNumber())
    ifTrue = asBits(ifTrue), ifFalse = asBits(ifFalse);
  if (const auto known = constantNumber(condition)) return *known != 0 ? ifTrue : ifFalse;
  if (ifTrue == ifFalse) return ifTrue;
  if (const Node& n = node(condition); n.op == Op::bitNot) return mux(n.inputs[0], ifFalse, ifTrue);
  if (const Node& n = node(ifTrue); n.op == Op::mux && n.inputs[0] == condition)
    return mux(condition, n.inputs[1], ifFalse);
  if (const Node& n = node(ifFalse); n.op == Op::mux && n.inputs[0] == condition)
    return mux(condition, ifTrue, n.inputs[2]);
  const Node &t = node(ifTrue), &f = node(ifFalse);
  if (t.isNumber() && f.isNumber()) {
    const bool flags =
        fixed::join(*t.range, *f.range) == fixed::Interval{0, 1} && t.width == 1 && f.width == 1;
    if (flags) {
      const auto one = constantNumber(ifTrue), zero = constantNumber(ifFalse);
      if (one && zero) return *one != 0 ? condition : bitNot(condition);
      if (one) return *one != 0 ? bitOr(condition, ifFalse) : bitAnd(bitNot(condition), ifFalse);
      if (zero) return *zero != 0 ? bitOr(bitNot(condition), ifTrue) : bitAnd(condition, ifTrue);
      if (ifTrue == condition) return bitOr(condition, ifFalse);
      if (ifFalse == condition) return bitAnd(condition, ifTrue);
    }
    return numberNode({.op = Op::mux, .inputs = {condition, ifTrue, ifFalse}});
  }
  SLUICE_CHECK(t.width == f.width, "a mux chooses between numbers, or between bits of equal width");
  return bitsNode(Op::mux, t.width, {condition, ifTrue, ifFalse});
}

Signal Builder::select(Signal index, std::span<const Signal> choices) {
  SLUICE_CHECK(
      !choices.empty() && fixed::Interval(0, std::int64_t(choices.size()) - 1).contains(range(index)),
      "an index selects one of the choices");
  if (choices.size() == 1) return choices[0];
  if (const auto known = constantNumber(index)) return choices[static_cast<std::size_t>(*known)];
  const auto bits = static_cast<std::uint32_t>(std::bit_width(choices.size() - 1));
  const auto reach = static_cast<std::size_t>(range(index).hi) + 1;
  std::vector<Signal> level(choices.begin(),
                            choices.begin() + static_cast<std::ptrdiff_t>(std::min(reach, choices.size())));
  // Bit 0 chooses between neighbours, bit 1 between those, and so on; a lone last one passes.
  for (std::uint32_t bit = 0; bit < bits && level.size() > 1; ++bit) {
    std::vector<Signal> next;
    const Signal steer = slice(index, bit, 1);
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(i + 1 < level.size() ? mux(steer, level[i + 1], level[i]) : level[i]);
    level = std::move(next);
  }
  return level[0];
}

// ---- bits

Signal Builder::bitNot(Signal a) {
  const Node& n = node(a);
  SLUICE_CHECK(n.width <= 64, "bit operations take at most 64 bits");
  if (const auto* words = constantWords(a)) return constantBits(n.width, ~(*words)[0]);
  const std::vector<Signal> in = n.inputs;
  switch (n.op) {
    case Op::bitNot:
      return slice(in[0], 0, n.width);
    case Op::equal:
      return compare(Op::notEqual, in[0], in[1]);
    case Op::notEqual:
      return compare(Op::equal, in[0], in[1]);
    case Op::less:
      return compare(Op::lessEqual, in[1], in[0]);
    case Op::lessEqual:
      return compare(Op::less, in[1], in[0]);
    default:
      return bitsNode(Op::bitNot, n.width, {a});
  }
}

Signal Builder::bitwise(Op op, Signal a, Signal b) {
  const std::uint32_t w = width(a);
  SLUICE_CHECK(w == width(b) && w <= 64, "bit operations take equal widths of at most 64 bits");
  if (constantWords(a) || (!constantWords(b) && b < a)) std::swap(a, b);  // constants last, else in order
  const auto* y = constantWords(b);
  if (const auto* x = constantWords(a)) {
    const std::uint64_t p = (*x)[0], q = (*y)[0];
    return constantBits(w, op == Op::bitAnd ? p & q : op == Op::bitOr ? p | q : p ^ q);
  }
  if (y && (*y)[0] == 0) return op == Op::bitAnd ? constantBits(w, std::uint64_t{0}) : slice(a, 0, w);
  if (y && (*y)[0] == maskOf(w))
    return op == Op::bitAnd ? slice(a, 0, w) : op == Op::bitOr ? constantBits(w, ~0ull) : bitNot(a);
  if (a == b) return op == Op::bitXor ? constantBits(w, std::uint64_t{0}) : slice(a, 0, w);
  const Node &p = node(a), &q = node(b);
  if ((p.op == Op::bitNot && p.inputs[0] == b) || (q.op == Op::bitNot && q.inputs[0] == a))
    return constantBits(w, op == Op::bitAnd ? std::uint64_t{0} : ~0ull);
  return bitsNode(op, w, {a, b});
}

Signal Builder::bitAnd(Signal a, Signal b) { return bitwise(Op::bitAnd, a, b); }
Signal Builder::bitOr(Signal a, Signal b) { return bitwise(Op::bitOr, a, b); }
Signal Builder::bitXor(Signal a, Signal b) { return bitwise(Op::bitXor, a, b); }

Signal Builder::reduce(Op op, Signal a) {
  const Node& n = node(a);
  if (n.width == 1) return slice(a, 0, 1);
  if (const auto* words = constantWords(a)) {
    std::uint32_t ones = 0;
    for (const std::uint64_t w : *words) ones += static_cast<std::uint32_t>(std::popcount(w));
    return flag(op == Op::reduceOr ? ones != 0 : op == Op::reduceAnd ? ones == n.width : ones % 2 != 0);
  }
  return bitsNode(op, 1, {a});
}

Signal Builder::reduceOr(Signal a) { return reduce(Op::reduceOr, a); }
Signal Builder::reduceAnd(Signal a) { return reduce(Op::reduceAnd, a); }
Signal Builder::reduceXor(Signal a) { return reduce(Op::reduceXor, a); }

}  // namespace sluice::hdl

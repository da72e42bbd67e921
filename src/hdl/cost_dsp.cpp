// What a DSP48E1 does besides its product, after the rule by which Yosys fills it (xilinx_dsp; 7-series alone, other
// families get bare multipliers). Word by word, around each multiplication:
//
//   A, B  -> up to two registers each       whoever else reads them: the block has its own copy
//   product -> register                     if nobody else reads the product
//   + C     -> an adder                     if nobody else reads the product's register; one register of C with it;
//                                           not if a factor's lowest bit is always 0: the product is then built
//                                           without its low zeros and is not, as it leaves the block, what is added
//   sum  -> register                        if nobody else reads the sum
//   C = choice ? start : sum's register     (an accumulator): the choice too
//
// A register's reset value must be 0. An adder between two products goes into the block of one of them. What is taken in
// costs nothing of its own, so a tree of products in blocks has neither its first adders nor the flip-flops around them.
#include <algorithm>

#include "hdl/cost_lower.h"

namespace sluice::hdl {
namespace {

constexpr std::int32_t kBlockToOutput = 334;
constexpr std::uint32_t kLargestCase = 16;  // words of a table that is printed as a case statement

/// Wires alone: no cell of its own.
bool isView(Op op) {
  return op == Op::slice || op == Op::concat || op == Op::wrap || op == Op::shiftLeft || op == Op::shiftRight;
}

bool resetsToZero(const Node& n) {
  return !n.hasReset || std::all_of(n.words.begin(), n.words.end(), [](std::uint64_t w) { return w == 0; });
}

/// Who reads each signal, through wires; kOutside: a port, an instance, a memory.
constexpr std::uint32_t kOutside = 0xfffffffeu, kMany = 0xfffffffdu, kNobody = 0xffffffffu;

/// Per signal its only reader, or one of the above.
std::vector<std::uint32_t> onlyReaders(const Module& m, const std::vector<Signal>& live) {
  std::vector<std::vector<std::uint32_t>> direct(m.nodes.size());
  for (const Signal s : live)
    for (const Signal in : m.node(s).inputs) direct[in.index].push_back(s.index);
  for (const Memory& memory : m.memories)
    for (const Signal s : {memory.writeEnable, memory.writeAddress, memory.writeData})
      if (s.valid()) direct[s.index].push_back(kOutside);
  for (const Port& p : m.outputs) direct[p.signal.index].push_back(kOutside);
  for (const Instance& i : m.instances)
    for (const Signal s : i.inputs) direct[s.index].push_back(kOutside);
  std::vector<std::uint32_t> only(m.nodes.size(), kNobody);
  std::vector<bool> known(m.nodes.size(), false);
  const auto find = [&](const auto& self, std::uint32_t s) -> std::uint32_t {
    if (known[s]) return only[s];
    known[s] = true;  // views are no loops
    std::uint32_t reader = kNobody;
    for (const std::uint32_t r : direct[s]) {
      const std::uint32_t own = r != kOutside && isView(m.nodes[r].op) ? self(self, r) : r;
      if (own == kNobody || own == reader) continue;
      reader = reader == kNobody ? own : kMany;
    }
    return only[s] = reader;
  };
  for (const Signal s : live) find(find, s.index);
  return only;
}

}  // namespace

void Lowering::findDspParts() {
  if (family_ != Family::xc7) return;
  if (std::none_of(order_.begin(), order_.end(), [&](Signal s) { return m_.node(s).op == Op::multiply; }))
    return;
  const std::vector<std::uint32_t> only = onlyReaders(m_, order_);
  const auto readerOf = [&](Signal s, Op op) {
    const std::uint32_t r = only[s.index];
    return r < kMany && m_.nodes[r].op == op && !takenBy_[r].valid() ? Signal(r) : Signal();
  };
  /// The same low bits, however wide.
  const auto peel = [&](Signal s) {
    while (m_.node(s).op == Op::wrap || (m_.node(s).op == Op::slice && m_.node(s).attribute == 0))
      s = m_.node(s).inputs[0];
    return s;
  };
  const auto registerOf = [&](Signal s) {
    const Signal r = readerOf(s, Op::reg);
    const bool fits = r.valid() && peel(m_.node(r).inputs[0]) == s && resetsToZero(m_.node(r));
    return fits ? r : Signal();
  };
  for (const Signal product : order_) {
    if (m_.node(product).op != Op::multiply) continue;
    DspParts& parts = dsps_[product];
    const auto take = [&](Signal s) { takenBy_[s.index] = product; };
    for (const Signal factor : m_.node(product).inputs) parts.zeros += trailingZeros(factor);
    Signal out = product;
    if (const Signal r = registerOf(out); r.valid()) take(out = parts.productRegister = r);
    if (const Signal sum = readerOf(out, Op::add); sum.valid() && parts.zeros == 0) {
      const Node& n = m_.node(sum);
      const Signal a = peel(n.inputs[0]), b = peel(n.inputs[1]);
      const Node& second = m_.node(n.inputs[1]);
      const bool isDifference = second.op == Op::constant && second.range->lo < 0;
      if ((a == out) != (b == out) && !isDifference) {
        parts.addend = n.inputs[a == out ? 1 : 0];
        take(out = parts.sum = sum);
      }
    }
    if (const Signal r = registerOf(out); r.valid()) take(parts.sumRegister = r);
    if (!parts.sum.valid() || !parts.sumRegister.valid()) continue;
    const Signal choice = peel(parts.addend);
    if (m_.node(choice).op != Op::mux || only[choice.index] != parts.sum.index) continue;
    for (const std::size_t side : {1u, 2u})
      if (peel(m_.node(choice).inputs[side]) == parts.sumRegister) {
        take(parts.choice = choice);
        parts.addend = m_.node(choice).inputs[3 - side];
        break;
      }
  }
}

/// A node that a block does: its bits come out of the block.
void Lowering::takeIntoDsp(Signal s) {
  const DspParts& parts = dsps_.at(takenBy_[s.index]);
  const std::uint32_t cell = parts.cell;
  if (loop_[s.index]) {  // has its bits already
    for (std::uint32_t i = 0; i < m_.node(s).width; ++i) output(cell, bit(s, i));
    return;
  }
  Bits b(std::min(parts.zeros, m_.node(s).width), kZero);
  while (b.size() < m_.node(s).width) b.push_back(leaf(cell, kBlockToOutput));
  setBits(s, b);
}

/// Of the bits of a signal, as its wires alone say.
std::uint32_t Lowering::trailingZeros(Signal s) const {
  const Node& n = m_.node(s);
  const auto within = [&](std::uint64_t zeros) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(zeros, n.width));
  };
  if (n.op == Op::wrap || (n.op == Op::slice && n.attribute == 0)) return within(trailingZeros(n.inputs[0]));
  if (n.op == Op::shiftLeft) return within(n.attribute + trailingZeros(n.inputs[0]));
  std::uint32_t zeros = 0;
  if (n.op == Op::constant)
    while (zeros < n.width && (n.words[zeros / 64] >> (zeros % 64) & 1) == 0) ++zeros;
  if (n.op == Op::concat)
    for (const Signal part : n.inputs) {
      const std::uint32_t own = trailingZeros(part);
      zeros += own;
      if (own < m_.node(part).width) break;
    }
  return zeros;
}

/// Where a bit comes from; none: it is constant.
std::optional<Lowering::Source> Lowering::sourceOf(Signal s, std::uint32_t i) const {
  for (;;) {
    const Node& n = m_.node(s);
    if (i >= n.width) {
      if (!n.isSigned) return std::nullopt;
      i = n.width - 1;
    }
    if (gateOf(bit(s, i)) == 0) return std::nullopt;
    if (!isView(n.op)) return Source{s, i};
    if (n.op == Op::concat) {
      std::size_t part = 0;
      for (; i >= m_.node(n.inputs[part]).width; ++part) i -= m_.node(n.inputs[part]).width;
      s = n.inputs[part];
      continue;
    }
    const auto shift = static_cast<std::uint32_t>(n.attribute);
    if (n.op == Op::slice || n.op == Op::shiftRight) i += shift;
    if (n.op == Op::shiftLeft) i -= shift;  // its low bits are constant
    s = n.inputs[0];
  }
}

/// An operand of a block: what drives its registers, if all of it are neighbouring bits of one register, and so on.
void Lowering::readThroughRegisters(Signal operand, std::uint32_t levels, std::vector<LutRoot>& roots) const {
  std::vector<Source> bits;
  for (std::uint32_t i = 0; i < m_.node(operand).width; ++i)
    if (const auto source = sourceOf(operand, i)) bits.push_back(*source);
  while (bits.size() > 1 && bits.back() == bits[bits.size() - 2]) bits.pop_back();  // an extended sign
  const auto flipFlopOf = [&](const Source& b) -> const FlipFlop* {
    const std::uint32_t found = out_.flipFlopOf(gateOf(bit(b.first, b.second)));
    return found != kNoCell ? &out_.flipFlops[found] : nullptr;
  };
  for (; levels > 0 && !bits.empty(); --levels) {
    const Signal word = bits[0].first;
    const FlipFlop* first = flipFlopOf(bits[0]);
    const Node& n = m_.node(word);
    // With the register behind it; a small one is a memory to Yosys, which keeps its register.
    const bool isTable = n.op == Op::memoryRead && m_.memories[n.attribute].words > kLargestCase;
    bool isRegister = (isTable || (n.op == Op::reg && resetsToZero(n))) && !takenBy_[word.index].valid() &&
                      first != nullptr;
    // (Resets that single bits have got come of muxes that Yosys still sees as words here.)
    for (std::uint32_t i = 0; isRegister && i < bits.size(); ++i) {
      const FlipFlop* own = flipFlopOf(bits[i]);
      isRegister = bits[i] == Source{word, bits[0].second + i} && own != nullptr &&
                   own->enable == first->enable && !own->resetValue;
    }
    if (!isRegister) break;
    roots.push_back({first->enable, 0});
    for (const Source& b : bits) roots.push_back({flipFlopOf(b)->reset, 0});
    if (isTable) {
      for (const Source& b : bits) roots.push_back({flipFlopOf(b)->d, 0});
      return;
    }
    std::vector<Source> before;
    for (const auto& [s, i] : bits)
      if (const auto source = sourceOf(m_.node(word).inputs[0], i)) before.push_back(*source);
    bits = std::move(before);
  }
  for (const auto& [s, i] : bits) roots.push_back({bit(s, i), 0});
}

/// What each block reads, now that every register has its next value.
void Lowering::finishDsps() {
  for (const auto& [product, parts] : dsps_) {
    std::vector<LutRoot>& roots = out_.cells[parts.cell].roots;
    const bool packs = family_ == Family::xc7;
    for (const Signal s : m_.node(product).inputs) readThroughRegisters(s, packs ? 2 : 0, roots);
    if (parts.sum.valid()) readThroughRegisters(parts.addend, 1, roots);
    if (parts.choice.valid()) roots.push_back({bit(m_.node(parts.choice).inputs[0], 0), 0});
    for (const Signal s : {parts.productRegister, parts.sumRegister}) {
      if (!s.valid()) continue;
      if (m_.node(s).inputs.size() > 1) roots.push_back({bit(m_.node(s).inputs[1], 0), 0});
      if (m_.node(s).hasReset) roots.push_back({rst_, 0});
    }
    std::erase_if(roots, [](const LutRoot& r) { return gateOf(r.lit) == 0; });
  }
}

}  // namespace sluice::hdl

// Memories as cells: tables in logic, arrays of flip-flops, LUT RAM, shift registers and block RAM.
#include <algorithm>
#include <array>
#include <bit>

#include "hdl/builder_state.h"
#include "hdl/cost_lower.h"
#include "hdl/table_form.h"

namespace sluice::hdl {
namespace {

constexpr std::int32_t kBlockRamClockToOutput = 2454;

std::uint64_t ceilDiv(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }
std::uint32_t addressBitsFor(std::uint32_t words) {
  return words <= 2 ? 1 : static_cast<std::uint32_t>(std::bit_width(words - 1));
}

}  // namespace

std::uint64_t blockRams(std::uint32_t width, std::uint32_t words) {
  struct Shape {
    std::uint32_t words, width;
  };
  std::uint64_t fewest = ~0ull;
  for (const Shape& s : {Shape{512, 36}, Shape{1024, 18}, Shape{2048, 9}})
    fewest = std::min(fewest, ceilDiv(ceilDiv(words, s.words) * ceilDiv(width, 9), s.width / 9));
  for (const Shape& s : {Shape{4096, 4}, Shape{8192, 2}, Shape{16384, 1}})
    fewest = std::min(fewest, ceilDiv(width, s.width) * ceilDiv(words, s.words));
  return fewest;
}

Cost shiftRegisterBit(std::uint32_t words, bool fixed) {
  Cost cost;
  if (words < 3) {
    cost.ff = words;
  } else if (words <= 16) {
    cost.srl = 1;
  } else if (words <= 129 && words % 32 == 1 && fixed) {
    cost = shiftRegisterBit(words - 1, fixed);
    cost.ff += 1;
  } else if (words == 17) {
    cost = fixed ? Cost{.srl = 1, .ff = 1} : Cost{.srl = 1};
  } else {
    const std::uint32_t rest = words % 32;
    cost.srl = words / 32;
    if (rest == 1 && fixed)
      cost.ff = 1;
    else if (rest > 0)
      cost.srl += 1;
  }
  return cost;
}

Cost memoryPrimitives(const Memory& memory, std::uint32_t width, std::uint32_t reads, Family family) {
  Cost cost;
  if (memory.style == Style::blockRam) {
    cost.bram18 = blockRams(width, memory.words) * reads;
  } else if (memory.style == Style::shiftRegister) {
    const Cost bit = shiftRegisterBit(memory.words, false);
    cost.srl = bit.srl * width;
  } else if (memory.style == Style::lutRam) {
    if (family == Family::ecp5)
      cost.lutRam = 4 * ceilDiv(width, 4) * ceilDiv(memory.words, 16) * reads;
    else
      cost.lutRam =
          (memory.words <= 32 ? 4 * ceilDiv(width, 6) : 4 * ceilDiv(width, 3) * ceilDiv(memory.words, 64)) *
          reads;
  }
  return cost;
}

Lowering::Bits Lowering::readMemory(Signal s) {
  const Node& n = m_.node(s);
  const Memory& memory = m_.memories[n.attribute];
  SLUICE_CHECK(memory.style != Style::automatic, "the kind of a memory is chosen before it is counted");
  const bool rom = !memory.contents.empty();
  Bits word;
  if (memory.style == Style::shiftRegister)
    word = readShiftRegister(s);
  else if (rom && memory.style != Style::blockRam)
    word = table(memory, extended(n.inputs[0], addressBitsFor(memory.words)));
  else
    word = readArray(s);
  if (!memory.synchronousRead || memory.style == Style::blockRam) return word;
  for (Lit& x : word) x = flipFlop(kNoLit, {.d = x});
  return word;
}

/// One bit of the words from `base` on, by the low `bits` of the address: tables of six inputs under a tree of muxes, equal
/// parts shared. Beyond the last word, the last one is read: it is printed as the default.
Lit Lowering::tablePart(const Memory& memory, std::uint32_t bit, BitsView address, std::uint32_t bits,
                        std::uint32_t base) {
  if (bits > 6 && base + (1u << (bits - 1)) < memory.words) {
    const Lit low = tablePart(memory, bit, address, bits - 1, base);
    return n_.mux(address[bits - 1], tablePart(memory, bit, address, bits - 1, base + (1u << (bits - 1))),
                  low);
  }
  bits = std::min(bits, 6u);
  std::uint64_t truth = 0;
  for (std::uint32_t k = 0; k < (1u << bits); ++k)
    truth |= (memory.contents[std::min(base + k, memory.words - 1)][bit / 64] >> (bit % 64) & 1) << k;
  return n_.table(truth, address.first(bits));
}

/// Synthesis sees a table as muxes by the address, highest bit first, so a registered one may become a flip-flop with reset
/// (see cost_registers.cpp). Notes those muxes of which one side is constant.
void Lowering::noteTableChoices(const Memory& memory, std::uint32_t bit, BitsView address) {
  std::uint32_t base = 0;
  Lit whole = tablePart(memory, bit, address, static_cast<std::uint32_t>(address.size()), 0);
  for (auto bits = static_cast<std::uint32_t>(address.size()); bits > 0 && gateOf(whole) != 0; --bits) {
    const std::uint32_t middle = base + (1u << (bits - 1));
    const Lit low = tablePart(memory, bit, address, bits - 1, base);
    const Lit high = tablePart(memory, bit, address, bits - 1, middle);
    if (low == high) continue;
    if (gateOf(low) != 0 && gateOf(high) != 0) return;
    noteChoice(whole, {address[bits - 1], high, low});
    if (gateOf(low) == 0) base = middle;
    whole = gateOf(low) == 0 ? high : low;
  }
}

Lowering::Bits Lowering::tableOfLuts(const Memory& memory, BitsView address) {
  const TableForm form = tableForm(memory);
  Bits blocks, nodes, word;
  std::array<std::uint32_t, 3> cells{kNoCell, kNoCell, kNoCell};  // of blocks of 6, 7 and 8 inputs
  for (const TableForm::Block& block : form.blocks) {
    std::uint32_t& cell = cells[block.inputs - 6];
    if (cell == kNoCell) {
      cell = newCell({.kind = Cell::Kind::table});
      for (std::uint32_t i = 0; i < std::min<std::size_t>(block.inputs, address.size()); ++i)
        out_.cells[cell].roots.push_back({address[i], 0});
    }
    out_.cells[cell].luts.push_back(block.lutsBuilt());
    blocks.push_back(leaf(cell, 0));
  }
  for (const TableForm::Node& node : form.nodes) {
    using Kind = TableForm::Node::Kind;
    nodes.push_back(node.kind == Kind::constant ? (node.value == 0 ? kZero : kOne)
                    : node.kind == Kind::block
                        ? blocks[node.value]
                        : n_.mux(address[node.value], nodes[node.high], nodes[node.low]));
  }
  for (const std::uint32_t node : form.bits) word.push_back(nodes[node]);
  return word;
}

Lowering::Bits Lowering::table(const Memory& memory, BitsView address) {
  if (isTableOfLuts(memory, family_)) return tableOfLuts(memory, address);
  Bits word;
  for (std::uint32_t bit = 0; bit < memory.width; ++bit) {
    word.push_back(tablePart(memory, bit, address, static_cast<std::uint32_t>(address.size()), 0));
    if (memory.width > 1) noteTableChoices(memory, bit, address);
  }
  return word;
}

Lowering::Bits Lowering::selectWord(const std::vector<Bits>& words, BitsView address) {
  std::vector<Bits> level = words;
  for (std::size_t a = 0; level.size() > 1; ++a) {
    std::vector<Bits> next;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      if (i + 1 == level.size()) {
        next.push_back(level[i]);
        continue;
      }
      Bits chosen;
      for (std::size_t k = 0; k < level[i].size(); ++k)
        chosen.push_back(n_.mux(address[a], level[i + 1][k], level[i][k]));
      next.push_back(std::move(chosen));
    }
    level = std::move(next);
  }
  return level[0];
}

/// An array with a write port: flip-flops, LUT RAM or block RAM.
Lowering::Bits Lowering::readArray(Signal s) {
  const Node& n = m_.node(s);
  const Memory& memory = m_.memories[n.attribute];
  const Bits address = extended(n.inputs[0], addressBitsFor(memory.words));
  Bits word;
  if (memory.style != Style::lutRam && memory.style != Style::blockRam) {
    std::vector<Bits> words;
    for (std::uint32_t a = 0; a < memory.words; ++a) words.push_back(stored(memory, a, {}));
    return selectWord(words, address);
  }
  const std::uint32_t cell =
      newCell({.kind = Cell::Kind::memory, .cost = memoryPrimitives(memory, memory.width, 1, family_)});
  // Yosys takes an address register for part of the read port, and LUT RAM, which has none, gets a copy of it: where
  // the register has an enable, with the choice between the old and the new value before it.
  if (const Node& from = m_.node(n.inputs[0]); memory.style == Style::lutRam && !memory.synchronousRead &&
                                               from.op == Op::reg && from.inputs.size() > 1) {
    out_.cells[cell].cost.ff += from.width;
    out_.cells[cell].cost.lut += from.width;
  }
  for (const Signal from : {memory.writeEnable, memory.writeAddress, memory.writeData})
    if (from.valid())
      for (std::uint32_t i = 0; i < m_.node(from).width; ++i) writes_.push_back({cell, from, i, 400});
  const bool block = memory.style == Style::blockRam;
  if (block)
    for (const Lit a : address) out_.cells[cell].roots.push_back({a, 566});
  for (std::uint32_t i = 0; i < memory.width; ++i)
    word.push_back(block ? leaf(cell, kBlockRamClockToOutput)
                         : output(cell, n_.box(BoxKind::memory, address)));
  return word;
}

Lowering::Bits Lowering::readShiftRegister(Signal s) {
  const Node& n = m_.node(s);
  const Memory& memory = m_.memories[n.attribute];
  const auto words = static_cast<std::uint32_t>(m_.node(n.inputs[0]).range->hi) + 1;
  const Bits address = extended(n.inputs[0], addressBitsFor(words));
  if (words < 3 || family_ == Family::ecp5) {
    std::vector<Bits> stages;
    while (stages.size() < words)
      stages.push_back(stored(memory, static_cast<std::uint32_t>(stages.size()),
                              stages.empty() ? BitsView() : BitsView(stages.back())));
    return selectWord(stages, address);
  }
  Bits word;
  for (std::uint32_t i = 0; i < memory.width; ++i) {
    const std::uint32_t cell = newCell({.kind = Cell::Kind::memory, .cost = shiftRegisterBit(words, false)});
    writes_.push_back({cell, memory.writeData, i, 173});
    writes_.push_back({cell, memory.writeEnable, 0, 109});
    word.push_back(output(cell, n_.box(BoxKind::memory, address)));
  }
  return word;
}

/// What a word in flip-flops holds. Written at the end if what is written to it is not there yet.
Lowering::Bits Lowering::stored(const Memory& memory, std::uint32_t word, BitsView before) {
  Stored s{&memory, word, Bits(memory.width, kNoLit), Bits(before.begin(), before.end())};
  const auto isThere = [&](Signal from) { return !from.valid() || done_[from.index]; };
  if (isThere(memory.writeEnable) && isThere(memory.writeAddress) && isThere(memory.writeData))
    return writeWord(s);
  for (Lit& q : s.q) q = n_.leaf(kFlipFlopClockToOutput);
  stored_.push_back(s);
  return s.q;
}

Lowering::Bits Lowering::writeWord(const Stored& s) {
  const Memory& memory = *s.memory;
  Bits enables;
  if (memory.writeAddress.valid()) {
    const Bits to = extended(memory.writeAddress, addressBitsFor(memory.words));
    for (std::uint32_t i = 0; i < to.size(); ++i)
      enables.push_back((s.word >> i & 1u) != 0 ? to[i] : invert(to[i]));
  }
  enables.push_back(bit(memory.writeEnable, 0));
  const Lit enable = n_.all(enables);
  Bits made;
  for (std::uint32_t i = 0; i < memory.width; ++i)
    made.push_back(
        flipFlop(s.q[i], {.d = s.before.empty() ? bit(memory.writeData, i) : s.before[i], .enable = enable}));
  return made;
}

void Lowering::finishWrites() {
  for (const Stored& s : stored_) writeWord(s);
  for (const Write& w : writes_) out_.cells[w.cell].roots.push_back({bit(w.from, w.bit), w.setupPs});
}

}  // namespace sluice::hdl

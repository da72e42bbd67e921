// Bits of registers and memories that need no flip-flop: those that nothing reads, and those that are always
// 0.
//
// A beat that is delayed as a whole while only some of its elements are used later leaves dead bits; packing
// narrow elements into wide places leaves constant ones. Two analyses find them, bit by bit over the whole
// module:
//
//   needed   backwards from outputs, instances and everything arithmetic; the least fixed point
//   zero     forwards from constants; registers and memories start as 0 and are believed to stay so until a
//            bit is seen to become something else; the greatest fixed point
//
// A register of plain bits then keeps the bits that are needed and not zero; its old node becomes a concat of
// the kept bits and zeros, so readers do not notice. Numbers are left to the interval analysis.
#include <algorithm>
#include <bit>

#include "hdl/builder_state.h"
#include "hdl/order.h"
#include "hdl/simplify_steps.h"

namespace sluice::hdl {
namespace {

using Bits = std::vector<bool>;

class BitAnalysis {
 public:
  explicit BitAnalysis(const Module& m)
      : m_(m), order_(liveOrder(m)), needed_(m.nodes.size()), zero_(m.nodes.size()) {
    for (const Memory& memory : m.memories) {
      memoryNeeded_.emplace_back(memory.width, false);
      memoryZero_.emplace_back(memory.width, true);
      for (const auto& word : memory.contents)
        for (std::uint32_t i = 0; i < memory.width; ++i)
          if ((word[i / 64] >> (i % 64) & 1) != 0) memoryZero_.back()[i] = false;
    }
    findNeeded();
    findZero();
  }

  [[nodiscard]] const std::vector<Signal>& order() const { return order_; }
  [[nodiscard]] Bits keptOf(Signal s) const { return both(needed_[s.index], zero_[s.index]); }
  [[nodiscard]] Bits keptOfMemory(std::size_t i) const { return both(memoryNeeded_[i], memoryZero_[i]); }

 private:
  static Bits both(const Bits& needed, const Bits& zero) {
    Bits kept(needed.size());
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = needed[i] && !zero[i];
    return kept;
  }

  // ---- needed

  void need(Signal s, std::uint32_t bit) {
    const Node& n = m_.node(s);
    bit = std::min(bit, n.width - 1);  // above its width a signal is its sign, or 0
    if (needed_[s.index].empty()) needed_[s.index].assign(n.width, false);
    if (needed_[s.index][bit]) return;
    needed_[s.index][bit] = true;
    open_.emplace_back(s, bit);
  }
  void needAll(Signal s) {
    for (std::uint32_t i = 0; i < m_.node(s).width; ++i) need(s, i);
  }

  void findNeeded() {
    for (const Port& p : m_.outputs) needAll(p.signal);
    for (const Instance& i : m_.instances)
      std::for_each(i.inputs.begin(), i.inputs.end(), [&](Signal s) { needAll(s); });
    while (!open_.empty()) {
      const auto [s, bit] = open_.back();
      open_.pop_back();
      needInputs(m_.node(s), bit);
    }
  }

  void needInputs(const Node& n, std::uint32_t bit) {
    const auto shift = static_cast<std::uint32_t>(n.attribute);
    switch (n.op) {
      case Op::slice:
      case Op::shiftRight:
        return need(n.inputs[0], bit + shift);
      case Op::wrap:
        return need(n.inputs[0], bit);
      case Op::concat:
        for (const Signal part : n.inputs) {
          if (bit < m_.node(part).width) return need(part, bit);
          bit -= m_.node(part).width;
        }
        return;
      case Op::mux:
        need(n.inputs[0], 0), need(n.inputs[1], bit), need(n.inputs[2], bit);
        return;
      case Op::bitNot:
      case Op::bitAnd:
      case Op::bitOr:
      case Op::bitXor:
        for (const Signal s : n.inputs) need(s, bit);
        return;
      case Op::reg:
        if (n.isNumber()) break;
        need(n.inputs[0], bit);
        if (n.inputs.size() > 1) need(n.inputs[1], 0);
        return;
      case Op::memoryRead: {
        const Memory& memory = m_.memories[n.attribute];
        needAll(n.inputs[0]);
        const bool whole = n.isNumber() && n.width > 1;
        for (std::uint32_t i = whole ? 0 : bit; i < (whole ? n.width : bit + 1); ++i) {
          if (memoryNeeded_[n.attribute][i]) continue;
          memoryNeeded_[n.attribute][i] = true;
          if (memory.writeData.valid()) need(memory.writeData, i);
        }
        if (memory.writeEnable.valid()) needAll(memory.writeEnable);
        if (memory.writeAddress.valid()) needAll(memory.writeAddress);
        return;
      }
      default:
        break;
    }
    for (const Signal s : n.inputs) needAll(s);
  }

  // ---- zero

  [[nodiscard]] bool isZero(Signal s, std::uint32_t bit) const {
    const Node& n = m_.node(s);
    if (bit < n.width) return zero_[s.index][bit];
    return !n.isSigned || zero_[s.index][n.width - 1];
  }

  [[nodiscard]] bool staysZero(const Node& n, std::uint32_t bit) const {
    const auto shift = static_cast<std::uint32_t>(n.attribute);
    const auto in = [&](std::size_t k) { return isZero(n.inputs[k], bit); };
    switch (n.op) {
      case Op::constant:
        return (n.words[bit / 64] >> (bit % 64) & 1) == 0;
      case Op::slice:
      case Op::shiftRight:
        return isZero(n.inputs[0], bit + shift);
      case Op::wrap:
        return in(0);
      case Op::concat:
        for (const Signal part : n.inputs) {
          if (bit < m_.node(part).width) return isZero(part, bit);
          bit -= m_.node(part).width;
        }
        return true;
      case Op::mux:
        return in(1) && in(2);
      case Op::bitAnd:
        return in(0) || in(1);
      case Op::bitOr:
      case Op::bitXor:
        return in(0) && in(1);
      case Op::reg:
        return in(0) && (!n.hasReset || (n.words[bit / 64] >> (bit % 64) & 1) == 0);
      case Op::memoryRead:
        return memoryZero_[n.attribute][bit];
      default:
        break;
    }
    return n.isNumber() && !n.isSigned &&
           bit >= static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(n.range->hi)));
  }

  void findZero() {
    for (const Signal s : order_) zero_[s.index].assign(m_.node(s).width, true);
    for (bool changed = true; changed;) {
      changed = false;
      for (const Signal s : order_)
        for (std::uint32_t i = 0; i < m_.node(s).width; ++i)
          if (zero_[s.index][i] && !staysZero(m_.node(s), i)) zero_[s.index][i] = false, changed = true;
      for (std::size_t k = 0; k < m_.memories.size(); ++k) {
        const Signal data = m_.memories[k].writeData;
        if (!data.valid() || zero_[data.index].empty()) continue;
        for (std::uint32_t i = 0; i < m_.memories[k].width; ++i)
          if (memoryZero_[k][i] && !isZero(data, i)) memoryZero_[k][i] = false, changed = true;
      }
    }
  }

  const Module& m_;
  std::vector<Signal> order_;
  std::vector<Bits> needed_, zero_, memoryNeeded_, memoryZero_;
  std::vector<std::pair<Signal, std::uint32_t>> open_;
};

/// Runs of equal bits, from the lowest on.
struct Run {
  std::uint32_t lsb, width;
  bool kept;
};
std::vector<Run> runsOf(const Bits& kept) {
  std::vector<Run> runs;
  for (std::uint32_t i = 0; i < kept.size(); ++i) {
    if (runs.empty() || runs.back().kept != kept[i]) runs.push_back({i, 0, kept[i]});
    ++runs.back().width;
  }
  return runs;
}

class Pruner {
 public:
  explicit Pruner(const Module& m) : m_(m), analysis_(m) {}

  Module run() {
    for (const Signal s : analysis_.order()) {
      const Node& n = m_.node(s);
      if (n.op == Op::reg && !n.isNumber()) pruneRegister(s, analysis_.keptOf(s));
    }
    for (std::size_t i = 0; i < m_.memories.size(); ++i)
      if (!replaceMemory(i)) pruneMemory(i, analysis_.keptOfMemory(i));
    return std::move(m_);
  }

 private:
  Signal add(Node n) {
    m_.nodes.push_back(std::move(n));
    return Signal(m_.nodes.size() - 1);
  }
  static Node bitsNode(Op op, std::uint32_t width, std::vector<Signal> inputs, std::uint64_t attribute = 0) {
    Node n{.op = op, .width = width, .inputs = std::move(inputs), .attribute = attribute};
    if (width == 1) n.range = fixed::Interval{0, 1};
    if (op == Op::constant) n.words.assign(wordsFor(width), 0);
    if (op == Op::constant && width == 1) n.range = fixed::Interval{0, 0};
    return n;
  }

  /// The kept bits of a signal, side by side.
  Signal gather(Signal from, const std::vector<Run>& runs, std::uint32_t total) {
    std::vector<Signal> parts;
    for (const Run& r : runs)
      if (r.kept) parts.push_back(add(bitsNode(Op::slice, r.width, {from}, r.lsb)));
    return add(bitsNode(Op::concat, total, std::move(parts)));
  }
  /// The other way round: `packed` spread to its old places, zeros between. None packed: all zeros.
  Node spread(Signal packed, const std::vector<Run>& runs, std::uint32_t width) {
    std::vector<Signal> parts;
    std::uint32_t at = 0;
    for (const Run& r : runs) {
      parts.push_back(
          add(r.kept ? bitsNode(Op::slice, r.width, {packed}, at) : bitsNode(Op::constant, r.width, {})));
      if (r.kept) at += r.width;
    }
    return bitsNode(Op::concat, width, std::move(parts));
  }
  static std::vector<std::uint64_t> gatherWord(const std::vector<std::uint64_t>& word, const Bits& kept,
                                               std::uint32_t total) {
    std::vector<std::uint64_t> packed(wordsFor(total), 0);
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < kept.size(); ++i) {
      if (!kept[i]) continue;
      packed[at / 64] |= (word[i / 64] >> (i % 64) & 1) << (at % 64);
      ++at;
    }
    return packed;
  }

  void pruneRegister(Signal s, const Bits& kept) {
    const auto total = static_cast<std::uint32_t>(std::count(kept.begin(), kept.end(), true));
    const Node old = m_.node(s);
    if (total == old.width) return;
    Node now = bitsNode(Op::constant, old.width, {});
    if (total > 0) {
      const std::vector<Run> runs = runsOf(kept);
      Node reg = old;
      reg.width = total;
      if (total == 1) reg.range = fixed::Interval{0, 1};
      if (reg.hasReset) reg.words = gatherWord(old.words, kept, total);
      reg.inputs[0] = gather(old.inputs[0], runs, total);
      const Signal narrow = add(std::move(reg));
      now = spread(narrow, runs, old.width);
    }
    m_.nodes[s.index] = std::move(now);
  }

  std::vector<Signal> readsOf(std::size_t memory) const {
    std::vector<Signal> reads;
    for (const Signal s : analysis_.order())
      if (m_.node(s).op == Op::memoryRead && m_.node(s).attribute == memory) reads.push_back(s);
    return reads;
  }

  /// A memory of which only one word is ever written is that word's register and zeros; one that is never
  /// written is zeros.
  bool replaceMemory(std::size_t i) {
    const Memory memory = m_.memories[i];
    if (!memory.contents.empty() || !memory.writeEnable.valid()) return false;
    const Node &enable = m_.node(memory.writeEnable),
               *at = memory.writeAddress.valid() ? &m_.node(memory.writeAddress) : nullptr;
    const bool never = enable.op == Op::constant && enable.words[0] == 0;
    if (!never && (at == nullptr || at->op != Op::constant)) return false;
    const std::optional<Signal> written = never ? std::nullopt : std::optional(memory.writeAddress);
    const Signal zeros = add(bitsNode(Op::constant, memory.width, {}));
    const Signal word =
        never ? zeros : add(bitsNode(Op::reg, memory.width, {memory.writeData, memory.writeEnable}));
    for (const Signal s : readsOf(i)) {
      const Node read = m_.node(s);
      Signal value = zeros;
      if (written) {
        Node hit{.op = Op::equal, .range = fixed::Interval{0, 1}, .inputs = {read.inputs[0], *written}};
        value = add(bitsNode(Op::mux, memory.width, {add(std::move(hit)), word, zeros}));
      }
      if (memory.synchronousRead) value = add(bitsNode(Op::reg, memory.width, {value}));
      m_.nodes[s.index] = {.op = Op::slice,
                           .width = read.width,
                           .isSigned = read.isSigned,
                           .range = read.range,
                           .inputs = {value}};
    }
    return true;
  }

  void pruneMemory(std::size_t i, const Bits& kept) {
    const auto total = static_cast<std::uint32_t>(std::count(kept.begin(), kept.end(), true));
    const std::uint32_t width = m_.memories[i].width;
    if (total == width) return;
    const std::vector<Signal> reads = readsOf(i);
    for (const Signal s : reads)
      if (m_.node(s).isNumber()) return;
    if (reads.empty()) return;
    const std::vector<Run> runs = runsOf(kept);
    for (const Signal s : reads) {
      Node now = bitsNode(Op::constant, width, {});
      if (total > 0) {
        Node read = m_.node(s);
        read.width = total;
        if (total == 1) read.range = fixed::Interval{0, 1};
        const Signal narrow = add(std::move(read));
        now = spread(narrow, runs, width);
      }
      m_.nodes[s.index] = std::move(now);
    }
    if (total == 0) return;
    m_.memories[i].width = total;
    for (auto& word : m_.memories[i].contents) word = gatherWord(word, kept, total);
    if (m_.memories[i].writeData.valid())
      m_.memories[i].writeData = gather(m_.memories[i].writeData, runs, total);
  }

  Module m_;
  BitAnalysis analysis_;
};

}  // namespace

Module pruneBits(const Module& module) { return Pruner(module).run(); }

}  // namespace sluice::hdl

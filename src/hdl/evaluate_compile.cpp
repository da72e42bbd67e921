#include <algorithm>
#include <map>

#include "hdl/builder_state.h"
#include "hdl/evaluate_program.h"
#include "hdl/infer.h"
#include "hdl/order.h"

namespace sluice::hdl {
namespace {

WideInterval joined(WideInterval a, WideInterval b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }
bool inside(WideInterval a, WideInterval b) { return b.lo <= a.lo && a.hi <= b.hi; }

class Compiler {
 public:
  explicit Compiler(const Module& m) : m_(m), order_(liveOrder(m)), slot_(m.nodes.size(), none) {}

  Compiled run() {
    for (const Memory& memory : m_.memories) addMemory(memory);
    for (const Signal s : order_)
      if (isState(m_, m_.node(s))) addState(s);
    for (const Port& p : m_.inputs)
      if (slot_[p.signal.index] == none) slot_[p.signal.index] = newSlots(wordsFor(m_.node(p.signal).width));
    findReachable();
    for (const Signal s : order_)
      if (!isState(m_, m_.node(s)) && m_.node(s).op != Op::input) compileNode(s);
    compileEdge();
    for (const Port& p : m_.inputs) out_.inputs.push_back(portSlots(p));
    for (const Port& p : m_.outputs) out_.outputs.push_back(portSlots(p));
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t none = 0xffffffffu;

  std::uint32_t newSlots(std::uint32_t count) {
    const std::uint32_t first = out_.slots;
    out_.slots += count;
    return first;
  }
  [[nodiscard]] PortSlots portSlots(const Port& p) const {
    const Node& n = m_.node(p.signal);
    return {.name = p.name, .slot = slot_[p.signal.index], .width = n.width, .isSigned = n.isSigned};
  }
  void emit(const Instruction& i) { out_.settle.push_back(i); }

  void addMemory(const Memory& memory) {
    Storage storage{.words = memory.words, .wordsPer = wordsFor(memory.width)};
    for (const auto& word : memory.contents)
      storage.contents.insert(storage.contents.end(), word.begin(), word.end());
    out_.memories.push_back(std::move(storage));
  }

  void addState(Signal s) {
    const Node& n = m_.node(s);
    slot_[s.index] = newSlots(wordsFor(n.width));
    for (std::uint32_t k = 0; k < wordsFor(n.width); ++k) {
      out_.states.push_back(slot_[s.index] + k);
      std::uint64_t value = n.hasReset ? n.words[k] : 0;
      if (n.hasReset && n.width <= 64)
        value = static_cast<std::uint64_t>(signExtend(value, n.width, n.isSigned));
      if (value != 0) out_.powerUp.emplace_back(slot_[s.index] + k, value);
    }
  }

  // What each signal can really hold, promises broken or not: at most every value of its format. Registers
  // are first believed to stay in their range; those that do not are given their whole format, and so on
  // until all is true.
  void findReachable();
  [[nodiscard]] WideInterval format(Signal s) const {
    return valuesOf(m_.node(s).width, m_.node(s).isSigned);
  }
  [[nodiscard]] WideInterval exact(const Node& n) const;

  void compileNode(Signal s);
  void fields(Signal from, std::uint32_t lsb, std::uint32_t width, std::uint32_t to, std::uint32_t at,
              bool fresh);
  void fit(Signal s, WideInterval result);
  std::uint32_t rawBits(Signal s);
  std::uint32_t stableWords(Signal s);
  void compileRead(Signal s, std::vector<Instruction>& to);
  void compileEdge();

  const Module& m_;
  std::vector<Signal> order_;
  std::vector<std::uint32_t> slot_;
  std::vector<WideInterval> reach_;
  std::map<std::uint32_t, std::uint32_t> raw_;
  Compiled out_;
};

/// The mathematical result of an operation on what its inputs can hold, before it is cut to the width.
WideInterval Compiler::exact(const Node& n) const {
  std::vector<WideInterval> in;
  for (const Signal s : n.inputs) in.push_back(reach_[s.index]);
  if (n.op == Op::clamp) {  // only the sides that the proven range of the input makes necessary
    const fixed::Interval from = *m_.node(n.inputs[0]).range;
    WideInterval r = in[0];
    if (from.lo < n.range->lo) r = {std::max<Int128>(r.lo, n.range->lo), std::max<Int128>(r.hi, n.range->lo)};
    if (from.hi > n.range->hi) r = {std::min<Int128>(r.lo, n.range->hi), std::min<Int128>(r.hi, n.range->hi)};
    return r;
  }
  const WideInterval all = valuesOf(n.width, n.isSigned);
  if (n.op == Op::mux && n.width <= 64) return joined(in[1], in[2]);
  if (n.op == Op::wrap) return in[0];
  if (n.op >= Op::equal && n.op <= Op::lessEqual) return {0, 1};
  return inferRange(n, in).value_or(all);
}

void Compiler::findReachable() {
  reach_.assign(m_.nodes.size(), {0, 0});
  std::vector<bool> wild(m_.nodes.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (const Signal s : order_) {
      const Node& n = m_.node(s);
      if (n.width > 64) continue;
      if (n.op == Op::constant) {
        reach_[s.index] = valuesOf(n);
      } else if (n.op == Op::reg && n.isNumber() && !wild[s.index]) {
        const Int128 start = n.hasReset ? signExtend(n.words[0], n.width, n.isSigned) : 0;
        reach_[s.index] = joined(widen(*n.range), {start, start});
      } else if (isState(m_, n) || n.op == Op::memoryRead || n.op == Op::input || n.op == Op::slice) {
        reach_[s.index] = format(s);
      } else {
        const WideInterval result = exact(n);
        reach_[s.index] = inside(result, format(s)) ? result : format(s);
      }
    }
    for (const Signal s : order_) {
      const Node& n = m_.node(s);
      if (n.op != Op::reg || n.width > 64 || !n.isNumber() || wild[s.index]) continue;
      if (inside(reach_[n.inputs[0].index], reach_[s.index])) continue;
      wild[s.index] = changed = true;
    }
  }
}

/// Bits [lsb, lsb + width) of a signal into the words at `to`, from bit `at` on. `fresh`: the first to write
/// there.
void Compiler::fields(Signal from, std::uint32_t lsb, std::uint32_t width, std::uint32_t to, std::uint32_t at,
                      bool fresh) {
  while (width > 0) {
    const std::uint32_t low = lsb % 64, high = at % 64;
    const std::uint32_t count = std::min({width, 64 - low, 64 - high});
    emit({.code = fresh || high == 0 ? Code::field : Code::orField,
          .dst = to + at / 64,
          .a = slot_[from.index] + lsb / 64,
          .mask = maskOf(count),
          .low = low,
          .high = high});
    lsb += count, at += count, width -= count, fresh = false;
  }
}

/// Cuts the signal's slot to its width if the result may have left it.
void Compiler::fit(Signal s, WideInterval result) {
  const Node& n = m_.node(s);
  if (inside(result, format(s))) return;
  const std::uint32_t slot = slot_[s.index];
  if (n.isSigned)
    emit({.code = Code::signExtend, .dst = slot, .a = slot, .low = 64 - std::int64_t{n.width}});
  else
    emit({.code = Code::keepLow, .dst = slot, .a = slot, .mask = maskOf(n.width)});
}

/// A slot with the bits of a signal of at most 64 bits, zeros above them.
std::uint32_t Compiler::rawBits(Signal s) {
  const Node& n = m_.node(s);
  if (!n.isSigned || n.width == 64) return slot_[s.index];
  const auto [it, isNew] = raw_.try_emplace(s.index, 0);
  if (isNew) {
    it->second = newSlots(1);
    emit({.code = Code::keepLow, .dst = it->second, .a = slot_[s.index], .mask = maskOf(n.width)});
  }
  return it->second;
}

/// The words of a wide signal in slots that do not change at the edge.
std::uint32_t Compiler::stableWords(Signal s) {
  const std::uint32_t slot = slot_[s.index];
  if (std::find(out_.states.begin(), out_.states.end(), slot) == out_.states.end()) return slot;
  const std::uint32_t words = wordsFor(m_.node(s).width), copy = newSlots(words);
  for (std::uint32_t k = 0; k < words; ++k) emit({.code = Code::copy, .dst = copy + k, .a = slot + k});
  return copy;
}

void Compiler::compileRead(Signal s, std::vector<Instruction>& to) {
  const Node& n = m_.node(s);
  const Memory& memory = m_.memories[n.attribute];
  const Code code = !memory.contents.empty()               ? Code::readRom
                    : memory.style == Style::shiftRegister ? Code::readShift
                                                           : Code::readRam;
  const std::uint32_t shift = n.isSigned ? 64 - n.width : 0;
  for (std::uint32_t k = 0; k < wordsFor(n.width); ++k)
    to.push_back({.code = code,
                  .dst = slot_[s.index] + k,
                  .a = slot_[n.inputs[0].index],
                  .b = shift,
                  .low = static_cast<std::int64_t>(n.attribute),
                  .high = k});
}

void Compiler::compileNode(Signal s) {
  const Node& n = m_.node(s);
  const std::uint32_t words = wordsFor(n.width);
  const auto in = [&](std::size_t k) { return slot_[n.inputs[k].index]; };
  const auto whole = [&](Signal from) {
    return m_.node(from).width == n.width && !m_.node(from).isSigned && !n.isSigned;
  };
  if (n.op == Op::wrap && inside(reach_[n.inputs[0].index], format(s))) {
    slot_[s.index] = in(0);
    return;
  }
  if (n.op == Op::slice && n.attribute == 0 && whole(n.inputs[0])) {
    slot_[s.index] = in(0);
    return;
  }
  const std::uint32_t dst = slot_[s.index] = newSlots(words);
  const auto binary = [&](Code code) { emit({.code = code, .dst = dst, .a = in(0), .b = in(1)}); };
  const auto reduce = [&](Code first, Code next) {
    const Node& from = m_.node(n.inputs[0]);
    const std::uint32_t source = from.width <= 64 ? rawBits(n.inputs[0]) : in(0);
    for (std::uint32_t k = 0; k < wordsFor(from.width); ++k)
      emit({.code = k == 0 ? first : next,
            .dst = dst,
            .a = source + k,
            .mask = k + 1 == wordsFor(from.width) ? maskOf((from.width - 1) % 64 + 1) : ~0ull});
  };
  switch (n.op) {
    case Op::constant:
      for (std::uint32_t k = 0; k < words; ++k) {
        const std::uint64_t value = n.isNumber() ? static_cast<std::uint64_t>(n.range->lo) : n.words[k];
        if (value != 0) out_.powerUp.emplace_back(dst + k, value);
      }
      return;
    case Op::slice:
      fields(n.inputs[0], static_cast<std::uint32_t>(n.attribute), n.width, dst, 0, true);
      if (n.isSigned && n.width < 64)
        emit({.code = Code::signExtend, .dst = dst, .a = dst, .low = 64 - std::int64_t{n.width}});
      return;
    case Op::concat: {
      std::uint32_t at = 0;
      for (const Signal part : n.inputs) {
        fields(part, 0, m_.node(part).width, dst, at, at == 0);
        at += m_.node(part).width;
      }
      return;
    }
    case Op::mux:
      if (n.width <= 64 && !n.isNumber()) {
        emit({.code = Code::mux,
              .dst = dst,
              .a = rawBits(n.inputs[1]),
              .b = rawBits(n.inputs[2]),
              .c = in(0)});
        return;
      }
      for (std::uint32_t k = 0; k < words; ++k)
        emit({.code = Code::mux, .dst = dst + k, .a = in(1) + k, .b = in(2) + k, .c = in(0)});
      break;
    case Op::memoryRead:
      compileRead(s, out_.settle);
      return;
    case Op::add:
      binary(Code::add);
      break;
    case Op::subtract:
      binary(Code::subtract);
      break;
    case Op::multiply:
      binary(Code::multiply);
      break;
    case Op::negate:
      emit({.code = Code::negate, .dst = dst, .a = in(0)});
      break;
    case Op::shiftLeft:
      emit({.code = Code::shiftLeft, .dst = dst, .a = in(0), .low = static_cast<std::int64_t>(n.attribute)});
      break;
    case Op::shiftRight:
      emit({.code = Code::shiftRight,
            .dst = dst,
            .a = in(0),
            .low = static_cast<std::int64_t>(std::min<std::uint64_t>(n.attribute, 63))});
      break;
    case Op::wrap:
      emit({.code = Code::copy, .dst = dst, .a = in(0)});
      break;
    case Op::clamp: {
      const fixed::Interval from = *m_.node(n.inputs[0]).range;
      emit({.code = Code::clamp,
            .dst = dst,
            .a = in(0),
            .low = from.lo < n.range->lo ? n.range->lo : INT64_MIN,
            .high = from.hi > n.range->hi ? n.range->hi : INT64_MAX});
      break;
    }
    case Op::equal:
      binary(Code::equal);
      return;
    case Op::notEqual:
      binary(Code::notEqual);
      return;
    case Op::less:
      binary(Code::less);
      return;
    case Op::lessEqual:
      binary(Code::lessEqual);
      return;
    case Op::bitNot:
      emit({.code = Code::bitNot, .dst = dst, .a = in(0), .mask = maskOf(n.width)});
      return;
    case Op::bitAnd:
    case Op::bitOr:
    case Op::bitXor: {
      const Code code = n.op == Op::bitAnd ? Code::bitAnd : n.op == Op::bitOr ? Code::bitOr : Code::bitXor;
      emit({.code = code, .dst = dst, .a = rawBits(n.inputs[0]), .b = rawBits(n.inputs[1])});
      return;
    }
    case Op::reduceOr:
      reduce(Code::anyBit, Code::orAnyBit);
      return;
    case Op::reduceAnd:
      reduce(Code::allBits, Code::andAllBits);
      return;
    case Op::reduceXor:
      reduce(Code::parity, Code::xorParity);
      return;
    default:
      SLUICE_CHECK(false, "a flat module has no other operations");
  }
  if (n.width <= 64) fit(s, exact(n));
}

// ---- the clock edge

/// All that happens at the edge reads what was there before it.
void Compiler::compileEdge() {
  std::vector<Instruction> actions;
  std::vector<bool> written(m_.memories.size(), false);
  for (const Signal s : order_) {
    const Node& n = m_.node(s);
    if (n.op == Op::reg) {
      const Node& next = m_.node(n.inputs[0]);
      std::uint32_t from = slot_[n.inputs[0].index];
      if (n.width <= 64 && !inside(reach_[n.inputs[0].index], format(s))) {
        const std::uint32_t cut = newSlots(1);
        if (n.isSigned)
          emit({.code = Code::signExtend, .dst = cut, .a = from, .low = 64 - std::int64_t{n.width}});
        else
          emit({.code = Code::keepLow, .dst = cut, .a = from, .mask = maskOf(n.width)});
        from = cut;
      } else if (!n.isNumber() && next.width <= 64) {
        from = rawBits(n.inputs[0]);
      }
      for (std::uint32_t k = 0; k < wordsFor(n.width); ++k) {
        Instruction action{.code = Code::copy, .dst = slot_[s.index] + k, .a = from + k};
        if (n.inputs.size() > 1) action.code = Code::copyIf, action.c = slot_[n.inputs[1].index];
        actions.push_back(action);
      }
    }
    if (n.op != Op::memoryRead) continue;
    const Memory& memory = m_.memories[n.attribute];
    if (memory.synchronousRead) compileRead(s, actions);
    if (!memory.contents.empty() || written[n.attribute]) continue;
    written[n.attribute] = true;
    const bool shift = memory.style == Style::shiftRegister;
    const std::uint32_t data = memory.width <= 64 ? rawBits(memory.writeData) : stableWords(memory.writeData);
    actions.push_back({.code = shift ? Code::writeShift : Code::writeRam,
                       .a = data,
                       .b = slot_[shift ? memory.writeEnable.index : memory.writeAddress.index],
                       .c = slot_[memory.writeEnable.index],
                       .low = static_cast<std::int64_t>(n.attribute)});
  }
  out_.edge = orderEdge(std::move(actions), out_.memories, out_.slots);
}

}  // namespace

Compiled compile(const Module& flat) { return Compiler(flat).run(); }

}  // namespace sluice::hdl

// From a module to gates and cells: order, wiring and logic. The aim is the netlist that Yosys has right
// before it maps LUTs, so operations are taken apart the way its techmap rules do.
#include "hdl/cost_lower.h"

#include <algorithm>

#include "hdl/builder_state.h"
#include "hdl/order.h"

namespace sluice::hdl {
namespace {

constexpr std::int32_t kPortArrival = 0;

}  // namespace

Lowering::Lowering(const Module& module, Family family, CellModule& cells)
    : m_(module),
      family_(family),
      out_(cells),
      n_(cells.network),
      bits_(module.nodes.size()),
      done_(module.nodes.size(), false),
      loop_(statesInLoops(module, true)),
      needed_(module.nodes.size(), 0),
      order_(liveOrder(module)),
      kept_(sumsReadBySums(module, order_)),
      takenBy_(module.nodes.size()) {
  const std::size_t gates = 6 * module.nodes.size();  // about: convolutions have five
  out_.reset(gates);
  wires_.reserve(gates);
  flipFlops_.reset(gates / 4);
  rst_ = n_.leaf(kPortArrival);
}

/// How many low bits of each signal are read by anything that is read. Adders and multipliers shrink to that.
void Lowering::findNeeded() {
  std::vector<Signal> open;
  const auto need = [&](Signal s, std::uint32_t width) {
    width = std::min(width, m_.node(s).width);
    if (width <= needed_[s.index]) return;
    needed_[s.index] = width;
    open.push_back(s);
  };
  const auto needAll = [&](Signal s) { need(s, m_.node(s).width); };
  for (const Port& p : m_.outputs) needAll(p.signal);
  for (const Instance& i : m_.instances) std::for_each(i.inputs.begin(), i.inputs.end(), needAll);
  for (const Signal s : order_)
    if (kept_[s.index]) needAll(s);
  while (!open.empty()) {
    const Signal s = open.back();
    open.pop_back();
    const Node& n = m_.node(s);
    const std::uint32_t width = needed_[s.index];
    const auto shift = static_cast<std::uint32_t>(n.attribute);
    switch (n.op) {
      case Op::slice:
      case Op::shiftRight:
        need(n.inputs[0], shift + width);
        break;
      case Op::shiftLeft:
        need(n.inputs[0], width > shift ? width - shift : 1);
        break;
      case Op::concat: {
        std::uint32_t at = 0;
        for (const Signal part : n.inputs) {
          if (at < width) need(part, width - at);
          at += m_.node(part).width;
        }
        break;
      }
      case Op::mux:
        needAll(n.inputs[0]), need(n.inputs[1], width), need(n.inputs[2], width);
        break;
      case Op::reg:
        need(n.inputs[0], width);
        if (n.inputs.size() > 1) needAll(n.inputs[1]);
        break;
      case Op::wrap:
      case Op::add:
      case Op::subtract:
      case Op::negate:
      case Op::bitNot:
      case Op::bitAnd:
      case Op::bitOr:
      case Op::bitXor:
        for (const Signal in : n.inputs) need(in, width);
        break;
      case Op::memoryRead: {
        needAll(n.inputs[0]);
        const Memory& memory = m_.memories[n.attribute];
        for (const Signal w : {memory.writeEnable, memory.writeAddress, memory.writeData})
          if (w.valid()) needAll(w);
        break;
      }
      default:
        std::for_each(n.inputs.begin(), n.inputs.end(), needAll);
        break;
    }
  }
}

void Lowering::run() && {
  findNeeded();
  findDspParts();
  for (const Signal s : order_)
    if (loop_[s.index]) declareState(s);
  for (const Signal s : order_) lower(s);
  for (const Signal s : order_)
    if (loop_[s.index]) driveState(s);
  finishDsps();
  finishWrites();
  const auto output = [&](Signal s) {
    for (std::uint32_t i = 0; i < m_.node(s).width; ++i) out_.outputs.push_back({bit(s, i), 0});
  };
  for (const Port& p : m_.outputs) output(p.signal);
  for (const Instance& i : m_.instances) std::for_each(i.inputs.begin(), i.inputs.end(), output);
  for (const Signal s : order_)
    if (kept_[s.index]) output(s);
}

/// A signal after what it depends on. Registers outside of loops depend on their next value too, so that one
/// that turns out to be constant, or equal to another, is known to its readers.
void Lowering::lower(Signal root) {
  const auto enter = [&](Signal s) {
    if (!done_[s.index]) stack_.emplace_back(s, 0);
  };
  enter(root);
  while (!stack_.empty()) {
    auto& [s, next] = stack_.back();
    const Node& n = m_.node(s);
    if (done_[s.index]) {
      stack_.pop_back();
      continue;
    }
    const std::size_t inputs = n.inputs.size();
    if (next < inputs) {
      enter(n.inputs[next++]);
    } else if (n.op == Op::memoryRead && next < inputs + 3 && isState(m_, n)) {
      const Memory& memory = m_.memories[n.attribute];
      const Signal writes[] = {memory.writeEnable, memory.writeAddress, memory.writeData};
      const Signal before = writes[next++ - inputs];
      if (before.valid()) enter(before);
    } else {
      const Signal now = s;
      stack_.pop_back();
      lowerNode(now);
      done_[now.index] = true;
    }
  }
}

Lit Lowering::bit(Signal s, std::uint32_t i) const {
  const Wires& w = bits_[s.index];
  if (i < w.count) return wires_[w.first + i];
  return m_.node(s).isSigned ? wires_[w.first + w.count - 1] : kZero;
}

Lowering::Bits Lowering::extended(Signal s, std::uint32_t width) const {
  const Wires& w = bits_[s.index];
  const Lit* const from = wires_.data() + w.first;
  Bits b(from, from + std::min(w.count, width));
  b.resize(width, m_.node(s).isSigned && w.count > 0 ? from[w.count - 1] : kZero);
  return b;
}

void Lowering::setBits(Signal s, BitsView bits) {
  bits_[s.index] = {static_cast<std::uint32_t>(wires_.size()), static_cast<std::uint32_t>(bits.size())};
  wires_.insert(wires_.end(), bits.begin(), bits.end());
}

std::uint32_t Lowering::newCell(Cell cell) {
  out_.cells.push_back(std::move(cell));
  return static_cast<std::uint32_t>(out_.cells.size() - 1);
}

/// A leaf or box as the next output of a cell.
Lit Lowering::output(std::uint32_t cell, Lit made) {
  out_.cellDrives(cell, gateOf(made));
  out_.cells[cell].outputs.push_back(gateOf(made));
  return made;
}

Lit Lowering::leaf(std::uint32_t cell, std::int32_t arrival) { return output(cell, n_.leaf(arrival)); }

Lit Lowering::muxBit(Lit s, Lit ifOne, Lit ifZero) {
  const Lit made = n_.mux(s, ifOne, ifZero);
  if (gateOf(s) != 0 && ifOne != ifZero) noteChoice(made, {s, ifOne, ifZero});
  return made;
}

Lowering::Bits Lowering::clamp(const Node& n) {
  const Signal a = n.inputs[0];
  const Node& x = m_.node(a);
  const auto constant = [&](std::int64_t value, std::uint32_t width) {
    Bits b;
    for (std::uint32_t i = 0; i < width; ++i)
      b.push_back((value >> std::min(i, 63u) & 1) != 0 ? kOne : kZero);
    return b;
  };
  Bits result = extended(a, n.width);
  const auto choose = [&](Lit condition, std::int64_t value) {
    const Bits other = constant(value, n.width);
    for (std::uint32_t i = 0; i < n.width; ++i) result[i] = muxBit(condition, other[i], result[i]);
  };
  const Bits whole = extended(a, x.width);
  if (x.range->hi > n.range->hi)
    choose(greater(whole, constant(n.range->hi, x.width), x.isSigned, false), n.range->hi);
  if (x.range->lo < n.range->lo)
    choose(
        n.range->lo == 0 ? whole.back() : greater(constant(n.range->lo, x.width), whole, x.isSigned, false),
        n.range->lo);
  return result;
}

void Lowering::lowerNode(Signal s) {
  if (takenBy_[s.index].valid()) {
    if (!loop_[s.index]) takeIntoDsp(s);
    return;
  }
  const Node& n = m_.node(s);
  const std::uint32_t w = n.width;
  const auto shift = static_cast<std::uint32_t>(n.attribute);
  const auto in = [&](std::size_t k) { return extended(n.inputs[k], w); };
  const auto part = [&](std::uint32_t from) {  // of the first input's wires, where it has as many
    const Wires& of = bits_[n.inputs[0].index];
    if (from + w > of.count) return false;
    bits_[s.index] = {of.first + from, w};
    return true;
  };
  const auto whole = [&](std::size_t k) { return extended(n.inputs[k], m_.node(n.inputs[k]).width); };
  Bits b;
  const auto each = [&](auto&& gate) {
    const Bits x = in(0), y = n.inputs.size() > 1 ? in(1) : Bits(w, kZero);
    for (std::uint32_t i = 0; i < w; ++i) b.push_back(gate(x[i], y[i]));
  };
  const auto sum = [&](const Bits& x, const Bits& y, bool subtract) {
    b = add(x, y, subtract);
    b.resize(w, kZero);
  };
  const auto read = [&](Bits x) {  // only what is needed: the rest is never looked at
    x.resize(std::max(needed_[s.index], 1u), kZero);
    return x;
  };
  switch (n.op) {
    case Op::input:
    case Op::instanceOutput:
      for (std::uint32_t i = 0; i < w; ++i)
        b.push_back(n_.leaf(n.op == Op::input ? kPortArrival : kFlipFlopClockToOutput));
      break;
    case Op::constant:
      for (std::uint32_t i = 0; i < w; ++i)
        b.push_back((n.words[i / 64] >> (i % 64) & 1) != 0 ? kOne : kZero);
      break;
    case Op::slice:
    case Op::shiftRight:
      if (part(shift)) return;
      for (std::uint32_t i = 0; i < w; ++i) b.push_back(bit(n.inputs[0], shift + i));
      break;
    case Op::shiftLeft:
      for (std::uint32_t i = 0; i < w; ++i) b.push_back(i < shift ? kZero : bit(n.inputs[0], i - shift));
      break;
    case Op::wrap:
      if (part(0)) return;
      b = in(0);
      break;
    case Op::concat:
      for (const Signal part : n.inputs)
        for (std::uint32_t i = 0; i < m_.node(part).width; ++i) b.push_back(bit(part, i));
      break;
    case Op::mux: {
      const Lit steer = bit(n.inputs[0], 0);
      const Bits x = in(1), y = in(2);
      for (std::uint32_t i = 0; i < w; ++i) b.push_back(muxBit(steer, x[i], y[i]));
      break;
    }
    case Op::reg:
      if (!loop_[s.index]) registerBits(s, in(0));
      return;
    case Op::memoryRead:
      if (loop_[s.index]) return;
      b = readMemory(s);
      break;
    case Op::add: {
      const Node& y = m_.node(n.inputs[1]);
      if (y.op == Op::constant && y.range->lo < 0 && y.range->lo != INT64_MIN) {  // printed as a - |y|
        Bits amount;
        for (std::uint32_t i = 0; i < w; ++i)
          amount.push_back((-y.range->lo >> std::min(i, 63u) & 1) != 0 ? kOne : kZero);
        amount.resize(std::max(needed_[s.index], 1u), kZero);
        sum(read(in(0)), amount, true);
      } else {
        sum(read(in(0)), read(in(1)), false);
      }
      break;
    }
    case Op::subtract:
      sum(read(in(0)), read(in(1)), true);
      break;
    case Op::negate:
      sum(read(Bits(w, kZero)), read(in(0)), true);
      break;
    case Op::multiply:
      b = multiply(s);
      break;
    case Op::clamp:
      b = clamp(n);
      break;
    case Op::equal:
    case Op::notEqual: {
      const Node &x = m_.node(n.inputs[0]), &y = m_.node(n.inputs[1]);
      const bool isSigned = x.isSigned || y.isSigned;
      const auto size = [&](const Node& a) { return a.width + (isSigned && !a.isSigned ? 1u : 0u); };
      const std::uint32_t width = std::max(size(x), size(y));
      const Lit same = equal(extended(n.inputs[0], width), extended(n.inputs[1], width));
      b = {n.op == Op::equal ? same : invert(same)};
      break;
    }
    case Op::less:
    case Op::lessEqual:
      b = {less(n.inputs[0], n.inputs[1], n.op == Op::lessEqual)};
      break;
    case Op::bitNot:
      each([](Lit x, Lit) { return invert(x); });
      break;
    case Op::bitAnd:
      each([&](Lit x, Lit y) { return n_.land(x, y); });
      break;
    case Op::bitOr:
      each([&](Lit x, Lit y) { return n_.lor(x, y); });
      break;
    case Op::bitXor:
      each([&](Lit x, Lit y) { return n_.lxor(x, y); });
      break;
    case Op::reduceAnd: {
      Bits all = whole(0);
      b = {n_.all(all)};
      break;
    }
    case Op::reduceOr: {
      Bits any = whole(0);
      b = {n_.any(any)};
      break;
    }
    case Op::reduceXor: {
      Lit x = kZero;
      for (const Lit a : whole(0)) x = n_.lxor(x, a);
      b = {x};
      break;
    }
  }
  setBits(s, b);
}

void cellsOf(const Module& module, Family family, CellModule& cells) {
  Lowering(module, family, cells).run();
}

}  // namespace sluice::hdl

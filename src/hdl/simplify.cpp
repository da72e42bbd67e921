// simplify: the module is written again through a Builder, in topological order, from what the outputs need.
//
// Builder shares, folds and infers while it writes, so all of its rules apply again with what is known by
// now: an interval analysis over the whole module (registers included) first gives narrower ranges; then
// every node is written with its narrowed inputs. Rounds are repeated until nothing changes.
//
// Formats. A rewritten number may be narrower than the original. Readers of its value do not care; readers of
// its bits (slice, concat, ports, memory words) get it widened back to the original format, which is only
// wires.
//
// Exactness. The result equals the original in every cycle from power-up, if all promises hold: a register
// without reset powers up at 0 and its narrowed range keeps the 0.
#include "hdl/simplify.h"

#include <algorithm>
#include <bit>
#include <map>

#include "hdl/builder.h"
#include "hdl/builder_state.h"
#include "hdl/infer.h"
#include "hdl/order.h"
#include "hdl/simplify_steps.h"

namespace sluice::hdl {

class Simplifier {
 public:
  explicit Simplifier(const Module& m)
      : m_(m),
        order_(liveOrder(m)),
        ranges_(narrowRanges(m, order_)),
        loops_(statesInLoops(m)),
        b_(m.name),
        to_(m.nodes.size()) {}

  Module run(std::map<const Module*, std::shared_ptr<const Module>>& inner) {
    for (const Port& p : m_.inputs) port(p);
    memories();
    for (const Instance& i : m_.instances) b_.instance(i.name, inner.at(i.module.get()));
    for (const Signal s : order_)
      if (loops_[s.index]) declare(s);
    for (const Signal s : order_) write(s);
    for (const Signal s : order_)
      if (loops_[s.index]) drive(s);
    writePorts();
    for (std::size_t i = 0; i < m_.instances.size(); ++i)
      for (std::size_t k = 0; k < m_.instances[i].inputs.size(); ++k) connect(i, k);
    for (const Port& p : m_.outputs) b_.output(p.name, bits(p.signal));
    return std::move(b_).build();
  }

 private:
  /// The new signal in the original's format: what is needed where bits are read.
  Signal bits(Signal s) {
    const Node& n = m_.node(s);
    const Signal now = write(s);
    if (!n.isNumber() || b_.node(now).format() == n.format()) return now;
    return widened(now, n);
  }

  void port(const Port& p) {
    const Node& n = m_.node(p.signal);
    Node copy = n;
    to_[p.signal.index] = b_.append(std::move(copy));
    b_.module_.inputs.push_back({.name = p.name, .signal = to_[p.signal.index]});
  }
  /// The same value in the format of `n`, also where Builder would leave a constant narrow.
  Signal widened(Signal now, const Node& n) {
    if (b_.range(now).lo == b_.range(now).hi) {
      const std::int64_t value = b_.range(now).lo;
      return b_.share({.op = Op::constant,
                       .width = n.width,
                       .isSigned = n.isSigned,
                       .range = fixed::Interval{value, value},
                       .words = {static_cast<std::uint64_t>(value) & maskOf(n.width)}});
    }
    return b_.wrap(now, n.format());
  }
  void connect(std::size_t instance, std::size_t input) {
    const Port& port = m_.instances[instance].module->inputs[input];
    const Signal s = m_.instances[instance].inputs[input];
    const bool number = m_.instances[instance].module->node(port.signal).isNumber();
    b_.connect(InstanceId(instance), port.name, number ? write(s) : bits(s));
  }
  void memories();
  void writePorts();
  void declare(Signal s);
  void drive(Signal s);
  Signal write(Signal root);
  Signal rewrite(Signal s);
  Signal writeRegister(const Node& n);
  Signal multiply(const Node& n);

  const Module& m_;
  std::vector<Signal> order_;
  std::vector<fixed::Interval> ranges_;
  std::vector<bool> loops_;
  Builder b_;
  std::vector<Signal> to_;  // per old node: the new one
  std::vector<MemoryId> memoryTo_;
};

void Simplifier::memories() {
  std::vector<bool> read(m_.memories.size(), false);
  for (const Signal s : order_)
    if (m_.node(s).op == Op::memoryRead) read[m_.node(s).attribute] = true;
  for (std::size_t i = 0; i < m_.memories.size(); ++i) {
    memoryTo_.emplace_back();
    if (!read[i]) continue;
    Memory copy = m_.memories[i];
    if (copy.style == Style::automatic) copy.style = memoryStyle(copy);
    copy.writeEnable = copy.writeAddress = copy.writeData = {};
    memoryTo_[i] = MemoryId(b_.module_.memories.size());
    b_.module_.memories.push_back(std::move(copy));
  }
}

void Simplifier::writePorts() {
  for (std::size_t i = 0; i < m_.memories.size(); ++i) {
    const Memory& old = m_.memories[i];
    if (!memoryTo_[i].valid() || !old.writeEnable.valid()) continue;
    const Signal enable = write(old.writeEnable), data = bits(old.writeData);
    const Signal address = old.writeAddress.valid() ? write(old.writeAddress) : Signal();
    Memory& now = b_.module_.memories[memoryTo_[i].index];
    now.writeEnable = enable, now.writeAddress = address, now.writeData = data;
  }
}

/// A state in a loop stands before what drives it.
void Simplifier::declare(Signal s) {
  Node n = m_.node(s);
  if (n.op == Op::memoryRead) n.attribute = memoryTo_[n.attribute].index;
  n.inputs.clear();
  if (n.op == Op::reg && n.isNumber()) {
    n.range = ranges_[s.index];
    if (n.range->lo == n.range->hi) {
      to_[s.index] = b_.constant(n.range->lo);
      return;
    }
    const fixed::IntegerFormat format = fixed::formatFor(*n.range);
    if (n.hasReset)
      n.words = {static_cast<std::uint64_t>(signExtend(n.words[0], n.width, n.isSigned)) &
                 maskOf(format.bits)};
    n.width = format.bits, n.isSigned = format.isSigned;
  }
  to_[s.index] = b_.append(std::move(n));
}

void Simplifier::drive(Signal s) {
  const Node& old = m_.node(s);
  const Signal now = to_[s.index];
  if (b_.node(now).op == Op::constant) return;
  std::vector<Signal> inputs{old.isNumber() || old.op == Op::memoryRead ? write(old.inputs[0])
                                                                        : bits(old.inputs[0])};
  if (old.isNumber() && old.op == Op::reg) inputs[0] = b_.assume(inputs[0], *b_.node(now).range);
  if (old.inputs.size() > 1) {
    const Signal enable = write(old.inputs[1]);
    if (b_.constantNumber(enable) == 0)
      inputs[0] = now;
    else if (b_.node(enable).op != Op::constant)
      inputs.push_back(enable);
  }
  b_.module_.nodes[now.index].inputs = std::move(inputs);
}

/// Writes a signal and, before it, what it needs; depth first without recursion.
Signal Simplifier::write(Signal root) {
  std::vector<std::pair<Signal, std::size_t>> stack{{root, 0}};
  while (!stack.empty()) {
    auto& [s, done] = stack.back();
    if (to_[s.index].valid()) {
      stack.pop_back();
    } else if (done < m_.node(s).inputs.size()) {
      const Signal input = m_.node(s).inputs[done++];
      stack.emplace_back(input, 0);
    } else {
      const Signal now = rewrite(s);
      const std::string& name = m_.node(s).name;
      if (!name.empty() && b_.node(now).name.empty() && b_.node(now).op != Op::constant)
        b_.nameHint(now, name);
      to_[s.index] = now;
      stack.pop_back();
    }
  }
  return to_[root.index];
}

Signal Simplifier::writeRegister(const Node& n) {
  const bool number = n.isNumber();
  const Signal next = number ? to_[n.inputs[0].index] : b_.asBits(bits(n.inputs[0]));
  const Signal enable = n.inputs.size() > 1 ? to_[n.inputs[1].index] : Signal();
  const Node& from = b_.node(next);
  if (n.hasReset) {
    if (number) return b_.registerNode(next, enable, signExtend(n.words[0], n.width, n.isSigned), n.name);
    if (from.op == Op::constant && from.words == n.words) return next;
  } else if (from.op != Op::constant && (!number || !n.range->contains(0) || from.range->contains(0))) {
    return b_.registerNode(next, enable, std::nullopt, n.name);
  } else if (from.op == Op::constant &&
             (number ? from.range->lo == 0
                     : std::all_of(from.words.begin(), from.words.end(), [](auto w) { return w == 0; }))) {
    return next;
  }
  // What is left powers up at another value than it takes then.
  Node reg = n;
  if (number) {
    reg.range = n.range->contains(0) ? fixed::join(*from.range, {0, 0}) : *from.range;
    const fixed::IntegerFormat format = fixed::formatFor(*reg.range);
    reg.width = format.bits, reg.isSigned = format.isSigned;
  }
  reg.inputs = {next};
  if (enable.valid()) reg.inputs.push_back(enable);
  return b_.share(std::move(reg));
}

/// `automatic` is decided here. A product of few bits, or by a constant of few digits, is cheaper in look-up
/// tables than in a DSP; and synthesis builds no DSP for a product of less than nine bits anyway.
Signal Simplifier::multiply(const Node& n) {
  const Signal a = to_[n.inputs[0].index], b = to_[n.inputs[1].index];
  // Low bits that are always zero are no bits of a factor: synthesis takes them off before it looks for DSPs.
  const auto factor = [this](Signal s) {
    Node node = b_.node(s);
    if (node.op == Op::constant) return node;
    std::uint32_t zeros = 0;
    while (zeros + 1 < node.width && b_.node(b_.slice(s, zeros, 1)).op == Op::constant) ++zeros;
    node.width -= zeros;
    node.range = fixed::Interval{node.range->lo >> zeros, node.range->hi >> zeros};
    return node;
  };
  return b_.multiply(a, b,
                     n.style == Style::logic ? Style::logic : multiplyStyle(factor(a), factor(b), n.style));
}

Signal Simplifier::rewrite(Signal s) {
  const Node& n = m_.node(s);
  const auto in = [&](std::size_t k) { return to_[n.inputs[k].index]; };
  const auto shift = static_cast<std::uint32_t>(n.attribute);
  if (n.isNumber() && ranges_[s.index].lo == ranges_[s.index].hi && n.op != Op::input)
    return b_.constant(ranges_[s.index].lo);
  switch (n.op) {
    case Op::constant:
      return n.isNumber() ? b_.constant(n.range->lo) : b_.constantBits(n.width, n.words);
    case Op::slice:
      return b_.sliceRead(bits(n.inputs[0]), shift, n.width,
                          n.width == 1 && !n.isSigned ? std::nullopt : n.range);
    case Op::concat: {
      std::vector<Signal> parts;
      for (const Signal part : n.inputs) parts.push_back(bits(part));
      return b_.concat(parts);
    }
    case Op::mux:
      return n.isNumber() ? b_.mux(in(0), in(1), in(2))
                          : b_.mux(in(0), b_.asBits(bits(n.inputs[1])), b_.asBits(bits(n.inputs[2])));
    case Op::reg:
      return writeRegister(n);
    case Op::memoryRead: {
      const std::optional<std::int64_t> known = b_.constantNumber(in(0));
      const Memory& memory = m_.memories[n.attribute];
      if (known && !memory.contents.empty() && !memory.synchronousRead) {
        const auto& word = memory.contents[static_cast<std::size_t>(*known)];
        return n.isNumber() ? b_.constant(signExtend(word[0], n.width, n.isSigned))
                            : b_.constantBits(n.width, word);
      }
      Node read = n;
      read.attribute = memoryTo_[n.attribute].index;
      read.inputs = {in(0)};
      return b_.share(std::move(read));
    }
    case Op::instanceOutput: {
      Node output = n;
      return b_.share(std::move(output));
    }
    case Op::add:
      return b_.add(in(0), in(1));
    case Op::subtract:
      return b_.subtract(in(0), in(1));
    case Op::multiply:
      return multiply(n);
    case Op::negate:
      return b_.negate(in(0));
    case Op::shiftLeft:
      return b_.shiftLeft(in(0), shift);
    case Op::shiftRight:
      return b_.shiftRight(in(0), shift);
    case Op::wrap: {
      const Signal from = in(0);
      if (b_.node(from).isNumber() && n.format().range().contains(b_.range(from))) return from;
      return b_.wrap(b_.node(from).isNumber() ? from : bits(n.inputs[0]), n.format());
    }
    case Op::clamp:
      return b_.clamp(in(0), *n.range);
    case Op::equal:
      return b_.equal(in(0), in(1));
    case Op::notEqual:
      return b_.notEqual(in(0), in(1));
    case Op::less:
      return b_.less(in(0), in(1));
    case Op::lessEqual:
      return b_.lessEqual(in(0), in(1));
    case Op::bitNot:
      return b_.bitNot(bits(n.inputs[0]));
    case Op::bitAnd:
      return b_.bitAnd(bits(n.inputs[0]), bits(n.inputs[1]));
    case Op::bitOr:
      return b_.bitOr(bits(n.inputs[0]), bits(n.inputs[1]));
    case Op::bitXor:
      return b_.bitXor(bits(n.inputs[0]), bits(n.inputs[1]));
    case Op::reduceOr:
      return b_.reduceOr(bits(n.inputs[0]));
    case Op::reduceAnd:
      return b_.reduceAnd(bits(n.inputs[0]));
    case Op::reduceXor:
      return b_.reduceXor(bits(n.inputs[0]));
    case Op::input:
      break;
  }
  SLUICE_CHECK(false, "input ports are written first");
  return {};
}

namespace {

/// Whether another round has changed nothing. It numbers nodes in the same order if it finds the same ones.
bool sameNodes(const Module& a, const Module& b) {
  return std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(),
                    [](const Node& x, const Node& y) {
                      return x.op == y.op && x.width == y.width && x.range == y.range &&
                             x.inputs == y.inputs && x.attribute == y.attribute;
                    });
}

using Done = std::map<const Module*, std::shared_ptr<const Module>>;

Module simplifyWith(const Module& module, Done& done) {
  for (const Instance& i : module.instances)
    if (!done.contains(i.module.get())) {
      auto inner = std::make_shared<const Module>(simplifyWith(*i.module, done));
      done.emplace(i.module.get(), std::move(inner));
    }
  constexpr int mostRounds = 6;
  Module now = Simplifier(module).run(done);
  for (int round = 1; round < mostRounds; ++round) {
    Done same;  // instances are simple by now
    for (const Instance& i : now.instances) same.emplace(i.module.get(), i.module);
    Module next = Simplifier(pruneBits(now)).run(same);
    const bool settled = sameNodes(next, now);
    now = std::move(next);
    if (settled) break;
  }
  return now;
}

}  // namespace

Module simplify(const Module& module) {
  Done done;
  return simplifyWith(module, done);
}

}  // namespace sluice::hdl

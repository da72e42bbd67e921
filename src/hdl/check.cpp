#include <map>
#include <set>

#include "hdl/infer.h"
#include "hdl/module.h"

namespace sluice::hdl {
namespace {

const char* opName(Op op) {
  constexpr const char* names[] = {
      "input",          "constant", "slice",    "concat",   "mux",       "reg",       "memoryRead",
      "instanceOutput", "add",      "subtract", "multiply", "negate",    "shiftLeft", "shiftRight",
      "wrap",           "clamp",    "equal",    "notEqual", "less",      "lessEqual", "bitNot",
      "bitAnd",         "bitOr",    "bitXor",   "reduceOr", "reduceAnd", "reduceXor"};
  return names[static_cast<std::size_t>(op)];
}

/// What the rules are read from, and the first one that is broken.
struct Checker {
  const Module& m;
  std::string problem;

  bool fail(const std::string& where, const std::string& what) {
    if (problem.empty()) problem = where + ": " + what;
    return false;
  }
  bool failAt(std::size_t i, const std::string& what) {
    const Node& n = m.nodes[i];
    std::string where = std::string("signal ") + std::to_string(i) + " (" + opName(n.op);
    if (!n.name.empty()) where += " '" + n.name + "'";
    return fail(where + ")", what);
  }
  [[nodiscard]] bool exists(Signal s) const { return s.index < m.nodes.size(); }

  bool arity(std::size_t i);
  bool format(std::size_t i);
  bool widths(std::size_t i);
  bool numbers(std::size_t i);
  bool places(std::size_t i);
  bool memory(std::size_t i);
  bool instance(std::size_t i);
  bool ports();
  bool fits(const std::string& where, Signal from, const Node& target);
  bool addressInside(const std::string& where, Signal address, const Memory& memory);
};

bool Checker::arity(std::size_t i) {
  const Node& n = m.nodes[i];
  std::size_t least = 0, most = 0;
  switch (n.op) {
    case Op::input:
    case Op::constant:
    case Op::instanceOutput:
      break;
    case Op::concat:
      least = 1, most = SIZE_MAX;
      break;
    case Op::mux:
      least = most = 3;
      break;
    case Op::reg:
      least = 1, most = 2;
      break;
    case Op::slice:
    case Op::memoryRead:
    case Op::negate:
    case Op::shiftLeft:
    case Op::shiftRight:
    case Op::wrap:
    case Op::clamp:
    case Op::bitNot:
    case Op::reduceOr:
    case Op::reduceAnd:
    case Op::reduceXor:
      least = most = 1;
      break;
    default:
      least = most = 2;
  }
  if (n.inputs.size() < least || n.inputs.size() > most)
    return failAt(i, "has " + std::to_string(n.inputs.size()) + " inputs");
  for (const Signal s : n.inputs)
    if (!exists(s)) return failAt(i, "has an input that does not exist");
  return true;
}

/// The format holds the range; constants and reset values have the words of their width.
bool Checker::format(std::size_t i) {
  const Node& n = m.nodes[i];
  if (n.width < 1) return failAt(i, "has no bits");
  if (n.isSigned && !n.isNumber()) return failAt(i, "plain bits have no sign");
  if (n.isNumber()) {
    if (n.width > (n.isSigned ? 64u : 63u))
      return failAt(i, "a number of " + std::to_string(n.width) + " bits");
    if (n.range->lo > n.range->hi) return failAt(i, "an empty range");
    if (!n.format().range().contains(*n.range)) return failAt(i, "the range does not fit the width");
  } else if (n.width == 1) {
    return failAt(i, "one bit is the number [0, 1]");
  }
  const bool hasWords = n.op == Op::constant || (n.op == Op::reg && n.hasReset);
  if (n.words.size() != (hasWords ? (n.width + 63) / 64 : 0))
    return failAt(i, "the words of its value do not match its width");
  if (hasWords && n.width % 64 != 0 && (n.words.back() >> (n.width % 64)) != 0)
    return failAt(i, "its value exceeds its width");
  if (n.op == Op::constant && n.isNumber()) {
    const std::uint64_t mask = n.width == 64 ? ~0ull : (1ull << n.width) - 1;
    if (n.range->lo != n.range->hi || (static_cast<std::uint64_t>(n.range->lo) & mask) != n.words[0])
      return failAt(i, "a constant's range is its value");
  }
  return true;
}

bool Checker::fits(const std::string& where, Signal from, const Node& target) {
  const Node& n = m.node(from);
  if (target.isNumber()) {
    if (!n.isNumber()) return fail(where, "bits where a number is expected");
    if (!target.range->contains(*n.range))
      return fail(where, "range [" + std::to_string(n.range->lo) + ", " + std::to_string(n.range->hi) +
                             "] does not lie in [" + std::to_string(target.range->lo) + ", " +
                             std::to_string(target.range->hi) + "]");
  } else if (n.width != target.width) {
    return fail(where,
                std::to_string(n.width) + " bits where " + std::to_string(target.width) + " are expected");
  }
  return true;
}

bool Checker::addressInside(const std::string& where, Signal address, const Memory& memory) {
  const Node& n = m.node(address);
  if (!n.isNumber() || n.range->lo < 0 || n.range->hi >= std::int64_t{memory.words})
    return fail(where, "the address may lie outside the " + std::to_string(memory.words) + " words of '" +
                           memory.name + "'");
  return true;
}

/// Structural operations.
bool Checker::widths(std::size_t i) {
  const Node& n = m.nodes[i];
  const auto in = [&](std::size_t k) -> const Node& { return m.node(n.inputs[k]); };
  const std::string where = "signal " + std::to_string(i) + " (" + opName(n.op) + ")";
  switch (n.op) {
    case Op::slice:
      if (n.attribute + n.width > in(0).width) return failAt(i, "a slice outside its signal");
      break;
    case Op::concat: {
      std::uint64_t total = 0;
      for (const Signal s : n.inputs) total += m.node(s).width;
      if (total != n.width) return failAt(i, "the parts have " + std::to_string(total) + " bits");
      if (n.isNumber() && n.width > 1) return failAt(i, "a concat is plain bits");
      break;
    }
    case Op::mux:
      if (in(0).width != 1) return failAt(i, "is steered by more than one bit");
      if (!fits(where, n.inputs[1], n) || !fits(where, n.inputs[2], n)) return false;
      break;
    case Op::reg:
      if (n.inputs.size() == 2 && in(1).width != 1) return failAt(i, "is enabled by more than one bit");
      if (!fits(where, n.inputs[0], n)) return false;
      break;
    case Op::memoryRead: {
      if (n.attribute >= m.memories.size()) return failAt(i, "reads no memory");
      const Memory& memory = m.memories[n.attribute];
      if (n.width != memory.width) return failAt(i, "reads another width than the memory has");
      return addressInside(where, n.inputs[0], memory);
    }
    case Op::instanceOutput: {
      if (n.attribute >= m.instances.size()) return failAt(i, "is of no instance");
      const Module& of = *m.instances[n.attribute].module;
      if (n.port >= of.outputs.size()) return failAt(i, "is no output of the instance");
      const Node& driver = of.node(of.outputs[n.port].signal);
      if (n.width != driver.width || n.isSigned != driver.isSigned)
        return failAt(i, "differs in format from the output port");
      if (n.isNumber() != driver.isNumber() || (n.isNumber() && !n.range->contains(*driver.range)))
        return failAt(i, "has a range that does not hold the output port's");
      break;
    }
    default:
      break;
  }
  return true;
}

/// Operations on numbers and on short bits.
bool Checker::numbers(std::size_t i) {
  const Node& n = m.nodes[i];
  if (n.op >= Op::add && n.op <= Op::lessEqual) {
    std::vector<WideInterval> in;
    for (const Signal s : n.inputs) {
      if (!m.node(s).isNumber() && (n.op != Op::wrap || m.node(s).width > 64))
        return failAt(i, "takes numbers");
      in.push_back(valuesOf(m.node(s)));
    }
    if ((n.op == Op::shiftLeft && n.attribute > 62) || (n.op == Op::shiftRight && n.attribute > 64))
      return failAt(i, "shifts too far");
    const std::optional<WideInterval> inferred = inferRange(n, in);
    if (!n.isNumber() || !inferred->inside(*n.range))
      return failAt(i, "its range does not hold every result");
    if (n.op >= Op::equal && (n.width != 1 || n.isSigned)) return failAt(i, "a comparison gives one bit");
  }
  if (n.op >= Op::bitNot && n.op <= Op::bitXor) {
    for (const Signal s : n.inputs)
      if (m.node(s).width != n.width) return failAt(i, "takes signals of its own width");
    if (n.width > 64) return failAt(i, "takes at most 64 bits");
    if (n.isSigned || (n.isNumber() && n.width != 1)) return failAt(i, "gives plain bits");
  }
  if (n.op >= Op::reduceOr && (n.width != 1 || n.isSigned)) return failAt(i, "gives one bit");
  return true;
}

/// Input nodes are ports.
bool Checker::places(std::size_t i) {
  if (m.nodes[i].op != Op::input) return true;
  std::size_t count = 0;
  for (const Port& p : m.inputs) count += p.signal == Signal(i) ? 1 : 0;
  return count == 1 || failAt(i, "is not exactly one input port");
}

bool Checker::memory(std::size_t i) {
  const Memory& memory = m.memories[i];
  const std::string where = "memory '" + memory.name + "'";
  if (memory.width < 1 || memory.words < 1) return fail(where, "has no words");
  if (memory.style == Style::dsp) return fail(where, "cannot be built of multipliers");
  if (memory.style == Style::blockRam && !memory.synchronousRead)
    return fail(where, "block RAM is read at the clock");
  if (!memory.contents.empty()) {
    if (memory.writeEnable.valid()) return fail(where, "has contents and a write port");
    if (memory.contents.size() != memory.words) return fail(where, "has contents of another number of words");
    for (const auto& word : memory.contents)
      if (word.size() != (memory.width + 63) / 64 ||
          (memory.width % 64 != 0 && (word.back() >> (memory.width % 64)) != 0))
        return fail(where, "has contents of another width");
    if (memory.style == Style::shiftRegister) return fail(where, "a shift register is written");
    return true;
  }
  if (!exists(memory.writeEnable) || !exists(memory.writeData)) return fail(where, "is never written");
  if (m.node(memory.writeEnable).width != 1) return fail(where, "is enabled by more than one bit");
  if (m.node(memory.writeData).width != memory.width)
    return fail(where, "is written with another width than it has");
  if (memory.style == Style::shiftRegister)
    return !memory.writeAddress.valid() || fail(where, "a shift register has no write address");
  if (!exists(memory.writeAddress)) return fail(where, "is written nowhere");
  return addressInside(where, memory.writeAddress, memory);
}

bool Checker::instance(std::size_t i) {
  const Instance& instance = m.instances[i];
  const std::string where = "instance '" + instance.name + "'";
  if (!legalName(instance.name)) return fail(where, "the name is no legal identifier");
  if (!instance.module) return fail(where, "is of no module");
  if (instance.inputs.size() != instance.module->inputs.size())
    return fail(where, "does not connect every input");
  for (std::size_t k = 0; k < instance.inputs.size(); ++k) {
    const Port& port = instance.module->inputs[k];
    if (!exists(instance.inputs[k])) return fail(where, "input '" + port.name + "' is not connected");
    if (!fits(where + " input '" + port.name + "'", instance.inputs[k], instance.module->node(port.signal)))
      return false;
  }
  return true;
}

bool Checker::ports() {
  if (!legalName(m.name)) return fail("module '" + m.name + "'", "the name is no legal identifier");
  std::set<std::string> names;
  for (const auto* list : {&m.inputs, &m.outputs})
    for (const Port& p : *list) {
      if (!legalName(p.name)) return fail("port '" + p.name + "'", "the name is no legal identifier");
      if (!names.insert(p.name).second) return fail("port '" + p.name + "'", "the name is taken twice");
      if (!exists(p.signal)) return fail("port '" + p.name + "'", "has no signal");
    }
  for (const Port& p : m.inputs)
    if (m.node(p.signal).op != Op::input)
      return fail("port '" + p.name + "'", "an input port is an input node");
  for (const Instance& instance : m.instances)
    if (!names.insert(instance.name).second)
      return fail("instance '" + instance.name + "'", "the name is taken twice");
  return true;
}

/// Walks the combinational edges of a module, instances included. `enter` and `leave` see each node once.
class CombinationalWalk {
 public:
  explicit CombinationalWalk(const Module& module) : m_(module), state_(module.nodes.size(), 0) {
    for (const Instance& instance : m_.instances) {
      const Module* key = instance.module.get();
      if (!through_.contains(key)) through_.emplace(key, combinationalInputs(*key));
    }
  }

  [[nodiscard]] std::vector<Signal> sources(Signal s) const {
    const Node& n = m_.node(s);
    if (n.op == Op::reg) return {};
    if (n.op == Op::memoryRead && m_.memories[n.attribute].synchronousRead) return {};
    if (n.op != Op::instanceOutput) return n.inputs;
    const Instance& instance = m_.instances[n.attribute];
    std::vector<Signal> result;
    for (const std::uint32_t k : through_.at(instance.module.get())[n.port])
      result.push_back(instance.inputs[k]);
    return result;
  }

  /// Depth first without recursion: chains are as long as networks are deep. A signal on a cycle, or none.
  Signal visit(Signal root) {
    std::vector<std::pair<Signal, std::vector<Signal>>> stack;
    const auto push = [&](Signal s) { state_[s.index] = 1, stack.emplace_back(s, sources(s)); };
    if (state_[root.index] == 0) push(root);
    while (!stack.empty()) {
      auto& [signal, open] = stack.back();
      if (open.empty()) {
        state_[signal.index] = 2;
        stack.pop_back();
        continue;
      }
      const Signal next = open.back();
      open.pop_back();
      if (state_[next.index] == 1) return next;
      if (state_[next.index] == 0) push(next);
    }
    return {};
  }

  [[nodiscard]] bool seen(Signal s) const { return state_[s.index] != 0; }
  void forget() { state_.assign(state_.size(), 0); }

 private:
  const Module& m_;
  std::vector<std::uint8_t> state_;  // 0 not seen, 1 on the stack, 2 done
  std::map<const Module*, std::vector<std::vector<std::uint32_t>>> through_;
};

}  // namespace

std::vector<std::vector<std::uint32_t>> combinationalInputs(const Module& module) {
  CombinationalWalk walk(module);
  std::vector<std::vector<std::uint32_t>> result;
  for (const Port& output : module.outputs) {
    walk.forget();
    walk.visit(output.signal);
    std::vector<std::uint32_t> reached;
    for (std::uint32_t i = 0; i < module.inputs.size(); ++i)
      if (walk.seen(module.inputs[i].signal)) reached.push_back(i);
    result.push_back(std::move(reached));
  }
  return result;
}

Status check(const Module& module) {
  Checker checker{.m = module};
  const auto all = [](std::size_t count, auto rule) {
    for (std::size_t i = 0; i < count; ++i)
      if (!rule(i)) return false;
    return true;
  };
  const std::size_t nodes = module.nodes.size();
  const bool legal =
      all(nodes, [&](std::size_t i) { return checker.arity(i) && checker.format(i); }) && checker.ports() &&
      all(nodes,
          [&](std::size_t i) { return checker.widths(i) && checker.numbers(i) && checker.places(i); }) &&
      all(module.memories.size(), [&](std::size_t i) { return checker.memory(i); }) &&
      all(module.instances.size(), [&](std::size_t i) { return checker.instance(i); });
  if (legal) {
    CombinationalWalk walk(module);
    for (std::size_t i = 0; i < nodes; ++i)
      if (const Signal s = walk.visit(Signal(i)); s.valid()) {
        checker.failAt(s.index, "is part of a combinational cycle");
        break;
      }
  }
  if (checker.problem.empty()) {
    std::set<const Module*> below;
    for (const Instance& instance : module.instances)
      if (below.insert(instance.module.get()).second) SLUICE_RETURN_IF_ERROR(check(*instance.module));
    return {};
  }
  return badInput(checker.problem, "module '" + module.name + "'");
}

}  // namespace sluice::hdl

#include "hdl/builder.h"

#include <algorithm>
#include <cstdio>

#include "hdl/builder_state.h"

namespace sluice::hdl {
namespace {

std::uint64_t hashOf(const Node& n) {
  std::uint64_t h = static_cast<std::uint64_t>(n.op);
  const auto mix = [&](std::uint64_t v) { h = (h ^ v) * 0x9e3779b97f4a7c15ull, h ^= h >> 29; };
  mix(n.width), mix(n.isSigned), mix(n.attribute), mix(n.port), mix(n.hasReset),
      mix(static_cast<std::uint64_t>(n.style));
  if (n.range) mix(static_cast<std::uint64_t>(n.range->lo)), mix(static_cast<std::uint64_t>(n.range->hi));
  for (const Signal s : n.inputs) mix(s.index);
  for (const std::uint64_t w : n.words) mix(w);
  return h;
}

bool equalNodes(const Node& a, const Node& b) {
  return a.op == b.op && a.width == b.width && a.isSigned == b.isSigned && a.range == b.range &&
         a.inputs == b.inputs && a.attribute == b.attribute && a.port == b.port && a.words == b.words &&
         a.hasReset == b.hasReset && a.style == b.style;
}

}  // namespace

Builder::Builder(std::string name) : state_(std::make_shared<State>()) { module_.name = std::move(name); }

Signal Builder::append(Node node) {
  module_.nodes.push_back(std::move(node));
  state_->declaredOnly.push_back(false);
  return Signal(module_.nodes.size() - 1);
}

Signal Builder::share(Node node) {
  const std::uint64_t hash = hashOf(node);
  const auto [first, last] = state_->shared.equal_range(hash);
  for (auto i = first; i != last; ++i)
    if (equalNodes(module_.nodes[i->second], node)) {
      Node& existing = module_.nodes[i->second];
      if (existing.name.empty()) existing.name = std::move(node.name);
      return Signal(i->second);
    }
  const Signal s = append(std::move(node));
  state_->shared.emplace(hash, s.index);
  return s;
}

fixed::Interval Builder::range(Signal s) const {
  SLUICE_CHECK(node(s).isNumber(),
               "only numbers have a range; read bits as a number with element, sliceNumber or wrap");
  return *node(s).range;
}

void Builder::nameHint(Signal s, std::string_view name) { module_.nodes[s.index].name = name; }

// ---- ports

namespace {
Node inputNode(std::string name, fixed::IntegerFormat format, std::optional<fixed::Interval> range) {
  return {.op = Op::input,
          .width = format.bits,
          .isSigned = format.isSigned,
          .range = range,
          .name = std::move(name)};
}
}  // namespace

Signal Builder::input(std::string name, fixed::IntegerFormat format) {
  SLUICE_CHECK(format.isSigned || format.bits <= 63, "unsigned numbers have at most 63 bits");
  const Signal s = append(inputNode(name, format, format.range()));
  module_.inputs.push_back({.name = std::move(name), .signal = s});
  return s;
}

Signal Builder::input(std::string name, fixed::Interval range) {
  const Signal s = append(inputNode(name, fixed::formatFor(range), range));
  module_.inputs.push_back({.name = std::move(name), .signal = s});
  return s;
}

Signal Builder::inputBits(std::string name, std::uint32_t width) {
  SLUICE_CHECK(width >= 1, "signals have at least one bit");
  if (width == 1) return input(std::move(name), fixed::Interval{0, 1});
  const Signal s = append(inputNode(name, {.bits = width, .isSigned = false}, std::nullopt));
  module_.inputs.push_back({.name = std::move(name), .signal = s});
  return s;
}

void Builder::output(std::string name, Signal signal) {
  module_.outputs.push_back({.name = std::move(name), .signal = signal});
}

// ---- constants

Signal Builder::constant(std::int64_t value) {
  const fixed::Interval range{value, value};
  const fixed::IntegerFormat format = fixed::formatFor(range);
  return share({.op = Op::constant,
                .width = format.bits,
                .isSigned = format.isSigned,
                .range = range,
                .words = {static_cast<std::uint64_t>(value) & maskOf(format.bits)}});
}

Signal Builder::constantBits(std::uint32_t width, std::vector<std::uint64_t> words) {
  SLUICE_CHECK(width >= 1, "signals have at least one bit");
  words.resize(wordsFor(width), 0);
  words.back() &= maskOf((width - 1) % 64 + 1);
  if (width == 1) return constant(static_cast<std::int64_t>(words[0]));
  return share({.op = Op::constant, .width = width, .words = std::move(words)});
}

Signal Builder::constantBits(std::uint32_t width, std::uint64_t value) {
  return constantBits(width, std::vector<std::uint64_t>{value});
}

Signal Builder::flag(bool value) { return constant(value ? 1 : 0); }

std::optional<std::int64_t> Builder::constantNumber(Signal a) const {
  const Node& n = node(a);
  if (n.op == Op::constant && n.isNumber()) return n.range->lo;
  return std::nullopt;
}

const std::vector<std::uint64_t>* Builder::constantWords(Signal a) const {
  return node(a).op == Op::constant ? &node(a).words : nullptr;
}

// ---- registers

Signal Builder::registerNode(Signal next, Signal enable, std::optional<std::int64_t> resetValue,
                             std::string_view name) {
  const std::optional<std::int64_t> always = enable.valid() ? constantNumber(enable) : 1;
  if (always && *always != 0) enable = {};
  const Node& from = node(next);
  const std::vector<std::uint64_t>* value = constantWords(next);
  Node reg{.op = Op::reg,
           .width = from.width,
           .isSigned = from.isSigned,
           .range = from.range,
           .name = std::string(name)};
  if (resetValue) {
    reg.hasReset = true;
    if (from.isNumber()) {
      reg.range = fixed::join(*from.range, {*resetValue, *resetValue});
      const fixed::IntegerFormat format = fixed::formatFor(*reg.range);
      if (!from.format().range().contains(*resetValue) || from.isSigned != format.isSigned)
        reg.width = format.bits, reg.isSigned = format.isSigned;
    } else {
      SLUICE_CHECK(*resetValue >= 0 && (from.width >= 63 || *resetValue < (std::int64_t{1} << from.width)),
                   "the reset value of bits fits their width");
    }
    reg.words.assign(wordsFor(reg.width), 0);
    reg.words[0] = static_cast<std::uint64_t>(*resetValue) & maskOf(reg.width);
    if (value && reg.range == from.range && *value == reg.words) return next;
    if (always && *always == 0) {
      if (reg.isNumber()) return constant(*resetValue);
      return constantBits(reg.width, reg.words);
    }
  } else if (value) {
    return next;  // it may hold anything until it is written, so also what will be written
  } else if (always && *always == 0) {
    return reg.isNumber() ? constant(reg.range->contains(0) ? 0 : reg.range->lo)
                          : constantBits(reg.width, std::uint64_t{0});
  }
  reg.inputs.push_back(next);
  if (enable.valid()) reg.inputs.push_back(enable);
  return share(std::move(reg));
}

Signal Builder::reg(Signal next, std::string_view name) { return registerNode(next, {}, std::nullopt, name); }

Signal Builder::regEnabled(Signal next, Signal enable, std::string_view name) {
  SLUICE_CHECK(width(enable) == 1, "an enable has one bit");
  return registerNode(next, enable, std::nullopt, name);
}

Signal Builder::regReset(Signal next, std::int64_t resetValue, std::string_view name) {
  return registerNode(next, {}, resetValue, name);
}

Signal Builder::regDeclare(fixed::Interval range, std::optional<std::int64_t> resetValue,
                           std::string_view name) {
  const fixed::IntegerFormat format = fixed::formatFor(range);
  SLUICE_CHECK(!resetValue || range.contains(*resetValue), "a register's reset value lies in its range");
  Node reg{.op = Op::reg,
           .width = format.bits,
           .isSigned = format.isSigned,
           .range = range,
           .hasReset = resetValue.has_value(),
           .name = std::string(name)};
  if (resetValue) reg.words = {static_cast<std::uint64_t>(*resetValue) & maskOf(format.bits)};
  const Signal s = append(std::move(reg));
  state_->declaredOnly[s.index] = true;
  return s;
}

Signal Builder::regDeclareBits(std::uint32_t width, std::string_view name) {
  if (width == 1) return regDeclare({0, 1}, std::nullopt, name);
  const Signal s = append({.op = Op::reg, .width = width, .name = std::string(name)});
  state_->declaredOnly[s.index] = true;
  return s;
}

void Builder::regDrive(Signal reg, Signal next, Signal enable) {
  SLUICE_CHECK(node(reg).op == Op::reg && state_->declaredOnly[reg.index],
               "a declared register is driven once");
  state_->declaredOnly[reg.index] = false;
  next = fitTo(next, node(reg), "a register's next value lies in its declared range");
  Node& n = module_.nodes[reg.index];
  n.inputs = {next};
  if (!enable.valid()) return;
  SLUICE_CHECK(width(enable) == 1, "an enable has one bit");
  const std::optional<std::int64_t> always = constantNumber(enable);
  if (!always || *always == 0) n.inputs.push_back(enable);
}

Signal Builder::delay(Signal a, std::uint32_t cycles) {
  for (std::uint32_t i = 0; i < cycles; ++i) a = reg(a);
  return a;
}

// ---- memories

MemoryId Builder::rom(std::string name, std::uint32_t width, std::vector<std::vector<std::uint64_t>> contents,
                      Style style, bool synchronousRead) {
  SLUICE_CHECK(!contents.empty() && width >= 1, "a memory has at least one word of one bit");
  for (auto& word : contents) {
    word.resize(wordsFor(width), 0);
    word.back() &= maskOf((width - 1) % 64 + 1);
  }
  module_.memories.push_back({.name = std::move(name),
                              .width = width,
                              .words = static_cast<std::uint32_t>(contents.size()),
                              .style = style,
                              .synchronousRead = synchronousRead,
                              .contents = std::move(contents)});
  return MemoryId(module_.memories.size() - 1);
}

MemoryId Builder::ram(std::string name, std::uint32_t width, std::uint32_t words, Style style,
                      bool synchronousRead) {
  SLUICE_CHECK(words >= 1 && width >= 1, "a memory has at least one word of one bit");
  module_.memories.push_back({.name = std::move(name),
                              .width = width,
                              .words = words,
                              .style = style,
                              .synchronousRead = synchronousRead});
  return MemoryId(module_.memories.size() - 1);
}

void Builder::write(MemoryId memory, Signal enable, Signal address, Signal data) {
  Memory& m = module_.memories[memory.index];
  SLUICE_CHECK(m.contents.empty() && !m.writeEnable.valid(), "a memory that is no ROM has one write port");
  SLUICE_CHECK(width(enable) == 1, "an enable has one bit");
  SLUICE_CHECK(address.valid() == (m.style != Style::shiftRegister), "a shift register has no write address");
  if (address.valid())
    SLUICE_CHECK(fixed::Interval(0, std::int64_t{m.words} - 1).contains(range(address)),
                 "an address lies in the memory");
  if (node(data).isNumber() && width(data) < m.width && m.width <= 64)
    data = wrap(data, {.bits = m.width, .isSigned = node(data).isSigned || m.width == 64});
  SLUICE_CHECK(width(data) == m.width, "a written word has the width of the memory");
  Memory& again = module_.memories[memory.index];
  again.writeEnable = enable, again.writeAddress = address, again.writeData = data;
}

Signal Builder::read(MemoryId memory, Signal address) {
  const Memory& m = module_.memories[memory.index];
  SLUICE_CHECK(fixed::Interval(0, std::int64_t{m.words} - 1).contains(range(address)),
               "an address lies in the memory");
  const std::optional<std::int64_t> known = constantNumber(address);
  if (known && !m.contents.empty())
    return constantBits(m.width, m.contents[static_cast<std::size_t>(*known)]);
  return bitsNode(Op::memoryRead, m.width, {address}, memory.index);
}

Signal Builder::readNumber(MemoryId memory, Signal address, fixed::Interval range) {
  const Memory& m = module_.memories[memory.index];
  const fixed::IntegerFormat format = fixed::formatFor(range);
  SLUICE_CHECK(format.bits <= m.width && m.width <= 64, "a number fits the memory's word");
  SLUICE_CHECK(fixed::Interval(0, std::int64_t{m.words} - 1).contains(this->range(address)),
               "an address lies in the memory");
  if (!m.contents.empty()) {
    fixed::Interval held{INT64_MAX, INT64_MIN};
    for (const auto& word : m.contents) {
      const std::int64_t value = signExtend(word[0], m.width, format.isSigned);
      held = {std::min(held.lo, value), std::max(held.hi, value)};
    }
    SLUICE_CHECK(range.contains(held), "the words of a ROM lie in the range they are read with");
    const std::optional<std::int64_t> known = constantNumber(address);
    if (known)
      return constant(signExtend(m.contents[static_cast<std::size_t>(*known)][0], m.width, format.isSigned));
    if (held.lo == held.hi) return constant(held.lo);
    range = held;
  }
  return share({.op = Op::memoryRead,
                .width = m.width,
                .isSigned = format.isSigned,
                .range = range,
                .inputs = {address},
                .attribute = memory.index});
}

// ---- instances

InstanceId Builder::instance(std::string name, std::shared_ptr<const Module> module) {
  SLUICE_CHECK(module != nullptr, "an instance is of a module");
  const std::size_t inputs = module->inputs.size();
  module_.instances.push_back(
      {.name = std::move(name), .module = std::move(module), .inputs = std::vector<Signal>(inputs)});
  return InstanceId(module_.instances.size() - 1);
}

void Builder::connect(InstanceId instance, std::string_view inputPort, Signal signal) {
  const std::shared_ptr<const Module> of = module_.instances[instance.index].module;
  for (std::size_t i = 0; i < of->inputs.size(); ++i) {
    if (of->inputs[i].name != inputPort) continue;
    Signal& input = module_.instances[instance.index].inputs[i];
    SLUICE_CHECK(!input.valid(), "an instance's input is connected once");
    input = fitTo(signal, of->node(of->inputs[i].signal), "what is connected lies in the range of the port");
    return;
  }
  SLUICE_CHECK(false, "the instance has an input port of this name");
}

Signal Builder::instanceOutput(InstanceId instance, std::string_view outputPort) {
  const Module& of = *module_.instances[instance.index].module;
  for (std::uint32_t i = 0; i < of.outputs.size(); ++i) {
    if (of.outputs[i].name != outputPort) continue;
    const Node& driver = of.node(of.outputs[i].signal);
    return share({.op = Op::instanceOutput,
                  .width = driver.width,
                  .isSigned = driver.isSigned,
                  .range = driver.range,
                  .attribute = instance.index,
                  .port = i});
  }
  SLUICE_CHECK(false, "the instance has an output port of this name");
  return {};
}

// ---- the end

Module Builder::build() && {
  for (std::size_t i = 0; i < module_.nodes.size(); ++i)
    SLUICE_CHECK(!state_->declaredOnly[i], "every declared register is driven");
  const Status legal = check(module_);
  if (!legal.ok()) std::fprintf(stderr, "%s\n", legal.error().text().c_str());
  SLUICE_CHECK(legal.ok(), "a built module passes its check (message above)");
  return std::move(module_);
}

}  // namespace sluice::hdl

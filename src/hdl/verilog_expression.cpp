#include "hdl/verilog_expression.h"

#include <algorithm>

#include "hdl/builder_state.h"
#include "hdl/order.h"

namespace sluice::hdl {

// ---- constants

std::string verilogConstant(const std::vector<std::uint64_t>& words, std::uint32_t lsb, std::uint32_t width) {
  const std::string prefix = std::to_string(width) + "'";
  if (width <= 64) {
    const std::uint64_t value = bitsAt(words, lsb) & maskOf(width);
    if (width <= 16) return prefix + "d" + std::to_string(value);
  }
  std::string digits;
  bool leading = true;
  for (std::uint32_t d = (width + 3) / 4; d-- > 0;) {
    const std::uint64_t digit = bitsAt(words, lsb + 4 * d) & maskOf(std::min(4u, width - 4 * d));
    if (leading && digit == 0 && d != 0) continue;
    leading = false;
    digits += "0123456789abcdef"[digit];
  }
  return prefix + "h" + digits;
}

std::string verilogConstant(std::int64_t value, std::uint32_t width) {
  return verilogConstant(std::vector<std::uint64_t>{static_cast<std::uint64_t>(value)}, 0, width);
}

std::string signedConstant(std::int64_t value, std::uint32_t width) {
  const std::string prefix = std::to_string(width) + "'s";
  const bool lowest = width < 64 ? value == -(std::int64_t{1} << (width - 1)) : value == INT64_MIN;
  if (lowest || width > 32) {
    const std::string unsignedForm =
        verilogConstant(std::vector<std::uint64_t>{static_cast<std::uint64_t>(value)}, 0, width);
    return "$signed(" + unsignedForm + ")";
  }
  return value < 0 ? "-" + prefix + "d" + std::to_string(-value) : prefix + "d" + std::to_string(value);
}

// ---- names

namespace {

std::string legalized(const std::string& hint) {
  std::string name;
  for (const char c : hint) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain)
      name += c;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.size() > 60) name.resize(60);
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name = "n" + name;
  return legalName(name) ? name : name + "_s";
}

}  // namespace

std::string VerilogNames::fresh(const std::string& wish) {
  const std::string base = legalized(wish);
  std::uint32_t& copies = copies_[base];
  std::string name = base;
  do {
    if (++copies > 1) name = base + "_" + std::to_string(copies);
  } while (!taken_.insert(name).second);
  return name;
}

VerilogNames::VerilogNames(const Module& of)
    : module(of),
      order(liveOrder(of)),
      signal(of.nodes.size()),
      memory(of.memories.size()),
      reads(of.memories.size()),
      uses(of.nodes.size(), 0),
      kept(sumsReadBySums(of, order)),
      live_(of.nodes.size(), false) {
  for (const auto* ports : {&module.inputs, &module.outputs})
    for (const Port& p : *ports) taken_.insert(p.name);
  for (const Instance& i : module.instances) taken_.insert(i.name);
  for (const Port& p : module.inputs) signal[p.signal.index] = p.name;

  const auto use = [&](Signal s) { uses[s.index] += s.valid() ? 1 : 0; };
  std::vector<bool> sliced(of.nodes.size(), false);  // read bit by bit: cannot be an expression
  for (const Signal s : order) {
    live_[s.index] = true;
    for (const Signal input : module.node(s).inputs) use(input);
    if (module.node(s).op == Op::memoryRead) reads[module.node(s).attribute].push_back(s);
  }
  for (const Port& p : module.outputs) use(p.signal);
  for (const Instance& i : module.instances) std::for_each(i.inputs.begin(), i.inputs.end(), use);
  for (std::size_t i = 0; i < memory.size(); ++i) {
    if (reads[i].empty()) continue;
    memory[i] = fresh(module.memories[i].name.empty() ? "memory" : module.memories[i].name);
    for (const Signal s :
         {module.memories[i].writeEnable, module.memories[i].writeAddress, module.memories[i].writeData})
      if (s.valid()) use(s);
  }
  for (const Signal s : order) {
    const Node& n = module.node(s);
    const bool inReader = n.op == Op::constant || (isWiring(n.op) && uses[s.index] <= 1 && n.name.empty());
    if (n.op == Op::input || inReader) continue;
    signal[s.index] = fresh(n.name.empty() ? "n" + std::to_string(s.index) : n.name);
  }
}

// ---- expressions

VerilogExpressions::VerilogExpressions(const VerilogNames& names)
    : names_(names), m_(names.module), used_(m_.nodes.size()) {
  for (std::size_t i = 0; i < used_.size(); ++i)
    if (!names_.signal[i].empty()) used_[i].assign(m_.nodes[i].width, false);
}

/// Bits that the signal has.
std::string VerilogExpressions::existing(Signal s, std::uint32_t lsb, std::uint32_t width) {
  const Node& n = m_.node(s);
  const std::string& name = names_.signal[s.index];
  if (!name.empty()) {
    std::fill_n(used_[s.index].begin() + lsb, width, true);
    if (width == n.width) return name;
    if (width == 1) return name + "[" + std::to_string(lsb) + "]";
    return name + "[" + std::to_string(lsb + width - 1) + ":" + std::to_string(lsb) + "]";
  }
  const auto shift = static_cast<std::uint32_t>(n.attribute);
  switch (n.op) {
    case Op::constant:
      return verilogConstant(n.words, lsb, width);
    case Op::slice:
      return bits(n.inputs[0], shift + lsb, width);
    case Op::wrap:
      return bits(n.inputs[0], lsb, width);
    case Op::shiftRight:
      return bits(n.inputs[0], shift + lsb, width);
    case Op::shiftLeft: {
      if (lsb >= shift) return bits(n.inputs[0], lsb - shift, width);
      const std::uint32_t zeros = std::min(width, shift - lsb);
      if (zeros == width) return std::to_string(width) + "'d0";
      return "{" + bits(n.inputs[0], 0, width - zeros) + ", " + std::to_string(zeros) + "'d0}";
    }
    default:
      SLUICE_CHECK(false, "only wiring is printed in its reader");
      return {};
  }
}

std::string VerilogExpressions::bits(Signal s, std::uint32_t lsb, std::uint32_t width) {
  const Node& n = m_.node(s);
  if (n.op == Op::constant && n.isNumber())
    return verilogConstant(
        std::vector<std::uint64_t>{static_cast<std::uint64_t>(n.range->lo >> std::min(lsb, 63u))}, 0, width);
  const std::uint32_t have = lsb < n.width ? std::min(width, n.width - lsb) : 0;
  if (have == width) return existing(s, lsb, width);
  const std::uint32_t missing = width - have;
  std::string above;
  if (!n.isSigned)
    above = std::to_string(missing) + "'d0";
  else {
    const std::string sign = existing(s, n.width - 1, 1);
    above = missing == 1 ? sign : "{" + std::to_string(missing) + "{" + sign + "}}";
  }
  return have == 0 ? above : "{" + above + ", " + existing(s, lsb, have) + "}";
}

std::string VerilogExpressions::operand(Signal s, std::uint32_t width, bool isSigned) {
  const Node& n = m_.node(s);
  if (!isSigned) return bits(s, width);
  if (n.op == Op::constant) return signedConstant(n.range->lo, width);
  return "$signed(" + bits(s, width) + ")";
}

std::string VerilogExpressions::comparison(Signal a, Signal b, const char* symbol) {
  const Node &x = m_.node(a), &y = m_.node(b);
  const bool isSigned = x.isSigned || y.isSigned;
  const auto need = [&](const Node& n) { return n.width + (isSigned && !n.isSigned ? 1u : 0u); };
  const std::uint32_t width = std::max(need(x), need(y));
  const bool ordered = symbol[0] == '<';
  const std::string order = symbol;
  if (order == "<=" && x.op == Op::constant && x.range->lo == 0 && y.isSigned)
    return "~" + existing(b, y.width - 1, 1);  // not negative
  if (order == "<" && y.op == Op::constant && y.range->lo == 0 && x.isSigned)
    return existing(a, x.width - 1, 1);  // negative
  return operand(a, width, isSigned && ordered) + " " + symbol + " " + operand(b, width, isSigned && ordered);
}

std::string VerilogExpressions::clamp(const Node& n) {
  const Signal a = n.inputs[0];
  const Node& x = m_.node(a);
  std::string text;
  if (x.range->lo < n.range->lo)
    text += (n.range->lo == 0 ? existing(a, x.width - 1, 1)
                              : operand(a, x.width, x.isSigned) + " < " +
                                    (x.isSigned ? signedConstant(n.range->lo, x.width)
                                                : verilogConstant(n.range->lo, x.width))) +
            " ? " + verilogConstant(n.range->lo, n.width) + " : ";
  if (x.range->hi > n.range->hi)
    text += operand(a, x.width, x.isSigned) + " > " +
            (x.isSigned ? signedConstant(n.range->hi, x.width) : verilogConstant(n.range->hi, x.width)) +
            " ? " + verilogConstant(n.range->hi, n.width) + " : ";
  return text + bits(a, n.width);
}

std::string VerilogExpressions::multiply(const Node& n) {
  const Node &x = m_.node(n.inputs[0]), &y = m_.node(n.inputs[1]);
  const bool isSigned = x.isSigned || y.isSigned;
  return operand(n.inputs[0], n.width, isSigned) + " * " + operand(n.inputs[1], n.width, isSigned);
}

std::string VerilogExpressions::address(Signal s, const Memory& memory) {
  return bits(s, addressBits(memory.words));
}

std::string VerilogExpressions::driver(Signal s) {
  const Node& n = m_.node(s);
  const std::uint32_t w = n.width;
  const auto in = [&](std::size_t k) { return bits(n.inputs[k], w); };
  const auto shift = static_cast<std::uint32_t>(n.attribute);
  switch (n.op) {
    case Op::slice:
      return bits(n.inputs[0], shift, w);
    case Op::wrap:
      return in(0);
    case Op::shiftRight:
      return bits(n.inputs[0], shift, w);
    case Op::shiftLeft:
      if (shift >= w) return std::to_string(w) + "'d0";
      return "{" + bits(n.inputs[0], w - shift) + ", " + std::to_string(shift) + "'d0}";
    case Op::concat: {
      std::string text = "{";
      for (std::size_t k = n.inputs.size(); k-- > 0;)
        text += existing(n.inputs[k], 0, m_.node(n.inputs[k]).width) + (k == 0 ? "}" : ", ");
      return text;
    }
    case Op::mux:
      return existing(n.inputs[0], 0, 1) + " ? " + in(1) + " : " + in(2);
    case Op::add: {
      const Node& y = m_.node(n.inputs[1]);
      if (y.op == Op::constant && y.range->lo < 0 && y.range->lo != INT64_MIN)
        return in(0) + " - " + verilogConstant(-y.range->lo, w);
      return in(0) + " + " + in(1);
    }
    case Op::subtract:
      return in(0) + " - " + in(1);
    case Op::multiply:
      return multiply(n);
    case Op::negate:
      return "-" + in(0);
    case Op::clamp:
      return clamp(n);
    case Op::equal:
      return comparison(n.inputs[0], n.inputs[1], "==");
    case Op::notEqual:
      return comparison(n.inputs[0], n.inputs[1], "!=");
    case Op::less:
      return comparison(n.inputs[0], n.inputs[1], "<");
    case Op::lessEqual:
      return comparison(n.inputs[0], n.inputs[1], "<=");
    case Op::bitNot:
      return "~" + in(0);
    case Op::bitAnd:
      return in(0) + " & " + in(1);
    case Op::bitOr:
      return in(0) + " | " + in(1);
    case Op::bitXor:
      return in(0) + " ^ " + in(1);
    case Op::reduceOr:
      return "|" + existing(n.inputs[0], 0, m_.node(n.inputs[0]).width);
    case Op::reduceAnd:
      return "&" + existing(n.inputs[0], 0, m_.node(n.inputs[0]).width);
    case Op::reduceXor:
      return "^" + existing(n.inputs[0], 0, m_.node(n.inputs[0]).width);
    default:
      SLUICE_CHECK(false, "inputs, constants, states and instance outputs are driven elsewhere");
      return {};
  }
}

std::vector<std::string> VerilogExpressions::unusedBits() const {
  std::vector<std::string> result;
  const auto list = [&](Signal s) {
    const std::vector<bool>& used = used_[s.index];
    const std::string& name = names_.signal[s.index];
    const auto width = static_cast<std::uint32_t>(used.size());
    for (std::uint32_t lo = 0; lo < width; ++lo) {
      if (used[lo]) continue;
      std::uint32_t hi = lo;
      while (hi + 1 < width && !used[hi + 1]) ++hi;
      if (lo == 0 && hi + 1 == width)
        result.push_back(name);
      else if (lo == hi)
        result.push_back(name + "[" + std::to_string(lo) + "]");
      else
        result.push_back(name + "[" + std::to_string(hi) + ":" + std::to_string(lo) + "]");
      lo = hi;
    }
  };
  for (const Port& p : m_.inputs) list(p.signal);
  for (const Signal s : names_.order)
    if (m_.node(s).op != Op::input && !names_.signal[s.index].empty()) list(s);
  return result;
}

}  // namespace sluice::hdl

#include "hdl/verilog.h"

#include <algorithm>
#include <map>

#include "hdl/builder_state.h"
#include "hdl/order.h"
#include "hdl/table_form.h"
#include "hdl/verilog_expression.h"

namespace sluice::hdl {
namespace {

std::string vectorOf(std::uint32_t width) {
  return width == 1 ? "" : "[" + std::to_string(width - 1) + ":0] ";
}

/// How a memory is written down, so that it is built as its style says (docs/rationale/hdl.md).
enum class MemoryForm : std::uint8_t { array, shiftRegister, table };

MemoryForm formOf(const Memory& m) {
  if (m.style == Style::shiftRegister) return MemoryForm::shiftRegister;
  if (!m.contents.empty() && m.style != Style::blockRam) return MemoryForm::table;
  return MemoryForm::array;
}

std::string attributeOf(const Memory& m) {
  std::string list;
  const bool rom = !m.contents.empty();
  if (m.style == Style::blockRam) list = rom ? "rom_style = \"block\"" : "ram_style = \"block\"";
  if (m.style == Style::lutRam) list = "ram_style = \"distributed\"";
  if (m.style == Style::registers) list = "ram_style = \"registers\"";
  if (m.neverCollides && !rom) list += list.empty() ? "no_rw_check" : ", no_rw_check";
  return list.empty() ? "" : "(* " + list + " *) ";
}

class Printer {
 public:
  Printer(const Module& module, Family family)
      : m_(module), family_(family), names_(module), expressions_(names_) {}

  std::string print() {
    declarations();
    memories();
    wires();
    registers();
    instances();
    outputs();
    std::string text = "module " + m_.name + " (\n";
    text += ports();
    text += ");\n" + declarations_ + body_ + unused();
    return text + "endmodule\n";
  }

 private:
  void line(const std::string& text) { body_ += "  " + text + "\n"; }
  std::string whole(Signal s) { return expressions_.bits(s, m_.node(s).width); }

  std::string ifEnabled(Signal enable) {
    const Node& n = m_.node(enable);
    return n.op == Op::constant && n.words[0] == 1 ? "" : "if (" + whole(enable) + ") ";
  }

  [[nodiscard]] std::string ports() const {
    std::string text = "  input  wire clk,\n  input  wire rst";
    for (const Port& p : m_.inputs) text += ",\n  input  wire " + vectorOf(m_.node(p.signal).width) + p.name;
    for (const Port& p : m_.outputs) text += ",\n  output wire " + vectorOf(m_.node(p.signal).width) + p.name;
    return text + "\n";
  }

  /// States and instance outputs are read before the place that drives them.
  void declarations() {
    for (const Signal s : names_.order) {
      const Node& n = m_.node(s);
      const std::string name = vectorOf(n.width) + names_.signal[s.index];
      if (isState(m_, n)) declarations_ += "  reg " + name + ";\n";
      if (n.op == Op::instanceOutput) instanceOutputs_.try_emplace({n.attribute, n.port}, s);
      if (n.op == Op::instanceOutput) declarations_ += "  wire " + name + ";\n";
    }
  }

  void memories() {
    for (std::size_t i = 0; i < m_.memories.size(); ++i) {
      if (names_.memory[i].empty()) continue;
      const Memory& m = m_.memories[i];
      const std::string& name = names_.memory[i];
      if (formOf(m) == MemoryForm::array) {
        declarations_ += "  " + attributeOf(m) + "reg " + vectorOf(m.width) + name +
                         " [0:" + std::to_string(m.words - 1) + "];\n";
        if (!m.contents.empty())
          contents(name, m);
        else
          clocked_ += "    " + ifEnabled(m.writeEnable) + name + "[" +
                      expressions_.address(m.writeAddress, m) + "] <= " + whole(m.writeData) + ";\n";
      }
      if (formOf(m) == MemoryForm::shiftRegister)
        line("wire " + vectorOf(m.width) + name + " = " + whole(m.writeData) + ";");
    }
  }

  void contents(const std::string& name, const Memory& m) {
    line("initial begin");
    for (std::uint32_t a = 0; a < m.words; ++a)
      line("  " + name + "[" + std::to_string(a) + "] = " + verilogConstant(m.contents[a], 0, m.width) + ";");
    line("end");
  }

  void wires() {
    for (const Signal s : names_.order) {
      const Node& n = m_.node(s);
      const std::string& name = names_.signal[s.index];
      if (name.empty() || n.op == Op::input || n.op == Op::instanceOutput || n.op == Op::reg) continue;
      if (n.op == Op::memoryRead)
        read(s);
      else
        wire(s);
    }
  }

  void wire(Signal s) {
    const std::string name = names_.signal[s.index], net = "wire " + vectorOf(m_.node(s).width) + name;
    if (names_.kept[s.index]) {  // Icarus takes no attribute on a declaration with an assignment
      line("(* keep *) " + net + ";");
      line("assign " + name + " = " + expressions_.driver(s) + ";");
    } else {
      line(net + " = " + expressions_.driver(s) + ";");
    }
  }

  void read(Signal s) {
    const Node& n = m_.node(s);
    const Memory& m = m_.memories[n.attribute];
    const std::string &memory = names_.memory[n.attribute], &name = names_.signal[s.index];
    const auto address = [&] { return expressions_.address(n.inputs[0], m); };
    std::string value;
    switch (formOf(m)) {
      case MemoryForm::array:
        value = memory + "[" + address() + "]";
        break;
      case MemoryForm::table:
        value = isTableOfLuts(m, family_) ? tableOfLuts(name, n.inputs[0], m) : table(name, address(), m);
        break;
      case MemoryForm::shiftRegister:
        value = shiftRegister(name, memory, n.inputs[0], m);
        break;
    }
    if (m.synchronousRead)
      clocked_ += "    " + name + " <= " + value + ";\n";
    else if (value != name)
      line("wire " + vectorOf(m.width) + name + " = " + value + ";");
  }

  /// A constant table as a case statement; the name of its value.
  std::string table(const std::string& name, const std::string& address, const Memory& m) {
    const std::string value = m.synchronousRead ? names_.fresh(name + "_next") : name;
    // Unkept, the look-up tables of a registered table are merged with its flip-flops into more of them.
    declarations_ +=
        std::string(m.synchronousRead ? "  (* keep *) reg " : "  reg ") + vectorOf(m.width) + value + ";\n";
    line("always @*");
    line("  (* rom_style = \"logic\" *) case (" + address + ")");
    for (std::uint32_t a = 0; a < m.words; ++a)
      line("    " + (a + 1 == m.words ? "default" : verilogConstant(std::int64_t{a}, addressBits(m.words))) +
           ": " + value + " = " + verilogConstant(m.contents[a], 0, m.width) + ";");
    line("  endcase");
    return value;
  }

  /// The LUT6, and the muxes beside them, that hold a block.
  std::string primitivesOf(const TableForm::Block& block, const std::string& y, const std::string& init,
                           const std::string& address) {
    std::string text;
    std::vector<std::string> level;
    for (std::uint32_t k = 0; k < block.luts(); ++k) {
      level.push_back(block.luts() == 1 ? y : names_.fresh(y + "_part"));
      if (block.luts() > 1) text += "  wire " + level.back() + ";\n";
      const std::string part =
          block.luts() == 1 ? "" : "[" + std::to_string(64 * k + 63) + ":" + std::to_string(64 * k) + "]";
      text += "  LUT6 #(.INIT(" + init + part + ")) " + names_.fresh(level.back() + "_cell") + " (.O(" +
              level.back() + ")";
      for (std::uint32_t i = 0; i < 6; ++i)
        text += ", .I" + std::to_string(i) + "(" + address + "[" + std::to_string(i) + "])";
      text += ");\n";
    }
    for (std::uint32_t input = 6; level.size() > 1; ++input) {
      std::vector<std::string> next;
      for (std::size_t k = 0; k < level.size(); k += 2) {
        next.push_back(level.size() == 2 ? y : names_.fresh(y + "_part"));
        if (level.size() > 2) text += "  wire " + next.back() + ";\n";
        text += "  MUXF" + std::to_string(input + 1) + " " + names_.fresh(next.back() + "_mux") + " (.O(" +
                next.back() + "), .I0(" + level[k] + "), .I1(" + level[k + 1] + "), .S(" + address + "[" +
                std::to_string(input) + "]));\n";
      }
      level = std::move(next);
    }
    return text;
  }

  /// A constant table as the look-up tables that hold it; the name of its value.
  std::string tableOfLuts(const std::string& name, Signal from, const Memory& m) {
    const std::string value = m.synchronousRead ? names_.fresh(name + "_next") : name;
    const std::string address = names_.fresh(name + "_address");
    const std::uint32_t bits = std::max(addressBits(m.words), 6u);
    declarations_ += "  wire " + vectorOf(m.width) + value + ";\n";
    line("wire " + vectorOf(bits) + address + " = " + expressions_.bits(from, bits) + ";");
    const TableForm form = tableForm(m);
    std::uint32_t mostRead = 0;
    std::vector<std::string> blocks, nodes;
    std::string primitives, expressions;
    for (const TableForm::Block& block : form.blocks) {
      blocks.push_back(names_.fresh(name + "_lut"));
      const std::string& y = blocks.back();
      const std::string init = names_.fresh(y + "_init");
      line("localparam " + vectorOf(1u << block.inputs) + init + " = " +
           verilogConstant({block.truth.begin(), block.truth.end()}, 0, 1u << block.inputs) + ";");
      line("wire " + y + ";");
      primitives += primitivesOf(block, y, init, address);
      expressions +=
          "  assign " + y + " = " + init + "[" + address + "[" + std::to_string(block.inputs - 1) + ":0]];\n";
      mostRead = std::max(mostRead, block.inputs);
    }
    body_ += "`ifdef SYNTHESIS\n" + primitives + "`else\n" + expressions + "`endif\n";
    std::uint64_t muxBits = 0;
    for (const TableForm::Node& node : form.nodes) {
      if (node.kind == TableForm::Node::Kind::constant) nodes.push_back(node.value == 0 ? "1'b0" : "1'b1");
      if (node.kind == TableForm::Node::Kind::block) nodes.push_back(blocks[node.value]);
      if (node.kind != TableForm::Node::Kind::mux) continue;
      nodes.push_back(names_.fresh(name + "_mux"));
      line("wire " + nodes.back() + " = " + address + "[" + std::to_string(node.value) + "] ? " +
           nodes[node.high] + " : " + nodes[node.low] + ";");
      muxBits |= std::uint64_t{1} << node.value;
    }
    for (std::uint32_t bit = mostRead; bit < bits; ++bit)
      if ((muxBits >> bit & 1) == 0) unread_.push_back(address + "[" + std::to_string(bit) + "]");
    std::string word;
    for (const std::uint32_t node : form.bits) word = nodes[node] + (word.empty() ? "" : ", " + word);
    line("assign " + value + " = " + (m.width == 1 ? word : "{" + word + "}") + ";");
    return value;
  }

  /// One register per bit: the form that Yosys turns into SRL16E and SRLC32E. The name of the word that is
  /// read.
  std::string shiftRegister(const std::string& name, const std::string& data, Signal read, const Memory& m) {
    const auto words = static_cast<std::uint32_t>(m_.node(read).range->hi) + 1;  // older ones are never read
    const std::string value = m.synchronousRead ? names_.fresh(name + "_next") : name;
    const std::string index = names_.fresh(name + "_bit"), enable = ifEnabled(m.writeEnable);
    const std::string ofBit = m.width == 1 ? "" : "[" + index + "]";
    const std::string kept = words == 1   ? ""
                             : words == 2 ? "bits[0], "
                                          : "bits[" + std::to_string(words - 2) + ":0], ";
    declarations_ += "  wire " + vectorOf(m.width) + value + ";\n";
    line("genvar " + index + ";");
    line("generate");
    line("  for (" + index + " = 0; " + index + " < " + std::to_string(m.width) + "; " + index + " = " +
         index + " + 1) begin : " + name + "_bits");
    line("    reg " + vectorOf(words) + "bits;");
    line("    always @(posedge clk) " + enable + "bits <= {" + kept + data + ofBit + "};");
    line("    assign " + value + ofBit + " = bits" +
         (words == 1 ? "" : "[" + expressions_.bits(read, addressBits(words)) + "]") + ";");
    line("  end");
    line("endgenerate");
    usesClock_ = true;
    return value;
  }

  /// One clocked block; registers with the same reset and enable stand together.
  void registers() {
    struct Group {
      bool reset;
      Signal enable;
      std::vector<Signal> members;
    };
    std::vector<Group> groups;
    std::map<std::pair<bool, Signal>, std::size_t> at;
    for (const Signal s : names_.order) {
      const Node& n = m_.node(s);
      if (n.op != Op::reg) continue;
      const Signal enable = n.inputs.size() > 1 ? n.inputs[1] : Signal();
      const auto [it, isNew] = at.try_emplace({n.hasReset, enable}, groups.size());
      if (isNew) groups.push_back({.reset = n.hasReset, .enable = enable});
      groups[it->second].members.push_back(s);
    }
    const auto assign = [&](const std::string& indent, Signal s, const std::string& value) {
      clocked_ += indent + names_.signal[s.index] + " <= " + value + ";\n";
    };
    const auto next = [&](Signal s) { return expressions_.bits(m_.node(s).inputs[0], m_.node(s).width); };
    for (const Group& group : groups) {
      const std::string enable = group.enable.valid() ? ifEnabled(group.enable) : "";
      if (!group.reset && enable.empty()) {
        for (const Signal s : group.members) assign("    ", s, next(s));
        continue;
      }
      if (group.reset) {
        usesReset_ = true;
        clocked_ += "    if (rst) begin\n";
        for (const Signal s : group.members)
          assign("      ", s, verilogConstant(m_.node(s).words, 0, m_.node(s).width));
        clocked_ += "    end else ";
      } else {
        clocked_ += "    ";
      }
      clocked_ += enable + "begin\n";
      for (const Signal s : group.members) assign("      ", s, next(s));
      clocked_ += "    end\n";
    }
    if (clocked_.empty()) return;
    usesClock_ = true;
    body_ += "  always @(posedge clk) begin\n" + clocked_ + "  end\n";
  }

  void instances() {
    for (std::size_t i = 0; i < m_.instances.size(); ++i) {
      const Instance& instance = m_.instances[i];
      const Module& of = *instance.module;
      usesClock_ = usesReset_ = true;
      std::string text = of.name + " " + instance.name + " (\n    .clk(clk),\n    .rst(rst)";
      for (std::size_t k = 0; k < of.inputs.size(); ++k)
        text += ",\n    ." + of.inputs[k].name + "(" +
                expressions_.bits(instance.inputs[k], of.node(of.inputs[k].signal).width) + ")";
      for (std::uint32_t k = 0; k < of.outputs.size(); ++k)
        text += ",\n    ." + of.outputs[k].name + "(" + instanceOutput(i, k, of) + ")";
      line(text + "\n  );");
    }
  }

  /// The wire of an output port; one of its own if nothing reads it.
  std::string instanceOutput(std::size_t instance, std::uint32_t port, const Module& of) {
    const auto found = instanceOutputs_.find({instance, port});
    if (found != instanceOutputs_.end()) return names_.signal[found->second.index];
    const std::string name =
        names_.fresh("unused_" + m_.instances[instance].name + "_" + of.outputs[port].name);
    declarations_ += "  wire " + vectorOf(of.node(of.outputs[port].signal).width) + name + ";\n";
    return name;
  }

  void outputs() {
    for (const Port& p : m_.outputs) line("assign " + p.name + " = " + whole(p.signal) + ";");
  }

  /// Verilator reports bits that nothing reads, unless they are read by something called unused.
  std::string unused() {
    std::vector<std::string> names = expressions_.unusedBits();
    names.insert(names.end(), unread_.begin(), unread_.end());
    if (!usesReset_) names.insert(names.begin(), "rst");
    if (!usesClock_) names.insert(names.begin(), "clk");
    if (names.empty()) return "";
    std::string text = "  wire " + names_.fresh("unused_bits") + " = &{1'b0";
    for (const std::string& n : names) text += ", " + n;
    return text + "};\n";
  }

  const Module& m_;
  Family family_;
  VerilogNames names_;
  VerilogExpressions expressions_;
  std::string declarations_, body_, clocked_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Signal> instanceOutputs_;
  std::vector<std::string> unread_;  ///< bits of table addresses
  bool usesReset_ = false, usesClock_ = false;
};

void powerUp(const Module& m, const std::string& path, std::vector<std::string>& to) {
  const VerilogNames names(m);
  for (const Signal s : names.order) {
    const Node& n = m.node(s);
    const std::string name = path + "." + names.signal[s.index];
    if (isState(m, n))
      to.push_back(name + " = " +
                   (n.hasReset ? verilogConstant(n.words, 0, n.width) : verilogConstant({}, 0, n.width)) +
                   ";");
    if (n.op == Op::memoryRead && formOf(m.memories[n.attribute]) == MemoryForm::shiftRegister)
      for (std::uint32_t bit = 0; bit < n.width; ++bit)
        to.push_back(name + "_bits[" + std::to_string(bit) + "].bits = 0;");
  }
  for (std::size_t i = 0; i < m.memories.size(); ++i)
    if (!names.memory[i].empty() && m.memories[i].contents.empty() &&
        formOf(m.memories[i]) == MemoryForm::array)
      for (std::uint32_t a = 0; a < m.memories[i].words; ++a)
        to.push_back(path + "." + names.memory[i] + "[" + std::to_string(a) + "] = 0;");
  for (const Instance& instance : m.instances) powerUp(*instance.module, path + "." + instance.name, to);
}

}  // namespace

std::string verilog(const Module& module, Family family) { return Printer(module, family).print(); }

std::vector<std::string> powerUpAssignments(const Module& module, const std::string& path) {
  std::vector<std::string> result;
  powerUp(module, path, result);
  return result;
}

}  // namespace sluice::hdl

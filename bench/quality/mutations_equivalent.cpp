// Equivalence by k-induction, and what makes it inductive.
//
// Two modules that differ in one line are run side by side from the same state. That their ports stay equal is not
// inductive by itself, because a solver starts from any state whatever. Three sorts of lemmas, all proven with it:
//
//   storage    what only an enable moves (words of memories, places of FIFOs, held beats) is equal in both. Registers that
//              take a new value in every cycle need no lemma: a few steps of induction say what they hold, and between
//              a fault and the rounding that hides it they do differ.
//   counters   a counter of 13 states has four bits; a fault in word 14 of its table is none. What the controller's
//              registers held in a long simulation is what they may hold.
//   pairs      a FIFO of one place has no credit while it is full, so that "popped, and credit is left" never happens.
//              What two bits held together is what they may hold together. (Counters of FIFOs wider than that meet in
//              ways that some thousand cycles do not show, and do not stay in their values without each other.)
//
// A table from a simulation that was too short is a lemma that fails: then nothing is proven, never something wrong.
// Elements are assumed in the kernel's range where they enter and where a FIFO hands them over (that FIFOs hand over what
// was pushed is proven of FIFOs, see proofs.cpp).
#include "mutations_equivalent.h"

#include <fmt/format.h>

#include <map>
#include <regex>
#include <set>

#include "base/text.h"
#include "hdl/verilog.h"

namespace sluice::show {
namespace {

using dataflow::Direction;

std::string range(std::uint32_t width) { return width == 1 ? "" : fmt::format("[{}:0] ", width - 1); }

/// A register of a printed module.
struct Register {
  std::string name;  ///< as the flattened netlist calls it, below the instance
  std::uint32_t width = 1;
};

/// Registers that keep what they hold unless an enable says otherwise, and that reset does not define; memories word by
/// word. Read from the text, as printed.
std::vector<Register> storage(const std::string& printed) {
  static const std::regex vector("^reg (\\[(\\d+):0\\] )?(\\w+);$"),
      memory("reg (\\[(\\d+):0\\] )?(\\w+) \\[0:(\\d+)\\];$"),
      loop("^for \\((\\w+)_bit = 0; \\w+ < (\\d+);.* begin : (\\w+)$"), clocked("^(\\w+)(\\[\\w+\\])? <= ");
  std::vector<std::pair<std::string, Register>> declared;  // name in the text, register
  std::map<std::string, std::uint32_t> words;
  std::set<std::string> kept;
  std::vector<Register> list;
  enum class Inside { nothing, reset, enable } inside = Inside::nothing;
  std::string block;
  std::uint32_t blockCount = 0;
  std::smatch m;
  for (const std::string& raw : split(printed, '\n')) {
    std::string line(trim(raw));
    if (std::regex_search(line, m, loop)) {
      block = m[3], blockCount = static_cast<std::uint32_t>(std::stoul(m[2]));
    } else if (line.starts_with("always @(posedge clk) if (") && !block.empty()) {
      // A shift register, bit by bit: `bits` was the last thing declared.
      const Register bits = declared.back().second;
      declared.pop_back();
      for (std::uint32_t i = 0; i < blockCount; ++i)
        list.push_back({fmt::format("{}[{}].{}", block, i, bits.name), bits.width});
      block.clear();
    } else if (std::regex_search(line, m, memory)) {
      words[m[3]] = static_cast<std::uint32_t>(std::stoul(m[4])) + 1;
      declared.push_back({m[3], {m[3], m[2].matched ? static_cast<std::uint32_t>(std::stoul(m[2])) + 1 : 1}});
    } else if (std::regex_search(line, m, vector)) {
      declared.push_back({m[3], {m[3], m[2].matched ? static_cast<std::uint32_t>(std::stoul(m[2])) + 1 : 1}});
    } else if (line == "if (rst) begin") {
      inside = Inside::reset;
    } else if (line.starts_with("end else")) {
      inside = Inside::reset;
    } else if (line.starts_with("if (") && line.ends_with(" begin")) {
      inside = Inside::enable;
    } else if (line == "end") {
      inside = Inside::nothing;
    } else if (line.starts_with("if (") && line.find(" <= ") != std::string::npos) {
      const std::string rest = line.substr(line.find(") ") + 2);
      if (std::regex_search(rest, m, clocked)) kept.insert(m[1]);
    } else if (inside == Inside::enable && std::regex_search(line, m, clocked)) {
      kept.insert(m[1]);
    }
  }
  for (const auto& [name, reg] : declared) {
    if (!kept.contains(name)) continue;
    if (const auto memoryOf = words.find(name); memoryOf != words.end())
      for (std::uint32_t w = 0; w < memoryOf->second; ++w)
        list.push_back({fmt::format("{}[{}]", name, w), reg.width});
    else
      list.push_back(reg);
  }
  return list;
}

/// The other registers, which take a new value in every cycle: for the common power-up state.
std::vector<Register> passing(const std::string& printed, const std::vector<Register>& stored) {
  static const std::regex vector("^reg (\\[(\\d+):0\\] )?(\\w+);$"), clocked("^(\\w+) <= ");
  std::vector<Register> declared, list;
  std::set<std::string> clockedNames, known;
  for (const Register& r : stored) known.insert(r.name);
  std::smatch m;
  for (const std::string& raw : split(printed, '\n')) {
    const std::string line(trim(raw));
    if (std::regex_search(line, m, vector))
      declared.push_back({m[3], m[2].matched ? static_cast<std::uint32_t>(std::stoul(m[2])) + 1 : 1});
    else if (std::regex_search(line, m, clocked))
      clockedNames.insert(m[1]);
  }
  for (const Register& r : declared)
    if (clockedNames.contains(r.name) && !known.contains(r.name)) list.push_back(r);
  return list;
}

std::string renamed(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find("module " + from + " ");
  return text.substr(0, at) + "module " + to + text.substr(at + 7 + from.size());
}

/// `expression` is one of the values: as a table, so that it is one look-up however many there are.
std::string isOneOf(const std::string& expression, std::uint32_t width,
                    const std::set<std::uint64_t>& values) {
  std::string bits(std::size_t{1} << width, '0');
  for (const std::uint64_t v : values) bits[bits.size() - 1 - v] = '1';
  return fmt::format("(({}'b{} >> {}) & 1'b1) == 1'b1", bits.size(), bits, expression);
}

constexpr std::uint32_t kMostValueBits = 8;
constexpr std::uint32_t kSimulated = 8000;  ///< cycles

class Harness {
 public:
  Harness(const Bench& bench, const std::string& faulty)
      : bench_(bench), m_(*bench.module), faulty_(faulty) {}

  Result<flow::ProofTask> write(Reachable reachable) {
    const std::string good = hdl::verilog(m_, hdl::Family::xc7);
    instantiate();
    const std::vector<Register> stored = storage(good);
    std::vector<std::string> same;
    for (const Register& r : stored) {
      lemmas_.push_back(both(r));
      same.push_back(both(r));
    }
    for (const Register& r : passing(good, stored)) same.push_back(both(r));
    ranges(good);
    if (reachable != Reachable::anything) SLUICE_RETURN_IF_ERROR(tables(good, reachable));
    std::string text = "module proof (\n  input wire clk,\n  input wire rst" + ports_ + "\n);\n";
    text += "  reg started = 0;\n  always @(posedge clk) started <= 1;\n" + body_;
    text += "  always @* assume (rst == !started);\n";
    for (const std::string& s : same) text += "  always @* assume (started || " + s + ");\n";
    for (const std::string& s : assumptions_) text += "  always @* assume (" + s + ");\n";
    text += "  always @* if (started) begin\n`ifdef CLAIM_equal\n";
    for (const std::string& s : claims_) text += "    assert (" + s + ");\n";
    text += "`endif\n`ifdef LEMMAS\n";
    for (const std::string& s : lemmas_) text += "    assert (" + s + ");\n";
    text += "`endif\n  end\nendmodule\n";
    return flow::ProofTask{
        .name = "equivalence of " + m_.name,
        .files = {{"good.v", renamed(good, m_.name, "good")},
                  {"faulty.v", renamed(faulty_, m_.name, "faulty")}},
        .harness = {.text = text,
                    .claims = {{"equal", "every port is equal in every cycle, data while valid"}}},
        .mostSteps = 8};
  }

 private:
  [[nodiscard]] std::uint32_t widthOf(const hdl::Port& port) const { return m_.node(port.signal).width; }

  void instantiate() {
    std::string good = "good good_i (.clk(clk), .rst(rst)", faulty = "faulty faulty_i (.clk(clk), .rst(rst)";
    for (const hdl::Port& port : m_.inputs) {
      ports_ += fmt::format(",\n  input wire {}{}", range(widthOf(port)), port.name);
      good += fmt::format(", .{0}({0})", port.name), faulty += fmt::format(", .{0}({0})", port.name);
    }
    for (const hdl::Port& port : m_.outputs) {
      body_ += fmt::format("  wire {}{}, f_{};\n", range(widthOf(port)), port.name, port.name);
      good += fmt::format(", .{0}({0})", port.name), faulty += fmt::format(", .{0}(f_{0})", port.name);
      const std::string valid =
          port.name.ends_with("_data") ? "!" + port.name.substr(0, port.name.size() - 4) + "valid || " : "";
      claims_.push_back(fmt::format("{0}{1} == f_{1}", valid, port.name));
    }
    body_ += "  " + good + ");\n  " + faulty + ");\n";
  }

  /// A register of one instance, as a wire of the harness.
  std::string inside(const char* instance, const Register& r) {
    const std::string full = fmt::format("\\{}.{} ", instance, r.name);
    if (seen_.insert(full).second)
      body_ += fmt::format("  (* hierconn *) wire {}{};\n", range(r.width), full);
    return full;
  }
  std::string both(const Register& r) {
    const std::string a = inside("good_i", r), b = inside("faulty_i", r);
    return a + "== " + b;
  }

  /// Elements in their proven range: what comes in, and what the FIFO behind it hands to the kernel.
  void ranges(const std::string& good) {
    for (const kernel::StreamPort& port : bench_.kernel.ports) {
      if (port.direction != Direction::read) continue;
      const std::uint32_t bits = port.beat.format.bits;
      const auto legal = [&](const std::string& word, const std::string& unless) {
        // Part-selects of an escaped name need a plain one.
        const std::string plain = fmt::format("checked{}", count_++);
        body_ += fmt::format("  wire {}{} = {};\n", range(port.beat.width()), plain, word);
        for (std::uint32_t e = 0; e < port.beat.elements; ++e) {
          const std::string element =
              port.beat.width() == 1 ? plain : fmt::format("{}[{} +: {}]", plain, e * bits, bits);
          const auto literal = [&](std::int64_t v) {
            return fmt::format("{}{}'sd{}", v < 0 ? "-" : "", bits + 1, v < 0 ? -v : v);
          };
          const std::string value = fmt::format("checked{}", count_++);
          body_ += fmt::format("  wire signed [{}:0] {};\n", bits, value);
          body_ += port.range.lo < 0 ? fmt::format("  assign {} = $signed({{{}}});\n", value, element)
                                     : fmt::format("  assign {} = $signed({{1'b0, {}}});\n", value, element);
          assumptions_.push_back(fmt::format("{}({} >= {} && {} <= {})", unless, value,
                                             literal(port.range.lo), value, literal(port.range.hi)));
        }
      };
      legal(port.name + "_data", "");
      const std::string inner = "core_" + port.name + "_data";
      const std::string ready = "core_" + port.name + "_valid";
      if (good.find(fmt::format(" {} ", inner)) == std::string::npos &&
          good.find(fmt::format(" {};", inner)) == std::string::npos)
        continue;
      if (good.find(fmt::format("wire {} = ", ready)) == std::string::npos) continue;
      legal(inside("good_i", {inner, port.beat.width()}), "!" + inside("good_i", {ready, 1}) + " || ");
    }
  }

  /// The register behind port `state...`, by its name in the text.
  static std::string registerOf(const std::string& good, const std::string& port) {
    const std::string marker = "assign " + port + " = ";
    const std::size_t at = good.find(marker);
    if (at == std::string::npos) return "";
    return good.substr(at + marker.size(), good.find(';', at) - at - marker.size());
  }

  Status tables(const std::string& good, Reachable reachable) {
    SLUICE_TRY(const auto seen, statesSeen(bench_, kSimulated, 1));
    std::vector<hdl::Port> states;
    for (const hdl::Port& port : m_.outputs)
      if (port.name.starts_with("state")) states.push_back(port);
    const auto note = [&](const std::string& expression, std::uint32_t width, const auto& valueOf) {
      std::set<std::uint64_t> values;
      for (const auto& cycle : seen) values.insert(valueOf(cycle));
      if (values.size() < (std::size_t{1} << width)) lemmas_.push_back(isOneOf(expression, width, values));
    };
    for (std::size_t a = 0; a < states.size(); ++a) {
      const std::uint32_t width = widthOf(states[a]);
      if (reachable == Reachable::counters && width <= kMostValueBits &&
          registerOf(good, states[a].name).starts_with("core_"))
        note(states[a].name, width, [&](const auto& cycle) { return cycle[a]; });
      for (std::size_t b = a + 1; reachable == Reachable::pairs && b < states.size(); ++b)
        if (width == 1 && widthOf(states[b]) == 1)
          note(fmt::format("{{{}, {}}}", states[a].name, states[b].name), 2,
               [&](const auto& cycle) { return cycle[a] << 1 | cycle[b]; });
    }
    return {};
  }

  const Bench& bench_;
  const hdl::Module& m_;
  const std::string& faulty_;
  std::string ports_, body_;
  std::vector<std::string> assumptions_, claims_, lemmas_;
  std::set<std::string> seen_;
  int count_ = 0;
};

}  // namespace

Result<flow::ProofTask> equivalenceTask(const Bench& bench, const std::string& faulty, Reachable reachable) {
  return Harness(bench, faulty).write(reachable);
}

}  // namespace sluice::show

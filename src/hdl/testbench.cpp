#include "hdl/testbench.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/rng.h"
#include "hdl/builder_state.h"
#include "hdl/evaluate.h"
#include "hdl/verilog.h"
#include "hdl/verilog_expression.h"

namespace sluice::hdl {
namespace {

std::uint32_t totalWidth(const Module& m, const std::vector<Port>& ports) {
  std::uint32_t total = 0;
  for (const Port& p : ports) total += m.node(p.signal).width;
  return total;
}

std::string vectorOf(std::uint32_t width) { return "[" + std::to_string(width - 1) + ":0] "; }

/// The values of all ports in one word, the first port lowest.
Words packed(const Module& m, const std::vector<Port>& ports, const std::vector<Words>& values) {
  Words all(wordsFor(totalWidth(m, ports)), 0);
  std::uint32_t at = 0;
  for (std::size_t k = 0; k < ports.size(); ++k) {
    const std::uint32_t width = m.node(ports[k].signal).width;
    for (std::uint32_t i = 0; i < width; ++i, ++at)
      if ((values[k][i / 64] >> (i % 64) & 1) != 0) all[at / 64] |= 1ull << (at % 64);
  }
  return all;
}

std::vector<Words> unpacked(const Module& m, const std::vector<Port>& ports, const Words& all) {
  std::vector<Words> values;
  std::uint32_t at = 0;
  for (const Port& p : ports) {
    const std::uint32_t width = m.node(p.signal).width;
    Words words;
    for (std::uint32_t i = 0; i < width; i += 64)
      words.push_back(bitsAt(all, at + i) & maskOf(std::min(64u, width - i)));
    values.push_back(std::move(words));
    at += width;
  }
  return values;
}

void modulesBelow(const std::shared_ptr<const Module>& m, std::set<std::string>& seen, std::string& text) {
  for (const Instance& i : m->instances) modulesBelow(i.module, seen, text);
  if (seen.insert(m->name).second) text += verilog(*m, Family::xc7);
}

}  // namespace

Trace randomInputs(const Module& module, std::uint32_t cycles, std::uint64_t seed) {
  Rng rng(seed);
  Trace trace;
  for (std::uint32_t c = 0; c < cycles; ++c) {
    std::vector<Words> values;
    for (const Port& p : module.inputs) {
      const Node& n = module.node(p.signal);
      Words words;
      if (n.isNumber()) {
        const std::int64_t value = rng.chance(0.1)   ? n.range->lo
                                   : rng.chance(0.1) ? n.range->hi
                                                     : rng.uniform(n.range->lo, n.range->hi);
        words.push_back(static_cast<std::uint64_t>(value) & maskOf(n.width));
      } else {
        for (std::uint32_t i = 0; i < n.width; i += 64)
          words.push_back(rng.bits() & maskOf(std::min(64u, n.width - i)));
      }
      values.push_back(std::move(words));
    }
    trace.values.push_back(std::move(values));
  }
  return trace;
}

Trace evaluateTrace(const Module& module, const Trace& inputs) {
  Result<Evaluator> made = Evaluator::make(module);
  SLUICE_CHECK(made.ok(), "a module to be traced passes its check");
  Evaluator& e = *made;
  Trace trace;
  for (const std::vector<Words>& values : inputs.values) {
    for (std::uint32_t k = 0; k < values.size(); ++k) e.setWords(k, 0, values[k]);
    e.settle();
    std::vector<Words> outputs;
    for (std::uint32_t k = 0; k < module.outputs.size(); ++k) {
      Words words(wordsFor(module.node(module.outputs[k].signal).width));
      e.getWords(k, 0, words);
      outputs.push_back(std::move(words));
    }
    trace.values.push_back(std::move(outputs));
    e.step();
  }
  return trace;
}

std::string verilogOf(std::span<const TestCase> cases) {
  std::set<std::string> seen;
  std::string text;
  for (const TestCase& c : cases) modulesBelow(c.module, seen, text);
  return text;
}

std::string testbench(std::span<const TestCase> cases) {
  const std::size_t cycles = cases.empty() ? 0 : cases[0].inputs.values.size();
  std::string wires, fill, power, feed, show;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Module& m = *cases[i].module;
    SLUICE_CHECK(cases[i].inputs.values.size() == cycles, "all cases have the same number of cycles");
    const std::string id = std::to_string(i), in = "in" + id, out = "out" + id, feedName = "feed" + id;
    const std::uint32_t inputs = std::max(1u, totalWidth(m, m.inputs)), outputs = totalWidth(m, m.outputs);
    wires += "  reg " + vectorOf(inputs) + in + ";\n  reg " + vectorOf(inputs) + feedName +
             " [0:" + std::to_string(cycles - 1) + "];\n";
    wires += "  wire " + vectorOf(outputs) + out + ";\n  " + m.name + " dut" + id + " (.clk(clk), .rst(rst)";
    std::uint32_t at = 0;
    const auto connect = [&](const std::vector<Port>& ports, const std::string& vector) {
      at = 0;
      for (const Port& p : ports) {
        const std::uint32_t width = m.node(p.signal).width;
        wires += ", ." + p.name + "(" + vector + "[" + std::to_string(at + width - 1) + ":" +
                 std::to_string(at) + "])";
        at += width;
      }
    };
    connect(m.inputs, in);
    connect(m.outputs, out);
    wires += ");\n";
    for (std::size_t c = 0; c < cycles; ++c)
      fill += "    " + feedName + "[" + std::to_string(c) +
              "] = " + verilogConstant(packed(m, m.inputs, cases[i].inputs.values[c]), 0, inputs) + ";\n";
    fill += "    " + in + " = 0;\n";
    for (const std::string& a : powerUpAssignments(m, "dut" + id)) power += "    " + a + "\n";
    feed += "      " + in + " = " + feedName + "[cycle];\n";
    show += "      $display(\"" + id + " %0d %h\", cycle, " + out + ");\n";
  }
  return "module testbench;\n  reg clk, rst;\n  integer cycle;\n" + wires +
         "  initial begin\n    clk = 0;\n    rst = 1;\n" + fill +
         "    #1 clk = 1;\n    #1 clk = 0;\n    rst = 0;\n" + power + "    for (cycle = 0; cycle < " +
         std::to_string(cycles) + "; cycle = cycle + 1) begin\n" + feed + "      #1;\n" + show +
         "      clk = 1;\n      #1 clk = 0;\n      #1;\n    end\n" + "    $finish;\n  end\nendmodule\n";
}

Result<std::vector<Trace>> parseTraces(std::string_view printed, std::span<const TestCase> cases) {
  std::vector<Trace> traces(cases.size());
  while (!printed.empty()) {
    const std::size_t end = std::min(printed.find('\n'), printed.size());
    const std::string line(printed.substr(0, end));
    printed.remove_prefix(std::min(end + 1, printed.size()));
    std::size_t index = 0, cycle = 0;
    int digits = 0;
    if (std::sscanf(line.c_str(), "%zu %zu %n", &index, &cycle, &digits) != 2 || index >= cases.size())
      continue;
    const std::string hex = line.substr(static_cast<std::size_t>(digits));
    if (hex.empty() || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
      return badInput("the simulator printed '" + hex + "' for cycle " + std::to_string(cycle),
                      "case " + std::to_string(index));
    const Module& m = *cases[index].module;
    Words all(wordsFor(totalWidth(m, m.outputs)), 0);
    for (std::size_t d = 0; d < hex.size(); ++d) {
      const char c = hex[hex.size() - 1 - d];
      const auto value = static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
      if (d / 16 < all.size()) all[d / 16] |= value << (4 * (d % 16));
    }
    if (cycle != traces[index].values.size())
      return badInput("cycles are missing", "case " + std::to_string(index));
    traces[index].values.push_back(unpacked(m, m.outputs, all));
  }
  for (std::size_t i = 0; i < cases.size(); ++i)
    if (traces[i].values.size() != cases[i].inputs.values.size())
      return badInput("the simulator printed " + std::to_string(traces[i].values.size()) + " cycles of " +
                          std::to_string(cases[i].inputs.values.size()),
                      "case " + std::to_string(i));
  return traces;
}

std::string firstDifference(const Module& module, const Trace& got, const Trace& expected) {
  const auto hex = [&](const Words& w, std::uint32_t width) { return verilogConstant(w, 0, width); };
  for (std::size_t c = 0; c < expected.values.size(); ++c)
    for (std::size_t k = 0; k < module.outputs.size(); ++k) {
      const Words &g = got.values.at(c).at(k), &e = expected.values[c][k];
      const std::uint32_t width = module.node(module.outputs[k].signal).width;
      if (g != e)
        return "cycle " + std::to_string(c) + ", output " + module.outputs[k].name + ": " + hex(g, width) +
               ", expected " + hex(e, width);
    }
  return {};
}

}  // namespace sluice::hdl

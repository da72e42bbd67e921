#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hdl/module.h"

/// Running modules in the evaluator and in a Verilog simulator on the same inputs, many modules in one
/// compile.
namespace sluice::hdl {

/// Words of a signal, 64 bits each, lowest first; zeros above its width.
using Words = std::vector<std::uint64_t>;

/// values[cycle][port][word].
struct Trace {
  std::vector<std::vector<Words>> values;
  bool operator==(const Trace&) const = default;
};

/// A module and what to feed it.
struct TestCase {
  std::shared_ptr<const Module> module;
  Trace inputs;
};

/// Random values inside each input port's interval; the ends of the interval are drawn more often.
Trace randomInputs(const Module& module, std::uint32_t cycles, std::uint64_t seed);

/// The outputs in every cycle, from power-up.
Trace evaluateTrace(const Module& module, const Trace& inputs);

/// All modules of the cases with everything below them, each once, in order: what the testbench needs beside
/// it. Modules of the same name must be the same module.
std::string verilogOf(std::span<const TestCase> cases);

/// A Verilog module `testbench` that feeds every case and prints its outputs as lines "case cycle hex". Each
/// module gets one cycle of reset, then the evaluator's power-up state. All cases have the same number of
/// cycles.
std::string testbench(std::span<const TestCase> cases);

/// The lines that a simulator printed; other lines are passed over. Errors: badInput if a value is missing,
/// or is x or z.
Result<std::vector<Trace>> parseTraces(std::string_view printed, std::span<const TestCase> cases);

/// Where two traces of a module's outputs differ first: "cycle 3, output y: 5, expected 7". Empty if they do
/// not.
std::string firstDifference(const Module& module, const Trace& got, const Trace& expected);

}  // namespace sluice::hdl

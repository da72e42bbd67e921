#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/simulate.h"
#include "emit/harness.h"
#include "emit/stitch.h"
#include "jobs/command.h"
#include "jobs/store.h"

/// Simulation of the emitted Verilog with Verilator: compile once, run any number of stimuli.
namespace sluice::flow {

/// Beats of one port: `words` 64-bit words a beat, lowest first.
struct PortBeats {
  std::vector<std::uint64_t> words;
  std::vector<std::uint64_t> cycles;  ///< of each beat; cycle 0 is the first after reset
};

/// A compiled model: the program and the ports it was made for.
struct SimulationModel {
  std::vector<emit::HarnessPort> ports;
  std::string program;  ///< the executable's bytes
  double seconds = 0;   ///< what the compilation took, or took when it was cached
  bool fromCache = false;
};

/// What is simulated: a module, and the list of the files that make it.
struct SimulationTop {
  std::string module = "top", list = "rtl/top.f";
};

/// Compiles harness.cpp with the module of the files in the list; the command's output `model` is the
/// program. `inputs`: those files. Errors  io: a tool is missing.
Result<jobs::Command> compileCommand(std::vector<jobs::InputFile> inputs, const SimulationTop& top = {});

/// Errors  io: a tool is missing or failed (with the end of its log).
Result<SimulationModel> compileModel(const std::vector<emit::File>& files,
                                     const std::vector<emit::HarnessPort>& ports, const jobs::Store* store);
/// The same with a harness and a module of one's own.
Result<SimulationModel> compileModel(const std::vector<emit::File>& files,
                                     const std::vector<emit::HarnessPort>& ports, const std::string& harness,
                                     const SimulationTop& top, const jobs::Store* store);

struct SimulationRun {
  std::uint64_t frames = 1;
  dataflow::Pattern sources, sinks;
  std::uint64_t cycleLimit = 1'000'000;
  std::uint64_t powerUpSeed = 1;  ///< of the random contents of registers without reset
  std::vector<std::string> more;  ///< arguments of a harness of one's own
};

/// Per port in order, the beats seen. `inputs`: words of each input port, in order, all frames.
/// Errors  gaveUp: the cycle limit came before the last beat; io.
Result<std::vector<PortBeats>> runModel(const SimulationModel& model, const SimulationRun& run,
                                        const std::vector<std::vector<std::uint64_t>>& inputs);

}  // namespace sluice::flow

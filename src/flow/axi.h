#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "emit/axi_shell.h"
#include "flow/simulate.h"
#include "flow/verify.h"

/// A design in its AXI skin, run by a model of a processor's bus and DMA engines (emit/axi_harness.h).
namespace sluice::flow {

/// Compiles axi_top. `files`: the design's Verilog. Errors  io: a tool is missing or failed.
Result<SimulationModel> compileAxi(const std::vector<emit::File>& files, const emit::AxiShell& shell,
                                   const emit::AxiSkin& skin, const jobs::Store* store);

struct AxiRun {
  dataflow::Pattern sources, sinks;
  std::uint64_t framesPerPacket = 1;
  bool hold =
      false;  ///< beats that are offered stay until they are taken; their cycles are then not predicted
  std::uint64_t seed = 1;
};

struct AxiOutcome {
  Agreement agreement;                             ///< values; and cycles, unless `hold`
  std::map<std::string, std::uint32_t> registers;  ///< by name, at the end
};

/// Errors  io: a rule of AXI was broken (which, in which cycle); gaveUp: the beats did not come.
Result<AxiOutcome> runAxi(const SimulationModel& model, const map::Design& design, const emit::AxiSkin& skin,
                          const Frames& frames, const AxiRun& run);

}  // namespace sluice::flow

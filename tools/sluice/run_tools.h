#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "build.h"
#include "choose_design.h"
#include "flow/synthesise.h"
#include "flow/verify.h"
#include "jobs/store.h"

/// What a build asks other programs: Verilator, Yosys, nextpnr.
namespace sluice::tool {

/// Names of stages with what they took, in order; goes to timings.json and nowhere else.
class Timings {
 public:
  void lap(const std::string& stage) {
    const auto now = std::chrono::steady_clock::now();
    add(stage, std::chrono::duration<double>(now - last_).count());
    last_ = now;
  }
  void add(const std::string& name, double seconds) { json_[name] = seconds; }
  [[nodiscard]] std::string text() const { return json_.dump(1) + "\n"; }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

/// A tool that is missing is said at once, not after minutes of work.
Status checkTools(Until until);

/// What a bitstream needs, said before any work.
Status checkBitstream(const BuildOptions& options, const Placement& placement);

/// Verilog of one module and everything under it.
flow::SynthesisTask synthesisTask(const std::string& name, const hdl::Module& module,
                                  const std::vector<emit::File>& files, hdl::Family family);

/// Frames for the hardware's inputs, with what the integer engine says of them.
Result<flow::Frames> framesOf(const ir::Graph& graph, const map::Design& design, const BuildOptions& options);

/// Runs the emitted Verilog, without stalls and with them, and notes what it shows.
Status simulate(const BuildOptions& options, const flow::Frames& frames, const Built& built,
                const jobs::Store* store, report::Report& report, Timings& timings);

/// Every subgraph alone, several at once; then the uncut design, for comparison.
Status synthesise(const Built& built, const std::optional<Built>& uncut, hdl::Family family, unsigned workers,
                  const jobs::Store* store, report::Report& report, Timings& timings);

/// The whole design behind the board's serial port, placed and routed; adds the board's files and the bitstream.
Status placeAndRoute(const BuildOptions& options, const Placement& placement, const Built& built,
                     const jobs::Store* store, report::Report& report, std::vector<emit::File>& files,
                     Timings& timings);

}  // namespace sluice::tool

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "emit/stitch.h"
#include "jobs/store.h"

/// Placement and routing of an ECP5 design with nextpnr, to a bitstream: the open flow's last steps.
///
/// One run of Yosys makes the netlist, then one run of nextpnr for each seed: seeds differ by 20 to 30 % in the clock
/// they reach, so a single figure says little. Every run is a job whose result is kept.
namespace sluice::flow {

struct PlaceTask {
  std::string name;               ///< for people
  std::vector<emit::File> files;  ///< Verilog, and the constraints
  std::string top;
  std::string constraints;  ///< name of the .lpf among the files
  std::string part;         ///< "LFE5U-85F-6BG381C"
  double targetMhz = 50;    ///< what the router aims at; a run that misses it still counts
};

/// One step of the critical path, in order.
struct PathStep {
  std::string cell;      ///< flattened name of the cell it ends at, "network.sub0.MatMul_22.n511"
  bool routing = false;  ///< along a wire, else through a cell
  double ns = 0;
};

struct Placed {
  std::uint64_t seed = 0;
  double maxMhz = 0;  ///< after routing, of the slowest path that starts and ends at the clock
  std::vector<PathStep> criticalPath;
  std::map<std::string, std::uint64_t> used;  ///< nextpnr's cell types
  std::string bitstream;                      ///< as the board's loader takes it
  double processorSeconds = 0;                ///< of nextpnr
  bool fromCache = false;
};

/// One result a seed, in their order, `workers` at a time.
/// Errors  unsupported: a part nextpnr-ecp5 does not know; io: a tool is missing or failed (does not fit: its words)
Result<std::vector<Placed>> placeAndRoute(const PlaceTask& task, const std::vector<std::uint64_t>& seeds,
                                          unsigned workers, const jobs::Store* store);

/// Where a flattened cell name lies in the design: "MatMul_22", "fifo t40"; the instance below the subgraph. Empty: in none
/// (the board's shell).
std::string instanceOf(const std::string& cell);

/// "Quant_16 -> fifo t40 -> MatMul_22 (14 cells, 62 % wires)": a path in terms of the network.
std::string pathText(const std::vector<PathStep>& path);

}  // namespace sluice::flow

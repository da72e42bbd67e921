#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/process/profile.h"
#include "dataflow/vcd_read.h"

/// How full FIFOs were in a run of another tool (co-simulation, or hardware), beside what the simulator says.
namespace sluice::dataflow::process {

struct PeakRow {
  std::string fifo, group;
  std::uint64_t depth = 0;                ///< of the simulation
  std::uint64_t simulated = 0;            ///< most places taken at once
  std::optional<std::uint64_t> measured;  ///< the same in the dump, if a signal was found
  std::string signal;                     ///< that signal, with its scopes
};

/// One row per FIFO of the network, in its order.
///
/// A signal belongs to the FIFO whose name its innermost scope has, or its own name, or that name followed by "_U" (as
/// high-level synthesis calls instances), "_fifo_U" or "_fifo"; "v[0]" may be called "v_0". Of a scope's signals these are looked at, the first of
/// them in this order:
///   mOutPtr                                        plus one (shift-register FIFOs of Vivado and Vitis HLS: all ones is empty)
///   usedw, num_data_cnt, mem_data_cnt              as they are (their FIFOs in memory)
///   fifo_num_data_valid, num_data_valid            as they are
///   count, level, occupancy, data_count, maxcount  as they are (FINN, and others)
/// A signal called as the FIFO itself (our own dumps) is its occupancy.
///
/// Shapes   `profile` of `program`, run with `depths` per group
/// Errors   badInput: no FIFO of the network is found in the dump
Result<std::vector<PeakRow>> comparePeaks(const Network& network, const Program& program,
                                          const Profile& profile, const std::vector<std::uint64_t>& depths,
                                          const std::vector<DumpedSignal>& dump);

/// As JSON: {"network", "fifos": [{"name", "group", "depth", "simulated", "measured" or null, "signal"}, ...]}
std::string peaksJson(const Network& network, const std::vector<PeakRow>& rows);

}  // namespace sluice::dataflow::process

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/formal.h"
#include "kernels_verilator.h"

/// Whether a changed module is the same as the one it was made of, for ever: a claim for the model checker.
namespace sluice::show {

/// What the proof may lean on beside the registers themselves.
enum class Reachable : std::uint8_t {
  anything,  ///< what only an enable moves is; no lemma about what registers hold
  counters,  ///< that, and registers of the controller hold only what they held in simulation
  pairs,     ///< that, and two registers of one bit hold together only what they held together in simulation
};

/// Both modules side by side, fed alike, from the same power-up state; claim `equal`: every port is equal in every cycle,
/// data while valid. Elements lie in the kernel's proven range.
///
/// faulty   the module's text with the fault
/// Errors   those of hdl::Evaluator
Result<flow::ProofTask> equivalenceTask(const Bench& bench, const std::string& faulty, Reachable reachable);

}  // namespace sluice::show

#pragma once

#include <string>
#include <vector>

#include "emit/formal_text.h"
#include "kernel/kernel.h"

/// Inside of emit: a kernel's schedule as ghost state, read off dataflow/schedule.h and not off the controller.
namespace sluice::emit {

/// Names of wires in the harness, per port.
struct PortWires {
  std::string ready;   ///< valid of a read port, credit of a write port
  std::string taken;   ///< pop, reserve
  std::string pushed;  ///< of a write port
};

struct GhostSchedule {
  std::string issue;               ///< wire: the next iteration issues in this cycle
  std::string rest;                ///< register: cycles until the interval has passed
  std::vector<std::string> moves;  ///< per port, a wire: the next iteration moves a beat
  std::vector<std::string>
      due;  ///< per write port, a register: credits taken, by cycles ago; "" of stage 0 and of reads
  std::vector<std::string> loops;  ///< per loop, its counter; "0" of one iteration
};

/// Declares the ghost state of a kernel; all names begin with `prefix`.
GhostSchedule ghostSchedule(FormalText& f, const kernel::Kernel& kernel, const std::vector<PortWires>& ports,
                            const std::string& prefix);

/// That the controller inside instance `path` ("" or "name.") counts as the ghost does.
void controllerLemmas(FormalText& f, const kernel::Kernel& kernel, const GhostSchedule& ghost,
                      const std::string& printed, const std::string& path);

/// The stage at which a write port pushes.
std::uint32_t writeStage(const kernel::Kernel& kernel, std::uint32_t port);

}  // namespace sluice::emit

#pragma once

#include <vector>

#include "base/result.h"
#include "flow/simulate.h"
#include "hdl/module.h"

/// The same run as flow/simulate.h, on the in-process evaluator: nothing is compiled, nothing outside is needed.
namespace sluice::flow {

/// `run.powerUpSeed` is not used: registers without reset start at 0 here.
/// Errors  gaveUp: the cycle limit came before the last beat.
Result<std::vector<PortBeats>> evaluateModule(const hdl::Module& top,
                                              const std::vector<emit::HarnessPort>& ports,
                                              const SimulationRun& run,
                                              const std::vector<std::vector<std::uint64_t>>& inputs);

}  // namespace sluice::flow

#pragma once

#include "base/result.h"
#include "ir/integer.h"
#include "options.h"

namespace sluice::tool {

/// Codes of the hardware's outputs from those of its inputs, from the hardware itself: mapped with the
/// settings that `sluice build` has without options, and run without stalls. The engine is hdl or verilator.
/// Errors: those of mapping; io without Verilator; gaveUp if the last output does not come in twice the
/// predicted time.
Result<ir::CodeRows> runHardware(Engine engine, const ir::Graph& lowered, const ir::CodeRows& codes,
                                 std::size_t samples);

}  // namespace sluice::tool

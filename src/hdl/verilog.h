#pragma once

#include <string>
#include <vector>

#include "hdl/cost.h"
#include "hdl/module.h"

namespace sluice::hdl {

/// One module as Verilog-2001 that Verilator (-Wall), Yosys and Icarus accept without a warning. Instances
/// are printed as instances: print their modules too (each once). Same tree, same bytes. What no output needs
/// is not printed. Requires check(module).
///
/// For a family with six-input look-up tables, constant tables are LUT6, MUXF7 and MUXF8 where SYNTHESIS is
/// defined, as Yosys and Vivado define it, and say the same as an expression elsewhere (table_form.h).
std::string verilog(const Module& module, Family family);

/// Assignments that put every state of a module below `path` (a hierarchical name) to its power-up value:
/// registers to their reset value or 0, memories to 0. For testbenches: Icarus starts with x, the evaluator
/// with these.
std::vector<std::string> powerUpAssignments(const Module& module, const std::string& path);

}  // namespace sluice::hdl

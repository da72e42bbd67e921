#pragma once

#include <string>

#include "hdl/module.h"

namespace sluice::hdl {

/// One module as Verilog-2001 that Verilator (-Wall), Yosys and Icarus accept without a warning. Instances are
/// printed as instances: print their modules too (each once). Same tree, same bytes.
std::string verilog(const Module& module);

}  // namespace sluice::hdl

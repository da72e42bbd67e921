#pragma once

#include <string>
#include <vector>

#include "emit/stitch.h"
#include "flow/tools.h"
#include "jobs/command.h"

/// Inside of flow: a run of Yosys over the Verilog among some files, as a job.
namespace sluice::flow {

/// Reads every .v file, then does `script`, which writes the file `output`.
jobs::Command yosysCommand(const Tool& yosys, const std::string& name, const std::vector<emit::File>& files,
                           const std::string& script, const std::string& output);

}  // namespace sluice::flow

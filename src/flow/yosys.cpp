#include "flow/yosys.h"

namespace sluice::flow {

jobs::Command yosysCommand(const Tool& yosys, const std::string& name, const std::vector<emit::File>& files,
                           const std::string& script, const std::string& output) {
  jobs::Command command{.name = "yosys " + name,
                        .argv = {yosys.path, "-q", "-l", "yosys.log", "-s", "synth.ys"},
                        .outputs = {output, {"yosys.log", true}},
                        .toolVersion = yosys.version,
                        .limits = {.seconds = 4 * 3600}};
  std::string read;
  for (const emit::File& file : files) {
    command.inputs.push_back({file.name, file.content});
    if (file.name.ends_with(".v")) read += "read_verilog " + file.name + "\n";
  }
  command.inputs.push_back({"synth.ys", read + script});
  return command;
}

}  // namespace sluice::flow

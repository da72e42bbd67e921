#include "dataflow/process/profile.h"
#include "dataflow/vcd_text.h"

namespace sluice::dataflow::process {

std::string vcd(const Network& network, const Program& program, const Record& record) {
  const std::size_t lanes = program.lanes.size();
  std::string text =
      "$timescale 1 ns $end\n$scope module " + vcdName(network.name) + " $end\n$scope module fifos $end\n";
  for (std::size_t lane = 0; lane < lanes; ++lane)
    for (const std::uint32_t fifo : program.lanes[lane].fifos)
      text += "$var integer 64 " + vcdCode(lane) + " " + vcdName(network.fifos[fifo].name) + " $end\n";
  text += "$upscope $end\n$scope module processes $end\n";
  for (std::size_t p = 0; p < network.processes.size(); ++p) {
    text +=
        "$var wire 1 " + vcdCode(lanes + 2 * p) + " " + vcdName(network.processes[p].name) + ".runs $end\n";
    text += "$var wire 1 " + vcdCode(lanes + 2 * p + 1) + " " + vcdName(network.processes[p].name) +
            ".stalls $end\n";
  }
  text += "$upscope $end\n$upscope $end\n$enddefinitions $end\n";

  std::vector<VcdChange> changes;
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    changes.push_back({0, lane, 0});
    for (const Occupancy& step : occupancy(program, record, lane))
      changes.push_back({step.cycle, lane, step.places});
  }
  for (std::size_t p = 0; p < network.processes.size(); ++p) {
    const std::size_t runs = lanes + 2 * p, stalls = runs + 1;
    changes.push_back({0, runs, 0});
    changes.push_back({0, stalls, 0});
    changes.push_back({record.start[p], runs, 1});
    std::uint64_t waited = 0;
    for (const Stall& stall : record.stalls[p]) {
      const std::uint64_t begin = record.start[p] + static_cast<std::uint64_t>(stall.clock) + waited;
      waited += static_cast<std::uint64_t>(stall.cycles);
      changes.push_back({begin, stalls, 1});
      changes.push_back({begin + static_cast<std::uint64_t>(stall.cycles), stalls, 0});
    }
    changes.push_back({record.finish[p], runs, 0});
  }
  return text + vcdChanges(std::move(changes), lanes, lanes + 2 * network.processes.size());
}

}  // namespace sluice::dataflow::process

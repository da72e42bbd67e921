#include "dataflow/process/profile.h"

namespace sluice::dataflow::process {

Waveform waveform(const Network& network, const Program& program, const Record& record) {
  const std::size_t lanes = program.lanes.size(), processes = network.processes.size();
  Waveform wave{.top = network.name, .bits = {}, .signals = {}, .changes = {}};
  wave.bits.assign(lanes, 64);
  wave.bits.resize(lanes + 2 * processes, 1);
  for (std::size_t lane = 0; lane < lanes; ++lane)
    for (const std::uint32_t fifo : program.lanes[lane].fifos)
      wave.signals.push_back({"fifos", network.fifos[fifo].name, lane});
  for (std::size_t p = 0; p < processes; ++p) {
    wave.signals.push_back({"processes", network.processes[p].name + ".runs", lanes + 2 * p});
    wave.signals.push_back({"processes", network.processes[p].name + ".stalls", lanes + 2 * p + 1});
  }

  std::vector<WaveChange>& changes = wave.changes;
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
  return wave;
}

}  // namespace sluice::dataflow::process

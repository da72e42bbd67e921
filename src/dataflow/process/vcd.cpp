#include <algorithm>
#include <bit>
#include <tuple>

#include "dataflow/process/profile.h"

namespace sluice::dataflow::process {

namespace {

/// Short names of signals: numbers in printable characters.
std::string code(std::size_t number) {
  std::string text;
  do {
    text += static_cast<char>('!' + number % 94);
    number /= 94;
  } while (number > 0);
  return text;
}

/// Names in a dump have no white space.
std::string plain(std::string name) {
  for (char& c : name)
    if (c <= ' ' || c > '~') c = '_';
  return name;
}

std::string binary(std::uint64_t value) {
  if (value == 0) return "0";
  std::string digits;
  for (int bit = static_cast<int>(std::bit_width(value)) - 1; bit >= 0; --bit)
    digits += (value >> bit) & 1 ? '1' : '0';
  return digits;
}

struct Change {
  std::uint64_t cycle;
  std::size_t signal;
  std::uint64_t value;
  bool operator<(const Change& o) const { return std::tie(cycle, signal) < std::tie(o.cycle, o.signal); }
};

}  // namespace

std::string vcd(const Network& network, const Program& program, const Record& record) {
  const std::size_t lanes = program.lanes.size();
  std::string text =
      "$timescale 1 ns $end\n$scope module " + plain(network.name) + " $end\n$scope module fifos $end\n";
  for (std::size_t lane = 0; lane < lanes; ++lane)
    for (const std::uint32_t fifo : program.lanes[lane].fifos)
      text += "$var integer 64 " + code(lane) + " " + plain(network.fifos[fifo].name) + " $end\n";
  text += "$upscope $end\n$scope module processes $end\n";
  for (std::size_t p = 0; p < network.processes.size(); ++p) {
    text += "$var wire 1 " + code(lanes + 2 * p) + " " + plain(network.processes[p].name) + ".runs $end\n";
    text +=
        "$var wire 1 " + code(lanes + 2 * p + 1) + " " + plain(network.processes[p].name) + ".stalls $end\n";
  }
  text += "$upscope $end\n$upscope $end\n$enddefinitions $end\n";

  std::vector<Change> changes;
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
  std::stable_sort(changes.begin(), changes.end());
  std::uint64_t cycle = ~std::uint64_t{0};
  std::vector<std::uint64_t> shown(lanes + 2 * network.processes.size(), ~std::uint64_t{0});
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    const bool last = i + 1 == changes.size() || changes[i + 1].cycle != change.cycle ||
                      changes[i + 1].signal != change.signal;  // of several in one cycle the last one stands
    if (!last || shown[change.signal] == change.value) continue;
    if (change.cycle != cycle) text += "#" + std::to_string(cycle = change.cycle) + "\n";
    shown[change.signal] = change.value;
    text += change.signal < lanes ? "b" + binary(change.value) + " " : std::to_string(change.value);
    text += code(change.signal) + "\n";
  }
  return text;
}

}  // namespace sluice::dataflow::process

#include "weight_ports.h"

#include <algorithm>

#include "base/npy.h"

namespace sluice::tool {
namespace {

/// The smallest type that holds a code.
NpyArray arrayOf(std::vector<std::uint64_t> shape, const std::vector<std::int64_t>& codes) {
  const auto [lo, hi] = std::minmax_element(codes.begin(), codes.end());
  const auto as = [&]<typename T>(T) {
    std::vector<T> values;
    values.reserve(codes.size());
    for (const std::int64_t code : codes) values.push_back(static_cast<T>(code));
    return makeNpy(std::move(shape), std::move(values));
  };
  if (*lo >= INT8_MIN && *hi <= INT8_MAX) return as(std::int8_t{});
  if (*lo >= INT16_MIN && *hi <= INT16_MAX) return as(std::int16_t{});
  if (*lo >= INT32_MIN && *hi <= INT32_MAX) return as(std::int32_t{});
  return as(std::int64_t{});
}

}  // namespace

std::vector<emit::File> weightFiles(const map::Design& design) {
  std::vector<emit::File> files;
  for (const map::DesignPort& port : design.ports) {
    if (port.weights.empty()) continue;
    const map::Stream& stream = design.streams[port.stream.index];
    files.push_back({"weights/" + port.name + ".npy",
                     printNpy(arrayOf({stream.beatsPerFrame, stream.beat.elements}, port.weights))});
  }
  return files;
}

void describeWeightPorts(const map::Design& design, const std::vector<device::Board>& boards,
                         report::Report& report) {
  const double clock = boards.empty() ? 100.0 : static_cast<double>(boards[0].targetMhz);
  for (const map::DesignPort& port : design.ports) {
    if (port.weights.empty()) continue;
    const map::Stream& entry = design.streams[port.stream.index];
    report::Report::WeightPort row{.port = port.name,
                                   .bitsPerFrame = entry.beatsPerFrame * entry.beat.width(),
                                   .bitsPerBeat = entry.beat.width(),
                                   .clockMhz = clock};
    row.gigabitPerSecond = static_cast<double>(row.bitsPerFrame) * clock / 1000.0 /
                           static_cast<double>(std::max<std::uint64_t>(1, report.interval));
    // From stream to stream, up to the kernel that does the node.
    for (map::StreamId at = port.stream; at.valid();) {
      const map::Stream& stream = design.streams[at.index];
      row.aheadBits += std::uint64_t{stream.depth} * stream.beat.width();
      const map::KernelInstance& reader = design.kernels[stream.reader.index];
      at = reader.nodes.empty() ? reader.streams.back() : map::StreamId();
      row.kernel = reader.kernel.name;
    }
    report.weightPorts.push_back(std::move(row));
  }
}

}  // namespace sluice::tool

#include "dataflow/process/compare.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/text.h"

namespace sluice::dataflow::process {

namespace {

/// What occupancy is called, the best first.
struct Known {
  const char* name;
  bool next;  // the pointer stands one below
};
constexpr std::array<Known, 11> known = {{{"mOutPtr", true},
                                          {"usedw", false},
                                          {"num_data_cnt", false},
                                          {"mem_data_cnt", false},
                                          {"fifo_num_data_valid", false},
                                          {"num_data_valid", false},
                                          {"count", false},
                                          {"level", false},
                                          {"occupancy", false},
                                          {"data_count", false},
                                          {"maxcount", false}}};
constexpr std::array<const char*, 4> suffixes = {"", "_U", "_fifo_U", "_fifo"};

struct Found {
  std::size_t rank = known.size() + 1;  // the lower the better
  std::uint64_t peak = 0;
  std::string signal;
};

/// What high-level synthesis makes of "v52[0]": "v52_0".
std::string identifier(const std::string& name) {
  std::string result;
  for (const char c : name)
    if (c != ']')
      result += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  return result;
}

std::string pathOf(const DumpedSignal& signal) {
  std::vector<std::string> parts = signal.scopes;
  parts.push_back(signal.name);
  return join(parts, ".");
}

}  // namespace

Result<std::vector<PeakRow>> comparePeaks(const Network& network, const Program& program,
                                          const Profile& profile, const std::vector<std::uint64_t>& depths,
                                          const std::vector<DumpedSignal>& dump) {
  std::unordered_map<std::string, std::size_t> fifoCalled;
  for (std::size_t f = 0; f < network.fifos.size(); ++f)
    for (const char* suffix : suffixes) {
      fifoCalled.try_emplace(waveName(network.fifos[f].name) + suffix, f);
      fifoCalled.try_emplace(identifier(network.fifos[f].name) + suffix, f);
    }
  std::vector<Found> found(network.fifos.size());
  const auto offer = [&](const std::string& called, std::size_t rank,
                         const std::optional<std::uint64_t>& peak, const DumpedSignal& signal) {
    const auto fifo = fifoCalled.find(called);
    if (fifo == fifoCalled.end() || !peak.has_value() || found[fifo->second].rank <= rank) return;
    found[fifo->second] = {rank, *peak, pathOf(signal)};
  };
  for (const DumpedSignal& signal : dump) {
    offer(signal.name, known.size(), signal.highest, signal);
    if (signal.scopes.empty()) continue;
    for (std::size_t rank = 0; rank < known.size(); ++rank)
      if (signal.name == known[rank].name)
        offer(signal.scopes.back(), rank, known[rank].next ? signal.highestNext : signal.highest, signal);
  }
  std::vector<PeakRow> rows(network.fifos.size());
  bool any = false;
  for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane)
    for (const std::uint32_t f : program.lanes[lane].fifos) {
      const Fifo& fifo = network.fifos[f];
      rows[f] = {.fifo = fifo.name,
                 .group = network.groups[fifo.group],
                 .depth = depths[fifo.group],
                 .simulated = profile.lanes[lane].peak,
                 .measured = {},
                 .signal = found[f].signal};
      if (found[f].rank > known.size()) continue;
      rows[f].measured = found[f].peak;
      any = true;
    }
  if (!any)
    return badInput("none of its " + formatCount(static_cast<std::int64_t>(dump.size())) +
                    " signals is the occupancy of a FIFO of '" + network.name + "', such as " +
                    (network.fifos.empty() ? "x" : network.fifos[0].name) + "_U.mOutPtr");
  return rows;
}

std::string peaksJson(const Network& network, const std::vector<PeakRow>& rows) {
  using json = nlohmann::ordered_json;
  json fifos = json::array();
  for (const PeakRow& row : rows)
    fifos.push_back({{"name", row.fifo},
                     {"group", row.group},
                     {"depth", row.depth},
                     {"simulated", row.simulated},
                     {"measured", row.measured ? json(*row.measured) : json(nullptr)},
                     {"signal", row.signal}});
  const json whole = {{"network", network.name}, {"fifos", std::move(fifos)}};
  return whole.dump(1, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::dataflow::process

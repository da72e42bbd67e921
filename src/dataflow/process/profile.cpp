#include "dataflow/process/profile.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace sluice::dataflow::process {

namespace {

using json = nlohmann::ordered_json;

/// The highest of each of `most` equal stretches of cycles.
std::vector<Occupancy> buckets(const std::vector<Occupancy>& curve, std::uint64_t cycles, std::size_t most) {
  if (curve.size() <= most) return curve;
  std::vector<Occupancy> out;
  std::size_t at = 0;
  std::uint64_t places = 0;
  for (std::size_t b = 0; b < most; ++b) {
    const std::uint64_t begin = cycles * b / most, end = cycles * (b + 1) / most;
    std::uint64_t highest = places;
    for (; at < curve.size() && curve[at].cycle < end; ++at) {
      places = curve[at].places;
      highest = at > 0 && curve[at].cycle == begin ? places : std::max(highest, places);
    }
    if (out.empty() || out.back().places != highest) out.push_back({.cycle = begin, .places = highest});
  }
  return out;
}

}  // namespace

std::vector<Occupancy> occupancy(const Program&, const Record& record, std::uint32_t lane) {
  const std::vector<std::int64_t>& writes = record.writes[lane];
  const std::vector<std::int64_t>& reads = record.reads[lane];
  std::vector<Occupancy> curve;
  std::size_t w = 0, r = 0;
  while (w < writes.size() || r < reads.size()) {
    const std::int64_t write = w < writes.size() ? writes[w] : noLimit;
    const std::int64_t read = r < reads.size() ? reads[r] + 1 : noLimit;
    const std::int64_t now = std::min(write, read);
    while (w < writes.size() && writes[w] == now) ++w;
    while (r < reads.size() && reads[r] + 1 == now) ++r;
    if (curve.empty() || curve.back().places != w - r)
      curve.push_back({.cycle = static_cast<std::uint64_t>(now), .places = w - r});
  }
  return curve;
}

Profile profile(const Program& program, const Record& record, std::size_t mostSteps) {
  Profile all;
  for (const std::uint64_t finish : record.finish) all.cycles = std::max(all.cycles, finish);
  for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane) {
    FifoProfile one;
    const std::vector<Occupancy> curve = occupancy(program, record, lane);
    double sum = 0;
    for (std::size_t i = 0; i < curve.size(); ++i) {
      const std::uint64_t until = i + 1 < curve.size() ? curve[i + 1].cycle : all.cycles;
      one.peak = std::max(one.peak, curve[i].places);
      if (until > curve[i].cycle)
        sum += static_cast<double>(curve[i].places) * static_cast<double>(until - curve[i].cycle);
    }
    one.mean = all.cycles > 0 ? sum / static_cast<double>(all.cycles) : 0;
    one.curve = buckets(curve, all.cycles, mostSteps);
    all.lanes.push_back(std::move(one));
  }
  for (std::uint32_t p = 0; p < program.processes.size(); ++p) {
    ProcessProfile one{
        .start = record.start[p], .finish = record.finish[p], .stalled = 0, .utilisation = 0, .waits = {}};
    std::map<std::pair<std::uint32_t, bool>, Waiting> waits;
    for (const Stall& stall : record.stalls[p]) {
      const Lane& lane = program.lanes[stall.lane];
      Waiting& waiting = waits[{stall.lane, stall.forPlace}];
      if (waiting.times == 0)
        waiting = {.lane = stall.lane,
                   .who = stall.forPlace ? lane.dst : lane.src,
                   .forPlace = stall.forPlace,
                   .first = one.start + static_cast<std::uint64_t>(stall.clock) + one.stalled};
      waiting.cycles += static_cast<std::uint64_t>(stall.cycles);
      ++waiting.times;
      one.stalled += static_cast<std::uint64_t>(stall.cycles);
    }
    for (const auto& [key, waiting] : waits) one.waits.push_back(waiting);
    std::stable_sort(one.waits.begin(), one.waits.end(),
                     [](const Waiting& a, const Waiting& b) { return a.cycles > b.cycles; });
    if (all.cycles > 0)
      one.utilisation =
          static_cast<double>(one.finish - one.start - one.stalled) / static_cast<double>(all.cycles);
    all.processes.push_back(std::move(one));
  }
  return all;
}

std::string profileJson(const Network& network, const Program& program, const Outcome& outcome,
                        const Record& record) {
  json whole = {{"network", network.name}};
  const auto fifosOf = [&](std::uint32_t lane) {
    json names = json::array();
    for (const std::uint32_t fifo : program.lanes[lane].fifos) names.push_back(network.fifos[fifo].name);
    return names;
  };
  if (outcome.kind == Outcome::Kind::deadlock) {
    json waits = json::array();
    for (const Wait& wait : outcome.deadlock) {
      json one = {{"process", network.processes[wait.process].name},
                  {"waits_for", network.processes[wait.forProcess].name},
                  {"reason", wait.why == Wait::Why::after  ? "after"
                             : wait.why == Wait::Why::full ? "full"
                                                           : "empty"}};
      if (wait.why != Wait::Why::after) one["fifos"] = fifosOf(wait.lane);
      waits.push_back(std::move(one));
    }
    whole["deadlock"] = std::move(waits);
  } else {
    whole["cycles"] = outcome.cycles;
    const Profile all = profile(program, record);
    json fifos = json::array(), processes = json::array();
    for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane) {
      json curve = json::array();
      for (const Occupancy& step : all.lanes[lane].curve) curve.push_back({step.cycle, step.places});
      fifos.push_back({{"names", fifosOf(lane)},
                       {"group", network.groups[program.lanes[lane].group]},
                       {"peak", all.lanes[lane].peak},
                       {"mean", all.lanes[lane].mean},
                       {"occupancy", std::move(curve)}});
    }
    for (std::size_t p = 0; p < all.processes.size(); ++p) {
      const ProcessProfile& one = all.processes[p];
      json waits = json::array();
      for (const Waiting& waiting : one.waits)
        waits.push_back({{"for", network.processes[waiting.who].name},
                         {"reason", waiting.forPlace ? "full" : "empty"},
                         {"fifos", fifosOf(waiting.lane)},
                         {"cycles", waiting.cycles},
                         {"times", waiting.times},
                         {"first", waiting.first}});
      processes.push_back({{"name", network.processes[p].name},
                           {"start", one.start},
                           {"finish", one.finish},
                           {"stalled", one.stalled},
                           {"utilisation", one.utilisation},
                           {"waits", std::move(waits)}});
    }
    whole["fifos"] = std::move(fifos);
    whole["processes"] = std::move(processes);
  }
  return whole.dump(1, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::dataflow::process

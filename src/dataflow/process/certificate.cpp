#include "dataflow/process/certificate.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace sluice::dataflow::process {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t mostRuns = 20000;

/// [clock, cycles, count, every] of stalls in arithmetic progression, as long as they go.
json runsOf(const std::vector<Stall>& stalls) {
  json runs = json::array();
  for (std::size_t i = 0; i < stalls.size();) {
    std::size_t end = i + 1;
    std::int64_t every = 0;
    if (end < stalls.size() && stalls[end].cycles == stalls[i].cycles)
      every = stalls[end].clock - stalls[i].clock;
    while (every > 0 && end < stalls.size() && stalls[end].cycles == stalls[i].cycles &&
           stalls[end].clock - stalls[end - 1].clock == every)
      ++end;
    runs.push_back({stalls[i].clock, stalls[i].cycles, end - i, every});
    i = end;
  }
  return runs;
}

json potentials(const Network& network, const Record& record) {
  json all = json::object();
  std::size_t count = 0;
  for (std::size_t p = 0; p < network.processes.size(); ++p) {
    json runs = runsOf(record.stalls[p]);
    count += runs.size();
    if (count > mostRuns) return nullptr;
    all[network.processes[p].name] = {
        {"start", record.start[p]}, {"finish", record.finish[p]}, {"stalls", std::move(runs)}};
  }
  return all;
}

/// One line for each key, and for each item of lists and objects within.
std::string byLines(const json& whole) {
  const auto compact = [](const json& value) {
    return value.dump(-1, ' ', true, json::error_handler_t::replace);
  };
  std::string text = "{";
  const char* comma = "\n";
  for (const auto& [key, value] : whole.items()) {
    text += comma + compact(json(key)) + ": ";
    comma = ",\n";
    if (!value.is_structured() || value.empty()) {
      text += compact(value);
      continue;
    }
    text += value.is_array() ? "[" : "{";
    const char* inner = "\n  ";
    for (const auto& [name, item] : value.items()) {
      text += inner + (value.is_array() ? std::string() : compact(json(name)) + ": ") + compact(item);
      inner = ",\n  ";
    }
    text += value.is_array() ? "]" : "}";
  }
  return text + "\n}\n";
}

}  // namespace

namespace {

Result<json> certificate(const Network& network, CostKind kind, const Sizing& sizing) {
  SLUICE_TRY(const Program program, compile(network));
  Evaluator evaluator(program, network.timing);
  Record record;
  const Outcome outcome = evaluator.record(evaluator.exact(sizing.depths), record);
  SLUICE_CHECK(outcome.kind == Outcome::Kind::finished && outcome.cycles == sizing.cycles,
               "both ways to run give the same cycles");
  json depths = json::object(), conflicts = json::array();
  for (std::size_t g = 0; g < network.groups.size(); ++g) depths[network.groups[g]] = sizing.depths[g];
  json sums = json::array();
  std::vector<Sum> rising = sizing.sums;
  std::sort(rising.begin(), rising.end());
  for (const Sum& sum : rising) {
    json names = json::array();
    for (const std::uint32_t g : sum.groups) names.push_back(network.groups[g]);
    sums.push_back({{"groups", std::move(names)}, {"least", sum.least}});
  }
  std::vector<Conflict> sorted = sizing.conflicts;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  for (const Conflict& conflict : sorted) {
    json ranges = json::object();
    for (const Literal& literal : conflict) ranges[network.groups[literal.group]] = {literal.lo, literal.hi};
    conflicts.push_back(std::move(ranges));
  }
  return json{{"format", "dataflow-sizing/1"},
              {"network", network.name},
              {"cost_kind", costKindText(kind)},
              {"target", sizing.targetAsked ? "asked:" + std::to_string(sizing.target) : std::string("base")},
              {"target_cycles", sizing.target},
              {"cycles", sizing.cycles},
              {"total_beats", GroupCosts(network, CostKind::beats).total(sizing.depths)},
              {"cost", sizing.cost},
              {"lower_bound", sizing.lowerBound},
              {"proven", sizing.proven},
              {"depths", depths},
              {"stalls", potentials(network, record)},
              {"conflicts", conflicts},
              {"sums", sums}};
}

}  // namespace

Result<std::string> certificateJson(const Network& network, CostKind kind, const Sizing& sizing) {
  SLUICE_TRY(const json whole, certificate(network, kind, sizing));
  return byLines(whole);
}

Result<std::string> frontJson(const Network& network, CostKind kind, const Front& front) {
  json points = json::array();
  for (const Sizing& point : front.points) {
    SLUICE_TRY(json one, certificate(network, kind, point));
    points.push_back(std::move(one));
  }
  return byLines({{"format", "dataflow-pareto/1"},
                  {"network", network.name},
                  {"cost_kind", costKindText(kind)},
                  {"complete", front.complete},
                  {"points", std::move(points)}});
}

}  // namespace sluice::dataflow::process

#include "dataflow/process/certificate.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

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

/// Rows that occur in conflicts, rising.
std::vector<std::vector<std::uint32_t>> rowsOf(const Sizing& sizing) {
  std::vector<std::vector<std::uint32_t>> rows;
  for (const Conflict& conflict : sizing.conflicts)
    for (const Literal& literal : conflict)
      if (sizing.terms.isRow(literal.term)) rows.push_back(sizing.terms.row(literal.term));
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

json rowsJson(const Network& network, const Sizing& sizing) {
  json all = json::array();
  for (const std::vector<std::uint32_t>& row : rowsOf(sizing)) {
    json names = json::array();
    for (const std::uint32_t g : row) names.push_back(network.groups[g]);
    all.push_back(std::move(names));
  }
  return all;
}

json conflictsJson(const Network& network, const Sizing& sizing) {
  const std::vector<std::vector<std::uint32_t>> rows = rowsOf(sizing);
  struct Listed {
    std::vector<std::array<std::uint64_t, 3>> depths;  ///< group, lo, hi
    std::vector<std::array<std::uint64_t, 2>> sums;    ///< row, hi
    auto operator<=>(const Listed&) const = default;
  };
  std::set<Listed> rising;
  for (const Conflict& conflict : sizing.conflicts) {
    Listed one;
    for (const Literal& literal : conflict) {
      if (!sizing.terms.isRow(literal.term)) {
        one.depths.push_back({literal.term, literal.lo, literal.hi});
        continue;
      }
      const auto row = std::lower_bound(rows.begin(), rows.end(), sizing.terms.row(literal.term));
      one.sums.push_back({static_cast<std::uint64_t>(row - rows.begin()), literal.hi});
    }
    std::sort(one.sums.begin(), one.sums.end());
    rising.insert(std::move(one));
  }
  json all = json::array();
  for (const Listed& one : rising) {
    json depths = json::object();
    for (const auto& [group, lo, hi] : one.depths) depths[network.groups[group]] = {lo, hi};
    all.push_back({{"depths", std::move(depths)}, {"sums", one.sums}});
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
  json depths = json::object();
  for (std::size_t g = 0; g < network.groups.size(); ++g) depths[network.groups[g]] = sizing.depths[g];
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
              {"rows", rowsJson(network, sizing)},
              {"conflicts", conflictsJson(network, sizing)}};
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

#include "dataflow/csdf/write.h"

#include <nlohmann/json.hpp>

namespace sluice::dataflow::csdf {
namespace {

using Json = nlohmann::ordered_json;

Json pair(const Period& period) { return Json::array({period.cycles, period.iterations}); }

Json depths(const Graph& graph, const Capacities& capacities) {
  Json result = Json::object();
  for (std::size_t c = 0; c < capacities.size(); ++c)
    result[graph.channels[c].name] = capacities[c] == unlimited ? Json("unlimited") : Json(capacities[c]);
  return result;
}

std::uint64_t roundedUp(const Period& period) {
  return (period.cycles + period.iterations - 1) / period.iterations;
}

std::string text(const Json& json) { return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n"; }

}  // namespace

Result<Performance> measure(const Graph& graph, const Capacities& capacities, std::uint64_t iterations) {
  SLUICE_TRY(const Repetition repetition, check(graph));
  SLUICE_TRY(Run run, simulate(graph, capacities, iterations));
  Analysis analysis(graph, repetition);
  const auto answer = analysis.exact(capacities);
  return Performance{
      .deadlock = answer.deadlock, .waits = answer.waits, .period = answer.period, .run = std::move(run)};
}

std::string performanceJson(const Graph& graph, const Capacities& capacities,
                            const Performance& performance) {
  Json json;
  json["name"] = graph.name;
  if (performance.deadlock) {
    json["deadlock"] = performance.waits;
  } else {
    json["cycles"] = roundedUp(performance.period);
    json["period"] = pair(performance.period);
    json["latency"] = performance.run.completed.empty() ? 0 : performance.run.completed.front();
    json["completed"] = performance.run.completed;
  }
  json["channels"] = Json::array();
  for (std::size_t c = 0; c < graph.channels.size(); ++c)
    json["channels"].push_back(
        {{"name", graph.channels[c].name},
         {"capacity", capacities[c] == unlimited ? Json("unlimited") : Json(capacities[c])},
         {"peak", performance.run.peak[c]}});
  json["actors"] = Json::array();
  for (std::size_t a = 0; a < graph.actors.size(); ++a)
    json["actors"].push_back({{"name", graph.actors[a].name}, {"busy", performance.run.busy[a]}});
  return text(json);
}

std::string sizingJson(const Graph& graph, const Sizing& sizing, const Period& asked) {
  Json json;
  json["name"] = graph.name;
  json["total_beats"] = sizing.total;
  json["cost"] = sizing.cost;
  json["lower_bound"] = sizing.lowerBound;
  json["proven"] = sizing.proven();
  json["cycles"] = roundedUp(sizing.period);
  json["period"] = pair(sizing.period);
  json["depths"] = depths(graph, sizing.capacities);
  json["certificate"]["period"] = pair(asked);
  json["certificate"]["conflicts"] = Json::array();
  for (const Conflict& conflict : sizing.conflicts) {
    Json entry = Json::object();
    for (const auto& [channel, capacity] : conflict.entries) entry[graph.channels[channel].name] = capacity;
    json["certificate"]["conflicts"].push_back(std::move(entry));
  }
  return text(json);
}

std::string frontJson(const Graph& graph, const Front& front) {
  Json json;
  json["name"] = graph.name;
  json["proven"] = front.proven;
  json["points"] = Json::array();
  for (const FrontPoint& point : front.points)
    json["points"].push_back(
        {{"cost", point.cost}, {"period", pair(point.period)}, {"depths", depths(graph, point.capacities)}});
  return text(json);
}

}  // namespace sluice::dataflow::csdf

#include "report/deployment.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "cluster/machine.h"
#include "split/network/build_time.h"
#include "split/network/menu.h"
#include "split/network/plan_network.h"
#include "split/plan.h"
#include "split/price.h"

namespace sluice::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t framesRun = 100'000;
constexpr std::size_t framesShown = 5;

double microseconds(cluster::Time ticks) { return static_cast<double>(ticks) / cluster::ticksPerUnit; }

/// The boards and links of the plan, each board with the interval and latency of what is built for it.
Result<cluster::Machine> machineOf(const splits::NetworkPlan& plan,
                                   const std::vector<Deployment::Place>& places) {
  SLUICE_TRY(cluster::Machine machine,
             cluster::readMachine(splits::planJson(plan.network.problem, plan.plan)));
  SLUICE_CHECK(machine.stages.size() == places.size(), "a place for every stage");
  for (std::size_t s = 0; s < places.size(); ++s) {
    machine.stages[s].work = places[s].interval;
    machine.stages[s].latency = places[s].latency;
  }
  return machine;
}

Result<Deployment::Run> runOf(const cluster::Machine& machine, double linkLatency) {
  SLUICE_TRY(const cluster::Fifos fifos, cluster::leastFifos(machine));
  SLUICE_TRY(const cluster::EventGraph graph, cluster::graphOf(machine, fifos));
  SLUICE_TRY(const cluster::Simulation free, cluster::simulate(graph, {.frames = framesRun}));
  SLUICE_TRY(const cluster::Simulation offered,
             cluster::simulate(graph, {.frames = framesRun,
                                       .interval = static_cast<cluster::Time>(std::ceil(free.interval))}));
  return Deployment::Run{.linkLatency = linkLatency,
                         .interval = free.interval / cluster::ticksPerUnit,
                         .least = microseconds(offered.latency(0)),
                         .most = microseconds(offered.latency(1)),
                         .sending = fifos.sending,
                         .receiving = fifos.receiving};
}

/// Begins of the first frames, by the recurrence itself.
std::vector<Deployment::Busy> firstFramesOf(const cluster::Machine& machine,
                                            const cluster::EventGraph& graph) {
  std::vector<std::vector<cluster::Time>> begins(framesShown,
                                                 std::vector<cluster::Time>(graph.tasks.size(), 0));
  for (std::size_t n = 0; n < framesShown; ++n)
    for (bool changed = true; changed;) {
      changed = false;
      for (const cluster::Arc& arc : graph.arcs) {
        if (arc.frames > n) continue;
        const cluster::Time ready = begins[n - arc.frames][arc.from] + arc.delay;
        if (ready <= begins[n][arc.to]) continue;
        begins[n][arc.to] = ready;
        changed = true;
      }
    }
  std::vector<Deployment::Busy> busy;
  const auto add = [&](const std::string& who, std::size_t task, double lasts) {
    Deployment::Busy lane{.who = who, .frames = {}};
    for (const auto& frame : begins)
      lane.frames.emplace_back(microseconds(frame[task]), microseconds(frame[task]) + lasts);
    busy.push_back(std::move(lane));
  };
  for (std::size_t s = 0; s < machine.stages.size(); ++s)
    add(machine.stages[s].name, s, machine.stages[s].work);
  for (std::size_t t = 0; t < machine.transfers.size(); ++t)
    add(machine.transfers[t].link, machine.stages.size() + t,
        machine.transfers[t].amount / machine.transfers[t].rate);
  return busy;
}

std::vector<device::Usage> plannedOf(const splits::Problem& problem, const splits::Stage& stage) {
  std::vector<device::Usage> rows;
  const std::vector<double> capacity = splits::capacityOn(problem, stage.board);
  std::vector<double> used(capacity.size(), 0.0);
  for (const std::uint32_t node : stage.nodes) {
    const std::vector<double> size = splits::sizeOn(problem, stage.board, node);
    for (std::size_t r = 0; r < used.size(); ++r) used[r] += size[r];
  }
  const std::vector<device::Usage> names = device::usage({}, {});
  for (std::size_t r = 0; r < used.size(); ++r)
    rows.push_back({.resource = names[r].resource,
                    .used = static_cast<std::uint64_t>(used[r]),
                    .available = static_cast<std::uint64_t>(capacity[r])});
  return rows;
}

Json fifoJson(const std::string& port, std::uint32_t width, std::uint32_t depth) {
  return {{"port", port}, {"width", width}, {"fifo_depth", depth}};
}

Json wireJson(const Deployment& deployment, const Deployment::Wire& wire) {
  Json from = fifoJson(wire.fromPort, wire.width, wire.fromDepth),
       to = fifoJson(wire.toPort, wire.width, wire.toDepth);
  from["place"] = deployment.places[wire.fromPlace].place;
  to["place"] = deployment.places[wire.toPlace].place;
  return {{"tensor", wire.tensor},
          {"from", from},
          {"to", to},
          {"beats_per_frame", wire.beats},
          {"bits_per_frame", wire.beats * wire.width},
          {"fifos_sized_with_latency_cycles", wire.latencyCycles}};
}

Json hostJson(const Deployment& deployment, const Deployment::HostPort& port) {
  return {{"name", port.name},
          {"direction", port.isInput ? "in" : "out"},
          {"place", deployment.places[port.place].place},
          {"port", port.port},
          {"width", port.width},
          {"beats_per_frame", port.beats}};
}

Json runJson(const Deployment::Run& run) {
  return {{"link_latency_us", run.linkLatency},
          {"interval_us", run.interval},
          {"latency_us", {{"least", run.least}, {"most", run.most}}},
          {"frames_in_fifo_before_each_link", run.sending},
          {"frames_in_fifo_behind_each_link", run.receiving}};
}

}  // namespace

Result<Deployment> deploymentOf(const map::Design& design, const splits::ClusterSpec& cluster,
                                const splits::NetworkPlan& plan, const std::vector<std::uint64_t>& latencies,
                                const std::vector<std::string>& tensors) {
  const splits::Problem& problem = plan.network.problem;
  Deployment result{.topology = splits::nameOf(cluster.topology),
                    .link = cluster.link.name,
                    .linkTitle = cluster.link.title,
                    .linkRate = cluster.link.rate(),
                    .linkLatency = static_cast<double>(cluster.link.latencyNs) / 1000,
                    .objective = splits::nameOf(plan.plan.objective.goal),
                    .value = plan.plan.value,
                    .lowerBound = plan.plan.lowerBound,
                    .proven = plan.plan.proven,
                    .boardsGiven = problem.places(),
                    .factorsTried = plan.factors};
  const map::NodeOptionsMap settings = splits::settingsOf(problem, plan.map);
  const bool severalFamilies = splits::familiesOf(cluster).size() > 1;
  for (std::size_t s = 0; s < plan.plan.stages.size(); ++s) {
    const splits::Stage& stage = plan.plan.stages[s];
    const device::Board& board = cluster.kinds[stage.board].board;
    Deployment::Place place{.place = stage.place,
                            .board = board.name,
                            .part = board.part.name,
                            .folder = "boards/" + std::to_string(stage.place) + "_" + board.name,
                            .subgraph = design.subgraphs[s].name,
                            .family = severalFamilies ? hdl::familyName(board.part.family) : "",
                            .partFamily = board.part.family,
                            .mhz = board.targetMhz,
                            .planned = plannedOf(problem, stage)};
    std::uint64_t cycles = 1;
    for (const std::uint32_t node : stage.nodes) {
      place.nodes.push_back(problem.nodes[node].name);
      cycles = std::max(cycles, plan.network.cycles[node]);
    }
    for (const std::string& node : place.nodes)
      if (const auto said = settings.find(node); said != settings.end())
        place.settings[node] = splits::settingsText(said->second);
    place.interval = static_cast<double>(cycles) / board.targetMhz;
    place.latency = static_cast<double>(latencies[s]) / board.targetMhz;
    result.places.push_back(std::move(place));
  }
  result.buildSeconds = splits::buildTimes(problem, plan.plan.stages);
  if (plan.build) result.buildBound = plan.build->plan.lowerBound + splits::BuildTimeModel().start;
  const auto placeOf = [&](map::StreamId stream) { return design.streams[stream.index].subgraph.index; };
  for (const map::Cut& cut : design.cuts) {
    const map::Stream &from = design.streams[cut.from.index], &to = design.streams[cut.to.index];
    result.wires.push_back({.tensor = tensors[cut.tensor.index],
                            .fromPlace = placeOf(cut.from),
                            .toPlace = placeOf(cut.to),
                            .fromPort = from.name,
                            .toPort = to.name,
                            .width = from.beat.width(),
                            .fromDepth = from.depth,
                            .toDepth = to.depth,
                            .beats = from.beatsPerFrame,
                            .latencyCycles = cut.latency});
  }
  for (const map::DesignPort& port : design.ports) {
    const map::Stream& stream = design.streams[port.stream.index];
    result.host.push_back({.name = port.name,
                           .isInput = port.isInput,
                           .place = stream.subgraph.index,
                           .port = stream.name,
                           .width = stream.beat.width(),
                           .beats = stream.beatsPerFrame});
  }
  SLUICE_TRY(const cluster::Machine machine, machineOf(plan, result.places));
  for (const cluster::Transfer& transfer : machine.transfers)
    result.links.push_back({.link = transfer.link,
                            .bits = transfer.amount,
                            .time = transfer.amount / transfer.rate,
                            .latency = transfer.latency});
  SLUICE_TRY(result.run, runOf(machine, result.linkLatency));
  SLUICE_TRY(const cluster::EventGraph graph,
             cluster::graphOf(machine, {.sending = result.run.sending, .receiving = result.run.receiving}));
  result.firstFrames = firstFramesOf(machine, graph);
  if (!machine.transfers.empty())
    for (const double latency : {1.0, 10.0, 100.0, 1000.0}) {
      cluster::Machine slower = machine;
      for (cluster::Transfer& transfer : slower.transfers)
        if (transfer.latency > 0)
          transfer.latency = std::max(0.0, transfer.latency + latency - result.linkLatency);
      SLUICE_TRY(Deployment::Run run, runOf(slower, latency));
      result.sweep.push_back(run);
    }
  return result;
}

std::string deploymentJson(const Deployment& deployment) {
  Json json = {{"format", "sluice deployment 1"},
               {"topology", deployment.topology},
               {"link",
                {{"name", deployment.link},
                 {"title", deployment.linkTitle},
                 {"payload_mbps", deployment.linkRate},
                 {"latency_us", deployment.linkLatency}}},
               {"objective",
                {{"name", deployment.objective},
                 {"value", deployment.value},
                 {"lower_bound", deployment.lowerBound},
                 {"proven", deployment.proven}}},
               {"boards_given", deployment.boardsGiven}};
  json["boards"] = Json::array();
  for (const Deployment::Place& place : deployment.places) {
    Json planned = Json::object();
    for (const device::Usage& row : place.planned)
      planned[row.resource] = {{"used", row.used}, {"plan_may_use", row.available}};
    json["boards"].push_back({{"place", place.place},
                              {"board", place.board},
                              {"part", place.part},
                              {"clock_mhz", place.mhz},
                              {"folder", place.folder},
                              {"top_module", place.subgraph},
                              {"nodes", place.nodes},
                              {"interval_us", place.interval},
                              {"latency_us", place.latency},
                              {"planned", planned}});
    if (!place.family.empty()) json["boards"].back()["family"] = place.family;
    for (const auto& [node, settings] : place.settings)
      json["boards"].back()["node_settings"][node] = settings;
    if (const std::size_t p = json["boards"].size() - 1; p < deployment.buildSeconds.size())
      json["boards"].back()["predicted_synthesis_seconds"] = deployment.buildSeconds[p];
  }
  json["wires"] = Json::array();
  for (const Deployment::Wire& wire : deployment.wires) json["wires"].push_back(wireJson(deployment, wire));
  json["host"] = Json::array();
  for (const Deployment::HostPort& port : deployment.host) json["host"].push_back(hostJson(deployment, port));
  json["links"] = Json::array();
  for (const Deployment::LinkLoad& load : deployment.links)
    json["links"].push_back({{"link", load.link},
                             {"bits_per_frame", load.bits},
                             {"busy_us_per_frame", load.time},
                             {"latency_us", load.latency}});
  json["simulated"] = runJson(deployment.run);
  json["simulated_with_other_links"] = Json::array();
  for (const Deployment::Run& run : deployment.sweep)
    json["simulated_with_other_links"].push_back(runJson(run));
  for (const Deployment::Alternative& point : deployment.front)
    json["front"].push_back({{"interval_us", point.interval},
                             {"boards", point.boards},
                             {"boards_proven", point.boardsProven},
                             {"share", point.share},
                             {"share_lower_bound", point.shareBound},
                             {"predicted_synthesis_seconds", point.buildSeconds},
                             {"chosen", point.isChosen}});
  return json.dump(1) + "\n";
}

std::string linkMapJson(const Deployment& deployment, std::size_t place) {
  Json json = {{"format", "sluice link map 1"}, {"place", deployment.places[place].place}};
  json["wires"] = Json::array();
  for (const Deployment::Wire& wire : deployment.wires)
    if (wire.fromPlace == place || wire.toPlace == place) json["wires"].push_back(wireJson(deployment, wire));
  json["host"] = Json::array();
  for (const Deployment::HostPort& port : deployment.host)
    if (port.place == place) json["host"].push_back(hostJson(deployment, port));
  return json.dump(1) + "\n";
}

ConstraintsFile constraintsSkeleton(const Deployment& deployment, std::size_t place) {
  const Deployment::Place& board = deployment.places[place];
  const bool isLattice = board.partFamily == hdl::Family::ecp5;
  std::string text = "# " + board.board + " (" + board.part + "), module " + board.subgraph +
                     ". Sites depend on the shell and the link core around it.\n";
  text += isLattice ? "FREQUENCY PORT \"clk\" " + formatFixed(board.mhz, 3) + " MHz;\n"
                    : "create_clock -name clk -period " + formatFixed(1000.0 / board.mhz, 3) +
                          " [get_ports clk]\n";
  const auto port = [&](const std::string& name, bool isInput, const std::string& to) {
    text += "# " + name + "_{data,valid," + "ready}: " + (isInput ? "from " : "to ") + to + "\n";
  };
  for (const Deployment::Wire& wire : deployment.wires) {
    if (wire.toPlace == place)
      port(wire.toPort, true, "place " + std::to_string(deployment.places[wire.fromPlace].place));
    if (wire.fromPlace == place)
      port(wire.fromPort, false, "place " + std::to_string(deployment.places[wire.toPlace].place));
  }
  for (const Deployment::HostPort& host : deployment.host)
    if (host.place == place) port(host.port, host.isInput, "the host, " + host.name);
  return {isLattice ? "constraints.lpf" : "constraints.xdc", text};
}

}  // namespace sluice::report

#include "cluster/machine.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace sluice::cluster {
namespace {

constexpr double longest = 1e9;  ///< plan units; so that ticks do not overflow

bool isTime(double value) { return value >= 0 && value <= longest; }
Time ticks(double units) { return static_cast<Time>(std::llround(units * ticksPerUnit)); }
Time through(const MachineStage& stage) { return ticks(std::max(stage.work, stage.latency)); }

Status check(const Machine& machine, const Fifos& fifos) {
  if (machine.stages.empty()) return badInput("there is no stage");
  if (fifos.sending < 1 || fifos.receiving < 1) return badInput("a FIFO needs at least one place");
  for (const MachineStage& stage : machine.stages)
    if (!isTime(stage.work) || !isTime(stage.latency))
      return badInput("a stage works for less than nothing, or too long", stage.name);
  const auto stages = static_cast<int>(machine.stages.size()),
             transfers = static_cast<int>(machine.transfers.size());
  for (int t = 0; t < transfers; ++t) {
    const Transfer& transfer = machine.transfers[static_cast<std::size_t>(t)];
    const std::string where = "transfer " + std::to_string(t);
    const bool fromStage =
        transfer.fromStage >= 0 && transfer.fromStage < stages && transfer.fromTransfer == -1;
    const bool goesOn = transfer.fromTransfer >= 0 && transfer.fromTransfer < t && transfer.fromStage == -1;
    if (!fromStage && !goesOn)
      return badInput("comes neither from a stage nor from a transfer before it", where);
    if (transfer.toStage < -1 || transfer.toStage >= stages)
      return badInput("goes to a stage that is not there", where);
    if (!(transfer.rate > 0) || !isTime(transfer.latency) || !(transfer.amount >= 0) ||
        !isTime(transfer.amount / transfer.rate))
      return badInput("needs a positive rate, and an amount and a latency that are not negative", where);
  }
  return {};
}

}  // namespace

Result<Machine> readMachine(std::string_view plan) {
  using nlohmann::json;
  try {
    const json file = json::parse(plan);
    if (!file.is_object() || file.value("format", "") != "sluice-plan/1")
      return badInput("is not of format \"sluice-plan/1\"");
    Machine machine;
    for (const json& stage : file.at("stages"))
      machine.stages.push_back({.name = stage.at("device").get<std::string>() + " at place " +
                                        std::to_string(stage.at("place").get<int>()),
                                .work = stage.at("load").get<double>(),
                                .latency = stage.value("latency", 0.0)});
    for (const json& given : file.at("transfers")) {
      Transfer transfer;
      transfer.link = given.at("link").get<std::string>();
      transfer.amount = given.at("amount").get<double>();
      transfer.rate = given.contains("rate") ? given["rate"].get<double>() : 1e300;
      transfer.latency = given.at("latency").get<double>();
      transfer.fromStage = given.value("from_stage", -1);
      transfer.fromTransfer = given.value("from_transfer", -1);
      transfer.toStage = given.value("to_stage", -1);
      machine.transfers.push_back(std::move(transfer));
    }
    SLUICE_RETURN_IF_ERROR(check(machine, {}));
    return machine;
  } catch (const json::exception& error) {
    return badInput(std::string("a key is missing or of the wrong kind: ") + error.what());
  }
}

Result<EventGraph> graphOf(const Machine& machine, const Fifos& fifos) {
  SLUICE_RETURN_IF_ERROR(check(machine, fifos));
  EventGraph graph;
  const auto stages = static_cast<std::uint32_t>(machine.stages.size());
  const auto transfers = static_cast<std::uint32_t>(machine.transfers.size());
  const std::uint32_t out = stages + transfers + 1, in = stages + transfers;
  for (const MachineStage& stage : machine.stages) graph.tasks.push_back(stage.name);
  for (const Transfer& transfer : machine.transfers) graph.tasks.push_back("transfer over " + transfer.link);
  graph.tasks.push_back("input");
  graph.tasks.push_back("output");
  graph.first = in;
  graph.last = out;
  const auto arc = [&](std::uint32_t from, std::uint32_t to, std::uint32_t frames, Time delay,
                       std::string what) {
    graph.arcs.push_back({from, to, frames, delay, std::move(what)});
  };
  std::vector<bool> fed(stages, false);
  std::map<std::string, std::vector<std::uint32_t>> onLink;
  for (std::uint32_t t = 0; t < transfers; ++t) {
    const Transfer& transfer = machine.transfers[t];
    const Time wire = ticks(transfer.amount / transfer.rate), latency = ticks(transfer.latency);
    const std::uint32_t task = stages + t;
    if (transfer.fromStage >= 0) {
      const auto from = static_cast<std::uint32_t>(transfer.fromStage);
      arc(from, task, 0, through(machine.stages[from]), "the board is at work");
      arc(task, from, fifos.sending, wire, "the FIFO to " + transfer.link + " is full");
    } else {
      const Transfer& before = machine.transfers[static_cast<std::uint32_t>(transfer.fromTransfer)];
      const auto from = stages + static_cast<std::uint32_t>(transfer.fromTransfer);
      arc(from, task, 0, ticks(before.amount / before.rate) + ticks(before.latency),
          "nothing has come over " + before.link);
      arc(task, from, fifos.receiving, wire + ticks(before.latency),
          "the FIFO behind " + before.link + " is full");
    }
    if (transfer.toStage >= 0) {
      const auto to = static_cast<std::uint32_t>(transfer.toStage);
      fed[to] = true;
      arc(task, to, 0, wire + latency, "nothing has come over " + transfer.link);
      arc(to, task, fifos.receiving, latency, "the FIFO behind " + transfer.link + " is full");
    }
    onLink[transfer.link].push_back(t);
  }
  for (const auto& [link, list] : onLink) {
    if (link.empty()) continue;  // a wire of its own
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Transfer& before = machine.transfers[list[i]];
      const std::size_t next = (i + 1) % list.size();
      arc(stages + list[i], stages + list[next], next == 0 ? 1 : 0, ticks(before.amount / before.rate),
          link + " is busy");
    }
  }
  for (std::uint32_t s = 0; s < stages; ++s) {
    const Time work = ticks(machine.stages[s].work);
    arc(s, s, 1, work, "the board is at work");
    if (!fed[s]) {
      arc(in, s, 0, 0, "no frame has come");
      arc(s, in, 1, 0,
          "the board takes no frame");  // the input waits outside until the first stages can begin
    }
    arc(s, out, 0, through(machine.stages[s]), "the last stage is at work");
  }
  return graph;
}

}  // namespace sluice::cluster

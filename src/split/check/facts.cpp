#include "split/check/facts.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

namespace sluice::splits::checking {
namespace {

using nlohmann::json;

std::string idText(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  throw std::runtime_error("an id is neither a text nor a whole number");
}

Facts placement(const json& file) {
  Facts facts;
  facts.resources = {"size"};
  facts.kinds = {
      {"fpga", file.at("maxFPGAs").get<int>(), true, '+', 1, {file.at("maxSizePerFPGA").get<double>()}},
      {"cpu", file.at("maxCPUs").get<int>(), true, '0', 1, {never}}};
  for (const json& node : file.at("nodes")) {
    Item item;
    item.id = idText(node.at("id"));
    const json supported = node.value("supportedOnFpga", json(true));
    const bool able = supported.is_boolean() ? supported.get<bool>() : supported.get<double>() != 0;
    item.time = {able ? node.at("fpgaLatency").get<double>() : never, node.at("cpuLatency").get<double>()};
    item.size = {node.value("size", 0.0)};
    if (node.contains("colorClass") && !node["colorClass"].is_null()) item.group = idText(node["colorClass"]);
    facts.ids[item.id] = static_cast<int>(facts.items.size());
    facts.items.push_back(item);
  }
  std::map<int, Flow> flows;
  for (const json& edge : file.at("edges")) {
    const int from = facts.ids.at(idText(edge.at("sourceId")));
    Flow& flow = flows[from];
    flow.from = from;
    flow.amount = edge.at("cost").get<double>();
    flow.to.push_back(facts.ids.at(idText(edge.at("destId"))));
  }
  for (const auto& [from, flow] : flows) facts.flows.push_back(flow);
  return facts;
}

Facts general(const json& file) {
  Facts facts;
  for (const json& name : file.value("resources", json::array()))
    facts.resources.push_back(name.get<std::string>());
  const auto perResource = [&](const json& object, double otherwise) {
    std::vector<double> values;
    for (const std::string& name : facts.resources) values.push_back(object.value(name, otherwise));
    return values;
  };
  std::map<std::string, int> kinds;
  for (const json& board : file.at("boards")) {
    const std::string transfers = board.value("transfers", "added");
    kinds[board.at("name").get<std::string>()] = static_cast<int>(facts.kinds.size());
    facts.kinds.push_back(
        {board.at("name").get<std::string>(), board.value("count", 1), board.value("work", "sum") == "sum",
         transfers == "added"  ? '+'
         : transfers == "free" ? '0'
                               : '|',
         board.value("rate", 1.0), perResource(board.value("capacity", json::object()), never)});
  }
  for (const json& node : file.at("nodes")) {
    Item item;
    item.id = idText(node.at("id"));
    item.group = node.value("group", "");
    const json& time = node.at("time");
    for (const Kind& kind : facts.kinds)
      item.time.push_back(time.is_number() ? time.get<double>() : time.value(kind.name, never));
    item.size = perResource(node.value("size", json::object()), 0);
    facts.ids[item.id] = static_cast<int>(facts.items.size());
    facts.items.push_back(item);
  }
  for (const json& tensor : file.at("tensors")) {
    Flow flow;
    flow.from = facts.ids.at(idText(tensor.at("from")));
    flow.amount = tensor.at("amount").get<double>();
    for (const json& to : tensor.at("to")) flow.to.push_back(facts.ids.at(idText(to)));
    facts.flows.push_back(flow);
  }
  for (const json& name : file.value("order", json::array()))
    facts.order.push_back(kinds.at(name.get<std::string>()));
  if (file.contains("topology")) {
    const json& topology = file["topology"];
    facts.topology = topology.at("kind").get<std::string>();
    facts.columns = topology.value("columns", 1);
    for (const json& link : topology.value("links", json::array()))
      facts.cables.push_back({link.at("rate").get<double>(), link.value("latency", 0.0)});
  }
  return facts;
}

}  // namespace

std::vector<Cable> Facts::way(int a, int b) const {
  std::vector<Cable> result;
  if (topology == "chain") {
    while (a < b) result.push_back(cable(a++));
  } else if (topology == "ring") {
    const int all = places();
    const bool forward = 2 * (b - a) <= all;
    for (int at = a; at != b;) {
      // Cable i joins place i and the next.
      const int before = (at + all - 1) % all;
      result.push_back(cable(forward ? at : before));
      at = forward ? (at + 1) % all : before;
    }
  } else if (topology == "mesh") {
    const auto column = [&](int place) {
      return place / columns % 2 == 0 ? place % columns : columns - 1 - place % columns;
    };
    const int steps = b / columns - a / columns + std::abs(column(a) - column(b));
    result.assign(static_cast<std::size_t>(steps), cable(0));
  } else if (topology == "switch" || topology == "star") {
    if (topology == "switch" || a != 0) result.push_back(cable(a));
    result.push_back(cable(b));
  }
  return result;
}

double Facts::ownCable(int place) const {
  if (topology == "switch" || (topology == "star" && place != 0)) return 1 / cable(place).rate;
  return 0;
}

Facts readFacts(std::string_view text) {
  const json file = json::parse(text);
  Facts facts = file.contains("maxFPGAs") ? placement(file) : general(file);
  for (Flow& flow : facts.flows) {
    const std::set<int> readers(flow.to.begin(), flow.to.end());
    flow.to.assign(readers.begin(), readers.end());
  }
  if (facts.kinds.size() > 16 || facts.resources.size() > 32)
    throw std::runtime_error("too many boards or resources");
  for (const Kind& kind : facts.kinds)
    if (kind.count < 0 || kind.count > 1024 || !(kind.rate > 0))
      throw std::runtime_error("a count or rate is out of range");
  if (facts.places() < 1 || facts.places() > 1024) throw std::runtime_error("there must be 1 to 1024 boards");
  if (!facts.order.empty() && static_cast<int>(facts.order.size()) != facts.places())
    throw std::runtime_error("the order has another length than the boards");
  if (facts.columns < 1) throw std::runtime_error("a mesh needs columns");
  for (const Cable& cable : facts.cables)
    if (!(cable.rate > 0)) throw std::runtime_error("a rate is not positive");
  if (facts.topology != "none" && facts.cables.empty()) throw std::runtime_error("the topology has no links");
  if (facts.items.empty() || facts.kinds.empty()) throw std::runtime_error("there are no nodes or no boards");
  return facts;
}

}  // namespace sluice::splits::checking

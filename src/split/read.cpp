#include "split/read.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/text.h"

namespace sluice::splits {
namespace {

using nlohmann::json;

constexpr std::uint64_t mostBytes = std::uint64_t{256} << 20;

/// What is wrong in a document ends its reading; it is turned into an Error where the reading began.
struct Problematic {
  Error error;
};
[[noreturn]] void fail(const std::string& message, const std::string& where) {
  throw Problematic{badInput(message, where)};
}

const json& at(const json& object, const char* key, const std::string& where) {
  if (!object.is_object()) fail("must be an object", where);
  const auto found = object.find(key);
  if (found == object.end()) fail(std::string("has no '") + key + "'", where);
  return *found;
}
const json& list(const json& object, const char* key, const std::string& where) {
  const json& value = at(object, key, where);
  if (!value.is_array()) fail("must be a list", where + "." + key);
  return value;
}
double number(const json& value, const std::string& where) {
  if (!value.is_number()) fail("must be a number", where);
  return value.get<double>();
}
double numberAt(const json& object, const char* key, const std::string& where) {
  return number(at(object, key, where), where + "." + key);
}
std::uint32_t countOf(const json& value, const std::string& where) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 1024)
    fail("must be a whole number from 0 to 1024", where);
  return value.get<std::uint32_t>();
}
std::string text(const json& value, const std::string& where) {
  if (!value.is_string()) fail("must be a text", where);
  return value.get<std::string>();
}
/// Names of nodes are texts or whole numbers.
std::string idOf(const json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_integer()) fail("must be a text or a whole number", where);
  return value.dump();
}
std::string place(const char* list, std::size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

void closed(const json& object, const std::set<std::string>& known, const std::string& where) {
  if (!object.is_object()) fail("must be an object", where);
  for (const auto& [key, unused] : object.items())
    if (!known.contains(key)) fail("the key '" + key + "' is not known here", where);
}

class Names {
 public:
  void add(const std::string& name, const std::string& where) {
    if (!numbers_.try_emplace(name, static_cast<std::uint32_t>(numbers_.size())).second)
      fail("'" + name + "' stands twice", where);
  }
  [[nodiscard]] std::uint32_t at(const std::string& name, const std::string& where) const {
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) fail("'" + name + "' is not known", where);
    return found->second;
  }

 private:
  std::map<std::string, std::uint32_t> numbers_;
};

Problem workload(const json& file) {
  Problem problem;
  problem.resources = {"size"};
  problem.numberedNodes = true;
  problem.boards = {{.name = "fpga",
                     .count = countOf(at(file, "maxFPGAs", ""), "maxFPGAs"),
                     .work = Work::sum,
                     .transfers = Transfers::added,
                     .rate = 1,
                     .capacity = {numberAt(file, "maxSizePerFPGA", "")}},
                    {.name = "cpu",
                     .count = countOf(at(file, "maxCPUs", ""), "maxCPUs"),
                     .work = Work::sum,
                     .transfers = Transfers::free,
                     .rate = 1,
                     .capacity = {impossible}}};
  Names ids;
  const json& nodes = list(file, "nodes", "");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string where = place("nodes", i);
    const json& given = nodes[i];
    const std::string id = idOf(at(given, "id", where), where + ".id");
    if (!given["id"].is_number_integer()) fail("must be a whole number", where + ".id");
    ids.add(id, where);
    const auto flag = [&](const char* key, bool otherwise) {
      if (!given.contains(key)) return otherwise;
      const json& value = given[key];
      if (value.is_boolean()) return value.get<bool>();
      return number(value, where + "." + key) != 0;
    };
    if (flag("isBackwardNode", false))
      throw Problematic{unsupported("is a node of a backward pass; only inference is split", where)};
    Node node{.name = id, .group = {}, .time = {}, .size = {}};
    node.time = {flag("supportedOnFpga", true) ? numberAt(given, "fpgaLatency", where) : impossible,
                 numberAt(given, "cpuLatency", where)};
    node.size = {given.contains("size") ? numberAt(given, "size", where) : 0};
    if (given.contains("colorClass") && !given["colorClass"].is_null())
      node.group = idOf(given["colorClass"], where + ".colorClass");
    problem.nodes.push_back(std::move(node));
  }
  const json& edges = list(file, "edges", "");
  std::map<std::uint32_t, Tensor> tensors;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const std::string where = place("edges", i);
    const std::uint32_t from = ids.at(idOf(at(edges[i], "sourceId", where), where), where + ".sourceId");
    const std::uint32_t to = ids.at(idOf(at(edges[i], "destId", where), where), where + ".destId");
    const double cost = numberAt(edges[i], "cost", where);
    const auto [it, isNew] = tensors.try_emplace(from, Tensor{.from = from, .to = {}, .amount = cost});
    if (!isNew && it->second.amount != cost)
      fail("costs " + formatDouble(cost) + ", and another edge of node " + problem.nodes[from].name +
               " costs " + formatDouble(it->second.amount) + "; all edges of a node carry one tensor",
           where);
    it->second.to.push_back(to);
  }
  for (auto& [from, tensor] : tensors) problem.tensors.push_back(std::move(tensor));
  return problem;
}

template <typename Enum>
Enum oneOf(const json& object, const char* key, const std::map<std::string, Enum>& values, Enum otherwise,
           const std::string& where) {
  if (!object.contains(key)) return otherwise;
  const std::string given = text(object[key], where + "." + key);
  const auto found = values.find(given);
  if (found != values.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, unused] : values) names.push_back(name);
  fail("'" + given + "' is none of " + join(names, ", "), where + "." + key);
}

const std::map<std::string, Work> workNames = {{"sum", Work::sum}, {"slowest", Work::slowest}};
const std::map<std::string, Transfers> transferNames = {
    {"added", Transfers::added}, {"overlapped", Transfers::overlapped}, {"free", Transfers::free}};

Topology topologyOf(const json& given) {
  const std::string where = "topology";
  closed(given, {"kind", "columns", "links"}, where);
  at(given, "kind", where);
  Topology topology;
  if (given.contains("kind")) {
    const std::string name = text(given["kind"], where + ".kind");
    const std::optional<Topology::Kind> kind = topologyNamed(name);
    if (!kind)
      fail("no topology is called '" + name + "'; known: none, chain, ring, mesh, star, switch",
           where + ".kind");
    topology.kind = *kind;
  }
  if (given.contains("columns")) topology.columns = countOf(given["columns"], where + ".columns");
  if (given.contains("links"))
    for (const json& link : list(given, "links", where)) {
      closed(link, {"rate", "latency"}, "topology.links");
      topology.links.push_back(
          {.rate = numberAt(link, "rate", "topology.links"),
           .latency = link.contains("latency") ? numberAt(link, "latency", "topology.links") : 0});
    }
  return topology;
}

Problem ownFormat(const json& file) {
  closed(file, {"format", "name", "resources", "boards", "nodes", "tensors", "order", "topology"}, "");
  Problem problem;
  if (file.contains("name")) problem.name = text(file["name"], "name");
  Names resources, boards, ids;
  if (file.contains("resources"))
    for (const json& value : list(file, "resources", "")) {
      problem.resources.push_back(text(value, "resources"));
      resources.add(problem.resources.back(), "resources");
    }
  const json& given = list(file, "boards", "");
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string where = place("boards", i);
    closed(given[i], {"name", "count", "work", "transfers", "rate", "capacity"}, where);
    Board board{.name = text(at(given[i], "name", where), where + ".name"),
                .count = 1,
                .work = Work::sum,
                .transfers = Transfers::added,
                .rate = 1,
                .capacity = {}};
    boards.add(board.name, where);
    if (given[i].contains("count")) board.count = countOf(given[i]["count"], where + ".count");
    board.work = oneOf(given[i], "work", workNames, Work::sum, where);
    board.transfers = oneOf(given[i], "transfers", transferNames, Transfers::added, where);
    if (given[i].contains("rate")) board.rate = numberAt(given[i], "rate", where);
    board.capacity.assign(problem.resources.size(), impossible);
    if (given[i].contains("capacity")) {
      if (!given[i]["capacity"].is_object()) fail("must be an object", where + ".capacity");
      for (const auto& [name, value] : given[i]["capacity"].items())
        board.capacity[resources.at(name, where + ".capacity")] = number(value, where + ".capacity");
    }
    problem.boards.push_back(std::move(board));
  }
  const json& nodes = list(file, "nodes", "");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string where = place("nodes", i);
    closed(nodes[i], {"id", "time", "size", "group"}, where);
    Node node{.name = idOf(at(nodes[i], "id", where), where + ".id"), .group = {}, .time = {}, .size = {}};
    problem.numberedNodes = nodes[i]["id"].is_number();
    if (i > 0 && nodes[i]["id"].is_number() != nodes[0]["id"].is_number())
      fail("is a number, and others are texts, or the other way round", where + ".id");
    ids.add(node.name, where);
    const json& time = at(nodes[i], "time", where);
    if (time.is_object()) {
      node.time.assign(problem.boards.size(), impossible);
      for (const auto& [name, value] : time.items())
        node.time[boards.at(name, where + ".time")] = number(value, where + ".time");
    } else {
      node.time.assign(problem.boards.size(), number(time, where + ".time"));
    }
    node.size.assign(problem.resources.size(), 0);
    if (nodes[i].contains("size")) {
      if (!nodes[i]["size"].is_object()) fail("must be an object", where + ".size");
      for (const auto& [name, value] : nodes[i]["size"].items())
        node.size[resources.at(name, where + ".size")] = number(value, where + ".size");
    }
    if (nodes[i].contains("group")) node.group = text(nodes[i]["group"], where + ".group");
    problem.nodes.push_back(std::move(node));
  }
  const json& tensors = list(file, "tensors", "");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string where = place("tensors", i);
    closed(tensors[i], {"from", "to", "amount"}, where);
    Tensor tensor{.from = ids.at(idOf(at(tensors[i], "from", where), where), where + ".from"),
                  .to = {},
                  .amount = numberAt(tensors[i], "amount", where)};
    for (const json& to : list(tensors[i], "to", where))
      tensor.to.push_back(ids.at(idOf(to, where), where + ".to"));
    problem.tensors.push_back(std::move(tensor));
  }
  if (file.contains("order"))
    for (const json& name : list(file, "order", ""))
      problem.order.push_back(boards.at(text(name, "order"), "order"));
  if (file.contains("topology")) problem.topology = topologyOf(file["topology"]);
  return problem;
}

bool isWorkload(const json& file) { return file.contains("maxFPGAs") && file.contains("edges"); }

json parsed(std::string_view text) { return json::parse(text, nullptr, false); }

}  // namespace

bool isProblem(std::string_view text) {
  const json file = parsed(text);
  return file.is_object() &&
         (isWorkload(file) || (file.contains("format") && file["format"] == "sluice-split/1"));
}

Result<Problem> parseProblem(std::string_view text, const std::string& where) {
  if (text.size() > mostBytes) return unsupported("is larger than 256 MB", where);
  const json file = parsed(text);
  if (!file.is_object()) return badInput("is not one JSON object", where);
  try {
    Problem problem;
    if (isWorkload(file))
      problem = workload(file);
    else if (file.contains("format") && file["format"] == "sluice-split/1")
      problem = ownFormat(file);
    else
      return badInput(
          "is neither a device-placement workload ('maxFPGAs', 'nodes', 'edges') nor of format "
          "\"sluice-split/1\"",
          where);
    if (problem.name.empty()) {
      const std::string name = std::filesystem::path(where).filename().string();
      problem.name = name.substr(0, name.find('.'));
    }
    for (Tensor& tensor : problem.tensors) {
      std::sort(tensor.to.begin(), tensor.to.end());
      tensor.to.erase(std::unique(tensor.to.begin(), tensor.to.end()), tensor.to.end());
    }
    if (const Status status = check(problem); !status.ok())
      return Error{status.error().code, status.error().message,
                   status.error().where.empty() ? where : where + ": " + status.error().where};
    return problem;
  } catch (const Problematic& problem) {
    return Error{problem.error.code, problem.error.message,
                 problem.error.where.empty() ? where : where + ": " + problem.error.where};
  }
}

Result<Problem> readProblem(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string text, readFile(path, mostBytes));
  return parseProblem(text, path.string());
}

std::string problemJson(const Problem& problem) {
  const auto nameIn = [](const auto& values, auto value) {
    for (const auto& [name, known] : values)
      if (known == value) return name;
    return std::string();
  };
  using ordered = nlohmann::ordered_json;
  const auto id = [&](std::uint32_t node) -> ordered {
    const std::string& name = problem.nodes[node].name;
    std::int64_t value = 0;
    if (problem.numberedNodes && parseInt64(name, value)) return value;
    return name;
  };
  ordered file;
  file["format"] = "sluice-split/1";
  file["name"] = problem.name;
  file["resources"] = problem.resources;
  for (const Board& board : problem.boards) {
    ordered capacity = ordered::object();
    for (std::size_t r = 0; r < problem.resources.size(); ++r)
      if (board.capacity[r] != impossible) capacity[problem.resources[r]] = board.capacity[r];
    file["boards"].push_back({{"name", board.name},
                              {"count", board.count},
                              {"work", nameIn(workNames, board.work)},
                              {"transfers", nameIn(transferNames, board.transfers)},
                              {"rate", board.rate},
                              {"capacity", capacity}});
  }
  for (std::uint32_t v = 0; v < problem.nodes.size(); ++v) {
    const Node& node = problem.nodes[v];
    ordered time = ordered::object(), size = ordered::object();
    for (std::size_t k = 0; k < problem.boards.size(); ++k)
      if (node.time[k] != impossible) time[problem.boards[k].name] = node.time[k];
    for (std::size_t r = 0; r < problem.resources.size(); ++r) size[problem.resources[r]] = node.size[r];
    ordered given = {{"id", id(v)}, {"time", time}, {"size", size}};
    if (!node.group.empty()) given["group"] = node.group;
    file["nodes"].push_back(given);
  }
  file["tensors"] = ordered::array();
  for (const Tensor& tensor : problem.tensors) {
    ordered to = ordered::array();
    for (const std::uint32_t v : tensor.to) to.push_back(id(v));
    file["tensors"].push_back({{"from", id(tensor.from)}, {"to", to}, {"amount", tensor.amount}});
  }
  for (const std::uint32_t kind : problem.order) file["order"].push_back(problem.boards[kind].name);
  ordered links = ordered::array();
  for (const Link& link : problem.topology.links)
    links.push_back({{"rate", link.rate}, {"latency", link.latency}});
  file["topology"] = {
      {"kind", nameOf(problem.topology.kind)}, {"columns", problem.topology.columns}, {"links", links}};
  return file.dump(1) + "\n";
}

}  // namespace sluice::splits

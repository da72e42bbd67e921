#include "dataflow/csdf/read.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"

namespace sluice::dataflow::csdf {
namespace {

using nlohmann::json;

/// What is wrong in a document ends its reading; it becomes an Error where the reading began.
struct Problem {
  Error error;
};

constexpr std::uint64_t mostCapacity = std::uint64_t{1} << 30;
constexpr std::uint64_t mostBytes = std::uint64_t{64} << 20;

struct Reader {
  std::string file;

  [[noreturn]] void fail(const std::string& message, const std::string& place) const {
    throw Problem{badInput(message, place.empty() ? file : file + ": " + place)};
  }
  void keys(const json& value, const std::string& place, const std::set<std::string>& needed,
            const std::set<std::string>& allowed = {}) const {
    if (!value.is_object()) fail("must be an object", place);
    for (const std::string& key : needed)
      if (!value.contains(key)) fail("has no '" + key + "'", place);
    for (const auto& [key, unused] : value.items())
      if (!needed.contains(key) && !allowed.contains(key))
        fail("the key '" + key + "' is not known here", place);
  }
  [[nodiscard]] std::string text(const json& value, const std::string& place) const {
    if (!value.is_string()) fail("must be a text", place);
    return value.get<std::string>();
  }
  [[nodiscard]] std::uint64_t number(const json& value, const std::string& place) const {
    if (!value.is_number_unsigned()) fail("must be a whole number, not negative", place);
    return value.get<std::uint64_t>();
  }
  [[nodiscard]] const json& list(const json& value, const std::string& place) const {
    if (!value.is_array()) fail("must be a list", place);
    return value;
  }
  [[nodiscard]] std::vector<std::uint64_t> numbers(const json& value, const std::string& place) const {
    std::vector<std::uint64_t> result;
    for (const json& item : list(value, place))
      result.push_back(number(item, place + "[" + std::to_string(result.size()) + "]"));
    return result;
  }
};

json parse(const Reader& reader, std::string_view text) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  try {
    json parsed = json::parse(text, watch);
    if (!twice.empty()) reader.fail("the key '" + twice + "' stands twice in one object", "");
    return parsed;
  } catch (const json::exception& problem) {
    reader.fail(std::string("is not JSON: ") + problem.what(), "");
  }
}

Graph graphOf(const Reader& reader, const json& root) {
  if (root.is_object() && root.contains("kind") && root["kind"] != "csdf")
    throw Problem{unsupported("the kind is not 'csdf'", reader.file)};
  reader.keys(root, "", {"format", "kind", "name", "actors", "channels"}, {"provenance", "expected"});
  if (root["format"] != "dataflow-json/1") reader.fail("must be \"dataflow-json/1\"", "format");
  Graph graph;
  graph.name = reader.text(root["name"], "name");
  std::map<std::string, std::uint32_t> actors;
  for (const json& item : reader.list(root["actors"], "actors")) {
    const std::string place = "actors[" + std::to_string(graph.actors.size()) + "]";
    reader.keys(item, place, {"name", "time", "serial"});
    if (!item["serial"].is_boolean()) reader.fail("must be true or false", place + ".serial");
    Actor actor{.name = reader.text(item["name"], place + ".name"),
                .time = reader.numbers(item["time"], place + ".time"),
                .serial = item["serial"].get<bool>()};
    actors.emplace(actor.name, static_cast<std::uint32_t>(graph.actors.size()));
    graph.actors.push_back(std::move(actor));
  }
  for (const json& item : reader.list(root["channels"], "channels")) {
    const std::string place = "channels[" + std::to_string(graph.channels.size()) + "]";
    reader.keys(item, place, {"name", "src", "dst", "prod", "cons", "initial"});
    const auto end = [&](const char* key) {
      const std::string name = reader.text(item[key], place + "." + key);
      const auto found = actors.find(name);
      if (found == actors.end()) reader.fail("there is no actor '" + name + "'", place + "." + key);
      return found->second;
    };
    graph.channels.push_back({.name = reader.text(item["name"], place + ".name"),
                              .src = end("src"),
                              .dst = end("dst"),
                              .prod = reader.numbers(item["prod"], place + ".prod"),
                              .cons = reader.numbers(item["cons"], place + ".cons"),
                              .initial = reader.number(item["initial"], place + ".initial")});
  }
  return graph;
}

}  // namespace

Result<Graph> parseGraph(std::string_view text, const std::string& where) {
  try {
    const Reader reader{where};
    Graph graph = graphOf(reader, parse(reader, text));
    if (const auto checked = check(graph); !checked.ok()) {
      Error error = checked.error();
      error.where = where;
      return error;
    }
    return graph;
  } catch (const Problem& problem) {
    return problem.error;
  }
}

Result<Graph> readGraph(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string text, readFile(path));
  if (text.size() > mostBytes) return unsupported("the file has more than 64 MiB", path.string());
  return parseGraph(text, path.string());
}

Result<Capacities> readCapacities(const std::filesystem::path& path, const Graph& graph) {
  SLUICE_TRY(const std::string text, readFile(path));
  try {
    const Reader reader{path.string()};
    const json root = parse(reader, text);
    if (!root.is_object()) reader.fail("must be an object", "");
    const json& depths = root.contains("depths") ? root["depths"] : root;
    std::set<std::string> names;
    for (const Channel& channel : graph.channels) names.insert(channel.name);
    reader.keys(depths, root.contains("depths") ? "depths" : "", names);
    Capacities result;
    for (const Channel& channel : graph.channels) {
      result.push_back(reader.number(depths[channel.name], channel.name));
      if (result.back() > mostCapacity) reader.fail("is more than 2^30", channel.name);
      if (result.back() < channel.initial)
        reader.fail("holds fewer than the " + std::to_string(channel.initial) + " tokens it starts with",
                    channel.name);
    }
    return result;
  } catch (const Problem& problem) {
    return problem.error;
  }
}

}  // namespace sluice::dataflow::csdf

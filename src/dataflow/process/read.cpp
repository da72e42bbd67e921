#include "dataflow/process/read.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/file.h"

namespace sluice::dataflow::process {

namespace {

using nlohmann::json;

constexpr std::uint64_t mostBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t mostNumber = std::uint64_t{1} << 60;

/// What is wrong in a document ends its reading; it is turned into an Error where the reading began.
struct Problem {
  Error error;
};
[[noreturn]] void fail(const std::string& message, const std::string& where) {
  throw Problem{badInput(message, where)};
}

/// A value and its place in the file ("fifos[3].depth").
class Value {
 public:
  Value(const json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  [[nodiscard]] const std::string& place() const { return place_; }

  /// An object with exactly these keys; those after '?' may be missing.
  void keys(const std::vector<std::string>& names) const {
    if (!value_->is_object()) fail("must be an object", place_);
    std::set<std::string> known;
    for (const std::string& name : names) {
      const bool optional = name[0] == '?';
      const std::string key = optional ? name.substr(1) : name;
      known.insert(key);
      if (!optional && !value_->contains(key)) fail("has no '" + key + "'", place_);
    }
    for (const auto& [key, unused] : value_->items())
      if (!known.contains(key)) fail("the key '" + key + "' is not known here", place_);
  }
  [[nodiscard]] bool has(const std::string& key) const { return value_->contains(key); }
  [[nodiscard]] Value at(const std::string& key) const {
    return {(*value_)[key], place_.empty() ? key : place_ + "." + key};
  }
  [[nodiscard]] std::vector<Value> list() const {
    if (!value_->is_array()) fail("must be a list", place_);
    std::vector<Value> values;
    values.reserve(value_->size());
    for (std::size_t i = 0; i < value_->size(); ++i)
      values.emplace_back((*value_)[i], place_ + "[" + std::to_string(i) + "]");
    return values;
  }
  [[nodiscard]] std::string text() const {
    if (!value_->is_string()) fail("must be a text", place_);
    return value_->get<std::string>();
  }
  [[nodiscard]] std::uint64_t number(std::uint64_t least = 0, std::uint64_t most = mostNumber) const {
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() < least ||
        value_->get<std::uint64_t>() > most)
      fail("must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", not " +
               shown(),
           place_);
    return value_->get<std::uint64_t>();
  }
  [[nodiscard]] std::uint32_t number32() const { return static_cast<std::uint32_t>(number(0, 0xffffffffu)); }
  [[nodiscard]] const json& raw() const { return *value_; }

 private:
  [[nodiscard]] std::string shown() const {
    const std::string text = value_->dump(-1, ' ', true, json::error_handler_t::replace);
    return text.size() <= 40 ? text : text.substr(0, 37) + "...";
  }

  const json* value_;
  std::string place_;
};

/// The document, without keys that stand twice in one object (the library would keep the last).
Result<json> document(std::string_view text, const std::string& where) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second &&
        twice.empty())
      twice = parsed.get<std::string>();
    return true;
  };
  try {
    json parsed = json::parse(text, watch);
    if (!twice.empty()) return badInput("the key '" + twice + "' stands twice in one object", where);
    return parsed;
  } catch (const json::exception& problem) {
    return badInput(std::string("is not JSON: ") + problem.what(), where);
  }
}

using Names = std::unordered_map<std::string, std::uint32_t>;

std::uint32_t named(const Names& names, const Value& value, const char* what) {
  const std::string name = value.text();
  const auto found = names.find(name);
  if (found == names.end()) fail("there is no " + std::string(what) + " '" + name + "'", value.place());
  return found->second;
}

Timing readTiming(const Value& value) {
  value.keys({"write_to_read_srl", "write_to_read_ram", "read_to_write", "srl_max_depth", "srl_max_bits"});
  return {.writeToReadSrl = value.at("write_to_read_srl").number32(),
          .writeToReadRam = value.at("write_to_read_ram").number32(),
          .readToWrite = value.at("read_to_write").number32(),
          .srlMaxDepth = value.at("srl_max_depth").number(),
          .srlMaxBits = value.at("srl_max_bits").number()};
}

Access readAccess(const Value& value) {
  value.keys({"op", "stage", "fifos", "at"});
  Access access;
  const std::string direction = value.at("op").text();
  if (direction != "read" && direction != "write")
    fail("must be 'read' or 'write', not '" + direction + "'", value.at("op").place());
  access.direction = direction == "read" ? Direction::read : Direction::write;
  access.stage = value.at("stage").number();
  for (const Value& fifo : value.at("fifos").list()) access.fifos.push_back(fifo.number32());
  for (const Value& item : value.at("at").list()) {
    item.keys({"first", "dims"});
    Box box{.first = item.at("first").number(), .dims = {}};
    for (const Value& dim : item.at("dims").list()) {
      const std::vector<Value> pair = dim.list();
      if (pair.size() != 2) fail("must be a pair [count, stride]", dim.place());
      box.dims.push_back({.count = pair[0].number(), .stride = pair[1].number()});
    }
    access.at.push_back(std::move(box));
  }
  return access;
}

Phase readPhase(const Value& value) {
  value.keys({"loops", "trip", "start", "ii", "iteration_latency", "accesses"});
  Phase phase{.loops = {},
              .trip = value.at("trip").number(),
              .start = value.at("start").number(),
              .ii = value.at("ii").number(),
              .iterationLatency = value.at("iteration_latency").number(),
              .accesses = {}};
  for (const Value& loop : value.at("loops").list()) phase.loops.push_back(loop.number());
  for (const Value& access : value.at("accesses").list()) phase.accesses.push_back(readAccess(access));
  return phase;
}

Network readDocument(const Value& root) {
  if (!root.raw().is_object()) fail("must be an object", "");
  if (!root.has("format") || !root.has("kind"))
    fail("has no 'format' and 'kind'; is it a dataflow file?", "");
  if (root.at("format").text() != "dataflow-json/1")
    fail("is '" + root.at("format").text() + "'; 'dataflow-json/1' can be read", "format");
  if (root.at("kind").text() != "process-network")
    throw Problem{
        unsupported("is '" + root.at("kind").text() + "'; a 'process-network' is wanted here", "kind")};
  root.keys({"format", "kind", "name", "?provenance", "timing", "fifos", "processes", "?expected"});

  Network network;
  network.name = root.at("name").text();
  network.timing = readTiming(root.at("timing"));
  const std::vector<Value> processes = root.at("processes").list();
  Names processOf, groupOf;
  for (std::uint32_t p = 0; p < processes.size(); ++p) {
    processes[p].keys({"name", "latency", "after", "phases"});
    processOf.emplace(processes[p].at("name").text(), p);
  }
  for (const Value& value : root.at("fifos").list()) {
    value.keys({"name", "width_bits", "depth", "group", "src", "dst", "tokens"});
    const std::string group = value.at("group").text();
    const auto [found, isNew] = groupOf.emplace(group, static_cast<std::uint32_t>(network.groups.size()));
    if (isNew) network.groups.push_back(group);
    network.fifos.push_back({.name = value.at("name").text(),
                             .widthBits = value.at("width_bits").number32(),
                             .depth = value.at("depth").number(),
                             .group = found->second,
                             .src = named(processOf, value.at("src"), "process"),
                             .dst = named(processOf, value.at("dst"), "process"),
                             .tokens = value.at("tokens").number()});
  }
  for (const Value& value : processes) {
    Process process{
        .name = value.at("name").text(), .latency = value.at("latency").number(), .after = {}, .phases = {}};
    for (const Value& after : value.at("after").list()) {
      after.keys({"process", "?array", "delay"});
      process.after.push_back({.process = named(processOf, after.at("process"), "process"),
                               .delay = after.at("delay").number(),
                               .array = after.has("array") ? after.at("array").text() : std::string()});
    }
    for (const Value& phase : value.at("phases").list()) process.phases.push_back(readPhase(phase));
    network.processes.push_back(std::move(process));
  }
  return network;
}

/// `read` applied to the document in `text`, problems with `where` in front.
template <typename T, typename Read>
Result<T> readText(std::string_view text, const std::string& where, const Read& read) {
  SLUICE_TRY(const json parsed, document(text, where));
  try {
    return read(Value(parsed, ""));
  } catch (Problem& problem) {
    Error& error = problem.error;
    error.where = error.where.empty() ? where : where + ": " + error.where;
    return error;
  }
}

std::vector<std::uint64_t> depthsOf(const Value& root, const Network& network) {
  if (!root.raw().is_object()) fail("must be an object with a depth for every group", "");
  const Value from = root.has("depths") && root.at("depths").raw().is_object() ? root.at("depths") : root;
  std::map<std::string, std::uint32_t> groupOf;
  for (const Fifo& fifo : network.fifos) groupOf.emplace(fifo.name, fifo.group);
  for (std::uint32_t g = 0; g < network.groups.size(); ++g) groupOf[network.groups[g]] = g;
  std::vector<std::optional<std::uint64_t>> found(network.groups.size());
  for (const auto& [key, unused] : from.raw().items()) {
    const auto group = groupOf.find(key);
    if (group == groupOf.end())
      fail("there is no group or FIFO '" + key + "' in " + network.name, from.place());
    const std::uint64_t depth = from.at(key).number(1, std::uint64_t{1} << 40);
    std::optional<std::uint64_t>& known = found[group->second];
    if (known && *known != depth)
      fail("gives group '" + network.groups[group->second] + "' two depths; its FIFOs share one",
           from.at(key).place());
    known = depth;
  }
  std::vector<std::uint64_t> depths;
  for (std::uint32_t g = 0; g < found.size(); ++g) {
    if (!found[g]) fail("has no depth for group '" + network.groups[g] + "'", from.place());
    depths.push_back(*found[g]);
  }
  return depths;
}

}  // namespace

Result<Network> parseNetwork(std::string_view text, const std::string& where) {
  SLUICE_TRY(Network network, readText<Network>(text, where, readDocument));
  if (Status valid = check(network); !valid.ok()) {
    Error error = valid.error();
    error.where = error.where.empty() ? where : where + ": " + error.where;
    return error;
  }
  return network;
}

Result<Network> readNetwork(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string text, readFile(path, mostBytes));
  return parseNetwork(text, path.filename().string());
}

Result<std::string> fileKind(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string text, readFile(path, mostBytes));
  return readText<std::string>(text, path.filename().string(), [](const Value& root) {
    if (!root.raw().is_object() || !root.has("kind")) fail("has no 'kind'; is it a dataflow file?", "");
    return root.at("kind").text();
  });
}

Result<std::vector<std::uint64_t>> readDepths(const std::filesystem::path& path, const Network& network) {
  SLUICE_TRY(const std::string text, readFile(path, mostBytes));
  return readText<std::vector<std::uint64_t>>(text, path.filename().string(),
                                              [&](const Value& root) { return depthsOf(root, network); });
}

}  // namespace sluice::dataflow::process

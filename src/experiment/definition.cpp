#include "experiment/definition.h"

#include <algorithm>

#include "base/file.h"
#include "experiment/definition_parts.h"

namespace sluice::experiment {
namespace {

constexpr std::size_t mostBytes = 1 << 20;
constexpr std::size_t mostNodes = 100'000;  ///< with aliases unfolded: a small file can be a large tree

/// Counts nodes, aliases unfolded, and stops at the limit.
std::size_t nodesOf(const YAML::Node& node, std::size_t limit) {
  std::size_t count = 1;
  if (node.IsMap() || node.IsSequence())
    for (const auto& entry : node) {
      if (count > limit) break;
      count += node.IsMap() ? nodesOf(entry.first, limit - count) + nodesOf(entry.second, limit - count)
                            : nodesOf(entry, limit - count);
    }
  return count;
}

std::vector<Metric> readMetrics(YamlReader& reader, const YAML::Node& root,
                                const std::vector<StageUse>& stages) {
  std::vector<Metric> metrics;
  const YAML::Node node = root["metrics"];
  if (!node) return reader.complain(root, "the definition has no 'metrics'"), metrics;
  if (!reader.isMap(node, "'metrics'", {})) return metrics;
  for (const auto& entry : node) {
    const std::optional<WireSource> wire = readWire(reader, entry.second, stages);
    if (!wire) continue;
    const Port* port = stages[wire->stage].type.output(wire->output);
    if (port->type == Type::file || port->type == Type::text)
      reader.complain(entry.second, "a metric is a number, and $" + stages[wire->stage].name + "." +
                                        port->name + " is a " + nameOf(port->type));
    metrics.push_back({entry.first.Scalar(), *wire});
  }
  return metrics;
}

bool usesFidelity(const std::vector<StageUse>& stages) {
  return std::any_of(stages.begin(), stages.end(), [](const StageUse& stage) {
    return std::any_of(stage.inputs.begin(), stage.inputs.end(), [](const auto& input) {
      return std::holds_alternative<FidelitySource>(input.second);
    });
  });
}

Result<Definition> parseRoot(const YAML::Node& root, std::string_view text, const std::string& where,
                             const std::filesystem::path& folder, const Registry& registry) {
  YamlReader reader(where);
  if (!reader.isMap(root, "the definition",
                    {"experiment", "description", "seed", "trials", "window", "sampler", "parameters",
                     "constraints", "fidelity", "stages", "metrics", "objectives", "limits", "combine"}))
    return reader.status().error();
  Definition definition;
  definition.text = std::string(text);
  definition.folder = folder;
  if (root["experiment"]) definition.name = reader.text(root["experiment"], "'experiment'");
  const bool plain = std::all_of(definition.name.begin(), definition.name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (definition.name.empty() || !plain)
    reader.complain(root, "'experiment' gives the name: letters, digits, '-' and '_'");
  if (root["description"]) definition.description = reader.text(root["description"], "'description'");
  if (root["seed"])
    definition.seed = static_cast<std::uint64_t>(
        reader.integer(root["seed"], "'seed'", 0, std::numeric_limits<std::int64_t>::max()));
  if (!root["trials"])
    reader.complain(root, "the definition has no 'trials': how many there are at most");
  else
    definition.trials = reader.integer(root["trials"], "'trials'", 1, 10'000'000);
  definition.space = readSpace(reader, root);
  definition.sampler = readSampler(reader, root);
  definition.fidelity = readFidelity(reader, root, definition.space);
  definition.stages = readStages(reader, root, definition, registry);
  if (definition.fidelity && reader.good() && !usesFidelity(definition.stages))
    reader.complain(root["fidelity"], "no stage takes $fidelity");
  if (!reader.good()) return reader.status().error();  // what follows speaks of stages
  definition.metrics = readMetrics(reader, root, definition.stages);
  definition.objectives = readObjectives(reader, root, definition.metrics);
  if (!reader.good()) return reader.status().error();
  // More trials may be added later; not with fidelities, where the last bracket's end depends on how many there are.
  definition.identity = definition.fidelity ? canonicalText(root, {"description"})
                                            : canonicalText(root, {"description", "trials"});
  const Result<search::Sampler> sampler =
      search::Sampler::make(definition.space, definition.objectives, definition.sampler, definition.seed);
  if (!sampler.ok()) return badInput(sampler.error().text(), where);
  return definition;
}

}  // namespace

bool Definition::hasCommands() const {
  return std::any_of(stages.begin(), stages.end(), [](const StageUse& stage) { return stage.command; });
}

std::string canonicalText(const YAML::Node& node, const std::set<std::string>& leaveOut) {
  if (node.IsMap()) {
    std::map<std::string, std::string> entries;
    std::vector<std::string> order;  // of objectives and parameters the order counts
    for (const auto& entry : node)
      if (!leaveOut.contains(entry.first.Scalar())) order.push_back(entry.first.Scalar());
    std::string text = "{";
    for (const std::string& key : order) text += key + ": " + canonicalText(node[key], {}) + ", ";
    return text + "}";
  }
  if (node.IsSequence()) {
    std::string text = "[";
    for (const auto& entry : node) text += canonicalText(entry, {}) + ", ";
    return text + "]";
  }
  if (node.IsNull()) return "~";
  std::string text = node.Tag() == "!" ? "'" : "";  // a quoted text
  for (const char c : node.Scalar())
    text += c == '\n' ? std::string("\\n") : c == '\'' ? std::string("''") : std::string(1, c);
  return text + text.substr(0, node.Tag() == "!" ? 1 : 0);
}

Result<Definition> parseDefinition(std::string_view text, const std::string& where,
                                   const std::filesystem::path& folder, const Registry& registry) {
  if (text.size() > mostBytes) return badInput("is longer than a definition may be (1 MiB)", where);
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (nodesOf(root, mostNodes) > mostNodes) return badInput("has more than 100,000 values", where);
    return parseRoot(root, text, where, folder, registry);
  } catch (const YAML::Exception& problem) {
    const std::string line = problem.mark.is_null() ? "" : ":" + std::to_string(problem.mark.line + 1);
    return badInput("is no valid YAML: " + problem.msg, where + line);
  }
}

Result<Definition> readDefinition(const std::filesystem::path& file, const Registry& registry) {
  SLUICE_TRY(const std::string text, readFile(file, mostBytes));
  return parseDefinition(text, file.string(), file.parent_path(), registry);
}

}  // namespace sluice::experiment

#include <algorithm>

#include "experiment/definition_parts.h"
#include "experiment/python_stage.h"

namespace sluice::experiment {
namespace {

/// What a definition says of one stage, before wires are followed.
struct Draft {
  std::string name;
  YAML::Node node;
  std::vector<std::string> needs;  ///< stages whose outputs it takes
};

/// "$a.b" -> {"a", "b"}; "$a" -> {"a", ""}; nothing for other scalars and for quoted texts without '$'.
std::optional<std::pair<std::string, std::string>> reference(const YAML::Node& node) {
  if (!node.IsScalar() || node.Scalar().size() < 2 || node.Scalar()[0] != '$') return std::nullopt;
  const std::string text = node.Scalar().substr(1);
  const std::size_t dot = text.find('.');
  return std::pair{text.substr(0, dot), dot == std::string::npos ? "" : text.substr(dot + 1)};
}

/// The value an input is given: itself, or the `from` of a map.
YAML::Node given(const YAML::Node& node) { return node.IsMap() && node["from"] ? node["from"] : node; }

/// Stages so that each comes after those it needs. Complains of circles. (By pointers: assigning a YAML::Node changes
/// what the node on the left stood for.)
std::vector<const Draft*> ordered(YamlReader& reader, const std::vector<Draft>& drafts) {
  std::vector<const Draft*> waiting, order;
  for (const Draft& draft : drafts) waiting.push_back(&draft);
  while (!waiting.empty()) {
    const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const Draft* draft) {
      return std::all_of(draft->needs.begin(), draft->needs.end(), [&](const std::string& need) {
        return std::none_of(waiting.begin(), waiting.end(), [&](const Draft* d) { return d->name == need; });
      });
    });
    if (ready == waiting.end()) {
      std::vector<std::string> names;
      for (const Draft* draft : waiting) names.push_back(draft->name);
      reader.complain(waiting.front()->node, "stages wait for each other in a circle: " + join(names, ", "));
      return {};
    }
    order.push_back(*ready);
    waiting.erase(ready);
  }
  return order;
}

/// The narrowest type that all of these are of.
Type typeOf(const std::vector<std::string>& choices) {
  for (const Type type : {Type::integer, Type::real, Type::boolean})
    if (std::all_of(choices.begin(), choices.end(),
                    [&](const std::string& choice) { return parseValue(type, choice).ok(); }))
      return type;
  return Type::text;
}

/// What kind of value a parameter gives if nobody says.
Type typeOf(const search::Parameter& parameter) {
  if (parameter.hasChoices()) return typeOf(parameter.choices);
  return parameter.isContinuous() ? Type::real : Type::integer;
}

struct Context {
  YamlReader& reader;
  const Definition& definition;
  const std::vector<StageUse>& stages;
};

struct TypedSource {
  Source source;
  Type type;
};

std::optional<TypedSource> readSource(Context& context, const YAML::Node& node, const std::string& what) {
  YamlReader& reader = context.reader;
  const YAML::Node value = given(node);
  if (value.IsMap()) {
    if (!reader.isMap(value, what, {"file", "as"}) || !value["file"])
      return reader.complain(value, what + " is a value, $parameter, $stage.output or {file: path}"),
             std::nullopt;
    const std::string path = reader.text(value["file"], "'file'");
    const std::filesystem::path relative(path);
    bool inside = !path.empty() && !relative.is_absolute();
    for (const auto& part : relative) inside = inside && part != "..";
    if (!inside)
      return reader.complain(value, what + ": files lie beside the definition or below it"), std::nullopt;
    return TypedSource{FileSource{path, false}, Type::file};
  }
  if (!value.IsScalar()) return reader.complain(value, what + " is not a single value"), std::nullopt;
  const auto named = reference(value);
  if (!named) {
    const Value literal = scalarValue(value);
    return TypedSource{literal, typeOf(literal)};
  }
  if (!named->second.empty()) {
    const std::optional<WireSource> wire = readWire(reader, value, context.stages);
    if (!wire) return std::nullopt;
    return TypedSource{*wire, context.stages[wire->stage].type.output(wire->output)->type};
  }
  if (named->first == "fidelity" && context.definition.fidelity)
    return TypedSource{FidelitySource{}, typeOf(context.definition.fidelity->values)};
  const search::Space& space = context.definition.space;
  const std::optional<std::size_t> parameter = space.find(named->first);
  if (!parameter) return reader.complain(value, "there is no parameter '" + named->first + "'"), std::nullopt;
  ParameterSource source{.parameter = *parameter, .fallback = {}};
  if (node.IsMap() && node["else"]) source.fallback = scalarValue(node["else"]);
  return TypedSource{source, typeOf(space.parameters[*parameter])};
}

/// Whether what `source` gives always fits `port`; complains if not.
void checkFits(Context& context, const YAML::Node& node, TypedSource& source, const Port& port) {
  const auto complain = [&](const std::string& message) {
    context.reader.complain(node, "input '" + port.name + "' is a " + nameOf(port.type) + ", but " + message);
  };
  if (const auto* parameter = std::get_if<ParameterSource>(&source.source)) {
    const search::Parameter& from = context.definition.space.parameters[parameter->parameter];
    if (!from.conditions.empty() && !parameter->fallback && !port.fallback)
      context.reader.complain(node, "parameter '" + from.name +
                                        "' does not always count; say what else: {from: $" + from.name +
                                        ", else: VALUE}");
    if (from.hasChoices()) {
      for (const std::string& choice : from.choices)
        if (port.type == Type::file || !parseValue(port.type, choice).ok())
          return complain("parameter '" + from.name + "' may be '" + choice + "'");
      return;
    }
    if (port.type == Type::text) return;
  }
  if (std::holds_alternative<FidelitySource>(source.source)) {
    for (const std::string& value : context.definition.fidelity->values)
      if (port.type == Type::file || !parseValue(port.type, value).ok())
        return complain("the fidelity may be '" + value + "'");
    return;
  }
  if (const auto* literal = std::get_if<Value>(&source.source)) {
    Result<Value> converted =
        port.type == Type::text ? Result<Value>(Value(printValue(*literal))) : convert(*literal, port.type);
    if (!converted.ok()) return complain("it is given '" + printValue(*literal) + "'");
    source.source = std::move(converted).value();
    return;
  }
  const bool widens = source.type == Type::integer && port.type == Type::real;
  if (source.type != port.type && !widens) complain(std::string("it is given a ") + nameOf(source.type));
}

/// {integer: stdout, match: "..."}, {number: out/x.json, at: /a/b}, {file: out/model.h5}
std::optional<CommandOutput> readOutput(YamlReader& reader, const std::string& name, const YAML::Node& node) {
  const std::string what = "output '" + name + "'";
  if (!reader.isMap(node, what, {"number", "integer", "boolean", "text", "file", "at", "match"}))
    return std::nullopt;
  CommandOutput output;
  output.name = name;
  int kinds = 0;
  for (const Type type : {Type::boolean, Type::integer, Type::real, Type::text, Type::file}) {
    if (!node[nameOf(type)]) continue;
    ++kinds;
    output.type = type;
    output.file = reader.text(node[nameOf(type)], what);
    if (output.file == "stdout") output.file.clear();
  }
  if (kinds != 1) reader.complain(node, what + " has one of: number, integer, boolean, text, file");
  if (node["at"]) output.pointer = reader.text(node["at"], what + ": 'at'");
  if (node["match"]) output.pattern = reader.text(node["match"], what + ": 'match'");
  return output;
}

void readLimits(YamlReader& reader, const YAML::Node& node, const std::string& what, jobs::Limits& limits) {
  if (node["seconds"]) limits.seconds = reader.number(node["seconds"], what + ": 'seconds'");
  if (node["memory_mib"])
    limits.memoryMiB =
        static_cast<std::uint64_t>(reader.integer(node["memory_mib"], what + ": 'memory_mib'", 1, 1 << 30));
}

/// Inputs that have the type of what they are given.
void readFreeInputs(Context& context, const YAML::Node& node, const std::string& what, StageUse& use,
                    std::vector<Port>& ports, std::map<std::string, std::string>& fileNames) {
  YamlReader& reader = context.reader;
  if (!node["inputs"] || !reader.isMap(node["inputs"], what + ": 'inputs'", {})) return;
  for (const auto& entry : node["inputs"]) {
    const std::string name = entry.first.Scalar();
    std::optional<TypedSource> source = readSource(context, entry.second, "input '" + name + "'");
    if (!source) continue;
    Port port{name, source->type, "", {}};
    checkFits(context, entry.second, *source, port);
    if (entry.second.IsMap() && entry.second["as"]) fileNames[name] = reader.text(entry.second["as"], "'as'");
    ports.push_back(std::move(port));
    use.inputs.emplace(name, std::move(source->source));
  }
}

/// Calls read(name, node) for each entry of the stage's 'outputs', which it must have.
template <typename Read>
void forEachOutput(YamlReader& reader, const YAML::Node& stage, const std::string& what, Read read) {
  if (!stage["outputs"]) return reader.complain(stage, what + " has no 'outputs'");
  if (!reader.isMap(stage["outputs"], what + ": 'outputs'", {})) return;
  for (const auto& entry : stage["outputs"]) read(entry.first.Scalar(), entry.second);
}

std::optional<StageUse> readCommand(Context& context, const Draft& draft) {
  YamlReader& reader = context.reader;
  const YAML::Node& node = draft.node;
  const std::string what = "stage '" + draft.name + "'";
  reader.isMap(node, what, {"command", "version", "inputs", "outputs", "seconds", "memory_mib"});
  CommandStage command;
  command.name = draft.name;
  command.argv = reader.texts(node["command"], what + ": 'command'");
  if (node["version"]) command.version = reader.texts(node["version"], what + ": 'version'");
  readLimits(reader, node, what, command.limits);
  StageUse use;
  use.name = draft.name;
  use.command = true;
  readFreeInputs(context, node, what, use, command.inputs, command.fileNames);
  forEachOutput(reader, node, what, [&](const std::string& name, const YAML::Node& output) {
    if (std::optional<CommandOutput> read = readOutput(reader, name, output))
      command.outputs.push_back(std::move(*read));
  });
  Result<StageType> type = makeStage(std::move(command));
  if (!type.ok()) return reader.complain(node, type.error().text()), std::nullopt;
  use.type = std::move(type).value();
  return use;
}

/// {python: "train.py:train", files: [...], inputs: {...}, outputs: {accuracy: number, model: file}}
std::optional<StageUse> readPython(Context& context, const Draft& draft) {
  YamlReader& reader = context.reader;
  const YAML::Node& node = draft.node;
  const std::string what = "stage '" + draft.name + "'";
  reader.isMap(node, what, {"python", "files", "inputs", "outputs", "seconds", "memory_mib"});
  PythonStage python;
  python.name = draft.name;
  python.folder = context.definition.folder;
  const std::string named = reader.text(node["python"], what + ": 'python'");
  const std::size_t colon = named.rfind(':');
  python.file = named.substr(0, colon);
  if (colon != std::string::npos) python.function = named.substr(colon + 1);
  if (node["files"]) python.files = reader.texts(node["files"], what + ": 'files'");
  readLimits(reader, node, what, python.limits);
  StageUse use;
  use.name = draft.name;
  use.command = true;
  readFreeInputs(context, node, what, use, python.inputs, python.fileNames);
  use.inputs.emplace(sourcePort(python.file), FileSource{python.file, true});
  for (const std::string& file : python.files) use.inputs.emplace(sourcePort(file), FileSource{file, true});
  forEachOutput(reader, node, what, [&](const std::string& name, const YAML::Node& output) {
    const std::string word = reader.text(output, "output '" + name + "'");
    if (const std::optional<Type> type = typeNamed(word))
      python.outputs.push_back({name, *type, "", {}});
    else
      reader.complain(
          output, "output '" + name + "' is a number, integer, boolean, text or file, not '" + word + "'");
  });
  Result<StageType> type = makeStage(std::move(python));
  if (!type.ok()) return reader.complain(node, type.error().text()), std::nullopt;
  use.type = std::move(type).value();
  return use;
}

std::optional<StageUse> readRegistered(Context& context, const Draft& draft, const Registry& registry) {
  YamlReader& reader = context.reader;
  const YAML::Node& node = draft.node;
  const std::string what = "stage '" + draft.name + "'";
  reader.isMap(node, what, {"stage", "inputs"});
  const std::string wanted = reader.text(node["stage"], what + ": 'stage'");
  const auto found =
      std::find_if(registry.begin(), registry.end(), [&](const StageType& s) { return s.name == wanted; });
  if (found == registry.end()) {
    std::vector<std::string> names;
    for (const StageType& type : registry) names.push_back(type.name);
    return reader.complain(node["stage"],
                           "there is no stage '" + wanted + "'; there are: " + join(names, ", ")),
           std::nullopt;
  }
  StageUse use;
  use.name = draft.name;
  use.type = *found;
  if (node["inputs"] && reader.isMap(node["inputs"], what + ": 'inputs'", {})) {
    for (const auto& entry : node["inputs"]) {
      const std::string name = entry.first.Scalar();
      const Port* port = use.type.input(name);
      if (port == nullptr) {
        std::vector<std::string> names;
        for (const Port& each : use.type.inputs) names.push_back(each.name);
        reader.complain(entry.first, what + " has no input '" + name + "'; it has: " + join(names, ", "));
        continue;
      }
      std::optional<TypedSource> source = readSource(context, entry.second, "input '" + name + "'");
      if (!source) continue;
      checkFits(context, entry.second, *source, *port);
      use.inputs.emplace(name, std::move(source->source));
    }
  }
  for (const Port& port : use.type.inputs)
    if (!port.fallback && !(node["inputs"] && node["inputs"][port.name]))
      reader.complain(node, what + " needs its input '" + port.name + "' (" + port.help + ")");
  return use;
}

}  // namespace

Value scalarValue(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return Value(text);
  for (const Type type : {Type::boolean, Type::integer, Type::real})
    if (Result<Value> value = parseValue(type, text); value.ok()) return *value;
  return Value(text);
}

std::optional<WireSource> readWire(YamlReader& reader, const YAML::Node& node,
                                   const std::vector<StageUse>& stages) {
  const auto named = reference(node);
  if (!named || named->second.empty()) return reader.complain(node, "is not $stage.output"), std::nullopt;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name != named->first) continue;
    if (stages[i].type.output(named->second)) return WireSource{i, named->second};
    std::vector<std::string> names;
    for (const Port& port : stages[i].type.outputs) names.push_back(port.name);
    return reader.complain(node, "stage '" + named->first + "' has no output '" + named->second +
                                     "'; it has: " + join(names, ", ")),
           std::nullopt;
  }
  return reader.complain(node, "there is no stage '" + named->first + "'"), std::nullopt;
}

std::vector<StageUse> readStages(YamlReader& reader, const YAML::Node& root, const Definition& definition,
                                 const Registry& registry) {
  const YAML::Node node = root["stages"];
  if (!node) return reader.complain(root, "the definition has no 'stages'"), std::vector<StageUse>();
  if (!reader.isMap(node, "'stages'", {})) return {};
  std::vector<Draft> drafts;
  for (const auto& entry : node) {
    Draft draft{entry.first.Scalar(), entry.second, {}};
    if (!isIdentifier(draft.name))
      reader.complain(entry.first, "'" + draft.name + "': names are letters, digits, '_'");
    if (!entry.second.IsMap() ||
        (!entry.second["stage"] && !entry.second["command"] && !entry.second["python"])) {
      reader.complain(entry.second, "stage '" + draft.name + "' has none of 'stage', 'command' and 'python'");
      continue;
    }
    if (const YAML::Node inputs = entry.second["inputs"]; inputs && inputs.IsMap())
      for (const auto& input : inputs)
        if (const auto named = reference(given(input.second)); named && !named->second.empty())
          draft.needs.push_back(named->first);
    drafts.push_back(std::move(draft));
  }
  std::vector<StageUse> stages;
  Context context{reader, definition, stages};
  for (const Draft* draft : ordered(reader, drafts)) {
    std::optional<StageUse> use = draft->node["command"]  ? readCommand(context, *draft)
                                  : draft->node["python"] ? readPython(context, *draft)
                                                          : readRegistered(context, *draft, registry);
    if (use) stages.push_back(std::move(*use));
  }
  return stages;
}

}  // namespace sluice::experiment

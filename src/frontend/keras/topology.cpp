#include "frontend/keras/topology.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <regex>
#include <tuple>
#include <unordered_map>

namespace sluice::frontend::keras {
namespace {

constexpr std::size_t mostSteps = 100000;
constexpr int deepestModel = 20;

bool isModel(std::string_view className) {
  return className == "Sequential" || className == "Functional" || className == "Model";
}

/// Layers around one layer that do nothing else in inference.
bool isWrapper(std::string_view className) {
  return className == "TimeDistributed" || className == "PruneLowMagnitude";
}

/// Of these a call per time step is the same as one call on all of them.
bool worksOnTheLastAxis(std::string_view className) {
  return className == "Dense" || className == "QDense" || className == "Activation" ||
         className == "QActivation" || className == "ReLU" || className == "LeakyReLU" ||
         className == "ELU" || className == "Softmax" || className == "Dropout" ||
         className == "BatchNormalization";
}

/// "QDense" -> "q_dense": how Keras 3 names groups after classes.
std::string snakeCase(const std::string& name) {
  static const std::regex word("(.)([A-Z][a-z]+)"), letter("([a-z])([A-Z])");
  std::string snake = std::regex_replace(std::regex_replace(name, word, "$1_$2"), letter, "$1_$2");
  for (char& c : snake)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return snake;
}

std::string nameOf(const Json& layer) { return layer["config"]["name"].text(layer["name"].text()); }

struct Ref {
  std::string layer;
  std::int64_t node = 0, tensor = 0;
};

bool isRef(const Json& json) { return json.isList() && json[0].isText() && json[1].isNumber(); }

/// [["input_1", 0, 0], ...], or one of them alone, or nested in lists and dictionaries.
void collectRefs(const Json& json, std::vector<Ref>& refs) {
  if (isRef(json)) {
    refs.push_back({json[0].string, json[1].integer(-1), json[2].integer(0)});
    return;
  }
  for (const Json& item : json.items) collectRefs(item, refs);
  for (const auto& [name, member] : json.members) collectRefs(member, refs);
}

/// Keras 3: tensors stand anywhere in the arguments of a call.
void collectTensors(const Json& json, std::vector<Ref>& refs) {
  if (json["class_name"].text() == "__keras_tensor__") {
    collectRefs(json["config"]["keras_history"], refs);
    return;
  }
  for (const Json& item : json.items) collectTensors(item, refs);
  for (const auto& [name, member] : json.members) collectTensors(member, refs);
}

std::vector<Ref> inputsOfCall(const Json& node) {
  std::vector<Ref> refs;
  if (node.isObject()) {
    collectTensors(node["args"], refs);
    collectTensors(node["kwargs"], refs);
  } else if (isRef(node)) {
    collectRefs(node, refs);
  } else {
    for (const Json& entry : node.items)
      if (isRef(entry)) collectRefs(entry, refs);
  }
  return refs;
}

/// Where a model stands within the outermost one.
struct Scope {
  std::string prefix;                 ///< of the names of its steps: "model/"
  std::string outerLayer;             ///< layout by name; empty in the outermost model
  const Hdf5Object* group = nullptr;  ///< layout by order: the group of the model
  int depth = 0;
};

class Expander {
 public:
  explicit Expander(const ModelFile& file) : file_(file) {}

  Result<std::vector<Slot>> model(const Json& model, const Scope& scope, const std::vector<Slot>& inputs) {
    const std::string className = model["class_name"].text();
    if (scope.depth > deepestModel) return badInput("nests models more than 20 deep", file_.where);
    if (className == "Sequential") return sequential(model["config"], scope, inputs);
    if (isModel(className)) return functional(model["config"], scope, inputs);
    return unsupported(
        "is a model of class '" + className +
            "'; Sequential and functional models are read. Rebuild a subclassed model with the "
            "functional interface",
        file_.where);
  }

  Topology topology;

 private:
  Result<Slot> addStep(Step step) {
    if (topology.steps.size() >= mostSteps)
      return badInput("has more than " + std::to_string(mostSteps) + " layers", file_.where);
    if (step.name.empty() || step.name.back() == '/') step.name += "unnamed";
    const std::uint32_t calls = ++calls_[step.name];
    if (calls > 1) step.name += "_call" + std::to_string(calls);
    step.output = nextSlot_++;
    const Slot output = step.output;
    topology.steps.push_back(std::move(step));
    return output;
  }

  /// Groups of the layers in layout by order: by the name that newer files note, else counted per class.
  std::vector<const Hdf5Object*> groupsOf(const Json& layers, const Scope& scope) {
    std::vector<const Hdf5Object*> groups(layers.items.size(), nullptr);
    if (!file_.byOrder || scope.group == nullptr) return groups;
    const Hdf5Object* container = scope.group->find("layers");
    if (container == nullptr) container = scope.group->find("_layer_checkpoint_dependencies");
    if (container == nullptr) return groups;
    std::map<std::string, const Hdf5Object*> byName;
    for (const Hdf5Link& link : container->links) {
      const Hdf5Object* vars = link.object->find("vars");
      const auto* name = vars == nullptr ? nullptr : vars->strings("name");
      if (name != nullptr && !name->empty()) byName.emplace((*name)[0], link.object.get());
    }
    std::map<std::string, std::size_t> used;
    for (std::size_t i = 0; i < layers.items.size(); ++i) {
      const std::string snake = snakeCase(layers[i]["class_name"].text());
      const std::size_t count = used[snake]++;
      const std::string group = count == 0 ? snake : snake + "_" + std::to_string(count);
      const auto named = byName.find(nameOf(layers[i]));
      groups[i] = named != byName.end() ? named->second : container->find(group);
    }
    return groups;
  }

  Result<std::vector<Slot>> call(const Json& layer, const Hdf5Object* group, const Scope& scope,
                                 const std::vector<Slot>& inputs) {
    const Json* inner = &layer;
    std::string className = layer["class_name"].text();
    const std::string name = nameOf(layer), outer = scope.outerLayer.empty() ? name : scope.outerLayer;
    std::string wrapper;
    while (isWrapper(className)) {
      if (className == "TimeDistributed") wrapper = className;
      inner = &(*inner)["config"]["layer"];
      className = (*inner)["class_name"].text();
      group = group == nullptr ? nullptr : group->find("layer");
    }
    if (!wrapper.empty() && !worksOnTheLastAxis(className)) className = wrapper + "(" + className + ")";
    if (isModel(className))
      return model(*inner,
                   {.prefix = scope.prefix + name + "/",
                    .outerLayer = outer,
                    .group = group,
                    .depth = scope.depth + 1},
                   inputs);
    SLUICE_TRY(const Slot output, addStep({.className = className,
                                           .name = scope.prefix + name,
                                           .config = &(*inner)["config"],
                                           .weights = {.layer = name, .outerLayer = outer, .group = group},
                                           .inputs = inputs,
                                           .output = 0}));
    return std::vector<Slot>{output};
  }

  Result<std::vector<Slot>> sequential(const Json& config, const Scope& scope,
                                       const std::vector<Slot>& inputs) {
    const Json& layers = config.isList() ? config : config["layers"];
    if (!layers.isList() || layers.items.empty())
      return badInput("has a Sequential model without layers", file_.where);
    const std::vector<const Hdf5Object*> groups = groupsOf(layers, scope);
    std::vector<Slot> current = inputs;
    if (current.empty() && layers[0]["class_name"].text() != "InputLayer") {
      // The first layer says the shape of the input, or the model does.
      const Json& first = layers[0]["config"];
      const bool inFirst = first.has("batch_input_shape") || first.has("batch_shape");
      SLUICE_TRY(const Slot input, addStep({.className = "InputLayer",
                                            .name = nameOf(layers[0]) + "_input",
                                            .config = inFirst ? &first : &config,
                                            .weights = {},
                                            .inputs = {},
                                            .output = 0}));
      current = {input};
      topology.inputs.push_back(input);
    }
    for (std::size_t i = 0; i < layers.items.size(); ++i) {
      if (layers[i]["class_name"].text() == "InputLayer" && !current.empty()) continue;
      SLUICE_TRY(current, call(layers[i], groups[i], scope, current));
      if (layers[i]["class_name"].text() == "InputLayer") topology.inputs.push_back(current[0]);
    }
    if (current.size() != 1)
      return badInput("has a Sequential model with several tensors in a row", file_.where);
    return current;
  }

  /// One call of one layer of a functional model.
  struct Node {
    std::size_t layer = 0;
    std::vector<Ref> refs;
    std::vector<std::size_t> readers;
    std::size_t missing = 0;  ///< inputs not computed yet
    std::vector<Slot> outputs;
  };

  Result<std::vector<Slot>> functional(const Json& config, const Scope& scope,
                                       const std::vector<Slot>& inputs) {
    const Json& layers = config["layers"];
    if (!layers.isList() || layers.items.empty()) return badInput("has a model without layers", file_.where);
    const std::vector<const Hdf5Object*> groups = groupsOf(layers, scope);
    std::map<std::pair<std::string, std::int64_t>, std::size_t> index;
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < layers.items.size(); ++i) {
      const std::string name = layers[i]["name"].text(nameOf(layers[i]));
      const Json& calls = layers[i]["inbound_nodes"];
      const std::size_t count = std::max<std::size_t>(1, calls.items.size());
      for (std::size_t k = 0; k < count; ++k) {
        if (!index.emplace(std::pair(name, static_cast<std::int64_t>(k)), nodes.size()).second)
          return badInput("has two layers named '" + name + "'", file_.where);
        Node node;
        node.layer = i;
        if (k < calls.items.size()) node.refs = inputsOfCall(calls[k]);
        nodes.push_back(std::move(node));
      }
    }
    std::vector<Ref> inputRefs, outputRefs;
    collectRefs(config["input_layers"], inputRefs);
    collectRefs(config["output_layers"], outputRefs);
    if (!inputs.empty() && inputs.size() != inputRefs.size())
      return badInput("calls a model of " + std::to_string(inputRefs.size()) + " inputs with " +
                          std::to_string(inputs.size()),
                      file_.where);
    // A model within a model has a call of its own, left out of the list: its other calls count from 1 then.
    std::map<std::string, std::int64_t> skipped;
    const auto countCall = [&](const Ref& ref) {
      std::int64_t& most = skipped[ref.layer];
      most = std::max(most, ref.node);
    };
    for (const Node& node : nodes)
      for (const Ref& ref : node.refs) countCall(ref);
    for (const Ref& ref : outputRefs) countCall(ref);
    for (const Json& layer : layers.items) {
      const auto found = skipped.find(layer["name"].text(nameOf(layer)));
      if (found == skipped.end()) continue;
      const auto calls = static_cast<std::int64_t>(layer["inbound_nodes"].items.size());
      found->second = isModel(layer["class_name"].text()) && found->second == calls ? 1 : 0;
    }
    const auto find = [&](const Ref& ref) -> Result<std::size_t> {
      const auto found = index.find({ref.layer, ref.node - skipped[ref.layer]});
      if (found == index.end())
        return badInput("refers to call " + std::to_string(ref.node) + " of layer '" + ref.layer +
                            "', which there is not",
                        file_.where);
      return found->second;
    };
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      nodes[n].missing = nodes[n].refs.size();
      for (const Ref& ref : nodes[n].refs) {
        SLUICE_TRY(const std::size_t from, find(ref));
        nodes[from].readers.push_back(n);
      }
    }
    // Inputs first, in the order the model names them.
    for (std::size_t i = 0; i < inputRefs.size(); ++i) {
      SLUICE_TRY(const std::size_t n, find(inputRefs[i]));
      if (!nodes[n].outputs.empty()) return badInput("lists an input twice", file_.where);
      if (!inputs.empty()) {
        nodes[n].outputs = {inputs[i]};
        continue;
      }
      SLUICE_TRY(nodes[n].outputs, call(layers[nodes[n].layer], nullptr, scope, {}));
      topology.inputs.insert(topology.inputs.end(), nodes[n].outputs.begin(), nodes[n].outputs.end());
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t n = 0; n < nodes.size(); ++n)
      if (nodes[n].missing == 0) ready.push(n);
    while (!ready.empty()) {
      const std::size_t n = ready.top();
      ready.pop();
      if (nodes[n].outputs.empty()) {
        std::vector<Slot> slots;
        for (const Ref& ref : nodes[n].refs) {
          SLUICE_TRY(const std::size_t from, find(ref));
          const std::vector<Slot>& outputs = nodes[from].outputs;
          if (ref.tensor < 0 || static_cast<std::size_t>(ref.tensor) >= outputs.size())
            return badInput("refers to output " + std::to_string(ref.tensor) + " of layer '" + ref.layer +
                                "', which has " + std::to_string(outputs.size()),
                            file_.where);
          slots.push_back(outputs[static_cast<std::size_t>(ref.tensor)]);
        }
        SLUICE_TRY(nodes[n].outputs, call(layers[nodes[n].layer], groups[nodes[n].layer], scope, slots));
      }
      for (const std::size_t reader : nodes[n].readers)
        if (--nodes[reader].missing == 0) ready.push(reader);
    }
    std::vector<Slot> outputs;
    for (const Ref& ref : outputRefs) {
      SLUICE_TRY(const std::size_t n, find(ref));
      if (nodes[n].outputs.empty())
        return badInput("has layers that wait for each other in a circle, '" + ref.layer + "' among them",
                        file_.where);
      if (ref.tensor < 0 || static_cast<std::size_t>(ref.tensor) >= nodes[n].outputs.size())
        return badInput("has no output " + std::to_string(ref.tensor) + " of layer '" + ref.layer + "'",
                        file_.where);
      outputs.push_back(nodes[n].outputs[static_cast<std::size_t>(ref.tensor)]);
    }
    if (outputs.empty()) return badInput("has a model without outputs", file_.where);
    return outputs;
  }

  const ModelFile& file_;
  Slot nextSlot_ = 0;
  std::unordered_map<std::string, std::uint32_t> calls_;
};

}  // namespace

Result<Topology> topologyOf(const ModelFile& file) {
  Expander expander(file);
  SLUICE_TRY(expander.topology.outputs, expander.model(file.config, {.group = file.weightsRoot}, {}));
  Topology topology = std::move(expander.topology);
  topology.name = file.config["config"]["name"].text();
  return topology;
}

}  // namespace sluice::frontend::keras

#include "frontend/file_graph.h"

#include <queue>

namespace sluice::frontend {

std::string placeOf(const FileNode& node, const std::string& nodeName) {
  return "node '" + shown(nodeName) + "' (" + shown(node.op) + ")";
}

FileGraph collectTensors(const ModelFile& file, ImportState& state, Diagnostics& problems) {
  FileGraph graph;
  for (const StoredTensor& stored : file.initializers) {
    if (stored.name.empty()) problems.add(badInput("an initializer has no name"));
    const std::uint32_t index = graph.tensors.index(stored.name);
    if (!graph.initializers.emplace(index, &stored).second)
      problems.add(badInput("there are two initializers '" + shown(stored.name) + "'"));
  }
  for (const DeclaredType& input : file.inputs) {
    if (input.name.empty()) problems.add(badInput("an input has no name"));
    const std::uint32_t index = graph.tensors.index(input.name);
    if (!graph.inputs.insert(index).second)
      problems.add(badInput("there are two inputs '" + shown(input.name) + "'"));
  }
  graph.producer.assign(graph.tensors.size(), noTensor);
  std::unordered_map<std::string_view, bool> seen;
  for (std::uint32_t n = 0; n < file.nodes.size(); ++n) {
    ImportNode node{.file = &file.nodes[n], .name = {}, .inputs = {}, .outputs = {}};
    const auto indexOf = [&](const std::string& name) {
      const std::uint32_t index = name.empty() ? noTensor : graph.tensors.index(name);
      if (index != noTensor && index >= graph.producer.size()) graph.producer.resize(index + 1, noTensor);
      return index;
    };
    for (const std::string& input : node.file->inputs) node.inputs.push_back(indexOf(input));
    for (const std::string& output : node.file->outputs) {
      const std::uint32_t index = indexOf(output);
      node.outputs.push_back(index);
      if (index == noTensor) continue;
      if (graph.producer[index] != noTensor || graph.inputs.contains(index) ||
          graph.initializers.contains(index))
        problems.add(
            badInput("tensor '" + shown(output) + "' is made twice", placeOf(*node.file, node.file->name)));
      graph.producer[index] = n;
    }
    if (node.file->op.empty()) problems.add(badInput("node " + std::to_string(n) + " has no operator"));
    seen.clear();
    for (const Attribute& attribute : node.file->attributes)
      if (!seen.emplace(attribute.name, true).second)
        problems.add(badInput("attribute '" + shown(attribute.name) + "' is given twice",
                              placeOf(*node.file, node.file->name)));
    graph.nodes.push_back(std::move(node));
  }
  if (file.outputs.empty()) problems.add(badInput("the model has no outputs"));
  std::unordered_set<std::uint32_t> isOutput;
  for (const DeclaredType& output : file.outputs) {
    if (output.name.empty()) problems.add(badInput("an output has no name"));
    const std::uint32_t index = graph.tensors.index(output.name);
    if (index >= graph.producer.size()) graph.producer.resize(index + 1, noTensor);
    if (!isOutput.insert(index).second)
      problems.add(badInput("there are two outputs '" + shown(output.name) + "'"));
    graph.outputs.push_back(index);
    if (graph.producer[index] == noTensor && !graph.inputs.contains(index) &&
        !graph.initializers.contains(index))
      problems.add(badInput("output '" + shown(output.name) + "' is made by no node"));
  }
  for (const ImportNode& node : graph.nodes)
    for (const std::uint32_t input : node.inputs)
      if (input != noTensor && graph.producer[input] == noTensor && !graph.inputs.contains(input) &&
          !graph.initializers.contains(input))
        problems.add(badInput("input '" + shown(graph.tensors.names()[input]) + "' is made by no node",
                              placeOf(*node.file, node.file->name)));
  state.declared.assign(graph.tensors.size(), nullptr);
  const auto declare = [&](const std::vector<DeclaredType>& list) {
    for (const DeclaredType& type : list) {
      const std::uint32_t index = graph.tensors.index(type.name);
      if (index >= state.declared.size()) state.declared.resize(index + 1, nullptr);
      if (type.hasShape || state.declared[index] == nullptr) state.declared[index] = &type;
    }
  };
  declare(file.valueInfo);
  declare(file.outputs);
  declare(file.inputs);
  const std::size_t count = graph.tensors.size();
  state.declared.resize(count, nullptr);
  graph.producer.resize(count, noTensor);
  state.tensorNames.assign(graph.tensors.names().begin(), graph.tensors.names().end());
  for (const std::string& tensorName : state.tensorNames) state.graphTensorNames.reserve(tensorName);
  state.values.resize(count);
  state.readers.assign(count, 0);
  state.consumers.resize(count);
  return graph;
}

Status sortNodes(FileGraph& graph, ImportState& state, const std::string& name) {
  const auto count = static_cast<std::uint32_t>(graph.nodes.size());
  std::vector<bool> needed(count, false);
  std::vector<std::uint32_t> open;
  const auto need = [&](std::uint32_t tensor) {
    const std::uint32_t from = tensor == noTensor ? noTensor : graph.producer[tensor];
    if (from == noTensor || needed[from]) return;
    needed[from] = true;
    open.push_back(from);
  };
  for (const std::uint32_t output : graph.outputs) need(output);
  while (!open.empty()) {
    const std::uint32_t here = open.back();
    open.pop_back();
    for (const std::uint32_t input : graph.nodes[here].inputs) need(input);
  }
  std::vector<std::uint32_t> waiting(count, 0);
  std::vector<std::vector<std::uint32_t>> readers(count);
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
  std::uint32_t left = 0;
  for (std::uint32_t n = 0; n < count; ++n) {
    if (!needed[n]) continue;
    ++left;
    for (const std::uint32_t input : graph.nodes[n].inputs) {
      const std::uint32_t from = input == noTensor ? noTensor : graph.producer[input];
      if (from == noTensor) continue;
      ++waiting[n];
      readers[from].push_back(n);
    }
    if (waiting[n] == 0) ready.push(n);
  }
  state.producer.assign(graph.tensors.size(), noTensor);
  while (!ready.empty()) {
    const std::uint32_t n = ready.top();
    ready.pop();
    --left;
    for (const std::uint32_t output : graph.nodes[n].outputs)
      if (output != noTensor) state.producer[output] = static_cast<std::uint32_t>(state.nodes.size());
    for (const std::uint32_t reader : readers[n])
      if (--waiting[reader] == 0) ready.push(reader);
    for (const std::uint32_t input : graph.nodes[n].inputs) {
      if (input == noTensor) continue;
      ++state.readers[input];
      state.consumers[input].push_back(static_cast<std::uint32_t>(state.nodes.size()));
    }
    graph.fileIndex.push_back(n);
    state.nodes.push_back(std::move(graph.nodes[n]));
  }
  if (left != 0)
    for (std::uint32_t n = 0; n < count; ++n)
      if (needed[n] && waiting[n] != 0)
        return badInput("the nodes form a cycle",
                        name + ": " + placeOf(*graph.nodes[n].file, graph.nodes[n].file->name));
  state.folded.assign(state.nodes.size(), false);
  state.emitted.assign(state.nodes.size(), false);
  for (const std::uint32_t output : graph.outputs) ++state.readers[output];
  return {};
}

}  // namespace sluice::frontend

#include "ir/regions.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::ir {
namespace {

/// Of each node: whether an output needs it.
std::vector<bool> neededNodes(const Graph& graph) {
  std::vector<bool> needed(graph.nodes.size());
  std::vector<bool> tensor(graph.tensors.size());
  for (const TensorId id : graph.outputs) tensor[id.index] = true;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    needed[i] = tensor[node.output.index] || std::holds_alternative<Input>(node.operation);
    if (needed[i])
      for (const TensorId input : node.inputs) tensor[input.index] = true;
  }
  return needed;
}

}  // namespace

Result<Regions> regions(const Graph& graph) {
  const std::vector<bool> needed = neededNodes(graph);
  const std::size_t count = graph.nodes.size();
  std::vector<bool> integer(count), after(count), before(count);  // after, before: some integer node
  for (std::size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes[i];
    integer[i] = needed[i] && isInteger(graph, node);
    for (const TensorId input : node.inputs)
      if (const NodeId p = graph.tensor(input).producer; p.valid() && (integer[p.index] || after[p.index]))
        after[i] = true;
  }
  for (std::size_t i = count; i-- > 0;) {
    if (!needed[i] || (!integer[i] && !before[i])) continue;
    for (const TensorId input : graph.nodes[i].inputs)
      if (const NodeId p = graph.tensor(input).producer; p.valid()) before[p.index] = true;
  }

  Regions result;
  std::vector<std::string> between;
  std::vector<bool> entered(graph.tensors.size()), left(graph.tensors.size());
  for (const TensorId id : graph.outputs) left[id.index] = true;
  for (std::size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes[i];
    if (!needed[i]) continue;
    if (integer[i]) {
      result.integer.push_back(NodeId(i));
      for (const TensorId input : node.inputs) entered[input.index] = true;
    } else if (!after[i]) {
      result.prologue.push_back(NodeId(i));
    } else {
      if (before[i]) between.push_back("'" + node.name + "' (" + info(node.operation).name + ")");
      result.epilogue.push_back(NodeId(i));
      for (const TensorId input : node.inputs) left[input.index] = true;
    }
  }
  if (!between.empty())
    return unsupported(
        "real operations between integer ones, which hardware cannot compute: " + join(between, ", ") +
        "; each must end in a quantizer so that it can become thresholds or a table");
  for (const NodeId id : result.prologue)
    if (entered[graph.node(id).output.index]) result.hardwareInputs.push_back(graph.node(id).output);

  // Walk back from each graph output through the epilogue to the middle.
  std::vector<bool> visited(count);
  for (const TensorId output : graph.outputs) {
    std::vector<NodeId> open, found;
    const auto visit = [&](TensorId id) {
      const NodeId p = graph.tensor(id).producer;
      if (!p.valid() || visited[p.index]) return;
      visited[p.index] = true;
      (integer[p.index] ? found : open).push_back(p);
    };
    visit(output);
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      for (const TensorId input : graph.node(id).inputs) visit(input);
    }
    std::sort(found.begin(), found.end());
    for (const NodeId id : found)
      if (left[graph.node(id).output.index]) result.hardwareOutputs.push_back(graph.node(id).output);
  }
  return result;
}

Result<std::vector<TensorId>> codedInputs(const Graph& graph, const Regions& regions) {
  // Of each tensor: the graph input it is computed from; none, or several.
  constexpr int none = -1, several = -2;
  std::vector<int> source(graph.tensors.size(), none);
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) source[graph.inputs[i].index] = static_cast<int>(i);
  for (const Node& node : graph.nodes)
    for (const TensorId input : node.inputs) {
      int& mine = source[node.output.index];
      const int theirs = source[input.index];
      if (theirs != none && mine != theirs) mine = mine == none ? theirs : several;
    }
  std::vector<TensorId> result(graph.inputs.size());
  std::vector<int> matches(graph.inputs.size());
  for (const TensorId id : regions.hardwareInputs) {
    if (source[id.index] < 0) {
      if (source[id.index] == several)
        return badInput("hardware input '" + graph.tensor(id).name +
                        "' is computed from several inputs; codes of one input cannot stand for it");
      continue;
    }
    result[static_cast<std::size_t>(source[id.index])] = id;
    ++matches[static_cast<std::size_t>(source[id.index])];
  }
  for (std::size_t i = 0; i < result.size(); ++i)
    if (matches[i] != 1)
      return badInput("input '" + graph.tensor(graph.inputs[i]).name + "' is quantized " +
                      std::to_string(matches[i]) +
                      " times on its way to the integer part; codes can be given only where it is once");
  return result;
}

}  // namespace sluice::ir

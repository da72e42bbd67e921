#include "ir/graph.h"

#include <algorithm>

namespace sluice::ir {

std::optional<TensorId> Graph::findTensor(std::string_view wanted) const {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == wanted) return TensorId(i);
  return std::nullopt;
}

std::optional<NodeId> Graph::findNode(std::string_view wanted) const {
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].name == wanted) return NodeId(i);
  return std::nullopt;
}

std::vector<NodeId> Graph::users(TensorId id) const {
  std::vector<NodeId> result;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (std::find(nodes[i].inputs.begin(), nodes[i].inputs.end(), id) != nodes[i].inputs.end())
      result.push_back(NodeId(i));
  return result;
}

std::vector<std::vector<NodeId>> allUsers(const Graph& graph) {
  std::vector<std::vector<NodeId>> result(graph.tensors.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const TensorId input : graph.nodes[i].inputs) {
      std::vector<NodeId>& users = result[input.index];
      if (users.empty() || users.back() != NodeId(i)) users.push_back(NodeId(i));
    }
  return result;
}

TensorId Graph::addConstant(std::string tensorName, TensorType type, ConstantData data) {
  const std::size_t count = std::visit([](const auto& list) { return list.size(); }, data);
  SLUICE_CHECK(static_cast<std::int64_t>(count) == elements(type.shape),
               "a constant has as many elements as its shape says");
  SLUICE_CHECK(type.isReal() == std::holds_alternative<std::vector<double>>(data),
               "a real constant holds doubles, a constant of codes holds integers");
  tensors.push_back({.name = std::move(tensorName),
                     .type = std::move(type),
                     .constant = std::make_shared<const ConstantData>(std::move(data)),
                     .producer = {}});
  return TensorId(tensors.size() - 1);
}

TensorId Graph::addInput(std::string nodeName, TensorType type) {
  const TensorId output(tensors.size());
  tensors.push_back(
      {.name = nodeName, .type = std::move(type), .constant = nullptr, .producer = NodeId(nodes.size())});
  nodes.push_back(
      {.name = std::move(nodeName), .operation = Input{}, .inputs = {}, .output = output, .origins = {}});
  inputs.push_back(output);
  return output;
}

Result<TensorId> Graph::addNode(std::string nodeName, Operation operation, std::vector<TensorId> nodeInputs,
                                std::vector<std::string> origins) {
  std::vector<const Tensor*> known;
  known.reserve(nodeInputs.size());
  for (const TensorId input : nodeInputs) {
    SLUICE_CHECK(input.index < tensors.size(), "a node reads tensors that exist");
    known.push_back(&tensors[input.index]);
  }
  auto type = inferType(operation, known);
  if (!type.ok()) {
    Error error = type.error();
    error.where = "node '" + nodeName + "' (" + info(operation).name + ")";
    return error;
  }
  const TensorId output(tensors.size());
  tensors.push_back({.name = nodeName,
                     .type = std::move(type).value(),
                     .constant = nullptr,
                     .producer = NodeId(nodes.size())});
  nodes.push_back({.name = std::move(nodeName),
                   .operation = std::move(operation),
                   .inputs = std::move(nodeInputs),
                   .output = output,
                   .origins = std::move(origins)});
  return output;
}

bool isStructure(const Operation& operation) {
  return std::visit(
      [](const auto& op) {
        using T = std::decay_t<decltype(op)>;
        return std::is_same_v<T, Reshape> || std::is_same_v<T, Transpose> || std::is_same_v<T, Concat> ||
               std::is_same_v<T, Pad> || std::is_same_v<T, Slice> || std::is_same_v<T, Expand> ||
               std::is_same_v<T, Gather> || std::is_same_v<T, Resize> || std::is_same_v<T, Pool> ||
               std::is_same_v<T, Reduce>;
      },
      operation);
}

bool isInteger(const Graph& graph, const Node& node) {
  const auto readsCodes = [&] { return !node.inputs.empty() && !graph.tensor(node.inputs[0]).type.isReal(); };
  // Their type says it: of codes they give codes wherever codes can carry the result.
  if (isStructure(node.operation)) return readsCodes() && !graph.tensor(node.output).type.isReal();
  if (std::holds_alternative<TopK>(node.operation))
    return readsCodes() && graph.tensor(node.inputs[0]).type.codes->scale.size() == 1;
  return info(node.operation).integer;
}

const std::vector<double>& realsOf(const Tensor& tensor) {
  SLUICE_CHECK(tensor.isConstant(), "only a constant has elements at compile time");
  const auto* list = std::get_if<std::vector<double>>(tensor.constant.get());
  SLUICE_CHECK(list != nullptr, "the constant holds real numbers");
  return *list;
}

const std::vector<std::int64_t>& codesOf(const Tensor& tensor) {
  SLUICE_CHECK(tensor.isConstant(), "only a constant has elements at compile time");
  const auto* list = std::get_if<std::vector<std::int64_t>>(tensor.constant.get());
  SLUICE_CHECK(list != nullptr, "the constant holds codes");
  return *list;
}

}  // namespace sluice::ir

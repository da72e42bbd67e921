#include "passes/rewrite.h"

#include <algorithm>

namespace sluice::passes {

Rewrite::Rewrite(const ir::Graph& old)
    : from(old), map_(old.tensors.size()), readers_(old.tensors.size(), 0) {
  to.name = old.name;
  to.nodes.reserve(old.nodes.size());
  to.tensors.reserve(old.tensors.size());
  for (const ir::Node& node : old.nodes)
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (std::find(node.inputs.begin(), node.inputs.begin() + static_cast<std::ptrdiff_t>(i),
                    node.inputs[i]) == node.inputs.begin() + static_cast<std::ptrdiff_t>(i))
        ++readers_[node.inputs[i].index];
  for (const ir::TensorId output : old.outputs) ++readers_[output.index];
  // Names that will be copied are taken from the start, so that a new node never steals one.
  for (const ir::Node& node : old.nodes) nodeNames_.insert(node.name);
  for (const ir::Tensor& tensor : old.tensors) tensorNames_.insert(tensor.name);
}

std::string Rewrite::uniqueName(const std::string& name, std::unordered_set<std::string>& taken) {
  std::string candidate = name;
  for (int i = 2; !taken.insert(candidate).second; ++i) candidate = name + "." + std::to_string(i);
  return candidate;
}

ir::TensorId Rewrite::at(ir::TensorId old) {
  ir::TensorId& now = map_[old.index];
  if (now.valid()) return now;
  const ir::Tensor& tensor = from.tensor(old);
  SLUICE_CHECK(tensor.isConstant(), "nodes are visited in topological order");
  now = ir::TensorId(to.tensors.size());
  to.tensors.push_back(tensor);  // shares the data
  return now;
}

Status Rewrite::copy(const ir::Node& node) {
  if (std::holds_alternative<ir::Input>(node.operation)) {
    const ir::TensorId now = to.addInput(node.name, from.tensor(node.output).type);
    to.nodes.back().origins = node.origins;
    to.tensors[now.index].name = from.tensor(node.output).name;
    map_[node.output.index] = now;
    return {};
  }
  std::vector<ir::TensorId> inputs;
  inputs.reserve(node.inputs.size());
  for (const ir::TensorId input : node.inputs) inputs.push_back(at(input));
  // Inference looks at the inputs' types and constants alone: where they are what they were, so is the
  // result. This matters: inferring a Dense walks through all of its weights.
  bool same = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::Tensor& now = to.tensor(inputs[i]);
    const ir::Tensor& old = from.tensor(node.inputs[i]);
    same = same && now.constant == old.constant && now.type == old.type;
  }
  const ir::Tensor& output = from.tensor(node.output);
  if (same) {
    map_[node.output.index] = ir::TensorId(to.tensors.size());
    to.tensors.push_back({.name = output.name,
                          .type = output.type,
                          .constant = nullptr,
                          .producer = ir::NodeId(to.nodes.size())});
    to.nodes.push_back({.name = node.name,
                        .operation = node.operation,
                        .inputs = std::move(inputs),
                        .output = map_[node.output.index],
                        .origins = node.origins});
    return {};
  }
  auto added = to.addNode(node.name, node.operation, std::move(inputs), node.origins);
  if (!added.ok()) return added.error();
  to.tensors[added->index].name = output.name;
  map_[node.output.index] = *added;
  return {};
}

Result<ir::TensorId> Rewrite::replace(const ir::Node& old, ir::Operation operation,
                                      std::vector<ir::TensorId> inputs, std::vector<std::string> origins,
                                      std::string nodeName) {
  if (nodeName.empty()) nodeName = old.name;
  SLUICE_TRY(const ir::TensorId added,
             to.addNode(std::move(nodeName), std::move(operation), std::move(inputs), std::move(origins)));
  to.tensors[added.index].name = from.tensor(old.output).name;
  map_[old.output.index] = added;
  return added;
}

Result<ir::TensorId> Rewrite::add(const std::string& name, ir::Operation operation,
                                  std::vector<ir::TensorId> inputs, std::vector<std::string> origins) {
  SLUICE_TRY(const ir::TensorId added, to.addNode(uniqueName(name, nodeNames_), std::move(operation),
                                                  std::move(inputs), std::move(origins)));
  to.tensors[added.index].name = uniqueName(to.tensors[added.index].name, tensorNames_);
  return added;
}

Result<ir::TensorId> Rewrite::addAs(const ir::Node& old, ir::Operation operation,
                                    std::vector<ir::TensorId> inputs, std::vector<std::string> origins) {
  SLUICE_TRY(const ir::TensorId added,
             to.addNode(old.name, std::move(operation), std::move(inputs), std::move(origins)));
  to.tensors[added.index].name = uniqueName(from.tensor(old.output).name + ".before", tensorNames_);
  return added;
}

ir::TensorId Rewrite::addConstant(const std::string& name, ir::TensorType type, ir::ConstantData data) {
  return to.addConstant(uniqueName(name, tensorNames_), std::move(type), std::move(data));
}

ir::TensorId Rewrite::addIntegers(const std::string& name, ir::Shape shape, std::vector<std::int64_t> data) {
  const fixed::Interval range = rangeOf(data);
  return addConstant(
      name, {.shape = std::move(shape), .codes = ir::Codes{.range = range, .scale = {1}, .zeroPoint = 0}},
      std::move(data));
}

ir::Graph Rewrite::finish() {
  for (const ir::TensorId output : from.outputs) to.outputs.push_back(at(output));
  return std::move(to);
}

std::vector<std::string> originsOf(const ir::Node& node) {
  if (!node.origins.empty()) return node.origins;
  return {node.name};
}

fixed::Interval rangeOf(const std::vector<std::int64_t>& values) {
  if (values.empty()) return {0, 0};
  const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
  return {*lo, *hi};
}

}  // namespace sluice::passes

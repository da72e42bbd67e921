#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "ir/ops.h"
#include "ir/type.h"

/// The graph of a network: nodes in topological order over typed tensors, for one sample.
///
/// A Graph is a value: passes take one and return another. Ids are positions; passes rebuild the lists in
/// order, so ids are never stable across passes, names are: every node and every tensor has a name, unique in
/// its kind, that goes back to the model file. A node made from several carries the names of all of them in
/// `origins`.
namespace sluice::ir {

struct NodeTag;
struct TensorTag;
using NodeId = Id<NodeTag>;
using TensorId = Id<TensorTag>;

/// The elements of a constant tensor, row-major: doubles for real tensors, integers for codes.
using ConstantData = std::variant<std::vector<double>, std::vector<std::int64_t>>;

struct Tensor {
  std::string name;
  TensorType type;
  std::shared_ptr<const ConstantData> constant;  ///< null: computed at run time
  NodeId producer;                               ///< none for constants

  [[nodiscard]] bool isConstant() const { return constant != nullptr; }
};

struct Node {
  std::string name;
  Operation operation;
  std::vector<TensorId> inputs;
  TensorId output;                   ///< every node has one output
  std::vector<std::string> origins;  ///< names of the model file's nodes it stands for, in order
};

class Graph {
 public:
  std::string name;  ///< of the network; a file's stem
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;        ///< in topological order
  std::vector<TensorId> inputs;   ///< outputs of Input nodes, in the model's order
  std::vector<TensorId> outputs;  ///< in the model's order

  [[nodiscard]] const Tensor& tensor(TensorId id) const { return tensors[id.index]; }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes[id.index]; }
  [[nodiscard]] std::optional<TensorId> findTensor(std::string_view name) const;
  [[nodiscard]] std::optional<NodeId> findNode(std::string_view name) const;

  /// Nodes that read the tensor, in order, once per node.
  [[nodiscard]] std::vector<NodeId> users(TensorId id) const;

  /// Adds a constant. The data must match the type (count; doubles for real, integers for codes): checked.
  TensorId addConstant(std::string name, TensorType type, ConstantData data);

  /// Adds a node at the end and infers the type of its output from its inputs (op table).
  /// Errors  badInput: arity, shapes or formats do not fit the operation; names the node.
  Result<TensorId> addNode(std::string name, Operation operation, std::vector<TensorId> inputs,
                           std::vector<std::string> origins = {});

  /// Adds an input node of the given type.
  TensorId addInput(std::string name, TensorType type);
};

/// Nodes that read each tensor, once per node, in order: users() for all tensors in one walk.
std::vector<std::vector<NodeId>> allUsers(const Graph& graph);

/// Whether the operation is one of both dialects (ops_structure.h).
bool isStructure(const Operation& operation);

/// Whether the node computes codes from codes exactly: the integer dialect, structure operations that give
/// codes of codes, and TopK of codes of one scale. Such nodes make up the integer middle (regions.h).
bool isInteger(const Graph& graph, const Node& node);

/// The constant's elements. The tensor must be a constant of that kind.
const std::vector<double>& realsOf(const Tensor& tensor);
const std::vector<std::int64_t>& codesOf(const Tensor& tensor);

/// Type of the output of an operation on inputs of these types and, where known, constants. The one place of
/// shape and format inference; the verifier uses it too.
Result<TensorType> inferType(const Operation& operation, const std::vector<const Tensor*>& inputs);

}  // namespace sluice::ir

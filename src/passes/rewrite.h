#pragma once

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "ir/graph.h"

/// Rewrite: a new graph made from an old one, node by node, in order.
///
/// A pass walks the nodes of the old graph; for each it either copies it or adds others and says with
/// `replace` which new tensor stands for the old one. Types are inferred anew on the way, so a range that
/// became tighter upstream tightens everything downstream. Constants come along when they are first used, so
/// unused ones are left behind.
namespace sluice::passes {

class Rewrite {
 public:
  explicit Rewrite(const ir::Graph& from);

  const ir::Graph& from;
  ir::Graph to;

  /// The new tensor for an old one; constants are copied now, others must have been copied or replaced
  /// before.
  ir::TensorId at(ir::TensorId old);
  [[nodiscard]] bool has(ir::TensorId old) const { return map_[old.index].valid(); }
  [[nodiscard]] const ir::Tensor& tensorAt(ir::TensorId old) { return to.tensor(at(old)); }

  /// Copies a node, inputs mapped.
  Status copy(const ir::Node& node);
  /// A node in place of an old one, under its name (or that of another old node that is not copied); its
  /// output stands for the old one's, under its name.
  Result<ir::TensorId> replace(const ir::Node& old, ir::Operation operation, std::vector<ir::TensorId> inputs,
                               std::vector<std::string> origins, std::string nodeName = {});
  /// An additional node, under a name made unique; its output has the node's name.
  Result<ir::TensorId> add(const std::string& name, ir::Operation operation, std::vector<ir::TensorId> inputs,
                           std::vector<std::string> origins);
  /// A node under the name of an old one that is not copied; its output does not stand for the old one's (another
  /// node will replace it) and has a new name.
  Result<ir::TensorId> addAs(const ir::Node& old, ir::Operation operation, std::vector<ir::TensorId> inputs,
                             std::vector<std::string> origins);
  /// The name, made unique among nodes: for `nodeName` of replace.
  std::string freshName(const std::string& name) { return uniqueName(name, nodeNames_); }
  /// `old` is read through another tensor from here on; no name changes.
  void alias(ir::TensorId old, ir::TensorId now) { map_[old.index] = now; }

  ir::TensorId addConstant(const std::string& name, ir::TensorType type, ir::ConstantData data);
  /// A constant of plain integers (scale 1), its range that of the data.
  ir::TensorId addIntegers(const std::string& name, ir::Shape shape, std::vector<std::int64_t> data);

  /// Number of nodes of the old graph that read each tensor, outputs of the graph counted as readers.
  [[nodiscard]] std::size_t readers(ir::TensorId old) const { return readers_[old.index]; }

  /// The new graph with its outputs.
  ir::Graph finish();

 private:
  static std::string uniqueName(const std::string& name, std::unordered_set<std::string>& taken);
  std::vector<ir::TensorId> map_;
  std::vector<std::size_t> readers_;
  std::unordered_set<std::string> nodeNames_;  // looked up, never iterated
  std::unordered_set<std::string> tensorNames_;
};

/// The names of the model file's nodes that a node stands for: its origins, or its own name.
std::vector<std::string> originsOf(const ir::Node& node);

/// The interval of a list of integers; {0, 0} for an empty one.
fixed::Interval rangeOf(const std::vector<std::int64_t>& values);

/// Equal entries become one: one for all channels.
template <typename T>
void collapse(std::vector<T>& list) {
  if (std::all_of(list.begin(), list.end(), [&](const T& v) { return v == list[0]; }))
    list.erase(list.begin() + 1, list.end());
}

}  // namespace sluice::passes

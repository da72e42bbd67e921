#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/diagnostics.h"
#include "frontend/importer.h"

/// The nodes and tensors of a model file as a graph of indices, checked and sorted: what the import walks over.
namespace sluice::frontend {

/// Index of a tensor name, given on first sight. The names live in the file.
class TensorNames {
 public:
  std::uint32_t index(std::string_view name) {
    const auto [entry, fresh] = indices_.emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (fresh) names_.push_back(name);
    return entry->second;
  }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(names_.size()); }
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }

 private:
  std::unordered_map<std::string_view, std::uint32_t> indices_;
  std::vector<std::string_view> names_;
};

struct FileGraph {
  TensorNames tensors;
  std::unordered_map<std::uint32_t, const StoredTensor*> initializers;  ///< by tensor
  std::unordered_set<std::uint32_t> inputs;
  std::vector<std::uint32_t> outputs;
  std::vector<std::uint32_t> producer;   ///< by tensor: position in `nodes`, or noTensor
  std::vector<ImportNode> nodes;         ///< in the file's order; moved away by sortNodes
  std::vector<std::uint32_t> fileIndex;  ///< by position in ImportState::nodes: index in the file
};

/// Gives every tensor an index, the node that makes it, and what the file declares of it.
/// Problems (names missing, given twice, or made by no node) go to `problems`; sizes the lists of `state`.
FileGraph collectTensors(const ModelFile& file, ImportState& state, Diagnostics& problems);

/// Keeps the nodes that an output needs, each after those it reads; among the free ones the file's order.
/// Errors: badInput naming a node of a cycle.
Status sortNodes(FileGraph& graph, ImportState& state, const std::string& name);

/// "node 'conv1' (Conv)"
std::string placeOf(const FileNode& node, const std::string& nodeName);

}  // namespace sluice::frontend

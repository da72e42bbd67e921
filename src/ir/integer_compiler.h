#pragma once

#include <algorithm>
#include <vector>

#include "ir/integer.h"
#include "ir/integer_plan.h"

/// Inside of the integer interpreter (integer.h): a graph's integer middle becomes the steps of a plan. Which steps
/// an operation becomes is in integer_compile.cpp, integer_compile_window.cpp and integer_compile_structure.cpp.
namespace sluice::ir {

/// Up to this many bytes of thresholds per column, comparing with all of them beats a binary search.
constexpr std::size_t compareBytes = 256;
/// Activations of a batch should stay in the second-level cache beside the weights.
constexpr std::size_t batchBytes = std::size_t{1} << 18;
constexpr std::size_t largestBatch = 96;

inline std::size_t padded(std::size_t columns) { return (columns + lanes - 1) / lanes * lanes; }

inline std::size_t bytesOf(Width width) {
  return withWidth(width, [](auto zero) { return sizeof zero; });
}

/// Values as the width's type, modulo its size.
inline TypedList typed(Width width, const std::vector<std::int64_t>& values) {
  return withWidth(width, [&](auto zero) -> TypedList {
    std::vector<decltype(zero)> list(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) list[i] = static_cast<decltype(zero)>(values[i]);
    return list;
  });
}

/// One value per padded column from one or one per channel; zero in the padding.
template <typename Number>
std::vector<std::int64_t> perColumn(const std::vector<Number>& list, const Place& place) {
  std::vector<std::int64_t> result(place.stride, 0);
  for (std::size_t j = 0; j < place.columns; ++j) result[j] = list[list.size() == 1 ? 0 : j];
  return result;
}

class Compiler {
 public:
  Compiler(const Graph& graph, IntegerPlan& plan)
      : graph_(graph), plan_(plan), place_(graph.tensors.size(), none) {}

  void run() {
    countReads();
    for (const TensorId id : plan_.regions.hardwareInputs) plan_.inputs.push_back(port(id, makePlace(id)));
    for (const NodeId id : plan_.regions.integer) {
      const Node& node = graph_.node(id);
      for (const TensorId input : dataInputs(node))
        if (graph_.tensor(input).isConstant() && place_[input.index] == none)
          plan_.steps.emplace_back(Fill{.y = makePlace(input), .values = codesOf(graph_.tensor(input))});
      compileNode(node);
      for (const TensorId input : dataInputs(node)) release(input);
    }
    for (const TensorId id : plan_.regions.hardwareOutputs)
      plan_.outputs.push_back(port(id, place_[id.index]));
    std::size_t largest = 1;
    for (const std::size_t bytes : plan_.slotBytes) largest = std::max(largest, bytes);
    plan_.batch = std::clamp(batchBytes / largest, std::size_t{1}, largestBatch);
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  /// Inputs that are activations; the others are parameters, baked into the step.
  static std::vector<TensorId> dataInputs(const Node& node) {
    const Operation& op = node.operation;
    if (std::holds_alternative<Merge>(op) || std::holds_alternative<Concat>(op) ||
        std::holds_alternative<Gather>(op) || std::holds_alternative<CodeMatMul>(op) ||
        std::holds_alternative<CodeBinary>(op))
      return node.inputs;
    if (std::holds_alternative<PairLookup>(op)) return {node.inputs[0], node.inputs[1]};
    return {node.inputs[0]};
  }

  void countReads() {
    reads_.assign(graph_.tensors.size(), 0);
    for (const NodeId id : plan_.regions.integer)
      for (const TensorId input : dataInputs(graph_.node(id))) ++reads_[input.index];
    for (const TensorId id : plan_.regions.hardwareOutputs) ++reads_[id.index];  // never released
  }

  IntegerPlan::Port port(TensorId id, std::size_t place) const {
    const Tensor& tensor = graph_.tensor(id);
    return {.name = tensor.name,
            .place = place,
            .range = tensor.type.codes->range,
            .elements = static_cast<std::size_t>(elements(tensor.type.shape))};
  }

  std::size_t makePlace(TensorId id) {
    const TensorType& type = graph_.tensor(id).type;
    Place place{.width = widthFor(type.codes->range),
                .columns = static_cast<std::size_t>(channels(type.shape))};
    place.rows = static_cast<std::size_t>(elements(type.shape)) / place.columns;
    place.stride = padded(place.columns);
    const std::size_t bytes = place.rows * place.stride * bytesOf(place.width);
    // The free slot that fits best: the smallest that is large enough, else the largest.
    std::size_t best = none;
    for (const std::size_t slot : free_) {
      const auto better = [&](std::size_t a, std::size_t b) {
        if ((a >= bytes) != (b >= bytes)) return a >= bytes;
        return a >= bytes ? a < b : a > b;
      };
      if (best == none || better(plan_.slotBytes[slot], plan_.slotBytes[best])) best = slot;
    }
    if (best == none) {
      best = plan_.slotBytes.size();
      plan_.slotBytes.push_back(0);
    } else {
      free_.erase(std::find(free_.begin(), free_.end(), best));
    }
    plan_.slotBytes[best] = std::max(plan_.slotBytes[best], bytes);
    place.slot = best;
    plan_.places.push_back(place);
    return place_[id.index] = plan_.places.size() - 1;
  }

  void release(TensorId id) {
    if (--reads_[id.index] == 0) free_.push_back(plan_.places[place_[id.index]].slot);
  }

  void compileNode(const Node& node) {
    const std::size_t x = place_[node.inputs[0].index];
    const std::size_t y = makePlace(node.output);
    std::visit([&](const auto& operation) { compile(operation, node, x, y); }, node.operation);
    // A result that nobody reads (an output is read once more) frees its place at once.
    if (reads_[node.output.index] == 0) free_.push_back(plan_.places[y].slot);
  }

  [[nodiscard]] const std::vector<std::int64_t>& parameter(const Node& node, std::size_t i) const {
    return codesOf(graph_.tensor(node.inputs[i]));
  }

  void compile(const Dense& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Threshold& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Lookup& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Rescale& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Merge& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const TopK& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Requantize& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const CodeConv& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const AccumulateConv& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Pool& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Reduce& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Reshape& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Transpose& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Concat& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Pad& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Slice& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Expand& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Resize& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const Gather& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const CodeMatMul& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const CodeBinary& operation, const Node& node, std::size_t x, std::size_t y);
  void compile(const PairLookup& operation, const Node& node, std::size_t x, std::size_t y);
  template <typename Operation>
  void compileMove(const Operation& operation, const Node& node, std::size_t y);
  /// Position of element i of a sample in the padded rows of a place.
  [[nodiscard]] std::uint32_t paddedPosition(std::size_t place, std::int64_t i) const {
    const Place& to = plan_.places[place];
    const auto at = static_cast<std::size_t>(i);
    return static_cast<std::uint32_t>(at / to.columns * to.stride + at % to.columns);
  }

  template <typename Real>
  void compile(const Real&, const Node&, std::size_t, std::size_t) {
    SLUICE_CHECK(false, "the integer middle holds integer operations only");
  }

  const Graph& graph_;
  IntegerPlan& plan_;
  std::vector<std::size_t> place_;  ///< of each tensor
  std::vector<std::size_t> reads_;  ///< of each tensor, still to come
  std::vector<std::size_t> free_;   ///< slots
};

}  // namespace sluice::ir

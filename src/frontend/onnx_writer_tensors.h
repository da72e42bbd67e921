#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fixed/rounding.h"
#include "frontend/onnx_writer.h"
#include "ir/graph.h"

/// The tensors of a graph as a QONNX file has them: in which order, under which names, constants behind Quant nodes.
namespace sluice::frontend {

using List = std::vector<std::int64_t>;
inline constexpr const char* quantDomain = "qonnx.custom_op.general";

/// How the file holds a tensor of two or more axes: as the graph, or with the channels in front.
enum class Held : std::uint8_t { plain, channelsFirst };

ir::Shape fileShape(const ir::Shape& shape, Held held);

/// Elements of a row-major tensor with its last axis brought to the front.
std::vector<double> lastAxisFirst(const std::vector<double>& from, std::size_t channels);

std::vector<float> singles(const std::vector<double>& list);

/// What a Quant node says of its codes. Empty: no such node has this range.
struct Width {
  std::int64_t bits = 0, isSigned = 0, narrow = 0;
};
std::optional<Width> widthOf(fixed::Interval range);

/// With a note for every tensor in which orders the file has it. `node_` is the node that is being written.
class FileTensors {
 public:
  FileTensors(const ir::Graph& graph, std::int64_t opset)
      : graph_(graph),
        file_(opset),
        names_(graph.tensors.size()),
        primary_(graph.tensors.size(), Held::plain) {}

 protected:
  [[nodiscard]] const ir::Shape& shapeOf(ir::TensorId id) const { return graph_.tensor(id).type.shape; }
  [[nodiscard]] bool isOutput(ir::TensorId id) const;
  [[nodiscard]] bool isConstant(std::size_t input) const;
  /// A computed tensor in this order; a Transpose is written where the file has only the other.
  Result<std::string> tensor(ir::TensorId id, Held held);
  /// The order in which an element-wise node finds its computed inputs.
  [[nodiscard]] Held heldOf(const ir::Node& node) const;
  /// Notes that the node's output is now written in this order, and gives its name.
  std::string define(Held held);
  std::string fresh(std::string name);
  Result<std::string> constant(ir::TensorId id);
  /// A constant with its axes permuted (empty: as they are), under this name.
  Result<std::string> constantAs(ir::TensorId id, const std::string& name, const List& permutation);
  Status quantNode(const std::string& from, const std::string& to, std::vector<float> scale,
                   const ir::Shape& scaleShape, std::int64_t zeroPoint, Width width, fixed::Rounding rounding,
                   const std::string& nodeName);
  /// A constant operand of an element-wise node, for a result of this shape and order.
  Result<std::string> operand(std::size_t input, Held held);
  Result<std::string> reshaped(const std::string& from, const ir::Shape& shape, const std::string& to);

  const ir::Graph& graph_;
  OnnxWriter file_;
  const ir::Node* node_ = nullptr;

 private:
  std::vector<std::map<Held, std::string>> names_;  ///< by tensor: what the file calls it in each order
  std::vector<Held> primary_;                       ///< by tensor: the order in which it is computed
  std::map<std::string, bool> made_;
};

}  // namespace sluice::frontend

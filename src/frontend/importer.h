#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "fixed/interval.h"
#include "frontend/constant.h"
#include "frontend/layout.h"
#include "frontend/onnx_file.h"
#include "ir/graph.h"

/// Inside of the import: what a tensor of the file has become so far, and the graph under construction.
///
/// The walk visits the file's nodes in topological order. Each tensor name has one Value: a constant for as
/// long as everything behind it is constant (so shape arithmetic, weights and their quantizers fold as they
/// are met), else a tensor of the graph without its batch axis. One function per operator (import_*.cpp,
/// listed in operators.cpp) reads the Values of its inputs through a Call and defines its outputs.
///
/// Batch. The first axis of an input of rank 2 or more, or of open extent, is the batch. It is dropped, and
/// `batched` remembers it: axis k of the file is axis k - 1 of a sample. A transformation that would mix
/// samples is refused. "Shape", "axis" and "order" in this folder are those of a sample in the file's order
/// unless they say otherwise; the graph may hold it in another order (layout.h).
///
/// Integer tensors. QuantizeLinear gives the file integers, which DequantizeLinear reads; the graph has a codes
/// tensor, whose real values are those after DequantizeLinear. A Value with `codes` is the file's integers:
/// operators that move or compare elements take it, others need a DequantizeLinear in between.
namespace sluice::frontend {

/// Integer codes with their scales, the value of a quantizer on a constant. Real value: scale * code. Zero
/// points are subtracted on the way in.
struct QuantizedConstant {
  ir::Shape shape;
  std::vector<std::int64_t> codes;  ///< row-major
  std::vector<double> scale;        ///< one, one per index of `channelAxis`, or one per element
  std::int64_t channelAxis = 0;     ///< looked at only with one scale per index; -1 with one per element
  fixed::Interval range;            ///< of the quantizer, without the zero point

  [[nodiscard]] double scaleAt(std::size_t element) const;
  /// The real values; exact where scale and code have at most 53 bits together.
  [[nodiscard]] Constant dequantized() const;
};

/// What QuantizeLinear was told: the file's integer is round(x / scale) + zero.
struct FileCodes {
  std::vector<double> scale;       ///< one, or one per index of the axis
  std::vector<std::int64_t> zero;  ///< alike
  std::int64_t axis = 0;           ///< of the file, the batch counted; 0 where there is one scale
  fixed::Interval range;           ///< of the file's integers
  bool operator==(const FileCodes&) const = default;
};

struct Value {
  enum class Kind : std::uint8_t {
    missing,  ///< an optional input that is left out
    unknown,  ///< the output of a node that could not be imported; already reported
    constant,
    quantized,
    runtime,  ///< computed from the network's inputs
  };
  Kind kind = Kind::missing;
  std::shared_ptr<const Constant> constant;
  std::shared_ptr<const QuantizedConstant> quantized;
  ir::TensorId tensor;   ///< runtime: the tensor. Constants: their tensor in the graph once one was made
  bool batched = false;  ///< runtime: the file's first axis is the batch
  /// runtime: the batch is the second of two axes. Only BatchNormalization and Transpose take it, for the sake
  /// of an exporter that puts such Transposes around the BatchNormalization of a vector.
  bool turned = false;
  Layout layout;  ///< runtime
  std::shared_ptr<const FileCodes>
      codes;  ///< runtime: the file's tensor are these integers. null: real numbers
  std::vector<std::pair<Order, ir::TensorId>> inOrder;  ///< runtime: the same in other orders, made already

  [[nodiscard]] bool isRuntime() const { return kind == Kind::runtime; }
  [[nodiscard]] bool isConstant() const { return kind == Kind::constant || kind == Kind::quantized; }
};

Value valueOf(Constant constant);
Value valueOf(QuantizedConstant constant);
/// An unnamed constant of real numbers.
Value realConstant(ir::Shape shape, std::vector<double> elements);

/// A constant in another shape with as many elements. Codes stay codes.
Result<Value> reshaped(const Value& constant, ir::Shape shape, FoldBudget& budget);
/// A constant with its axes permuted; the permutation is valid.
Result<Value> transposed(const Value& constant, const Order& permutation, FoldBudget& budget);
/// A constant with the positions along an axis picked anew: position j of the result was at positions[j].
Result<Value> picked(const Value& constant, std::int64_t axis, const std::vector<std::int64_t>& positions,
                     FoldBudget& budget);
/// The same for an axis that a flattened tensor's elements meet: permuted as the graph has them.
/// Errors: badInput if the axis has another extent, or the budget is spent.
Result<Value> pickedAs(const Value& constant, std::int64_t axis, const Flattening& flat, FoldBudget& budget);
/// A constant as real numbers (codes become real).
std::shared_ptr<const Constant> realOf(const Value& constant);

/// Names made unique, each in constant time on average: "x", then "x_2", "x_3".
class NameSet {
 public:
  std::string unique(const std::string& wanted);
  void reserve(const std::string& name) { used_.emplace(name, 1); }

 private:
  std::unordered_map<std::string, std::uint32_t> used_;
};

/// A node of the file with its tensors as indices.
struct ImportNode {
  const FileNode* file = nullptr;
  std::string name;                   ///< unique
  std::vector<std::uint32_t> inputs;  ///< noTensor where left out
  std::vector<std::uint32_t> outputs;
};
constexpr std::uint32_t noTensor = 0xffffffffu;

/// Everything the operators share.
struct ImportState {
  ir::Graph graph;
  std::int64_t opset = 0;
  std::optional<std::int64_t> batch;          ///< the file's batch size; none: open, or no batch axis
  std::vector<std::string> tensorNames;       ///< by tensor index
  std::vector<const DeclaredType*> declared;  ///< by tensor index; null: the file says nothing
  std::vector<Value> values;                  ///< by tensor index
  std::vector<ImportNode> nodes;              ///< in topological order
  std::vector<std::uint32_t> producer;        ///< by tensor index: position in `nodes`, or noTensor
  std::vector<bool> emitted;                  ///< by position in `nodes`: a node of the graph has its name
  std::vector<bool> folded;                   ///< by position in `nodes`: vanished, and in no `origins` yet
  std::vector<std::uint32_t> readers;  ///< by tensor index: nodes and outputs that still have to read it
  std::vector<std::vector<std::uint32_t>>
      consumers;  ///< by tensor index: positions of the nodes that read it
  NameSet nodeNames, graphTensorNames;
  FoldBudget budget;
};

/// The same tensor with its axes permuted: a Transpose, or a Reshape where only extents of 1 move.
/// `name`: wanted for the node and its result; made unique.
Result<ir::TensorId> addPermuted(ImportState& state, ir::TensorId from, const Order& permutation,
                                 const std::string& name, std::vector<std::string> origins);

/// One node while it is imported: its inputs, its attributes, and the ways to define its outputs.
class Call {
 public:
  Call(ImportState& state, std::uint32_t position) : state_(state), position_(position) {}

  [[nodiscard]] const FileNode& file() const { return *node().file; }
  [[nodiscard]] std::int64_t opset() const { return state_.opset; }
  [[nodiscard]] std::optional<std::int64_t> batch() const { return state_.batch; }
  [[nodiscard]] FoldBudget& budget() { return state_.budget; }
  /// Of the qonnx.custom_op.channels_last domain: channels are the last axis of the file, too.
  [[nodiscard]] bool channelsLast() const;

  // Inputs. An index beyond the node's inputs is a missing input.
  [[nodiscard]] std::size_t inputCount() const { return node().inputs.size(); }
  [[nodiscard]] const Value& input(std::size_t i) const;
  [[nodiscard]] bool has(std::size_t i) const { return input(i).kind != Value::Kind::missing; }
  [[nodiscard]] std::string inputName(std::size_t i) const;
  [[nodiscard]] std::size_t outputCount() const { return node().outputs.size(); }
  /// Whether any node or output of the network reads output i.
  [[nodiscard]] bool outputUsed(std::size_t i) const;
  /// Whether this node is the only reader of input i.
  [[nodiscard]] bool readsAlone(std::size_t i) const;
  /// Whether output 0 is an output of the network.
  [[nodiscard]] bool isNetworkOutput() const {
    return state_.readers[node().outputs[0]] > state_.consumers[node().outputs[0]].size();
  }
  [[nodiscard]] std::vector<const FileNode*> readersOf(std::uint32_t tensor) const;
  [[nodiscard]] std::uint32_t outputTensor() const { return node().outputs[0]; }
  /// The input as a real or integer constant (codes become real). Errors: unsupported if it is not constant.
  Result<std::shared_ptr<const Constant>> constantInput(std::size_t i, const char* what) const;
  /// The one element of a constant input. Errors: unsupported, badInput.
  Result<double> scalarInput(std::size_t i, const char* what) const;
  /// A list of integers from a constant input.
  Result<std::vector<std::int64_t>> integersInput(std::size_t i, const char* what) const;
  /// Shape of an input for one sample, in the file's order.
  [[nodiscard]] ir::Shape sampleShape(std::size_t i) const;
  /// Rank of an input in the file, with the batch axis.
  [[nodiscard]] std::size_t fileRank(std::size_t i) const;
  /// An axis of input i as the file counts it, as an axis of a sample.
  /// Errors: badInput outside the rank; unsupported if it is the batch.
  Result<std::int64_t> sampleAxis(std::size_t i, std::int64_t fileAxis) const;
  /// The axis of the graph's tensor that holds this axis of the sample.
  [[nodiscard]] std::int64_t graphAxis(std::size_t i, std::int64_t axis) const;

  // Attributes. Errors: badInput if the attribute has another type.
  [[nodiscard]] const Attribute* attribute(std::string_view name) const;
  Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise) const;
  Result<double> real(std::string_view name, double otherwise) const;
  Result<std::string> text(std::string_view name, std::string otherwise) const;
  /// none: the attribute is left out
  Result<std::optional<std::vector<std::int64_t>>> integers(std::string_view name) const;
  Result<std::optional<std::vector<double>>> reals(std::string_view name) const;

  // Tensors of the graph.
  /// Input i in the file's order. A constant: made once.
  Result<ir::TensorId> tensorOf(std::size_t i);
  /// Input i with its axes in this order.
  Result<ir::TensorId> tensorIn(std::size_t i, const Order& order);
  /// A constant made on the way; `suffix` goes behind the output's name.
  Result<ir::TensorId> tensorOf(const Value& constant, const std::string& suffix);
  /// Whether every element is a code of this scale (and zero point 0) already.
  [[nodiscard]] bool isOnGrid(ir::TensorId tensor, double scale) const;
  [[nodiscard]] const ir::TensorType& typeOf(ir::TensorId tensor) const {
    return state_.graph.tensor(tensor).type;
  }
  /// A new constant in the graph, named after the output with a suffix.
  ir::TensorId addConstant(const std::string& suffix, const Constant& constant);
  ir::TensorId addScalar(const std::string& suffix, double value);
  /// Adds a helper node before the node's own.
  Result<ir::TensorId> emit(ir::Operation operation, std::vector<ir::TensorId> inputs,
                            const std::string& suffix);

  // Outputs.
  /// Adds the last node, which has the file's node name: it is output `output`, in this layout.
  Status finish(ir::Operation operation, std::vector<ir::TensorId> inputs, bool batched, Layout layout = {},
                std::size_t output = 0);
  /// Element by element: x as it lies, the result likewise.
  Status finishUnary(ir::Operation operation);
  void define(Constant constant);
  void define(QuantizedConstant constant);
  void define(Value value, std::size_t output = 0);  ///< an output is another name of an existing value
  /// The codes that output 0 was just defined as.
  [[nodiscard]] std::shared_ptr<const QuantizedConstant> definedConstant() const {
    return state_.values[node().outputs[0]].quantized;
  }
  /// Marks output 0 as the file's integers.
  void setCodes(std::shared_ptr<const FileCodes> codes);
  /// Marks output 0 as having its batch axis second (Value::turned).
  void setTurned(bool turned) { state_.values[node().outputs[0]].turned = turned; }
  /// Narrows the range of the quantizer that made input i, in place, if nobody else reads it; false: not done.
  bool narrowQuantizer(std::size_t i, fixed::Interval range);

 private:
  [[nodiscard]] const ImportNode& node() const { return state_.nodes[position_]; }
  Result<ir::TensorId> add(ir::Operation operation, std::vector<ir::TensorId> inputs, std::string nodeName,
                           std::string tensorName, std::vector<std::string> origins);
  std::vector<std::string> takeOrigins();
  Result<ir::TensorId> makeTensor(const Value& constant, const std::string& name);
  ImportState& state_;
  std::uint32_t position_;
};

}  // namespace sluice::frontend

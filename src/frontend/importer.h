#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "fixed/interval.h"
#include "frontend/constant.h"
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
/// `batched` remembers it: axis k of the file is axis k - 1 of the graph. A transformation that would mix
/// samples is refused.
namespace sluice::frontend {

/// Integer codes with their scales, the value of a Quant node on a constant. Real value: scale * (code -
/// zeroPoint).
struct QuantizedConstant {
  ir::Shape shape;
  std::vector<std::int64_t> codes;  ///< row-major
  std::vector<double> scale;        ///< one, or one per index of `channelAxis`
  std::int64_t channelAxis = 0;     ///< looked at only with several scales
  std::int64_t zeroPoint = 0;
  fixed::Interval range;  ///< of the quantizer

  /// The real values; exact where scale and code have at most 53 bits together.
  [[nodiscard]] Constant dequantized() const;
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

  [[nodiscard]] bool isRuntime() const { return kind == Kind::runtime; }
  [[nodiscard]] bool isConstant() const { return kind == Kind::constant || kind == Kind::quantized; }
};

Value valueOf(Constant constant);
Value valueOf(QuantizedConstant constant);

/// A constant in another shape with as many elements. Codes stay codes if their scales' axis survives.
Result<Value> reshaped(const Value& constant, ir::Shape shape, FoldBudget& budget);
/// A constant with its axes permuted; the permutation is valid.
Result<Value> transposed(const Value& constant, const std::vector<std::int64_t>& permutation,
                         FoldBudget& budget);

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
  std::vector<bool> folded;                   ///< by position in `nodes`: vanished, and in no `origins` yet
  std::vector<std::uint32_t> readers;         ///< by tensor index: nodes that still have to read it
  NameSet nodeNames, graphTensorNames;
  FoldBudget budget;
};

/// One node while it is imported: its inputs, its attributes, and the ways to define its output.
class Call {
 public:
  Call(ImportState& state, std::uint32_t position) : state_(state), position_(position) {}

  [[nodiscard]] const FileNode& file() const { return *node().file; }
  [[nodiscard]] std::int64_t opset() const { return state_.opset; }
  [[nodiscard]] std::optional<std::int64_t> batch() const { return state_.batch; }
  [[nodiscard]] FoldBudget& budget() { return state_.budget; }

  // Inputs. An index beyond the node's inputs is a missing input.
  [[nodiscard]] std::size_t inputCount() const { return node().inputs.size(); }
  [[nodiscard]] const Value& input(std::size_t i) const;
  [[nodiscard]] bool has(std::size_t i) const { return input(i).kind != Value::Kind::missing; }
  [[nodiscard]] std::string inputName(std::size_t i) const;
  /// Whether any node or output of the network reads output i.
  [[nodiscard]] bool outputUsed(std::size_t i) const;
  /// The input as a real or integer constant (codes become real). Errors: unsupported if it is not constant.
  Result<std::shared_ptr<const Constant>> constantInput(std::size_t i, const char* what) const;
  /// The one element of a constant input. Errors: unsupported, badInput.
  Result<double> scalarInput(std::size_t i, const char* what) const;
  /// A list of integers from a constant input.
  Result<std::vector<std::int64_t>> integersInput(std::size_t i, const char* what) const;
  /// Shape of an input for one sample.
  [[nodiscard]] ir::Shape sampleShape(std::size_t i) const;
  /// Rank of an input in the file, with the batch axis.
  [[nodiscard]] std::size_t fileRank(std::size_t i) const;

  // Attributes. Errors: badInput if the attribute has another type.
  [[nodiscard]] const Attribute* attribute(std::string_view name) const;
  Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise) const;
  Result<double> real(std::string_view name, double otherwise) const;
  Result<std::string> text(std::string_view name, std::string otherwise) const;
  /// none: the attribute is left out
  Result<std::optional<std::vector<std::int64_t>>> integers(std::string_view name) const;

  // Outputs.
  /// A constant in the graph: input i as it stands, made once.
  /// Errors: unsupported if its scales lie on another axis than the last
  Result<ir::TensorId> tensorOf(std::size_t i);
  /// The same for a constant made on the way; `suffix` goes behind the output's name.
  Result<ir::TensorId> tensorOf(const Value& constant, const std::string& suffix);
  /// Whether every element is a code of this scale (and zero point 0) already.
  [[nodiscard]] bool isOnGrid(ir::TensorId tensor, double scale) const;
  /// A new constant in the graph, named after the output with a suffix.
  ir::TensorId addConstant(const std::string& suffix, const Constant& constant);
  /// Adds a node. Without suffix it has the file's node name and defines output 0; with one it is a helper
  /// before it.
  Result<ir::TensorId> emit(ir::Operation operation, std::vector<ir::TensorId> inputs,
                            const std::string& suffix = {});
  /// emit() for the last node: output 0 is its result.
  Status finish(ir::Operation operation, std::vector<ir::TensorId> inputs, bool batched);
  void define(Constant constant);
  void define(QuantizedConstant constant);
  void define(Value value);  ///< output 0 is another name of an existing value

 private:
  [[nodiscard]] const ImportNode& node() const { return state_.nodes[position_]; }
  std::vector<std::string> takeOrigins();
  Result<ir::TensorId> makeTensor(const Value& constant, const std::string& name);
  ImportState& state_;
  std::uint32_t position_;
};

/// How an operator is imported. Inputs are never unknown. Errors: unsupported, badInput, without a place.
using ImportFunction = Status (*)(Call&);

struct OperatorRow {
  const char* name;
  ImportFunction run;
  std::size_t minInputs, maxInputs;
  const char* attributes;  ///< those it understands, separated by spaces; another one is unsupported
};

/// The row of an operator of the default domain, or of one of the quantizer domains; null: not supported.
const OperatorRow* findOperator(const FileNode& node);
/// Names of all supported operators, for messages.
std::string supportedOperators();
/// Whether quantizers live in the domain: '', 'onnx.brevitas', 'finn.custom_op.general',
/// 'qonnx.custom_op.general', with or without a version behind.
bool isQuantizerDomain(std::string_view domain);

/// Operand i of an element-wise node whose result has this rank in the file: the file's broadcasting counts
/// axes from the last, so a constant of full rank loses its batch axis of extent 1, and nothing else may
/// reach it.
Result<ir::TensorId> operandOf(Call& call, std::size_t i, std::size_t resultRank, bool resultBatched);

// One function per operator, by file.
// import_quantizer.cpp
Status importQuant(Call&);
Status importBipolarQuant(Call&);
Status importTrunc(Call&);
// import_layer.cpp
Status importMatMul(Call&);
Status importGemm(Call&);
Status importBatchNormalization(Call&);
Status importSoftmax(Call&);
Status importArgMax(Call&);
// import_arithmetic.cpp
Status importAdd(Call&);
Status importSub(Call&);
Status importMul(Call&);
Status importDiv(Call&);
Status importPow(Call&);
Status importRelu(Call&);
Status importSigmoid(Call&);
Status importTanh(Call&);
Status importNeg(Call&);
Status importAbs(Call&);
Status importSqrt(Call&);
Status importReciprocal(Call&);
Status importFloor(Call&);
Status importCeil(Call&);
// import_shape.cpp
Status importIdentity(Call&);
Status importDropout(Call&);
Status importCast(Call&);
Status importConstant(Call&);
Status importConstantOfShape(Call&);
Status importShape(Call&);
Status importGather(Call&);
Status importConcat(Call&);
Status importSlice(Call&);
Status importFlatten(Call&);
Status importReshape(Call&);
Status importTranspose(Call&);
Status importSqueeze(Call&);
Status importUnsqueeze(Call&);

}  // namespace sluice::frontend

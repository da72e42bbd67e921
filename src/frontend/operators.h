#pragma once

#include "frontend/importer.h"

/// The operators: the table of them, and what their functions share.
namespace sluice::frontend {

/// How an operator is imported. Inputs are never unknown. Errors: unsupported, badInput, without a place.
using ImportFunction = Status (*)(Call&);

/// What an operator does with the file's integers (Value::codes).
enum class OnCodes : std::uint8_t {
  refuses,
  moves,    ///< gives them on: the outputs are integers of the same meaning
  handles,  ///< looks at them itself
};

struct OperatorRow {
  const char* name;
  ImportFunction run;
  std::size_t minInputs, maxInputs;
  const char* attributes;  ///< those it understands, separated by spaces; another one is unsupported
  OnCodes codes = OnCodes::refuses;
  std::size_t outputs = 1;  ///< how many of its outputs may be used
};

/// The row of an operator; null: not supported.
const OperatorRow* findOperator(const FileNode& node);
/// Why an operator without a row is not supported.
std::string whyUnsupported(const FileNode& node);
/// Names of all supported operators, for messages.
std::string supportedOperators();
/// Whether quantizers live in the domain: '', 'onnx.brevitas', 'finn.custom_op.general',
/// 'qonnx.custom_op.general', with or without a version behind.
bool isQuantizerDomain(std::string_view domain);
/// Whether the operator wants channels in front (file) and gets them at the end (graph): Conv, MaxPool, ...
bool prefersChannelsLast(const FileNode& node);
/// Whether the operator is done element by element, so that the layout behind it is that before it.
bool isElementWise(const FileNode& node);

// What the operators' functions share.

/// Inputs [0, count) of an element-wise node in one layout, ready to broadcast. The file's broadcasting counts
/// axes from the last, so a constant of full rank loses its batch axis of extent 1, and nothing else may reach it.
struct Aligned {
  std::vector<ir::TensorId> tensors;
  Layout layout;
  bool batched = false;
};
Result<Aligned> alignOperands(Call& call, std::size_t count);
/// One constant, or one computed tensor, brought next to a computed tensor of sample rank `rank` in `layout`.
Result<ir::TensorId> operandIn(Call& call, std::size_t i, std::size_t rank, bool batched,
                               const Layout& layout);
/// A constant that broadcasts against a sample of this rank, permuted into the layout.
Result<Value> constantIn(Call& call, const Value& constant, const std::string& name, std::size_t rank,
                         bool batched, const Layout& layout);

/// Numbers spread over a tensor by broadcasting.
struct Spread {
  std::vector<double> values;  ///< one, one per index of `axis`, or (axis -1) one per element
  std::int64_t axis = 0;
  [[nodiscard]] std::size_t indexOf(std::size_t element, const ir::Shape& shape) const;
};
/// `batched`: the numbers may have an axis of 1 in front for the batch that `shape` has not.
Result<Spread> spreadOver(const Constant& given, const ir::Shape& shape, FoldBudget& budget, bool batched);
/// Every scale positive and finite.
Status checkScales(const std::vector<double>& scales);
/// Whole numbers within 32 bits.
Result<std::vector<std::int64_t>> zeroPoints(const std::vector<double>& zeros);

/// A quantizer of the file.
struct Quantizer {
  Value scale, zero;  ///< constants that broadcast against the input
  fixed::Interval range;
  fixed::Rounding rounding = fixed::Rounding::halfEven;
  /// false: round(x / scale + zero), as QONNX has it, where ties look at the code with the zero point.
  /// true: round(x / scale) + zero, as QuantizeLinear has it. The graph then has no zero point: its code is the
  /// file's less the zero point.
  bool zeroAfterRounding = false;
};
/// Carries it out on a constant input, adds a Quantize node for a computed one.
Status applyQuantizer(Call& call, const Quantizer& quantizer);
/// The integers of an ONNX element type. Errors: unsupported for others, named by `what`.
Result<fixed::Interval> rangeOfType(std::int32_t elementType, const char* what);

/// A node ready to be added: as the last one, or as a helper.
struct Parts {
  ir::Operation operation;
  std::vector<ir::TensorId> inputs;
  Layout layout;
};
/// Computed input 0 times a constant matrix [n, m].
Result<Parts> productParts(Call& call, const Value& matrix);
/// Computed input 0 convolved with a constant weight, both as in the file; the attributes are the node's.
Result<Parts> convolutionParts(Call& call, const Value& weight, const std::optional<Value>& bias);

// One function per operator, by file.
// import_quantizer.cpp
Status importQuant(Call&);
Status importBipolarQuant(Call&);
Status importTrunc(Call&);
Status importFloatQuant(Call&);
// import_integer.cpp
Status importQuantizeLinear(Call&);
Status importDequantizeLinear(Call&);
Status importQLinearConv(Call&);
Status importQLinearMatMul(Call&);
Status importMatMulInteger(Call&);
Status importConvInteger(Call&);
// import_product.cpp
Status importMatMul(Call&);
Status importGemm(Call&);
Status importEinsum(Call&);
// import_layer.cpp
Status importBatchNormalization(Call&);
Status importLayerNormalization(Call&);
Status importInstanceNormalization(Call&);
Status importSoftmax(Call&);
Status importLogSoftmax(Call&);
Status importArgMax(Call&);
Status importArgMin(Call&);
// import_window.cpp
Status importConv(Call&);
Status importConvTranspose(Call&);
Status importMaxPool(Call&);
Status importAveragePool(Call&);
Status importGlobalMaxPool(Call&);
Status importGlobalAveragePool(Call&);
// import_resize.cpp
Status importResize(Call&);
Status importUpsample(Call&);
// import_arithmetic.cpp
Status importAdd(Call&);
Status importSub(Call&);
Status importMul(Call&);
Status importDiv(Call&);
Status importPow(Call&);
Status importPRelu(Call&);
Status importMin(Call&);
Status importMax(Call&);
Status importSum(Call&);
Status importMean(Call&);
// import_activation.cpp
Status importRelu(Call&);
Status importSigmoid(Call&);
Status importTanh(Call&);
Status importNeg(Call&);
Status importAbs(Call&);
Status importSqrt(Call&);
Status importReciprocal(Call&);
Status importFloor(Call&);
Status importCeil(Call&);
Status importRound(Call&);
Status importExp(Call&);
Status importLog(Call&);
Status importErf(Call&);
Status importSign(Call&);
Status importSoftplus(Call&);
Status importSoftsign(Call&);
Status importElu(Call&);
Status importSelu(Call&);
Status importCelu(Call&);
Status importLeakyRelu(Call&);
Status importThresholdedRelu(Call&);
Status importHardSigmoid(Call&);
Status importHardSwish(Call&);
Status importMish(Call&);
Status importGelu(Call&);
Status importClip(Call&);
// import_constant.cpp
Status importIdentity(Call&);
Status importDropout(Call&);
Status importCast(Call&);
Status importConstant(Call&);
Status importConstantOfShape(Call&);
Status importShape(Call&);
Status importSize(Call&);
Status importRange(Call&);
// import_shape.cpp
Status importFlatten(Call&);
Status importReshape(Call&);
Status importTranspose(Call&);
Status importSqueeze(Call&);
Status importUnsqueeze(Call&);
Status importExpand(Call&);
Status importTile(Call&);
Status importDepthToSpace(Call&);
Status importSpaceToDepth(Call&);
// import_move.cpp
Status importGather(Call&);
Status importConcat(Call&);
Status importSlice(Call&);
Status importSplit(Call&);
Status importPad(Call&);
// import_reduce.cpp
Status importReduceSum(Call&);
Status importReduceMean(Call&);
Status importReduceMax(Call&);
Status importReduceMin(Call&);
Status importReduceProd(Call&);
Status importReduceL1(Call&);
Status importReduceL2(Call&);
Status importReduceSumSquare(Call&);
Status importReduceLogSum(Call&);
Status importReduceLogSumExp(Call&);

}  // namespace sluice::frontend

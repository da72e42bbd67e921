#include "frontend/operators.h"

#include <algorithm>
#include <array>

/// Every supported operator in one list that can be read.
namespace sluice::frontend {

namespace {

constexpr std::size_t any = 1u << 20;
constexpr OnCodes refuses = OnCodes::refuses, moves = OnCodes::moves, handles = OnCodes::handles;

constexpr OperatorRow quantizers[] = {
    {"BipolarQuant", importBipolarQuant, 2, 2, ""},
    {"FloatQuant", importFloatQuant, 4, 6, "signed has_inf has_nan has_subnormal saturation rounding_mode"},
    {"IntQuant", importQuant, 4, 4, "signed narrow rounding_mode"},
    {"Quant", importQuant, 4, 4, "signed narrow rounding_mode"},
    {"Trunc", importTrunc, 5, 6, "rounding_mode signed narrow"},
};

constexpr const char* convolution = "auto_pad dilations group kernel_shape pads strides";
constexpr const char* pool =
    "auto_pad ceil_mode dilations kernel_shape pads storage_order strides count_include_pad";
constexpr const char* reduction = "axes keepdims noop_with_empty_axes";
constexpr const char* normalization = "epsilon momentum spatial training_mode is_test";

/// Of QONNX's channels-last domain: the operators of the default domain with channels at the end of the file's
/// tensors, too.
constexpr OperatorRow channelsLast[] = {
    {"AveragePool", importAveragePool, 1, 1, pool},
    {"BatchNormalization", importBatchNormalization, 5, 5, normalization},
    {"Conv", importConv, 2, 3, convolution},
    {"MaxPool", importMaxPool, 1, 1, pool, moves},
};

constexpr OperatorRow standard[] = {
    {"Abs", importAbs, 1, 1, ""},
    {"Add", importAdd, 2, 2, "broadcast axis"},
    {"ArgMax", importArgMax, 1, 1, "axis keepdims select_last_index"},
    {"ArgMin", importArgMin, 1, 1, "axis keepdims select_last_index"},
    {"AveragePool", importAveragePool, 1, 1, pool},
    {"BatchNormalization", importBatchNormalization, 5, 5, normalization},
    {"Cast", importCast, 1, 1, "to saturate"},
    {"Ceil", importCeil, 1, 1, ""},
    {"Celu", importCelu, 1, 1, "alpha"},
    {"Clip", importClip, 1, 3, "min max", handles},
    {"Concat", importConcat, 1, any, "axis", moves},
    {"Constant", importConstant, 0, 0, "value value_float value_floats value_int value_ints"},
    {"ConstantOfShape", importConstantOfShape, 1, 1, "value"},
    {"Conv", importConv, 2, 3, convolution},
    {"ConvInteger", importConvInteger, 2, 4, convolution, handles},
    {"ConvTranspose", importConvTranspose, 2, 3,
     "auto_pad dilations group kernel_shape output_padding output_shape pads strides"},
    {"DepthToSpace", importDepthToSpace, 1, 1, "blocksize mode", moves},
    {"DequantizeLinear", importDequantizeLinear, 2, 3, "axis block_size", handles},
    {"Div", importDiv, 2, 2, "broadcast axis"},
    {"Dropout", importDropout, 1, 3, "ratio seed is_test"},
    {"Einsum", importEinsum, 1, any, "equation"},
    {"Elu", importElu, 1, 1, "alpha"},
    {"Erf", importErf, 1, 1, ""},
    {"Exp", importExp, 1, 1, ""},
    {"Expand", importExpand, 2, 2, "", moves},
    {"Flatten", importFlatten, 1, 1, "axis", moves},
    {"Floor", importFloor, 1, 1, ""},
    {"Gather", importGather, 2, 2, "axis", moves},
    {"Gelu", importGelu, 1, 1, "approximate"},
    {"Gemm", importGemm, 2, 3, "alpha beta transA transB broadcast"},
    {"GlobalAveragePool", importGlobalAveragePool, 1, 1, ""},
    {"GlobalMaxPool", importGlobalMaxPool, 1, 1, "", moves},
    {"HardSigmoid", importHardSigmoid, 1, 1, "alpha beta"},
    {"HardSwish", importHardSwish, 1, 1, ""},
    {"Identity", importIdentity, 1, 1, "", moves},
    {"InstanceNormalization", importInstanceNormalization, 3, 3, "epsilon"},
    {"LayerNormalization", importLayerNormalization, 2, 3, "axis epsilon stash_type"},
    {"LeakyRelu", importLeakyRelu, 1, 1, "alpha"},
    {"Log", importLog, 1, 1, ""},
    {"LogSoftmax", importLogSoftmax, 1, 1, "axis"},
    {"MatMul", importMatMul, 2, 2, ""},
    {"MatMulInteger", importMatMulInteger, 2, 4, "", handles},
    {"Max", importMax, 1, any, ""},
    {"MaxPool", importMaxPool, 1, 1, pool, moves},
    {"Mean", importMean, 1, any, ""},
    {"Min", importMin, 1, any, ""},
    {"Mish", importMish, 1, 1, ""},
    {"Mul", importMul, 2, 2, "broadcast axis"},
    {"Neg", importNeg, 1, 1, ""},
    {"PRelu", importPRelu, 2, 2, ""},
    {"Pad", importPad, 1, 4, "mode pads value"},
    {"Pow", importPow, 2, 2, "broadcast axis"},
    {"QLinearConv", importQLinearConv, 8, 9, convolution, handles},
    {"QLinearMatMul", importQLinearMatMul, 8, 8, "", handles},
    {"QuantizeLinear", importQuantizeLinear, 2, 3, "axis block_size output_dtype saturate precision"},
    {"Range", importRange, 3, 3, ""},
    {"Reciprocal", importReciprocal, 1, 1, ""},
    {"ReduceL1", importReduceL1, 1, 2, reduction},
    {"ReduceL2", importReduceL2, 1, 2, reduction},
    {"ReduceLogSum", importReduceLogSum, 1, 2, reduction},
    {"ReduceLogSumExp", importReduceLogSumExp, 1, 2, reduction},
    {"ReduceMax", importReduceMax, 1, 2, reduction},
    {"ReduceMean", importReduceMean, 1, 2, reduction},
    {"ReduceMin", importReduceMin, 1, 2, reduction},
    {"ReduceProd", importReduceProd, 1, 2, reduction},
    {"ReduceSum", importReduceSum, 1, 2, reduction},
    {"ReduceSumSquare", importReduceSumSquare, 1, 2, reduction},
    {"Relu", importRelu, 1, 1, ""},
    {"Reshape", importReshape, 2, 2, "allowzero", moves},
    {"Resize", importResize, 1, 4,
     "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value "
     "keep_aspect_ratio_policy mode nearest_mode"},
    {"Round", importRound, 1, 1, ""},
    {"Selu", importSelu, 1, 1, "alpha gamma"},
    {"Shape", importShape, 1, 1, "start end", handles},
    {"Sigmoid", importSigmoid, 1, 1, ""},
    {"Sign", importSign, 1, 1, ""},
    {"Size", importSize, 1, 1, "", handles},
    {"Slice", importSlice, 1, 5, "axes starts ends", moves},
    {"Softmax", importSoftmax, 1, 1, "axis"},
    {"Softplus", importSoftplus, 1, 1, ""},
    {"Softsign", importSoftsign, 1, 1, ""},
    {"SpaceToDepth", importSpaceToDepth, 1, 1, "blocksize", moves},
    {"Split", importSplit, 1, 2, "axis split num_outputs", moves, any},
    {"Sqrt", importSqrt, 1, 1, ""},
    {"Squeeze", importSqueeze, 1, 2, "axes", moves},
    {"Sub", importSub, 2, 2, "broadcast axis"},
    {"Sum", importSum, 1, any, ""},
    {"Tanh", importTanh, 1, 1, ""},
    {"ThresholdedRelu", importThresholdedRelu, 1, 1, "alpha"},
    {"Tile", importTile, 2, 2, "", moves},
    {"Transpose", importTranspose, 1, 1, "perm", moves},
    {"Unsqueeze", importUnsqueeze, 1, 2, "axes", moves},
    {"Upsample", importUpsample, 1, 2, "mode scales"},
};

/// Operators that users meet and that are not taken, with what can be said about them.
constexpr std::pair<const char*, const char*> reasons[] = {
    {"LSTM", "recurrent layers are not yet supported"},
    {"GRU", "recurrent layers are not yet supported"},
    {"RNN", "recurrent layers are not yet supported"},
    {"Scan", "recurrent layers are not yet supported"},
    {"Loop", "recurrent layers and loops are not yet supported"},
    {"If", "branches chosen at run time are not supported; export the model for inference"},
    {"Attention", "attention layers are not yet supported"},
    {"MultiHeadAttention", "attention layers are not yet supported"},
    {"GroupQueryAttention", "attention layers are not yet supported"},
    {"DynamicQuantizeLinear", "its scale is computed at run time; quantize the model statically"},
    {"ZipMap", "its result is a list of dictionaries; export the model with the option zipmap=False"},
    {"TreeEnsembleClassifier", "decision trees are not supported"},
    {"TreeEnsembleRegressor", "decision trees are not supported"},
    {"MultiThreshold", "export the model before thresholds replace its quantizers"},
};

/// "", ".v2", ":1", "_3.1": a version and nothing else.
bool isVersionSuffix(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '.' && text[0] != ':' && text[0] != '_' && text[0] != '-') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == 'v' || text[0] == 'V')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool isStandardDomain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

bool isChannelsLastDomain(std::string_view domain) {
  constexpr std::string_view known = "qonnx.custom_op.channels_last";
  return domain.starts_with(known) && isVersionSuffix(domain.substr(known.size()));
}

bool among(std::initializer_list<std::string_view> names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool isQuantizerDomain(std::string_view domain) {
  if (isStandardDomain(domain)) return true;
  constexpr std::string_view domains[] = {"onnx.brevitas", "finn.custom_op.general",
                                          "qonnx.custom_op.general"};
  return std::any_of(std::begin(domains), std::end(domains), [&](std::string_view known) {
    return domain.starts_with(known) && isVersionSuffix(domain.substr(known.size()));
  });
}

const OperatorRow* findOperator(const FileNode& node) {
  const auto find = [&](const auto& table) -> const OperatorRow* {
    for (const OperatorRow& row : table)
      if (node.op == row.name) return &row;
    return nullptr;
  };
  const OperatorRow* row = nullptr;
  if (isQuantizerDomain(node.domain)) row = find(quantizers);
  if (row == nullptr && isStandardDomain(node.domain)) row = find(standard);
  if (row == nullptr && isChannelsLastDomain(node.domain)) row = find(channelsLast);
  return row;
}

std::string whyUnsupported(const FileNode& node) {
  for (const auto& [name, reason] : reasons)
    if (node.op == name) return reason;
  if (isQuantizerDomain(node.domain) || isChannelsLastDomain(node.domain))
    return "the operator is not supported";
  return "the operator is not supported (domain '" + shown(node.domain) + "')";
}

std::string supportedOperators() {
  std::vector<std::string> names;
  for (const OperatorRow& row : quantizers) names.emplace_back(row.name);
  for (const OperatorRow& row : standard) names.emplace_back(row.name);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + ", ";
  return text.substr(0, text.size() - 2);
}

bool prefersChannelsLast(const FileNode& node) {
  return isStandardDomain(node.domain) &&
         among({"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool",
                "BatchNormalization", "DepthToSpace", "SpaceToDepth", "QLinearConv", "ConvInteger"},
               node.op);
}

bool isElementWise(const FileNode& node) {
  if (isQuantizerDomain(node.domain) && !isStandardDomain(node.domain)) return true;
  return isStandardDomain(node.domain) && among({"Add",
                                                 "Sub",
                                                 "Mul",
                                                 "Div",
                                                 "Relu",
                                                 "Clip",
                                                 "Quant",
                                                 "IntQuant",
                                                 "FloatQuant",
                                                 "BipolarQuant",
                                                 "Trunc",
                                                 "QuantizeLinear",
                                                 "DequantizeLinear",
                                                 "Identity",
                                                 "Cast",
                                                 "Dropout",
                                                 "Pad",
                                                 "Resize",
                                                 "Upsample",
                                                 "Concat",
                                                 "LeakyRelu",
                                                 "Sigmoid",
                                                 "Tanh",
                                                 "Slice"},
                                                node.op);
}

}  // namespace sluice::frontend

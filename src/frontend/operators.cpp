#include <algorithm>
#include <array>

#include "frontend/importer.h"

/// Every supported operator in one list that can be read.
namespace sluice::frontend {

namespace {

constexpr std::size_t any = 1u << 20;

constexpr OperatorRow quantizers[] = {
    {"Quant", importQuant, 4, 4, "signed narrow rounding_mode"},
    {"BipolarQuant", importBipolarQuant, 2, 2, ""},
    {"Trunc", importTrunc, 5, 6, "rounding_mode signed narrow"},
};

constexpr OperatorRow standard[] = {
    {"Abs", importAbs, 1, 1, ""},
    {"Add", importAdd, 2, 2, "broadcast"},
    {"ArgMax", importArgMax, 1, 1, "axis keepdims select_last_index"},
    {"BatchNormalization", importBatchNormalization, 5, 5, "epsilon momentum spatial training_mode is_test"},
    {"Cast", importCast, 1, 1, "to saturate"},
    {"Ceil", importCeil, 1, 1, ""},
    {"Concat", importConcat, 1, any, "axis"},
    {"Constant", importConstant, 0, 0, "value value_float value_floats value_int value_ints"},
    {"ConstantOfShape", importConstantOfShape, 1, 1, "value"},
    {"Div", importDiv, 2, 2, "broadcast"},
    {"Dropout", importDropout, 1, 3, "ratio seed is_test"},
    {"Flatten", importFlatten, 1, 1, "axis"},
    {"Floor", importFloor, 1, 1, ""},
    {"Gather", importGather, 2, 2, "axis"},
    {"Gemm", importGemm, 2, 3, "alpha beta transA transB broadcast"},
    {"Identity", importIdentity, 1, 1, ""},
    {"MatMul", importMatMul, 2, 2, ""},
    {"Mul", importMul, 2, 2, "broadcast"},
    {"Neg", importNeg, 1, 1, ""},
    {"Pow", importPow, 2, 2, "broadcast"},
    {"Reciprocal", importReciprocal, 1, 1, ""},
    {"Relu", importRelu, 1, 1, ""},
    {"Reshape", importReshape, 2, 2, "allowzero"},
    {"Shape", importShape, 1, 1, "start end"},
    {"Sigmoid", importSigmoid, 1, 1, ""},
    {"Slice", importSlice, 1, 5, "axes starts ends"},
    {"Softmax", importSoftmax, 1, 1, "axis"},
    {"Sqrt", importSqrt, 1, 1, ""},
    {"Squeeze", importSqueeze, 1, 2, "axes"},
    {"Sub", importSub, 2, 2, "broadcast"},
    {"Tanh", importTanh, 1, 1, ""},
    {"Transpose", importTranspose, 1, 1, "perm"},
    {"Unsqueeze", importUnsqueeze, 1, 2, "axes"},
};

/// "", ".v2", ":1", "_3.1": a version and nothing else.
bool isVersionSuffix(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '.' && text[0] != ':' && text[0] != '_' && text[0] != '-') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == 'v' || text[0] == 'V')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool isQuantizerDomain(std::string_view domain) {
  if (domain.empty() || domain == "ai.onnx") return true;
  constexpr std::string_view domains[] = {"onnx.brevitas", "finn.custom_op.general",
                                          "qonnx.custom_op.general"};
  return std::any_of(std::begin(domains), std::end(domains), [&](std::string_view known) {
    return domain.starts_with(known) && isVersionSuffix(domain.substr(known.size()));
  });
}

const OperatorRow* findOperator(const FileNode& node) {
  if (isQuantizerDomain(node.domain))
    for (const OperatorRow& row : quantizers)
      if (node.op == row.name) return &row;
  if (node.domain.empty() || node.domain == "ai.onnx")
    for (const OperatorRow& row : standard)
      if (node.op == row.name) return &row;
  return nullptr;
}

std::string supportedOperators() {
  std::string names;
  for (const OperatorRow& row : quantizers) names += std::string(row.name) + ", ";
  for (const OperatorRow& row : standard) names += std::string(row.name) + ", ";
  return names.substr(0, names.size() - 2);
}

}  // namespace sluice::frontend

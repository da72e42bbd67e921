#include "ir/attributes.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sluice::ir {
namespace {

// Names of the kinds, each list in the order of its enumeration.
constexpr std::array<const char*, 8> binaryNames = {"add",   "subtract", "multiply", "divide",
                                                    "power", "minimum",  "maximum",  "prelu"};
constexpr std::array<const char*, 29> unaryNames = {
    "relu",      "sigmoid",     "tanh",      "negate",  "identity",
    "absolute",  "sign",        "floor",     "ceil",    "round",
    "exp",       "log",         "sqrt",      "erf",     "softplus",
    "softsign",  "gelu",        "geluTanh",  "mish",    "swish",
    "leakyRelu", "elu",         "celu",      "selu",    "thresholdedRelu",
    "clip",      "hardSigmoid", "hardSwish", "rampRelu"};
constexpr std::array<const char*, 2> resizeNames = {"resizeNearest", "resizeLinear"};
constexpr std::array<const char*, 3> poolNames = {"maxPool", "averagePool", "sumPool"};
constexpr std::array<const char*, 5> reduceNames = {"reduceSum", "reduceMean", "reduceMax", "reduceMin",
                                                    "reduceProduct"};
constexpr std::array<const char*, 3> codeBinaryNames = {"codeMultiply", "codeMinimum", "codeMaximum"};
constexpr std::array<const char*, 4> coordinateNames = {"halfPixel", "asymmetric", "alignCorners",
                                                        "pytorchHalfPixel"};
constexpr std::array<const char*, 4> nearestNames = {"floor", "ceil", "preferFloor", "preferCeil"};

template <typename Kind, std::size_t n>
bool find(const std::array<const char*, n>& names, std::string_view text, Kind& kind) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return false;
  kind = static_cast<Kind>(found - names.begin());
  return true;
}

struct TextName {
  const char* operator()(const Binary& operation) const {
    return binaryNames[static_cast<std::size_t>(operation.kind)];
  }
  const char* operator()(const Unary& operation) const {
    return unaryNames[static_cast<std::size_t>(operation.kind)];
  }
  const char* operator()(const Resize& operation) const {
    return resizeNames[static_cast<std::size_t>(operation.kind)];
  }
  const char* operator()(const Pool& operation) const {
    return poolNames[static_cast<std::size_t>(operation.kind)];
  }
  const char* operator()(const Reduce& operation) const {
    return reduceNames[static_cast<std::size_t>(operation.kind)];
  }
  const char* operator()(const CodeBinary& operation) const {
    return codeBinaryNames[static_cast<std::size_t>(operation.kind)];
  }
  template <typename Other>
  const char* operator()(const Other& operation) const {
    return info(operation).name;
  }
};

/// Appends one operation of the alternative, or one of each of its kinds.
template <typename Op>
void append(std::vector<Operation>& all) {
  all.emplace_back(Op{});
}
template <typename Op, typename Kind, std::size_t n>
void appendKinds(std::vector<Operation>& all, const std::array<const char*, n>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    Op operation;
    operation.kind = static_cast<Kind>(i);
    all.emplace_back(operation);
  }
}

/// Every operation and kind with default attributes.
const std::vector<Operation>& allOperations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> list;
    append<Input>(list);
    append<Quantize>(list);
    append<QuantizeFloat>(list);
    append<QuantizePower>(list);
    append<Bipolar>(list);
    append<MatMul>(list);
    append<Conv>(list);
    append<ConvTranspose>(list);
    append<BatchNormalize>(list);
    append<LayerNormalize>(list);
    append<Softmax>(list);
    append<Reshape>(list);
    append<Transpose>(list);
    append<Concat>(list);
    append<Pad>(list);
    append<Slice>(list);
    append<Expand>(list);
    append<Gather>(list);
    append<Dense>(list);
    append<CodeConv>(list);
    append<AccumulateConv>(list);
    append<CodeMatMul>(list);
    append<Threshold>(list);
    append<Lookup>(list);
    append<PairLookup>(list);
    append<Rescale>(list);
    append<Requantize>(list);
    append<Merge>(list);
    append<TopK>(list);
    appendKinds<Binary, BinaryKind>(list, binaryNames);
    appendKinds<Unary, UnaryKind>(list, unaryNames);
    appendKinds<Resize, ResizeKind>(list, resizeNames);
    appendKinds<Pool, PoolKind>(list, poolNames);
    appendKinds<Reduce, ReduceKind>(list, reduceNames);
    appendKinds<CodeBinary, CodeBinaryKind>(list, codeBinaryNames);
    return list;
  }();
  return all;
}

}  // namespace

const char* textName(const Operation& operation) { return std::visit(TextName{}, operation); }

std::optional<Operation> operationFromName(std::string_view name) {
  for (const Operation& operation : allOperations())
    if (name == textName(operation)) return operation;
  return std::nullopt;
}

const char* name(Coordinates coordinates) { return coordinateNames[static_cast<std::size_t>(coordinates)]; }
const char* name(NearestRounding rounding) { return nearestNames[static_cast<std::size_t>(rounding)]; }
bool fromName(std::string_view text, Coordinates& coordinates) {
  return find(coordinateNames, text, coordinates);
}
bool fromName(std::string_view text, NearestRounding& rounding) { return find(nearestNames, text, rounding); }

}  // namespace sluice::ir

#pragma once

#include <optional>
#include <string_view>
#include <type_traits>

#include "ir/ops.h"

/// The attributes of every operation by name: written down once, read by the printer, the parser and reports.
///
/// attributes(operation, visit) calls visit("name", member, required) for each attribute in the order of
/// printing. A required one has no meaningful default; any other may be left out in the text form where it
/// has its default.
namespace sluice::ir {

template <typename W, typename Visit>
void windowAttributes(W& window, Visit&& visit) {
  visit("strides", window.strides, false);
  visit("dilations", window.dilations, false);
  visit("padBefore", window.padBefore, false);
  visit("padAfter", window.padAfter, false);
}

template <typename Op, typename Visit>
void attributes(Op& op, Visit&& visit) {
  using T = std::remove_const_t<Op>;
  if constexpr (std::is_same_v<T, Quantize>) {
    visit("scale", op.scale, true);
    visit("zeroPoint", op.zeroPoint, false);
    visit("range", op.range, true);
    visit("rounding", op.rounding, false);
    visit("overflow", op.overflow, false);
    visit("ranges", op.ranges, false);
    visit("zeroPoints", op.zeroPoints, false);
  } else if constexpr (std::is_same_v<T, QuantizeFloat>) {
    visit("scale", op.scale, false);
    visit("exponentBits", op.exponentBits, true);
    visit("mantissaBits", op.mantissaBits, true);
    visit("exponentBias", op.exponentBias, true);
    visit("largest", op.largest, true);
    visit("rounding", op.rounding, false);
  } else if constexpr (std::is_same_v<T, QuantizePower>) {
    visit("lowest", op.lowest, true);
    visit("highest", op.highest, true);
    visit("rounding", op.rounding, false);
    visit("negative", op.negative, false);
  } else if constexpr (std::is_same_v<T, Conv> || std::is_same_v<T, CodeConv>) {
    windowAttributes(op.window, visit);
    visit("groups", op.groups, false);
  } else if constexpr (std::is_same_v<T, ConvTranspose>) {
    windowAttributes(op.window, visit);
    visit("outputPad", op.outputPad, false);
    visit("groups", op.groups, false);
  } else if constexpr (std::is_same_v<T, AccumulateConv>) {
    windowAttributes(op.window, visit);
    visit("groups", op.groups, false);
    visit("shift", op.shift, false);
    visit("rounding", op.rounding, false);
    visit("overflow", op.overflow, false);
    visit("range", op.range, true);
  } else if constexpr (std::is_same_v<T, LayerNormalize>) {
    visit("epsilon", op.epsilon, false);
    visit("axes", op.axes, false);
  } else if constexpr (std::is_same_v<T, Unary>) {
    visit("alpha", op.alpha, false);
    visit("beta", op.beta, false);
    visit("gamma", op.gamma, false);
  } else if constexpr (std::is_same_v<T, Concat> || std::is_same_v<T, Gather>) {
    visit("axis", op.axis, false);
  } else if constexpr (std::is_same_v<T, Pad>) {
    visit("before", op.before, false);
    visit("after", op.after, false);
    visit("between", op.between, false);
    visit("value", op.value, false);
  } else if constexpr (std::is_same_v<T, Slice>) {
    visit("begin", op.begin, true);
    visit("end", op.end, true);
    visit("step", op.step, false);
  } else if constexpr (std::is_same_v<T, Expand>) {
    visit("shape", op.shape, true);
  } else if constexpr (std::is_same_v<T, Resize>) {
    visit("shape", op.shape, true);
    visit("factors", op.factors, false);
    visit("coordinates", op.coordinates, false);
    visit("rounding", op.rounding, false);
  } else if constexpr (std::is_same_v<T, Pool>) {
    visit("kernel", op.kernel, true);
    windowAttributes(op.window, visit);
    visit("countPads", op.countPads, false);
  } else if constexpr (std::is_same_v<T, Reduce>) {
    visit("axes", op.axes, true);
    visit("keepDims", op.keepDims, false);
  } else if constexpr (std::is_same_v<T, PairLookup>) {
    visit("first0", op.first0, false);
    visit("first1", op.first1, false);
    visit("span1", op.span1, true);
  } else if constexpr (std::is_same_v<T, Requantize>) {
    visit("shift", op.shift, false);
    visit("range", op.range, true);
    visit("rounding", op.rounding, false);
    visit("overflow", op.overflow, false);
    visit("ranges", op.ranges, false);
  } else if constexpr (std::is_same_v<T, Bipolar>) {
    visit("scale", op.scale, false);
  } else if constexpr (std::is_same_v<T, BatchNormalize>) {
    visit("epsilon", op.epsilon, false);
  } else if constexpr (std::is_same_v<T, Reshape>) {
    visit("shape", op.shape, true);
  } else if constexpr (std::is_same_v<T, Transpose>) {
    visit("permutation", op.permutation, true);
  } else if constexpr (std::is_same_v<T, Threshold>) {
    visit("base", op.base, false);
    visit("sign", op.sign, false);
    visit("scale", op.scale, false);
    visit("zeroPoint", op.zeroPoint, false);
  } else if constexpr (std::is_same_v<T, Lookup>) {
    visit("first", op.first, false);
  } else if constexpr (std::is_same_v<T, Rescale>) {
    visit("shift", op.shift, false);
    visit("range", op.range, true);
    visit("tieToEven", op.tieToEven, false);
    visit("scale", op.scale, false);
    visit("zeroPoint", op.zeroPoint, false);
  } else if constexpr (std::is_same_v<T, Merge>) {
    visit("shift", op.shift, true);
  } else if constexpr (std::is_same_v<T, TopK>) {
    visit("k", op.k, false);
  } else {
    // Nothing to visit. A kind is part of the name in the text form ("add", "relu", "maxPool").
    static_assert(std::is_same_v<T, Input> || std::is_same_v<T, MatMul> || std::is_same_v<T, Binary> ||
                  std::is_same_v<T, Softmax> || std::is_same_v<T, Dense> || std::is_same_v<T, CodeMatMul> ||
                  std::is_same_v<T, CodeBinary>);
  }
}

/// The name of an operation in the text form: that of the op table, but "add", "relu", "maxPool", "reduceSum",
/// "resizeLinear", "codeMultiply", ... for operations of several kinds.
const char* textName(const Operation& operation);
/// The operation of that name with default attributes.
std::optional<Operation> operationFromName(std::string_view name);

/// Enumerators as the text form writes them, and back (false: there is none of that name).
const char* name(Coordinates coordinates);
const char* name(NearestRounding rounding);
bool fromName(std::string_view text, Coordinates& coordinates);
bool fromName(std::string_view text, NearestRounding& rounding);

}  // namespace sluice::ir

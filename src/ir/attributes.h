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

template <typename Op, typename Visit>
void attributes(Op& op, Visit&& visit) {
  using T = std::remove_const_t<Op>;
  if constexpr (std::is_same_v<T, Quantize>) {
    visit("scale", op.scale, true);
    visit("zeroPoint", op.zeroPoint, false);
    visit("range", op.range, true);
    visit("rounding", op.rounding, false);
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
    // Nothing to visit. The kind of Binary and Unary is part of their name in the text form ("add", "relu").
    static_assert(std::is_same_v<T, Input> || std::is_same_v<T, MatMul> || std::is_same_v<T, Binary> ||
                  std::is_same_v<T, Unary> || std::is_same_v<T, Softmax> || std::is_same_v<T, Dense>);
  }
}

/// The name of an operation in the text form: that of the op table, but "add", "relu", ... for Binary and
/// Unary.
const char* textName(const Operation& operation);
/// The operation of that name with default attributes.
std::optional<Operation> operationFromName(std::string_view name);

}  // namespace sluice::ir

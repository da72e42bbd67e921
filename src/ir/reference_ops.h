#pragma once

#include <vector>

#include "ir/graph.h"

/// Inside of the reference (reference.h): one operation on one sample.
namespace sluice::ir {

struct Operand {
  const TensorType* type = nullptr;
  const ConstantData* data = nullptr;
};

/// `result` already is of the kind of `output` (doubles or codes) and is overwritten; its memory is reused.
void evaluateInto(const Operation& operation, const std::vector<Operand>& inputs, const TensorType& output,
                  ConstantData& result);

/// The integer dialect and TopK; exact.
void evaluateInteger(const Dense& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result);
void evaluateInteger(const Threshold& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result);
void evaluateInteger(const Lookup& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result);
void evaluateInteger(const Rescale& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result);
void evaluateInteger(const Merge& operation, const std::vector<Operand>& inputs,
                     std::vector<std::int64_t>& result);

/// Indices of the k largest of each row of n, largest first, ties to the lower index.
template <typename Number>
void evaluateTopK(std::int64_t k, std::int64_t n, const std::vector<Number>& x,
                  std::vector<std::int64_t>& result);

}  // namespace sluice::ir

#pragma once

#include <vector>

#include "ir/graph.h"

/// Inside of inferType (graph.h): the rules of the integer dialect, one function per operation.
///
/// Arity has been checked by the caller. Every range is the least interval that the inputs' ranges and the
/// constants prove. Errors: badInput with the shapes, scales or values that do not fit.
namespace sluice::ir {

using Inputs = std::vector<const Tensor*>;

Result<TensorType> inferDense(const Inputs& inputs);
Result<TensorType> inferThreshold(const Threshold& operation, const Inputs& inputs);
Result<TensorType> inferLookup(const Lookup& operation, const Inputs& inputs);
Result<TensorType> inferRescale(const Rescale& operation, const Inputs& inputs);
Result<TensorType> inferMerge(const Merge& operation, const Inputs& inputs);
Result<TensorType> inferTopK(const TopK& operation, const Inputs& inputs);

}  // namespace sluice::ir

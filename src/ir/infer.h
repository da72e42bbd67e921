#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"

/// Inside of inferType (graph.h): the rules of the integer dialect and of the operations of both, one function
/// per operation.
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
Result<TensorType> inferConv(const CodeConv& operation, const Inputs& inputs);
Result<TensorType> inferConv(const AccumulateConv& operation, const Inputs& inputs);
Result<TensorType> inferCodeMatMul(const Inputs& inputs);
Result<TensorType> inferCodeBinary(const CodeBinary& operation, const Inputs& inputs);
Result<TensorType> inferPairLookup(const PairLookup& operation, const Inputs& inputs);
Result<TensorType> inferRequantize(const Requantize& operation, const Inputs& inputs);

Result<TensorType> inferMove(const Reshape& operation, const Inputs& inputs);
Result<TensorType> inferMove(const Transpose& operation, const Inputs& inputs);
Result<TensorType> inferMove(const Concat& operation, const Inputs& inputs);
Result<TensorType> inferMove(const Pad& operation, const Inputs& inputs);
Result<TensorType> inferMove(const Slice& operation, const Inputs& inputs);
Result<TensorType> inferMove(const Expand& operation, const Inputs& inputs);
Result<TensorType> inferResize(const Resize& operation, const Inputs& inputs);
Result<TensorType> inferGather(const Gather& operation, const Inputs& inputs);
Result<TensorType> inferPool(const Pool& operation, const Inputs& inputs);
Result<TensorType> inferReduce(const Reduce& operation, const Inputs& inputs);

// ---- shared by them
using Wide = __int128;

Result<const Codes*> codesAt(const Inputs& inputs, std::size_t i);
/// Shapes of the inputs as "'x' [8] and 'w' [8, 4]".
std::string shapesOf(const Inputs& inputs);
/// The type of codes in [lo, hi], canonical if lists are given. Errors badInput: beyond codeLimit.
Result<TensorType> codesType(Shape shape, Wide lo, Wide hi, std::vector<double> scale, Wide zeroPoint,
                             std::vector<fixed::Interval> ranges = {});
/// a * b if double holds it exactly.
std::optional<double> exactProduct(double a, double b);
/// The shape that numpy's broadcasting gives.
Result<Shape> broadcast(const Inputs& inputs);
/// The shape of a matrix product, w of two axes or of the leading axes of x.
Result<Shape> matMulShape(const Inputs& inputs);
/// The join of the ranges of all elements of each channel (last axis).
std::vector<fixed::Interval> channelRanges(const TensorType& type);

}  // namespace sluice::ir

#pragma once

#include <cstddef>
#include <vector>

#include "ir/graph.h"

/// The float64 reference: what a graph means, sample by sample, in either dialect and any mixture.
///
/// Codes stay integers: an operation of the integer dialect is evaluated exactly in int64; a matrix product
/// of codes sums integers exactly and applies the scales once to the sum. Everything else is float64, round
/// to nearest, in the order in which the operation's formula is written (ops.h). So a real value that is an
/// exact tie of the next quantizer may come out an ulp to either side: who must know the tie decides it in
/// exact rationals, and compareMeaning (same_meaning.h) knows about it.
namespace sluice::ir {

/// The values of a tensor whose elements are known for `samples` samples: sample-major, each sample
/// row-major. Codes (integers) for a tensor of codes, doubles for a real one.
struct Feed {
  TensorId tensor;
  ConstantData values;
};

/// The values of the `wanted` tensors, computed from the fed ones: only nodes between them are evaluated. A
/// wanted tensor may itself be fed or be a constant.
///
/// Errors   badInput: a feed of wrong kind or size, a code outside its type's range, an input that is needed
///          but not fed
///
/// Threads  0 means all processors; results do not depend on it
Result<std::vector<ConstantData>> evaluate(const Graph& graph, const std::vector<Feed>& feeds,
                                           const std::vector<TensorId>& wanted, std::size_t samples,
                                           unsigned threads = 1);

/// One operation on known operands (`constant` set), as constant folding needs it. `output` is the inferred
/// type. Must not be an Input.
ConstantData evaluateOperation(const Operation& operation, const std::vector<const Tensor*>& operands,
                               const TensorType& output);

/// Real values of elements of this type: scale[c] * (q - zeroPoint) for codes, the doubles themselves else.
/// `values` may hold several samples.
std::vector<double> realValues(const TensorType& type, const ConstantData& values);

/// The code nearest to each real value, ties to even; codes outside the range stay outside it. The inverse of
/// realValues.
std::vector<std::int64_t> nearestCodes(const TensorType& type, const std::vector<double>& values);

struct ReferenceOptions {
  bool inputCodes =
      false;  ///< inputs hold codes of the hardware inputs they stand for (codedInputs, regions.h)
  bool outputCodes = false;  ///< outputs that are codes come as codes, not as real values
  unsigned threads = 1;      ///< 0: all processors
};

/// The whole graph. inputs[i] belongs to graph.inputs[i]: real values (also of an input that is of codes:
/// each is brought to the nearest code), samples * elements of them. One result per graph output. Errors
/// badInput: sizes; codes out of range; inputCodes where an input has no hardware input of its own.
Result<std::vector<ConstantData>> runReference(const Graph& graph,
                                               const std::vector<std::vector<double>>& inputs,
                                               std::size_t samples, const ReferenceOptions& options = {});

}  // namespace sluice::ir

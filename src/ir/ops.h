#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ir/ops_integer.h"
#include "ir/ops_real.h"
#include "ir/ops_structure.h"

/// The operations of the graph, each a plain struct of its attributes. A node is one of them plus its
/// tensors.
///
/// Two dialects share the graph, and passes turn the first into the second piece by piece:
///
///   real     what a framework says: quantize, matMul, batchNormalize, relu, ... (ops_real.h); elements are
///            real numbers
///   integer  what hardware does: dense, threshold, lookup, rescale, ... (ops_integer.h); elements are codes
///
/// Between them stand operations that mean the same in both: reshape, concat, max pool, ...
/// (ops_structure.h); of codes they belong to the integer dialect (isInteger, graph.h).
///
/// A real operation may read a codes tensor: it then sees the real values the codes stand for.
/// A lowered graph is a real prologue (up to the first quantizers), an integer middle, which alone becomes
/// hardware, and a real epilogue (scale, softmax, ...), which the host computes.
namespace sluice::ir {

using Operation =
    std::variant<Input, Quantize, QuantizeFloat, QuantizePower, Bipolar, MatMul, Conv, ConvTranspose,
                 BatchNormalize, LayerNormalize, Binary, Unary, Softmax, Reshape, Transpose, Concat, Pad,
                 Slice, Expand, Gather, Resize, Pool, Reduce, Dense, CodeConv, AccumulateConv, CodeMatMul,
                 CodeBinary, Threshold, Lookup, PairLookup, Rescale, Requantize, Merge, TopK>;

/// One row of the op table.
struct OpInfo {
  const char* name;  ///< as written in the text form: "dense"
  int minInputs, maxInputs;
  bool integer;         ///< of the integer dialect; false for those of both
  const char* summary;  ///< one line for `sluice dump --help` and the docs
};
/// The row for an operation. The table is in the order of the variant.
const OpInfo& info(const Operation& operation);
const std::vector<OpInfo>& opTable();

}  // namespace sluice::ir

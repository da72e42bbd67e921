#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// Random networks of every operation that integer hardware computes, each written twice: for setting the
/// interpreters against each other, and against what the operations mean as mathematics.
///
///   codes  integer operations on codes of any kind: scales and ranges for all, per channel or per element, zero
///          points, padding, groups, every rounding and overflow
///   reals  the same network by operations on real numbers: conv for codeConv, convTranspose for pad and codeConv,
///          quantize for requantize, floor and clip for rescale, ... Scales are powers of two and codes are few, so
///          that double arithmetic is exact and the two must agree in every bit.
///
/// Where no operation on reals says it (threshold, tables, topK, accumulateConv), the real network quantizes its
/// tensor (which is on the grid already) and uses the same operation.
namespace sluice::ir {

struct TwinGraphs {
  Graph codes, reals;  ///< inputs and outputs in the same order; the inputs of `reals` are real
};

/// The networks of that seed. Both verify; every integer node is needed.
TwinGraphs randomTwins(std::uint64_t seed, std::size_t operations = 6);

/// Runs both through the reference and `codes` through the integer engine on random codes.
/// Errors  badInput that tells seed, output, element and the values that differ
Status compareTwins(std::uint64_t seed, std::size_t operations = 6, std::size_t samples = 3);

}  // namespace sluice::ir

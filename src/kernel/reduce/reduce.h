#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/kernel.h"
#include "kernel/pool/pool.h"

/// Reduce, streamed: the largest, the smallest or the sum of rows of n elements that follow each other. Implements ir::Reduce
/// over the last axes (what softmax and layer norm ask of a row); over rows and columns of a map it is pool/pool.h.
///
///   loops   [beat < n / pack]
///   read  x always;  write y, one element, when beat == last
///
/// A tree over the beat, a register a level; its value meets what came before in one register, which the first beat of a row
/// starts anew. II 1: a row takes as many iterations as it has beats.
namespace sluice::kernel {

struct ReduceParams {
  PoolOperation operation = PoolOperation::sum;
  std::uint32_t n = 1;     ///< elements of a row
  std::uint32_t pack = 1;  ///< elements of a beat; divides n
  fixed::Interval input;
};

/// Exact for independent elements. Errors: those of reduce.
Result<fixed::Interval> reduceOutputRange(const ReduceParams& params);

/// Ports x, y.
/// Errors  badInput: an empty row or range, pack does not divide n; unsupported: sums beyond 62 bits
Result<Kernel> reduce(const ReduceParams& params);

}  // namespace sluice::kernel

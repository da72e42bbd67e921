#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "kernel/kernel.h"

/// Two streams element by element: product, minimum, maximum. Implements ir::CodeBinary (operands of one shape; a
/// broadcast one comes through reshape/upsample.h). Sums are merge/merge.h.
///
///   multiply   y = (x0 - zero0) * (x1 - zero1)      differences, product: 2 stages
///   minimum, maximum   y = the smaller, the larger code      1 stage
///
/// An iteration pops a beat of both, II 1: a frame takes as many iterations as it has beats. `pack` elements a beat, each
/// product a DSP block if both factors have at least 5 bits and fit 18 x 18 signed bits, else look-up tables.
namespace sluice::kernel {

enum class PairOperation : std::uint8_t { multiply, minimum, maximum };

struct PairwiseParams {
  PairOperation operation = PairOperation::multiply;
  std::uint32_t pack = 1;
  std::array<fixed::Interval, 2> inputs;
  std::array<std::int64_t, 2> zeroPoints{0, 0};  ///< of multiply
  std::optional<fixed::Interval> output;         ///< declared range of y; default: the proven one
};

/// Exact for independent inputs. Errors: those of pairwise.
Result<fixed::Interval> pairwiseOutputRange(const PairwiseParams& params);

/// DSP blocks, exactly. Errors: those of pairwise.
Result<std::uint32_t> pairwiseDsps(const PairwiseParams& params);

/// Ports x0, x1, y.
/// Errors  badInput: no elements, an empty range, an output range that is too small; unsupported: products beyond 62 bits
Result<Kernel> pairwise(const PairwiseParams& params);

}  // namespace sluice::kernel

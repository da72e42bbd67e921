#pragma once

#include <cstdint>
#include <vector>

#include "ir/ops_real.h"
#include "ir/type.h"

/// Operations on codes: exact, every result inside the range of its type (see ops.h).
///
/// What is not here is composed, exactly: an integer softmax is Reduce max, Expand, Merge (with a negated
/// Rescale), Lookup (exp), Reduce sum, Lookup (1/x), Expand, CodeBinary multiply, Requantize; a layer norm
/// likewise with a Lookup for 1/sqrt. A transposed convolution is Pad (between) and CodeConv.
namespace sluice::ir {

/// acc[j] = bias[j] + sum_i w[i, j] * x[i]. The sum is exact; the range of the output is proven from the
/// range of x and the actual weights, which are constants.
///
/// Shapes  x codes [..., n], w codes [n, m], optional bias codes [m] -> codes [..., m]
///
/// Units   acc in steps of scale(x) * scale(w), a product that must be exact in double. One scale for all
///         of x; one for all of w or one per column; bias in the same steps. acc has zero point 0.
///
/// Zero points: w has none (0). Where x has one, zx, a bias is required, and whoever builds the node puts
/// -zx * sum_i w[i, j] into it: the node sums codes as they are.
struct Dense {
  bool operator==(const Dense&) const = default;
};

/// y = base[c] + sign[c] * (number of k with x >= threshold[c, k]).
///
/// Shapes  x codes [..., n], thresholds codes [n or 1, K]; base and sign one element or one per channel
///
/// Units   thresholds are plain integers, codes of x (type: scale 1, zero point 0)
///
/// Each row of thresholds ascends; a row with fewer steps repeats thresholds above the range of x. sign is +1
/// where the chain rises and -1 where it falls (a negative scale). The output's type carries scale and
/// zeroPoint; its range follows from base, sign, the thresholds and the range of x.
struct Threshold {
  std::vector<std::int64_t> base{0};
  std::vector<std::int8_t> sign{1};
  std::vector<double> scale{1};  ///< real units per output code, one or one per channel
  std::int64_t zeroPoint = 0;
  bool operator==(const Threshold&) const = default;
};

/// y = table[c, x - first]; first = the lowest code of x's range, or below it.
///
/// Shapes  x codes [..., n], table codes [n or 1, entries]
///
/// Units   scale (one) and zero point of the output are those of the table's type
///
/// The range of the output is that of the entries that x can reach.
struct Lookup {
  std::int64_t first = 0;
  bool operator==(const Lookup&) const = default;
};

/// y = clamp((a[c] * x + b[c]) >> shift, range), >> rounding to minus infinity.
///
/// Shapes  x codes [..., n], a and b codes [n or 1]
///
/// Units   a and b are plain integers (type: scale 1, zero point 0)
///
/// With tieToEven the division by 2^shift rounds to nearest instead, ties to the even code: with v = a*x + b
/// and shift >= 1, (v + 2^(shift-1) - 1 + bit `shift` of v) >> shift. Ties of a quantizer cannot be had from
/// b alone. v stays within 63 bits. The proven range of y may be narrower than `range`.
struct Rescale {
  std::uint32_t shift = 0;
  fixed::Interval range;
  bool tieToEven = false;
  std::vector<double> scale{1};  ///< real units per output code, one or one per channel
  std::int64_t zeroPoint = 0;
  bool operator==(const Rescale&) const = default;
};

/// y = sum_k x_k * 2^shift[k], all inputs of one shape: a merge on the common dyadic grid.
///
/// Units   scale(x_k) / 2^shift[k] must be the same number for all k: it is the scale of y. Its zero point
///         is the sum of zeroPoint(x_k) * 2^shift[k].
struct Merge {
  std::vector<std::uint32_t> shift;
  bool operator==(const Merge&) const = default;
};

/// Indices of the k largest elements along the last axis, largest first; of equal ones the lower index first.
/// Output: codes [..., k] in [0, n-1], scale 1. k = 1 is arg-max.
/// It is of the integer dialect where its input is codes of one scale (then codes order as real values do);
/// of real numbers, or of codes of several scales, it compares the real values and is of the real dialect
/// (isInteger, graph.h).
struct TopK {
  std::int64_t k = 1;
  bool operator==(const TopK&) const = default;
};

/// acc[o, j] = bias[j] + sum_{k, i} w[k, i, j] * x[o * stride - padBefore + k * dilation, i], exact; padding
/// counts as the code that stands for real zero, x's zero point.
///
/// Shapes  as Conv (ops_real.h): x codes [spatial..., cin], w codes [kernel..., cin / groups, cout], a constant,
///         optional bias codes [cout] -> codes [spatial'..., cout]
///
/// Units and zero points as Dense; where every group reads one channel, x may have a scale per channel.
struct CodeConv {
  Window window;
  std::int64_t groups = 1;
  bool operator==(const CodeConv&) const = default;
};

/// CodeConv (or, without spatial axes, Dense) as a fixed-point accumulator computes it, term by term:
///
///   acc = fit(bias);  acc = fit(acc + fit(round(w * x / 2^shift)))  in the order of the kernel's places
///   (row-major), then channels;  fit = overflow into `range`
///
/// hls4ml's emulation. With `wrap` the order does not matter. Padding counts as zero.
///
/// Units  of the result and the bias: scale(x) * scale(w) * 2^shift. Zero points are 0.
struct AccumulateConv {
  Window window;
  std::int64_t groups = 1;
  std::uint32_t shift = 0;
  Rounding rounding = Rounding::floor;
  Overflow overflow = Overflow::wrap;
  fixed::Interval range;
  bool operator==(const AccumulateConv&) const = default;
};

/// y[..., i, j] = sum_k (x[..., i, k] - zx) * (w[..., k, j] - zw) of two computed codes tensors of one scale each.
/// Shapes  as MatMul. Units  scale(x) * scale(w), exact in double; zero point 0.
struct CodeMatMul {
  bool operator==(const CodeMatMul&) const = default;
};

enum class CodeBinaryKind : std::uint8_t {
  multiply,  ///< (x - zx) * (y - zy); scales multiply (one each, or per element), zero point 0
  minimum,   ///< of codes of the same scale and zero point
  maximum,
};
/// Element by element, with numpy's broadcasting.
struct CodeBinary {
  CodeBinaryKind kind = CodeBinaryKind::multiply;
  bool operator==(const CodeBinary&) const = default;
};

/// y = table[c, (x0 - first0) * span1 + (x1 - first1)], any function of two codes.
///
/// Shapes  x0, x1 codes [..., n] of one shape, table codes [n or 1, span0 * span1]
struct PairLookup {
  std::int64_t first0 = 0, first1 = 0;
  std::int64_t span1 = 1;
  bool operator==(const PairLookup&) const = default;
};

/// y[i] = overflow(round(x[i] / 2^shift[i]), range[i]): the conversion of one fixed-point format to another.
/// shift may be negative (a left shift). shift, ranges and scale have one element, one per channel or one per
/// element. x has zero point 0; scale of y = scale(x[i]) * 2^shift[i].
struct Requantize {
  std::vector<std::int64_t> shift{0};
  fixed::Interval range;  ///< where `ranges` is given: their hull
  Rounding rounding = Rounding::floor;
  Overflow overflow = Overflow::wrap;
  std::vector<fixed::Interval> ranges{};
  bool operator==(const Requantize&) const = default;
};

}  // namespace sluice::ir

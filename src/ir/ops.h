#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fixed/rounding.h"
#include "ir/type.h"

/// The operations of the graph, each a plain struct of its attributes. A node is one of them plus its
/// tensors.
///
/// Two dialects share the graph, and passes turn the first into the second piece by piece:
///
///   real     what a framework says: quantize, matMul, batchNormalize, relu, ...; elements are real numbers
///   integer  what hardware does: dense, threshold, lookup, rescale, ...; elements are codes
///
/// A real operation may read a codes tensor: it then sees the real values the codes stand for.
/// A lowered graph is a real prologue (up to the first quantizers), an integer middle, which alone becomes
/// hardware, and a real epilogue (scale, softmax, ...), which the host computes.
namespace sluice::ir {

using fixed::Rounding;

// ---- real dialect ----

/// Network input; no tensors in, one out, whose type is given.
struct Input {
  bool operator==(const Input&) const = default;
};

/// code = clamp(round(x / scale + zeroPoint), range), a codes tensor. `scale` has one element or one per
/// channel (last axis); the output's type carries scale, zero point and range.
struct Quantize {
  std::vector<double> scale;
  std::int64_t zeroPoint = 0;
  fixed::Interval range;
  Rounding rounding = Rounding::halfEven;
  bool operator==(const Quantize&) const = default;
};

/// QONNX BipolarQuant: +scale where x >= 0, else -scale. Codes are -1 and +1.
struct Bipolar {
  double scale = 1;
  bool operator==(const Bipolar&) const = default;
};

/// y[..., j] = sum_i x[..., i] * w[i, j].  x [..., n], w [n, m] -> [..., m]
struct MatMul {
  bool operator==(const MatMul&) const = default;
};

/// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel (last axis). Inputs x, gamma, beta,
/// mean, variance.
struct BatchNormalize {
  double epsilon = 1e-5;
  bool operator==(const BatchNormalize&) const = default;
};

enum class BinaryKind : std::uint8_t { add, subtract, multiply, divide, power };
/// Element by element, with numpy's broadcasting.
struct Binary {
  BinaryKind kind = BinaryKind::add;
  bool operator==(const Binary&) const = default;
};

enum class UnaryKind : std::uint8_t { relu, sigmoid, tanh, negate, identity };
struct Unary {
  UnaryKind kind = UnaryKind::relu;
  bool operator==(const Unary&) const = default;
};

/// Over the last axis. The largest input is subtracted first.
struct Softmax {
  bool operator==(const Softmax&) const = default;
};

/// Same elements in the same row-major order, new shape.
struct Reshape {
  Shape shape;
  bool operator==(const Reshape&) const = default;
};

/// y = x with its axes permuted.
struct Transpose {
  std::vector<std::int64_t> permutation;
  bool operator==(const Transpose&) const = default;
};

// ---- integer dialect: exact, every result inside the range of its type ----

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

using Operation = std::variant<Input, Quantize, Bipolar, MatMul, BatchNormalize, Binary, Unary, Softmax,
                               Reshape, Transpose, Dense, Threshold, Lookup, Rescale, Merge, TopK>;

/// One row of the op table.
struct OpInfo {
  const char* name;  ///< as written in the text form: "dense"
  int minInputs, maxInputs;
  bool integer;         ///< of the integer dialect
  const char* summary;  ///< one line for `sluice dump --help` and the docs
};
/// The row for an operation. The table is in the order of the variant.
const OpInfo& info(const Operation& operation);
const std::vector<OpInfo>& opTable();

}  // namespace sluice::ir

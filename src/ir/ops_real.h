#pragma once

#include <cstdint>
#include <vector>

#include "fixed/interval.h"
#include "fixed/overflow.h"
#include "fixed/rounding.h"

/// Operations on real numbers, as frameworks say them (see ops.h). Channels are the last axis; there is no batch
/// axis. What is not here is composed: average of several = add and multiply by 1/n, hard tanh = clip,
/// separable convolution = two Conv, arg-max = TopK, dot along other axes = Transpose and MatMul, global pool
/// = Reduce, dropout = nothing.
namespace sluice::ir {

using fixed::Overflow;
using fixed::Rounding;

/// Network input; no tensors in, one out, whose type is given.
struct Input {
  bool operator==(const Input&) const = default;
};

/// code = overflow(round(x / scale + zeroPoint), range), a codes tensor of that scale, zero point and range.
///
/// scale, ranges and zeroPoints have one element, one per channel (last axis), or one per element of the tensor:
/// element i takes [i % size]. A range {0, 0} is a format of no bits: the element is constant.
///
/// Covers  ap_fixed<W, I, mode, overflow>: scale 2^(I-W), range of W bits. Power-of-two and float scales alike.
///         QONNX Quant with every rounding mode; HGQ's formats per element (`ranges`).
struct Quantize {
  std::vector<double> scale;
  std::int64_t zeroPoint = 0;
  fixed::Interval range;  ///< where `ranges` is given: their hull
  Rounding rounding = Rounding::halfEven;
  Overflow overflow = Overflow::saturate;
  std::vector<fixed::Interval> ranges{};  ///< empty: `range` for all
  /// Zero points that differ. Empty: `zeroPoint` for all. Else zeroPoint must be 0; rounding and overflow are
  /// done with zeroPoints[i] as above (ties look at the code with it), then it is subtracted, so that the
  /// result has zero point 0 and the ranges [lo - zeroPoints[i], hi - zeroPoints[i]].
  std::vector<std::int64_t> zeroPoints{};
  bool operator==(const Quantize&) const = default;
};

/// Minifloat: y = scale * (x / scale rounded to a float of `exponentBits` and `mantissaBits`, with subnormal
/// numbers), for FloatQuant. The largest magnitude is `largest` (in units of scale); beyond it saturates.
/// The result is codes, in steps of scale * 2^(1 - exponentBias - mantissaBits), where the largest stays below
/// 2^53 steps; else it is real.
struct QuantizeFloat {
  double scale = 1;
  std::uint32_t exponentBits = 4, mantissaBits = 3;
  std::int64_t exponentBias = 7;
  double largest = 480;
  Rounding rounding = Rounding::halfEven;
  bool operator==(const QuantizeFloat&) const = default;
};

/// Power of two: y = sign(x) * 2^clamp(round(log2 |x|), lowest, highest); 0 counts as positive and gives
/// 2^lowest. `negative` false: x < 0 gives 2^lowest too. Codes of scale 2^lowest. QKeras quantized_po2.
struct QuantizePower {
  std::int64_t lowest = -8, highest = 0;
  Rounding rounding = Rounding::halfEven;
  bool negative = true;
  bool operator==(const QuantizePower&) const = default;
};

/// QONNX BipolarQuant: +scale where x >= 0, else -scale. Codes are -1 and +1.
struct Bipolar {
  double scale = 1;
  bool operator==(const Bipolar&) const = default;
};

/// y[..., i, j] = sum_k x[..., i, k] * w[..., k, j].
///
/// Shapes  x [..., n], w [n, m] -> [..., m];  or, of equal leading axes, x [..., a, n], w [..., n, m] ->
///         [..., a, m]. Either may be computed or constant.
struct MatMul {
  bool operator==(const MatMul&) const = default;
};

/// How a window moves over the spatial axes (all but the last); one entry per spatial axis, or none for the
/// default. y[o] sees x[o * stride - padBefore + k * dilation] for each place k of the kernel.
/// Output extent (in + padBefore + padAfter - dilation * (kernel - 1) - 1) / stride + 1, rounded down.
struct Window {
  std::vector<std::int64_t> strides{};                ///< default 1
  std::vector<std::int64_t> dilations{};              ///< default 1
  std::vector<std::int64_t> padBefore{}, padAfter{};  ///< default 0
  bool operator==(const Window&) const = default;
};

/// Convolution (correlation, as in all frameworks). Padding is real zero.
///
/// Shapes  x [spatial..., cin], w [kernel..., cin / groups, cout], maybe bias [cout] -> [spatial'..., cout];
///         any number of spatial axes. Group g reads input channels [g * cin / groups, (g+1) * cin / groups)
///         and gives output channels [g * cout / groups, (g+1) * cout / groups). Depthwise: groups = cin.
struct Conv {
  Window window;
  std::int64_t groups = 1;
  bool operator==(const Conv&) const = default;
};

/// Transposed convolution: x[i] * w[k] is added to y[i * stride - padBefore + k * dilation].
///
/// Shapes  x [spatial..., cin], w [kernel..., cin / groups, cout], maybe bias [cout] -> [spatial'..., cout] with
///         extent (in - 1) * stride + dilation * (kernel - 1) + 1 - padBefore - padAfter + outputPad
struct ConvTranspose {
  Window window;
  std::vector<std::int64_t> outputPad{};
  std::int64_t groups = 1;
  bool operator==(const ConvTranspose&) const = default;
};

/// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel (last axis). Inputs x, gamma, beta,
/// mean, variance.
struct BatchNormalize {
  double epsilon = 1e-5;
  bool operator==(const BatchNormalize&) const = default;
};

/// y = gamma * (x - mean(x)) / sqrt(variance(x) + epsilon) + beta, mean and variance (divided by n) over the
/// last `axes` axes. Inputs x, gamma, beta, both of the shape of those axes.
struct LayerNormalize {
  double epsilon = 1e-5;
  std::int64_t axes = 1;
  bool operator==(const LayerNormalize&) const = default;
};

enum class BinaryKind : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  power,
  minimum,
  maximum,
  prelu,  ///< x >= 0 ? x : slope * x; the second operand is the slope
};
/// Element by element, with numpy's broadcasting.
struct Binary {
  BinaryKind kind = BinaryKind::add;
  bool operator==(const Binary&) const = default;
};

enum class UnaryKind : std::uint8_t {
  relu,
  sigmoid,
  tanh,
  negate,
  identity,
  absolute,
  sign,  ///< -1, 0, 1
  floor,
  ceil,
  round,  ///< ties to even
  exp,
  log,
  sqrt,
  erf,
  softplus,         ///< log(1 + exp(x))
  softsign,         ///< x / (1 + |x|)
  gelu,             ///< x * (1 + erf(x / sqrt(2))) / 2
  geluTanh,         ///< x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2
  mish,             ///< x * tanh(softplus(x))
  swish,            ///< x * sigmoid(alpha * x)
  leakyRelu,        ///< x >= 0 ? x : alpha * x
  elu,              ///< x >= 0 ? x : alpha * (exp(x) - 1)
  celu,             ///< x >= 0 ? x : alpha * (exp(x / alpha) - 1)
  selu,             ///< x >= 0 ? beta * x : beta * alpha * (exp(x) - 1)
  thresholdedRelu,  ///< x > alpha ? x : 0
  clip,             ///< min(max(x, alpha), beta): relu6 is clip(0, 6), hard tanh clip(-1, 1)
  hardSigmoid,      ///< min(max(alpha * x + beta, 0), 1): Keras 0.2, 0.5 (Keras 3 and torch 1/6, 0.5)
  hardSwish,        ///< x * hardSigmoid(x)
  rampRelu,         ///< Keras ReLU: x >= beta ? beta : x >= gamma ? x : alpha * (x - gamma); beta may be inf
};
struct Unary {
  UnaryKind kind = UnaryKind::relu;
  double alpha = 0, beta = 0, gamma = 0;  ///< where the kind says so; else 0
  bool operator==(const Unary&) const = default;
};

/// Over the last axis. The largest input is subtracted first.
struct Softmax {
  bool operator==(const Softmax&) const = default;
};

}  // namespace sluice::ir

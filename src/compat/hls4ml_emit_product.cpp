#include <algorithm>
#include <cmath>

#include "compat/hls4ml_emit.h"

/// Dense, convolution and batch normalization.
///
/// hls4ml's product (nnet_dense_latency.h) assigns each product to the accumulator's type, sets the accumulator to the
/// bias, and adds product after product, assigning each sum. Where products lose no bits and sums wrap, the order
/// does not matter and the sum may be exact and wrap at the end: the fast path. Everything else is AccumulateConv.
namespace sluice::compat {
namespace {

using fixed::ApFormat;
using ir::TensorId;

/// Whether no partial sum leaves the accumulator.
bool neverOverflows(const std::vector<std::int64_t>& weights, const std::vector<std::int64_t>& bias,
                    fixed::Interval x, const ApFormat& accum) {
  const double largest = std::max(std::fabs(static_cast<double>(x.lo)), std::fabs(static_cast<double>(x.hi)));
  std::vector<double> sums(bias.size());
  for (std::size_t j = 0; j < bias.size(); ++j) sums[j] = std::fabs(static_cast<double>(bias[j]));
  for (std::size_t i = 0; i < weights.size(); ++i)
    sums[i % bias.size()] += std::fabs(static_cast<double>(weights[i])) * largest;
  // Sums of doubles: leave a margin for their rounding.
  const double limit = static_cast<double>(accum.range().hi) * (1 - 0x1p-30);
  return accum.isSigned && std::all_of(sums.begin(), sums.end(), [&](double sum) { return sum < limit; });
}

/// The layer that hls4ml puts in front of a padded convolution where data come as streams.
Result<Value> padded(Emitter& emitter, const Value& x, ir::Conv& conv) {
  const auto any = [](const std::vector<std::int64_t>& list) {
    return std::any_of(list.begin(), list.end(), [](std::int64_t n) { return n != 0; });
  };
  if (!emitter.ioStream() || (!any(conv.window.padBefore) && !any(conv.window.padAfter))) return x;
  ir::Pad pad{.before = conv.window.padBefore, .after = conv.window.padAfter};
  const std::size_t axes = emitter.shape(x.tensor).size() - 1;
  pad.before.resize(axes), pad.after.resize(axes);
  pad.before.push_back(0), pad.after.push_back(0);
  SLUICE_TRY(const TensorId tensor, emitter.add("padded", pad, {x.tensor}));
  conv.window.padBefore.clear(), conv.window.padAfter.clear();
  const std::string dimension = std::to_string(axes) + "d";
  emitter.insert("zp" + dimension + "_" + emitter.layer().name, axes == 1 ? "ZeroPadding1D" : "ZeroPadding2D",
                 {tensor, x.format});
  return Value{tensor, x.format};
}

}  // namespace

Result<Value> emitProduct(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  ApFormat weightType = *layer.weightType;
  if (layer.binaryWeight) weightType = {.width = 2, .integer = 2};
  const ApFormat biasType = *layer.biasType, accum = *layer.accum;
  if (weightType.width > 53 || biasType.width > 53 || accum.width > 62)
    return unsupported("weights of more than 53 bits or an accumulator of more than 62");
  std::vector<std::int64_t> weights = printedCodes(layer.weight, weightType);
  std::vector<std::int64_t> bias = printedCodes(layer.bias, biasType);
  bool saturates = accum.saturationBits != 0 || accum.overflow != fixed::Overflow::wrap;
  for (std::int64_t& code : bias)
    code = static_cast<std::int64_t>(fixed::convert({biasType, code}, accum).code);

  ir::Conv conv;
  if (const auto* given = std::get_if<ir::Conv>(&layer.operation)) conv = *given;
  SLUICE_TRY(const Value x, padded(emitter, emitter.input(), conv));
  // Where the accumulator is finer than the product, the weights are made as fine.
  int weightFraction = weightType.fraction();
  int shift = x.format.fraction() + weightFraction - accum.fraction();
  if (shift < 0) {
    if (weightType.width - shift > 60) return unsupported("an accumulator much finer than its products");
    for (std::int64_t& code : weights) code *= std::int64_t{1} << -shift;
    weightFraction -= shift;
    shift = 0;
  }
  if (shift > 61) return unsupported("an accumulator much coarser than its products");
  const bool safe = shift == 0 && neverOverflows(weights, bias, emitter.range(x.tensor), accum);
  if (safe) saturates = false;
  if (saturates && (accum.saturationBits != 0 || accum.overflow == fixed::Overflow::wrapSignMagnitude))
    return unsupported(
        "an accumulator with AP_WRAP_SM or saturation bits that may overflow is not reproduced");
  if (saturates && layer.strategy.starts_with("resource"))
    emitter.warn("its accumulator " + fixed::text(accum) +
                 " may saturate, and strategy Resource adds in another order than is reproduced here");

  const TensorId w = emitter.constant("weight", layer.weightShape, std::move(weights), weightFraction);
  const auto count = static_cast<std::int64_t>(bias.size());
  const TensorId b = emitter.constant("bias", {count}, std::move(bias), accum.fraction());
  const bool vector = layer.kind == LayerKind::dense;
  Value acc;
  acc.format = accum;
  if (shift == 0 && !saturates) {
    const ir::Operation operation =
        vector ? ir::Operation(ir::Dense{})
               : ir::Operation(ir::CodeConv{.window = conv.window, .groups = conv.groups});
    SLUICE_TRY(acc.tensor, emitter.add("accum", operation, {x.tensor, w, b}));
    SLUICE_TRY(acc, emitter.convert(emitter.exact(acc.tensor, accum.fraction()), accum, "wrapped"));
  } else {
    SLUICE_TRY(acc.tensor, emitter.add("accum",
                                       ir::AccumulateConv{.window = conv.window,
                                                          .groups = conv.groups,
                                                          .shift = static_cast<std::uint32_t>(shift),
                                                          .rounding = accum.rounding,
                                                          .overflow = accum.overflow,
                                                          .range = accum.range()},
                                       {x.tensor, w, b}));
    if (accum.overflow == fixed::Overflow::wrap && emitter.range(acc.tensor).hi == accum.range().hi)
      emitter.mayWrap();
  }
  return emitter.convert(acc, *layer.result);
}

/// y = scale * x + bias, exactly, then assigned (nnet_batchnorm.h).
Result<Value> emitBatchNorm(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const ApFormat scaleType = *layer.weightType, biasType = *layer.biasType;
  if (scaleType.width > 53 || biasType.width > 53) return unsupported("a scale or bias of more than 53 bits");
  std::vector<std::int64_t> scale = printedCodes(layer.weight, scaleType),
                            bias = printedCodes(layer.bias, biasType);
  const Value x = emitter.input();
  const int fraction = std::max(x.format.fraction() + scaleType.fraction(), biasType.fraction());
  const int finer = fraction - x.format.fraction() - scaleType.fraction(),
            lift = fraction - biasType.fraction();
  if (finer + scaleType.width > 61 || lift + biasType.width > 61)
    return unsupported("scale and bias far apart");
  for (std::int64_t& code : scale) code *= std::int64_t{1} << finer;
  for (std::int64_t& code : bias) code *= std::int64_t{1} << lift;
  SLUICE_TRY(const Value y, emitter.affine(x, scale, bias, fraction - x.format.fraction(), "normalized"));
  return emitter.convert(y, *layer.result);
}

}  // namespace sluice::compat

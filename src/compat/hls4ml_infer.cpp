#include <algorithm>
#include <bit>
#include <cmath>

#include "compat/hls4ml_layer.h"

/// hls4ml's infer_precision_types: "auto" types from the types of the inputs, never from values. Accumulators hold every
/// sum, so they grow by the bits of the number of terms; activations get the model's default type.
namespace sluice::compat {
namespace {

using fixed::ApFormat;

int bitsOfCount(std::int64_t count) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count) - 1));  // ceil(log2(count))
}

ApFormat bounded(int width, int integer, bool isSigned, const Type& maximum) {
  if (maximum) {
    width = std::min(width, maximum->width);
    integer = std::min(integer, maximum->integer);
  }
  return ApFormat{.width = width, .integer = integer, .isSigned = isSigned};
}

/// The integer bits that hold either number, in the signedness of the result.
int integerOfBoth(const ApFormat& a, const ApFormat& b) {
  return std::max(a.integer + (b.isSigned && !a.isSigned ? 1 : 0),
                  b.integer + (a.isSigned && !b.isSigned ? 1 : 0));
}

ApFormat sumType(const ApFormat& input, const ApFormat& weight, const ApFormat& bias, std::int64_t terms,
                 const Type& maximum) {
  const int growth = bitsOfCount(terms);
  const ApFormat product{.width = weight.width + input.width + growth,
                         .integer = weight.integer + input.integer + growth,
                         .isSigned = weight.isSigned || input.isSigned};
  const int integer = integerOfBoth(product, bias) + 1;
  return bounded(integer + std::max(product.fraction(), bias.fraction()), integer,
                 product.isSigned || bias.isSigned, maximum);
}

/// A type that holds a constant: its sign, integer and fraction bits, of these at most eight in all.
ApFormat constantType(double value) {
  if (value == 0) return {.width = 1, .integer = 1, .isSigned = false};
  const bool negative = value < 0;
  // The least fraction that holds it, from its float64 form; the least integer bits, maybe negative.
  int fraction = 0, integer = 0;
  double scaled = value;
  while (scaled != std::floor(scaled) && fraction < 64) scaled *= 2, ++fraction;
  while (scaled == 2 * std::floor(scaled / 2) && fraction > -64) scaled /= 2, --fraction;
  const double magnitude = negative ? -value : value;
  while (std::ldexp(1.0, integer) <= magnitude && (!negative || std::ldexp(1.0, integer) < magnitude))
    ++integer;
  while (integer > -64 &&
         (negative ? std::ldexp(1.0, integer - 1) >= magnitude : std::ldexp(1.0, integer - 1) > magnitude))
    --integer;
  const int sign = negative ? 1 : 0;
  const int width = std::min(sign + integer + fraction, sign + 8);
  return {.width = width, .integer = sign + integer, .isSigned = negative};
}

std::int64_t terms(const Layer& layer) {
  std::int64_t count = 1;
  for (std::size_t i = 0; i + 1 < layer.weightShape.size(); ++i) count *= layer.weightShape[i];
  return count;
}

ApFormat mergeType(const Layer& layer, const ApFormat& a, const ApFormat& b, const Type& maximum) {
  const bool isSigned = a.isSigned || b.isSigned;
  switch (layer.merge) {
    case MergeKind::add:
    case MergeKind::subtract:
    case MergeKind::average: {
      const int integer = integerOfBoth(a, b) + 1;
      return bounded(integer + std::max(a.fraction(), b.fraction()), integer,
                     isSigned || layer.merge == MergeKind::subtract, maximum);
    }
    case MergeKind::multiply:
      return bounded(a.width + b.width, a.integer + b.integer, isSigned, maximum);
    case MergeKind::maximum:
    case MergeKind::minimum: {
      if (a == b) return a;
      const int integer = integerOfBoth(a, b);
      return {
          .width = std::max(a.fraction(), b.fraction()) + integer, .integer = integer, .isSigned = isSigned};
    }
  }
  return a;
}

ApFormat concatenatedType(const ApFormat& a, const ApFormat& b, const Type& maximum) {
  if (a == b) return a;
  const int integer = integerOfBoth(a, b);
  ApFormat type =
      bounded(std::max(a.fraction(), b.fraction()) + integer, integer, a.isSigned || b.isSigned, maximum);
  type.rounding = a.rounding != fixed::Rounding::floor ? a.rounding : b.rounding;
  type.overflow = a.overflow != fixed::Overflow::wrap ? a.overflow : b.overflow;
  type.saturationBits = a.saturationBits != 0 ? a.saturationBits : b.saturationBits;
  return type;
}

}  // namespace

void inferTypes(Network& network, std::size_t at, const ApFormat& defaultType, const Type& maximum) {
  Layer& layer = network.layers[at];
  const auto orDefault = [&](Type& type) {
    if (!type) type = defaultType;
  };
  const auto input = [&](std::size_t i) { return *network.layers[layer.inputs[i]].result; };
  switch (layer.kind) {
    case LayerKind::dense:
    case LayerKind::conv: {
      if (!layer.weightType) layer.weightType = layer.weightQuantizer ? *layer.weightQuantizer : defaultType;
      if (!layer.biasType) layer.biasType = layer.biasQuantizer ? *layer.biasQuantizer : defaultType;
      const ApFormat sum = layer.binaryWeight
                               ? defaultType
                               : sumType(input(0), *layer.weightType, *layer.biasType, terms(layer), maximum);
      if (!layer.accum) layer.accum = sum;
      if (!layer.result) layer.result = sum;
      return;
    }
    case LayerKind::batchNorm:
      orDefault(layer.weightType);
      orDefault(layer.biasType);
      if (!layer.result) layer.result = sumType(input(0), *layer.weightType, *layer.biasType, 1, maximum);
      return;
    case LayerKind::pool:
      if (!layer.accum) {
        layer.accum = input(0);
        if (layer.average) {
          std::int64_t count = 1;
          for (const std::int64_t extent : std::get<ir::Pool>(layer.operation).kernel) count *= extent;
          const ApFormat x = input(0);
          layer.accum = ApFormat{.width = x.width + 2 * bitsOfCount(count),
                                 .integer = x.integer + bitsOfCount(count),
                                 .isSigned = x.isSigned};
        }
      }
      if (!layer.result) layer.result = input(0);
      return;
    case LayerKind::reshape:
    case LayerKind::move:
      layer.result = input(0);
      return;
    case LayerKind::merge:
      if (!layer.result) layer.result = mergeType(layer, input(0), input(1), maximum);
      return;
    case LayerKind::concatenate:
      if (!layer.result) layer.result = concatenatedType(input(0), input(1), maximum);
      return;
    case LayerKind::activation:
      if (!layer.parameterType) {
        if (layer.function == Function::thresholdedRelu || layer.function == Function::prelu)
          layer.parameterType = input(0);
        else if (layer.function == Function::leakyRelu || layer.function == Function::elu)
          layer.parameterType = constantType(layer.parameter);
      }
      orDefault(layer.result);
      return;
    case LayerKind::input:
    case LayerKind::softmax:
    case LayerKind::globalPool:
      orDefault(layer.accum);
      orDefault(layer.result);
      return;
  }
}

}  // namespace sluice::compat

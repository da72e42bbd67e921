#include <algorithm>
#include <cctype>
#include <cmath>

#include "fixed/exact.h"
#include "frontend/importer.h"

/// QONNX's quantizers.
///
///   Quant         code = clamp(round(x / scale + zeroPoint)), y = scale * (code - zeroPoint)
///   BipolarQuant  code = x >= 0 ? 1 : -1,                     y = scale * code
///   Trunc         drops low bits of a code: see importTrunc
///
/// A quantizer of a constant is carried out here, exactly: weight and scale are taken as the numbers they are
/// and ties are decided in integers (fixed::quantize), not by what a float32 division happens to give. So
/// weights reach the graph as codes. Scales of a weight may lie on any one axis (Brevitas puts them on the
/// outputs, axis 0, before the Transpose); a quantizer of a computed tensor has one scale, or one per channel
/// on the last axis.
///
/// Source  the operators' definition in the QONNX repository (docs/qonnx-custom-ops), and the reference
///         implementation's rules for ranges: narrow takes the lowest code of a signed range and the highest
///         of an unsigned one.
namespace sluice::frontend {

namespace {

constexpr std::int64_t maxBits = 32;

struct QuantizerSettings {
  std::vector<double> scale;
  ir::Shape scaleShape;
  std::int64_t zeroPoint = 0;
  fixed::Interval range;
  fixed::Rounding rounding = fixed::Rounding::halfEven;
};

Result<fixed::Rounding> roundingMode(const std::string& text) {
  std::string upper;
  for (const char c : text) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  using fixed::Rounding;
  constexpr std::pair<const char*, Rounding> modes[] = {
      {"ROUND", Rounding::halfEven},
      {"HALF_EVEN", Rounding::halfEven},
      {"CEIL", Rounding::ceil},
      {"FLOOR", Rounding::floor},
      {"UP", Rounding::awayFromZero},
      {"DOWN", Rounding::towardZero},
      {"HALF_UP", Rounding::halfAwayFromZero},
      {"HALF_DOWN", Rounding::halfTowardZero},
      {"ROUND_TO_ZERO", Rounding::towardZero},
  };
  for (const auto& [name, mode] : modes)
    if (upper == name) return mode;
  return unsupported(
      "rounding mode '" + shown(text) +
      "' is not known; ROUND, CEIL, FLOOR, UP, DOWN, HALF_UP, HALF_DOWN and ROUND_TO_ZERO are");
}

/// Every scale positive and finite.
Result<std::vector<double>> scales(const Constant& constant) {
  if (constant.symbolic) return unsupported("the scale depends on the batch size");
  if (constant.size() == 0) return badInput("the scale has no elements");
  std::vector<double> list(constant.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i] = constant.real(i);
    if (!(list[i] > 0) || !std::isfinite(list[i]))
      return badInput("the scale " + std::to_string(list[i]) + " is not a positive number");
  }
  if (std::all_of(list.begin(), list.end(), [&](double s) { return s == list[0]; })) list.resize(1);
  return list;
}

Result<std::int64_t> bitWidth(const Call& call, std::size_t i, const char* what) {
  SLUICE_TRY(const double bits, call.scalarInput(i, what));
  if (!(bits >= 1) || bits != std::floor(bits))
    return badInput(std::string(what) + " is " + std::to_string(bits) + ", not a whole number of at least 1");
  if (bits > static_cast<double>(maxBits))
    return unsupported(std::string(what) + " is " + std::to_string(bits) +
                       "; quantizers have 1 to 32 bits here");
  return static_cast<std::int64_t>(bits);
}

Result<std::int64_t> zeroPointInput(const Call& call, std::size_t i) {
  SLUICE_TRY(const double zero, call.scalarInput(i, "the zero point"));
  if (zero != std::floor(zero) || std::abs(zero) > 0x1p32)
    return unsupported("the zero point " + std::to_string(zero) + " is not a whole number within 32 bits");
  return static_cast<std::int64_t>(zero);
}

Result<fixed::Interval> codeRange(std::int64_t bits, bool isSigned, bool narrow) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  const fixed::Interval range = isSigned ? fixed::Interval{narrow ? 1 - half : -half, half - 1}
                                         : fixed::Interval{0, 2 * half - (narrow ? 2 : 1)};
  if (range.lo == range.hi) return unsupported("a narrow quantizer of 1 bit has a single code");
  return range;
}

Result<fixed::Interval> rangeFromAttributes(const Call& call, std::int64_t bits) {
  SLUICE_TRY(const std::int64_t isSigned, call.integer("signed", 1));
  SLUICE_TRY(const std::int64_t narrow, call.integer("narrow", 0));
  return codeRange(bits, isSigned != 0, narrow != 0);
}

/// The axis of a tensor of rank `rank` along which scales of this shape differ. Errors: unsupported if
/// several.
Result<std::int64_t> scaleAxis(const ir::Shape& scaleShape, const ir::Shape& shape) {
  std::int64_t axis = -1;
  if (scaleShape.size() > shape.size())
    return badInput("a scale of shape " + shapeText(scaleShape) + " for a tensor of shape " +
                    shapeText(shape));
  const std::size_t missing = shape.size() - scaleShape.size();
  for (std::size_t i = 0; i < scaleShape.size(); ++i) {
    if (scaleShape[i] == 1) continue;
    if (scaleShape[i] != shape[missing + i])
      return badInput("a scale of shape " + shapeText(scaleShape) + " does not broadcast to " +
                      shapeText(shape));
    if (axis >= 0) return unsupported("the scale varies along several axes: shape " + shapeText(scaleShape));
    axis = static_cast<std::int64_t>(missing + i);
  }
  return axis;
}

/// Codes of the real elements. Shapes: x [.., C, ..] with one scale, or one per index of `axis`.
std::vector<std::int64_t> quantizeElements(const Constant& x, const QuantizerSettings& q, std::int64_t axis) {
  std::size_t inner = 1;
  if (q.scale.size() > 1)
    for (std::size_t k = static_cast<std::size_t>(axis) + 1; k < x.shape.size(); ++k)
      inner *= static_cast<std::size_t>(x.shape[k]);
  std::vector<std::int64_t> codes(x.size());
  for (std::size_t first = 0; first < codes.size(); first += inner) {
    const double scale = q.scale[first / inner % q.scale.size()];
    for (std::size_t i = first; i < first + inner; ++i)
      codes[i] = fixed::quantize(x.real(i), scale, q.zeroPoint, q.rounding, q.range);
  }
  return codes;
}

Status quantizeConstant(Call& call, const QuantizerSettings& q) {
  SLUICE_TRY(const std::shared_ptr<const Constant> x, call.constantInput(0, "the input"));
  if (x->symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(x->size())));
  std::int64_t axis = 0;
  if (q.scale.size() > 1) {
    SLUICE_TRY(axis, scaleAxis(q.scaleShape, x->shape));
  }
  call.define(QuantizedConstant{.shape = x->shape,
                                .codes = quantizeElements(*x, q, axis),
                                .scale = q.scale,
                                .channelAxis = axis,
                                .zeroPoint = q.zeroPoint,
                                .range = q.range});
  return {};
}

Status quantizeRuntime(Call& call, const QuantizerSettings& q) {
  if (q.scale.size() > 1) {
    ir::Shape fileShape = call.sampleShape(0);
    if (call.input(0).batched) fileShape.insert(fileShape.begin(), 1);
    SLUICE_TRY(const std::int64_t axis, scaleAxis(q.scaleShape, fileShape));
    if (axis + 1 != static_cast<std::int64_t>(fileShape.size()))
      return unsupported("the scale varies along axis " + std::to_string(axis) + " of " +
                         shapeText(fileShape) + "; scales per channel are supported on the last axis");
  }
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  return call.finish(
      ir::Quantize{.scale = q.scale, .zeroPoint = q.zeroPoint, .range = q.range, .rounding = q.rounding}, {x},
      call.input(0).batched);
}

}  // namespace

Status importQuant(Call& call) {
  QuantizerSettings q;
  SLUICE_TRY(const std::shared_ptr<const Constant> scale, call.constantInput(1, "the scale"));
  SLUICE_TRY(q.scale, scales(*scale));
  q.scaleShape = scale->shape;
  SLUICE_TRY(q.zeroPoint, zeroPointInput(call, 2));
  SLUICE_TRY(const std::int64_t bits, bitWidth(call, 3, "the bit width"));
  SLUICE_TRY(q.range, rangeFromAttributes(call, bits));
  SLUICE_TRY(const std::string mode, call.text("rounding_mode", "ROUND"));
  SLUICE_TRY(q.rounding, roundingMode(mode));
  return call.input(0).isConstant() ? quantizeConstant(call, q) : quantizeRuntime(call, q);
}

Status importBipolarQuant(Call& call) {
  SLUICE_TRY(const std::shared_ptr<const Constant> scale, call.constantInput(1, "the scale"));
  QuantizerSettings q;
  SLUICE_TRY(q.scale, scales(*scale));
  if (!call.input(0).isConstant()) {
    if (q.scale.size() > 1) return unsupported("a BipolarQuant of a computed tensor has one scale");
    SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
    return call.finish(ir::Bipolar{.scale = q.scale[0]}, {x}, call.input(0).batched);
  }
  SLUICE_TRY(const std::shared_ptr<const Constant> x, call.constantInput(0, "the input"));
  if (x->symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(x->size())));
  std::int64_t axis = 0;
  if (q.scale.size() > 1) {
    SLUICE_TRY(axis, scaleAxis(scale->shape, x->shape));
  }
  std::vector<std::int64_t> codes(x->size());
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = x->real(i) >= 0 ? 1 : -1;
  call.define(QuantizedConstant{.shape = x->shape,
                                .codes = std::move(codes),
                                .scale = q.scale,
                                .channelAxis = axis,
                                .zeroPoint = 0,
                                .range = {-1, 1}});
  return {};
}

/// Trunc drops t low bits of a code and rounds (by default to minus infinity):
///
///   five inputs   x, scale, zeroPoint, inBits, outBits:  y = scale * round'(code / 2^t),  t = inBits -
///   outBits;
///                 the scale stays, so y is 2^t times smaller than x (the division of an average pool)
///   six inputs    x, scale, zeroPoint, inBits, outScale, outBits:  y = outScale * clamp(round'(code / 2^t)),
///                 2^t = outScale / scale; y approximates x
///
/// where code = roundHalfEven(x / scale). In the graph it is quantizers: one onto the grid of `scale`, left
/// out if x is on it already; one with scale * 2^t and the rounding of the node; and, with five inputs, a
/// division by 2^t and a quantizer that only says again that the result is a code of `scale`.
Status importTrunc(Call& call) {
  const bool sixInputs = call.inputCount() == 6;
  SLUICE_TRY(const double scale, call.scalarInput(1, "the scale"));
  if (!(scale > 0) || !std::isfinite(scale)) return badInput("the scale is not a positive number");
  SLUICE_TRY(const std::int64_t zeroPoint, zeroPointInput(call, 2));
  if (zeroPoint != 0) return unsupported("a Trunc with the zero point " + std::to_string(zeroPoint));
  SLUICE_TRY(const std::int64_t inBits, bitWidth(call, 3, "the input bit width"));
  SLUICE_TRY(const std::int64_t outBits, bitWidth(call, sixInputs ? 5 : 4, "the output bit width"));
  SLUICE_TRY(const std::string mode, call.text("rounding_mode", "FLOOR"));
  SLUICE_TRY(const fixed::Rounding rounding, roundingMode(mode));
  const bool batched = call.input(0).batched;

  double coarse = std::ldexp(scale, static_cast<int>(inBits - outBits));
  // Either sign of inBits bits: Trunc does not clamp what it reads.
  const fixed::Interval fine{-(std::int64_t{1} << (inBits - 1)), (std::int64_t{1} << inBits) - 1};
  fixed::Interval range{-(std::int64_t{1} << outBits), std::int64_t{1} << outBits};
  if (sixInputs) {
    SLUICE_TRY(coarse, call.scalarInput(4, "the output scale"));
    int exponent = 0;
    if (!(coarse > 0) || std::frexp(coarse / scale, &exponent) != 0.5 ||
        coarse != std::ldexp(scale, exponent - 1) || exponent < 1)
      return unsupported("the output scale is not the scale times a power of two of at least 1");
    SLUICE_TRY(range, rangeFromAttributes(call, outBits));
  } else if (inBits < outBits) {
    return badInput("the output bit width exceeds the input bit width");
  }

  if (call.input(0).isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> x, call.constantInput(0, "the input"));
    if (x->symbolic) return unsupported("it computes with the batch size, which the file leaves open");
    SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(x->size())));
    std::vector<std::int64_t> codes(x->size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const std::int64_t code = fixed::quantize(x->real(i), scale, 0, fixed::Rounding::halfEven,
                                                {-(std::int64_t{1} << 40), std::int64_t{1} << 40});
      if (!fine.contains(code))
        return badInput("element " + std::to_string(i) + " has code " + std::to_string(code) + ", outside " +
                        std::to_string(inBits) + " bits");
      codes[i] = fixed::quantize(static_cast<double>(code), coarse / scale, 0, rounding, range);
    }
    call.define(QuantizedConstant{.shape = x->shape,
                                  .codes = std::move(codes),
                                  .scale = {sixInputs ? coarse : scale},
                                  .channelAxis = 0,
                                  .zeroPoint = 0,
                                  .range = range});
    return {};
  }

  SLUICE_TRY(ir::TensorId x, call.tensorOf(0));
  if (!call.isOnGrid(x, scale)) {
    SLUICE_TRY(
        x, call.emit(
               ir::Quantize{
                   .scale = {scale}, .zeroPoint = 0, .range = fine, .rounding = fixed::Rounding::halfEven},
               {x}, "code"));
  }
  const ir::Quantize drop{.scale = {coarse}, .zeroPoint = 0, .range = range, .rounding = rounding};
  if (sixInputs) return call.finish(drop, {x}, batched);
  SLUICE_TRY(const ir::TensorId dropped, call.emit(drop, {x}, "truncated"));
  const Constant factor{.shape = {}, .data = std::vector<double>{scale / coarse}, .symbolic = false};
  const ir::TensorId divisor = call.addConstant("step", factor);
  SLUICE_TRY(const ir::TensorId scaled,
             call.emit(ir::Binary{ir::BinaryKind::multiply}, {dropped, divisor}, "rescaled"));
  return call.finish(
      ir::Quantize{.scale = {scale}, .zeroPoint = 0, .range = range, .rounding = fixed::Rounding::halfEven},
      {scaled}, batched);
}

}  // namespace sluice::frontend

#include <algorithm>
#include <cctype>
#include <cmath>

#include "fixed/exact.h"
#include "frontend/operators.h"
#include "ir/reference.h"

/// QONNX's quantizers.
///
///   Quant         code = clamp(round(x / scale + zeroPoint)), y = scale * (code - zeroPoint)
///   BipolarQuant  code = x >= 0 ? 1 : -1,                     y = scale * code
///   Trunc         drops low bits of a code: see importTrunc
///
/// A quantizer of a constant is carried out here, exactly: weight and scale are taken as the numbers they are
/// and ties are decided in integers (fixed::quantize), not by what a float32 division happens to give. So
/// weights reach the graph as codes. Scales of a weight may lie on any axis (Brevitas puts them on the outputs,
/// axis 0, before the Transpose) or differ from element to element. A computed tensor whose scales differ along
/// one axis is brought to an order in which that axis is the last (quantizer.cpp).
///
/// Source  the operators' definition in the QONNX repository (docs/qonnx-custom-ops), and the reference
///         implementation's rules for ranges: narrow takes the lowest code of a signed range and the highest
///         of an unsigned one.
namespace sluice::frontend {

namespace {

constexpr std::int64_t maxBits = 32;

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

Result<std::int64_t> bitWidth(const Call& call, std::size_t i, const char* what) {
  SLUICE_TRY(const double bits, call.scalarInput(i, what));
  if (!(bits >= 1) || bits != std::floor(bits))
    return badInput(std::string(what) + " is " + std::to_string(bits) + ", not a whole number of at least 1");
  if (bits > static_cast<double>(maxBits))
    return unsupported(std::string(what) + " is " + std::to_string(bits) +
                       "; quantizers have 1 to 32 bits here");
  return static_cast<std::int64_t>(bits);
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

}  // namespace

Status importQuant(Call& call) {
  Quantizer q;
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}})
    if (call.input(i).isRuntime())
      return unsupported("its " + std::string(i == 1 ? "scale" : "zero point") +
                         " is computed, not a constant");
  q.scale = call.input(1);
  q.zero = call.input(2);
  SLUICE_TRY(const std::int64_t bits, bitWidth(call, 3, "the bit width"));
  SLUICE_TRY(q.range, rangeFromAttributes(call, bits));
  SLUICE_TRY(const std::string mode, call.text("rounding_mode", "ROUND"));
  SLUICE_TRY(q.rounding, roundingMode(mode));
  return applyQuantizer(call, q);
}

Status importBipolarQuant(Call& call) {
  SLUICE_TRY(const std::shared_ptr<const Constant> scale, call.constantInput(1, "the scale"));
  const bool isConstant = call.input(0).isConstant();
  SLUICE_TRY(const Spread spread,
             spreadOver(*scale, call.sampleShape(0), call.budget(), !isConstant && call.input(0).batched));
  SLUICE_RETURN_IF_ERROR(checkScales(spread.values));
  if (!isConstant) {
    if (spread.values.size() > 1) return unsupported("a BipolarQuant of a computed tensor has one scale");
    return call.finishUnary(ir::Bipolar{.scale = spread.values[0]});
  }
  SLUICE_TRY(const std::shared_ptr<const Constant> x, call.constantInput(0, "the input"));
  if (x->symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(x->size())));
  std::vector<std::int64_t> codes(x->size());
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = x->real(i) >= 0 ? 1 : -1;
  call.define(QuantizedConstant{.shape = x->shape,
                                .codes = std::move(codes),
                                .scale = spread.values,
                                .channelAxis = spread.axis,
                                .range = {-1, 1}});
  return {};
}

namespace {

/// Codes of the elements of a constant under a minifloat quantizer, by the reference's own rule.
Result<QuantizedConstant> quantizeToFloat(const Constant& x, ir::QuantizeFloat format, const Spread& scale) {
  QuantizedConstant result{
      .shape = x.shape, .codes = {}, .scale = {}, .channelAxis = scale.axis, .range = {0, 0}};
  result.codes.resize(x.size());
  std::vector<std::vector<std::size_t>> members(scale.values.size());
  for (std::size_t i = 0; i < x.size(); ++i) members[scale.indexOf(i, x.shape)].push_back(i);
  for (std::size_t k = 0; k < members.size(); ++k) {
    format.scale = scale.values[k];
    ir::Tensor operand;
    operand.name = "x";
    operand.type.shape = {static_cast<std::int64_t>(std::max<std::size_t>(members[k].size(), 1))};
    std::vector<double> elements(std::max<std::size_t>(members[k].size(), 1), 0);
    for (std::size_t n = 0; n < members[k].size(); ++n) elements[n] = x.real(members[k][n]);
    operand.constant = std::make_shared<const ir::ConstantData>(std::move(elements));
    SLUICE_TRY(const ir::TensorType type, ir::inferType(format, {&operand}));
    if (!type.codes)
      return unsupported("its format has too many steps from the smallest to the largest number");
    const ir::ConstantData values = ir::evaluateOperation(format, {&operand}, type);
    for (std::size_t n = 0; n < members[k].size(); ++n) result.codes[members[k][n]] = std::get<1>(values)[n];
    result.scale.push_back(type.codes->scale[0]);
    result.range = {std::min(result.range.lo, type.codes->range.lo),
                    std::max(result.range.hi, type.codes->range.hi)};
  }
  return result;
}

}  // namespace

/// A number format of sign, exponent and mantissa: x / scale is rounded to one of its numbers, then scaled back.
Status importFloatQuant(Call& call) {
  ir::QuantizeFloat format;
  SLUICE_TRY(const std::shared_ptr<const Constant> scale, call.constantInput(1, "the scale"));
  SLUICE_TRY(const double exponentBits, call.scalarInput(2, "the exponent's bit width"));
  SLUICE_TRY(const double mantissaBits, call.scalarInput(3, "the mantissa's bit width"));
  double bias = std::exp2(exponentBits - 1) - 1;
  if (call.has(4)) {
    SLUICE_TRY(bias, call.scalarInput(4, "the exponent's bias"));
  }
  const bool whole = exponentBits == std::floor(exponentBits) && mantissaBits == std::floor(mantissaBits) &&
                     bias == std::floor(bias);
  if (!whole || exponentBits < 1 || exponentBits > 8 || mantissaBits < 0 || mantissaBits > 23 ||
      std::abs(bias) > 1024)
    return unsupported("a format of " + std::to_string(exponentBits) + " exponent bits, " +
                       std::to_string(mantissaBits) + " mantissa bits and bias " + std::to_string(bias));
  format.exponentBits = static_cast<std::uint32_t>(exponentBits);
  format.mantissaBits = static_cast<std::uint32_t>(mantissaBits);
  format.exponentBias = static_cast<std::int64_t>(bias);
  format.largest = std::exp2(std::exp2(exponentBits) - 1 - bias) * (2 - std::exp2(-mantissaBits));
  if (call.has(5)) {
    SLUICE_TRY(const double largest, call.scalarInput(5, "the largest value"));
    format.largest = std::min(format.largest, largest);
  }
  if (!(format.largest > 0)) return badInput("the largest value is " + std::to_string(format.largest));
  SLUICE_TRY(const std::string mode, call.text("rounding_mode", "ROUND"));
  SLUICE_TRY(format.rounding, roundingMode(mode));
  SLUICE_TRY(const std::int64_t saturation, call.integer("saturation", 1));
  if (saturation == 0) return unsupported("without saturation its result may be infinite");
  const Value& x = call.input(0);
  SLUICE_TRY(const Spread spread, spreadOver(*scale, call.sampleShape(0), call.budget(), x.batched));
  SLUICE_RETURN_IF_ERROR(checkScales(spread.values));
  if (x.isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> reals, call.constantInput(0, "the input"));
    SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(reals->size())));
    SLUICE_TRY(QuantizedConstant codes, quantizeToFloat(*reals, format, spread));
    call.define(std::move(codes));
    return {};
  }
  if (spread.values.size() > 1) return unsupported("a FloatQuant of a computed tensor has one scale");
  format.scale = spread.values[0];
  return call.finishUnary(format);
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
  SLUICE_TRY(const double zeroPoint, call.scalarInput(2, "the zero point"));
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
                                  .range = range});
    return {};
  }

  ir::TensorId x = call.input(0).tensor;
  const Layout layout = call.input(0).layout;
  if (!call.isOnGrid(x, scale)) {
    SLUICE_TRY(
        x, call.emit(
               ir::Quantize{
                   .scale = {scale}, .zeroPoint = 0, .range = fine, .rounding = fixed::Rounding::halfEven},
               {x}, "code"));
  }
  const ir::Quantize drop{.scale = {coarse}, .zeroPoint = 0, .range = range, .rounding = rounding};
  if (sixInputs) return call.finish(drop, {x}, batched, layout);
  SLUICE_TRY(const ir::TensorId dropped, call.emit(drop, {x}, "truncated"));
  const ir::TensorId divisor = call.addScalar("step", scale / coarse);
  SLUICE_TRY(const ir::TensorId scaled,
             call.emit(ir::Binary{ir::BinaryKind::multiply}, {dropped, divisor}, "rescaled"));
  return call.finish(
      ir::Quantize{.scale = {scale}, .zeroPoint = 0, .range = range, .rounding = fixed::Rounding::halfEven},
      {scaled}, batched, layout);
}

}  // namespace sluice::frontend

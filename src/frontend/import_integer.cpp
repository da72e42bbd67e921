#include <algorithm>
#include <cmath>

#include "frontend/operators.h"

/// ONNX's own integers: QuantizeLinear and DequantizeLinear around float operators (QDQ; with a Clip between
/// them, QCDQ), and the operators that compute with integers.
///
///   QuantizeLinear    q = saturate(round(x / scale) + zero)      the type of `zero` says to which integers
///   DequantizeLinear  y = scale * (q - zero)
///
/// The pair is one quantizer. The graph has its codes without zero points, q - zero, so the codes tensor that
/// QuantizeLinear makes has the real values that DequantizeLinear gives, and the latter vanishes. Weights are
/// constants of integers behind a DequantizeLinear alone: codes at once.
///
/// QLinearConv and its like are DequantizeLinear, the float operator and QuantizeLinear in one node.
namespace sluice::frontend {

namespace {

/// Scale and zero point of a quantizer of the file, on one axis.
struct FileQuantizer {
  std::shared_ptr<const Constant> scale;
  std::vector<std::int64_t> zero;  ///< one or one per scale
  std::int64_t axis = 0;           ///< of the file
  fixed::Interval range;
};

/// Parameters at inputs `scale` and `zero`; `type`: of the integers where the zero point does not say it.
Result<FileQuantizer> quantizerAt(const Call& call, std::size_t scale, std::size_t zero, std::int32_t type,
                                  std::int64_t axis) {
  if (call.input(scale).isRuntime() || call.input(zero).isRuntime())
    return unsupported("its scale or zero point is computed at run time; they must be constants");
  FileQuantizer q;
  SLUICE_TRY(q.scale, call.constantInput(scale, "the scale"));
  std::vector<double> scales(q.scale->size());
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = q.scale->real(i);
  if (scales.empty()) return badInput("the scale has no elements");
  SLUICE_RETURN_IF_ERROR(checkScales(scales));
  q.zero = {0};
  if (call.has(zero)) {
    SLUICE_TRY(const std::shared_ptr<const Constant> zeros, call.constantInput(zero, "the zero point"));
    if (zeros->isReal()) return unsupported("its integers are of type " + elementTypeName(zeros->type));
    if (zeros->size() != 1 && zeros->shape != q.scale->shape)
      return badInput("scale and zero point have shapes " + shapeText(q.scale->shape) + " and " +
                      shapeText(zeros->shape));
    q.zero = std::get<1>(zeros->data);
    if (zeros->type != 0) type = zeros->type;
  }
  SLUICE_TRY(q.range, rangeOfType(type, "integers"));
  for (const std::int64_t z : q.zero)
    if (!q.range.contains(z)) return badInput("the zero point " + std::to_string(z) + " is outside its type");
  if (std::all_of(q.zero.begin(), q.zero.end(), [&](auto z) { return z == q.zero[0]; })) q.zero.resize(1);
  q.axis = axis;
  return q;
}

/// A list along an axis of a tensor of this rank, shaped so that it broadcasts.
Result<Value> alongAxis(Call& call, const std::vector<double>& list, std::int64_t axis, std::size_t rank) {
  if (list.size() == 1) return realConstant({}, list);
  SLUICE_TRY(axis, normalizeAxis(axis, rank));
  ir::Shape shape(rank, 1);
  shape[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(list.size());
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(list.size())));
  return realConstant(std::move(shape), list);
}

std::vector<double> asReals(const std::vector<std::int64_t>& list) { return {list.begin(), list.end()}; }

std::vector<double> scalesOf(const FileQuantizer& q) {
  std::vector<double> scales(q.scale->size());
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = q.scale->real(i);
  return scales;
}

Result<Quantizer> spreadQuantizer(Call& call, const FileQuantizer& q, std::size_t rank) {
  if (q.scale->shape.size() > 1 && q.scale->size() > 1)
    return unsupported("its scale has shape " + shapeText(q.scale->shape) +
                       "; one, or a list along an axis, is supported");
  Quantizer quantizer{.range = q.range, .zeroAfterRounding = true};
  SLUICE_TRY(quantizer.scale, alongAxis(call, scalesOf(q), q.axis, rank));
  SLUICE_TRY(quantizer.zero, alongAxis(call, asReals(q.zero), q.axis, rank));
  return quantizer;
}

FileCodes codesOf(const FileQuantizer& q) {
  FileCodes codes{.scale = scalesOf(q), .zero = q.zero, .axis = q.axis, .range = q.range};
  if (std::all_of(codes.scale.begin(), codes.scale.end(), [&](double s) { return s == codes.scale[0]; }))
    codes.scale.resize(1);
  if (codes.scale.size() == 1 && codes.zero.size() == 1) codes.axis = 0;
  return codes;
}

/// The same meaning, whatever became of the range since.
bool sameMeaning(const FileCodes& a, const FileCodes& b) {
  return a.scale == b.scale && a.zero == b.zero && a.axis == b.axis;
}

/// A constant of integers as codes.
Result<QuantizedConstant> dequantized(Call& call, const Constant& x, const FileQuantizer& q,
                                      std::int64_t blockSize) {
  if (x.isReal() || x.symbolic) return badInput("its input is not integers");
  const auto& given = std::get<1>(x.data);
  const std::int32_t type = x.type;
  fixed::Interval range = q.range;
  if (type != 0) {
    SLUICE_TRY(range, rangeOfType(type, "integers"));
  }
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(x.size())));
  Spread scale{.values = scalesOf(q), .axis = 0}, zero{.values = asReals(q.zero), .axis = 0};
  const bool lists = scale.values.size() > 1 || zero.values.size() > 1;
  if (lists) {
    SLUICE_TRY(const std::int64_t axis, normalizeAxis(q.axis, x.shape.size()));
    const auto extent = static_cast<std::size_t>(x.shape[static_cast<std::size_t>(axis)]);
    if (blockSize > 0) {  // each block of elements along the axis has parameters of its own
      std::vector<std::int64_t> block(extent);
      for (std::size_t i = 0; i < extent; ++i) block[i] = static_cast<std::int64_t>(i) / blockSize;
      ir::Shape blocks = x.shape;
      blocks[static_cast<std::size_t>(axis)] =
          (static_cast<std::int64_t>(extent) + blockSize - 1) / blockSize;
      if (q.scale->shape != blocks)
        return badInput("scales of shape " + shapeText(q.scale->shape) + " for blocks of shape " +
                        shapeText(blocks));
      SLUICE_TRY(const Value spread, picked(realConstant(blocks, scale.values), axis, block, call.budget()));
      scale = {.values = std::get<0>(spread.constant->data), .axis = -1};
      if (zero.values.size() > 1) {
        SLUICE_TRY(const Value zeros, picked(realConstant(blocks, zero.values), axis, block, call.budget()));
        zero = {.values = std::get<0>(zeros.constant->data), .axis = -1};
      }
    } else {
      for (const Spread* list : {&scale, &zero})
        if (list->values.size() != 1 && list->values.size() != extent)
          return badInput(std::to_string(list->values.size()) + " scales or zero points for axis " +
                          std::to_string(axis) + " of extent " + std::to_string(extent));
      scale.axis = zero.axis = axis;
    }
  }
  QuantizedConstant result{
      .shape = x.shape, .codes = given, .scale = scale.values, .channelAxis = scale.axis, .range = {0, 0}};
  fixed::Interval seen{0, 0};
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!range.contains(given[i]))
      return badInput("element " + std::to_string(i) + " is " + std::to_string(given[i]) +
                      ", outside its type");
    result.codes[i] -= static_cast<std::int64_t>(zero.values[zero.indexOf(i, x.shape)]);
    seen = {std::min(seen.lo, result.codes[i]), std::max(seen.hi, result.codes[i])};
  }
  const auto [least, most] = std::minmax_element(q.zero.begin(), q.zero.end());
  // 32 bits and more say nothing of the values: the range is that of the elements.
  result.range = range.hi - range.lo > 0xffff ? seen : fixed::Interval{range.lo - *most, range.hi - *least};
  return result;
}

}  // namespace

Status importQuantizeLinear(Call& call) {
  SLUICE_TRY(const std::int64_t axis, call.integer("axis", 1));
  SLUICE_TRY(const std::int64_t blockSize, call.integer("block_size", 0));
  SLUICE_TRY(const std::int64_t type, call.integer("output_dtype", 2));
  const auto output = static_cast<std::int32_t>(std::clamp<std::int64_t>(type == 0 ? 2 : type, 0, 1000));
  SLUICE_TRY(const FileQuantizer q, quantizerAt(call, 1, 2, output, axis));
  if (blockSize != 0) return unsupported("quantization in blocks");
  SLUICE_TRY(const Quantizer quantizer, spreadQuantizer(call, q, call.fileRank(0)));
  if (call.input(0).isRuntime() && call.input(0).codes) return badInput("its input is integers already");
  SLUICE_RETURN_IF_ERROR(applyQuantizer(call, quantizer));
  if (call.input(0).isConstant()) {  // the file's integers again, with their zero points
    const QuantizedConstant codes = *call.definedConstant();
    Constant integers{.shape = codes.shape, .data = codes.codes, .symbolic = false, .type = 0};
    SLUICE_TRY(const Spread zero, spreadOver(*realOf(quantizer.zero), codes.shape, call.budget(), false));
    auto& list = std::get<1>(integers.data);
    for (std::size_t i = 0; i < list.size(); ++i)
      list[i] += static_cast<std::int64_t>(zero.values[zero.indexOf(i, codes.shape)]);
    integers.type = output;
    if (call.has(2)) {
      SLUICE_TRY(const std::shared_ptr<const Constant> zeros, call.constantInput(2, "the zero point"));
      if (zeros->type != 0) integers.type = zeros->type;
    }
    call.define(std::move(integers));
    return {};
  }
  call.setCodes(std::make_shared<const FileCodes>(codesOf(q)));
  return {};
}

Status importDequantizeLinear(Call& call) {
  SLUICE_TRY(const std::int64_t axis, call.integer("axis", 1));
  SLUICE_TRY(const std::int64_t blockSize, call.integer("block_size", 0));
  const Value& x = call.input(0);
  if (x.isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> integers, call.constantInput(0, "the input"));
    const std::int32_t type = integers->type != 0 ? integers->type : 7;
    SLUICE_TRY(const FileQuantizer q, quantizerAt(call, 1, 2, type, axis));
    SLUICE_TRY(QuantizedConstant codes, dequantized(call, *integers, q, blockSize));
    call.define(std::move(codes));
    return {};
  }
  if (blockSize != 0) return unsupported("quantization in blocks of a computed tensor");
  SLUICE_TRY(const FileQuantizer q, quantizerAt(call, 1, 2, 7, axis));
  if (q.scale->shape.size() > 1 && q.scale->size() > 1)
    return unsupported("its scale is no list along an axis");
  const FileCodes wanted = codesOf(q);
  if (x.codes && sameMeaning(*x.codes, wanted)) {
    Value value = x;
    value.codes = nullptr;
    call.define(std::move(value));
    return {};
  }
  // Other integers than those of a QuantizeLinear with these parameters: scale * (q - zero), q as a number.
  ir::TensorId tensor = x.tensor;
  const std::size_t sampleRank = call.sampleShape(0).size();
  const auto operand = [&](const Value& value, const char* name) -> Result<ir::TensorId> {
    SLUICE_TRY(const Value placed, constantIn(call, value, name, sampleRank, x.batched, x.layout));
    return call.tensorOf(placed, name);
  };
  std::vector<double> offset = asReals(wanted.zero), factor = wanted.scale;
  if (x.codes) {
    if (x.codes->scale.size() != 1 || x.codes->zero.size() != 1)
      return unsupported("its scales are not those of the QuantizeLinear before it");
    for (double& f : factor) f /= x.codes->scale[0];
    for (double& o : offset) o = x.codes->scale[0] * (o - static_cast<double>(x.codes->zero[0]));
  }
  if (offset != std::vector<double>{0}) {
    SLUICE_TRY(const Value list, alongAxis(call, offset, axis, call.fileRank(0)));
    SLUICE_TRY(const ir::TensorId zero, operand(list, "zero"));
    SLUICE_TRY(tensor, call.emit(ir::Binary{ir::BinaryKind::subtract}, {tensor, zero}, "shifted"));
  }
  SLUICE_TRY(const Value list, alongAxis(call, factor, axis, call.fileRank(0)));
  SLUICE_TRY(const ir::TensorId scale, operand(list, "scale"));
  return call.finish(ir::Binary{ir::BinaryKind::multiply}, {tensor, scale}, x.batched, x.layout);
}

namespace {

/// Whether input 0 is the integers that parameters at these inputs describe; what its real values are then.
Status checkInput(const Call& call, std::size_t scale, std::size_t zero) {
  if (!call.input(0).isRuntime() || !call.input(0).codes)
    return unsupported("its input does not come from a QuantizeLinear");
  SLUICE_TRY(const FileQuantizer q, quantizerAt(call, scale, zero, 2, 0));
  if (!sameMeaning(*call.input(0).codes, codesOf(q)))
    return unsupported("the scale and zero point of its input are not those of the QuantizeLinear before it");
  return {};
}

/// The weight at input `i` with scale and zero point at the next two.
Result<Value> weightAt(Call& call, std::size_t i, std::int64_t axis) {
  SLUICE_TRY(const std::shared_ptr<const Constant> integers, call.constantInput(i, "the weight"));
  SLUICE_TRY(const FileQuantizer q,
             quantizerAt(call, i + 1, i + 2, integers->type != 0 ? integers->type : 7, axis));
  SLUICE_TRY(QuantizedConstant codes, dequantized(call, *integers, q, 0));
  return valueOf(std::move(codes));
}

/// The result of the float operator through the quantizer at two inputs.
Status finishQuantized(Call& call, Parts parts, std::size_t scale, std::size_t zero) {
  SLUICE_TRY(const FileQuantizer q, quantizerAt(call, scale, zero, 2, 0));
  if (q.scale->size() != 1 || q.zero.size() != 1) return unsupported("its result has several scales");
  SLUICE_TRY(const ir::TensorId sum, call.emit(std::move(parts.operation), std::move(parts.inputs), "sum"));
  const ir::Quantize quantize{.scale = {q.scale->real(0)},
                              .range = {q.range.lo - q.zero[0], q.range.hi - q.zero[0]}};
  SLUICE_RETURN_IF_ERROR(call.finish(quantize, {sum}, call.input(0).batched, parts.layout));
  call.setCodes(std::make_shared<const FileCodes>(codesOf(q)));
  return {};
}

}  // namespace

/// Inputs x, scale, zero, w, scale, zero, scale and zero of the result, bias (in steps of both scales).
Status importQLinearConv(Call& call) {
  SLUICE_RETURN_IF_ERROR(checkInput(call, 1, 2));
  SLUICE_TRY(const Value weight, weightAt(call, 3, 0));
  std::optional<Value> bias;
  if (call.has(8)) {
    SLUICE_TRY(const std::shared_ptr<const Constant> integers, call.constantInput(8, "the bias"));
    if (integers->isReal()) return badInput("its bias is not integers");
    QuantizedConstant codes{.shape = integers->shape,
                            .codes = std::get<1>(integers->data),
                            .scale = weight.quantized->scale,
                            .channelAxis = 0,
                            .range = {0, 0}};
    for (double& s : codes.scale) s *= call.input(0).codes->scale[0];
    if (codes.scale.size() != 1 && codes.scale.size() != codes.codes.size())
      return badInput("its bias has " + std::to_string(codes.codes.size()) + " elements");
    for (const std::int64_t code : codes.codes)
      codes.range = {std::min(codes.range.lo, code), std::max(codes.range.hi, code)};
    bias = valueOf(std::move(codes));
  }
  SLUICE_TRY(Parts parts, convolutionParts(call, weight, bias));
  return finishQuantized(call, std::move(parts), 6, 7);
}

/// Inputs a, scale, zero, b, scale, zero, scale and zero of the result.
Status importQLinearMatMul(Call& call) {
  SLUICE_RETURN_IF_ERROR(checkInput(call, 1, 2));
  SLUICE_TRY(const Value weight, weightAt(call, 3, 1));
  SLUICE_TRY(Parts parts, productParts(call, weight));
  return finishQuantized(call, std::move(parts), 6, 7);
}

namespace {

/// Inputs x, w, zero point of x, zero point of w; the result is the integer sum itself.
Status importInteger(Call& call, bool convolution) {
  const Value& x = call.input(0);
  if (!x.isRuntime() || !x.codes || x.codes->scale.size() != 1 || x.codes->zero.size() != 1)
    return unsupported("its input does not come from a QuantizeLinear");
  double zero = 0;
  if (call.has(2)) {
    SLUICE_TRY(zero, call.scalarInput(2, "the zero point of its input"));
  }
  if (zero != static_cast<double>(x.codes->zero[0]))
    return unsupported("the zero point of its input is not that of the QuantizeLinear before it");
  SLUICE_TRY(const std::shared_ptr<const Constant> integers, call.constantInput(1, "the weight"));
  FileQuantizer q{.scale = std::make_shared<const Constant>(
                      Constant{.shape = {}, .data = std::vector<double>{1}, .symbolic = false}),
                  .zero = {0},
                  .axis = convolution ? 0 : 1,
                  .range = {0, 0}};
  if (call.has(3)) {
    SLUICE_TRY(const std::shared_ptr<const Constant> zeros,
               call.constantInput(3, "the zero point of the weight"));
    if (zeros->isReal()) return badInput("the zero point of the weight is not an integer");
    q.zero = std::get<1>(zeros->data);
    if (q.zero.empty()) return badInput("the zero point of the weight has no elements");
  }
  SLUICE_TRY(q.range, rangeOfType(integers->type, "a weight"));
  SLUICE_TRY(QuantizedConstant codes, dequantized(call, *integers, q, 0));
  const Value weight = valueOf(std::move(codes));
  SLUICE_TRY(Parts parts,
             convolution ? convolutionParts(call, weight, std::nullopt) : productParts(call, weight));
  const double scale = x.codes->scale[0];
  if (scale == 1)
    return call.finish(std::move(parts.operation), std::move(parts.inputs), x.batched, parts.layout);
  SLUICE_TRY(const ir::TensorId sum, call.emit(std::move(parts.operation), std::move(parts.inputs), "sum"));
  const ir::TensorId step = call.addScalar("step", scale);
  return call.finish(ir::Binary{ir::BinaryKind::divide}, {sum, step}, x.batched, parts.layout);
}

}  // namespace

Status importMatMulInteger(Call& call) { return importInteger(call, false); }
Status importConvInteger(Call& call) { return importInteger(call, true); }

}  // namespace sluice::frontend

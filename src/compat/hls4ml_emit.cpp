#include "compat/hls4ml_emit.h"

#include <algorithm>
#include <cmath>

#include "fixed/rounding.h"

namespace sluice::compat {

using fixed::ApFormat;
using ir::TensorId;

std::int64_t codeOf(double value, const ApFormat& type) {
  if (std::isinf(value)) value = value > 0 ? 0x1p1000 : -0x1p1000;
  return static_cast<std::int64_t>(fixed::fromDouble(value, type).code);
}

Value Emitter::exact(TensorId tensor, int fraction) const {
  const fixed::IntegerFormat held = fixed::formatFor(range(tensor));
  const int width = static_cast<int>(held.bits);
  return {tensor, ApFormat{.width = width, .integer = width - fraction, .isSigned = held.isSigned}};
}

Result<TensorId> Emitter::add(const std::string& suffix, ir::Operation operation,
                              std::vector<TensorId> inputs) {
  std::string name = layer_->name + "/" + suffix;
  for (int k = 2; !names_.insert(name).second; ++k) name = layer_->name + "/" + suffix + std::to_string(k);
  return made_.graph.addNode(name, std::move(operation), std::move(inputs), {layer_->origin});
}

TensorId Emitter::constant(const std::string& suffix, ir::Shape shape, std::vector<std::int64_t> codes,
                           int fraction) {
  std::string name = layer_->name + "/" + suffix;
  for (int k = 2; !names_.insert(name).second; ++k) name = layer_->name + "/" + suffix + std::to_string(k);
  const auto [lo, hi] = std::minmax_element(codes.begin(), codes.end());
  const ir::TensorType type{.shape = std::move(shape),
                            .codes = ir::Codes{.range = {*lo, *hi}, .scale = {std::ldexp(1.0, -fraction)}}};
  return made_.graph.addConstant(name, type, std::move(codes));
}

Result<Value> Emitter::convert(const Value& value, const ApFormat& to, const std::string& suffix) {
  if (to.width > 62)
    return unsupported("a type of " + std::to_string(to.width) + " bits; codes here have at most 62");
  const int shift = value.format.fraction() - to.fraction();
  const fixed::Interval held = range(value.tensor);
  const fixed::Interval target = to.range();
  const bool symmetric = to.overflow == fixed::Overflow::saturateSymmetric && to.isSigned;
  const fixed::Interval allowed = symmetric ? fixed::Interval{-target.hi, target.hi} : target;
  if (shift == 0 && allowed.contains(held)) return Value{value.tensor, to};
  bool fits = false;
  if (shift > 62 || shift < -62) return unsupported("assigns to a type more than 62 bits away");
  if (shift >= 0) {
    const auto bits = static_cast<std::uint32_t>(shift);
    fits = allowed.contains(fixed::Interval{fixed::roundShiftRight(held.lo, bits, to.rounding),
                                            fixed::roundShiftRight(held.hi, bits, to.rounding)});
  } else {
    const double factor = std::ldexp(1.0, -shift);
    fits = static_cast<double>(held.hi) * factor <= static_cast<double>(allowed.hi) &&
           static_cast<double>(held.lo) * factor >= static_cast<double>(allowed.lo);
  }
  if (!fits && (to.saturationBits != 0 || to.overflow == fixed::Overflow::wrapSignMagnitude))
    return unsupported("may overflow in " + fixed::text(to) +
                       "; AP_WRAP_SM and saturation bits are not reproduced");
  if (!fits && to.overflow == fixed::Overflow::wrap) mayWrap();
  SLUICE_TRY(
      const TensorId tensor,
      add(suffix,
          ir::Requantize{.shift = {shift}, .range = target, .rounding = to.rounding, .overflow = to.overflow},
          {value.tensor}));
  return Value{tensor, to};
}

Result<Value> Emitter::clamp(const Value& value, std::int64_t lo, std::int64_t hi,
                             const std::string& suffix) {
  const fixed::Interval held = range(value.tensor);
  if (held.lo >= lo && held.hi <= hi) return value;
  SLUICE_TRY(const TensorId tensor, add(suffix,
                                        ir::Requantize{.shift = {0},
                                                       .range = {lo, hi},
                                                       .rounding = fixed::Rounding::floor,
                                                       .overflow = fixed::Overflow::saturate},
                                        {value.tensor}));
  return exact(tensor, value.format.fraction());
}

Result<Value> Emitter::affine(const Value& value, const std::vector<std::int64_t>& factor,
                              const std::vector<std::int64_t>& summand, int fraction,
                              const std::string& suffix) {
  const int total = value.format.fraction() + fraction;
  const auto listed = [](const std::vector<std::int64_t>& list) {
    return ir::Shape{static_cast<std::int64_t>(list.size())};
  };
  const TensorId a = constant(suffix + "_factor", listed(factor), factor, 0);
  const TensorId b = constant(suffix + "_summand", listed(summand), summand, 0);
  SLUICE_TRY(const TensorId tensor, add(suffix,
                                        ir::Rescale{.shift = 0,
                                                    .range = {-ir::codeLimit, ir::codeLimit},
                                                    .scale = {std::ldexp(1.0, -total)}},
                                        {value.tensor, a, b}));
  return exact(tensor, total);
}

Result<Value> Emitter::sum(const Value& a, const Value& b, const std::string& suffix) {
  const int fraction = std::max(a.format.fraction(), b.format.fraction());
  const auto shift = [&](const Value& value) {
    return static_cast<std::uint32_t>(fraction - value.format.fraction());
  };
  SLUICE_TRY(const TensorId tensor, add(suffix, ir::Merge{{shift(a), shift(b)}}, {a.tensor, b.tensor}));
  return exact(tensor, fraction);
}

Result<Value> Emitter::product(const Value& a, const Value& b, const std::string& suffix) {
  SLUICE_TRY(const TensorId tensor,
             add(suffix, ir::CodeBinary{ir::CodeBinaryKind::multiply}, {a.tensor, b.tensor}));
  return exact(tensor, a.format.fraction() + b.format.fraction());
}

Result<Value> Emitter::lookup(TensorId index, std::int64_t first, std::vector<std::int64_t> table,
                              const ApFormat& format, const std::string& suffix) {
  const auto entries = static_cast<std::int64_t>(table.size());
  const TensorId values = constant(suffix + "_table", {1, entries}, std::move(table), format.fraction());
  SLUICE_TRY(const TensorId tensor, add(suffix, ir::Lookup{.first = first}, {index, values}));
  return Value{tensor, format};
}

void Emitter::rename(TensorId tensor, const std::string& name) {
  ir::Tensor& value = made_.graph.tensors[tensor.index];
  value.name = name;
  if (value.producer.valid()) made_.graph.nodes[value.producer.index].name = name;
}

/// The tensor of a layer gets the layer's name, unless it already is another layer's.
void Emitter::name(const Value& value) {
  if (layer_->kind == LayerKind::input) return;  // that name is the real input's
  for (const Hls4mlLayer& other : made_.layers)
    if (other.tensor == value.tensor) return;
  if (made_.graph.tensor(value.tensor).name.starts_with(layer_->name + "/"))
    rename(value.tensor, layer_->name);
}

void Emitter::insert(const std::string& name, const std::string& className, const Value& value) {
  rename(value.tensor, name);
  made_.layers.push_back(
      {.name = name, .className = className, .result = value.format, .types = {}, .tensor = value.tensor});
}

Result<Value> Emitter::emitInput() {
  const ApFormat format = *layer_->result;
  if (format.width > 53) return unsupported("an input of more than 53 bits");
  if (format.saturationBits != 0 || format.overflow == fixed::Overflow::wrapSignMagnitude)
    return unsupported("an input type with AP_WRAP_SM or saturation bits is not reproduced");
  const TensorId x = made_.graph.addInput(layer_->name, {.shape = layer_->shape, .codes = std::nullopt});
  names_.insert(layer_->name);
  SLUICE_TRY(const TensorId tensor, add("quantized",
                                        ir::Quantize{.scale = {std::ldexp(1.0, -format.fraction())},
                                                     .zeroPoint = 0,
                                                     .range = format.range(),
                                                     .rounding = format.rounding,
                                                     .overflow = format.overflow},
                                        {x}));
  if (format.overflow == fixed::Overflow::wrap) mayWrap();
  return Value{tensor, format};
}

Result<Value> Emitter::emitMove() {
  SLUICE_TRY(const TensorId tensor, add("move", layer_->operation, {input().tensor}));
  return Value{tensor, input().format};
}

Result<Value> Emitter::emitMerge() {
  Value a = input(0), b = input(1);
  switch (layer_->merge) {
    case MergeKind::subtract: {
      SLUICE_TRY(b, affine(b, {-1}, {0}, 0, "negated"));
      [[fallthrough]];
    }
    case MergeKind::add: {
      SLUICE_TRY(const Value y, sum(a, b, "sum"));
      return convert(y, *layer_->result);
    }
    case MergeKind::average: {
      SLUICE_TRY(Value y, sum(a, b, "sum"));
      SLUICE_TRY(y, affine(y, {1}, {0}, 1, "half"));
      return convert(y, *layer_->result);
    }
    case MergeKind::multiply: {
      SLUICE_TRY(const Value y, product(a, b, "product"));
      return convert(y, *layer_->result);
    }
    case MergeKind::maximum:
    case MergeKind::minimum:
      break;
  }
  // Both on the finer grid; what is taken is then assigned, as hls4ml does with the one it takes.
  const int fraction = std::max(a.format.fraction(), b.format.fraction());
  for (Value* value : {&a, &b})
    if (value->format.fraction() < fraction) {
      SLUICE_TRY(*value, affine(*value, {std::int64_t{1} << (fraction - value->format.fraction())}, {0},
                                fraction - value->format.fraction(), "finer"));
    }
  const auto kind =
      layer_->merge == MergeKind::maximum ? ir::CodeBinaryKind::maximum : ir::CodeBinaryKind::minimum;
  SLUICE_TRY(const TensorId taken, add("taken", ir::CodeBinary{kind}, {a.tensor, b.tensor}));
  return convert(exact(taken, fraction), *layer_->result);
}

Result<Value> Emitter::emitConcatenate() {
  SLUICE_TRY(const Value a, convert(input(0), *layer_->result, "first"));
  SLUICE_TRY(const Value b, convert(input(1), *layer_->result, "second"));
  SLUICE_TRY(const TensorId tensor, add("concat", ir::Concat{.axis = layer_->axis}, {a.tensor, b.tensor}));
  return Value{tensor, *layer_->result};
}

Result<Value> Emitter::emit() {
  switch (layer_->kind) {
    case LayerKind::input:
      return emitInput();
    case LayerKind::dense:
    case LayerKind::conv:
      return emitProduct(*this);
    case LayerKind::batchNorm:
      return emitBatchNorm(*this);
    case LayerKind::activation:
      return emitActivation(*this);
    case LayerKind::softmax:
      return emitSoftmax(*this);
    case LayerKind::pool:
      return emitPool(*this);
    case LayerKind::globalPool:
      return emitGlobalPool(*this);
    case LayerKind::reshape:
    case LayerKind::move:
      return emitMove();
    case LayerKind::merge:
      return emitMerge();
    case LayerKind::concatenate:
      return emitConcatenate();
  }
  return unsupported("an unknown kind of layer");
}

Result<Hls4mlGraph> Emitter::run() {
  made_.graph.name = network_.name;
  values_.resize(network_.layers.size());
  for (std::size_t i = 0; i < network_.layers.size(); ++i) {
    layer_ = &network_.layers[i];
    if (layer_->removed) continue;
    auto value = emit();
    if (!value.ok()) {
      Error error = value.error();
      error.where = "layer '" + layer_->name + "'";
      return error;
    }
    values_[i] = *value;
    name(*value);
    Hls4mlLayer told{.name = layer_->name,
                     .className = layer_->className,
                     .result = value->format,
                     .types = {},
                     .tensor = value->tensor};
    const auto tell = [&](const char* variable, const Type& type) {
      if (type) told.types.emplace_back(variable, *type);
    };
    const bool product = layer_->kind == LayerKind::dense || layer_->kind == LayerKind::conv;
    tell("result", layer_->result);
    if (product || layer_->kind == LayerKind::pool || layer_->kind == LayerKind::softmax)
      tell("accum", layer_->accum);
    if (product) tell("weight", layer_->weightType);
    if (layer_->kind == LayerKind::batchNorm) tell("scale", layer_->weightType);
    if (product || layer_->kind == LayerKind::batchNorm) tell("bias", layer_->biasType);
    made_.layers.push_back(std::move(told));
  }
  for (const std::size_t output : network_.outputs) made_.graph.outputs.push_back(values_[output].tensor);
  if (!wrapping_.empty()) {
    std::string list;
    for (const std::size_t i : wrapping_) list += (list.empty() ? "" : ", ") + network_.layers[i].name;
    made_.warnings.push_back("may wrap, as no proven range fits their types: " + list);
  }
  return std::move(made_);
}

Result<Hls4mlGraph> emitNetwork(const Network& network, const Hls4mlOptions& options,
                                const Hls4mlConfig& config, std::vector<std::string> warnings) {
  return Emitter(network, options, config.ioStream, std::move(warnings)).run();
}

}  // namespace sluice::compat

#include "passes/on_grid.h"

#include <algorithm>
#include <cmath>

#include "fixed/exact_bounds.h"
#include "ir/geometry.h"
#include "passes/element_function.h"

namespace sluice::passes {
namespace {

using fixed::Bounds;
using Maybe = OnGrid::Maybe;
constexpr std::int64_t widest = std::int64_t{1} << 53;
constexpr double mostConstant = 0x1p24;  // codes of a real constant on a grid

/// What is left to do on the codes of the input: y = clamp(a * x + b, range), read with another scale and zero
/// point. Lists have one entry or one per channel.
struct Reading {
  std::vector<std::int64_t> a{1}, b{0};
  std::vector<double> scale;
  std::int64_t zeroPoint = 0;
  fixed::Interval range{-widest, widest};
};

std::optional<double> point(Bounds value) {
  if (!value.known() || !value.isPoint()) return std::nullopt;
  return value.lo;
}

template <typename T>
const T& at(const std::vector<T>& list, std::size_t i) {
  return list[i % list.size()];
}

Reading sameAs(const ir::Codes& x) { return {.scale = x.scale, .zeroPoint = x.zeroPoint}; }

Reading negated(const ir::Codes& x) { return {.a = {-1}, .scale = x.scale, .zeroPoint = -x.zeroPoint}; }

/// x * c, or x / c.
std::optional<Reading> times(const ir::Codes& x, const std::vector<double>& c, bool divide) {
  Reading r{.a = {}, .b = {}, .scale = {}};
  const std::size_t count = std::max(x.scale.size(), c.size());
  bool mixed = false;
  for (std::size_t i = 0; i < count; ++i) {
    const double factor = at(c, i);
    const Bounds size = Bounds::of(std::fabs(factor));
    const Bounds scale = Bounds::of(at(x.scale, i));
    const auto product =
        factor == 0 && !divide ? std::optional(at(x.scale, i)) : point(divide ? scale / size : scale * size);
    if (!product || !(*product > 0)) return std::nullopt;
    r.scale.push_back(*product);
    r.a.push_back(factor > 0 ? 1 : factor < 0 ? -1 : 0);
    mixed = mixed || r.a.back() != r.a.front();
  }
  collapse(r.a);
  collapse(r.scale);
  r.b = {0};
  if (!mixed && r.a[0] != 0) {
    r.zeroPoint = r.a[0] * x.zeroPoint;
  } else {
    r.b.clear();
    for (const std::int64_t a : r.a) r.b.push_back(-a * x.zeroPoint);
    collapse(r.b);
  }
  return r;
}

/// sign * x + c. Where c is no whole number of steps, on the grid that holds both, up to 16 bits finer.
std::optional<Reading> plus(const ir::Codes& x, const std::vector<double>& c, int sign) {
  Reading r{.a = {}, .b = {}, .scale = x.scale};
  const std::size_t count = std::max(x.scale.size(), c.size());
  const auto whole = [&](int finer) {
    for (std::size_t i = 0; i < count; ++i)
      if (!wholeSteps(at(c, i), std::ldexp(at(x.scale, i), -finer))) return false;
    return true;
  };
  int finer = 0;
  while (finer <= 16 && !whole(finer)) ++finer;
  if (finer > 16) return std::nullopt;
  for (double& scale : r.scale) scale = std::ldexp(scale, -finer);
  const std::int64_t factor = sign * (std::int64_t{1} << finer);
  for (std::size_t i = 0; i < count; ++i) {
    r.b.push_back(*wholeSteps(at(c, i), at(r.scale, i)));
  }
  r.a = {factor};
  collapse(r.b);
  if (r.b.size() == 1) {
    r.zeroPoint = factor * x.zeroPoint - r.b[0];
    r.b = {0};
  } else {
    for (std::int64_t& b : r.b) b -= factor * x.zeroPoint;
  }
  return r;
}

/// clamp(x, lo, hi) where both are codes.
std::optional<Reading> clipped(const ir::Codes& x, double lo, double hi) {
  Reading r = sameAs(x);
  const auto code = [&](double limit, std::int64_t otherwise) -> std::optional<std::int64_t> {
    if (std::isinf(limit)) return otherwise;
    if (limit == 0) return x.zeroPoint;
    if (x.scale.size() != 1) return std::nullopt;
    const auto steps = wholeSteps(limit, x.scale[0]);
    if (!steps) return std::nullopt;
    return x.zeroPoint + *steps;
  };
  const auto low = code(lo, -widest), high = code(hi, widest);
  if (!low || !high || *low > *high) return std::nullopt;
  r.range = {*low, *high};
  return r;
}

std::optional<Reading> unaryReading(const ir::Unary& unary, const ir::Codes& x) {
  constexpr double infinity = HUGE_VAL;
  switch (unary.kind) {
    case ir::UnaryKind::identity:
      return sameAs(x);
    case ir::UnaryKind::negate:
      return negated(x);
    case ir::UnaryKind::relu:
      return clipped(x, 0, infinity);
    case ir::UnaryKind::clip:
      return clipped(x, unary.alpha, unary.beta);
    case ir::UnaryKind::rampRelu:
      if (unary.gamma == 0 && unary.alpha == 0) return clipped(x, 0, unary.beta);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Reading> binaryReading(const ir::Graph& graph, const ir::Node& node, ir::BinaryKind kind,
                                     const ir::Codes& x) {
  const bool constantFirst = graph.tensor(node.inputs[0]).isConstant();
  const ir::Tensor& operand = graph.tensor(node.inputs[constantFirst ? 0 : 1]);
  const auto reals = exactReals(operand);
  if (!reals || !std::all_of(reals->begin(), reals->end(), [](double v) { return std::isfinite(v); }))
    return std::nullopt;
  const auto c = perChannel(*reals, operand.type.shape, graph.tensor(node.output).type.shape);
  if (!c) return std::nullopt;
  switch (kind) {
    case ir::BinaryKind::multiply:
      return times(x, *c, false);
    case ir::BinaryKind::divide:
      if (constantFirst) return std::nullopt;
      return times(x, *c, true);
    case ir::BinaryKind::add:
      return plus(x, *c, 1);
    case ir::BinaryKind::subtract: {
      if (constantFirst) return plus(x, *c, -1);
      std::vector<double> minus;
      for (const double value : *c) minus.push_back(-value);
      return plus(x, minus, 1);
    }
    case ir::BinaryKind::maximum:
      if (c->size() == 1) return clipped(x, (*c)[0], HUGE_VAL);
      return std::nullopt;
    case ir::BinaryKind::minimum:
      if (c->size() == 1) return clipped(x, -HUGE_VAL, (*c)[0]);
      return std::nullopt;
    case ir::BinaryKind::power:
    case ir::BinaryKind::prelu:
      break;
  }
  return std::nullopt;
}

/// Adds the Rescale of a reading. None: codes would leave 2^53.
Result<Maybe> rescaled(Rewrite& rewrite, ir::TensorId x, const std::string& name, Reading reading,
                       std::vector<std::string> origins) {
  const fixed::Interval from = rewrite.to.tensor(x).type.codes->range;
  fixed::Interval reached{INT64_MAX, INT64_MIN};
  const std::size_t count = std::max(reading.a.size(), reading.b.size());
  for (std::size_t i = 0; i < count; ++i)
    for (const std::int64_t end : {from.lo, from.hi}) {
      const __int128 y = static_cast<__int128>(at(reading.a, i)) * end + at(reading.b, i);
      if (y > widest || y < -widest) return Maybe();
      const std::int64_t code = std::clamp(static_cast<std::int64_t>(y), reading.range.lo, reading.range.hi);
      reached = {std::min(reached.lo, code), std::max(reached.hi, code)};
    }
  const auto list = [&](const char* suffix, std::vector<std::int64_t> values) {
    const auto size = static_cast<std::int64_t>(values.size());
    return rewrite.addIntegers(name + suffix, {size}, std::move(values));
  };
  const ir::TensorId a = list(".a", std::move(reading.a));
  const ir::TensorId b = list(".b", std::move(reading.b));
  SLUICE_TRY(const ir::TensorId made, rewrite.add(name + ".codes",
                                                  ir::Rescale{.shift = 0,
                                                              .range = reached,
                                                              .tieToEven = false,
                                                              .scale = std::move(reading.scale),
                                                              .zeroPoint = reading.zeroPoint},
                                                  {x, a, b}, std::move(origins)));
  return Maybe(made);
}

}  // namespace

std::optional<std::vector<double>> exactReals(const ir::Tensor& tensor) {
  if (!tensor.isConstant()) return std::nullopt;
  if (tensor.type.isReal()) return ir::realsOf(tensor);
  std::vector<double> result;
  const ir::Codes& codes = *tensor.type.codes;
  for (const std::int64_t code : ir::codesOf(tensor)) {
    const double scale = ir::scaleOf(codes, static_cast<std::int64_t>(result.size()));
    const auto value = point(Bounds::ofInteger(code - codes.zeroPoint) * Bounds::of(scale));
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

std::optional<double> singleValue(const ir::Tensor& tensor) {
  const auto list = exactReals(tensor);
  if (!list || !std::all_of(list->begin(), list->end(), [&](double v) { return v == (*list)[0]; }))
    return std::nullopt;
  if (!std::isfinite((*list)[0])) return std::nullopt;
  return (*list)[0];
}

std::optional<std::vector<double>> perChannel(const std::vector<double>& values, const ir::Shape& shape,
                                              const ir::Shape& result) {
  if (shape.size() > result.size()) return std::nullopt;
  if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; }))
    return std::vector<double>{values[0]};
  const auto count = static_cast<std::int64_t>(values.size());
  if (count != ir::channels(shape) || count != ir::channels(result)) return std::nullopt;
  return values;
}

Result<Maybe> OnGrid::codes(ir::TensorId old) {
  if (const auto found = known_.find(old.index); found != known_.end()) return found->second;
  SLUICE_TRY(const Maybe made, make(old));
  known_.emplace(old.index, made);
  return made;
}

Result<Maybe> OnGrid::constant(const ir::Tensor& tensor) {
  const auto reals = exactReals(tensor);
  if (!reals) return Maybe();
  const auto step = gridOf(*reals, mostConstant);
  if (!step) return Maybe();
  std::vector<std::int64_t> codes;
  for (const double value : *reals) codes.push_back(static_cast<std::int64_t>(value / *step));
  const fixed::Interval range = rangeOf(codes);
  return Maybe(rewrite_.addConstant(
      tensor.name + ".codes",
      {.shape = tensor.type.shape, .codes = ir::Codes{.range = range, .scale = {*step}, .zeroPoint = 0}},
      std::move(codes)));
}

Result<Maybe> OnGrid::make(ir::TensorId old) {
  const ir::TensorId now = rewrite_.at(old);
  if (!rewrite_.to.tensor(now).type.isReal()) return Maybe(now);
  const ir::Graph& graph = rewrite_.from;
  const ir::Tensor& tensor = graph.tensor(old);
  if (tensor.isConstant()) return constant(tensor);
  const ir::Node& node = graph.node(tensor.producer);
  if (ir::isStructure(node.operation)) return structure(node, false);
  const auto* unary = std::get_if<ir::Unary>(&node.operation);
  const auto* binary = std::get_if<ir::Binary>(&node.operation);
  if (unary == nullptr && binary == nullptr) return Maybe();
  // The one operand that is computed.
  ir::TensorId operand = node.inputs[0];
  if (binary != nullptr) {
    if (graph.tensor(node.inputs[0]).isConstant())
      operand = node.inputs[1];
    else if (!graph.tensor(node.inputs[1]).isConstant())
      return Maybe();
  }
  SLUICE_TRY(const Maybe x, codes(operand));
  if (!x) return Maybe();
  const ir::TensorType type = rewrite_.to.tensor(*x).type;
  if (type.shape != tensor.type.shape || !ir::isPerChannel(*type.codes, type.shape)) return Maybe();
  auto reading = unary != nullptr ? unaryReading(*unary, *type.codes)
                                  : binaryReading(graph, node, binary->kind, *type.codes);
  if (!reading) return table(node, *x);
  return rescaled(rewrite_, *x, node.name, std::move(*reading), originsOf(node));
}

/// Few codes whose images all lie on one grid, whatever the function: leaky relu with a slope of 1/8, absolute
/// values, a hard sigmoid.
Result<Maybe> OnGrid::table(const ir::Node& node, ir::TensorId x) {
  const ir::TensorType& type = rewrite_.to.tensor(x).type;
  const ir::Codes& codes = *type.codes;
  constexpr std::int64_t mostCodes = 4096;
  if (codes.scale.size() != 1 || codes.range.hi - codes.range.lo >= mostCodes) return Maybe();
  // The node alone, on codes of this type, ended by a quantizer so fine that nothing is rounded.
  ir::Graph alone;
  const ir::TensorId input = alone.addInput("x", type);
  std::vector<ir::TensorId> inputs;
  for (const ir::TensorId id : node.inputs) {
    const ir::Tensor& operand = rewrite_.from.tensor(id);
    if (operand.isConstant()) {
      if (operand.type.shape.size() > type.shape.size()) return Maybe();
      alone.tensors.push_back(operand);
      inputs.emplace_back(alone.tensors.size() - 1);
    } else {
      inputs.push_back(input);
    }
  }
  SLUICE_TRY(const ir::TensorId y, alone.addNode("y", node.operation, inputs));
  int exponent = 0;
  if (std::frexp(codes.scale[0], &exponent) != 0.5) return Maybe();
  constexpr int finest = 20;
  const double fine = std::ldexp(codes.scale[0], -finest);
  constexpr std::int64_t most = std::int64_t{1} << 49;
  // Floor and ceiling agree exactly if the value is a whole number of steps.
  std::vector<std::int64_t> below;
  std::int64_t rows = 1;
  for (const fixed::Rounding rounding : {fixed::Rounding::floor, fixed::Rounding::ceil}) {
    SLUICE_TRY(
        const ir::TensorId z,
        alone.addNode(
            rounding == fixed::Rounding::floor ? "f" : "c",
            ir::Quantize{.scale = {fine}, .zeroPoint = 0, .range = {-most, most}, .rounding = rounding},
            {y}));
    const auto function = elementFunction(alone, alone.node(alone.tensor(z).producer));
    if (!function.ok() || function->second.valid() || function->channels > ir::channels(type.shape) ||
        function->channels * (codes.range.hi - codes.range.lo + 1) > 16 * mostCodes)
      return Maybe();
    rows = function->channels;
    Evaluator evaluator(*function);
    std::size_t next = 0;
    for (std::int64_t c = 0; c < rows; ++c) {
      evaluator.setChannel(c);
      for (std::int64_t code = codes.range.lo; code <= codes.range.hi; ++code, ++next) {
        const auto image = evaluator.code(code - codes.zeroPoint);
        if (!image || *image >= most || *image <= -most) return Maybe();
        if (rounding == fixed::Rounding::floor)
          below.push_back(*image);
        else if (below[next] != *image)
          return Maybe();
      }
    }
  }
  // As coarse as all of them allow.
  int coarser = finest + 20;
  for (const std::int64_t image : below)
    for (; coarser > 0 && image % (std::int64_t{1} << coarser) != 0;) --coarser;
  for (std::int64_t& image : below) image /= std::int64_t{1} << coarser;
  const ir::Codes result{.range = rangeOf(below), .scale = {std::ldexp(fine, coarser)}, .zeroPoint = 0};
  const ir::TensorId entries = rewrite_.addConstant(
      node.name + ".table", {.shape = {rows, codes.range.hi - codes.range.lo + 1}, .codes = result},
      std::move(below));
  SLUICE_TRY(const ir::TensorId made, rewrite_.add(node.name + ".codes", ir::Lookup{.first = codes.range.lo},
                                                   {x, entries}, originsOf(node)));
  return Maybe(made);
}

Result<Maybe> OnGrid::withoutZeroPoint(ir::TensorId x, const ir::Node& for_) {
  const ir::TensorType& type = rewrite_.to.tensor(x).type;
  if (type.codes->zeroPoint == 0) return Maybe(x);
  if (!ir::isPerChannel(*type.codes, type.shape)) return Maybe();
  Reading reading = sameAs(*type.codes);
  reading.b = {-reading.zeroPoint};
  reading.zeroPoint = 0;
  return rescaled(rewrite_, x, for_.name + ".zero", std::move(reading), originsOf(for_));
}

Result<Maybe> OnGrid::inSteps(ir::TensorId x, double step, const ir::Node& for_) {
  const ir::Shape shape = rewrite_.to.tensor(x).type.shape;
  const ir::Codes codes = *rewrite_.to.tensor(x).type.codes;
  if (codes.scale == std::vector<double>{step}) return Maybe(x);
  // Powers of two apart: shifts, which keep the ranges of single elements.
  ir::Requantize shifts{.shift = {},
                        .range = {-widest, widest},
                        .rounding = fixed::Rounding::floor,
                        .overflow = fixed::Overflow::saturate};
  bool dyadic = codes.zeroPoint == 0;
  for (std::size_t i = 0; dyadic && i < codes.scale.size(); ++i) {
    const auto power = powerBetween(codes.scale[i], step);
    dyadic = power && *power >= 0 && *power <= 52;
    if (dyadic) shifts.shift.push_back(-*power);
  }
  const std::size_t count = std::max(codes.scale.size(), codes.ranges.size());
  for (std::size_t i = 0; dyadic && i < count; ++i) {
    const fixed::Interval range = ir::rangeOf(codes, static_cast<std::int64_t>(i));
    const double factor = std::ldexp(1.0, static_cast<int>(-at(shifts.shift, i)));
    dyadic = static_cast<double>(std::max(range.hi, -range.lo)) * factor <= 0x1p52;
  }
  if (dyadic) {
    SLUICE_TRY(const ir::TensorId made,
               rewrite_.add(for_.name + ".grid.codes", std::move(shifts), {x}, originsOf(for_)));
    return Maybe(made);
  }
  if (codes.scale.size() > 1 && static_cast<std::int64_t>(codes.scale.size()) != ir::channels(shape))
    return Maybe();
  Reading reading{.a = {}, .b = {}, .scale = {step}};
  for (const double scale : codes.scale) {
    const auto factor = wholeSteps(scale, step);
    if (!factor) return Maybe();
    const __int128 b = -static_cast<__int128>(*factor) * codes.zeroPoint;
    if (b > widest || b < -widest) return Maybe();
    reading.a.push_back(*factor);
    reading.b.push_back(static_cast<std::int64_t>(b));
  }
  collapse(reading.a);
  collapse(reading.b);
  return rescaled(rewrite_, x, for_.name + ".grid", std::move(reading), originsOf(for_));
}

Result<Maybe> OnGrid::ofOneScale(ir::TensorId x, const ir::Node& for_) {
  const ir::Codes& codes = *rewrite_.to.tensor(x).type.codes;
  if (codes.scale.size() == 1) return Maybe(x);
  const auto step = commonStep(codes.scale);
  if (!step) return Maybe();
  return inSteps(x, *step, for_);
}

Result<Maybe> OnGrid::structure(const ir::Node& node, bool inPlace) {
  std::vector<ir::TensorId> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    // The indices of a Gather are what they are.
    if (i == 1 && std::holds_alternative<ir::Gather>(node.operation)) {
      inputs.push_back(rewrite_.at(node.inputs[i]));
      continue;
    }
    SLUICE_TRY(const Maybe x, codes(node.inputs[i]));
    if (!x) return Maybe();
    inputs.push_back(*x);
  }
  const auto type = [&]() {
    std::vector<const ir::Tensor*> known;
    for (const ir::TensorId input : inputs) known.push_back(&rewrite_.to.tensor(input));
    return ir::inferType(node.operation, known);
  };
  SLUICE_TRY(ir::TensorType result, type());
  const std::size_t count = std::holds_alternative<ir::Gather>(node.operation) ? 1 : inputs.size();
  if (result.isReal())
    for (std::size_t i = 0; i < count; ++i) {
      SLUICE_TRY(const Maybe x, withoutZeroPoint(inputs[i], node));
      if (!x) return Maybe();
      inputs[i] = *x;
    }
  SLUICE_TRY(result, type());
  if (result.isReal())
    for (std::size_t i = 0; i < count; ++i) {
      SLUICE_TRY(const Maybe x, ofOneScale(inputs[i], node));
      if (!x) return Maybe();
      inputs[i] = *x;
    }
  SLUICE_TRY(result, type());
  if (result.isReal()) return Maybe();
  if (inPlace) {
    SLUICE_TRY(const ir::TensorId made,
               rewrite_.replace(node, node.operation, std::move(inputs), node.origins));
    return Maybe(made);
  }
  SLUICE_TRY(const ir::TensorId made,
             rewrite_.add(node.name + ".codes", node.operation, std::move(inputs), originsOf(node)));
  return Maybe(made);
}

}  // namespace sluice::passes

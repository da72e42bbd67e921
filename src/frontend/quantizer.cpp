#include <algorithm>
#include <cmath>

#include "fixed/exact.h"
#include "frontend/operators.h"

/// Quantizers with their scales and zero points wherever the file puts them.
///
/// The graph's Quantize takes one scale, one per channel (last axis) or one per element, in the graph's order. The
/// file's may vary along any axis. A constant is carried out element by element. For a computed tensor whose
/// parameters vary along one axis, that axis is brought to the end: channels of a convolution are there anyway.
namespace sluice::frontend {

namespace {

/// Strides with which `from` is read along `shape` by broadcasting; badInput if it does not broadcast.
Result<std::vector<std::size_t>> stridesOver(const ir::Shape& from, const ir::Shape& shape) {
  std::vector<std::size_t> strides(shape.size(), 0);
  if (from.size() > shape.size())
    return badInput("a parameter of shape " + shapeText(from) + " for a tensor of shape " + shapeText(shape));
  std::size_t stride = 1;
  for (std::size_t k = 0; k < from.size(); ++k) {  // k counts axes from the last
    const std::int64_t extent = from[from.size() - 1 - k];
    if (extent == 1) continue;
    if (extent != shape[shape.size() - 1 - k])
      return badInput("a parameter of shape " + shapeText(from) + " does not broadcast to " +
                      shapeText(shape));
    strides[shape.size() - 1 - k] = stride;
    stride *= static_cast<std::size_t>(extent);
  }
  return strides;
}

bool allEqual(const std::vector<double>& list) {
  return std::all_of(list.begin(), list.end(), [&](double v) { return v == list[0]; });
}

}  // namespace

std::size_t Spread::indexOf(std::size_t element, const ir::Shape& shape) const {
  if (values.size() == 1) return 0;
  if (axis < 0) return element;
  std::size_t inner = 1;
  for (std::size_t k = static_cast<std::size_t>(axis) + 1; k < shape.size(); ++k)
    inner *= static_cast<std::size_t>(shape[k]);
  return element / inner % values.size();
}

Result<Spread> spreadOver(const Constant& given, const ir::Shape& shape, FoldBudget& budget, bool batched) {
  if (given.symbolic) return unsupported("a parameter depends on the batch size");
  if (given.size() == 0) return badInput("a parameter has no elements");
  std::vector<double> reals(given.size());
  for (std::size_t i = 0; i < reals.size(); ++i) reals[i] = given.real(i);
  if (allEqual(reals)) return Spread{.values = {reals[0]}, .axis = 0};
  ir::Shape from = given.shape;
  if (batched && from.size() == shape.size() + 1) {
    if (from[0] != 1) return unsupported("a parameter differs from sample to sample of the batch");
    from.erase(from.begin());
  }
  SLUICE_TRY(const std::vector<std::size_t> strides, stridesOver(from, shape));
  std::vector<std::size_t> axes;
  for (std::size_t k = 0; k < shape.size(); ++k)
    if (strides[k] != 0) axes.push_back(k);
  if (axes.size() == 1) return Spread{.values = std::move(reals), .axis = static_cast<std::int64_t>(axes[0])};
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  Spread spread{.values = {}, .axis = -1};
  spread.values.reserve(static_cast<std::size_t>(count));
  std::vector<std::int64_t> index(shape.size(), 0);
  std::size_t at = 0;
  for (std::int64_t n = 0; n < count; ++n) {
    spread.values.push_back(reals[at]);
    for (std::size_t k = shape.size(); k-- > 0;) {
      at += strides[k];
      if (++index[k] < shape[k]) break;
      at -= strides[k] * static_cast<std::size_t>(shape[k]);
      index[k] = 0;
    }
  }
  return spread;
}

Status checkScales(const std::vector<double>& scales) {
  for (const double scale : scales)
    if (!(scale > 0) || !std::isfinite(scale))
      return badInput("the scale " + std::to_string(scale) + " is not a positive number");
  return {};
}

Result<std::vector<std::int64_t>> zeroPoints(const std::vector<double>& zeros) {
  std::vector<std::int64_t> list;
  for (const double zero : zeros) {
    if (zero != std::floor(zero) || std::abs(zero) > 0x1p32)
      return unsupported("the zero point " + std::to_string(zero) + " is not a whole number within 32 bits");
    list.push_back(static_cast<std::int64_t>(zero));
  }
  return list;
}

namespace {

Status quantizeConstant(Call& call, const Quantizer& q) {
  SLUICE_TRY(const std::shared_ptr<const Constant> x, call.constantInput(0, "the input"));
  if (x->symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(x->size())));
  SLUICE_TRY(const Spread scale, spreadOver(*realOf(q.scale), x->shape, call.budget(), false));
  SLUICE_TRY(const Spread zero, spreadOver(*realOf(q.zero), x->shape, call.budget(), false));
  SLUICE_RETURN_IF_ERROR(checkScales(scale.values));
  SLUICE_TRY(const std::vector<std::int64_t> zeros, zeroPoints(zero.values));
  const auto [least, most] = std::minmax_element(zeros.begin(), zeros.end());
  std::vector<std::int64_t> codes(x->size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double s = scale.values[scale.indexOf(i, x->shape)];
    const std::int64_t z = zeros[zero.indexOf(i, x->shape)];
    codes[i] = q.zeroAfterRounding
                   ? fixed::quantize(x->real(i), s, 0, q.rounding, {q.range.lo - z, q.range.hi - z})
                   : fixed::quantize(x->real(i), s, z, q.rounding, q.range) - z;
  }
  call.define(QuantizedConstant{.shape = x->shape,
                                .codes = std::move(codes),
                                .scale = scale.values,
                                .channelAxis = scale.axis,
                                .range = {q.range.lo - *most, q.range.hi - *least}});
  return {};
}

/// A parameter as the graph's Quantize lists it: one number, one per channel, or one per element.
Result<std::vector<double>> listIn(Call& call, const Value& parameter, const ir::Shape& held, bool batched,
                                   const Layout& layout) {
  SLUICE_TRY(const Value placed, constantIn(call, parameter, "a parameter", held.size(), batched, layout));
  SLUICE_TRY(const Spread spread, spreadOver(*realOf(placed), held, call.budget(), false));
  if (spread.values.size() == 1 || spread.axis < 0 ||
      spread.axis + 1 == static_cast<std::int64_t>(held.size()))
    return spread.values;
  SLUICE_RETURN_IF_ERROR(call.budget().take(ir::elements(held)));
  std::vector<double> all(static_cast<std::size_t>(ir::elements(held)));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = spread.values[spread.indexOf(i, held)];
  return all;
}

Status quantizeComputed(Call& call, const Quantizer& q) {
  const Value& x = call.input(0);
  const ir::Shape shape = call.sampleShape(0);
  SLUICE_TRY(const Spread scale, spreadOver(*realOf(q.scale), shape, call.budget(), x.batched));
  SLUICE_TRY(const Spread zero, spreadOver(*realOf(q.zero), shape, call.budget(), x.batched));
  // The one axis along which anything varies goes last.
  Layout layout = x.layout;
  ir::TensorId tensor = x.tensor;
  const bool scaleVaries = scale.values.size() > 1, zeroVaries = zero.values.size() > 1;
  const std::int64_t axis = scaleVaries ? scale.axis : zero.axis;
  const bool oneAxis = (scaleVaries || zeroVaries) && axis >= 0 && (!zeroVaries || zero.axis == axis);
  if (oneAxis && !layout.flat && orderOf(layout, shape.size()).back() != axis) {
    const Order order = withLast(shape.size(), axis);
    SLUICE_TRY(tensor, call.tensorIn(0, order));
    layout = layoutOf(order);
  }
  const ir::Shape held = call.typeOf(tensor).shape;
  ir::Quantize node{.scale = {}, .range = q.range, .rounding = q.rounding};
  SLUICE_TRY(node.scale, listIn(call, q.scale, held, x.batched, layout));
  SLUICE_RETURN_IF_ERROR(checkScales(node.scale));
  SLUICE_TRY(const std::vector<double> zeroReals, listIn(call, q.zero, held, x.batched, layout));
  SLUICE_TRY(const std::vector<std::int64_t> zeros, zeroPoints(zeroReals));
  if (q.zeroAfterRounding) {
    const auto [least, most] = std::minmax_element(zeros.begin(), zeros.end());
    node.range = {q.range.lo - *most, q.range.hi - *least};
    if (zeros.size() > 1)
      for (const std::int64_t z : zeros) node.ranges.push_back({q.range.lo - z, q.range.hi - z});
  } else if (zeros.size() == 1) {
    node.zeroPoint = zeros[0];
  } else {
    node.zeroPoints = zeros;
  }
  return call.finish(std::move(node), {tensor}, x.batched, std::move(layout));
}

}  // namespace

Status applyQuantizer(Call& call, const Quantizer& quantizer) {
  return call.input(0).isConstant() ? quantizeConstant(call, quantizer) : quantizeComputed(call, quantizer);
}

Result<fixed::Interval> rangeOfType(std::int32_t elementType, const char* what) {
  constexpr std::int64_t one = 1;
  switch (elementType) {
    case 2:
      return fixed::Interval{0, 255};
    case 3:
      return fixed::Interval{-128, 127};
    case 4:
      return fixed::Interval{0, 65535};
    case 5:
      return fixed::Interval{-32768, 32767};
    case 6:
      return fixed::Interval{-(one << 31), (one << 31) - 1};
    case 7:
      return fixed::Interval{-(one << 62), one << 62};
    case 9:
      return fixed::Interval{0, 1};
    case 12:
      return fixed::Interval{0, (one << 32) - 1};
    case 13:
      return fixed::Interval{0, one << 62};
    case 21:
      return fixed::Interval{0, 15};
    case 22:
      return fixed::Interval{-8, 7};
    default:
      return unsupported(std::string(what) + " of type " + elementTypeName(elementType) +
                         "; integers are supported");
  }
}

}  // namespace sluice::frontend

#include <algorithm>
#include <cmath>

#include "frontend/operators.h"

/// Up- and downsampling. It works on the tensor as it lies: extents and factors are put in the graph's order.
namespace sluice::frontend {

namespace {

using List = std::vector<std::int64_t>;

/// A factor or an extent for each axis of the file, of those that `axes` names.
template <typename Number>
Result<std::vector<Number>> spreadOver(const Call& call, const std::vector<Number>& given,
                                       const List& fallback, const std::optional<List>& axes) {
  const std::size_t rank = call.fileRank(0);
  std::vector<Number> all(fallback.begin(), fallback.end());
  if (!axes) {
    if (given.size() != rank)
      return badInput("it names " + std::to_string(given.size()) + " axes of " + std::to_string(rank));
    return given;
  }
  if (given.size() != axes->size())
    return badInput("it names " + std::to_string(given.size()) + " numbers for " +
                    std::to_string(axes->size()) + " axes");
  for (std::size_t k = 0; k < given.size(); ++k) {
    SLUICE_TRY(const std::int64_t axis, normalizeAxis((*axes)[k], rank));
    all[static_cast<std::size_t>(axis)] = given[k];
  }
  return all;
}

struct ResizeRequest {
  std::optional<std::vector<double>> scales;
  std::optional<List> sizes;
  std::optional<List> axes;
  ir::Resize resize;
};

Status finishResize(Call& call, ResizeRequest request) {
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const Value& x = call.input(0);
  const ir::Shape shape = call.sampleShape(0);
  ir::Shape fileShape = shape;
  if (x.batched) fileShape.insert(fileShape.begin(), 1);
  std::vector<double> factors;
  ir::Shape out = fileShape;
  if (request.scales) {
    SLUICE_TRY(factors, spreadOver(call, *request.scales, List(fileShape.size(), 1), request.axes));
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!(factors[i] > 0) || factors[i] > 0x1p20)
        return badInput("the scale " + std::to_string(factors[i]) + " of axis " + std::to_string(i));
      out[i] = static_cast<std::int64_t>(std::floor(static_cast<double>(fileShape[i]) * factors[i]));
    }
  } else if (request.sizes) {
    ir::Shape kept = fileShape;
    if (x.batched && !request.axes && !request.sizes->empty()) kept[0] = 1;
    SLUICE_TRY(out, spreadOver(call, *request.sizes, kept, request.axes));
    if (x.batched && !request.axes && (out[0] == openBatch || out[0] == call.batch().value_or(out[0])))
      out[0] = 1;
  } else {
    return badInput("it has neither scales nor sizes");
  }
  if (x.batched && out[0] != 1) return unsupported("it changes the batch axis");
  const std::size_t offset = x.batched ? 1 : 0;
  const Order order = orderOf(x.layout, shape.size());
  if (x.layout.flat) return unsupported("its input is a flattened tensor");
  bool exact = true;
  std::vector<double> graphFactors;
  request.resize.shape.clear();
  for (const std::int64_t axis : order) {
    const std::size_t i = static_cast<std::size_t>(axis) + offset;
    request.resize.shape.push_back(out[i]);
    const double ratio = static_cast<double>(out[i]) / static_cast<double>(fileShape[i]);
    graphFactors.push_back(factors.empty() ? ratio : factors[i]);
    exact = exact && graphFactors.back() == ratio;
  }
  if (!exact) request.resize.factors = std::move(graphFactors);
  SLUICE_RETURN_IF_ERROR(ir::checkShape(request.resize.shape));
  return call.finish(std::move(request.resize), {x.tensor}, x.batched, x.layout);
}

Result<ir::ResizeKind> resizeKind(const std::string& mode) {
  if (mode == "nearest") return ir::ResizeKind::nearest;
  if (mode == "linear" || mode == "bilinear") return ir::ResizeKind::linear;
  return unsupported("mode '" + shown(mode) + "'; nearest and linear are supported");
}

Result<std::vector<double>> realsInput(const Call& call, std::size_t i, const char* what) {
  SLUICE_TRY(const std::shared_ptr<const Constant> list, call.constantInput(i, what));
  std::vector<double> reals;
  for (std::size_t k = 0; k < list->size(); ++k) reals.push_back(list->real(k));
  return reals;
}

}  // namespace

/// Scales are an attribute before operator set 9, an input in 9. Its coordinates are those of "asymmetric".
Status importUpsample(Call& call) {
  ResizeRequest request;
  SLUICE_TRY(const std::string mode, call.text("mode", "nearest"));
  SLUICE_TRY(request.resize.kind, resizeKind(mode));
  request.resize.coordinates = ir::Coordinates::asymmetric;
  request.resize.rounding = ir::NearestRounding::floor;
  SLUICE_TRY(request.scales, call.reals("scales"));
  if (call.has(1)) {
    SLUICE_TRY(request.scales, realsInput(call, 1, "the list of scales"));
  }
  return finishResize(call, std::move(request));
}

/// Inputs x, scales in operator set 10; x, roi, scales, sizes since.
Status importResize(Call& call) {
  ResizeRequest request;
  SLUICE_TRY(const std::string mode, call.text("mode", "nearest"));
  SLUICE_TRY(request.resize.kind, resizeKind(mode));
  SLUICE_TRY(request.axes, call.integers("axes"));
  SLUICE_TRY(const std::int64_t antialias, call.integer("antialias", 0));
  SLUICE_TRY(const std::string policy, call.text("keep_aspect_ratio_policy", "stretch"));
  SLUICE_TRY(const std::string coordinates,
             call.text("coordinate_transformation_mode", call.opset() < 11 ? "asymmetric" : "half_pixel"));
  SLUICE_TRY(const std::string rounding,
             call.text("nearest_mode", call.opset() < 11 ? "floor" : "round_prefer_floor"));
  if (policy != "stretch") return unsupported("keep_aspect_ratio_policy '" + shown(policy) + "'");
  constexpr std::pair<const char*, ir::Coordinates> coordinateModes[] = {
      {"half_pixel", ir::Coordinates::halfPixel},
      {"asymmetric", ir::Coordinates::asymmetric},
      {"align_corners", ir::Coordinates::alignCorners},
      {"pytorch_half_pixel", ir::Coordinates::pytorchHalfPixel}};
  constexpr std::pair<const char*, ir::NearestRounding> roundings[] = {
      {"floor", ir::NearestRounding::floor},
      {"ceil", ir::NearestRounding::ceil},
      {"round_prefer_floor", ir::NearestRounding::preferFloor},
      {"round_prefer_ceil", ir::NearestRounding::preferCeil}};
  const auto* mapping = std::find_if(std::begin(coordinateModes), std::end(coordinateModes),
                                     [&](const auto& entry) { return coordinates == entry.first; });
  if (mapping == std::end(coordinateModes))
    return unsupported("coordinate_transformation_mode '" + shown(coordinates) + "'");
  const auto* way = std::find_if(std::begin(roundings), std::end(roundings),
                                 [&](const auto& entry) { return rounding == entry.first; });
  if (way == std::end(roundings)) return unsupported("nearest_mode '" + shown(rounding) + "'");
  request.resize.coordinates = mapping->second;
  if (request.resize.kind == ir::ResizeKind::nearest) request.resize.rounding = way->second;
  const auto filled = [&](std::size_t i) {
    if (!call.has(i)) return false;
    const ir::Shape shape = call.sampleShape(i);
    return call.input(i).isRuntime() || shape.empty() || shape[0] != 0;
  };
  // Exporters of QONNX wrote sets above 10 with two parameters.
  const std::size_t scales = call.inputCount() == 2 ? 1 : 2;
  if (filled(scales)) {
    SLUICE_TRY(request.scales, realsInput(call, scales, "the list of scales"));
  } else if (filled(3)) {
    SLUICE_TRY(request.sizes, call.integersInput(3, "the list of sizes"));
  }
  if (antialias != 0) {
    const bool shrinks = !request.scales || std::any_of(request.scales->begin(), request.scales->end(),
                                                        [](double s) { return s < 1; });
    if (shrinks) return unsupported("antialias");
  }
  return finishResize(call, std::move(request));
}

}  // namespace sluice::frontend

// Layers that move elements about, and those that do nothing in inference.

#include <algorithm>

#include "frontend/keras/layer.h"

namespace sluice::frontend::keras {
namespace {

constexpr std::int64_t largestExtent = std::int64_t{1} << 24;

/// Pairs (before, after) per spatial axis of `padding` or `cropping`: 2, [1, 2] or [[1, 2], [3, 4]].
Result<std::vector<std::pair<std::int64_t, std::int64_t>>> borders(const Layer& layer, const char* key,
                                                                   std::size_t rank) {
  const Json& value = layer.config()[key];
  std::vector<std::pair<std::int64_t, std::int64_t>> result;
  for (std::size_t k = 0; k < rank; ++k) {
    if (value.isNull()) {
      result.emplace_back(1, 1);
    } else if (value.isNumber()) {
      result.emplace_back(value.integer(-1), value.integer(-1));
    } else if (rank == 1 && value[0].isNumber()) {
      result.emplace_back(value[0].integer(-1), value[1].integer(-1));
    } else if (value[k].isNumber()) {
      result.emplace_back(value[k].integer(-1), value[k].integer(-1));
    } else {
      result.emplace_back(value[k][0].integer(-1), value[k][1].integer(-1));
    }
    const auto [before, after] = result.back();
    if (before < 0 || after < 0 || before > largestExtent || after > largestExtent)
      return badInput(std::string("has bad numbers in '") + key + "'");
  }
  return result;
}

std::size_t spatialRank(const Layer& layer) {
  return layer.className().find("1D") != std::string::npos ? 1 : 2;
}

Status checkRank(const Layer& layer) {
  if (layer.inputShape().size() != spatialRank(layer) + 1)
    return badInput("reads a tensor of shape " + ir::text(layer.inputShape()) + ", not one of " +
                    std::to_string(spatialRank(layer)) + " spatial axes and channels");
  return {};
}

}  // namespace

Result<ir::TensorId> importInput(Layer& layer) {
  const Json& config = layer.config();
  const char* const keys[] = {"batch_shape", "batch_input_shape", "build_input_shape"};
  const Json* shape = &config["build_config"]["input_shape"];
  for (const char* key : keys)
    if (config.has(key)) shape = &config[key];
  if (!shape->isList() || shape->items.empty())
    return badInput(
        "says no shape: the model was never built; call it once, or give the first layer an input shape");
  ir::Shape extents;
  for (std::size_t k = 1; k < shape->items.size(); ++k) {
    if ((*shape)[k].isNull())
      return unsupported("leaves axis " + std::to_string(k) +
                         " open; hardware needs a size: build the model with a fixed input shape");
    extents.push_back((*shape)[k].integer(0));
  }
  SLUICE_RETURN_IF_ERROR(ir::checkShape(extents));
  layer.state().tensorNames.insert(layer.name());
  layer.state().nodeNames.insert(layer.name());
  return layer.state().graph.addInput(layer.name(), {.shape = std::move(extents), .codes = {}});
}

Result<ir::TensorId> importNothing(Layer& layer) { return layer.input(); }

Result<ir::TensorId> importFlatten(Layer& layer) {
  ir::TensorId x = layer.input();
  if (layer.channelsFirst() && layer.inputShape().size() > 1) {
    SLUICE_TRY(x, layer.channelsToLast(x));
  }
  if (layer.shape(x).size() == 1) return x;
  return layer.emit(ir::Reshape{{ir::elements(layer.shape(x))}}, {x}, "reshape");
}

Result<ir::TensorId> importReshape(Layer& layer) {
  const Json& target = layer.config()["target_shape"];
  const std::int64_t count = ir::elements(layer.inputShape());
  ir::Shape shape;
  std::int64_t known = 1;
  std::optional<std::size_t> open;
  for (const Json& item : target.items) {
    const std::int64_t extent = item.integer(0);
    if (extent == -1 && !open) {
      open = shape.size();
      shape.push_back(1);
      continue;
    }
    if (extent < 1 || extent > count || known > count) return badInput("has a bad 'target_shape'");
    known *= extent;
    shape.push_back(extent);
  }
  if (open && known > 0 && count % known == 0) {
    shape[*open] = count / known;
    known *= shape[*open];
  }
  if (known != count)
    return badInput("reshapes " + ir::text(layer.inputShape()) + " into " + ir::text(shape) +
                    ", which has another number of elements");
  return layer.emit(ir::Reshape{shape}, {layer.input()}, "reshape");
}

Result<ir::TensorId> importPermute(Layer& layer) {
  std::vector<std::int64_t> permutation;
  for (const Json& item : layer.config()["dims"].items) permutation.push_back(item.integer(0) - 1);
  std::vector<std::int64_t> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t k = 0; k < sorted.size(); ++k)
    if (sorted[k] != static_cast<std::int64_t>(k)) return badInput("has 'dims' that are no permutation");
  if (permutation.size() != layer.inputShape().size())
    return badInput("permutes " + std::to_string(permutation.size()) + " axes of a tensor of shape " +
                    ir::text(layer.inputShape()));
  return layer.transpose(layer.input(), permutation, "transpose");
}

Result<ir::TensorId> importRepeatVector(Layer& layer) {
  const std::int64_t times = layer.config()["n"].integer(0);
  if (times < 1 || times > largestExtent || layer.inputShape().size() != 1)
    return badInput("repeats no vector");
  const std::int64_t length = layer.inputShape()[0];
  SLUICE_TRY(const ir::TensorId row, layer.emit(ir::Reshape{{1, length}}, {layer.input()}, "reshape"));
  return layer.emit(ir::Expand{{times, length}}, {row}, "expand");
}

Result<ir::TensorId> importZeroPadding(Layer& layer) {
  SLUICE_RETURN_IF_ERROR(checkRank(layer));
  const std::size_t rank = spatialRank(layer);
  SLUICE_TRY(const auto edges, borders(layer, "padding", rank));
  ir::Pad pad;
  pad.before.assign(rank + 1, 0);
  pad.after.assign(rank + 1, 0);
  for (std::size_t k = 0; k < rank; ++k) {
    const std::size_t axis = layer.channelsFirst() ? k + 1 : k;
    pad.before[axis] = edges[k].first;
    pad.after[axis] = edges[k].second;
  }
  return layer.emit(pad, {layer.input()}, "pad");
}

Result<ir::TensorId> importCropping(Layer& layer) {
  SLUICE_RETURN_IF_ERROR(checkRank(layer));
  const std::size_t rank = spatialRank(layer);
  SLUICE_TRY(const auto edges, borders(layer, "cropping", rank));
  ir::Slice slice;
  slice.begin.assign(rank + 1, 0);
  slice.end = layer.inputShape();
  for (std::size_t k = 0; k < rank; ++k) {
    const std::size_t axis = layer.channelsFirst() ? k + 1 : k;
    slice.begin[axis] = edges[k].first;
    slice.end[axis] -= edges[k].second;
    if (slice.end[axis] <= slice.begin[axis]) return badInput("crops everything away");
  }
  return layer.emit(slice, {layer.input()}, "crop");
}

Result<ir::TensorId> importUpSampling(Layer& layer) {
  SLUICE_RETURN_IF_ERROR(checkRank(layer));
  const std::size_t rank = spatialRank(layer);
  SLUICE_TRY(const std::vector<std::int64_t> size, layer.extents("size", rank, 2));
  const std::string kind = layer.config()["interpolation"].text("nearest");
  ir::Resize resize;
  if (kind == "nearest") {
    resize.coordinates = ir::Coordinates::asymmetric;
    resize.rounding = ir::NearestRounding::floor;
  } else if (kind == "bilinear") {
    resize.kind = ir::ResizeKind::linear;
  } else {
    return unsupported("interpolates '" + kind + "'; nearest and bilinear are supported");
  }
  resize.shape = layer.inputShape();
  for (std::size_t k = 0; k < rank; ++k) {
    std::int64_t& extent = resize.shape[layer.channelsFirst() ? k + 1 : k];
    if (extent > (std::int64_t{1} << 40) / size[k]) return badInput("makes a tensor beyond all bounds");
    extent *= size[k];
  }
  return layer.emit(resize, {layer.input()}, "resize");
}

}  // namespace sluice::frontend::keras

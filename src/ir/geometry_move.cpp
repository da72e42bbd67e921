#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ir/geometry.h"

namespace sluice::ir {
namespace {

using Positions = std::vector<std::int64_t>;

/// A move that treats each axis by itself: entry o of `maps[axis]` is the position in x, or -1.
Positions separable(const Shape& x, const std::vector<Positions>& maps) {
  const Positions step = strides(x);
  Positions sources{0};
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    Positions next;
    next.reserve(sources.size() * maps[axis].size());
    for (const std::int64_t before : sources)
      for (const std::int64_t at : maps[axis])
        next.push_back(before < 0 || at < 0 ? -1 : before + at * step[axis]);
    sources = std::move(next);
  }
  return sources;
}

Positions identity(std::int64_t count) {
  Positions list(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = static_cast<std::int64_t>(i);
  return list;
}

/// Coordinate in x of output o (ops_structure.h).
double coordinate(const Resize& operation, std::int64_t in, std::int64_t out, double factor, std::int64_t o) {
  const auto position = static_cast<double>(o);
  switch (operation.coordinates) {
    case Coordinates::asymmetric:
      return position / factor;
    case Coordinates::alignCorners:
      return out == 1 ? 0 : position * static_cast<double>(in - 1) / static_cast<double>(out - 1);
    case Coordinates::pytorchHalfPixel:
      if (out == 1) return 0;
      break;
    case Coordinates::halfPixel:
      break;
  }
  return (position + 0.5) / factor - 0.5;
}

double factorOf(const Resize& operation, const Shape& x, std::size_t axis) {
  if (!operation.factors.empty()) return operation.factors[axis];
  return static_cast<double>(operation.shape[axis]) / static_cast<double>(x[axis]);
}

/// Whether the axis is left as it is.
bool isKept(const Resize& operation, const Shape& x, std::size_t axis) {
  return operation.shape[axis] == x[axis] && factorOf(operation, x, axis) == 1;
}

}  // namespace

std::vector<std::int64_t> strides(const Shape& shape) {
  Positions result(shape.size());
  std::int64_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    result[axis] = step;
    step *= shape[axis];
  }
  return result;
}

std::vector<std::int64_t> broadcastSources(const Shape& operand, const Shape& result) {
  Shape full(result.size() - operand.size(), 1);
  full.insert(full.end(), operand.begin(), operand.end());
  std::vector<Positions> maps;
  for (std::size_t axis = 0; axis < result.size(); ++axis)
    maps.push_back(full[axis] == 1 ? Positions(static_cast<std::size_t>(result[axis]), 0)
                                   : identity(result[axis]));
  return separable(full, maps);
}

Result<Shape> moveShape(const Reshape& operation, const std::vector<Shape>& inputs) {
  SLUICE_RETURN_IF_ERROR(checkShape(operation.shape));
  if (elements(operation.shape) != elements(inputs[0]))
    return badInput("shape " + text(operation.shape) + " has another number of elements than x " +
                    text(inputs[0]));
  return operation.shape;
}
std::vector<std::int64_t> moveSources(const Reshape&, const std::vector<Shape>& inputs) {
  return identity(elements(inputs[0]));
}

Result<Shape> moveShape(const Transpose& operation, const std::vector<Shape>& inputs) {
  const Shape& x = inputs[0];
  std::vector<bool> seen(x.size());
  bool legal = operation.permutation.size() == x.size();
  Shape shape;
  for (std::size_t i = 0; legal && i < x.size(); ++i) {
    const std::int64_t axis = operation.permutation[i];
    legal = axis >= 0 && axis < static_cast<std::int64_t>(x.size()) && !seen[static_cast<std::size_t>(axis)];
    if (!legal) break;
    seen[static_cast<std::size_t>(axis)] = true;
    shape.push_back(x[static_cast<std::size_t>(axis)]);
  }
  if (!legal) return badInput(text(operation.permutation) + " does not permute the axes of x " + text(x));
  return shape;
}
std::vector<std::int64_t> moveSources(const Transpose& operation, const std::vector<Shape>& inputs) {
  const Positions step = strides(inputs[0]);
  Positions sources{0};
  for (const std::int64_t from : operation.permutation) {
    const auto axis = static_cast<std::size_t>(from);
    Positions next;
    next.reserve(sources.size() * static_cast<std::size_t>(inputs[0][axis]));
    for (const std::int64_t before : sources)
      for (std::int64_t at = 0; at < inputs[0][axis]; ++at) next.push_back(before + at * step[axis]);
    sources = std::move(next);
  }
  return sources;
}

Result<Shape> moveShape(const Concat& operation, const std::vector<Shape>& inputs) {
  Shape shape = inputs[0];
  const auto axis = static_cast<std::size_t>(operation.axis);
  if (operation.axis < 0 || axis >= shape.size())
    return badInput("axis " + std::to_string(operation.axis) + " of a tensor of shape " + text(shape));
  shape[axis] = 0;
  for (const Shape& one : inputs) {
    Shape other = one;
    if (axis < other.size()) other[axis] = inputs[0][axis];
    if (other != inputs[0])
      return badInput("shapes " + text(inputs[0]) + " and " + text(one) + " differ beside axis " +
                      std::to_string(axis) + ", along which they are concatenated");
    shape[axis] += one[axis];
  }
  SLUICE_RETURN_IF_ERROR(checkShape(shape));
  return shape;
}
std::vector<std::int64_t> moveSources(const Concat& operation, const std::vector<Shape>& inputs) {
  const auto axis = static_cast<std::size_t>(operation.axis);
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= inputs[0][i];
  Positions sources;
  for (std::int64_t o = 0; o < outer; ++o) {
    std::int64_t first = 0;
    for (const Shape& one : inputs) {
      const std::int64_t run = elements(one) / outer;
      for (std::int64_t i = 0; i < run; ++i) sources.push_back(first + o * run + i);
      first += elements(one);
    }
  }
  return sources;
}

Result<Shape> moveShape(const Pad& operation, const std::vector<Shape>& inputs) {
  Shape shape = inputs[0];
  constexpr std::int64_t most = std::int64_t{1} << 30;
  for (const Positions* list : {&operation.before, &operation.after, &operation.between}) {
    if (!list->empty() && list->size() != shape.size())
      return badInput(std::to_string(list->size()) + " amounts of padding for the axes of x " + text(shape));
    for (const std::int64_t one : *list)
      if (one < 0 || one > most) return badInput("an amount of padding of " + std::to_string(one));
  }
  if (!std::isfinite(operation.value)) return badInput("padding with a number that is not finite");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t gap = entry(operation.between, i, 0);
    if (shape[i] > 1 && gap > most / shape[i]) return badInput("padding between elements is too large");
    shape[i] += entry(operation.before, i, 0) + entry(operation.after, i, 0) + (shape[i] - 1) * gap;
  }
  SLUICE_RETURN_IF_ERROR(checkShape(shape));
  return shape;
}
std::vector<std::int64_t> moveSources(const Pad& operation, const std::vector<Shape>& inputs) {
  std::vector<Positions> maps;
  for (std::size_t axis = 0; axis < inputs[0].size(); ++axis) {
    Positions& map = maps.emplace_back(static_cast<std::size_t>(entry(operation.before, axis, 0)), -1);
    for (std::int64_t i = 0; i < inputs[0][axis]; ++i) {
      if (i > 0) map.insert(map.end(), static_cast<std::size_t>(entry(operation.between, axis, 0)), -1);
      map.push_back(i);
    }
    map.insert(map.end(), static_cast<std::size_t>(entry(operation.after, axis, 0)), -1);
  }
  return separable(inputs[0], maps);
}

Result<Shape> moveShape(const Slice& operation, const std::vector<Shape>& inputs) {
  Shape shape = inputs[0];
  if (operation.begin.size() != shape.size() || operation.end.size() != shape.size() ||
      (!operation.step.empty() && operation.step.size() != shape.size()))
    return badInput("a slice needs begin and end (and maybe step) of each axis of x " + text(shape));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t begin = operation.begin[i], end = operation.end[i], step = entry(operation.step, i, 1);
    if (begin < 0 || end <= begin || end > shape[i] || step < 1)
      return badInput("a slice from " + std::to_string(begin) + " to " + std::to_string(end) +
                      " in steps of " + std::to_string(step) + " of axis " + std::to_string(i) + " of x " +
                      text(inputs[0]));
    shape[i] = (end - begin - 1) / step + 1;
  }
  return shape;
}
std::vector<std::int64_t> moveSources(const Slice& operation, const std::vector<Shape>& inputs) {
  std::vector<Positions> maps;
  for (std::size_t axis = 0; axis < inputs[0].size(); ++axis) {
    Positions& map = maps.emplace_back();
    for (std::int64_t i = operation.begin[axis]; i < operation.end[axis]; i += entry(operation.step, axis, 1))
      map.push_back(i);
  }
  return separable(inputs[0], maps);
}

Result<Shape> moveShape(const Expand& operation, const std::vector<Shape>& inputs) {
  SLUICE_RETURN_IF_ERROR(checkShape(operation.shape));
  const Shape& x = inputs[0];
  bool legal = x.size() <= operation.shape.size();
  for (std::size_t i = 0; legal && i < x.size(); ++i) {  // i counts axes from the last one
    const std::int64_t extent = x[x.size() - 1 - i];
    legal = extent == 1 || extent == operation.shape[operation.shape.size() - 1 - i];
  }
  if (!legal) return badInput("x " + text(x) + " does not broadcast to " + text(operation.shape));
  return operation.shape;
}
std::vector<std::int64_t> moveSources(const Expand& operation, const std::vector<Shape>& inputs) {
  return broadcastSources(inputs[0], operation.shape);
}

Result<Shape> moveShape(const Resize& operation, const std::vector<Shape>& inputs) {
  SLUICE_RETURN_IF_ERROR(checkShape(operation.shape));
  if (operation.shape.size() != inputs[0].size() ||
      (!operation.factors.empty() && operation.factors.size() != inputs[0].size()))
    return badInput("a resize to " + text(operation.shape) + " of x " + text(inputs[0]));
  for (const double factor : operation.factors)
    if (!(factor > 0) || !std::isfinite(factor))
      return badInput("a resize by the factor " + formatDouble(factor));
  return operation.shape;
}
std::vector<std::int64_t> moveSources(const Resize& operation, const std::vector<Shape>& inputs) {
  const Shape& x = inputs[0];
  std::vector<Positions> maps;
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    if (isKept(operation, x, axis)) {
      maps.push_back(identity(x[axis]));
      continue;
    }
    Positions& map = maps.emplace_back();
    for (std::int64_t o = 0; o < operation.shape[axis]; ++o) {
      const double at =
          coordinate(operation, x[axis], operation.shape[axis], factorOf(operation, x, axis), o);
      double nearest = std::floor(at);
      switch (operation.rounding) {
        case NearestRounding::floor:
          break;
        case NearestRounding::ceil:
          nearest = std::ceil(at);
          break;
        case NearestRounding::preferFloor:
          nearest = std::ceil(at - 0.5);
          break;
        case NearestRounding::preferCeil:
          nearest = std::floor(at + 0.5);
          break;
      }
      map.push_back(static_cast<std::int64_t>(std::clamp(nearest, 0.0, static_cast<double>(x[axis] - 1))));
    }
  }
  return separable(x, maps);
}

std::vector<std::vector<ResizeTap>> resizeTaps(const Resize& operation, const Shape& x) {
  std::vector<std::vector<ResizeTap>> result(x.size());
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    if (isKept(operation, x, axis)) continue;
    for (std::int64_t o = 0; o < operation.shape[axis]; ++o) {
      const double at =
          std::clamp(coordinate(operation, x[axis], operation.shape[axis], factorOf(operation, x, axis), o),
                     0.0, static_cast<double>(x[axis] - 1));
      const double low = std::floor(at);
      result[axis].push_back({.low = static_cast<std::int64_t>(low),
                              .high = std::min(static_cast<std::int64_t>(low) + 1, x[axis] - 1),
                              .weight = at - low});
    }
  }
  return result;
}

int dyadicBits(const std::vector<ResizeTap>& taps) {
  for (int bits = 0; bits <= 8; ++bits)
    if (std::all_of(taps.begin(), taps.end(), [&](const ResizeTap& tap) {
          const double steps = std::ldexp(tap.weight, bits);
          return steps == std::floor(steps);
        }))
      return bits;
  return -1;
}

}  // namespace sluice::ir

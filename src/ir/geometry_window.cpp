#include <algorithm>

#include "ir/geometry.h"

namespace sluice::ir {
namespace {

constexpr std::int64_t mostExtent = std::int64_t{1} << 40;

Status checkList(const std::vector<std::int64_t>& list, std::size_t axes, std::int64_t least,
                 const char* what) {
  if (!list.empty() && list.size() != axes)
    return badInput(std::to_string(list.size()) + " " + what + " for " + std::to_string(axes) +
                    " spatial axes");
  for (const std::int64_t one : list)
    if (one < least || one >= mostExtent)
      return badInput(std::string(what) + " of " + std::to_string(one) + "; at least " +
                      std::to_string(least) + " is needed");
  return {};
}

Status checkWindow(const Window& window, std::size_t axes) {
  SLUICE_RETURN_IF_ERROR(checkList(window.strides, axes, 1, "strides"));
  SLUICE_RETURN_IF_ERROR(checkList(window.dilations, axes, 1, "dilations"));
  SLUICE_RETURN_IF_ERROR(checkList(window.padBefore, axes, 0, "padBefore"));
  return checkList(window.padAfter, axes, 0, "padAfter");
}

Status checkChannels(const Shape& x, const Shape& w, std::int64_t groups) {
  if (x.empty() || w.size() != x.size() + 1)
    return badInput("a convolution takes x [spatial..., cin] and w [kernel..., cin / groups, cout], not " +
                    text(x) + " and " + text(w));
  const std::int64_t in = x.back(), out = w.back();
  if (groups < 1 || in % groups != 0 || out % groups != 0 || w[w.size() - 2] != in / groups)
    return badInput("x " + text(x) + " and w " + text(w) + " do not fit " + std::to_string(groups) +
                    " groups: w is [kernel..., cin / groups, cout], and groups divides cin and cout");
  return {};
}

}  // namespace

std::int64_t WindowAxis::inside(std::int64_t o) const {
  std::int64_t count = 0;
  for (std::int64_t k = 0; k < kernel; ++k) count += at(o, k) >= 0 && at(o, k) < in;
  return count;
}

Result<std::vector<WindowAxis>> windowAxes(const Shape& x, const std::vector<std::int64_t>& kernel,
                                           const Window& window) {
  if (x.empty() || kernel.size() != x.size() - 1)
    return badInput("a kernel of " + std::to_string(kernel.size()) + " axes over x " + text(x) +
                    ", whose last axis is the channels");
  SLUICE_RETURN_IF_ERROR(checkWindow(window, kernel.size()));
  SLUICE_RETURN_IF_ERROR(checkList(kernel, kernel.size(), 1, "kernel extents"));
  std::vector<WindowAxis> axes;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    WindowAxis axis{.in = x[i],
                    .out = 1,
                    .kernel = kernel[i],
                    .stride = entry(window.strides, i, 1),
                    .dilation = entry(window.dilations, i, 1),
                    .padBefore = entry(window.padBefore, i, 0),
                    .padAfter = entry(window.padAfter, i, 0)};
    if (axis.kernel > 1 && axis.dilation > mostExtent / axis.kernel)
      return badInput("a dilation of " + std::to_string(axis.dilation) + " is too large");
    const std::int64_t room =
        axis.in + axis.padBefore + axis.padAfter - (axis.dilation * (axis.kernel - 1) + 1);
    if (room < 0)
      return badInput("a window of " + std::to_string(axis.dilation * (axis.kernel - 1) + 1) +
                      " exceeds the padded extent " +
                      std::to_string(axis.in + axis.padBefore + axis.padAfter) + " of axis " +
                      std::to_string(i) + " of " + text(x));
    axis.out = room / axis.stride + 1;
    axes.push_back(axis);
  }
  return axes;
}

std::int64_t ConvShape::places() const {
  std::int64_t product = 1;
  for (const WindowAxis& axis : axes) product *= axis.kernel;
  return product;
}

Shape ConvShape::outputShape() const {
  Shape shape;
  for (const WindowAxis& axis : axes) shape.push_back(axis.out);
  shape.push_back(channelsOut);
  return shape;
}

Result<ConvShape> convShape(const Shape& x, const Shape& w, const Window& window, std::int64_t groups) {
  SLUICE_RETURN_IF_ERROR(checkChannels(x, w, groups));
  ConvShape shape{.axes = {}, .channelsIn = x.back(), .channelsOut = w.back(), .groups = groups};
  SLUICE_TRY(shape.axes, windowAxes(x, {w.begin(), w.end() - 2}, window));
  SLUICE_RETURN_IF_ERROR(checkShape(shape.outputShape()));
  return shape;
}

Result<ConvShape> convTransposeShape(const Shape& x, const Shape& w, const ConvTranspose& operation) {
  SLUICE_RETURN_IF_ERROR(checkChannels(x, w, operation.groups));
  const std::size_t count = x.size() - 1;
  SLUICE_RETURN_IF_ERROR(checkWindow(operation.window, count));
  SLUICE_RETURN_IF_ERROR(checkList(operation.outputPad, count, 0, "outputPad"));
  ConvShape shape{.axes = {}, .channelsIn = x.back(), .channelsOut = w.back(), .groups = operation.groups};
  for (std::size_t i = 0; i < count; ++i) {
    WindowAxis axis{.in = x[i],
                    .out = 1,
                    .kernel = w[i],
                    .stride = entry(operation.window.strides, i, 1),
                    .dilation = entry(operation.window.dilations, i, 1),
                    .padBefore = entry(operation.window.padBefore, i, 0),
                    .padAfter = entry(operation.window.padAfter, i, 0)};
    if (axis.stride > mostExtent / axis.in || axis.dilation > mostExtent / axis.kernel)
      return badInput("a transposed convolution of " + text(x) + " is too large");
    axis.out = (axis.in - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1 - axis.padBefore -
               axis.padAfter + entry(operation.outputPad, i, 0);
    if (axis.out < 1)
      return badInput("the padding of a transposed convolution of " + text(x) + " leaves nothing of axis " +
                      std::to_string(i));
    shape.axes.push_back(axis);
  }
  SLUICE_RETURN_IF_ERROR(checkShape(shape.outputShape()));
  return shape;
}

std::vector<std::int64_t> windowSources(const std::vector<WindowAxis>& axes) {
  std::vector<std::int64_t> sources{0};
  // Axis by axis: [outputs so far][places so far] becomes [outputs][out][places][kernel].
  std::size_t outputs = 1, places = 1;
  for (const WindowAxis& axis : axes) {
    const auto out = static_cast<std::size_t>(axis.out), kernel = static_cast<std::size_t>(axis.kernel);
    std::vector<std::int64_t> next(sources.size() * out * kernel);
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t here = 0; here < out; ++here)
        for (std::size_t p = 0; p < places; ++p)
          for (std::size_t k = 0; k < kernel; ++k) {
            const std::int64_t before = sources[o * places + p];
            const std::int64_t at = axis.at(static_cast<std::int64_t>(here), static_cast<std::int64_t>(k));
            next[((o * out + here) * places + p) * kernel + k] =
                before < 0 || at < 0 || at >= axis.in ? -1 : before * axis.in + at;
          }
    sources = std::move(next);
    outputs *= out;
    places *= kernel;
  }
  return sources;
}

Result<ReducedShape> reducedShape(const Shape& x, const Reduce& operation) {
  ReducedShape result{.reduced = std::vector<bool>(x.size()), .shape = {}, .count = 1};
  for (const std::int64_t axis : operation.axes) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(x.size()) ||
        result.reduced[static_cast<std::size_t>(axis)])
      return badInput("axes " + text(operation.axes) + " to reduce of a tensor of shape " + text(x));
    result.reduced[static_cast<std::size_t>(axis)] = true;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (result.reduced[i]) result.count *= x[i];
    if (!result.reduced[i])
      result.shape.push_back(x[i]);
    else if (operation.keepDims)
      result.shape.push_back(1);
  }
  return result;
}

std::vector<std::int64_t> reduceTargets(const Shape& x, const ReducedShape& reduced) {
  // The result with keepDims is an operand that broadcasts to x.
  Shape kept = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (reduced.reduced[i]) kept[i] = 1;
  return broadcastSources(kept, x);
}

}  // namespace sluice::ir

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ir/ops.h"

/// Where elements lie: windows over spatial axes, and the moves of structure operations. Shared by shape inference
/// and both interpreters, so that they cannot disagree.
namespace sluice::ir {

/// list[axis]; an empty list says `otherwise` for all axes.
inline std::int64_t entry(const std::vector<std::int64_t>& list, std::size_t axis, std::int64_t otherwise) {
  return list.empty() ? otherwise : list[axis];
}

/// One spatial axis under a window, every default filled in.
struct WindowAxis {
  std::int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, padBefore = 0, padAfter = 0;

  /// Position in x that output o sees at place k of the kernel; outside [0, in): padding.
  [[nodiscard]] std::int64_t at(std::int64_t o, std::int64_t k) const {
    return o * stride - padBefore + k * dilation;
  }
  /// Number of places of output o that are not padding.
  [[nodiscard]] std::int64_t inside(std::int64_t o) const;
  [[nodiscard]] bool padded() const { return padBefore > 0 || at(out - 1, kernel - 1) >= in; }
};

/// The axes of a window with these kernel extents over all but the last axis of `x`. Errors badInput: lists of
/// wrong length, strides or dilations below 1, negative padding, a kernel that exceeds the padded input.
Result<std::vector<WindowAxis>> windowAxes(const Shape& x, const std::vector<std::int64_t>& kernel,
                                           const Window& window);

/// The shapes of a convolution, checked. x [spatial..., cin], w [kernel..., cin / groups, cout].
struct ConvShape {
  std::vector<WindowAxis> axes;
  std::int64_t channelsIn = 1, channelsOut = 1, groups = 1;

  [[nodiscard]] std::int64_t groupIn() const { return channelsIn / groups; }
  [[nodiscard]] std::int64_t groupOut() const { return channelsOut / groups; }
  [[nodiscard]] std::int64_t places() const;  ///< of the kernel, all axes together
  [[nodiscard]] Shape outputShape() const;
};
Result<ConvShape> convShape(const Shape& x, const Shape& w, const Window& window, std::int64_t groups);
/// The same for a transposed convolution; axes[i].in and .out are the extents of x and y.
Result<ConvShape> convTransposeShape(const Shape& x, const Shape& w, const ConvTranspose& operation);

/// For each spatial output position and each place of the kernel (positions row-major, places innermost):
/// the position in x, row-major, or -1 for padding.
std::vector<std::int64_t> windowSources(const std::vector<WindowAxis>& axes);

/// Axes that the operation reduces, as flags; the shape of the result.
struct ReducedShape {
  std::vector<bool> reduced;
  Shape shape;
  std::int64_t count = 1;  ///< elements of x per element of the result
};
Result<ReducedShape> reducedShape(const Shape& x, const Reduce& operation);
/// For each element of x the element of the result it goes to.
std::vector<std::int64_t> reduceTargets(const Shape& x, const ReducedShape& reduced);

/// Row-major steps of a shape.
std::vector<std::int64_t> strides(const Shape& shape);
/// For each element of `result` the element of `operand` that broadcasting puts there.
std::vector<std::int64_t> broadcastSources(const Shape& operand, const Shape& result);

/// The shape that a move gives, and where each of its elements comes from: a position in the inputs, laid one
/// after the other, or -1 for the value of a Pad.
Result<Shape> moveShape(const Reshape& operation, const std::vector<Shape>& inputs);
Result<Shape> moveShape(const Transpose& operation, const std::vector<Shape>& inputs);
Result<Shape> moveShape(const Concat& operation, const std::vector<Shape>& inputs);
Result<Shape> moveShape(const Pad& operation, const std::vector<Shape>& inputs);
Result<Shape> moveShape(const Slice& operation, const std::vector<Shape>& inputs);
Result<Shape> moveShape(const Expand& operation, const std::vector<Shape>& inputs);
Result<Shape> moveShape(const Resize& operation, const std::vector<Shape>& inputs);
/// `inputs` legal for the operation (moveShape was ok).
std::vector<std::int64_t> moveSources(const Reshape& operation, const std::vector<Shape>& inputs);
std::vector<std::int64_t> moveSources(const Transpose& operation, const std::vector<Shape>& inputs);
std::vector<std::int64_t> moveSources(const Concat& operation, const std::vector<Shape>& inputs);
std::vector<std::int64_t> moveSources(const Pad& operation, const std::vector<Shape>& inputs);
std::vector<std::int64_t> moveSources(const Slice& operation, const std::vector<Shape>& inputs);
std::vector<std::int64_t> moveSources(const Expand& operation, const std::vector<Shape>& inputs);
std::vector<std::int64_t> moveSources(const Resize& operation,
                                      const std::vector<Shape>& inputs);  ///< nearest

/// One output position of a linear Resize along one axis: (1 - weight) * x[low] + weight * x[high].
struct ResizeTap {
  std::int64_t low = 0, high = 0;
  double weight = 0;
};
/// The taps of each axis; empty for axes that do not change.
std::vector<std::vector<ResizeTap>> resizeTaps(const Resize& operation, const Shape& x);
/// The least s with every weight of the axis a multiple of 2^-s; -1 if that is above 8.
int dyadicBits(const std::vector<ResizeTap>& taps);

}  // namespace sluice::ir

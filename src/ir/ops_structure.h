#pragma once

#include <cstdint>
#include <vector>

#include "ir/ops_real.h"
#include "ir/type.h"

/// Operations that mean the same on real numbers and on codes (see ops.h): they move elements, compare them or
/// add them up. Of codes they give codes, exactly, and count as integer operations; the scale, zero point and
/// range of an element travel with it (scales that no longer follow the last axis become scales per element).
/// Where codes cannot carry the result (elements of different zero points in one tensor, a sum over elements of
/// different scales, an average), the operation takes the real values instead and is a real operation.
namespace sluice::ir {

/// Same elements in the same row-major order, new shape.
struct Reshape {
  Shape shape;
  bool operator==(const Reshape&) const = default;
};

/// y = x with its axes permuted.
struct Transpose {
  std::vector<std::int64_t> permutation;
  bool operator==(const Transpose&) const = default;
};

/// The inputs one after the other along an axis; all other extents equal.
struct Concat {
  std::int64_t axis = 0;
  bool operator==(const Concat&) const = default;
};

/// x with `before`, `after` and, between neighbours, `between` elements of the real value `value` along each
/// axis. Of codes the value must be a code of every channel. One entry per axis, or none for 0.
/// (A transposed convolution is a Pad with stride - 1 between, and a Conv with the kernel turned round.)
struct Pad {
  std::vector<std::int64_t> before{}, after{}, between{};
  double value = 0;
  bool operator==(const Pad&) const = default;
};

/// x[begin], x[begin + step], ... below end, along each axis: crop, split, strided slices.
/// 0 <= begin < end <= extent, step >= 1 (none given: 1).
struct Slice {
  std::vector<std::int64_t> begin, end;
  std::vector<std::int64_t> step{};
  bool operator==(const Slice&) const = default;
};

/// numpy's broadcasting to `shape`.
struct Expand {
  Shape shape;
  bool operator==(const Expand&) const = default;
};

/// y = x[..., indices, ...] along `axis`. Inputs x, indices (codes of scale 1, zero point 0, whose range lies
/// in [0, extent)). Embedding: x is the constant table [words, n], axis 0. Shape: the axis is replaced by the
/// axes of the indices.
struct Gather {
  std::int64_t axis = 0;
  bool operator==(const Gather&) const = default;
};

enum class ResizeKind : std::uint8_t { nearest, linear };
/// Where in x output index o lies along an axis; scale = output extent / input extent unless given.
enum class Coordinates : std::uint8_t {
  halfPixel,         ///< (o + 0.5) / scale - 0.5  (Keras, torch align_corners=False)
  asymmetric,        ///< o / scale
  alignCorners,      ///< o * (in - 1) / (out - 1); 0 where out is 1
  pytorchHalfPixel,  ///< as halfPixel, but 0 where out is 1
};
enum class NearestRounding : std::uint8_t { floor, ceil, preferFloor, preferCeil };
/// Up- and downsampling, ONNX Resize without the ROI and cubic modes; linear is separable over all axes that
/// change; coordinates are clamped to x. Of codes: nearest moves codes; linear, where every weight is a
/// multiple of 2^-s with s <= 8 along each axis, gives exact codes of a scale 2^s finer per such axis.
struct Resize {
  ResizeKind kind = ResizeKind::nearest;
  Shape shape;                    ///< of the result, all axes
  std::vector<double> factors{};  ///< the scale of each axis where it is not out / in
  Coordinates coordinates = Coordinates::halfPixel;
  NearestRounding rounding = NearestRounding::preferFloor;  ///< of nearest
  bool operator==(const Resize&) const = default;
};

enum class PoolKind : std::uint8_t { max, average, sum };
/// Over windows of the spatial axes (all but the last). max ignores padding. sum counts it as real zero.
/// average = sum / (number of elements; with countPads of all places of the window). Average is real.
/// Of codes with several scales only scales per channel are taken.
struct Pool {
  PoolKind kind = PoolKind::max;
  std::vector<std::int64_t> kernel;
  Window window;
  bool countPads = false;  ///< of average
  bool operator==(const Pool&) const = default;
};

enum class ReduceKind : std::uint8_t { sum, mean, max, min, product };
/// Over the axes. sum, max and min of codes are codes; mean and product are real.
struct Reduce {
  ReduceKind kind = ReduceKind::sum;
  std::vector<std::int64_t> axes;
  bool keepDims = false;
  bool operator==(const Reduce&) const = default;
};

}  // namespace sluice::ir

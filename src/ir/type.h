#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fixed/interval.h"

/// The type of a tensor: its shape for one sample, and how its elements are held.
namespace sluice::ir {

/// Extents for one sample (no batch axis), channels last; row-major order everywhere. Empty: a scalar.
using Shape = std::vector<std::int64_t>;

/// Number of elements. Checked on the way in: every extent >= 1, the product below 2^40.
std::int64_t elements(const Shape& shape);

/// Elements that are integers ("codes"). The real value of code q in channel c is scale[c] * (q - zeroPoint).
///
/// Units  scale in real units per code step. Exact: a float32 constant, or a product of two, which double holds.
struct Codes {
  fixed::Interval range;           ///< proven: every code of every input lies in it; gives the hardware's format
  std::vector<double> scale;       ///< one for all elements, or one per channel (last axis); all > 0
  std::int64_t zeroPoint = 0;

  bool operator==(const Codes&) const = default;
  [[nodiscard]] fixed::IntegerFormat format() const { return fixed::formatFor(range); }
};

/// Real numbers where `codes` is empty: what the mathematics says, before any quantizer.
struct TensorType {
  Shape shape;
  std::optional<Codes> codes;

  bool operator==(const TensorType&) const = default;
  [[nodiscard]] bool isReal() const { return !codes.has_value(); }
};

}  // namespace sluice::ir

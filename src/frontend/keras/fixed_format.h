#pragma once

#include <string>
#include <vector>

#include "frontend/keras/layer.h"

/// Fixed-point formats that differ from element to element (HGQ and HGQ2), as one Quantize node.
namespace sluice::frontend::keras {

/// Codes of step 2^-fractional: [-2^magnitudeBits, 2^magnitudeBits - 1] if signed, else [0, 2^magnitudeBits - 1].
struct FixedFormat {
  bool isSigned = false;
  int fractional = 0;
  int magnitudeBits = 0;
  bool isEmpty = true;  ///< no bits at all: the element is zero
};

struct FixedFormats {
  ir::Rounding rounding = ir::Rounding::floor;
  ir::Overflow overflow = ir::Overflow::wrap;
  std::vector<FixedFormat> elements;
  ir::Shape shape;  ///< of `elements`, with the batch axis (1) in front; or any shape of one element
};

/// Rounding and overflow by their names in ap_fixed: "RND_CONV", "SAT_SYM". Errors: unsupported.
Result<FixedFormats> modesOf(const std::string& rounding, const std::string& overflow);

/// The range of a format under an overflow mode. Errors: badInput (more than 62 bits).
Result<fixed::Interval> rangeOf(const FixedFormat& format, ir::Overflow overflow);

/// Quantize with the formats broadcast to the tensor. Errors: badInput (shapes, widths).
Result<ir::TensorId> quantizeElements(Layer& layer, const FixedFormats& formats, ir::TensorId x,
                                      const std::string& suffix);

/// For each element of `shape` the position in an array of shape `from` that numpy's broadcasting gives it; empty:
/// they do not fit.
std::vector<std::size_t> broadcastPositions(const ir::Shape& from, const ir::Shape& shape);

}  // namespace sluice::frontend::keras

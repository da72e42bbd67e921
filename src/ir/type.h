#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fixed/interval.h"

/// The type of a tensor: its shape for one sample, and how its elements are held.
namespace sluice::ir {

/// Extents for one sample (no batch axis), channels last; row-major order everywhere. Empty: a scalar.
using Shape = std::vector<std::int64_t>;

/// Number of elements. Checked on the way in (checkShape): every extent >= 1, the product below 2^40.
std::int64_t elements(const Shape& shape);
/// Extent of the last axis: what "per channel" counts. 1 for a scalar.
std::int64_t channels(const Shape& shape);
/// Every extent >= 1, at most 16 of them, the product below 2^40. Errors: badInput.
Status checkShape(const Shape& shape);
/// "[8, 8, 3]"; a scalar is "[]".
std::string text(const Shape& shape);

/// Elements that are integers ("codes"). The real value of code q in element i is
/// scale[i % scale.size()] * (q - zeroPoint), i counting row-major within a sample.
///
/// So a list of one element holds for all, a list of `channels` elements for each channel (last axis), a list of
/// `elements` elements for each element of the tensor; no other length is legal. Lists are as short as they can
/// be where inference makes them (canonical, below).
///
/// Units  scale in real units per code step; exact, a float32 constant or a product of two
struct Codes {
  fixed::Interval range;      ///< proven: every code of every input lies in it; gives the hardware's format
  std::vector<double> scale;  ///< one for all elements, one per channel or one per element; all > 0
  std::int64_t zeroPoint = 0;
  /// Empty: `range` for all elements. Else per channel or per element, `range` being their hull: formats that
  /// differ from element to element. Who looks at `range` alone is right, only not as tight as could be.
  std::vector<fixed::Interval> ranges{};

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

/// Codes and zero points lie in [-2^62, 2^62], so that sums and differences of two stay within 64 bits.
inline constexpr std::int64_t codeLimit = std::int64_t{1} << 62;

/// Shape legal; if codes: ranges not empty and within codeLimit, scales positive and finite, lists of legal
/// lengths, range the hull of ranges. Errors: badInput.
Status check(const TensorType& type);

/// As the text form writes it (text.h): "[16] real", "[16] codes [-4, 3] scale 0.25".
std::string text(const TensorType& type);

/// scale[c] of codes that have one scale or one per channel; with an element's position, of any codes.
inline double scaleOf(const Codes& codes, std::int64_t element) {
  return codes.scale[static_cast<std::size_t>(element) % codes.scale.size()];
}
/// The range of one element.
inline fixed::Interval rangeOf(const Codes& codes, std::int64_t element) {
  return codes.ranges.empty() ? codes.range
                              : codes.ranges[static_cast<std::size_t>(element) % codes.ranges.size()];
}
/// Whether all elements have one scale; whether no more than one per channel.
inline bool hasOneScale(const Codes& codes) { return codes.scale.size() == 1; }
bool isPerChannel(const Codes& codes, const Shape& shape);

/// The same codes with lists as short as they can be: one for all, else one per channel, else one per element;
/// `ranges` empty if they are all `range`. `range` becomes the hull of `ranges`.
Codes canonical(Codes codes, const Shape& shape);

}  // namespace sluice::ir

#pragma once

#include <optional>
#include <span>

#include "hdl/module.h"

/// The exact interval of one operation over the intervals of its inputs. Computed in 128 bits, so that a
/// result that leaves 64 bits is seen and not wrapped. Builder takes its widths from here, check compares
/// against it, simplify and the evaluator run it over whole modules.
namespace sluice::hdl {

__extension__ using Int128 = __int128;

struct WideInterval {
  Int128 lo = 0;
  Int128 hi = 0;

  [[nodiscard]] bool fits64() const { return lo >= INT64_MIN && hi <= INT64_MAX; }
  [[nodiscard]] fixed::Interval narrow() const;  ///< requires fits64()
  [[nodiscard]] bool inside(fixed::Interval other) const { return lo >= other.lo && hi <= other.hi; }
};

inline WideInterval widen(fixed::Interval range) { return {range.lo, range.hi}; }

/// What a node can hold when its bits are read as its format says: its range if it is a number, else all its
/// bits as an unsigned integer. At most 64 bits wide.
WideInterval valuesOf(const Node& node);

/// Every integer of a format, also of 64 unsigned bits.
WideInterval valuesOf(std::uint32_t width, bool isSigned);

/// The interval of a number operation (add .. clamp, comparisons, mux of numbers) for inputs inside `inputs`.
/// `node` gives op, attribute, and for wrap and clamp the format and bounds. None for other operations.
std::optional<WideInterval> inferRange(const Node& node, std::span<const WideInterval> inputs);

}  // namespace sluice::hdl

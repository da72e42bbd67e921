#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fixed/interval.h"

/// Grids: the real numbers that a quantizer can give, and the choice of one for numbers that were seen.
///
/// A wide grid clips nothing and is coarse, a narrow one clips the largest numbers and is fine for the many small
/// ones. Where between, is what RangeChoice says.
namespace sluice::quantize {

enum class RangeChoice : std::uint8_t {
  minMax,      ///< nothing that was seen is clipped
  percentile,  ///< all but a share of what was seen is within
  mse,         ///< the least sum of squared differences
  kl,          ///< the distribution of codes that tells most of that of the numbers (least divergence)
};
const char* name(RangeChoice choice);
std::optional<RangeChoice> rangeChoiceFromName(std::string_view name);

/// scale * q for the integers q of `range`.
struct Grid {
  double scale = 1;
  fixed::Interval range;

  bool operator==(const Grid&) const = default;
  /// The code nearest to x: ties to even, saturating. Scales are powers of two or float32 numbers; ties of the
  /// latter are decided as float64 division says, which is good enough for choosing.
  [[nodiscard]] std::int64_t code(double x) const;
  [[nodiscard]] double nearest(double x) const { return scale * static_cast<double>(code(x)); }
};

/// [-2^(bits-1), 2^(bits-1) - 1], or [0, 2^bits - 1].
fixed::Interval rangeOfBits(std::uint32_t bits, bool isSigned);

struct GridOptions {
  std::uint32_t bits = 8;
  bool isSigned = true;
  bool powerOfTwo = true;  ///< else a float32 number
  RangeChoice choice = RangeChoice::mse;
  double percentile = 99.99;  ///< of RangeChoice::percentile
};

/// The grid for these numbers. `weights`: how much each counts in squared differences; empty: all alike. Numbers
/// that are all 0 give scale 1.
Grid chooseGrid(const std::vector<double>& values, const GridOptions& options,
                const std::vector<double>& weights = {});

/// Sum of weight * (x - nearest(x))^2.
double squaredError(const Grid& grid, const std::vector<double>& values,
                    const std::vector<double>& weights = {});

}  // namespace sluice::quantize

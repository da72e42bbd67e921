#pragma once

#include <cstdint>
#include <optional>
#include <vector>

/// Scales as the dyadic numbers they are: every double is an odd integer times a power of two, so whether two
/// scales have a common grid, and how fine it is, is a matter of integers.
namespace sluice::passes {

/// The largest step of which every scale is a whole multiple. Scales are positive and finite. None: it is below
/// the numbers that float64 holds.
std::optional<double> commonStep(const std::vector<double>& scales);

/// value / step if that is an integer below 2^53.
std::optional<std::int64_t> wholeSteps(double value, double step);

/// The k with large == small * 2^k, exactly; k may be negative.
std::optional<int> powerBetween(double large, double small);

/// The largest power of two of which every value is a whole multiple below `most` in size; 1 where all are zero.
/// None: there is no such power, or a value is not finite.
std::optional<double> gridOf(const std::vector<double>& values, double most);

}  // namespace sluice::passes

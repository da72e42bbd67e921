#pragma once

#include <cstdint>
#include <vector>

#include "passes/element_function.h"

/// Staircase: a function of an integer that only rises or only falls, by the places where it does.
namespace sluice::passes {

/// f(x) = first + sign * (number of steps <= x), for x in the interval it was made for.
struct Staircase {
  std::int64_t first = 0;  ///< f at the low end
  int sign = 1;
  std::vector<std::int64_t> steps;  ///< ascending; a jump by k codes is k equal entries

  [[nodiscard]] std::int64_t last() const { return first + sign * static_cast<std::int64_t>(steps.size()); }
  bool operator==(const Staircase&) const = default;
};

/// Every step of the evaluator's channel in `x`. Exact: each step is pinned by the codes at it and just
/// before it.
///
/// Errors  unsupported: not proven to rise or to fall; more than `mostSteps` steps; a code that cannot be
/// decided. Cost    about 3 evaluations per step where the chain is affine, log2(width of x) otherwise
Result<Staircase> staircase(Evaluator& evaluator, fixed::Interval x, std::size_t mostSteps);

/// What every search says of a code that no kind of number decides.
Error undecided(std::int64_t x);

}  // namespace sluice::passes

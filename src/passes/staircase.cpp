#include "passes/staircase.h"

#include <algorithm>
#include <cmath>

namespace sluice::passes {
namespace {

/// What is known at one x.
struct Probe {
  std::int64_t x = 0;
  std::int64_t height = 0;  ///< sign * (code - first): from 0 up
  double approximate = 0;
};

}  // namespace

Error undecided(std::int64_t x) {
  return unsupported("for the input code " + std::to_string(x) +
                     " its value lies closer to a tie of the quantizer than 320 bits can tell");
}

// Steps are found from left to right. Between two probes the value before rounding is interpolated, which in
// an affine piece gives the place of the next step up to one; its neighbour then proves it. Where a relu
// bends the line, halving the interval every other time keeps the search logarithmic.
Result<Staircase> staircase(Evaluator& evaluator, fixed::Interval x, std::size_t mostSteps) {
  const Direction direction = evaluator.direction();
  if (direction == Direction::unknown) return unsupported("it is not proven to rise or to fall");
  Staircase result{.first = 0, .sign = direction == Direction::falling ? -1 : 1, .steps = {}};

  std::optional<Error> failure;
  const auto probe = [&](std::int64_t at) {
    const auto code = evaluator.code(at - evaluator.zeroPoint());
    if (!code) {
      failure = undecided(at);
      return Probe{.x = at};
    }
    return Probe{
        .x = at, .height = result.sign * (*code - result.first), .approximate = evaluator.approximate()};
  };
  Probe left = probe(x.lo);
  if (failure) return *failure;
  result.first = result.sign * left.height;
  left.height = 0;
  const Probe right = probe(x.hi);
  if (failure) return *failure;
  SLUICE_CHECK(right.height >= 0, "a rising chain does not fall");
  if (static_cast<std::size_t>(right.height) > mostSteps)
    return unsupported("it has " + std::to_string(right.height) + " steps");
  result.steps.reserve(static_cast<std::size_t>(right.height));

  while (left.height < right.height) {
    // The first x whose height is above that of `low`: low.height < wanted <= high.height, all the way.
    const std::int64_t wanted = left.height + 1;
    Probe low = left;
    Probe high = right;
    for (bool interpolate = true; high.x - low.x > 1; interpolate = !interpolate) {
      std::int64_t at = low.x + (high.x - low.x) / 2;
      if (interpolate && high.approximate != low.approximate) {
        // Where a quantizer that rounds to nearest would step.
        const double target = static_cast<double>(result.first + result.sign * wanted) - 0.5 * result.sign;
        const double part = (target - low.approximate) / (high.approximate - low.approximate);
        const double guess = part * static_cast<double>(high.x - low.x);
        if (guess >= 0 && guess < static_cast<double>(high.x - low.x))
          at = std::clamp(low.x + static_cast<std::int64_t>(std::ceil(guess)), low.x + 1, high.x - 1);
      }
      const Probe middle = probe(at);
      if (failure) return *failure;
      const bool reached = middle.height >= wanted;
      (reached ? high : low) = middle;
      if (!interpolate || high.x - low.x <= 1) continue;
      const Probe neighbour = probe(reached ? at - 1 : at + 1);
      if (failure) return *failure;
      (neighbour.height >= wanted ? high : low) = neighbour;
    }
    for (std::int64_t k = left.height; k < high.height; ++k) result.steps.push_back(high.x);
    left = high;
  }
  return result;
}

}  // namespace sluice::passes

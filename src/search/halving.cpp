#include "search/halving.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "search/front.h"

namespace sluice::search {

Status check(const Halving& halving) {
  if (halving.bracket == 0) return badInput("a bracket holds at least one trial");
  if (halving.rungs == 0) return badInput("there is at least one rung");
  if (!(halving.factor > 1) || !std::isfinite(halving.factor))
    return badInput("the factor of halving is above 1, not " + formatDouble(halving.factor));
  return {};
}

std::vector<std::size_t> rungSizes(const Halving& halving) {
  std::vector<std::size_t> sizes;
  auto size = static_cast<double>(halving.bracket);
  for (std::size_t rung = 0; rung < halving.rungs; ++rung, size /= halving.factor)
    sizes.push_back(static_cast<std::size_t>(std::max(1.0, std::floor(size + 1e-9))));
  return sizes;
}

std::vector<std::size_t> best(std::span<const Score> scores, std::size_t keep) {
  std::vector<const Score*> pointers;
  pointers.reserve(scores.size());
  for (const Score& score : scores) pointers.push_back(&score);
  return select(pointers, keep).kept;
}

}  // namespace sluice::search

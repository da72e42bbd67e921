#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "search/objectives.h"

/// Early stopping with several objectives: successive halving on non-domination.
///
/// Trials run in brackets. All of a bracket run at the lowest fidelity (an estimate, a few epochs); the best of them go
/// on to the next, and so on; the last fidelity is the real thing. "Best" has no order with several losses: a front goes
/// on as a whole while there is room, and of the first front that does not fit those go on that lie farthest apart
/// (front.h, spacingOf), so that no end of the trade-off dies early. With one loss this is successive halving.
///
/// A bracket's decisions depend on the scores of its own trials alone, so that they are the same for any number of
/// workers and in whatever order trials end.
///
/// Source  K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
///         2016; on fronts: R. Schmucker, M. Donini, M. B. Zafar, D. Salinas, C. Archambeau, "Multi-objective asynchronous
///         successive halving", 2021 (arXiv:2106.12639). Ours differs: spacing in scaled losses instead of crowding, and
///         brackets instead of promotion at any time.
namespace sluice::search {

struct Halving {
  std::size_t bracket = 27;  ///< trials that start together
  double factor = 3;         ///< of a rung's trials one in `factor` goes on
  std::size_t rungs = 3;     ///< fidelities
  bool operator==(const Halving&) const = default;
};
/// Errors  badInput: an empty bracket, no rung, a factor that is not above 1
Status check(const Halving& halving);

/// Trials of a bracket at each rung: {27, 9, 3}. At least one each.
std::vector<std::size_t> rungSizes(const Halving& halving);

/// The positions of the `keep` best scores, ascending: by rank, then by spacing. Those outside all limits go last.
std::vector<std::size_t> best(std::span<const Score> scores, std::size_t keep);

}  // namespace sluice::search

#pragma once

#include <optional>

#include "split/problem.h"

/// How others cut, for comparison. Each is as its authors describe it, on our `Problem`; none is given what it does not
/// look at. Nothing: it finds no plan.
namespace sluice::splits {

/// The notebooks of fastML-2024: as many boards as the largest resource of the whole network says (x // 100 + 1), all
/// ways to cut the order of layers into so many runs, and the first that fits is taken. No ranking.
std::optional<Stages> seedEnumeration(const Problem& problem);

/// AIgean's map_s2s: layers in breadth-first order; a new board where one resource would pass `utilisation`. No links, no
/// times, no look back.
std::optional<Stages> nextFit(const Problem& problem, double utilisation = 0.8);

/// FINN+: runs of the order with compute as even as possible; links and transfers are not looked at.
std::optional<Stages> balance(const Problem& problem);

/// FINN+ on single streams, and PipeDream in spirit: what stands between two nodes that everything passes through is one
/// block; then the best cut of that chain, with all costs. (PipeDream's own blocks are a little smaller or larger.)
std::optional<Stages> contractBranches(const Problem& problem);

}  // namespace sluice::splits

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "split/ideals.h"
#include "split/problem.h"

/// The best split of a network over boards, with a lower bound and what proves it.
namespace sluice::splits {

struct SolveOptions {
  Objective objective;
  std::uint32_t orders = 8;  ///< orders tried for a good plan to start from
  SearchLimits limits;       ///< of each search
};

/// What the bound rests on; plan.h says how it is written, check/ how it is read.
struct Proof {
  double below = 0;           ///< no plan is better than this
  std::vector<Merge> merges;  ///< made before the search
  std::vector<ReachedIdeal> reached;
};

struct Plan {
  Objective objective;
  Stages stages;
  Measures measures;
  double value = 0, lowerBound = 0;
  bool proven = false;
  Proof proof;
  std::uint64_t steps = 0, ideals = 0;
};

/// First a good plan along a few orders (orders.h), then the exact search for a better one (ideals.h). Where that is
/// cut short, searches below lower values give the bound.
///
/// Errors   infeasible, with what is too small and by how much; gaveUp if limits were met before any plan was found;
///          unsupported (too many ways to use the boards)
Result<Plan> solve(const Problem& problem, const SolveOptions& options);

}  // namespace sluice::splits

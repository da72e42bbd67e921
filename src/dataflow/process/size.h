#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "dataflow/process/conflict.h"
#include "dataflow/process/cost.h"
#include "dataflow/process/network.h"

/// The least FIFO depths that keep a network's cycles, with proof.
namespace sluice::dataflow::process {

struct SizingOptions {
  std::optional<std::uint64_t> targetCycles;  ///< none: the cycles at the given depths
  CostKind cost = CostKind::beats;
  double timeLimit = 300;  ///< seconds of processor time: a busy machine changes no result
};

struct Sizing {
  std::vector<std::uint64_t> depths;  ///< per group, checked by the exact simulator
  std::uint64_t cycles = 0;           ///< with them
  std::uint64_t target = 0;
  bool targetAsked = false;  ///< false: the cycles at the given depths
  std::uint64_t cost = 0;
  std::uint64_t lowerBound = 0;     ///< no vector that meets the target costs less
  bool proven = false;              ///< cost == lowerBound
  std::vector<Conflict> conflicts;  ///< they prove the bound; none lies within another
  Terms terms;                      ///< of the conflicts; rows where the cost is linear in depth only
  std::uint64_t simulations = 0;
  double seconds = 0;  ///< of processor time
};

/// Depths at least 2, one per group.
///
/// Errors   infeasible: unbounded FIFOs are too slow or stand still, or the given depths do (without a target);
///          those of compile()
/// Source   implicit hitting sets over conflicts (conflict.h, hitting.h); docs/rationale/dataflow.md
Result<Sizing> sizeFifos(const Network& network, const SizingOptions& options);

/// Least costs for every number of cycles from the target up: points of falling cost, each the least for its cycles
/// and none reachable in fewer.
///
/// From one point to the next: as long as all conflicts of a point hold, its cost is least; the first target at which
/// one of them breaks (the cycles of its fastest corner) is the next that can cost less.
struct Front {
  std::vector<Sizing> points;
  bool complete = true;  ///< false: the time was up; `points` is a beginning of the front
};
Result<Front> paretoFront(const Network& network, const SizingOptions& options);

}  // namespace sluice::dataflow::process

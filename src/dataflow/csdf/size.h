#pragma once

#include <functional>
#include <optional>

#include "dataflow/csdf/analysis.h"

/// Least buffers of CSDF graphs: for one throughput, or for all of them.
namespace sluice::dataflow::csdf {

/// With these capacities, all other channels unlimited, the period is `period` or longer (or nothing moves:
/// `deadlock`). So a faster graph has more in at least one of them. No channel: no capacities are faster.
struct Conflict {
  struct Entry {
    std::uint32_t channel = 0;
    std::uint64_t capacity = 0;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries;
};

struct SizeOptions {
  std::optional<Period> period = {};       ///< to be reached; none: the shortest that any capacities give
  std::vector<std::uint64_t> weight = {};  ///< cost of a place, per channel; empty: 1 each
  std::uint64_t mostEvaluations = ~std::uint64_t{0};
  std::function<bool()> outOfTime = {};  ///< asked between evaluations; empty: never
};

struct Sizing {
  Capacities capacities;
  std::uint64_t total = 0;       ///< sum of capacities
  std::uint64_t cost = 0;        ///< sum of weight * capacity
  std::uint64_t lowerBound = 0;  ///< no capacities that reach the period cost less
  Period period;                 ///< of `capacities`, exactly; not above the one asked for
  std::vector<Conflict>
      conflicts;  ///< what the bound follows from, besides initial tokens and single firings
  std::uint64_t evaluations = 0;
  [[nodiscard]] bool proven() const { return cost == lowerBound; }
};

/// The shortest period that any capacities give. {0, 1}: no bound at all.
/// Errors   infeasible: the graph deadlocks with any capacities, with the circle
Result<Period> shortestPeriod(const Graph& graph);

/// Capacities of least cost that reach a period.
///
/// Errors   badInput, unsupported (check); infeasible: no capacities reach it; gaveUp: out of time or
///          evaluations before any feasible capacities were found
/// Source   storage-throughput trade-off: Stuijk, Geilen, Basten, IEEE Trans. Computers 57(10), 2008; anytime
///          bound: Hendriks et al., JSPS 2019. Ours differs: conflicts are grown to maximal infeasible vectors and
///          broken by an exact cover; the period is a circle ratio, not an execution
Result<Sizing> size(const Graph& graph, const SizeOptions& options = {});

/// One point of the front: no capacities of this cost (or less) are faster.
struct FrontPoint {
  std::uint64_t cost = 0;
  Period period;
  Capacities capacities;
};
struct Front {
  std::vector<FrontPoint> points;  ///< ascending cost, from the first that does not deadlock to the fastest
  bool proven = false;             ///< false: out of time or evaluations; the points are right, but not all
  std::uint64_t evaluations = 0;
  std::size_t conflicts = 0;
};

/// The whole front of cost against throughput. `options.period`: where it ends; none: the shortest period.
/// Errors   as size()
Result<Front> front(const Graph& graph, const SizeOptions& options = {});

}  // namespace sluice::dataflow::csdf

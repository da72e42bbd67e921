#pragma once

#include <cstdint>

#include "split/problem.h"

/// Random networks with random boards and links, for tests and benchmarks.
namespace sluice::splits {

struct RandomShape {
  std::uint32_t nodes = 6;
  std::uint32_t boards = 3;  ///< at most so many
  double edges = 1.5;        ///< per node, on average
  std::uint32_t reach = 4;   ///< an edge leads at most so many nodes on; the larger, the wider the graph
};
/// Boards of one to three kinds, in free or fixed order; sums or slowest; all transfers; all topologies; capacities that
/// bind now and then; groups; nodes that take no time; nodes that some boards cannot run. It passes check().
Problem randomProblem(const RandomShape& shape, std::uint64_t seed);

}  // namespace sluice::splits

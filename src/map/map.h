#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "ir/graph.h"
#include "map/design.h"
#include "map/node_options.h"
#include "map/partition.h"

/// From a lowered graph to a Design: which kernel does each node, at which fold, in which subgraph, joined how.
namespace sluice::map {

struct MapOptions {
  Regime regime = Regime::automatic;
  std::optional<std::uint64_t>
      reuseFactor;  ///< streamed: this factor for every layer where it is legal, else just below (pace.h)
  std::optional<std::uint64_t>
      targetInterval;  ///< streamed: fewest multipliers with at most so many cycles a frame
  hdl::Family family = hdl::Family::xc7;
  std::vector<std::string> splitBefore;
  NodeOptionsMap nodes;              ///< what is said of single nodes, by name
  std::uint32_t levelsPerStage = 2;  ///< unrolled: adder levels between registers
};

/// The factor where none is asked for.
inline constexpr std::uint64_t kDefaultReuseFactor = 64;

/// Errors  badInput: an illegal split, options for a node that has no use for them; unsupported: a node without a
///         kernel in the regime asked for; infeasible: a node that cannot keep the target interval, with the least it can.
Result<Design> mapGraph(const ir::Graph& lowered, const MapOptions& options);
/// The same with the subgraphs given (options.splitBefore is not looked at): partition_of.h makes them from a plan. Every
/// stage must hold a node with a kernel, and no node may stand before one that it reads. Where `parts` has families, memories
/// of each stage are built for its own; folds, beats and schedules' intervals do not depend on it.
Result<Design> mapGraph(const ir::Graph& lowered, const MapOptions& options, const Partition& parts);

/// Gives every stream its least depth (dataflow::sizeChannels) and the FIFO kind that is cheapest for it, on its subgraph's
/// own family if it has one.
Status sizeStreams(Design& design, hdl::Family family);

}  // namespace sluice::map

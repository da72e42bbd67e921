#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"
#include "map/fold.h"
#include "map/map.h"

/// Pace: how many cycles of a frame each node may take. The whole network is as fast as its slowest kernel, so who is
/// faster than that wastes hardware.
///
///   target interval T    every kernel at most T cycles a frame
///   reuse factor R       a product at R cycles a vector (of a convolution: a pixel), so at R * vectors cycles a frame;
///                        what only moves or compares elements at most as long as the slowest product
///   neither              dense layers alone: R = 64. Where there are convolutions, whose layers have very different
///                        numbers of pixels, one interval for all: what the busiest product takes at R = 64
namespace sluice::map {

/// A matrix-vector product that a frame does `vectors` times.
struct Product {
  std::uint64_t vectors = 1, inputs = 1, outputs = 1;
};

/// Of a Dense or CodeConv (of one group, times the groups: its multiplications are vectors * inputs * outputs); of
/// others no vectors.
Product productOf(const ir::Graph& graph, const ir::Node& node);

struct Pace {
  std::uint64_t frame = 1;        ///< cycles a frame that any kernel may take
  std::uint64_t reuseFactor = 0;  ///< of every product; 0: only `frame` counts
  /// What a product may take, and whether that is a wish or a bound.
  [[nodiscard]] std::uint64_t cyclesOf(const Product& product) const;
  [[nodiscard]] FoldGoal goal() const { return reuseFactor > 0 ? FoldGoal::exact : FoldGoal::interval; }
};

/// For the nodes that become kernels.
Pace paceOf(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes, const MapOptions& options);

}  // namespace sluice::map

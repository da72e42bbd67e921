#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "map/map.h"

/// Two products a DSP block (kernel/dense/product_pair.h) where blocks are what a design lacks.
///
/// A pair saves a block for look-up tables and a cycle of latency, so mapping does not pair of itself. A design that takes
/// more blocks than there are is mapped again with the layers paired that save most, as many as it needs and no more: the
/// largest saving first, which is the fewest layers. Folds stay as they are, and so does the frame interval.
///
/// Layers whose multipliers a user has decided (map/node_options.h) are left alone, and named where they would help.
namespace sluice::map {

/// What pairing changes in one layer.
struct PairedLayer {
  std::string node;
  std::uint32_t subgraph = 0;
  std::uint64_t single = 0, paired = 0;  ///< DSP blocks
  std::int64_t lutMore = 0;              ///< look-up tables, all of them; estimated
};

struct DspPairs {
  std::uint64_t single = 0;         ///< blocks without pairs, of all subgraphs
  std::uint64_t paired = 0;         ///< with those of `layers`
  std::uint64_t available = 0;      ///< all that there are
  bool enough = false;              ///< then no subgraph takes more than there are
  std::vector<PairedLayer> layers;  ///< largest saving first
  std::vector<PairedLayer>
      held;              ///< would save blocks, but something is said of their multipliers; the same order
  NodeOptionsMap nodes;  ///< options.nodes, and multiplier=dsp2 for `layers`
};

/// `design`: what mapGraph makes of the graph with `options`, streamed. `available`: DSP blocks for the whole of it (one
/// number), or for each subgraph.
/// Errors  those of mapGraph
Result<DspPairs> pairWhereDspsLack(const ir::Graph& lowered, const MapOptions& options, const Design& design,
                                   std::span<const std::uint64_t> available);

/// "conv1: 64 instead of 128 DSP blocks for 210 LUT".
std::string pairText(const PairedLayer& layer);

}  // namespace sluice::map

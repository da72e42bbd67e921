#pragma once

#include <optional>
#include <vector>

#include "build.h"
#include "device/board.h"
#include "emit/stitch.h"
#include "map/dsp_pairs.h"
#include "map/links.h"
#include "map/map.h"

/// Which design is built: what was asked for, or, where only a board was named, the fastest that fits it.
namespace sluice::tool {

struct Placement {
  std::vector<device::Board> boards;  ///< one per copy
  hdl::Family family = hdl::Family::xc7;
  bool planned = false;  ///< several boards and no cuts named: a plan says what stands where
};

/// Errors  unsupported: boards of several families where no plan can say which subgraph stands where
Result<Placement> placementOf(const BuildOptions& options);

/// Several boards take one subgraph each. Errors: badInput
Status checkBoardCount(const Placement& placement, std::size_t subgraphs);

/// A design with everything that is known of it before any tool runs.
struct Built {
  map::Design design;
  emit::Rtl rtl;
  std::vector<emit::File> files;
  dataflow::Performance performance;
  map::LinkedSizing linked;
  map::NodeOptionsMap nodes;           ///< settings of nodes it was mapped with
  std::optional<map::DspPairs> pairs;  ///< where DSP blocks were what single products lacked
  bool isPaired = false;               ///< and they are as `pairs` says; else that would not make it fit
};

/// Sized (with these links, or those of its cuts), measured and stitched.
Result<Built> finishDesign(map::Design design, const map::MapOptions& options,
                           std::vector<map::LinkTiming> links = {});

/// `linkLatency`: cycles on the way over every cut.
Result<Built> buildDesign(const ir::Graph& graph, const map::MapOptions& options,
                          std::uint32_t linkLatency = 0);

/// The design asked for; if DSP blocks are all that it lacks, with two products in a block where that saves most. Where a board
/// is named and neither a factor nor an interval nor the unrolled regime, the fastest that fits comfortably: unrolled if that
/// fits, else the smallest power of two as reuse factor.
Result<Built> chooseDesign(const ir::Graph& graph, map::MapOptions options, const Placement& placement,
                           std::uint32_t linkLatency);

/// A design that a board has too little for: how much of what, which parts take most of it, and what would fit (which is looked
/// for: larger reuse factors or intervals are built until one does). `rows`: what the report says of the design.
Error tooLarge(const report::Report& rows, const report::BoardRow& board, const device::Usage& lacking,
               const ir::Graph& graph, const map::MapOptions& options, const Placement& placement,
               const Built& built);

}  // namespace sluice::tool

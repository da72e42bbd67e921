#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "ir/graph.h"

/// Cuts by name: which node of the integer middle stands in which subgraph.
///
/// Every named node starts a new stage. The stage of a node is the largest stage among the nodes it reads, plus one if
/// it is named itself; a subgraph is a stage. So subgraphs are convex, their graph has no cycle whatever is named, and
/// naming one node in each of two parallel branches makes one cut that is two tensors wide:
///
///          +-> B1 --> *B2* -+
///   A --+                +-> C       stages: A, B1, D1: 0;  B2, D2, C: 1
///          +-> D1 --> *D2* -+
///
/// A cut carries integer codes, so it can stand only before a node of the lowered graph. A name from the model file is
/// understood as the lowered node that begins with it; a name from the middle of a fused chain is refused, and the
/// message says which name to use.
namespace sluice::map {

struct Partition {
  std::vector<std::uint32_t> stage;  ///< per node of the graph; meaningful for the integer middle
  std::uint32_t stages = 1;
  std::vector<hdl::Family> families{};  ///< of each stage's board; empty: all as the whole design
};

/// Names that --split-before takes, in graph order: every node of the middle behind which and before which stands work.
std::vector<std::string> legalSplits(const ir::Graph& graph);

/// Errors: badInput, naming the legal names.
Result<Partition> partition(const ir::Graph& graph, const std::vector<std::string>& splitBefore);

}  // namespace sluice::map

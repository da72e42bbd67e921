#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ir/graph.h"
#include "kernel/delay_line.h"
#include "kernel/dense/dense.h"

/// What a user decides of single nodes: the last word over what mapping would choose.
///
/// As text, one node a line, its name (of the lowered graph, or the first of the model's nodes it stands for) and settings:
///
///   # the first convolution decides the rate; its weights shall not take block RAM
///   conv1       reuse-factor=36  weights=logic
///   conv2/add   simd=9 pe=4      rows=bram
///
///   reuse-factor=N   cycles a vector (of a convolution: a pixel) of its product
///   target-ii=N      cycles a frame
///   pack=N           channels that come in at once
///   positions=N      of a window that go to the product at once
///   simd=N, pe=N     inputs and outputs of the product worked on at once
///   multiplier=auto|logic|dsp|dsp2   dsp: a DSP block a product; dsp2: two products a block where one holds them; auto:
///                                    dsp where products are large enough to be worth a block, else logic; and
///                                    dsp2 where a board has too few blocks (dsp_pairs.h)
///   weights=auto|logic|bram|stream   memory of the weights; stream: none, they come over a port of their own, once a frame
///   weight-port=N                    weights a beat of that port; else as many as are worked on at once (simd * pe)
///   rows=auto|srl|lutram|bram        line buffers
namespace sluice::map {

struct NodeOptions {
  std::optional<std::uint64_t> reuseFactor, targetInterval;
  std::optional<std::uint32_t> pack, positionsAtOnce, simd, pe;
  kernel::MultiplierStyle multiplier = kernel::MultiplierStyle::automatic;
  kernel::WeightMemory weights = kernel::WeightMemory::automatic;
  bool streamWeights = false;  ///< then `weights` does not count
  std::optional<std::uint32_t> weightPort;
  kernel::BufferStyle rows = kernel::BufferStyle::automatic;
  bool operator==(const NodeOptions&) const = default;
};

using NodeOptionsMap = std::map<std::string, NodeOptions>;

/// What is said of a node, under its name or the first name it has in the model; null: nothing.
const NodeOptions* saidOf(const NodeOptionsMap& options, const ir::Node& node);

/// Errors  badInput: the line, what is wrong with it, what is known. Unknown nodes are found by mapGraph.
Result<NodeOptionsMap> parseNodeOptions(std::string_view text);

}  // namespace sluice::map

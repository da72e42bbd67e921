#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// Splits inside a layer of a lowered graph: one node becomes several that can stand on different boards. The result is an
/// ordinary graph that computes the same codes.
///
///   outputs    neurons, output channels: each part has some columns of the weights and sees all of the input
///                y = concat(dense(x, w[:, 0:a]), dense(x, w[:, a:]))
///              what follows channel by channel (threshold, lookup, rescale, requantize, pooling) is done in the parts,
///              so that narrow codes cross the cut and not wide sums
///   inputs     input neurons, input channels: each part has some rows of the weights and a slice of the input
///                y = dense(x[0:a], w[0:a], b) + dense(x[a:], w[a:])
///              partial sums are exact integers of proven range, nothing wraps and nothing is rounded, so every tree of
///              additions gives the same bits. The bias enters once
///   rows       image rows of a convolution or pooling: every part has all weights and a strip of the input, with the
///              rows beyond its border that its windows reach into (the halo)
///   depthwise  channels of a convolution with a group per channel: nothing is shared at all
///
/// A part that reads a slice of what was put together from slices of the same borders reads the part itself: after a split
/// by outputs one by inputs (or depthwise, or of what works element by element) needs no exchange between the two.
namespace sluice::passes {

enum class LayerSplit : std::uint8_t { outputs, inputs, rows };

/// How partial sums are added.
enum class SumTree : std::uint8_t {
  flat,   ///< one node adds all
  chain,  ///< each part adds what came from the part before: for boards on a chain
  pairs,  ///< a balanced tree
};

struct LayerSplitOptions {
  LayerSplit how = LayerSplit::outputs;
  std::vector<std::uint64_t> shares = {1, 1};  ///< of the parts, in any unit; two or more
  SumTree tree = SumTree::flat;
};

/// The borders of the parts: shares[k] of `extent`, rounded so that every part has at least one and all add up.
/// Errors  badInput: fewer than two shares, a share of 0, fewer elements than parts
Result<std::vector<std::int64_t>> bordersOf(std::int64_t extent, const std::vector<std::uint64_t>& shares);

/// The graph with that node split. Parts are called <node>_part0, _part1, ...
/// Errors  badInput: no such node; unsupported: a node that cannot be split so, with what can
Result<ir::Graph> splitLayer(const ir::Graph& graph, const std::string& node,
                             const LayerSplitOptions& options);

/// Names of the nodes that can be split so, in graph order.
std::vector<std::string> splittableLayers(const ir::Graph& graph, LayerSplit how);

}  // namespace sluice::passes

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "kernel/kernel.h"
#include "map/map.h"

/// The streamed kernel of one node of a lowered graph.
namespace sluice::map {

/// What a node is offered: the beat and the proven interval of each of its streamed inputs.
struct Offer {
  kernel::Beat beat;
  fixed::Interval range;
};

struct Choice {
  kernel::Kernel kernel;
  std::vector<std::uint32_t> inputElements;  ///< per streamed input: the elements of a beat it wants
  std::uint64_t multiplications = 0;         ///< per frame
  std::uint32_t multipliers = 0;             ///< working at once
};

/// The inputs of a node that arrive by stream (constants do not), in order.
std::vector<ir::TensorId> streamedInputs(const ir::Graph& graph, const ir::Node& node);

/// Elements of the beat in which a node would like to read an input that comes from outside; 0: no wish.
std::uint32_t wishedElements(const ir::Graph& graph, const ir::Node& node, const MapOptions& options);

/// Errors: unsupported or badInput, naming the node.
Result<Choice> chooseKernel(const ir::Graph& graph, const ir::Node& node, const std::vector<Offer>& offers,
                            const MapOptions& options);

}  // namespace sluice::map

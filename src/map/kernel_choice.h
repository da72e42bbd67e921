#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "kernel/kernel.h"
#include "map/map.h"
#include "map/pace.h"

/// The streamed kernels of one node of a lowered graph.
namespace sluice::map {

/// What a node is offered: the beat and the proven interval of each of its streamed inputs.
struct Offer {
  kernel::Beat beat;  ///< of no elements: it comes from outside, in any beat
  fixed::Interval range;
};

/// A kernel with one read and one write port in front of another kernel: a window, an upsampling.
struct FrontKernel {
  kernel::Kernel kernel;
  std::string part;                   ///< what it does of the node, for its name
  std::uint64_t elementsOut = 1;      ///< of a frame
  std::uint32_t inputElements = 1;    ///< of the beats it reads
  std::uint64_t multiplications = 0;  ///< per frame
  std::uint32_t multipliers = 0;      ///< working at once
};

/// Weights of a node that come over a port of the design instead of lying in a memory (kernel/streamed_weights).
struct StreamedWeights {
  std::vector<std::int64_t> frame;  ///< of one frame, in the order in which they are read
  std::uint32_t elements = 1;       ///< of a beat of the kernel's port 1
  std::uint32_t portElements = 1;   ///< of a beat of the design's port
  fixed::Interval range;
  std::uint64_t passes = 1;  ///< how often a frame takes them: with several, a buffer stands between
};

/// front[i] kernels stand before read port i of `kernel`, in order.
struct Choice {
  kernel::Kernel kernel;  ///< its last port is the node's output
  std::vector<std::uint32_t>
      inputElements;  ///< per streamed input: the elements of a beat that `kernel` wants
  std::vector<std::vector<FrontKernel>> front{};
  std::uint64_t multiplications = 0;         ///< per frame
  std::uint32_t multipliers = 0;             ///< working at once
  std::optional<StreamedWeights> weights{};  ///< of port 1
};

/// The inputs of a node that arrive by stream (constants do not), in order. What a convolution reads of a Pad that it does
/// itself (padInside) is the tensor before the padding.
std::vector<ir::TensorId> streamedInputs(const ir::Graph& graph, const ir::Node& node);

/// A Pad that needs no kernel: every node that reads it is a convolution whose window can pad by itself.
bool padInside(const ir::Graph& graph, ir::NodeId pad);

/// Elements of the beat in which a node would like to read an input that comes from outside, of that range; 0: no wish.
std::uint32_t wishedElements(const ir::Graph& graph, const ir::Node& node, std::uint32_t input,
                             const MapOptions& options, const Pace& pace);

/// Errors: unsupported or badInput, naming the node.
Result<Choice> chooseKernel(const ir::Graph& graph, const ir::Node& node, const std::vector<Offer>& offers,
                            const MapOptions& options, const Pace& pace);

}  // namespace sluice::map

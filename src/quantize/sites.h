#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

/// Where a float network needs quantizers, so that everything between them is exact in integers.
///
/// A product, a sum of two computed tensors and an average read codes; so do a softmax and a layer norm that are not at the end.
/// What they read gets a quantizer where it is
/// computed, in front of everything that only moves elements or takes the largest: behind the relu, not behind the
/// max pool or the reshape.
///
///   conv, relu, maxPool, conv     ->  quantizer behind the relu
///   add(conv, relu)               ->  quantizers behind the conv and behind the relu, so that what waits for the
///                                     other branch in a FIFO is narrow
namespace sluice::quantize {

struct Site {
  ir::TensorId tensor;   ///< a real tensor that gets a quantizer
  bool isSigned = true;  ///< false: proven not to be negative by the operation that makes it
  bool isInput = false;  ///< of the network: whether it is signed is seen in the samples
};

/// The tensors that get a quantizer, in the order in which they are computed.
std::vector<Site> sitesOf(const ir::Graph& graph);

/// Whether something quantizes the tensor behind element-wise operations and moves: false for the logits, which the
/// host reads as they are. One entry per tensor.
std::vector<bool> reachesSite(const ir::Graph& graph, const std::vector<Site>& sites);

/// Multiplications with weights for one sample. 0 for what is no product.
std::int64_t multiplicationsOf(const ir::Graph& graph, const ir::Node& node);

}  // namespace sluice::quantize

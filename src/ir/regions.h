#pragma once

#include <vector>

#include "ir/graph.h"

/// The three regions of a lowered graph, and the tensors where they meet.
///
///   prologue   real nodes that no integer node comes before: inputs, scaling, the first quantizers. Host.
///   integer    the integer middle: nodes of isInteger (graph.h) that an output needs. They become hardware.
///              A Reshape or Transpose of codes is among them: a reshape costs nothing there.
///   epilogue   real nodes that integer nodes come before: scales, softmax. Host.
///
///   hardware inputs    tensors of codes that middle nodes read and no middle node computes (outputs of
///                      Quantize, Bipolar, or an Input of codes), in the order of the nodes that compute them
///   hardware outputs   tensors of codes that middle nodes compute and that are graph outputs or read by the
///                      epilogue, in the order of the graph outputs they lead to, then in node order
///
/// Nodes that no output needs are in no region. The prologue may also feed the epilogue directly.
namespace sluice::ir {

struct Regions {
  std::vector<NodeId> prologue, integer, epilogue;  ///< each in node order
  std::vector<TensorId> hardwareInputs, hardwareOutputs;
};

/// Errors  unsupported: real nodes between integer nodes, i.e. the graph is not lowered; names all of them.
Result<Regions> regions(const Graph& graph);

/// For each graph input the hardware input that stands for it: the one hardware input computed from it, which
/// is computed from no other input. So codes of the first quantizer can be given instead of real values.
/// Errors  badInput: an input for which there is no such hardware input, or several.
Result<std::vector<TensorId>> codedInputs(const Graph& graph, const Regions& regions);

}  // namespace sluice::ir

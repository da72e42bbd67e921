#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

/// What a valid graph is. Run after the frontend and after every pass; everything that takes a Graph may rely
/// on it.
///
///    1  ids        every id of a tensor or node lies in its list
///    2  order      a node reads constants and outputs of nodes before it
///    3  producers  a tensor is a constant, or the output of exactly one node, which it names as its producer
///    4  names      names are not empty, and unique among tensors and among nodes
///    5  types      shapes, ranges, scales and zero points are legal (check(TensorType), type.h)
///    6  constants  their elements match the type: count, doubles or integers, codes within the range, no NaN
///    7  dialects   operations of the integer dialect read no real tensor
///    8  inference  the type of a node's output is the one inferType gives
///    9  inputs     the graph's inputs are the outputs of its Input nodes, each once; these read nothing
///   10  outputs    there is an output; each is computed by a node and listed once
namespace sluice::ir {

struct Violation {
  int rule = 0;
  std::string message;  ///< names the node or tensor
};

/// All of them, in the order of the rules; empty for a valid graph. A rule is not applied where a rule before
/// it makes it meaningless (no types where ids are wrong).
std::vector<Violation> violations(const Graph& graph);

/// Errors  badInput: all violations, one per line, each with its rule.
Status verify(const Graph& graph);

}  // namespace sluice::ir

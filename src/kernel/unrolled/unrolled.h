#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "kernel/kernel.h"
#include "kernel/unrolled/adder_graph.h"

/// Unrolled: a whole chain of integer operations as one pipeline that takes a new frame every cycle.
///
/// Every element of every tensor is a number on wires of its own. Nothing is stored but pipeline registers,
/// nothing is shared over time, no handshake is inside: the schedule has no loops, interval 1, and one access
/// per tensor that comes in or goes out, each in a single beat. So latency is the depth of the logic over
/// what one stage holds, known before anything is printed.
///
///   lower    graph -> cells (cells.h): matrices become shared adder graphs (adder_graph.h), thresholds comparisons with
///            constants or lines and a table (staircase.cpp), narrow functions tables, products of two signals sums of
///            multiples by digits (products.cpp), biases, signs and moves bookkeeping
///   stage    cells -> stages (stages.h): `levelsPerStage` adder levels between registers, least latency
///   first, then
///            fewest register bits
///   emit     cells -> hdl (emit_cells.cpp)
///
/// Each element keeps its own exact interval: an output column of small weights has narrower sums than its
/// neighbour, and every operation after it is narrower too.
///
/// Legal nodes: every operation of the integer dialect. What is refused says so: tables of more than 16 bits, convolutions of more
/// than 100,000 products a frame, saturation to zero and wrapping of sign and magnitude of wide numbers.
namespace sluice::kernel {

struct UnrolledParams {
  const ir::Graph* graph = nullptr;
  std::vector<ir::NodeId> nodes;     ///< in topological order
  std::uint32_t levelsPerStage = 2;  ///< adder levels between two registers, >= 1
  /// The level that the way in takes of the first stage (reading a FIFO costs about one); at most
  /// levelsPerStage.
  std::uint32_t inputLevels = 1;
  AdderGraphOptions adders;  ///< depth is counted in levels
};

/// Tensors that a set of nodes reads from outside and hands to the outside, in port order: reads first.
/// Constants are inside. The output of a reshape is handed out as the tensor under it.
struct UnrolledPorts {
  std::vector<ir::TensorId> reads, writes;
};
UnrolledPorts unrolledPorts(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes);

/// The kernel. Ports: one per tensor of unrolledPorts, reads first; named x and y, with a number where there
/// are several. Errors   unsupported: a node of another kind, a table beyond 16 bits, weights beyond 61 bits;
/// badInput: nothing is
///          written, nodes out of order, levels of 0
Result<Kernel> unrolledPipeline(std::string name, const UnrolledParams& params);

/// What the pipeline is made of; for reports and for choosing.
struct UnrolledSummary {
  std::uint64_t adders = 0;  ///< of matrices, biases, merges, products
  std::uint64_t adderBits = 0;
  std::uint64_t comparisons = 0, tables = 0;
  std::uint64_t registerBits = 0;  ///< of the pipeline, without its valid bits
  std::uint32_t levels = 0;        ///< longest path
  std::uint32_t depth = 0;         ///< latency in stages
};
Result<UnrolledSummary> unrolledSummary(const UnrolledParams& params);

}  // namespace sluice::kernel

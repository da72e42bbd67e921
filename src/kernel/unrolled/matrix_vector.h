#pragma once

#include <cstdint>
#include <string>

#include "hdl/module.h"
#include "kernel/unrolled/adder_graph.h"

/// An adder graph as a module of its own, for people who write their own designs.
namespace sluice::kernel {

struct MatrixVectorModule {
  hdl::Module module;
  /// Clocks from an input to its output: 0 without registers.
  std::uint32_t latency = 0;
  std::uint64_t registerBits = 0;
};

/// Ports x0 .. x<rows-1> and y0 .. y<columns-1>, each a number just wide enough for its interval; inputs that
/// no column weighs are ports that nobody reads, columns of zeros are the constant 0. A negated output takes
/// an adder more. With `levelsPerStage` > 0 there is a clk, a register behind every input and in front of every
/// output, and one between every so many adder levels where registers are fewest; a new input may come with
/// every clock. `graph` passed verify.
MatrixVectorModule matrixVectorModule(const AdderGraph& graph, const std::string& name,
                                      std::uint32_t levelsPerStage);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "dataflow/network.h"
#include "dataflow/simulate.h"
#include "hdl/cost.h"
#include "ir/graph.h"
#include "kernel/kernel.h"

/// Design: the kernels and streams of a network, and in which subgraph each stands. What the simulator times, the
/// sizer sizes, emit prints and report shows.
namespace sluice::map {

struct KernelTag;
struct StreamTag;
struct SubgraphTag;
using KernelId = Id<KernelTag>;
using StreamId = Id<StreamTag>;
using SubgraphId = Id<SubgraphTag>;

enum class FifoKind : std::uint8_t { registers, shiftRegister, lutRam, blockRam };

/// A FIFO between two kernels, or between a kernel and the outside of its subgraph.
struct Stream {
  std::string name;                    ///< legal Verilog identifier, unique
  ir::TensorId tensor;                 ///< what it carries
  kernel::Beat beat;
  fixed::Interval range;
  std::uint64_t beatsPerFrame = 1;
  std::uint32_t depth = 2;
  FifoKind kind = FifoKind::registers;
  KernelId writer, reader;             ///< none: the subgraph's port
  std::uint32_t writerPort = 0, readerPort = 0;
  SubgraphId subgraph;
};

struct KernelInstance {
  std::string name;                    ///< instance name, unique
  kernel::Kernel kernel;
  std::vector<ir::NodeId> nodes;       ///< the graph's nodes it does; empty for width converters and forks
  std::vector<StreamId> streams;       ///< one per kernel port
  SubgraphId subgraph;
  std::uint64_t multiplications = 0;   ///< per frame
  std::uint32_t multipliers = 0;       ///< working at once
};

/// A ready/valid wire from one subgraph's output FIFO to another's input FIFO.
struct Cut {
  StreamId from, to;
  ir::TensorId tensor;
};

/// A port of the whole design.
struct DesignPort {
  std::string name;                    ///< prefix of the Verilog ports
  bool isInput = true;
  ir::TensorId tensor;
  StreamId stream;                     ///< the FIFO behind it
};

struct Subgraph {
  std::string name;                    ///< module name: "sub0"
};

struct Design {
  std::string name;
  std::vector<Subgraph> subgraphs;
  std::vector<KernelInstance> kernels;
  std::vector<Stream> streams;
  std::vector<Cut> cuts;
  std::vector<DesignPort> ports;       ///< inputs first, in the graph's order
};

/// The design as a dataflow network: actor k is kernel k, channel s is stream s, link c is cut c, sources and sinks
/// are the ports in order.
dataflow::Network network(const Design& design);

}  // namespace sluice::map

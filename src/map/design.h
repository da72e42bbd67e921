#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "dataflow/network.h"
#include "dataflow/simulate.h"
#include "hdl/cost.h"
#include "ir/graph.h"
#include "kernel/fifo/fifo.h"
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

/// A FIFO between two kernels, or between a kernel and the outside of its subgraph.
struct Stream {
  std::string name;     ///< legal Verilog identifier, unique
  ir::TensorId tensor;  ///< what it carries
  kernel::Beat beat;
  fixed::Interval range;
  std::uint64_t beatsPerFrame = 1;
  std::uint32_t depth = 2;
  kernel::FifoKind kind = kernel::FifoKind::registers;
  KernelId writer, reader;  ///< none: the subgraph's port
  std::uint32_t writerPort = 0, readerPort = 0;
  SubgraphId subgraph;
};

struct KernelInstance {
  std::string name;  ///< instance name, unique
  kernel::Kernel kernel;
  std::vector<ir::NodeId>
      nodes;  ///< the graph's nodes it does; empty for windows, width converters and forks
  std::vector<StreamId> streams;  ///< one per kernel port
  SubgraphId subgraph;
  std::uint64_t multiplications = 0;  ///< per frame
  std::uint32_t multipliers = 0;      ///< working at once
};

/// A ready/valid wire from one subgraph's output FIFO to another's input FIFO.
struct Cut {
  StreamId from, to;
  ir::TensorId tensor;
  std::uint32_t latency = 0;  ///< cycles on the way, where a link takes the place of the wire
};

/// A port of the whole design.
struct DesignPort {
  std::string name;  ///< prefix of the Verilog ports
  bool isInput = true;
  ir::TensorId tensor;
  StreamId stream;  ///< the FIFO behind it
  std::uint32_t position =
      0;  ///< among the graph's hardware inputs, or outputs; of weights: behind all inputs
  /// Of an input: what every frame brings, in the order of the beats, if it is weights that live outside; `tensor` is then
  /// the constant that they are in the graph. Empty: data.
  std::vector<std::int64_t> weights{};
};

struct Subgraph {
  std::string name;  ///< module name: "sub0"
  std::optional<hdl::Family>
      family{};  ///< of its board, where boards are of several; else that of the whole design
};

enum class Regime : std::uint8_t {
  automatic,  ///< unrolled if the network is small (see map.cpp), else streamed; never in a finished design
  unrolled,   ///< every subgraph one pipeline that takes a whole frame in every cycle
  streamed,   ///< beats with FIFOs between the kernels
};

/// What the FIFOs hold, and what any FIFOs that keep latency and interval must hold at least.
struct FifoStorage {
  std::uint64_t bits = 0;        ///< places times bits of a beat, all streams
  std::uint64_t lowerBound = 0;  ///< proven; equal to `bits`: no FIFOs are smaller
};

struct Design {
  std::string name;
  Regime regime = Regime::streamed;
  std::string regimeReason{};  ///< why, where it was left to us
  std::optional<std::uint64_t> reuseFactor;  ///< streamed: the one asked for, or the default
  std::optional<std::uint64_t>
      targetInterval;  ///< streamed: cycles a frame that no kernel shall exceed, if not that
  std::vector<Subgraph> subgraphs;
  std::vector<KernelInstance> kernels;
  std::vector<Stream> streams;
  std::vector<Cut> cuts;
  std::vector<DesignPort> ports;           ///< inputs first, in the graph's order
  std::optional<FifoStorage> fifoStorage;  ///< once the streams are sized
};

/// A FIFO whose writer is a ready/valid wire promises nothing ahead: it needs one counter only.
inline bool reserveIsPush(const Stream& stream) { return !stream.writer.valid(); }

/// The device family a subgraph is for, in a design that is for `whole` where nothing else is said.
inline hdl::Family familyOf(const Design& design, SubgraphId subgraph, hdl::Family whole) {
  return design.subgraphs[subgraph.index].family.value_or(whole);
}

/// The FIFO module of a stream.
kernel::FifoParams fifoParams(const Stream& stream);

/// The design as a dataflow network: actor k is kernel k, channel s is stream s, link c is cut c, sources and sinks
/// are the ports in order.
dataflow::Network network(const Design& design);

/// One subgraph alone, its ports fed and emptied by the outside.
dataflow::Network subgraphNetwork(const Design& design, SubgraphId subgraph);

}  // namespace sluice::map

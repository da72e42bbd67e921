#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

/// Process networks: pipelined loop nests joined by FIFOs, as high-level synthesis makes them and as files
/// `*.dataflow.json` of kind `process-network` describe them.
///
/// They differ from the networks of dataflow/network.h in the firing rule. Here a process has one clock gate:
///
///   1. A process has a local clock, which starts in cycle 0, or in the first cycle c >= finish + delay for every
///      entry of `after`. In each cycle it performs all accesses whose nominal time equals the local clock and
///      advances the clock by one; if one of them is not possible, the whole process stands still.
///   2. The k-th read of a FIFO is possible from `writeToReadSrl` cycles after its k-th write if the FIFO is a
///      shift register, else from `writeToReadRam` cycles after it.
///   3. The k-th write of a FIFO of depth d is possible from `readToWrite` cycles after its (k-d)-th read.
///   4. A process finishes in the cycle in which its local clock is `latency`. One run, all FIFOs empty at the
///      start; the network's cycles are the largest finish.
///
/// The nominal time of an access is phase.start + ii * iteration + stage.
namespace sluice::dataflow::process {

struct Timing {
  std::uint32_t writeToReadSrl = 1, writeToReadRam = 2, readToWrite = 1;  ///< cycles, >= 1
  std::uint64_t srlMaxDepth = 2, srlMaxBits = 1024;
};

struct Fifo {
  std::string name;
  std::uint32_t widthBits = 1;
  std::uint64_t depth = 2;  ///< as in the design: the "given" depth, beats
  std::uint32_t group = 0;  ///< FIFOs of one group share a depth; index into Network::groups
  std::uint32_t src = 0, dst = 0;
  std::uint64_t tokens = 0;  ///< beats of one run
};

struct Dim {
  std::uint64_t count = 1, stride = 1;
  bool operator==(const Dim&) const = default;
};

/// { first + k1 * stride1 + k2 * stride2 + ... : 0 <= ki < counti }, outermost dimension first.
struct Box {
  std::uint64_t first = 0;
  std::vector<Dim> dims;
  bool operator==(const Box&) const = default;
};

enum class Direction : std::uint8_t { read, write };

/// Each of `fifos` is accessed once in every iteration of the union of `at`.
struct Access {
  Direction direction = Direction::read;
  std::uint64_t stage = 0;
  std::vector<std::uint32_t> fifos;
  std::vector<Box> at;
};

/// One pipelined loop nest.
struct Phase {
  std::vector<std::uint64_t> loops;  ///< trip counts, outermost first
  std::uint64_t trip = 1;            ///< their product
  std::uint64_t start = 0, ii = 1, iterationLatency = 1;
  std::vector<Access> accesses;
};

/// The process may start `delay` cycles after `process` has finished.
struct After {
  std::uint32_t process = 0;
  std::uint64_t delay = 0;
  std::string array;  ///< the buffer between them; may be empty
};

struct Process {
  std::string name;
  std::uint64_t latency = 0;
  std::vector<After> after;
  std::vector<Phase> phases;
};

struct Network {
  std::string name;
  Timing timing;
  std::vector<std::string> groups;  ///< in the order of their first FIFO
  std::vector<Fifo> fifos;
  std::vector<Process> processes;
};

/// Whether every number is in its range, counts agree, and the graph of FIFOs and arrays has no directed cycle.
/// The rules are numbered in network.cpp. Errors: badInput, all problems named; unsupported: sizes beyond what
/// times of 64 bits can hold.
Status check(const Network& network);

/// Iterations in a box; the product of its counts. `check` has shown that it does not overflow.
std::uint64_t size(const Box& box);
/// The largest iteration of a box.
std::uint64_t last(const Box& box);

/// Depth up to which a FIFO of this width is a shift register.
std::uint64_t srlDepth(const Timing& timing, std::uint32_t widthBits);

/// Given depth per group: the largest of its FIFOs.
std::vector<std::uint64_t> givenDepths(const Network& network);
/// Depth per group at which none of its FIFOs ever fills: its tokens, never below the given depth.
std::vector<std::uint64_t> unboundedDepths(const Network& network);
/// FIFOs per group.
std::vector<std::uint64_t> groupSizes(const Network& network);

}  // namespace sluice::dataflow::process

#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataflow/process/network.h"

/// A process network made ready to be run many times: what cannot be told apart by timing is one, and loop nests
/// stay loops.
///
///   Lane     all FIFOs of a group that are written in the same accesses and read in the same accesses, with the
///            same kind at every depth. They hold the same beats at the same times for ever, whatever the depths,
///            so one of them is run. 848 FIFOs of a matrix product are 7 lanes.
///   Program  the nominal times of a process's accesses, as instructions: `events` (a strided run of accesses to
///            the same lanes), `advance` (the clock moves, nothing is accessed), `again` (back to the start of a
///            body until it has run often enough). A nest of 10^8 iterations is a few instructions.
namespace sluice::dataflow::process {

struct Lane {
  std::uint32_t group = 0;
  std::uint32_t src = 0, dst = 0;
  std::uint64_t tokens = 0;
  std::uint64_t srlDepth = 0;        ///< a shift register up to this depth
  std::vector<std::uint32_t> fifos;  ///< the FIFOs it stands for, in rising order; never empty
  bool credits =
      false;  ///< no FIFO: the writer below gives credits back (chain.h), of which the setting's depth are there
              ///< at the start, and nothing limits how many
};

struct Instruction {
  enum class Kind : std::uint8_t { events, advance, again };
  Kind kind = Kind::advance;
  std::uint32_t op = 0;  ///< events: index into ProgramOf::ops. again: index of the body's first instruction
  std::uint64_t first =
      0;  ///< events, advance: cycles from here to the (first) event. again: its loop counter
  std::uint64_t stride = 0;  ///< events: cycles between them
  std::uint64_t count = 1;   ///< events: how many. again: how often the body runs in all, >= 2
};

/// The lanes accessed at one nominal time: `refs[first .. first+reads)` are read, the next `writes` are written.
struct Op {
  std::uint32_t first = 0, reads = 0, writes = 0;
};

struct ProgramOf {  ///< of one process
  std::vector<Instruction> code;
  std::vector<Op> ops;
  std::vector<std::uint32_t> refs;  ///< lane indices
  std::uint32_t counters = 0;       ///< loop counters it needs
  std::uint64_t latency = 0;
  std::vector<After> after;
  std::uint64_t events = 0;  ///< distinct nominal times with an access
};

struct Program {
  std::vector<Lane> lanes;
  std::vector<ProgramOf> processes;
  std::vector<std::uint32_t> laneOf;  ///< per FIFO
  std::uint32_t groups = 0;
};

/// Errors   badInput: a FIFO accessed twice at one nominal time (overlapping boxes); unsupported: accesses so
///          irregular that their program would not fit into memory
/// Cost     grows with the program's size and the outer iterations of its nests, not with the iterations
Result<Program> compile(const Network& network);

/// The same run `frames` times: a process starts anew in the cycle after it finished, FIFOs keep what is in them.
/// Errors   unsupported: arrays between processes (`after`), as the format does not say how many frames they hold; more
///          than 2^60 cycles
Result<Program> repeat(const Program& once, std::uint64_t frames);

}  // namespace sluice::dataflow::process

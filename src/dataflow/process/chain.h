#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataflow/process/network.h"
#include "dataflow/process/program.h"

/// Rows of FIFOs: storage that may lie in any of them.
///
/// Between two FIFOs in a row stands a stage that reads a beat of the first and writes one of the second in the same
/// iterations. Storage may lie in either FIFO, and as bounds on single depths rule out one split at a time, a sum of S
/// places would take S of them, for three FIFOs S^2 / 2. But the stage can be eliminated. With x1 and x2 places:
///
///   write k of the first     waits for its read k - x1                         (the rule, readToWrite = w cycles)
///   that read                comes after the stage's write k - x1 - q          (its local clock, d cycles)
///   that write               waits for the second's read k - x1 - q - x2       (the rule, w cycles)
///
/// so write k of the first comes at least 2w + d cycles after read k - (x1 + x2 + q) of the second, whatever the split.
/// Here q is the least number of iterations after which the stage has surely written what it read, and d the cycles
/// left over. This wait is implied by the rules; where only it stands in a run, and the FIFOs themselves are unbounded,
/// the run is at least as fast as with any split of x1 + x2. So a sum can take part in a conflict (conflict.h) as a
/// depth does. Longer rows alike.
namespace sluice::dataflow::process {

/// A row of two or more FIFOs that stages join; each is alone in its group (as far as timing can tell).
struct Chain {
  std::vector<std::uint32_t> lanes, groups;  ///< in the order of the row
  std::uint64_t within = 0;                  ///< beats that stages hold: the q of all
  std::uint64_t delay = 0;                   ///< cycles from the last read to the first write
  std::uint64_t tokens = 0;                  ///< with so many places it waits for nothing
};

/// All rows, shorter ones first.
std::vector<Chain> chains(const Network& network, const Program& program);

/// The program with the wait of each chain as one more lane, in their order: its reader gives back credits, its writer takes
/// them. The setting of such a lane: as many credits as the chain has places, and `within` more; the chain's delay.
Program withCredits(const Program& program, std::span<const Chain> chains);

}  // namespace sluice::dataflow::process

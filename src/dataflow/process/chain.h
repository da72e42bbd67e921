#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataflow/process/evaluate.h"

/// Sums of depths that no split can beat.
///
/// Between two FIFOs in a row stands a stage that reads a beat of the first and writes one of the second in the same
/// iterations. Storage may lie in either FIFO, and as a conflict (conflict.h) rules out one split at a time, a sum of S
/// places would take S conflicts, for three FIFOs S^2 / 2. But the stage can be eliminated. With x1 and x2 places:
///
///   write k of the first     waits for its read k - x1                         (the rule, readToWrite = w cycles)
///   that read                comes after the stage's write k - x1 - q          (its local clock, d cycles)
///   that write               waits for the second's read k - x1 - q - x2       (the rule, w cycles)
///
/// so write k of the first comes at least 2w + d cycles after read k - (x1 + x2 + q) of the second, whatever the split. Here q is
/// the least number of iterations after which the stage has surely written what it read, and d the cycles left over. Let
/// only this wait remain, and both FIFOs be unbounded: if that is too slow with x1 + x2 = s, every vector with a sum of
/// at most s is. Longer rows alike.
namespace sluice::dataflow::process {

/// The depths of these groups add up to at least `least` in every vector that meets the target.
struct Sum {
  std::vector<std::uint32_t> groups;  ///< in the order of the row
  std::uint64_t least = 0;
  bool operator==(const Sum&) const = default;
  auto operator<=>(const Sum&) const = default;
};

/// A row of FIFOs that stages join; each is alone in its group (as far as timing can tell).
struct Chain {
  std::vector<std::uint32_t> lanes;
  std::uint64_t within = 0;  ///< beats that stages hold: the q of all
  std::uint64_t delay = 0;   ///< cycles from the last read to the first write
};

/// All rows of two or more FIFOs.
std::vector<Chain> chains(const Network& network, const Program& program);

/// The least sum of the chain's depths with which the target can be met as far as this wait tells. 2 places each at
/// least. Needs the target to be met by unbounded FIFOs.
Sum leastSum(const Chain& chain, const Program& program, const Timing& timing, std::uint64_t target,
             std::uint64_t& simulations);

}  // namespace sluice::dataflow::process

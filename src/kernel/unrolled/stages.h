#pragma once

#include <cstdint>
#include <vector>

#include "kernel/unrolled/cells.h"

/// Stages: where the registers of an unrolled pipeline go.
///
/// Time is counted in levels, `perStage` of them between two registers. A value that is read s stages later passes s
/// registers, one chain for all its readers. The depth is the least there is: every cell as early as it can be. Among all
/// assignments of that depth we take one of fewest register bits, exactly:
///
///     least sum of width[c] * (last[c] - stage[c])      last[c] >= stage of every reader, and the port's where c leaves
///
/// where stage[c] >= stage[o] + 1 as soon as some way from o to c, both included, has more than perStage levels. Ways are
/// many, so each cell c carries a few numbers more: within[c][j] is no less than the stage of anything from which a way of j
/// or more levels ends in c. For a cell of one level with operand o
///
///     within[c][j] >= within[o][j - 1],    stage[c] >= within[o][perStage] + 1
///
/// (of L levels: within[o][perStage + 1 - L]; a cell of more levels than a stage holds has a stage to itself), which makes
/// everything a difference of two numbers (differences.h), as many as there are cells times perStage. Longer ways need no
/// numbers of their own: any two cells of one stage are joined by ways that the stage holds.
///
/// Example: sums that narrow a matrix's 64 inputs to 10 outputs move their registers behind the sums; where one value has
/// many readers, the registers stand before them.
///
/// Source   retiming for least registers: Leiserson and Saxe, "Retiming synchronous circuitry" (1991), section 8. Ours
///          counts stages, not registers of edges, so that there is no clock period to search for.
namespace sluice::kernel {

/// Cells that leave through one port, all in the same stage.
using PortCells = std::vector<CellId>;

struct Stages {
  std::vector<std::uint32_t> of;         ///< per cell
  std::vector<std::uint32_t> portStage;  ///< per write port
  std::uint32_t depth = 0;               ///< the largest of them
  std::uint64_t registerBits = 0;
};

/// `inputLevels`: of the first stage, taken by the way in; at most perStage.
Stages assignStages(const CellList& cells, const std::vector<PortCells>& writes, std::uint32_t perStage,
                    std::uint32_t inputLevels);

}  // namespace sluice::kernel

#pragma once

#include <cstdint>
#include <vector>

#include "kernel/unrolled/cells.h"

/// Stages: where the registers of an unrolled pipeline go.
///
/// Time is counted in levels, `perStage` of them between two registers. Each cell gets the level at whose end
/// it is done; its stage is the one that contains that level. A value that is read s stages later passes s
/// registers, one chain for all its readers. First every cell is done as early as it can be: that gives the
/// least depth. Then cells move within the room that is left, one at a time, wherever that saves register
/// bits: sums that narrow move forward, sums that spread (one value, many readers) wait. It is a local
/// optimum; the exact one is a minimum-cost flow (retiming), not worth it while the adders dominate.
///
/// Source   retiming for least registers: Leiserson and Saxe, "Retiming synchronous circuitry" (1991),
/// section 8.
namespace sluice::kernel {

/// Cells that leave through one port, all in the same stage.
using PortCells = std::vector<CellId>;

struct Stages {
  std::vector<std::uint32_t> of;         ///< per cell
  std::vector<std::uint32_t> portStage;  ///< per write port
  std::uint32_t depth = 0;               ///< the largest of them
  std::uint64_t registerBits = 0;
};

Stages assignStages(const CellList& cells, const std::vector<PortCells>& writes, std::uint32_t perStage,
                    std::uint32_t inputLevels);

}  // namespace sluice::kernel

#pragma once

#include <vector>

#include "kernel/unrolled/cells.h"
#include "kernel/unrolled/stages.h"
#include "kernel/unrolled/unrolled.h"

/// Lowering: a set of integer nodes as cells.
namespace sluice::kernel {

struct LoweredNodes {
  CellList cells;
  UnrolledPorts ports;
  std::vector<PortCells> writes;  ///< per write port, the cell of every element
};

/// Errors as unrolledPipeline.
Result<LoweredNodes> lowerNodes(const UnrolledParams& params);

}  // namespace sluice::kernel

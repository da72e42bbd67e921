#pragma once

#include <vector>

#include "kernel/kernel.h"
#include "kernel/unrolled/cells.h"
#include "kernel/unrolled/stages.h"

/// Writes cells as hdl on a kernel's pipeline: read port p is port p of the kernel, write port p comes after
/// the reads.
namespace sluice::kernel {

void emitCells(Pipeline& pipeline, const CellList& cells, const Stages& stages, std::uint32_t readPorts,
               const std::vector<PortCells>& writes);

}  // namespace sluice::kernel

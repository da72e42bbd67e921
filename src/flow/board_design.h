#pragma once

#include <string>
#include <vector>

#include "device/board.h"
#include "emit/serial_shell.h"
#include "flow/place.h"
#include "map/design.h"

/// A design behind the serial port of its board, ready for placement.
namespace sluice::flow {

struct BoardDesign {
  emit::SerialShell shell;
  PlaceTask task;  ///< the design's Verilog, the shell's and its constraints
};

/// `board` has a serial port. `verilog`: of the design, its top among it.
/// Errors  those of emit::serialShell
Result<BoardDesign> behindSerialPort(const std::string& name, const device::Board& board,
                                     const map::Design& design, std::vector<emit::File> verilog);

}  // namespace sluice::flow

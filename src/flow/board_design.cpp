#include "flow/board_design.h"

#include "base/check.h"
#include "flow/verify.h"

namespace sluice::flow {

Result<BoardDesign> behindSerialPort(const std::string& name, const device::Board& board,
                                     const map::Design& design, std::vector<emit::File> verilog) {
  SLUICE_CHECK(board.serial.has_value(), "a board with a serial port");
  const device::SerialPort& serial = *board.serial;
  BoardDesign whole;
  SLUICE_TRY(whole.shell,
             emit::serialShell(harnessPorts(design), {.clock = serial.clock,
                                                      .receive = serial.receive,
                                                      .transmit = serial.transmit,
                                                      .led = serial.led,
                                                      .clockMhz = static_cast<double>(serial.clockMhz)}));
  whole.task = {.name = name,
                .files = std::move(verilog),
                .top = "shell",
                .constraints = "board/shell.lpf",
                .part = board.part.name,
                .targetMhz = static_cast<double>(board.targetMhz)};
  whole.task.files.insert(whole.task.files.end(), whole.shell.files.begin(), whole.shell.files.end());
  return whole;
}

}  // namespace sluice::flow

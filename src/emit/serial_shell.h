#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "emit/harness.h"
#include "emit/stitch.h"

/// A board's top module around a finished design: a serial port to a host on one side, the design's streams on the other.
///
/// With it a design is a bitstream that runs on a small board with four pins: bytes of a beat go in lowest first,
/// bytes of every output beat come out lowest first, both padded to whole bytes; frames follow each other without
/// anything between them. One clock, the board's own; reset is held for the first cycles after configuration.
///
///   host --rxd--> receiver -> word of one beat -> in_data/valid/ready -> top -> out_data/valid/ready -> word -> sender --txd--> host
///
/// The line is slower than any design (a byte takes ten bits of many cycles each), so the receiver has no FIFO; a byte
/// that comes while the word before it still waits would be lost: then `led` is lit until the next configuration.
namespace sluice::emit {

struct SerialPins {
  std::string clock, receive, transmit, led;  ///< sites of the package; `receive` is driven by the host
  double clockMhz = 25;
};

struct SerialShell {
  std::vector<File> files;    ///< board/shell.v (module `shell`), board/shell.lpf (pins, for nextpnr)
  std::uint32_t divider = 0;  ///< cycles of a bit
  std::uint32_t bytesIn = 0, bytesOut = 0;  ///< of a beat
};

inline constexpr std::uint32_t standardBaud = 115'200;

/// Errors  unsupported: the design has not exactly one input stream and one output stream;
///         badInput: fewer than 4 cycles for a bit
Result<SerialShell> serialShell(const std::vector<HarnessPort>& ports, const SerialPins& pins,
                                std::uint32_t baud = standardBaud);

}  // namespace sluice::emit

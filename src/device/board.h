#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "device/part.h"

/// Boards: a part on a board people have. One JSON file per board under src/device/data/, compiled into the
/// library; a user's own board is such a file, given by its path.
///
///   {"board":      "pynq-z2",               lower case, as typed on the command line
///    "title":      "TUL PYNQ-Z2",           as printed on the box
///    "part":       "xc7z020clg400-1",       a known part, or an object as in part.h
///    "target_mhz": 100,                     the clock reports assume unless told otherwise: our choice, no
///    fact
///    "serial":     {"clock": "G2", "receive": "M1", "transmit": "L4", "led": "B2", "clock_mhz": 25},
///                                           may be missing: sites for a design behind a serial port
///                                           (emit/serial_shell.h); `receive` is driven by the host
///    "source":     {"document": "...", "table": "..."}}
namespace sluice::device {

/// Package sites of a clock, a serial line to a host, and a lamp.
struct SerialPort {
  std::string clock, receive, transmit, led;
  std::uint32_t clockMhz = 25;
};

struct Board {
  std::string name;
  std::string title;
  Part part;
  std::uint32_t targetMhz = 100;
  std::optional<SerialPort> serial;
  Source source;
};

/// The board of this name, upper or lower case; or, if `name` holds a '/' or ends in ".json", the one in that
/// file. Errors: badInput ("no board is called 'x'; known: ...", or file:line), io.
Result<Board> findBoard(const std::string& name);
/// Names of all built-in boards, ascending.
std::vector<std::string> boardNames();

struct BoardSpec {
  Board board;
  std::uint32_t count = 1;  ///< 1 .. 1024
};
/// "pynq-z2" or "pynq-z2:2". Errors: usage for a bad count; else as findBoard.
Result<BoardSpec> parseBoardSpec(const std::string& text);

/// Reads the text of a board file. Errors: badInput at "file:line".
Result<Board> parseBoard(std::string_view text, const std::string& file);

}  // namespace sluice::device

#include "device/board.h"

#include "base/text.h"
#include "device/fields.h"

namespace sluice::device {
namespace {

constexpr std::uint64_t mostBoards = 1024;

const std::vector<Board>& builtinBoards() {
  static const std::vector<Board> boards = builtinThings<Board>("board", parseBoard);
  return boards;
}

Result<SerialPort> serialOf(const Value& value, const std::string& file) {
  SLUICE_RETURN_IF_ERROR(checkKeys(value, {"clock", "receive", "transmit", "led", "clock_mhz"}, file));
  SerialPort port;
  for (const auto& [key, site] : {std::pair{"clock", &port.clock}, std::pair{"receive", &port.receive},
                                  std::pair{"transmit", &port.transmit}, std::pair{"led", &port.led}}) {
    SLUICE_TRY(*site, textOf(value, key, file));
  }
  SLUICE_TRY(const std::uint64_t mhz, numberOf(value, "clock_mhz", 1, 2000, file));
  port.clockMhz = static_cast<std::uint32_t>(mhz);
  return port;
}

}  // namespace

Result<Board> parseBoard(std::string_view text, const std::string& file) {
  SLUICE_TRY(const Value value, parseDataFile(text, file));
  std::vector<std::string> keys = {"board", "title", "part", "target_mhz", "source"};
  const Value* const serial = value.kind == Value::Kind::object ? value.find("serial") : nullptr;
  if (serial != nullptr) keys.emplace_back("serial");
  SLUICE_RETURN_IF_ERROR(checkKeys(value, keys, file));
  Board board;
  SLUICE_TRY(board.name, textOf(value, "board", file));
  SLUICE_TRY(board.title, textOf(value, "title", file));
  const Value& part = *value.find("part");
  if (part.kind == Value::Kind::object) {
    SLUICE_TRY(board.part, partOf(part, file));
  } else {
    SLUICE_TRY(const std::string name, textOf(value, "part", file));
    auto found = findPart(name);
    if (!found.ok()) return wrongAt(part, file, found.error().message);
    board.part = std::move(found).value();
  }
  SLUICE_TRY(const std::uint64_t mhz, numberOf(value, "target_mhz", 1, 2000, file));
  board.targetMhz = static_cast<std::uint32_t>(mhz);
  if (serial != nullptr) {
    SLUICE_TRY(board.serial, serialOf(*serial, file));
  }
  SLUICE_TRY(board.source, sourceOf(value, file));
  return board;
}

Result<Board> findBoard(const std::string& name) {
  return findThing(builtinBoards(), "board", name, parseBoard);
}

std::vector<std::string> boardNames() { return namesOf(builtinBoards()); }

Result<BoardSpec> parseBoardSpec(const std::string& text) {
  BoardSpec spec;
  std::string name = text;
  if (const auto colon = text.rfind(':');
      colon != std::string::npos && text.find('/', colon) == std::string::npos) {
    std::int64_t count = 0;
    if (!parseInt64(text.substr(colon + 1), count) || count < 1 ||
        count > static_cast<std::int64_t>(mostBoards))
      return Error{ErrorCode::usage,
                   "board '" + text + "': the count after ':' must be a whole number from 1 to " +
                       std::to_string(mostBoards),
                   {}};
    spec.count = static_cast<std::uint32_t>(count);
    name = text.substr(0, colon);
  }
  SLUICE_TRY(spec.board, findBoard(name));
  return spec;
}

}  // namespace sluice::device

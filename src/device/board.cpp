#include "device/board.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "device/builtin.h"
#include "device/fields.h"

namespace sluice::device {
namespace {

constexpr std::uint64_t mostBoards = 1024;

const std::vector<Board>& builtinBoards() {
  static const std::vector<Board> boards = [] {
    std::vector<Board> all;
    for (const BuiltinFile& file : builtinFiles()) {
      const auto value = parseDataFile(file.text, std::string(file.name));
      SLUICE_CHECK(value.ok(), "built-in data files are tested");
      if (value->find("board") == nullptr) continue;
      auto board = parseBoard(file.text, std::string(file.name));
      SLUICE_CHECK(board.ok(), "built-in board files are tested");
      all.push_back(std::move(board).value());
    }
    std::sort(all.begin(), all.end(), [](const Board& a, const Board& b) { return a.name < b.name; });
    return all;
  }();
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
  const bool isPath = name.find('/') != std::string::npos ||
                      (name.size() > 5 && sameName(std::string_view(name).substr(name.size() - 5), ".json"));
  if (isPath) {
    SLUICE_TRY(const std::string text, readFile(name, std::uint64_t{1} << 20));
    return parseBoard(text, name);
  }
  for (const Board& board : builtinBoards())
    if (sameName(board.name, name)) return board;
  return badInput("no board is called '" + name + "'; known: " + join(boardNames(), ", ") +
                  "; a board file is given by its path");
}

std::vector<std::string> boardNames() {
  std::vector<std::string> names;
  for (const Board& board : builtinBoards()) names.push_back(board.name);
  return names;
}

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

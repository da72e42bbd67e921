#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Data files are JSON objects of strings, whole numbers, lists and objects. Read with the line of every
/// value, so that a wrong one is refused with file:line; that is why this is not the JSON library used
/// elsewhere.
namespace sluice::device {

struct Value {
  enum class Kind : std::uint8_t { text, number, list, object };
  Kind kind = Kind::text;
  std::uint32_t line = 0;
  std::string text;               ///< of text
  std::uint64_t number = 0;       ///< of number: 0 .. 2^53
  std::vector<Value> items;       ///< of list and object
  std::vector<std::string> keys;  ///< of object, in the order of the file, no two alike

  /// The value of a key, or null.
  [[nodiscard]] const Value* find(std::string_view key) const;
};

/// Errors: badInput at "name:line", for anything but one JSON object of such values (at most 16 levels deep).
Result<Value> parseDataFile(std::string_view text, const std::string& name);

}  // namespace sluice::device

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

/// Small steps through JSON that nobody promised anything about. For .cpp files.
namespace sluice::flow::vendor {

constexpr std::size_t mostJsonBytes = std::size_t{4}
                                      << 20;  ///< of one document; reports have a few kilobytes

/// Whether arrays and objects are nested no deeper than any report's; one step per letter.
inline bool shallow(std::string_view text) {
  constexpr int deepest = 32;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size() && depth <= deepest; ++i) {
    const char letter = text[i];
    if (quoted && letter == '\\') ++i;
    if (letter == '"') quoted = !quoted;
    if (!quoted && (letter == '{' || letter == '[')) ++depth;
    if (!quoted && (letter == '}' || letter == ']')) --depth;
  }
  return depth <= deepest;
}

/// One document. Errors: badInput, with where it breaks off.
inline Result<nlohmann::json> parseJson(std::string_view text, const std::string& where) {
  if (text.size() > mostJsonBytes)
    return badInput("the JSON document is larger than 4 MiB; no report is", where);
  if (!shallow(text)) return badInput("the JSON is nested too deeply for a report", where);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& problem) {
    return badInput("the JSON is damaged or cut off: " + std::string(problem.what()), where);
  }
}

/// The element of an object; null if there is none.
inline const nlohmann::json& member(const nlohmann::json& object, const char* key) {
  static const nlohmann::json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

/// A string or a number as text; empty if it is neither.
inline std::string scalar(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

}  // namespace sluice::flow::vendor

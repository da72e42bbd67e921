#include "frontend/keras/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace sluice::frontend::keras {

Json::Json() = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;
namespace {

const Json nothing;
constexpr int deepest = 100;

// What Python's json writes for floats that JSON does not have. They are put into the text as strings that no
// model contains, and become numbers again below.
constexpr std::string_view infinityMark = "\x01infinity", minusInfinityMark = "\x01-infinity",
                           nanMark = "\x01nan";

std::string withoutPythonFloats(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  bool inString = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inString) {
      if (c == '\\' && i + 1 < text.size())
        plain += text[i++];
      else if (c == '"')
        inString = false;
      plain += text[i];
      continue;
    }
    inString = c == '"';
    const auto replace = [&](std::string_view word, const char* by) {
      if (text.substr(i, word.size()) != word) return false;
      plain += by;
      i += word.size() - 1;
      return true;
    };
    if ((c == '-' && replace("-Infinity", "\"\\u0001-infinity\"")) ||
        (c == 'I' && replace("Infinity", "\"\\u0001infinity\"")) ||
        (c == 'N' && replace("NaN", "\"\\u0001nan\"")))
      continue;
    plain += c;
  }
  return plain;
}

Json converted(const nlohmann::json& from) {
  Json to;
  if (from.is_boolean()) {
    to.kind = Json::Kind::boolean;
    to.value = from.get<bool>() ? 1 : 0;
  } else if (from.is_number()) {
    to.kind = Json::Kind::number;
    to.value = from.get<double>();
  } else if (from.is_string()) {
    to.string = from.get<std::string>();
    to.kind = Json::Kind::text;
    if (to.string == infinityMark) to.value = std::numeric_limits<double>::infinity();
    if (to.string == minusInfinityMark) to.value = -std::numeric_limits<double>::infinity();
    if (to.string == nanMark) to.value = std::numeric_limits<double>::quiet_NaN();
    if (!to.string.empty() && to.string[0] == '\x01' && to.value != 0) to.kind = Json::Kind::number;
  } else if (from.is_array()) {
    to.kind = Json::Kind::list;
    to.items.reserve(from.size());
    for (const auto& item : from) to.items.push_back(converted(item));
  } else if (from.is_object()) {
    to.kind = Json::Kind::object;
    to.members.reserve(from.size());
    for (const auto& [key, value] : from.items()) to.members.emplace_back(key, converted(value));
  }
  return to;
}

}  // namespace

const Json& Json::operator[](std::string_view key) const {
  for (const auto& [name, member] : members)
    if (name == key) return member;
  return nothing;
}

const Json& Json::operator[](std::size_t index) const {
  return index < items.size() ? items[index] : nothing;
}

double Json::number(double otherwise) const {
  return kind == Kind::number || kind == Kind::boolean ? value : otherwise;
}

std::int64_t Json::integer(std::int64_t otherwise) const {
  const double real = std::nearbyint(number(std::numeric_limits<double>::quiet_NaN()));
  return std::abs(real) < 9e15 ? static_cast<std::int64_t>(real) : otherwise;
}

bool Json::boolean(bool otherwise) const {
  return kind == Kind::number || kind == Kind::boolean ? value != 0 : otherwise;
}

std::string Json::text(std::string_view otherwise) const {
  return kind == Kind::text ? string : std::string(otherwise);
}

Result<Json> parseJson(std::string_view text, const std::string& where) {
  bool tooDeep = false;
  const nlohmann::json::parser_callback_t limit = [&](int depth, nlohmann::json::parse_event_t,
                                                      nlohmann::json&) {
    if (depth > deepest) tooDeep = true;
    return depth <= deepest;
  };
  try {
    const nlohmann::json parsed = nlohmann::json::parse(withoutPythonFloats(text), limit);
    if (tooDeep) return badInput("nests deeper than " + std::to_string(deepest) + " levels", where);
    return converted(parsed);
  } catch (const nlohmann::json::exception& error) {
    return badInput(std::string("is no JSON: ") + error.what(), where);
  }
}

}  // namespace sluice::frontend::keras

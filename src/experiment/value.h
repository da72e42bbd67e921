#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/hash.h"
#include "base/result.h"

/// What goes into a stage and comes out of it.
namespace sluice::experiment {

/// A file in the store (jobs::Store), named by its content.
struct Artefact {
  Digest digest;
  auto operator<=>(const Artefact&) const = default;
};

enum class Type : std::uint8_t { boolean, integer, real, text, file };
using Value = std::variant<bool, std::int64_t, double, std::string, Artefact>;  ///< in the order of Type
using Values = std::map<std::string, Value>;

const char* nameOf(Type type);  ///< "boolean", "integer", "number", "text", "file"
/// Nothing if there is no such type.
std::optional<Type> typeNamed(std::string_view name);
inline Type typeOf(const Value& value) { return static_cast<Type>(value.index()); }

/// As people write it; an artefact as its digest.
std::string printValue(const Value& value);
/// Errors: badInput if `text` is no value of this type. A file is read as a digest.
Result<Value> parseValue(Type type, std::string_view text);

/// `value` as one of `type`: an integer is also a number, and a whole number an integer. Errors: badInput.
Result<Value> convert(const Value& value, Type type);
/// Nothing of text and files; booleans are 0 and 1.
std::optional<double> asNumber(const Value& value);

}  // namespace sluice::experiment

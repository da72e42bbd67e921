#include "experiment/value.h"

#include <cmath>

#include "base/text.h"

namespace sluice::experiment {

const char* nameOf(Type type) {
  constexpr const char* names[] = {"boolean", "integer", "number", "text", "file"};
  return names[static_cast<std::size_t>(type)];
}

std::optional<Type> typeNamed(std::string_view name) {
  for (const Type type : {Type::boolean, Type::integer, Type::real, Type::text, Type::file})
    if (name == nameOf(type)) return type;
  return std::nullopt;
}

std::string printValue(const Value& value) {
  struct Print {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return formatDouble(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const Artefact& v) const { return v.digest.hex(); }
  };
  return std::visit(Print{}, value);
}

Result<Value> parseValue(Type type, std::string_view text) {
  const auto wrong = [&] { return badInput("'" + std::string(text) + "' is no " + nameOf(type)); };
  switch (type) {
    case Type::boolean:
      if (text == "true") return Value(true);
      if (text == "false") return Value(false);
      return wrong();
    case Type::integer: {
      std::int64_t value = 0;
      if (!parseInt64(text, value)) return wrong();
      return Value(value);
    }
    case Type::real: {
      double value = 0;
      if (!parseDouble(text, value)) return wrong();
      return Value(value);
    }
    case Type::text:
      return Value(std::string(text));
    case Type::file: {
      const std::optional<Digest> digest = parseDigest(text);
      if (!digest) return wrong();
      return Value(Artefact{*digest});
    }
  }
  return wrong();
}

Result<Value> convert(const Value& value, Type type) {
  if (typeOf(value) == type) return value;
  if (const auto* integer = std::get_if<std::int64_t>(&value); integer && type == Type::real)
    return Value(static_cast<double>(*integer));
  if (const auto* real = std::get_if<double>(&value);
      real && type == Type::integer && std::abs(*real) < 0x1p53 && std::trunc(*real) == *real)
    return Value(static_cast<std::int64_t>(*real));
  return badInput("is a " + std::string(nameOf(typeOf(value))) + " (" + printValue(value) + "), not a " +
                  nameOf(type));
}

std::optional<double> asNumber(const Value& value) {
  if (const auto* v = std::get_if<bool>(&value)) return *v ? 1 : 0;
  if (const auto* v = std::get_if<std::int64_t>(&value)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<double>(&value)) return *v;
  return std::nullopt;
}

}  // namespace sluice::experiment

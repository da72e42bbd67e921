#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

/// The JSON of a Keras model as plain data. Looking for what is not there gives a null, so configurations are
/// read in one line: config["kernel_size"][0].number(1).
namespace sluice::frontend::keras {

class Json {
 public:
  // Written out in json.cpp: a list of pairs with a Json is no complete type here.
  Json();
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();

  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  double value = 0;  ///< of numbers and booleans; Python's NaN and Infinity are numbers
  std::string string;
  std::vector<Json> items;                            ///< of lists
  std::vector<std::pair<std::string, Json>> members;  ///< of objects, sorted

  [[nodiscard]] bool isNull() const { return kind == Kind::null; }
  [[nodiscard]] bool isNumber() const { return kind == Kind::number; }
  [[nodiscard]] bool isText() const { return kind == Kind::text; }
  [[nodiscard]] bool isList() const { return kind == Kind::list; }
  [[nodiscard]] bool isObject() const { return kind == Kind::object; }
  [[nodiscard]] bool has(std::string_view key) const { return !(*this)[key].isNull(); }

  const Json& operator[](std::string_view key) const;
  const Json& operator[](std::size_t index) const;
  [[nodiscard]] double number(double otherwise) const;
  /// Rounded to an integer; `otherwise` also where it is no number or does not fit.
  [[nodiscard]] std::int64_t integer(std::int64_t otherwise) const;
  [[nodiscard]] bool boolean(bool otherwise) const;  ///< numbers count: 0 is false
  [[nodiscard]] std::string text(std::string_view otherwise = {}) const;
};

/// Errors: badInput, with the place. Nesting deeper than 100 is refused.
Result<Json> parseJson(std::string_view text, const std::string& where);

}  // namespace sluice::frontend::keras

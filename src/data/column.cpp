#include "data/column.h"

#include <array>
#include <bit>

#include "base/text.h"

namespace sluice::data {

static_assert(std::endian::native == std::endian::little,
              "files hold numbers little end first, as memory does");

namespace {
constexpr std::array<std::string_view, 11> names = {"f4", "f8", "i1", "i2", "i4",   "i8",
                                                    "u1", "u2", "u4", "u8", "label"};
}

std::string_view nameOf(Type type) { return names[static_cast<std::size_t>(type)]; }

Result<Type> typeNamed(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Type>(i);
  return badInput("no type of columns is called '" + std::string(name) + "'");
}

std::size_t bytesOf(Type type) {
  return withType(type, [](auto value) { return sizeof(value); });
}

void toDoubles(const ColumnInfo& column, std::string_view bytes, std::span<double> values) {
  withType(column.type, [&](auto zero) {
    using T = decltype(zero);
    SLUICE_CHECK(bytes.size() == values.size() * sizeof(T), "a place for every value");
    const T* from = reinterpret_cast<const T*>(bytes.data());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(from[i]);
  });
}

Result<std::size_t> columnNamed(const Schema& schema, std::string_view name) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) return i;
    known.push_back(schema[i].name);
  }
  if (known.size() > 40) {
    known.resize(40);
    known.emplace_back("...");
  }
  return badInput("no column is called '" + std::string(name) + "'; there are " + join(known, ", "));
}

}  // namespace sluice::data

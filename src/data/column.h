#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"

/// Columns of a table, a block of rows at a time.
namespace sluice::data {

enum class Type : std::uint8_t { f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, label };

/// "f4", ..., "label".
std::string_view nameOf(Type type);
/// Errors: badInput.
Result<Type> typeNamed(std::string_view name);
/// Of one value; a label is a four-byte position in its column's list.
std::size_t bytesOf(Type type);

/// Calls f with a value of the C++ type of `type` (labels: std::uint32_t).
template <typename F>
auto withType(Type type, F&& f) {
  switch (type) {
    case Type::f4:
      return f(float{});
    case Type::f8:
      return f(double{});
    case Type::i1:
      return f(std::int8_t{});
    case Type::i2:
      return f(std::int16_t{});
    case Type::i4:
      return f(std::int32_t{});
    case Type::i8:
      return f(std::int64_t{});
    case Type::u1:
      return f(std::uint8_t{});
    case Type::u2:
      return f(std::uint16_t{});
    case Type::u4:
    case Type::label:
      return f(std::uint32_t{});
    case Type::u8:
      return f(std::uint64_t{});
  }
  checkFailed("type", "every type is listed", __FILE__, __LINE__);
}

struct ColumnInfo {
  std::string name;
  Type type = Type::f4;
  std::vector<std::string> labels;  ///< of a label column: what its numbers mean
  bool operator==(const ColumnInfo&) const = default;
};

using Schema = std::vector<ColumnInfo>;

/// Rows of all columns of a schema: rows * bytesOf(type) bytes per column, numbers little end first. The bytes
/// belong to whoever gave the block, and last until that is asked for the next.
struct Block {
  std::uint64_t firstRow = 0;
  std::size_t rows = 0;
  std::vector<std::string_view> columns;
};

/// Rows of a block: what is read, changed and written at a time. 16 columns of four bytes: 1 MB.
inline constexpr std::size_t blockRows = 16384;

/// The values of a column of a block.
template <typename T>
std::span<const T> valuesOf(const Block& block, std::size_t column) {
  const std::string_view bytes = block.columns[column];
  SLUICE_CHECK(bytes.size() == block.rows * sizeof(T), "a column is asked for in its own type");
  return {reinterpret_cast<const T*>(bytes.data()), block.rows};
}

/// The values of a column as doubles (64-bit integers above 2^53 are rounded; labels: their positions).
void toDoubles(const ColumnInfo& column, std::string_view bytes, std::span<double> values);

/// Position of the column of this name. Errors: badInput, listing the columns.
Result<std::size_t> columnNamed(const Schema& schema, std::string_view name);

}  // namespace sluice::data

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "base/npy.h"
#include "base/text.h"
#include "data/mapping.h"
#include "data/source.h"

namespace sluice::data {

namespace {

/// Type, order and shape from the head of a .npy file, and where its numbers begin.
struct NpyHead {
  Type type = Type::f4;
  std::uint64_t rows = 0, columns = 1, at = 0;
  bool oneAxis = false;
};

/// What stands after `key` in the dictionary of the head, to the end of the text; empty: there is no such key.
std::string_view afterKey(std::string_view text, std::string_view key) {
  const std::size_t at = text.find("'" + std::string(key) + "'");
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + key.size() + 2);
  const std::size_t colon = text.find(':');
  return colon == std::string_view::npos ? std::string_view() : trim(text.substr(colon + 1));
}

Result<NpyHead> readHead(MappedFile& file, const std::string& where) {
  const Error none = badInput("is not a .npy file, or one whose head is not whole", where);
  SLUICE_TRY(const std::string_view start,
             file.window(0, static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 1 << 16))));
  if (start.size() < 12 || !start.starts_with("\x93NUMPY")) return none;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(start[i]));
  };
  const bool first = byte(6) == 1;
  if (byte(6) < 1 || byte(6) > 3) return unsupported("is in a version of .npy that is not read", where);
  const std::size_t lengthAt = 8, textAt = lengthAt + (first ? 2 : 4);
  const std::size_t length = byte(8) | byte(9) << 8 | (first ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > start.size() - textAt) return none;
  const std::string_view text = start.substr(textAt, length);
  NpyHead head;
  head.at = textAt + length;
  const std::string_view order = afterKey(text, "fortran_order"), descr = afterKey(text, "descr");
  std::string_view shape = afterKey(text, "shape");
  if (descr.size() < 5 || !shape.starts_with('(')) return none;
  std::string name(descr.substr(1, descr.find('\'', 1) - 1));
  if (name.size() == 3 && (name[0] == '<' || name[0] == '|')) name.erase(0, 1);
  if (name == "b1") name = "u1";
  const Result<Type> type = typeNamed(name);
  if (!type.ok() || *type == Type::label)
    return unsupported("holds '" + name + "'; little-endian f4, f8, i1 to i8, u1 to u8 and b1 are read",
                       where);
  head.type = *type;
  std::vector<std::uint64_t> sizes;
  shape.remove_prefix(1);
  while (!trim(shape).starts_with(')')) {
    shape = trim(shape);
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(shape.data(), shape.data() + shape.size(), size);
    if (error != std::errc() || sizes.size() == 2)
      return unsupported("has a shape that is no row of numbers and no table (one or two axes)", where);
    shape = trim(shape.substr(static_cast<std::size_t>(end - shape.data())));
    if (shape.starts_with(',')) shape.remove_prefix(1);
    sizes.push_back(size);
  }
  if (sizes.empty()) return unsupported("holds a single number, not rows", where);
  head.oneAxis = sizes.size() == 1;
  head.rows = sizes[0];
  head.columns = head.oneAxis ? 1 : sizes[1];
  if (order.starts_with("True") && head.columns > 1)
    return unsupported("is in Fortran order; save it with numpy.ascontiguousarray", where);
  const std::uint64_t bytes = file.size() - head.at, width = bytesOf(head.type);
  if (head.columns > (1 << 20)) return unsupported("has more than a million columns", where);
  if (head.columns != 0 && head.rows > bytes / (width * head.columns))
    return badInput("is cut off: it is to hold " + std::to_string(head.rows) + " rows and has bytes for " +
                        std::to_string(bytes / (width * head.columns)),
                    where);
  return head;
}

Schema schemaOf(Type type, std::uint64_t columns, bool oneAxis, const std::string& name) {
  Schema schema;
  for (std::uint64_t i = 0; i < columns; ++i) {
    std::string column = oneAxis ? name : "c" + std::to_string(i);
    schema.push_back({std::move(column), type, {}});
  }
  return schema;
}

/// Rows of an array, column by column.
class Columns {
 public:
  template <typename T>
  void transpose(const char* from, std::size_t rows,
                 std::size_t columns) {  // (a file may put its numbers anywhere)
    bytes_.resize(rows * columns * sizeof(T));
    T* to = reinterpret_cast<T*>(bytes_.data());
    constexpr std::size_t tile = 64;  // rows that stay in the first cache while all their columns are taken
    for (std::size_t begin = 0; begin < rows; begin += tile) {
      const std::size_t end = std::min(rows, begin + tile);
      for (std::size_t c = 0; c < columns; ++c)
        for (std::size_t r = begin; r < end; ++r)
          std::memcpy(&to[c * rows + r], from + (r * columns + c) * sizeof(T), sizeof(T));
    }
  }
  [[nodiscard]] std::string_view column(std::size_t index, std::size_t bytes) const {
    return {bytes_.data() + index * bytes, bytes};
  }

 private:
  std::vector<char> bytes_;
};

class NpySource : public Source {
 public:
  NpySource(MappedFile file, NpyHead head, Schema schema)
      : file_(std::move(file)), head_(head), schema_(std::move(schema)) {}
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return head_.rows; }
  Result<Block> block(std::uint64_t index) override {
    Block block = emptyBlock(index);
    const std::size_t columns = schema_.size(), width = bytesOf(head_.type);
    SLUICE_TRY(const std::string_view bytes,
               file_.window(head_.at + block.firstRow * columns * width, block.rows * columns * width));
    withType(head_.type, [&](auto zero) {
      using T = decltype(zero);
      columns_.transpose<T>(bytes.data(), block.rows, columns);
    });
    for (std::size_t i = 0; i < columns; ++i) block.columns.push_back(columns_.column(i, block.rows * width));
    return block;
  }

 private:
  MappedFile file_;
  NpyHead head_;
  Schema schema_;
  Columns columns_;
};

/// An array that is in memory.
class ArraySource : public Source {
 public:
  ArraySource(NpyArray array, Schema schema) : array_(std::move(array)), schema_(std::move(schema)) {}
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return array_.shape[0]; }
  Result<Block> block(std::uint64_t index) override {
    Block block = emptyBlock(index);
    const std::size_t columns = schema_.size();
    std::size_t width = 0;
    std::visit(
        [&](const auto& values) {
          width = sizeof(values[0]);
          using T = typename std::decay_t<decltype(values)>::value_type;
          const T* from = values.data() + block.firstRow * columns;
          columns_.transpose<T>(reinterpret_cast<const char*>(from), block.rows, columns);
        },
        array_.data);
    for (std::size_t i = 0; i < columns; ++i) block.columns.push_back(columns_.column(i, block.rows * width));
    return block;
  }

 private:
  NpyArray array_;
  Schema schema_;
  Columns columns_;
};

}  // namespace

Result<std::unique_ptr<Source>> openNpy(const std::filesystem::path& path) {
  SLUICE_TRY(MappedFile file, MappedFile::open(path));
  SLUICE_TRY(const NpyHead head, readHead(file, path.string()));
  Schema schema = schemaOf(head.type, head.columns, head.oneAxis, path.stem().string());
  return std::unique_ptr<Source>(std::make_unique<NpySource>(std::move(file), head, std::move(schema)));
}

Result<std::unique_ptr<Source>> openNpz(const std::filesystem::path& path) {
  SLUICE_TRY(auto arrays, readNpz(path));
  std::vector<std::unique_ptr<Source>> sources;
  for (auto& [name, array] : arrays) {
    if (array.shape.empty() || array.shape.size() > 2)
      return unsupported(
          "the array has " + std::to_string(array.shape.size()) + " axes; rows have one or two",
          path.string() + ": " + name);
    SLUICE_TRY(const Type type, typeNamed(array.typeName()));
    const bool oneAxis = array.shape.size() == 1;
    Schema schema = schemaOf(type, oneAxis ? 1 : array.shape[1], oneAxis, name);
    if (!oneAxis)
      for (ColumnInfo& column : schema) column.name = name + "." + column.name.substr(1);
    sources.push_back(std::make_unique<ArraySource>(std::move(array), std::move(schema)));
  }
  if (sources.empty()) return badInput("holds no array", path.string());
  return sideBySide(std::move(sources));
}

}  // namespace sluice::data

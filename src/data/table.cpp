#include "data/table.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "data/mapping.h"

namespace sluice::data {

namespace {

constexpr std::string_view head = "SLUICED1", tail = "SLUICEDE";
constexpr std::uint64_t endBytes = 8 + 16 + 8, alignment = 64;

std::string eightBytes(std::uint64_t number) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &number, 8);
  return bytes;
}

std::uint64_t numberAt(std::string_view bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), 8);
  return number;
}

std::uint64_t aligned(std::uint64_t at) { return (at + alignment - 1) / alignment * alignment; }

/// Where the columns of a block lie, from its beginning, and its bytes in all. A block begins at a multiple of 64.
std::vector<std::uint64_t> columnsAt(const Schema& schema, std::uint64_t rows) {
  std::vector<std::uint64_t> at = {0};
  for (const ColumnInfo& column : schema) at.push_back(aligned(at.back() + rows * bytesOf(column.type)));
  return at;
}

std::string describe(const TableInfo& info) {
  std::string text = "rows " + std::to_string(info.rows) + "\n";
  for (const ColumnInfo& column : info.schema) {
    text += "column " + std::string(nameOf(column.type)) + " " + std::to_string(column.labels.size()) + " " +
            escapeLine(column.name) + "\n";
    for (const std::string& label : column.labels) text += "= " + escapeLine(label) + "\n";
  }
  for (const TableBlock& block : info.blocks)
    text += "block " + std::to_string(block.at) + " " + std::to_string(block.bytes) + " " +
            block.digest.hex() + "\n";
  return text;
}

bool takeNumber(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return true;
}

/// The description. Its digest was right, so only a writer's fault or a forgery is found here; sizes are compared
/// with the file all the same.
Result<TableInfo> parse(std::string_view text, std::uint64_t dataEnd, const std::string& where) {
  const auto damaged = [&](const std::string& what) { return badInput("is not a table: " + what, where); };
  TableInfo info;
  bool rowsSeen = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged("its description ends within a line");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.starts_with("rows ")) {
      line.remove_prefix(5);
      rowsSeen = takeNumber(line, info.rows) && line.empty();
      if (!rowsSeen) return damaged("its number of rows");
    } else if (line.starts_with("column ")) {
      line.remove_prefix(7);
      const std::size_t space = line.find(' ');
      if (space == std::string_view::npos) return damaged("the description of a column");
      SLUICE_TRY(const Type type, typeNamed(line.substr(0, space)));
      line.remove_prefix(space + 1);
      std::uint64_t labels = 0;
      if (!takeNumber(line, labels)) return damaged("the labels of a column");
      ColumnInfo column{unescapeLine(line), type, {}};
      for (std::uint64_t i = 0; i < labels; ++i) {
        const std::size_t labelEnd = text.find('\n');
        if (!text.starts_with("= ") || labelEnd == std::string_view::npos)
          return damaged("a label is missing");
        column.labels.push_back(unescapeLine(text.substr(2, labelEnd - 2)));
        text.remove_prefix(labelEnd + 1);
      }
      info.schema.push_back(std::move(column));
    } else if (line.starts_with("block ")) {
      line.remove_prefix(6);
      TableBlock block;
      if (!takeNumber(line, block.at) || !takeNumber(line, block.bytes))
        return damaged("the place of a block");
      const std::optional<Digest> digest = parseDigest(line);
      if (!digest) return damaged("the place of a block");
      block.digest = *digest;
      if (block.at > dataEnd || block.bytes > dataEnd - block.at || block.at % alignment != 0)
        return damaged("a block lies outside the file");
      info.blocks.push_back(block);
    } else {
      return damaged("a line of its description is not known: " + std::string(line.substr(0, 40)));
    }
  }
  if (!rowsSeen) return damaged("it does not say how many rows it has");
  if (info.blocks.size() != info.rows / blockRows + (info.rows % blockRows != 0 ? 1 : 0))
    return damaged("rows and blocks do not agree");
  for (std::size_t i = 0; i < info.blocks.size(); ++i) {
    const std::uint64_t rows = std::min<std::uint64_t>(blockRows, info.rows - i * blockRows);
    if (info.blocks[i].bytes != columnsAt(info.schema, rows).back()) return damaged("the size of a block");
  }
  return info;
}

class TableSource : public Source {
 public:
  TableSource(MappedFile file, TableInfo info) : file_(std::move(file)), info_(std::move(info)) {}
  [[nodiscard]] const Schema& schema() const override { return info_.schema; }
  [[nodiscard]] std::uint64_t rows() const override { return info_.rows; }
  Result<Block> block(std::uint64_t index) override {
    const TableBlock& place = placeOf(index);
    SLUICE_TRY(const std::string_view bytes, file_.window(place.at, static_cast<std::size_t>(place.bytes)));
    return blockIn(index, bytes);
  }
  Result<HeldBlock> held(std::uint64_t index) override {
    const TableBlock& place = placeOf(index);
    SLUICE_TRY(MappedFile::Held bytes, file_.held(place.at, static_cast<std::size_t>(place.bytes)));
    return HeldBlock{blockIn(index, bytes.bytes), std::move(bytes.owner), false};
  }

 private:
  [[nodiscard]] const TableBlock& placeOf(std::uint64_t index) const {
    SLUICE_CHECK(index < info_.blocks.size(), "a block that there is");
    return info_.blocks[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] Block blockIn(std::uint64_t index, std::string_view bytes) const {
    Block block = emptyBlock(index);
    const std::vector<std::uint64_t> at = columnsAt(info_.schema, block.rows);
    for (std::size_t i = 0; i < info_.schema.size(); ++i)
      block.columns.push_back(
          bytes.substr(static_cast<std::size_t>(at[i]), block.rows * bytesOf(info_.schema[i].type)));
    return block;
  }

  MappedFile file_;
  TableInfo info_;
};

}  // namespace

Result<TableInfo> readTableInfo(const std::filesystem::path& path) {
  SLUICE_TRY(MappedFile file, MappedFile::open(path));
  const std::string where = path.string();
  if (file.size() < head.size() + endBytes) return badInput("is not a table: too short", where);
  SLUICE_TRY(const std::string_view first, file.window(0, head.size()));
  if (first != head) return badInput("is not a table: it does not begin with SLUICED1", where);
  SLUICE_TRY(const std::string_view end, file.window(file.size() - endBytes, endBytes));
  if (end.substr(24) != tail) return badInput("is cut off: the end of the table is missing", where);
  const std::uint64_t bytes = numberAt(end);
  const Digest digest{numberAt(end.substr(8)), numberAt(end.substr(16))};
  if (bytes > file.size() - endBytes - head.size())
    return badInput("is damaged: its description has no place", where);
  const std::uint64_t from = file.size() - endBytes - bytes;
  SLUICE_TRY(const std::string_view text, file.window(from, static_cast<std::size_t>(bytes)));
  if (digestOf(text) != digest) return badInput("is damaged: the digest of its description differs", where);
  SLUICE_TRY(TableInfo info, parse(text, from, where));
  info.digest = digest;
  return info;
}

Status verifyTable(const std::filesystem::path& path) {
  SLUICE_TRY(const TableInfo info, readTableInfo(path));
  SLUICE_TRY(MappedFile file, MappedFile::open(path));
  for (std::size_t i = 0; i < info.blocks.size(); ++i) {
    const TableBlock& block = info.blocks[i];
    SLUICE_TRY(const std::string_view bytes, file.window(block.at, static_cast<std::size_t>(block.bytes)));
    if (digestOf(bytes) != block.digest)
      return badInput(
          "is damaged: rows " + std::to_string(i * blockRows) + " and on differ from their digest",
          path.string());
  }
  return {};
}

Result<std::unique_ptr<Source>> openTable(const std::filesystem::path& path) {
  SLUICE_TRY(TableInfo info, readTableInfo(path));
  SLUICE_TRY(MappedFile file, MappedFile::open(path));
  return std::unique_ptr<Source>(std::make_unique<TableSource>(std::move(file), std::move(info)));
}

Result<TableWriter> TableWriter::create(const std::filesystem::path& path, Schema schema) {
  TableWriter writer;
  writer.path_ = path;
  writer.temporary_ = path;
  writer.temporary_ += ".part" + std::to_string(::getpid());
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  writer.file_ = std::fopen(writer.temporary_.c_str(), "wb");
  if (writer.file_ == nullptr)
    return ioError(std::string("cannot be written: ") + std::strerror(errno), path.string());
  writer.info_.schema = std::move(schema);
  writer.buffers_.resize(writer.info_.schema.size());
  SLUICE_RETURN_IF_ERROR(writer.put(head));
  return writer;
}

TableWriter::TableWriter(TableWriter&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::exchange(other.file_, nullptr)),
      info_(std::move(other.info_)),
      buffers_(std::move(other.buffers_)),
      held_(other.held_),
      rows_(other.rows_),
      at_(other.at_) {}

TableWriter::~TableWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

Status TableWriter::put(std::string_view bytes) {
  at_ += bytes.size();
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return {};
  return ioError(std::string("cannot be written: ") + std::strerror(errno), path_.string());
}

Status TableWriter::append(const Block& block) {
  std::vector<std::uint32_t> all(block.rows);
  std::iota(all.begin(), all.end(), 0u);
  return append(block, all);
}

Status TableWriter::append(const Block& block, std::span<const std::uint32_t> chosen) {
  SLUICE_CHECK(block.columns.size() == buffers_.size(), "a block has the columns of the table");
  while (!chosen.empty()) {
    const std::size_t count = std::min(chosen.size(), blockRows - held_);
    for (std::size_t i = 0; i < buffers_.size(); ++i)
      withType(info_.schema[i].type, [&](auto zero) {
        using T = decltype(zero);
        buffers_[i].resize(blockRows * sizeof(T));
        const T* from = reinterpret_cast<const T*>(block.columns[i].data());
        T* to = reinterpret_cast<T*>(buffers_[i].data()) + held_;
        for (std::size_t k = 0; k < count; ++k) to[k] = from[chosen[k]];
      });
    held_ += count;
    chosen = chosen.subspan(count);
    if (held_ == blockRows) SLUICE_RETURN_IF_ERROR(flush());
  }
  return {};
}

Status TableWriter::flush() {
  constexpr std::array<char, alignment> zeros{};
  const auto pad = [&]() { return put({zeros.data(), static_cast<std::size_t>(aligned(at_) - at_)}); };
  SLUICE_RETURN_IF_ERROR(pad());
  TableBlock block;
  block.at = at_;
  Hasher hasher;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const std::string_view bytes(buffers_[i].data(), held_ * bytesOf(info_.schema[i].type));
    SLUICE_RETURN_IF_ERROR(put(bytes));
    hasher.update(bytes);
    hasher.update({zeros.data(), static_cast<std::size_t>(aligned(at_) - at_)});
    SLUICE_RETURN_IF_ERROR(pad());
  }
  block.bytes = at_ - block.at;
  block.digest = hasher.digest();
  info_.blocks.push_back(block);
  rows_ += held_;
  held_ = 0;
  return {};
}

void TableWriter::setLabels(std::size_t column, std::vector<std::string> labels) {
  info_.schema[column].labels = std::move(labels);
}

Result<TableInfo> TableWriter::finish() {
  if (held_ > 0) SLUICE_RETURN_IF_ERROR(flush());
  info_.rows = rows_;
  const std::string text = describe(info_);
  info_.digest = digestOf(text);
  SLUICE_RETURN_IF_ERROR(put(text));
  SLUICE_RETURN_IF_ERROR(
      put(eightBytes(text.size()) + eightBytes(info_.digest.high) + eightBytes(info_.digest.low)));
  SLUICE_RETURN_IF_ERROR(put(tail));
  const bool synced = std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0;
  const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
  std::error_code error;
  if (synced && closed) std::filesystem::rename(temporary_, path_, error);
  if (!synced || !closed || error) {
    std::filesystem::remove(temporary_, error);
    return ioError("cannot be written to its end", path_.string());
  }
  return info_;
}

Result<TableInfo> writeTable(Source& source, const std::filesystem::path& path) {
  SLUICE_TRY(TableWriter writer, TableWriter::create(path, source.schema()));
  for (std::uint64_t i = 0; i < source.blocks(); ++i) {
    SLUICE_TRY(const Block block, source.block(i));
    SLUICE_RETURN_IF_ERROR(writer.append(block));
  }
  return writer.finish();
}

}  // namespace sluice::data

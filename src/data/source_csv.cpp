#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "data/source.h"

namespace sluice::data {

namespace {

constexpr std::size_t longestRecord = 1 << 24;
constexpr std::size_t mostNumbers = 4096;  ///< different numbers that may still turn out to be names

/// The records of a text, one after the other. Memory: one buffer and the record.
class Records {
 public:
  static Result<Records> open(const std::filesystem::path& path, char separator) {
    Records records;
    records.where_ = path.string();
    records.separator_ = separator;
    records.file_ = std::fopen(path.c_str(), "rb");
    if (records.file_ == nullptr) return ioError("cannot be opened", records.where_);
    return records;
  }
  Records(Records&& other) noexcept { *this = std::move(other); }
  Records& operator=(Records&& other) noexcept {
    std::swap(file_, other.file_);
    where_.swap(other.where_);
    buffer_.swap(other.buffer_);
    separator_ = other.separator_;
    next_ = other.next_, bufferAt_ = other.bufferAt_, line_ = other.line_;
    return *this;
  }
  ~Records() {
    if (file_ != nullptr) std::fclose(file_);
  }

  /// Byte of the next record, and the number of its line.
  [[nodiscard]] std::uint64_t at() const { return bufferAt_ + next_; }
  [[nodiscard]] std::uint64_t line() const { return line_; }
  void seek(std::uint64_t at, std::uint64_t line) {
    std::fseek(file_, static_cast<long>(at), SEEK_SET);
    buffer_.clear();
    next_ = 0;
    bufferAt_ = at;
    line_ = line;
  }

  /// The fields of the next record; false at the end. Lines with nothing in them are passed over.
  Result<bool> next(std::vector<std::string>& fields) {
    for (;;) {
      int c = peek();
      if (c == EOF) return false;
      if (c != '\n' && c != '\r') break;
      take(c);
    }
    std::size_t count = 0, length = 0;
    const auto field = [&]() -> std::string& {
      if (count == fields.size()) fields.emplace_back();
      return fields[count];
    };
    for (;; ++count) {
      field().clear();
      bool quoted = false;
      if (peek() == '"') {
        quoted = true;
        take('"');
        for (;;) {
          const int c = peek();
          if (c == EOF)
            return badInput("a quote is opened and not closed", where_ + ":" + std::to_string(line_));
          take(c);
          if (c == '"') {
            if (peek() != '"') break;
            take('"');
          }
          fields[count].push_back(static_cast<char>(c));
          if (++length > longestRecord) return tooLong();
        }
      }
      for (;;) {
        const int c = peek();
        if (c == separator_ || c == '\n' || c == '\r' || c == EOF) break;
        if (quoted)
          return badInput("text stands behind a closed quote", where_ + ":" + std::to_string(line_));
        take(c);
        fields[count].push_back(static_cast<char>(c));
        if (++length > longestRecord) return tooLong();
      }
      if (peek() != separator_) break;
      take(separator_);
      if (count > (1 << 20)) return tooLong();
    }
    fields.resize(count + 1);
    if (peek() == '\r') take('\r');
    if (peek() == '\n') take('\n');
    return true;
  }

 private:
  Records() = default;
  Error tooLong() const {
    return badInput("the line has more than 16 MB", where_ + ":" + std::to_string(line_));
  }
  int peek() {
    if (next_ == buffer_.size()) {
      bufferAt_ += buffer_.size();
      next_ = 0;
      buffer_.resize(1 << 16);
      buffer_.resize(std::fread(buffer_.data(), 1, buffer_.size(), file_));
      if (buffer_.empty()) return EOF;
    }
    return static_cast<unsigned char>(buffer_[next_]);
  }
  void take(int c) {
    ++next_;
    if (c == '\n') ++line_;
  }

  std::FILE* file_ = nullptr;
  std::string where_, buffer_;
  char separator_ = ',';
  std::size_t next_ = 0;
  std::uint64_t bufferAt_ = 0, line_ = 1;
};

/// What the values of a column may be, as far as they were seen.
struct Guess {
  bool integer = true, number = true;
  bool tooMany = false;  ///< different values; they are no longer kept, for they can only be numbers
  std::set<std::string> labels;
};

class CsvSource : public Source {
 public:
  struct Place {
    std::uint64_t at = 0, line = 0;
  };
  CsvSource(Records records, Schema schema, std::uint64_t rows, std::vector<Place> places, std::string where)
      : records_(std::move(records)),
        schema_(std::move(schema)),
        rows_(rows),
        places_(std::move(places)),
        where_(std::move(where)),
        buffers_(schema_.size()) {
    for (const ColumnInfo& column : schema_) {
      std::map<std::string, std::uint32_t, std::less<>> codes;
      for (std::size_t i = 0; i < column.labels.size(); ++i)
        codes[column.labels[i]] = static_cast<std::uint32_t>(i);
      codes_.push_back(std::move(codes));
    }
  }
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return rows_; }
  Result<Block> block(std::uint64_t index) override {
    const Place& place = places_[static_cast<std::size_t>(index)];
    if (records_.at() != place.at) records_.seek(place.at, place.line);
    Block block = emptyBlock(index);
    for (std::size_t i = 0; i < schema_.size(); ++i)
      buffers_[i].resize(block.rows * bytesOf(schema_[i].type));
    for (std::size_t row = 0; row < block.rows; ++row) {
      SLUICE_TRY(const bool more, records_.next(fields_));
      if (!more || fields_.size() != schema_.size()) return changed();
      for (std::size_t i = 0; i < schema_.size(); ++i)
        if (!put(i, row)) return changed();
    }
    for (const auto& buffer : buffers_) block.columns.emplace_back(buffer.data(), buffer.size());
    return block;
  }

 private:
  Error changed() const {
    return badInput("changed while it was read", where_ + ":" + std::to_string(records_.line()));
  }
  bool put(std::size_t column, std::size_t row) {
    const auto store = [&](auto value) {
      std::memcpy(buffers_[column].data() + row * sizeof(value), &value, sizeof(value));
    };
    const std::string& text = fields_[column];
    if (schema_[column].type == Type::i8) {
      std::int64_t value = 0;
      if (!parseInt64(trim(text), value)) return false;
      store(value);
    } else if (schema_[column].type == Type::f8) {
      double value = std::nan("");
      if (!trim(text).empty() && !parseDouble(trim(text), value)) return false;
      store(value);
    } else {
      const auto found = codes_[column].find(text);
      if (found == codes_[column].end()) return false;
      store(found->second);
    }
    return true;
  }

  Records records_;
  Schema schema_;
  std::uint64_t rows_ = 0;
  std::vector<Place> places_;
  std::string where_;
  std::vector<std::vector<char>> buffers_;
  std::vector<std::map<std::string, std::uint32_t, std::less<>>> codes_;
  std::vector<std::string> fields_;
};

/// A value more. Whether a column is of names is known only at its end, so the different texts are kept as long as they
/// are few; a column of numbers has many, and is let go.
Status look(Guess& guess, const std::string& text, bool isLabel, std::size_t most, const std::string& where) {
  const std::string_view value = trim(text);
  std::int64_t whole = 0;
  double number = 0;
  if (isLabel) guess.integer = guess.number = false;
  if (guess.integer && !parseInt64(value, whole)) guess.integer = false;
  if (guess.number && !guess.integer && !value.empty() && !parseDouble(value, number)) guess.number = false;
  if (!guess.tooMany) guess.labels.insert(text);
  if (guess.number && guess.labels.size() > mostNumbers) guess.tooMany = true, guess.labels.clear();
  if (!guess.number && (guess.tooMany || guess.labels.size() > most))
    return badInput("a column of names has more than " + std::to_string(guess.tooMany ? mostNumbers : most) +
                        " different ones, or one of numbers has here '" + text + "'",
                    where);
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> openCsv(const std::filesystem::path& path, const CsvOptions& options) {
  const std::string where = path.string();
  SLUICE_TRY(Records records, Records::open(path, options.separator));
  std::vector<std::string> fields;
  Schema schema;
  if (options.header) {
    SLUICE_TRY(const bool any, records.next(fields));
    if (!any) return badInput("is empty", where);
    for (const std::string& name : fields) schema.push_back({std::string(trim(name)), Type::f8, {}});
  }
  std::vector<Guess> guesses(schema.size());
  std::vector<bool> isLabel(schema.size());
  std::vector<CsvSource::Place> places;
  std::uint64_t rows = 0;
  for (;; ++rows) {
    const CsvSource::Place place{records.at(), records.line()};
    SLUICE_TRY(const bool more, records.next(fields));
    if (!more) break;
    if (schema.empty()) {
      for (std::size_t i = 0; i < fields.size(); ++i)
        schema.push_back({"c" + std::to_string(i), Type::f8, {}});
      guesses.resize(schema.size());
      isLabel.resize(schema.size());
    }
    if (rows == 0)
      for (const std::string& name : options.labels) {
        SLUICE_TRY(const std::size_t column, columnNamed(schema, name));
        isLabel[column] = true;
      }
    const std::string line = where + ":" + std::to_string(place.line);
    if (fields.size() != schema.size())
      return badInput("has " + countOf(static_cast<std::int64_t>(fields.size()), "field") + " instead of " +
                          std::to_string(schema.size()),
                      line);
    if (rows % blockRows == 0) places.push_back(place);
    for (std::size_t i = 0; i < fields.size(); ++i)
      SLUICE_RETURN_IF_ERROR(look(guesses[i], fields[i], isLabel[i], options.mostLabels, line));
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    schema[i].type = guesses[i].integer ? Type::i8 : guesses[i].number ? Type::f8 : Type::label;
    if (schema[i].type == Type::label)
      schema[i].labels.assign(guesses[i].labels.begin(), guesses[i].labels.end());
  }
  std::set<std::string> names;
  for (const ColumnInfo& column : schema)
    if (!names.insert(column.name).second)
      return badInput("two columns are called '" + column.name + "'", where);
  return std::unique_ptr<Source>(
      std::make_unique<CsvSource>(std::move(records), std::move(schema), rows, std::move(places), where));
}

}  // namespace sluice::data

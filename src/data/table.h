#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "data/column.h"
#include "data/source.h"

/// Tables of ours: columns of numbers and labels, in a file that is read through a window.
///
/// Purpose      rows by the million for training and evaluation, read in order or by blocks in any order, at the speed of
///              the disk, in a megabyte or two of memory; what changed is found by digest, to the block
/// Constraints  written once, front to back, then only read; columns of fixed width
/// Layout       numbers are little end first
///                "SLUICED1"                                          8 bytes
///                blocks of 16,384 rows, the last shorter; each: its columns one after the other, every column at a
///                multiple of 64 bytes from the beginning of the file, zeros between
///                the description, in lines of text:
///                  rows N
///                  column TYPE LABELS NAME          once per column; types of column.h; TYPE label: LABELS lines follow
///                  = LABEL                          once per label of that column
///                  block AT BYTES DIGEST            once per block: where it begins, XXH3-128 of its bytes
///                in names and labels a backslash, line feed and carriage return are written \\, \n, \r
///                the end: bytes of the description (8), its XXH3-128 digest (16, high half first), "SLUICEDE" (8)
/// Same rows, same bytes: nothing else is in the file.
/// Rejected     Parquet, Arrow: no library of Debian 12 has them, and their own compression and nesting are not needed
///              here; HDF5: its library crashes on damaged files (frontend/keras/hdf5.h); .npy: no names, no digests, one
///              type for all columns
namespace sluice::data {

struct TableBlock {
  std::uint64_t at = 0, bytes = 0;
  Digest digest;
};

/// What is known of a table without reading its rows.
struct TableInfo {
  Schema schema;
  std::uint64_t rows = 0;
  std::vector<TableBlock> blocks;
  Digest digest;  ///< of the description, and so of everything
};

/// Errors  io; badInput: no table, cut off, or sizes that do not fit the file
Result<TableInfo> readTableInfo(const std::filesystem::path& path);
/// Reads everything and compares the digests. Errors: badInput, naming the first block that differs.
Status verifyTable(const std::filesystem::path& path);

/// Writes a table: rows in pieces of any size, gathered into blocks. The file has its name only once it is whole.
class TableWriter {
 public:
  static Result<TableWriter> create(const std::filesystem::path& path, Schema schema);
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) = delete;
  ~TableWriter();  ///< without finish(): nothing is left

  /// The rows of a block that `chosen` names (positions in the block), in that order.
  Status append(const Block& block, std::span<const std::uint32_t> chosen);
  Status append(const Block& block);  ///< all of them
  /// Rows that came so far.
  [[nodiscard]] std::uint64_t rows() const { return rows_ + held_; }
  /// Labels may be told at the end: those of column `column`.
  void setLabels(std::size_t column, std::vector<std::string> labels);
  Result<TableInfo> finish();

 private:
  TableWriter() = default;
  Status flush();
  Status put(std::string_view bytes);
  std::filesystem::path path_, temporary_;
  std::FILE* file_ = nullptr;
  TableInfo info_;
  std::vector<std::vector<char>> buffers_;  ///< of the block that is being filled
  std::size_t held_ = 0;
  std::uint64_t rows_ = 0, at_ = 0;
};

/// All rows of a source as a table.
Result<TableInfo> writeTable(Source& source, const std::filesystem::path& path);

}  // namespace sluice::data

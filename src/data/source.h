#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/column.h"

/// Where rows come from: read in order, a block at a time, as often as wanted, in memory that does not grow with the
/// number of rows.
namespace sluice::data {

/// A block whose bytes last as long as somebody holds `owner`.
struct HeldBlock {
  Block block;
  std::shared_ptr<const void> owner;
  bool alone = false;  ///< nobody else sees the bytes, and they may be written
};

class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const Schema& schema() const = 0;
  [[nodiscard]] virtual std::uint64_t rows() const = 0;
  /// Block `index`: rows index * blockRows and on; all blocks but the last have blockRows rows. Asking in order is
  /// fast. Errors: io, badInput.
  virtual Result<Block> block(std::uint64_t index) = 0;
  /// The same block to hold: of a table the mapped file itself, of others a copy.
  virtual Result<HeldBlock> held(std::uint64_t index);
  [[nodiscard]] std::uint64_t blocks() const { return (rows() + blockRows - 1) / blockRows; }

 protected:
  /// Which rows block `index` holds; no columns yet.
  [[nodiscard]] Block emptyBlock(std::uint64_t index) const {
    const std::uint64_t first = index * blockRows;
    return {first, static_cast<std::size_t>(std::min<std::uint64_t>(blockRows, rows() - first)), {}};
  }
};

/// How text becomes columns.
struct CsvOptions {
  char separator = ',';
  bool header = true;                ///< the first line names the columns; else they are c0, c1, ...
  std::vector<std::string> labels;   ///< columns whose values are names even where they look like numbers
  std::size_t mostLabels = 1 << 20;  ///< different values of a label column that are accepted
};

/// A table of ours (table.h), a .npy array of one or two axes (columns c0, c1, ...; `name` of a single one), an .npz
/// (its arrays side by side; read whole), HDF5, Parquet, Arrow, or CSV. What it is is seen by what it holds, CSV by its name (.csv, .tsv).
/// Errors  io; badInput, unsupported with the place
Result<std::unique_ptr<Source>> openSource(const std::filesystem::path& path, const CsvOptions& options = {});

Result<std::unique_ptr<Source>> openTable(const std::filesystem::path& path);
/// C order, or one axis; any type of base/npy.h. A column is named after the file if it is the only one.
Result<std::unique_ptr<Source>> openNpy(const std::filesystem::path& path);
Result<std::unique_ptr<Source>> openNpz(const std::filesystem::path& path);
/// All datasets of numbers with one or two axes, side by side; others (texts, three axes) are left out. Columns are named
/// by the path, "group.x" or "group.x.0". Errors: badInput if their rows differ, or the file is damaged; unsupported if
/// this program was built without the HDF5 library.
Result<std::unique_ptr<Source>> openHdf5(const std::filesystem::path& path);
/// Parquet, or Arrow's file format (Feather version 2). Numbers, truth values (u1), dates and times (their counts), texts
/// (labels in sorted order, for which such a column is read once more); fixed-size lists of numbers become columns "x.0",
/// "x.1". Gaps in columns of floats become NaN. Errors: badInput for other columns, other gaps and damage, and if the
/// Python that $SLUICE_PYTHON names (else python3) has no package pyarrow.
Result<std::unique_ptr<Source>> openArrow(const std::filesystem::path& path);
/// Reads the file once to find the types (i8, else f8, else label, with labels in sorted order) and where each block
/// begins.
/// Source  RFC 4180: quotes around fields with separators, quotes and line ends; "" for a quote
Result<std::unique_ptr<Source>> openCsv(const std::filesystem::path& path, const CsvOptions& options);

/// The columns of several sources with the same number of rows, side by side. Errors: badInput (rows differ, a name
/// comes twice).
Result<std::unique_ptr<Source>> sideBySide(std::vector<std::unique_ptr<Source>> sources);

}  // namespace sluice::data

#include "data/source.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "data/mapping.h"

namespace sluice::data {

namespace {

class SideBySide : public Source {
 public:
  SideBySide(std::vector<std::unique_ptr<Source>> sources, Schema schema)
      : sources_(std::move(sources)), schema_(std::move(schema)) {}
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return sources_.front()->rows(); }
  Result<Block> block(std::uint64_t index) override {
    Block all;
    for (const auto& source : sources_) {
      SLUICE_TRY(Block block, source->block(index));
      all.firstRow = block.firstRow;
      all.rows = block.rows;
      all.columns.insert(all.columns.end(), block.columns.begin(), block.columns.end());
    }
    return all;
  }

 private:
  std::vector<std::unique_ptr<Source>> sources_;
  Schema schema_;
};

}  // namespace

Result<HeldBlock> Source::held(std::uint64_t index) {
  SLUICE_TRY(Block block, this->block(index));
  const auto columns = std::make_shared<std::vector<std::string>>(block.columns.begin(), block.columns.end());
  block.columns.assign(columns->begin(), columns->end());
  return HeldBlock{std::move(block), columns, false};
}

Result<std::unique_ptr<Source>> sideBySide(std::vector<std::unique_ptr<Source>> sources) {
  SLUICE_CHECK(!sources.empty(), "something stands side by side");
  Schema schema;
  std::set<std::string> names;
  for (const auto& source : sources) {
    if (source->rows() != sources.front()->rows())
      return badInput("columns of " + std::to_string(sources.front()->rows()) + " and of " +
                      std::to_string(source->rows()) + " rows cannot stand side by side");
    for (const ColumnInfo& column : source->schema()) {
      if (!names.insert(column.name).second) return badInput("two columns are called '" + column.name + "'");
      schema.push_back(column);
    }
  }
  if (sources.size() == 1) return std::move(sources.front());
  return std::unique_ptr<Source>(std::make_unique<SideBySide>(std::move(sources), std::move(schema)));
}

Result<std::unique_ptr<Source>> openSource(const std::filesystem::path& path, const CsvOptions& options) {
  std::string start;
  {
    SLUICE_TRY(MappedFile file, MappedFile::open(path));
    SLUICE_TRY(const std::string_view bytes,
               file.window(0, static_cast<std::size_t>(std::min<std::uint64_t>(8, file.size()))));
    start = bytes;
  }
  if (start == "SLUICED1") return openTable(path);
  if (start.starts_with("\x93NUMPY")) return openNpy(path);
  if (start.starts_with("PK\x03\x04")) return openNpz(path);
  if (start.starts_with("\x89HDF")) return openHdf5(path);
  if (start.starts_with("PAR1") || start.starts_with("ARROW1")) return openArrow(path);
  const std::string extension = path.extension().string();
  if (extension == ".csv" || extension == ".tsv") {
    CsvOptions text = options;
    if (extension == ".tsv") text.separator = '\t';
    return openCsv(path, text);
  }
  return badInput(
      "is no table of ours, no .npy, no .npz, no HDF5, no Parquet, no Arrow, and is not called .csv or .tsv",
      path.string());
}

}  // namespace sluice::data

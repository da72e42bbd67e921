#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data/source.h"
#include "data/table.h"

/// What the tests of this area share.
namespace sluice::data {

/// A folder of the test's own, gone at its end.
class DataTest : public testing::Test {
 protected:
  DataTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-data-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DataTest() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  std::filesystem::path folder_;
};

/// All values of a column.
inline std::vector<double> columnOf(Source& source, const std::string& name) {
  const std::size_t column = columnNamed(source.schema(), name).value();
  std::vector<double> all;
  for (std::uint64_t i = 0; i < source.blocks(); ++i) {
    const auto block = source.block(i);
    EXPECT_TRUE(block.ok()) << block.error().text();
    if (!block.ok()) break;
    std::vector<double> values(block->rows);
    toDoubles(source.schema()[column], block->columns[column], values);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// Numbers by row: a source without a file.
class Made : public Source {
 public:
  Made(std::uint64_t rows, Schema schema, double (*value)(std::uint64_t row, std::size_t column))
      : rows_(rows), schema_(std::move(schema)), value_(value), bytes_(schema_.size()) {}
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return rows_; }
  Result<Block> block(std::uint64_t index) override {
    Block block = emptyBlock(index);
    ++asked;
    for (std::size_t c = 0; c < schema_.size(); ++c)
      withType(schema_[c].type, [&](auto zero) {
        using T = decltype(zero);
        bytes_[c].resize(block.rows * sizeof(T));
        for (std::size_t r = 0; r < block.rows; ++r) {
          const T value = static_cast<T>(value_(block.firstRow + r, c));
          std::memcpy(bytes_[c].data() + r * sizeof(T), &value, sizeof(T));
        }
        block.columns.emplace_back(bytes_[c].data(), bytes_[c].size());
      });
    return block;
  }
  int asked = 0;  ///< blocks

 private:
  std::uint64_t rows_;
  Schema schema_;
  double (*value_)(std::uint64_t, std::size_t);
  std::vector<std::vector<char>> bytes_;
};

}  // namespace sluice::data

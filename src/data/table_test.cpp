#include "data/table.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rng.h"
#include "data/testing.h"

namespace sluice::data {
namespace {

class Table : public DataTest {
 protected:
  /// Rows 0 to rows - 1: the row's number in several types, and a label.
  TableInfo write(const std::string& name, std::uint64_t rows) {
    Made source(rows,
                {{"x", Type::f4, {}},
                 {"n\nm", Type::i8, {}},
                 {"k", Type::label, {"a", "b\\", ""}},
                 {"u", Type::u1, {}}},
                [](std::uint64_t row, std::size_t column) {
                  return column == 2   ? static_cast<double>(row % 3)
                         : column == 3 ? static_cast<double>(row % 256)
                                       : static_cast<double>(row);
                });
    auto writer = TableWriter::create(at(name), source.schema());
    for (std::uint64_t i = 0; i < source.blocks(); ++i) EXPECT_TRUE(writer->append(*source.block(i)).ok());
    auto info = writer->finish();
    EXPECT_TRUE(info.ok());
    return *info;
  }
};

TEST_F(Table, GivesBackWhatWasWritten) {
  for (const std::uint64_t rows :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{blockRows}, std::uint64_t{2 * blockRows + 5}}) {
    const TableInfo written = write("t", rows);
    EXPECT_EQ(written.rows, rows);
    EXPECT_TRUE(verifyTable(at("t")).ok());
    auto table = openSource(at("t"));
    ASSERT_TRUE(table.ok()) << table.error().text();
    EXPECT_EQ((*table)->schema(), written.schema);
    EXPECT_EQ((*table)->rows(), rows);
    const auto n = columnOf(**table, "n\nm"), k = columnOf(**table, "k"), u = columnOf(**table, "u");
    ASSERT_EQ(n.size(), rows);
    for (std::size_t i = 0; i < rows; ++i)
      ASSERT_TRUE(n[i] == static_cast<double>(i) && k[i] == static_cast<double>(i % 3) &&
                  u[i] == static_cast<double>(i % 256))
          << i;
  }
}

TEST_F(Table, IsTheSameBytesWhateverPiecesTheRowsCameIn) {
  const TableInfo whole = write("whole", 40000);
  auto table = openTable(at("whole"));
  auto writer = TableWriter::create(at("pieces"), (*table)->schema());
  for (std::uint64_t i = 0; i < (*table)->blocks(); ++i) {
    const auto block = (*table)->block(i);
    for (std::uint32_t row = 0; row < block->rows;) {
      std::vector<std::uint32_t> some;
      for (std::uint64_t n = randomBits(1, i, row) % 5000; n-- > 0 && row < block->rows;)
        some.push_back(row++);
      ASSERT_TRUE(writer->append(*block, some).ok());
    }
  }
  EXPECT_EQ(writer->finish()->digest, whole.digest);
  EXPECT_EQ(readFile(at("pieces")).value(), readFile(at("whole")).value());
}

TEST_F(Table, HasItsNameOnlyOnceItIsWhole) {
  {
    auto writer = TableWriter::create(at("never"), {{"x", Type::f4, {}}});
    ASSERT_TRUE(writer.ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Table, EveryFlippedBitIsFoundAndNoDamageIsFatal) {
  write("t", 60);
  const std::string good = readFile(at("t")).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(writeFile(at("bad"), bad).ok());
    const Status status = verifyTable(at("bad"));
    // The zeros between the head and the first block belong to no block.
    if (i < 8 || i >= 64) {
      EXPECT_FALSE(status.ok()) << "byte " << i;
    }
    if (i % 7 == 0) {
      ASSERT_TRUE(writeFile(at("short"), good.substr(0, i)).ok());
      EXPECT_FALSE(verifyTable(at("short")).ok()) << "cut at " << i;
    }
  }
}

TEST_F(Table, ADescriptionThatLiesIsRefusedThoughItsDigestIsRight) {
  write("t", 300);
  const std::string good = readFile(at("t")).value();
  const std::uint64_t bytes = [&] {
    std::uint64_t n = 0;
    std::memcpy(&n, good.data() + good.size() - 32, 8);
    return n;
  }();
  const std::string text = good.substr(good.size() - 32 - bytes, bytes),
                    rows = good.substr(0, good.size() - 32 - bytes);
  const auto message = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    const Digest digest = digestOf(changed);
    const std::uint64_t end[] = {changed.size(), digest.high, digest.low};
    const std::string file =
        rows + changed + std::string(reinterpret_cast<const char*>(end), 24) + "SLUICEDE";
    EXPECT_TRUE(writeFile(at("bad"), file).ok());
    const auto info = readTableInfo(at("bad"));
    return info.ok() ? std::string("ok") : info.error().message;
  };
  EXPECT_EQ(message("rows 300", "rows 300"), "ok");
  EXPECT_EQ(message("rows 300", "rows 400"), "is not a table: the size of a block");
  EXPECT_EQ(message("rows 300", "rows 18446744073709551615"), "is not a table: rows and blocks do not agree");
  EXPECT_EQ(message("rows 300", "rows 99999999999999999999"), "is not a table: its number of rows");
  EXPECT_EQ(message("block 64", "block 128"), "is not a table: a block lies outside the file");
  EXPECT_EQ(message("label 3", "label 9"), "is not a table: a label is missing");
  EXPECT_EQ(message("column f4", "column f5"), "no type of columns is called 'f5'");
  EXPECT_EQ(message("column f4", "columb f4").substr(0, 35), "is not a table: a line of its descr");
}

}  // namespace
}  // namespace sluice::data

#include "data/source.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/npy.h"
#include "data/testing.h"

namespace sluice::data {
namespace {

class Sources : public DataTest {
 protected:
  std::unique_ptr<Source> csv(const std::string& text, const CsvOptions& options = {}) {
    EXPECT_TRUE(writeFile(at("t.csv"), text).ok());
    auto source = openSource(at("t.csv"), options);
    EXPECT_TRUE(source.ok()) << source.error().text();
    return source.ok() ? std::move(source).value() : nullptr;
  }
  std::string csvError(const std::string& text, const CsvOptions& options = {}) {
    EXPECT_TRUE(writeFile(at("t.csv"), text).ok());
    const auto source = openSource(at("t.csv"), options);
    return source.ok() ? "ok" : source.error().text().substr(folder_.string().size() + 1);
  }
};

TEST_F(Sources, CsvColumnsGetTheNarrowestTypeThatHoldsAllTheirValues) {
  const auto source = csv("n, x ,class\n1,2,q\r\n-7,2.5,\"a,\"\"b\"\"\"\n\n3,,g\n");
  ASSERT_EQ(source->rows(), 3u);
  EXPECT_EQ(source->schema()[0], (ColumnInfo{"n", Type::i8, {}}));
  EXPECT_EQ(source->schema()[1], (ColumnInfo{"x", Type::f8, {}}));
  EXPECT_EQ(source->schema()[2], (ColumnInfo{"class", Type::label, {"a,\"b\"", "g", "q"}}));
  EXPECT_EQ(columnOf(*source, "n"), (std::vector<double>{1, -7, 3}));
  EXPECT_EQ(columnOf(*source, "class"), (std::vector<double>{2, 0, 1}));
  const auto x = columnOf(*source, "x");
  EXPECT_EQ(x[1], 2.5);
  EXPECT_TRUE(std::isnan(x[2]));  // a number that is missing
}

TEST_F(Sources, CsvColumnsMayBeSaidToHoldNames) {
  const auto source = csv("1,10\n2,9\n", {.header = false, .labels = {"c1"}});
  EXPECT_EQ(source->schema()[1].labels, (std::vector<std::string>{"10", "9"}));
  EXPECT_EQ(source->schema()[0].name, "c0");
}

TEST_F(Sources, CsvBlocksAreReadInAnyOrder) {
  std::string text = "n\n";
  for (int i = 0; i < 40000; ++i) text += std::to_string(i) + "\n";
  const auto source = csv(text);
  ASSERT_EQ(source->blocks(), 3u);
  for (const std::uint64_t index : {2, 0, 1, 2}) {
    const auto block = source->block(index);
    ASSERT_TRUE(block.ok());
    EXPECT_EQ(valuesOf<std::int64_t>(*block, 0)[5], static_cast<std::int64_t>(index * blockRows + 5));
  }
}

TEST_F(Sources, CsvThatIsWrongIsRefusedWithItsLine) {
  EXPECT_EQ(csvError("a,b\n1,2\n3\n"), "t.csv:3: has 1 field instead of 2");
  EXPECT_EQ(csvError("a,b\n1,\"2\n"), "t.csv:3: a quote is opened and not closed");
  EXPECT_EQ(csvError("a\n\"1\"2\n"), "t.csv:2: text stands behind a closed quote");
  EXPECT_EQ(csvError("a,a\n1,2\n"), "t.csv: two columns are called 'a'");
  EXPECT_EQ(csvError(""), "t.csv: is empty");
  std::string text = "n\n";
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + "\n";
  EXPECT_NE(csvError(text + "x\n").find("t.csv:5002: a column of names has more than 4096"),
            std::string::npos);
  const auto unknown = openCsv(at("t.csv"), {.labels = {"m"}});
  EXPECT_EQ(unknown.error().message, "no column is called 'm'; there are n");
}

TEST_F(Sources, NpyIsReadThroughAWindow) {
  std::vector<float> values;
  for (int i = 0; i < 3 * 20000; ++i) values.push_back(static_cast<float>(i));
  ASSERT_TRUE(writeNpy(at("a.npy"), makeNpy({20000, 3}, values)).ok());
  auto source = openSource(at("a.npy"));
  ASSERT_TRUE(source.ok()) << source.error().text();
  const auto c1 = columnOf(**source, "c1");
  ASSERT_EQ(c1.size(), 20000u);
  for (std::size_t i = 0; i < c1.size(); ++i) ASSERT_EQ(c1[i], 3.0 * static_cast<double>(i) + 1);
  ASSERT_TRUE(writeNpy(at("y.npy"), makeNpy({20000}, std::vector<std::int16_t>(20000, -2))).ok());
  std::vector<std::unique_ptr<Source>> two;
  two.push_back(std::move(source).value());
  two.push_back(std::move(openSource(at("y.npy"))).value());
  const auto both = sideBySide(std::move(two));
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(columnOf(**both, "y")[19999], -2);
}

TEST_F(Sources, NpyThatIsDamagedOrOfAnotherKindIsRefused) {
  const auto message = [&](const std::string& content) {
    EXPECT_TRUE(writeFile(at("a.npy"), content).ok());
    const auto source = openNpy(at("a.npy"));
    return source.ok() ? std::string("ok") : source.error().message;
  };
  const std::string good = printNpy(makeNpy({2, 2}, std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(message(good), "ok");
  EXPECT_EQ(message(good.substr(0, good.size() - 1)), "is cut off: it is to hold 2 rows and has bytes for 1");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    changed.replace(changed.find(from), from.size(), to);
    return message(changed);
  };
  EXPECT_NE(with("(2, 2)", "(9, 2)").find("is cut off"), std::string::npos);
  EXPECT_NE(with("<f4", ">f4").find("little-endian"), std::string::npos);
  EXPECT_NE(with("False", "True ").find("Fortran"), std::string::npos);
  EXPECT_NE(with("(2, 2)", "(2,2,").find("shape"), std::string::npos);
  for (std::size_t i = 0; i < good.size(); ++i) message(good.substr(0, i));
  for (std::size_t i = 0; i < 128; ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x15);
    message(bad);  // whatever it says, it says it
  }
}

TEST_F(Sources, WhatCannotBeReadSaysWhatWould) {
  ASSERT_TRUE(writeFile(at("a.h5"), "\x89HDF\r\n\x1a\n and so on").ok());
  const std::string damaged = openSource(at("a.h5")).error().message;
  EXPECT_TRUE(damaged == "is no HDF5 file, or damaged" || damaged.find("libhdf5-dev") != std::string::npos)
      << damaged;
  ASSERT_TRUE(writeFile(at("a.parquet"), "PAR1 and so on").ok());
  EXPECT_NE(openSource(at("a.parquet")).error().message.find("Parquet"), std::string::npos);
  EXPECT_EQ(openSource(at("none")).error().code, ErrorCode::io);
  ASSERT_TRUE(writeFile(at("a.txt"), "1,2\n").ok());
  EXPECT_NE(openSource(at("a.txt")).error().message.find(".csv"), std::string::npos);
}

}  // namespace
}  // namespace sluice::data

#include "data/prepare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/rng.h"
#include "data/testing.h"

namespace sluice::data {
namespace {

TEST(Moments, AreThoseOfADirectSumAndTheSameInWhateverBlocks) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < 5000; ++i)
    values.push_back(1e6 + static_cast<double>(randomBits(1, 2, i) % 1000) / 1000);
  long double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const long double mean = sum / 5000;
  for (const double value : values) squares += (value - mean) * (value - mean);
  MomentTree tree;
  for (std::size_t i = 0; i < 5000; i += 100) tree.add(momentsOf({values.data() + i, 100}));
  const Moments total = tree.total();
  EXPECT_EQ(total.count, 5000u);
  EXPECT_NEAR(total.mean, static_cast<double>(mean), 1e-9);
  EXPECT_NEAR(total.squares / static_cast<double>(squares), 1, 1e-9);
  values[7] = std::nan("");
  EXPECT_EQ(momentsOf(values).count, 4999u);
  EXPECT_EQ(scalerOf(momentsOf(std::vector<double>{3, 3, 3})), (Scaler{3, 1}));
}

class Prepare : public DataTest {
 protected:
  /// x = row, y = -2 row + 1, class = 10 * (row % 3) - 5, id = row
  Made source_ =
      Made(50000, {{"x", Type::f8, {}}, {"y", Type::f4, {}}, {"class", Type::i4, {}}, {"id", Type::i8, {}}},
           [](std::uint64_t row, std::size_t column) {
             const auto r = static_cast<double>(row);
             return column == 1 ? 1 - 2 * r : column == 2 ? static_cast<double>(10 * (row % 3)) - 5 : r;
           });
};

TEST_F(Prepare, ScalesEncodesAndSplitsAsTheDefinitionsSay) {
  PrepareOptions options;
  options.scale = {"x", "y"};
  options.encode = {"class"};
  options.split = Split{{{"train", 0.75}, {"test", 0.25}}, 3};
  const auto prepared = prepare(source_, options, folder_);
  ASSERT_TRUE(prepared.ok()) << prepared.error().text();
  // Mean and deviation of the rows of the training part, summed up as they are defined.
  double sum = 0, squares = 0, count = 0;
  for (std::uint64_t row = 0; row < 50000; ++row)
    if (partOf(*options.split, row) == 0) sum += static_cast<double>(row), ++count;
  for (std::uint64_t row = 0; row < 50000; ++row)
    if (partOf(*options.split, row) == 0) squares += std::pow(static_cast<double>(row) - sum / count, 2);
  const double mean = sum / count, deviation = std::sqrt(squares / count);
  EXPECT_NEAR(prepared->scaled[0].scaler.mean, mean, 1e-7);
  EXPECT_NEAR(prepared->scaled[0].scaler.deviation, deviation, 1e-7);
  EXPECT_NEAR(prepared->scaled[1].scaler.deviation, 2 * deviation, 1e-6);
  EXPECT_EQ(prepared->encoded[0].labels, (std::vector<std::string>{"-5", "5", "15"}));
  std::uint64_t rows = 0;
  for (std::size_t part = 0; part < 2; ++part) {
    auto table = openTable(at(prepared->parts[part].file));
    ASSERT_TRUE(table.ok());
    const auto id = columnOf(**table, "id"), x = columnOf(**table, "x"), label = columnOf(**table, "class");
    rows += id.size();
    for (std::size_t i = 0; i < id.size(); ++i) {
      const auto row = static_cast<std::uint64_t>(id[i]);
      ASSERT_EQ(partOf(*options.split, row), part);
      ASSERT_EQ(label[i], static_cast<double>(row % 3));
      ASSERT_NEAR(x[i], (id[i] - mean) / deviation, 1e-6);
      if (i > 0) {
        ASSERT_GT(id[i], id[i - 1]);
      }
    }
  }
  EXPECT_EQ(rows, 50000u);
  EXPECT_NE(readFile(at("preparation.json"))->find("\"fitted_on\": \"train\""), std::string::npos);
}

TEST_F(Prepare, OneHotHasAOneInTheColumnOfTheValue) {
  PrepareOptions options;
  options.oneHot = {"class"};
  options.drop = {"y"};
  ASSERT_TRUE(prepare(source_, options, folder_).ok());
  auto table = openTable(at("all.sluice"));
  ASSERT_EQ((*table)->schema().size(), 5u);
  const auto five = columnOf(**table, "class=5");
  for (std::size_t i = 0; i < five.size(); ++i) ASSERT_EQ(five[i], i % 3 == 1 ? 1 : 0);
}

TEST_F(Prepare, WhatMakesNoSenseIsRefused) {
  const auto message = [&](const PrepareOptions& options) {
    const auto prepared = prepare(source_, options, folder_);
    return prepared.ok() ? std::string("ok") : prepared.error().text();
  };
  EXPECT_EQ(message({.scale = {"z"}}), "no column is called 'z'; there are x, y, class, id");
  EXPECT_EQ(message({.scale = {"x"}, .drop = {"x"}}), "column 'x' is to be treated in two ways");
  EXPECT_EQ(message({.encode = {"id"}, .mostLabels = 100}),
            "column 'id': it has more than 100 different values");
  EXPECT_EQ(message({.drop = {"x", "y", "class", "id"}}), "no column is left to write");
  Made infinite(10, {{"x", Type::f8, {}}},
                [](std::uint64_t row, std::size_t) { return row == 4 ? INFINITY : 0.5; });
  EXPECT_EQ(prepare(infinite, {.scale = {"x"}}, folder_).error().text(),
            "column 'x': an infinite number, or one too large, stands in rows 0 to 9");
  EXPECT_EQ(prepare(infinite, {.encode = {"x"}}, folder_).error().text(),
            "column 'x': row 0 has 0.5; whole numbers and names can be encoded");
  Made forged(10, {{"k", Type::label, {"a", "b"}}}, [](std::uint64_t, std::size_t) { return 7.0; });
  EXPECT_EQ(prepare(forged, {.encode = {"k"}}, folder_).error().text(), "column 'k': row 0 has label 7 of 2");
}

TEST_F(Prepare, NamesAreEncodedInTheirOrderAndOnlyThoseThatOccur) {
  Made names(9, {{"k", Type::label, {"z", "never", "a"}}},
             [](std::uint64_t row, std::size_t) { return row % 2 == 0 ? 0.0 : 2.0; });
  const auto prepared = prepare(names, {.encode = {"k"}}, folder_);
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(prepared->encoded[0].labels, (std::vector<std::string>{"a", "z"}));
  auto table = openTable(at("all.sluice"));
  EXPECT_EQ(columnOf(**table, "k")[0], 1);
}

}  // namespace
}  // namespace sluice::data

#include "kernel/lookup/lookup.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Lookup, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto count = checkViews(randomKernel("lookup", seed), {.seed = seed, .lanes = 8, .passes = 8});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Lookup, AnOddFunctionIsHalfATable) {
  LookupParams p{
      .input = {-1024, 1023}, .first = -1024, .tables = {{}}, .output = {}, .memory = TableMemory::blockRam};
  for (int x = -1024; x < 1024; ++x)
    p.tables[0].push_back(std::lround(1000 * std::tanh(std::max(x, -1023) / 256.0)));
  const auto words = [&] {
    const hdl::Module module = elaborate(*lookup(p));
    return module.memories.at(0).contents.size();
  };
  EXPECT_EQ(lookup(p)->schedule.depth, 4u);
  EXPECT_EQ(words(), 1024u);
  p.tables[0][100] += 1;
  EXPECT_EQ(lookup(p)->schedule.depth, 2u);
  EXPECT_EQ(words(), 2048u);
}

LookupParams sigmoidOf(std::uint32_t bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  LookupParams p{.input = {-half, half - 1}, .first = -half, .tables = {{}}, .output = {}};
  for (std::int64_t x = -half; x < half; ++x)
    p.tables[0].push_back(std::lround(1023 / (1 + std::exp(-8.0 * static_cast<double>(std::max(x, 1 - half)) /
                                                           static_cast<double>(half)))));
  return p;
}

TEST(Lookup, ALargeSmoothTableIsBuiltInPartsAndASmallOneIsNot) {
  const auto names = [](const LookupParams& p) {
    std::string all;
    for (const hdl::Memory& memory : elaborate(*lookup(p)).memories) all += memory.name + " ";
    return all;
  };
  EXPECT_EQ(names(sigmoidOf(8)), "table0 ");
  EXPECT_NE(names(sigmoidOf(12)).find("base0 "), std::string::npos);
  LookupParams asked = sigmoidOf(12);
  asked.memory = TableMemory::blockRam;
  EXPECT_EQ(names(asked), "table0 ");
}

TEST(Lookup, ATableThatIsConstantInMostPlacesStandsInLogicHoweverLarge) {
  LookupParams p{.input = {-512, 511}, .first = -512, .tables = {{}}, .output = {}};
  for (int x = -512; x < 512; ++x)
    p.tables[0].push_back(
        static_cast<std::int64_t>(std::min(std::floor(1024 * std::exp(x / 16.0)), 131071.0)));
  const auto style = [&] { return elaborate(*lookup(p)).memories.at(0).style; };
  EXPECT_EQ(style(), hdl::Style::logic);
  EXPECT_EQ(lookup(p)->schedule.depth, 2u);
  p.shape = TableShape::whole;
  EXPECT_EQ(style(), hdl::Style::blockRam);
}

TEST(Lookup, ATableOfWideEntriesStaysInOnePiece) {
  LookupParams p = sigmoidOf(10);
  for (auto& y : p.tables[0]) y <<= 40;
  EXPECT_EQ(elaborate(*lookup(p)).memories.at(0).name, "table0");
  p.shape = TableShape::split;
  EXPECT_FALSE(lookup(p).ok());
}

TEST(Lookup, InEveryShapeItGivesEveryEntry) {
  for (const TableShape shape : {TableShape::automatic, TableShape::whole, TableShape::half,
                                 TableShape::split, TableShape::halfSplit}) {
    LookupParams p = sigmoidOf(10);
    p.shape = shape;
    std::vector<std::int64_t> codes;
    for (std::int64_t x = p.input.lo; x <= p.input.hi; ++x) codes.push_back(x);
    const auto y = runKernel(*lookup(p), {codes});
    ASSERT_TRUE(y.ok()) << y.error().text();
    EXPECT_EQ(y->at(0), p.tables[0]);
  }
}

TEST(Lookup, RandomKernelsHaveAllKindsOfParts) {
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    for (const hdl::Memory& memory : elaborate(randomKernel("lookup", seed).kernel).memories)
      ++seen[memory.name.substr(0, memory.name.find_first_of("0123456789"))];
  for (const char* part : {"table", "base", "offset", "slope", "rest"}) EXPECT_GT(seen[part], 5) << part;
}

TEST(Lookup, ItsRangeIsThatOfTheEntriesThatXReaches) {
  EXPECT_EQ(lookupOutputRange({.input = {1, 2}, .first = 0, .tables = {{-100, 3, 5, 100}}}),
            (fixed::Interval{3, 5}));
}

TEST(Lookup, RefusesTablesThatDoNotFit) {
  const auto message = [](const LookupParams& p) { return lookup(p).ok() ? "" : lookup(p).error().message; };
  EXPECT_EQ(message({.input = {0, 3}, .first = 0, .tables = {{1, 2, 3}}}),
            "a table of 3 entries from code 0 on does not cover x in [0, 3]");
  EXPECT_EQ(message({.channels = 3, .input = {0, 0}, .tables = {{1}, {2}}}),
            "2 tables for 3 channels: one for all, or one each");
  EXPECT_EQ(message({.channels = 3, .pack = 2, .input = {0, 0}, .tables = {{1}}}),
            "pack 2 does not divide 3 channels");
  EXPECT_EQ(message({.input = {0, 0}, .tables = {{7}}, .output = fixed::Interval{0, 6}}),
            "the declared output range [0, 6] does not hold the proven one [7, 7]");
  EXPECT_EQ(message({.input = {-1, 1}, .first = -1, .tables = {{0, 1, 5}}, .shape = TableShape::half}), "");
  EXPECT_EQ(message({.input = {-2, 1}, .first = -2, .tables = {{7, 0, 1, 5}}, .shape = TableShape::half}),
            "half a table: its entries are neither even nor odd");
  EXPECT_EQ(
      message({.input = {0, 3}, .first = 0, .tables = {{1, 2, 3, 4}}, .shape = TableShape::split}),
      "a table in parts: one table of at least 8 entries of at most 26 bits for all channels is needed");
}

}  // namespace
}  // namespace sluice::kernel

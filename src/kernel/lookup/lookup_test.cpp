#include "kernel/lookup/lookup.h"

#include <gtest/gtest.h>

#include <cmath>

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
  LookupParams p{.input = {-1024, 1023}, .first = -1024, .tables = {{}}};
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
            "the declared output range [0, 6] does not hold the entries in [7, 7]");
}

}  // namespace
}  // namespace sluice::kernel

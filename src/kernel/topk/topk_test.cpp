#include "kernel/topk/topk.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(TopK, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto count = checkViews(randomKernel("topk", seed), {.seed = seed, .lanes = 16, .passes = 4});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(TopK, RefusesWhatItCannotOrder) {
  const auto message = [](const TopKParams& p) { return topK(p).ok() ? "" : topK(p).error().message; };
  EXPECT_EQ(message({.n = 5, .pack = 2, .input = {0, 1}}), "pack 2 does not divide 5 elements");
  EXPECT_EQ(message({.n = 4, .k = 5, .input = {0, 1}}), "the 5 largest of 4 elements");
  EXPECT_EQ(message({.n = 4, .pack = 2, .k = 2, .input = {0, 1}}),
            "with k = 2 beats have one element, not 2: put a width converter in front");
}

}  // namespace
}  // namespace sluice::kernel

#include "kernel/fork/fork.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Fork, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto count = checkViews(randomKernel("fork", seed), {.seed = seed, .lanes = 8, .passes = 20});
    ASSERT_TRUE(count.ok()) << count.error().text();
  }
}

TEST(Fork, RefusesToGoNowhereAndToCarryWhatItsFormatDoesNotHold) {
  EXPECT_EQ(fork({.outputs = 0}).error().message, "a fork has at least one output");
  EXPECT_EQ(fork({.outputs = 2, .beat = {1, {2, false}}, .range = {0, 4}}).error().message,
            "the format of port 'x' does not hold its range");
}

}  // namespace
}  // namespace sluice::kernel

#include <gtest/gtest.h>

#include "kernel/testing.h"

/// Every family in bulk; its own test beside it tries fewer, quickly. In Verilator: bench/quality/families.
namespace sluice::kernel {
namespace {

TEST(Families, ValuesAndCyclesOfTwoThousandConfigurationsEachAgreeInAllViews) {
  for (const auto* list : {&randomFamilies(), &randomVariants()})
    for (const std::string& family : *list)
      for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        const auto count = checkViews(randomKernel(family, seed), {.seed = seed, .lanes = 4, .passes = 3});
        ASSERT_TRUE(count.ok()) << family << ", seed " << seed << ": " << count.error().text();
      }
}

}  // namespace
}  // namespace sluice::kernel

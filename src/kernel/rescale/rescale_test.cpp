#include "kernel/rescale/rescale.h"

#include <gtest/gtest.h>

#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

TEST(Rescale, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto count = checkViews(randomKernel("rescale", seed), {.seed = seed, .lanes = 8, .passes = 8});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Rescale, RoundsTiesToTheEvenCode) {
  // x / 2 of 1, 3, 5: 0.5, 1.5 and 2.5 become 0, 2 and 2.
  const RescaleParams p{.input = {5, 5}, .shift = 1, .range = {-9, 9}, .tieToEven = true};
  EXPECT_EQ(rescaleOutputRange(p), (fixed::Interval{2, 2}));
  RescaleParams q = p;
  q.input = {1, 3};
  EXPECT_EQ(rescaleOutputRange(q), (fixed::Interval{0, 2}));
}

TEST(Rescale, RefusesParametersThatDoNotFitTogether) {
  const auto message = [](const RescaleParams& p) {
    return rescale(p).ok() ? "" : rescale(p).error().message;
  };
  EXPECT_EQ(message({.channels = 3, .pack = 2, .input = {0, 1}, .range = {0, 1}}),
            "pack 2 does not divide 3 channels");
  EXPECT_EQ(message({.channels = 3, .input = {0, 1}, .a = {1, 2}, .range = {0, 1}}),
            "2 factors for 3 channels: one for all, or one each");
  EXPECT_EQ(message({.input = {0, 1}, .range = {0, 1}, .tieToEven = true}),
            "rounding ties to even needs a shift of at least 1");
  EXPECT_EQ(message({.input = {0, 1}, .shift = 63, .range = {0, 1}}), "a shift of 63 bits; at most 62");
  EXPECT_EQ(rescale({.input = {0, std::int64_t{1} << 40}, .a = {1 << 30}, .range = {0, 1}}).error().code,
            ErrorCode::unsupported);
}

}  // namespace
}  // namespace sluice::kernel

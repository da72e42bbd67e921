#include "kernel/rescale/requantize.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

using fixed::Interval;
using fixed::Overflow;
using fixed::Rounding;

RequantizeParams randomParams(std::uint64_t seed) {
  Rng rng(seed, 120);
  RequantizeParams p;
  p.pack = static_cast<std::uint32_t>(rng.uniform(1, 3));
  p.channels = p.pack * static_cast<std::uint32_t>(rng.uniform(1, 4));
  const std::int64_t a = rng.uniform(-600, 600), b = rng.uniform(-600, 600);
  p.input = {std::min(a, b), std::max(a, b)};
  p.rounding = static_cast<Rounding>(rng.uniform(0, 8));
  p.overflow = static_cast<Overflow>(rng.uniform(0, 3));
  p.shift.assign(rng.chance(0.4) ? 1 : p.channels, 0);
  for (auto& shift : p.shift) shift = rng.uniform(-3, 7);
  p.ranges.assign(rng.chance(0.4) ? 1 : p.channels, {});
  for (auto& range : p.ranges) {
    const std::int64_t half = std::int64_t{1} << rng.uniform(0, 6);
    const std::int64_t lo = rng.chance(0.4) ? 0 : rng.chance(0.5) ? -half : rng.uniform(-9, 9);
    range = {lo, lo + 2 * half - 1};
    if (rng.chance(0.1)) range = {0, 0};
    if (p.overflow == Overflow::saturateSymmetric) range = {-half, half - 1};
    if (p.overflow == Overflow::saturateToZero) range = {-half, half + 2};
  }
  return p;
}

TEST(Requantize, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const RequantizeParams p = randomParams(seed);
    Result<Kernel> made = requantize(p);
    ASSERT_TRUE(made.ok()) << "seed " << seed << ": " << made.error().text();
    const auto golden = [p](const PassData& reads) {
      std::vector<std::int64_t> y;
      for (std::size_t i = 0; i < reads[0].size(); ++i) {
        const std::int64_t shift = p.shift[i % p.shift.size()];
        const std::int64_t rounded =
            shift <= 0 ? reads[0][i] * (1 << -shift)
                       : fixed::roundShiftRight(reads[0][i], static_cast<std::uint32_t>(shift), p.rounding);
        y.push_back(fixed::fit(rounded, p.ranges[i % p.ranges.size()], p.overflow));
      }
      return PassData{y};
    };
    const auto count = checkViews({.kernel = std::move(made).value(), .golden = golden},
                                  {.seed = seed, .lanes = 8, .passes = 8});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Requantize, SaturatesSymmetricallyEvenWhereTheFormatHoldsAllValues) {
  const RequantizeParams p{
      .input = {-128, 127}, .ranges = {{-128, 127}}, .overflow = Overflow::saturateSymmetric};
  Result<Kernel> made = requantize(p);
  ASSERT_TRUE(made.ok()) << made.error().text();
  const auto golden = [](const PassData& reads) {
    std::vector<std::int64_t> y = reads[0];
    for (std::int64_t& value : y) value = std::max<std::int64_t>(value, -127);
    return PassData{y};
  };
  const auto count = checkViews({.kernel = std::move(made).value(), .golden = golden},
                                {.seed = 1, .lanes = 8, .passes = 64});
  ASSERT_TRUE(count.ok()) << count.error().text();
}

TEST(Requantize, RefusesWhatItCannotBuild) {
  const auto message = [](const RequantizeParams& p) {
    return requantize(p).ok() ? "" : requantize(p).error().message;
  };
  EXPECT_EQ(message({.channels = 3, .pack = 2, .input = {0, 1}, .ranges = {{0, 1}}}),
            "pack 2 does not divide 3 channels");
  EXPECT_EQ(message({.input = {0, 9}, .ranges = {{0, 2}}}),
            "wrapping into a range of 3 codes, no power of two, has no kernel");
  EXPECT_EQ(message({.input = {0, 2}, .ranges = {{0, 2}}}), "");
  EXPECT_EQ(message({.input = {0, 9}, .shift = {63}, .ranges = {{0, 15}}}), "a shift of 63 bits; at most 62");
}

}  // namespace
}  // namespace sluice::kernel

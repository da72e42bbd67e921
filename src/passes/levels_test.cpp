#include "passes/levels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fixed/exact.h"
#include "fixed/exact_bounds.h"
#include "ir/reference_ops.h"

namespace sluice::passes {
namespace {

using fixed::Bounds;
using fixed::Exact;
using fixed::Rounding;

constexpr Rounding allRoundings[] = {
    Rounding::halfEven,         Rounding::floor,        Rounding::ceil,
    Rounding::towardZero,       Rounding::halfUp,       Rounding::halfDown,
    Rounding::halfAwayFromZero, Rounding::awayFromZero, Rounding::halfTowardZero};

TEST(Levels, OfEverySmallFloatFormatAreWhatTheOperationGivesAtEveryEighthOfAStep) {
  for (std::uint32_t exponentBits = 0; exponentBits <= 3; ++exponentBits)
    for (std::uint32_t mantissaBits = 0; mantissaBits <= 3; ++mantissaBits)
      for (const Rounding rounding : allRoundings)
        for (const bool cut : {false, true}) {
          if (exponentBits + mantissaBits == 0) continue;
          const int top = exponentBits == 0 ? 0 : (1 << exponentBits) - 2;
          const double one = std::ldexp(1.0, static_cast<int>(mantissaBits));
          // The largest number in steps; `cut` takes half of the last power away.
          const double mantissa = exponentBits == 0         ? one - 1
                                  : cut && mantissaBits > 0 ? 1.5 * one
                                                            : 2 * one - 1;
          const ir::QuantizeFloat format{
              .scale = 1,
              .exponentBits = exponentBits,
              .mantissaBits = mantissaBits,
              .exponentBias = 2,
              .largest = std::ldexp(mantissa, top - 1 - static_cast<int>(mantissaBits)),
              .rounding = rounding};
          const int step = -1 - static_cast<int>(mantissaBits);
          const auto levels = levelsOf(format);
          ASSERT_TRUE(levels);
          ASSERT_EQ(levels->codes.size(), levels->limits.size() + 1);
          const auto most = static_cast<double>(levels->codes.back()) + 2;
          for (double codes = -most; codes <= most; codes += 0.125) {
            const double expected = std::ldexp(ir::apply(format, std::ldexp(codes, step)), -step);
            const auto level = levelOf(Bounds::of(codes), *levels);
            ASSERT_TRUE(level);
            EXPECT_EQ(static_cast<double>(levels->codes[static_cast<std::size_t>(*level)]), expected)
                << exponentBits << " " << mantissaBits << " at " << codes;
            if (exponentBits == 2 && mantissaBits == 1) {
              EXPECT_EQ(levelOf(Exact::of(codes), *levels), level);
            }
          }
        }
}

TEST(Levels, OfPowersOfTwoAreWhatTheOperationGivesOnBothSidesOfEveryLimit) {
  for (const Rounding rounding : allRoundings)
    for (const bool negative : {false, true}) {
      const ir::QuantizePower power{.lowest = -3, .highest = 2, .rounding = rounding, .negative = negative};
      const auto levels = levelsOf(power);
      ASSERT_TRUE(levels);
      EXPECT_EQ(levels->codes.size(), negative ? 12u : 6u);
      std::vector<double> places = {0};
      for (int e = -5; e <= 4; ++e)
        for (const double at : {std::ldexp(1.0, e), std::ldexp(1.5, e), std::ldexp(std::sqrt(2.0), e)})
          for (const double x : {at, std::nextafter(at, 0), std::nextafter(at, 100)}) {
            // The logarithm of a neighbour of a power of two is that power's in double.
            const bool whole = std::log2(x) == std::floor(std::log2(x)) && x != at;
            if (!whole) places.insert(places.end(), {x, -x});
          }
      for (const double x : places) {
        const auto level = levelOf(Exact::of(x) / Exact::of(0.125), *levels);
        ASSERT_TRUE(level);
        // Roots of two are no doubles: the reference's logarithm may be either there.
        const double exponent = std::log2(std::fabs(x));
        if (std::fabs(exponent - std::floor(exponent) - 0.5) < 1e-12) continue;
        EXPECT_EQ(levels->codes[static_cast<std::size_t>(*level)], ir::apply(power, x)) << x;
      }
    }
}

TEST(Levels, ARootOfTwoIsToldFromTheDoublesBesideIt) {
  const auto levels = levelsOf(ir::QuantizePower{.lowest = 0, .highest = 1});
  ASSERT_TRUE(levels);  // -2 -1 1 2
  const double below = 0x1.6a09e667f3bccp+0, above = 0x1.6a09e667f3bcdp+0;
  EXPECT_EQ(levelOf(Exact::of(below), *levels), 2);
  EXPECT_EQ(levelOf(Exact::of(above), *levels), 3);
  EXPECT_EQ(levelOf(Exact::of(-below), *levels), 1);
  EXPECT_EQ(levelOf(Exact::of(-above), *levels), 0);
  EXPECT_FALSE(levelOf(Bounds{below, above}, *levels)) << "bounds that hold the root cannot tell";
}

TEST(Levels, AFormatOfTooManyNumbersHasNone) {
  EXPECT_FALSE(levelsOf(
      ir::QuantizeFloat{.exponentBits = 5, .mantissaBits = 10, .exponentBias = 15, .largest = 65504}));
  EXPECT_TRUE(levelsOf(ir::QuantizeFloat{}));
}

}  // namespace
}  // namespace sluice::passes

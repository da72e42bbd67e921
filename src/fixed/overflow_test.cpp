#include "fixed/overflow.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::fixed {
namespace {

constexpr Interval three{-4, 3};

TEST(Overflow, SaturatesAtTheEndsOrToZeroOrSymmetrically) {
  EXPECT_EQ(fit(std::int64_t{9}, three, Overflow::saturate), 3);
  EXPECT_EQ(fit(std::int64_t{-9}, three, Overflow::saturate), -4);
  EXPECT_EQ(fit(std::int64_t{9}, three, Overflow::saturateToZero), 0);
  EXPECT_EQ(fit(std::int64_t{9}, three, Overflow::saturateToZero, 2), 2);
  EXPECT_EQ(fit(std::int64_t{-9}, three, Overflow::saturateSymmetric), -3);
  EXPECT_EQ(fit(std::int64_t{-4}, three, Overflow::saturateSymmetric), -3);
  EXPECT_EQ(fit(std::int64_t{-4}, three, Overflow::saturate), -4);
}

TEST(Overflow, WrapsModuloTheNumberOfCodes) {
  for (std::int64_t value = -40; value <= 40; ++value) {
    const std::int64_t code = fit(value, three, Overflow::wrap);
    EXPECT_TRUE(three.contains(code));
    EXPECT_EQ((value - code) % 8, 0) << value;
  }
  EXPECT_EQ(fit(std::int64_t{7}, Interval{0, 4}, Overflow::wrap), 2);  // any range, not only powers of two
  EXPECT_EQ(fit(INT64_MAX, three, Overflow::wrap), -1);
}

TEST(Overflow, ReflectsAtTheEndsOfSignedFormats) {
  const std::int64_t wave[] = {0, 1, 2, 3, 3, 2, 1, 0, -1, -2, -3, -4, -4, -3, -2, -1};
  for (std::int64_t value = -64; value < 64; ++value)
    EXPECT_EQ(fit(value, three, Overflow::wrapSignMagnitude), wave[((value % 16) + 16) % 16]) << value;
  EXPECT_EQ(fit(std::int64_t{9}, Interval{0, 7}, Overflow::wrapSignMagnitude), 7);  // unsigned: saturates
}

TEST(Overflow, DoublesBeyondSixtyFourBitsWrapExactly) {
  for (const Overflow mode : {Overflow::wrap, Overflow::wrapSignMagnitude})
    for (int bits = 0; bits < 62; ++bits)
      for (const double value : {3.0, -5.0, 1e9, -123456789.0}) {
        const double scaled = std::ldexp(value, bits);
        if (std::fabs(scaled) < 0x1p62)
          EXPECT_EQ(fit(scaled, {-8, 7}, mode), fit(static_cast<std::int64_t>(scaled), {-8, 7}, mode));
        else
          EXPECT_EQ(fit(scaled * 0x1p40, {-8, 7}, mode), 0);  // a multiple of every period
      }
  EXPECT_EQ(fit(1e300, {-8, 7}, Overflow::saturate), 7);
  EXPECT_EQ(fit(-HUGE_VAL, {-8, 7}, Overflow::wrap), -8);
}

TEST(Overflow, RangesHoldEveryResultAndAreTheLeastWhereNothingWraps) {
  for (int mode = 0; mode < 5; ++mode)
    for (const Interval range : {three, Interval{0, 5}, Interval{-1, 0}})
      for (std::int64_t lo = -20; lo <= 20; ++lo)
        for (std::int64_t hi = lo; hi <= 20; ++hi) {
          const auto overflow = static_cast<Overflow>(mode);
          Interval found{INT64_MAX, INT64_MIN};
          for (std::int64_t value = lo; value <= hi; ++value) {
            const std::int64_t code = fit(value, range, overflow);
            found = {std::min(found.lo, code), std::max(found.hi, code)};
          }
          const Interval proven = fitRange({lo, hi}, range, overflow);
          EXPECT_TRUE(proven.contains(found)) << name(overflow) << " " << lo << " " << hi;
          if (range.contains({lo, hi}) || overflow == Overflow::saturate) {
            EXPECT_EQ(proven, found);
          }
        }
}

TEST(Overflow, NamesReadBack) {
  for (int mode = 0; mode < 5; ++mode)
    EXPECT_EQ(overflowFromName(name(static_cast<Overflow>(mode))), static_cast<Overflow>(mode));
  EXPECT_FALSE(overflowFromName("sat").has_value());
}

}  // namespace
}  // namespace sluice::fixed

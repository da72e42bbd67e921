#include "fixed/interval.h"

#include <gtest/gtest.h>

namespace sluice::fixed {
namespace {

/// The least interval that holds f(a, b) for all a, b: what interval arithmetic must return.
template <typename Function>
Interval imageOf(Interval a, Interval b, Function f) {
  Interval image{INT64_MAX, INT64_MIN};
  for (std::int64_t x = a.lo; x <= a.hi; ++x)
    for (std::int64_t y = b.lo; y <= b.hi; ++y)
      image = {std::min(image.lo, f(x, y)), std::max(image.hi, f(x, y))};
  return image;
}

/// Calls visit for every interval within [-limit, limit].
template <typename Visit>
void allIntervals(std::int64_t limit, Visit visit) {
  for (std::int64_t lo = -limit; lo <= limit; ++lo)
    for (std::int64_t hi = lo; hi <= limit; ++hi) visit(Interval{lo, hi});
}

TEST(Interval, ArithmeticGivesTheLeastIntervalThatHoldsEveryResult) {
  allIntervals(4, [](Interval a) {
    allIntervals(4, [&](Interval b) {
      ASSERT_EQ(add(a, b), imageOf(a, b, [](auto x, auto y) { return x + y; }));
      ASSERT_EQ(subtract(a, b), imageOf(a, b, [](auto x, auto y) { return x - y; }));
      ASSERT_EQ(multiply(a, b), imageOf(a, b, [](auto x, auto y) { return x * y; }));
      ASSERT_EQ(join(a, b), (Interval{std::min(a.lo, b.lo), std::max(a.hi, b.hi)}));
    });
    ASSERT_EQ(negate(a), imageOf(a, {0, 0}, [](auto x, auto) { return -x; }));
    for (std::uint32_t bits = 0; bits < 4; ++bits) {
      ASSERT_EQ(shiftLeft(a, bits), imageOf(a, {0, 0}, [&](auto x, auto) { return x * (1 << bits); }));
      ASSERT_EQ(shiftRight(a, bits), imageOf(a, {0, 0}, [&](auto x, auto) { return x >> bits; }));
    }
  });
}

TEST(IntegerFormat, IsTheNarrowestThatHoldsTheInterval) {
  allIntervals(33, [](Interval range) {
    const IntegerFormat format = formatFor(range);
    ASSERT_TRUE(format.range().contains(range));
    ASSERT_EQ(format.isSigned, range.lo < 0);
    if (format.bits > 1) {
      ASSERT_FALSE((IntegerFormat{format.bits - 1, format.isSigned}.range().contains(range)));
    }
  });
}

TEST(IntegerFormat, HoldsTheEndsOfSixtyFourBits) {
  EXPECT_EQ(formatFor({0, 0}), (IntegerFormat{1, false}));
  EXPECT_EQ(formatFor({INT64_MIN, 0}), (IntegerFormat{64, true}));
  EXPECT_EQ(formatFor({0, INT64_MAX}), (IntegerFormat{63, false}));
  EXPECT_EQ((IntegerFormat{64, false}.range()), (Interval{0, INT64_MAX}));
}

TEST(IntervalDeathTest, BoundsThatLeaveSixtyFourBitsAreABugOfTheCaller) {
  EXPECT_DEATH(add({0, INT64_MAX}, {0, 1}), "64 bits");
  EXPECT_DEATH(multiply({0, INT64_MAX}, {0, 2}), "64 bits");
  EXPECT_DEATH(negate({INT64_MIN, 0}), "64 bits");
  EXPECT_DEATH(shiftLeft({1, 1}, 63), "64 bits");
}

}  // namespace
}  // namespace sluice::fixed

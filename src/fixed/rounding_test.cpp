#include "fixed/rounding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sluice::fixed {
namespace {

constexpr Rounding allModes[] = {
    Rounding::halfEven,      Rounding::floor,  Rounding::ceil,     Rounding::towardZero,
    Rounding::awayFromZero,  Rounding::halfUp, Rounding::halfDown, Rounding::halfAwayFromZero,
    Rounding::halfTowardZero};

TEST(Rounding, EveryModeRoundsTiesAndOthersAsItsNameSays) {
  const double inputs[] = {-2.5, -1.75, -1.5, -1.25, -0.5, 0.5, 1.25, 1.5, 1.75, 2.5};
  const std::vector<std::pair<Rounding, std::vector<double>>> expected = {
      {Rounding::halfEven, {-2, -2, -2, -1, 0, 0, 1, 2, 2, 2}},
      {Rounding::floor, {-3, -2, -2, -2, -1, 0, 1, 1, 1, 2}},
      {Rounding::ceil, {-2, -1, -1, -1, 0, 1, 2, 2, 2, 3}},
      {Rounding::towardZero, {-2, -1, -1, -1, 0, 0, 1, 1, 1, 2}},
      {Rounding::awayFromZero, {-3, -2, -2, -2, -1, 1, 2, 2, 2, 3}},
      {Rounding::halfUp, {-2, -2, -1, -1, 0, 1, 1, 2, 2, 3}},
      {Rounding::halfDown, {-3, -2, -2, -1, -1, 0, 1, 1, 2, 2}},
      {Rounding::halfAwayFromZero, {-3, -2, -2, -1, -1, 1, 1, 2, 2, 3}},
      {Rounding::halfTowardZero, {-2, -2, -1, -1, 0, 0, 1, 1, 2, 2}},
  };
  for (const auto& [mode, outputs] : expected)
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_EQ(roundToInteger(inputs[i], mode), outputs[i]) << name(mode) << " of " << inputs[i];
}

TEST(Rounding, ShiftsRoundAsTheRealQuotientDoes) {
  for (const Rounding mode : allModes)
    for (std::uint32_t bits = 0; bits <= 5; ++bits)
      for (std::int64_t value = -200; value <= 200; ++value)
        ASSERT_EQ(static_cast<double>(roundShiftRight(value, bits, mode)),
                  roundToInteger(std::ldexp(static_cast<double>(value), -static_cast<int>(bits)), mode))
            << name(mode) << " of " << value << " / 2^" << bits;
}

TEST(Rounding, ShiftsHoldAtTheEndsOfSixtyFourBits) {
  EXPECT_EQ(roundShiftRight(INT64_MAX, 63, Rounding::floor), 0);
  EXPECT_EQ(roundShiftRight(INT64_MAX, 63, Rounding::halfEven), 1);
  EXPECT_EQ(roundShiftRight(INT64_MIN, 63, Rounding::halfEven), -1);
  EXPECT_EQ(roundShiftRight(INT64_MIN + 1, 63, Rounding::towardZero), 0);
  EXPECT_EQ(roundShiftRight(INT64_MIN, 0, Rounding::ceil), INT64_MIN);
}

TEST(Rounding, ANumberJustBesideATieIsNoTie) {
  const double below = std::nextafter(0.5, 0.0);  // x - floor(x) of its negative would round to 0.5
  EXPECT_EQ(roundToInteger(below, Rounding::halfUp), 0);
  EXPECT_EQ(roundToInteger(-below, Rounding::halfAwayFromZero), 0);
  EXPECT_EQ(roundToInteger(std::nextafter(0.5, 1.0), Rounding::halfTowardZero), 1);
}

TEST(Rounding, LargeNumbersAndInfinitiesStayWhatTheyAre) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Rounding mode : allModes) {
    EXPECT_EQ(roundToInteger(0x1p60 + 0x1p10, mode), 0x1p60 + 0x1p10);
    EXPECT_EQ(roundToInteger(-infinity, mode), -infinity);
    EXPECT_TRUE(std::isnan(roundToInteger(std::nan(""), mode)));
  }
}

TEST(Rounding, ClampingSaturatesAndTakesNaNForZero) {
  EXPECT_EQ(clampToRange(5, {-8, 7}), 5);
  EXPECT_EQ(clampToRange(8, {-8, 7}), 7);
  EXPECT_EQ(clampToRange(-1e300, {-8, 7}), -8);
  EXPECT_EQ(clampToRange(std::numeric_limits<double>::infinity(), {-8, 7}), 7);
  EXPECT_EQ(clampToRange(std::nan(""), {-8, 7}), 0);
  EXPECT_EQ(clampToRange(std::nan(""), {3, 7}), 3);
  EXPECT_EQ(clampToRange(0x1p63, {INT64_MIN, INT64_MAX}), INT64_MAX);
}

TEST(Rounding, NamesReadBack) {
  for (const Rounding mode : allModes) EXPECT_EQ(roundingFromName(name(mode)), mode);
  EXPECT_EQ(roundingFromName("nearest"), std::nullopt);
}

}  // namespace
}  // namespace sluice::fixed

#include "fixed/exact.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/rng.h"
#include "fixed/exact_bounds.h"
#include "fixed/exact_precise.h"

namespace sluice::fixed {
namespace {

constexpr std::array allModes = {
    Rounding::halfEven,      Rounding::floor,  Rounding::ceil,     Rounding::towardZero,
    Rounding::awayFromZero,  Rounding::halfUp, Rounding::halfDown, Rounding::halfAwayFromZero,
    Rounding::halfTowardZero};

/// round(top / bottom), bottom > 0, by long division and nothing else: shares no code with what is tested.
std::int64_t roundFraction(__int128 top, __int128 bottom, Rounding mode) {
  __int128 floor = top / bottom;
  if (floor * bottom > top) --floor;
  const __int128 rest = top - floor * bottom;  // 0 <= rest < bottom
  const auto down = static_cast<std::int64_t>(floor);
  if (rest == 0) return down;
  const std::int64_t up = down + 1;
  const std::int64_t nearZero = top > 0 ? down : up;
  const std::int64_t farFromZero = top > 0 ? up : down;
  const int half = 2 * rest < bottom ? -1 : 2 * rest > bottom ? 1 : 0;
  switch (mode) {
    case Rounding::floor:
      return down;
    case Rounding::ceil:
      return up;
    case Rounding::towardZero:
      return nearZero;
    case Rounding::awayFromZero:
      return farFromZero;
    default:
      break;
  }
  if (half != 0) return half < 0 ? down : up;
  switch (mode) {
    case Rounding::halfEven:
      return down % 2 == 0 ? down : up;
    case Rounding::halfUp:
      return up;
    case Rounding::halfDown:
      return down;
    case Rounding::halfAwayFromZero:
      return farFromZero;
    default:
      return nearZero;
  }
}

Exact fraction(std::int64_t top, std::int64_t bottom) {
  return Exact::ofInteger(top) / Exact::ofInteger(bottom);
}

TEST(Exact, RoundsEverySmallFractionInEveryModeLikeLongDivision) {
  constexpr Interval wide{-1000, 1000};
  for (std::int64_t bottom = 1; bottom <= 12; ++bottom)
    for (std::int64_t top = -60; top <= 60; ++top)
      for (const Rounding mode : allModes)
        ASSERT_EQ(roundAndClamp(fraction(top, bottom), mode, wide), roundFraction(top, bottom, mode))
            << top << "/" << bottom << " " << name(mode);
}

TEST(Exact, QuantizesEverySmallDyadicLikeLongDivisionWhateverTheZeroPoint) {
  // value = v/8, scale = s/16: the quotient is 2v/s.
  for (std::int64_t s = 1; s <= 24; ++s)
    for (std::int64_t v = -70; v <= 70; ++v)
      for (const std::int64_t zeroPoint : {0, 1, -3})
        for (const Rounding mode : allModes)
          ASSERT_EQ(
              quantize(static_cast<double>(v) / 8, static_cast<double>(s) / 16, zeroPoint, mode, {-500, 500}),
              roundFraction(2 * v + zeroPoint * s, s, mode))
              << v << "/8 by " << s << "/16, zero point " << zeroPoint << ", " << name(mode);
}

TEST(Exact, QuantizeSeesTheSideOfATieThatTheQuotientOfDoublesHides) {
  // value = scale * (k + 1/2), rounded to a double: just beside the tie, while value / scale often rounds to
  // it.
  int hidden = 0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const double scale = 1 + static_cast<double>(randomBits(5, 0, i) % 1000003) / 1000003;
    const double tie = static_cast<double>(randomBits(5, 1, i) % 2000) + 0.5;
    const double value = scale * tie;                   // rounded: at, just below or just above the tie
    const double error = std::fma(scale, tie, -value);  // scale * tie - value, exactly
    const auto down = static_cast<std::int64_t>(tie - 0.5);
    const std::int64_t expected = error > 0 ? down : error < 0 ? down + 1 : down + down % 2;
    ASSERT_EQ(quantize(value, scale, 0, Rounding::halfEven, {0, 5000}), expected);
    const auto big =
        roundAndClamp(Exact::of(value) / Exact::of(scale), Rounding::halfEven, Interval{0, 5000});
    ASSERT_EQ(big, expected);
    hidden += error != 0 && value / scale == tie ? 1 : 0;
  }
  EXPECT_GT(hidden, 100) << "the test must meet what it is about";
}

TEST(Exact, QuantizeClampsAndTakesZeroAndHugeValues) {
  EXPECT_EQ(quantize(0, 0.3, 2, Rounding::halfEven, {-4, 3}), 2);
  EXPECT_EQ(quantize(-0.0, 0.3, 0, Rounding::floor, {-4, 3}), 0);
  EXPECT_EQ(quantize(1e300, 1e-30, 0, Rounding::halfEven, {-4, 3}), 3);
  EXPECT_EQ(quantize(-1e300, 1e-30, 0, Rounding::halfEven, {-4, 3}), -4);
  EXPECT_EQ(quantize(5e-324, 1, 0, Rounding::ceil, {-4, 3}), 1);
  EXPECT_EQ(quantize(-5e-324, 1, 0, Rounding::floor, {-4, 3}), -1);
}

TEST(Exact, NumbersWithOneRootFormAField) {
  const Exact two = Exact::ofInteger(2);
  const Exact one = Exact::ofInteger(1);
  const Exact root = squareRoot(two);
  EXPECT_FALSE(root.isRational());
  EXPECT_EQ(((root + one) * (root - one) - one).sign(), 0) << "(1+r)(r-1) = 1";
  EXPECT_EQ((one / (root - one) - (root + one)).sign(), 0);
  EXPECT_EQ((squareRoot(Exact::ofInteger(8)) - two * root).sign(), 0) << "related roots are one field";
  EXPECT_EQ((squareRoot(fraction(9, 4)) - fraction(3, 2)).sign(), 0);
  EXPECT_FALSE((root + squareRoot(Exact::ofInteger(3))).known()) << "unrelated roots are not";
  EXPECT_TRUE((root * Exact::of(0) + squareRoot(Exact::ofInteger(3))).known()) << "a root times zero is gone";
  EXPECT_FALSE((one / (root * root - two)).known()) << "division by zero";
  EXPECT_FALSE(squareRoot(Exact::ofInteger(-1)).known());
}

TEST(Exact, ComparesARootWithItsNearestFractionsBySquares) {
  // 1393/985 < sqrt(2) < 3363/2378, two neighbours in its continued fraction; 2*1393^2 etc. differ by one.
  const Exact root = squareRoot(Exact::ofInteger(2));
  EXPECT_EQ((root - fraction(1393, 985)).sign(), 1);
  EXPECT_EQ((root - fraction(3363, 2378)).sign(), -1);
  EXPECT_EQ(roundAndClamp(root * Exact::of(1e9), Rounding::floor, {0, 1LL << 40}), 1414213562);
  EXPECT_EQ(roundAndClamp(-root * Exact::of(1e9), Rounding::floor, {-(1LL << 40), 0}), -1414213563);
  // Cancellation: 665857 - 470832*sqrt(2) is 7.5e-7, its double evaluation is mostly noise.
  const Exact tiny = Exact::ofInteger(665857) - Exact::ofInteger(470832) * root;
  EXPECT_EQ(tiny.sign(), 1);
  EXPECT_EQ(roundAndClamp(tiny, Rounding::ceil, {-5, 5}), 1);
  EXPECT_EQ(roundAndClamp(-tiny, Rounding::floor, {-5, 5}), -1);
}

TEST(Exact, SaysWhichValuesADoubleHolds) {
  EXPECT_EQ(fraction(3, 8).exactDouble(), 0.375);
  EXPECT_EQ(fraction(1, 3).exactDouble(), std::nullopt);
  EXPECT_EQ(squareRoot(Exact::ofInteger(2)).exactDouble(), std::nullopt);
  EXPECT_EQ(Exact::of(-0x1.fffffffffffffp+1000).exactDouble(), -0x1.fffffffffffffp+1000);
  EXPECT_NEAR(fraction(-10, 3).approximate(), -10.0 / 3, 1e-12);
}

TEST(Exact, ClampsFarBeyondTheCodes) {
  EXPECT_EQ(roundAndClamp(Exact::of(1e200), Rounding::halfEven, {-8, 7}), 7);
  EXPECT_EQ(roundAndClamp(Exact::of(-1e200), Rounding::halfEven, {-8, 7}), -8);
  EXPECT_EQ(roundAndClamp(Exact::unknown(), Rounding::halfEven, {-8, 7}), std::nullopt);
}

/// Whether the interval holds the number.
bool holds(Bounds bounds, const Exact& number) {
  return (number - Exact::of(bounds.lo)).sign() != -1 && (Exact::of(bounds.hi) - number).sign() != -1;
}

TEST(Bounds, HoldTheExactResultOfEveryOperationAndArePointsWhereItIsADouble) {
  int points = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    // Half of them with few bits, so that exact results are common.
    const auto draw = [&](std::uint64_t k) {
      const std::uint64_t bits = randomBits(11, k, i);
      const double size = static_cast<double>(bits >> 40) + 1;
      return (bits & 1 ? -1 : 1) * (i % 2 == 0 ? std::floor(size / 65536) : size / 3) *
             std::ldexp(1.0, static_cast<int>(bits % 61) / 4 - 7);
    };
    const double a = draw(1);
    const double b = draw(2) == 0 ? 1 : draw(2);
    const auto check = [&](Bounds got, const Exact& want, const char* what) {
      ASSERT_TRUE(holds(got, want)) << what << " " << a << " " << b;
      ASSERT_EQ(got.isPoint(), want.exactDouble().has_value()) << what << " " << a << " " << b;
      ASSERT_LE(got.hi - got.lo, std::fabs(got.lo) * 0x1p-51) << what;
      points += got.isPoint();
    };
    check(Bounds::of(a) + Bounds::of(b), Exact::of(a) + Exact::of(b), "+");
    check(Bounds::of(a) - Bounds::of(b), Exact::of(a) - Exact::of(b), "-");
    check(Bounds::of(a) * Bounds::of(b), Exact::of(a) * Exact::of(b), "*");
    check(Bounds::of(a) / Bounds::of(b), Exact::of(a) / Exact::of(b), "/");
    check(squareRoot(Bounds::of(std::fabs(a))), squareRoot(Exact::of(std::fabs(a))), "root");
    // Wide operands too.
    const Bounds wide{std::min(a, b), std::max(a, b)};
    ASSERT_TRUE(holds(wide * wide, Exact::of(a) * Exact::of(b)));
    ASSERT_TRUE(holds(wide + wide, Exact::of(a) + Exact::of(b)));
    if (a * b > 0) {
      ASSERT_TRUE(holds(wide / wide, Exact::of(a) / Exact::of(b)));
    }
  }
  EXPECT_GT(points, 4000);
}

TEST(Bounds, DoNotTrustErrorsThatUnderflow) {
  const Bounds tiny = Bounds::of(0x1.0000001p-600) * Bounds::of(0x1.0000001p-450);
  EXPECT_FALSE(tiny.isPoint());
  EXPECT_TRUE(holds(tiny, Exact::of(0x1.0000001p-600) * Exact::of(0x1.0000001p-450)));
  EXPECT_FALSE((Bounds::of(1) / Bounds{-1, 1}).known());
  EXPECT_FALSE((Bounds::of(1e300) * Bounds::of(1e300)).known());
  EXPECT_EQ(roundAndClamp(Bounds::unknown(), Rounding::floor, {0, 1}), std::nullopt);
}

TEST(Bounds, RoundOnlyWhereBothEndsAgree) {
  EXPECT_EQ(roundAndClamp(Bounds{2.4, 2.45}, Rounding::halfEven, {0, 7}), 2);
  EXPECT_EQ(roundAndClamp(Bounds{2.4, 2.6}, Rounding::halfEven, {0, 7}), std::nullopt);
  EXPECT_EQ(roundAndClamp(Bounds{7.4, 1e9}, Rounding::halfEven, {0, 7}), 7) << "both saturate";
  EXPECT_EQ(roundAndClamp(Bounds::of(2.5), Rounding::halfEven, {0, 7}), 2) << "a point is a tie for certain";
}

TEST(Precise, KnowsTheDigitsOfTranscendentalFunctions) {
  // Digits from decimal arithmetic with 60 places (Python's decimal module).
  const Precise one = Precise::of(1);
  const Precise scale = Precise::of(0x1p45);
  constexpr Interval range{0, 1LL << 49};
  EXPECT_EQ(roundAndClamp(sigmoid(one) * scale, Rounding::floor, range), 25721837049250);
  EXPECT_EQ(roundAndClamp(hyperbolicTangent(one) * scale, Rounding::floor, range), 26796212163827);
  EXPECT_EQ(roundAndClamp(power(Precise::of(3), 0.3) * scale, Rounding::floor, range), 48919969916677);
  EXPECT_EQ(roundAndClamp(sigmoid(Precise::of(-1e5)), Rounding::ceil, range), 1) << "tiny, yet above zero";
  EXPECT_EQ(roundAndClamp(sigmoid(Precise::of(1e9)), Rounding::halfEven, range), 1);
}

TEST(Precise, DecidesTwoRootsButNeverATieOfThem) {
  const Precise two = Precise::ofInteger(2);
  const Precise three = Precise::ofInteger(3);
  EXPECT_EQ((squareRoot(two) + squareRoot(three) - Precise::of(3.1462643699419)).sign(), 1);
  EXPECT_EQ((squareRoot(two) * squareRoot(three) - squareRoot(Precise::ofInteger(6))).sign(), std::nullopt);
  EXPECT_EQ((two - two).sign(), 0);
  EXPECT_FALSE((two / (two - two)).known());
}

TEST(Precise, AgreesWithExactOnNumbersWithOneRoot) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    const double a = static_cast<double>(randomBits(3, 1, i) % 1000) / 8 - 60;
    const double b = static_cast<double>(randomBits(3, 2, i) % 1000) / 16 - 30;
    const double d = static_cast<double>(randomBits(3, 3, i) % 1000 + 1) / 32;
    const auto formula = [&](auto number) {
      using Number = decltype(number);
      return (Number::of(a) + Number::of(b) / squareRoot(Number::of(d))) * Number::of(3.7);
    };
    const auto exact = roundAndClamp(formula(Exact()), Rounding::halfEven, {-1000, 1000});
    const auto precise = roundAndClamp(formula(Precise::of(0)), Rounding::halfEven, {-1000, 1000});
    const auto bounds = roundAndClamp(formula(Bounds()), Rounding::halfEven, Interval{-1000, 1000});
    ASSERT_TRUE(exact.has_value());
    if (precise) {
      ASSERT_EQ(*precise, *exact);
    }
    if (bounds) {
      ASSERT_EQ(*bounds, *exact);
    }
  }
}

}  // namespace
}  // namespace sluice::fixed

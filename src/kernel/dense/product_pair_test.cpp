#include "kernel/dense/product_pair.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "hdl/evaluate.h"
#include "hdl/simplify.h"

namespace sluice::kernel {
namespace {

constexpr fixed::Interval kSigned4{-8, 7}, kUnsigned4{0, 15}, kSigned8{-128, 127}, kUnsigned8{0, 255};

std::vector<std::int64_t> everyOf(fixed::Interval range) {
  std::vector<std::int64_t> values;
  for (std::int64_t v = range.lo; v <= range.hi; ++v) values.push_back(v);
  return values;
}

/// The hardware of a pair, weights and x from outside.
hdl::Evaluator hardwareOf(const ProductPair& pair, std::uint32_t lanes) {
  hdl::Builder b("pair");
  const hdl::Signal x = b.input("x", pair.x), stored = b.input("stored", pair.stored),
                    low = b.input("low", pair.low);
  const hdl::Signal product = pairedProduct(b, pair, x, stored, low);
  hdl::Signal high = highProduct(b, pair, product);
  if (pair.lowIsSigned) high = b.add(high, correction(b, pair, product));
  b.output("low_product", lowProduct(b, pair, product));
  b.output("high_product", high);
  return hdl::Evaluator::make(hdl::simplify(std::move(b).build()), lanes).value();
}

/// Both products of every choice of one value each.
void check(const ProductPair& pair, const std::vector<std::int64_t>& highs,
           const std::vector<std::int64_t>& lows, const std::vector<std::int64_t>& xs) {
  const auto lanes = static_cast<std::uint32_t>(xs.size());
  hdl::Evaluator hardware = hardwareOf(pair, lanes);
  for (const std::int64_t high : highs)
    for (const std::int64_t low : lows) {
      for (std::uint32_t k = 0; k < lanes; ++k) {
        hardware.set(0, k, xs[k]);
        hardware.set(1, k, high - (low < 0 ? 1 : 0));
        hardware.set(2, k, low);
      }
      hardware.settle();
      for (std::uint32_t k = 0; k < lanes; ++k) {
        ASSERT_EQ(hardware.get(0, k), low * xs[k]) << high << " and " << low << " times " << xs[k];
        ASSERT_EQ(hardware.get(1, k), high * xs[k]) << high << " and " << low << " times " << xs[k];
      }
    }
}

ProductPair pairOf(fixed::Interval high, fixed::Interval low, fixed::Interval x,
                   hdl::Family family = hdl::Family::xc7) {
  const auto pair = pairProducts(high, low, x, family);
  EXPECT_TRUE(pair.has_value());
  return pair.value();
}

TEST(ProductPair, IsBothProductsForAllNumbersOfFourBits) {
  for (const fixed::Interval high : {kSigned4, kUnsigned4})
    for (const fixed::Interval low : {kSigned4, kUnsigned4})
      for (const fixed::Interval x : {kSigned4, kUnsigned4})
        check(pairOf(high, low, x), everyOf(high), everyOf(low), everyOf(x));
}

TEST(ProductPair, IsBothProductsForAllNumbersOfEightBits) {
  for (const fixed::Interval x : {kSigned8, kUnsigned8}) {
    const ProductPair pair = pairOf(kSigned8, kSigned8, x);
    EXPECT_EQ(pair.lowBits, 16u);
    check(pair, everyOf(kSigned8), everyOf(kSigned8), everyOf(x));
  }
}

TEST(ProductPair, IsBothProductsForRandomRangesWhereverItIsLegal) {
  Rng rng(1, 1);
  const auto range = [&] {
    const std::int64_t a = rng.uniform(-400, 400) >> rng.uniform(0, 8),
                       b = rng.uniform(-400, 400) >> rng.uniform(0, 8);
    return fixed::Interval{std::min(a, b), std::max(a, b)};
  };
  const auto some = [&](fixed::Interval of) {
    std::vector<std::int64_t> values = {of.lo, of.hi};
    for (int k = 0; k < 6; ++k) values.push_back(rng.uniform(of.lo, of.hi));
    return values;
  };
  int legal = 0;
  for (int k = 0; k < 400; ++k) {
    const fixed::Interval high = range(), low = range(), x = range();
    const auto pair = pairProducts(high, low, x, static_cast<hdl::Family>(k % 3));
    if (!pair) continue;
    ++legal;
    check(*pair, some(high), some(low), some(x));
  }
  EXPECT_GT(legal, 200);
}

TEST(ProductPair, EndsWhereTheBlockOfTheFamilyDoes) {
  EXPECT_EQ(fixed::formatFor(pairOf(kSigned8, kSigned8, kSigned8).packed).bits, 25u);
  const fixed::Interval nine{-256, 255};
  EXPECT_FALSE(pairProducts(nine, kSigned8, kSigned8, hdl::Family::xc7)) << "26 bits";
  EXPECT_TRUE(pairProducts(nine, kSigned8, kSigned8, hdl::Family::xcup));
  EXPECT_FALSE(pairProducts(kSigned8, kSigned8, kSigned8, hdl::Family::ecp5));
  EXPECT_TRUE(pairProducts(kSigned4, kSigned4, kSigned8, hdl::Family::ecp5)) << "k is 12, 17 bits";
  EXPECT_FALSE(pairProducts({0, 1}, {0, 1}, {-4, 3}, hdl::Family::xc7)) << "nine bits of product at least";
}

TEST(ProductPair, NeedsNoCorrectionWhereTheLowProductIsNeverNegative) {
  EXPECT_FALSE(pairOf(kSigned4, kUnsigned4, kUnsigned4).lowIsSigned);
  EXPECT_TRUE(pairOf(kSigned4, kUnsigned4, kSigned4).lowIsSigned);
}

}  // namespace
}  // namespace sluice::kernel

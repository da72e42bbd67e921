#include "fixed/ap_fixed.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::fixed {
namespace {

struct Recorded {
  const char* name;
  std::uint64_t digest;
};

/// What the ap_types headers of hls4ml 1.3.0 gave, printed by bench/quality/ap_types: one digest for each rounding,
/// overflow and number of saturation bits, and for each operation.
constexpr Recorded recorded[] = {
    {"ap_fixed<16, 6>", 0x353d9616fa690f09},
    {"ap_fixed<16, 6, AP_TRN, AP_SAT>", 0xb8a54bbf7d097cbd},
    {"ap_fixed<16, 6, AP_TRN, AP_SAT_ZERO>", 0x1aee9136fae2a821},
    {"ap_fixed<16, 6, AP_TRN, AP_SAT_SYM>", 0x99cce89136499b09},
    {"ap_fixed<16, 6, AP_TRN, AP_WRAP_SM>", 0xa7dd47ba606155a1},
    {"ap_fixed<16, 6, AP_TRN, AP_WRAP, 1>", 0x31791ccf4a954a98},
    {"ap_fixed<16, 6, AP_TRN, AP_WRAP_SM, 1>", 0x82c4b3f844a38e9b},
    {"ap_fixed<16, 6, AP_TRN, AP_WRAP, 2>", 0xa557931222b21993},
    {"ap_fixed<16, 6, AP_TRN, AP_WRAP_SM, 2>", 0x9b95821f749e4e6b},
    {"ap_fixed<16, 6, AP_TRN_ZERO, AP_WRAP>", 0xc1404b1fd1b59225},
    {"ap_fixed<16, 6, AP_TRN_ZERO, AP_SAT>", 0xa0e674ecd88d9b89},
    {"ap_fixed<16, 6, AP_TRN_ZERO, AP_SAT_ZERO>", 0x0ca549d96396e0f5},
    {"ap_fixed<16, 6, AP_TRN_ZERO, AP_SAT_SYM>", 0x9b224987f28bbba9},
    {"ap_fixed<16, 6, AP_TRN_ZERO, AP_WRAP_SM>", 0x3df7e40ebe659625},
    {"ap_fixed<16, 6, AP_RND, AP_WRAP>", 0xb0fca3cd5bfb6d5f},
    {"ap_fixed<16, 6, AP_RND, AP_SAT>", 0x93958af6f38836c9},
    {"ap_fixed<16, 6, AP_RND, AP_SAT_ZERO>", 0x0330b5aa4312cc08},
    {"ap_fixed<16, 6, AP_RND, AP_SAT_SYM>", 0x3afa34c6acac3a63},
    {"ap_fixed<16, 6, AP_RND, AP_WRAP_SM>", 0x10025e8b4a9d9219},
    {"ap_fixed<16, 6, AP_RND, AP_WRAP, 1>", 0xb487f251b45cf30f},
    {"ap_fixed<16, 6, AP_RND, AP_WRAP_SM, 1>", 0x36f2173c98d5d2c3},
    {"ap_fixed<16, 6, AP_RND, AP_WRAP, 2>", 0x4da45e035b3640be},
    {"ap_fixed<16, 6, AP_RND, AP_WRAP_SM, 2>", 0x06652b8c1de0af9e},
    {"ap_fixed<16, 6, AP_RND_ZERO, AP_WRAP>", 0xf87fed3a0ef509d5},
    {"ap_fixed<16, 6, AP_RND_ZERO, AP_SAT>", 0x758bf79ade8d830e},
    {"ap_fixed<16, 6, AP_RND_ZERO, AP_SAT_ZERO>", 0x2b0716e47d36414f},
    {"ap_fixed<16, 6, AP_RND_ZERO, AP_SAT_SYM>", 0x5ccbcbca7d7b31fc},
    {"ap_fixed<16, 6, AP_RND_ZERO, AP_WRAP_SM>", 0x5f4d3dad49f16e8e},
    {"ap_fixed<16, 6, AP_RND_INF, AP_WRAP>", 0x57cfccd7b9da3ce9},
    {"ap_fixed<16, 6, AP_RND_INF, AP_SAT>", 0xf4edcba0b5fce84a},
    {"ap_fixed<16, 6, AP_RND_INF, AP_SAT_ZERO>", 0x2b6888f31b4ff08f},
    {"ap_fixed<16, 6, AP_RND_INF, AP_SAT_SYM>", 0x4da69b36a6b2dfa0},
    {"ap_fixed<16, 6, AP_RND_INF, AP_WRAP_SM>", 0xceb4024944106572},
    {"ap_fixed<16, 6, AP_RND_MIN_INF, AP_WRAP>", 0x7ca7131df98e25e3},
    {"ap_fixed<16, 6, AP_RND_MIN_INF, AP_SAT>", 0x8236d131befa59e1},
    {"ap_fixed<16, 6, AP_RND_MIN_INF, AP_SAT_ZERO>", 0xc232b9d5d7d90fe4},
    {"ap_fixed<16, 6, AP_RND_MIN_INF, AP_SAT_SYM>", 0x889da1754d88f8d7},
    {"ap_fixed<16, 6, AP_RND_MIN_INF, AP_WRAP_SM>", 0x4384bf2799359d75},
    {"ap_fixed<16, 6, AP_RND_CONV, AP_WRAP>", 0xb8dad36344a7ca79},
    {"ap_fixed<16, 6, AP_RND_CONV, AP_SAT>", 0x727078bdb7a63818},
    {"ap_fixed<16, 6, AP_RND_CONV, AP_SAT_ZERO>", 0x515e8e3d03d88303},
    {"ap_fixed<16, 6, AP_RND_CONV, AP_SAT_SYM>", 0x32a7833ceb782d32},
    {"ap_fixed<16, 6, AP_RND_CONV, AP_WRAP_SM>", 0xbdc92ecd569cb83a},
    {"+", 0xefa65ed0d4c339f1},
    {"-", 0xeac281c8c3ca2e69},
    {"*", 0x7da86a6b2b5a8835},
    {"/", 0x57e9dd68b081c03c},
    {"<", 0xeee79ae6e3a3d07f},
    {"s", 0xd8f71380e3fb8018},
};

class Digest {
 public:
  void add(Wide code) {
    value_ = (value_ ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(code))) * 0x100000001b3;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

void expectRecorded(const std::string& name, const Digest& digest) {
  for (const Recorded& one : recorded)
    if (name == one.name) {
      EXPECT_EQ(digest.value(), one.digest) << name;
      return;
    }
  ADD_FAILURE() << "no digest is recorded for " << name;
}

std::int64_t codeOf(int bits, int width, bool isSigned) {
  return isSigned && (bits >> (width - 1) & 1) != 0 ? bits - (1 << width) : bits;
}

/// Calls visit(source, target format) for every code of every pair of formats of up to 5 bits, the points up to
/// `reach` places apart.
template <typename Visit>
void forEachPair(int least, int reach, Visit visit) {
  for (int w = least; w < least + (least > 1 ? 4 : 5); ++w)
    for (const bool s : {false, true})
      for (int w2 = 1; w2 <= 5; ++w2)
        for (const bool s2 : {false, true})
          for (int d = -reach; d <= reach; ++d)
            visit(ApFormat{.width = w, .integer = w, .isSigned = s},
                  ApFormat{.width = w2, .integer = w2 - d, .isSigned = s2});
}

void checkConversions(Rounding rounding, Overflow overflow, int saturationBits) {
  Digest digest;
  forEachPair(saturationBits > 1 ? saturationBits : 1, 6, [&](ApFormat to, const ApFormat& from) {
    to.rounding = rounding, to.overflow = overflow, to.saturationBits = saturationBits;
    for (int bits = 0; bits < 1 << from.width; ++bits)
      digest.add(convert({.format = from, .code = codeOf(bits, from.width, from.isSigned)}, to).code);
  });
  expectRecorded(text(ApFormat{.rounding = rounding, .overflow = overflow, .saturationBits = saturationBits}),
                 digest);
}

TEST(ApFixed, AssignsAsTheHeadersDoInEveryModeBetweenAllFormatsOfUpToFiveBits) {
  for (const Rounding rounding :
       {Rounding::floor, Rounding::towardZero, Rounding::halfUp, Rounding::halfTowardZero,
        Rounding::halfAwayFromZero, Rounding::halfDown, Rounding::halfEven})
    for (const Overflow overflow : {Overflow::wrap, Overflow::saturate, Overflow::saturateToZero,
                                    Overflow::saturateSymmetric, Overflow::wrapSignMagnitude}) {
      checkConversions(rounding, overflow, 0);
      const bool wraps = overflow == Overflow::wrap || overflow == Overflow::wrapSignMagnitude;
      if (!wraps || (rounding != Rounding::floor && rounding != Rounding::halfUp)) continue;
      checkConversions(rounding, overflow, 1);
      checkConversions(rounding, overflow, 2);
    }
}

template <typename Operation>
void checkOperation(const char* name, bool divides, Operation operation) {
  Digest digest;
  forEachPair(1, 3, [&](const ApFormat& x, const ApFormat& y) {
    for (int a = 0; a < 1 << x.width; ++a)
      for (int b = 0; b < 1 << y.width; ++b)
        if (b != 0 || !divides)
          digest.add(operation(ApNumber{.format = x, .code = codeOf(a, x.width, x.isSigned)},
                               ApNumber{.format = y, .code = codeOf(b, y.width, y.isSigned)}));
  });
  expectRecorded(name, digest);
}

TEST(ApFixed, ComputesAsTheHeadersDoOnAllNumbersOfUpToFiveBits) {
  using Number = const ApNumber&;
  checkOperation("+", false, [](Number a, Number b) { return (a + b).code; });
  checkOperation("-", false, [](Number a, Number b) { return (a - b).code; });
  checkOperation("*", false, [](Number a, Number b) { return (a * b).code; });
  checkOperation("/", true, [](Number a, Number b) { return (a / b).code; });
  checkOperation("<", false, [](Number a, Number b) { return Wide{compare(a, b)}; });
  Digest digest;
  for (int w = 1; w <= 5; ++w)
    for (const bool s : {false, true})
      for (int a = 0; a < 1 << w; ++a)
        for (int by = -7; by <= 7; ++by)
          digest.add(
              shiftLeft({.format = {.width = w, .integer = w, .isSigned = s}, .code = codeOf(a, w, s)}, by)
                  .code);
  expectRecorded("s", digest);
}

TEST(ApFixed, AgreesWithRoundingAndOverflowOfIntegers) {
  // Two implementations: bits here, integers there. They part only where AP_WRAP_SM rounds across a multiple of its
  // period.
  for (const Rounding rounding :
       {Rounding::floor, Rounding::towardZero, Rounding::halfUp, Rounding::halfTowardZero,
        Rounding::halfAwayFromZero, Rounding::halfDown, Rounding::halfEven})
    for (int mode = 0; mode < 4; ++mode)
      for (std::int64_t code = -512; code < 512; ++code)
        for (int lost = 0; lost <= 11; ++lost) {
          const auto overflow = static_cast<Overflow>(mode);
          const ApFormat from{.width = 10, .integer = 10 - lost};
          const ApFormat to{.width = 4, .integer = 4, .rounding = rounding, .overflow = overflow};
          const std::int64_t steps = roundShiftRight(code, static_cast<std::uint32_t>(lost), rounding);
          EXPECT_EQ(static_cast<std::int64_t>(convert({.format = from, .code = code}, to).code),
                    fit(steps, to.range(), overflow))
              << code << " " << lost << " " << name(rounding) << " " << name(overflow);
        }
}

TEST(ApFixed, TakesDoublesExactly) {
  const ApFormat format{
      .width = 16, .integer = 6, .rounding = Rounding::halfEven, .overflow = Overflow::saturate};
  EXPECT_EQ(static_cast<int>(fromDouble(1.0 / 3, format).code), 341);
  EXPECT_EQ(fromDouble(-31.75, format).value(), -31.75);
  EXPECT_EQ(static_cast<int>(fromDouble(1e9, format).code), 32767);
  EXPECT_EQ(static_cast<int>(fromDouble(0x1p-300, format).code), 0);
  EXPECT_EQ(static_cast<int>(fromDouble(-0x1p-300, ApFormat{}).code), -1);  // truncation goes down
  EXPECT_EQ(static_cast<int>(fromDouble(33, ApFormat{}).code), -31744);     // wraps to -31
}

TEST(ApFixed, TypesReadBack) {
  for (const char* type : {"ap_fixed<16, 6>", "ap_ufixed<8, 0, AP_RND_CONV, AP_SAT>",
                           "ap_fixed<5, -2, AP_TRN, AP_WRAP_SM, 2>"}) {
    const auto format = parseApFormat(type);
    ASSERT_TRUE(format.ok()) << format.error().text();
    EXPECT_EQ(text(*format), type);
  }
  EXPECT_EQ(text(*parseApFormat("fixed<16,6,RND,SAT>")), "ap_fixed<16, 6, AP_RND, AP_SAT>");
  EXPECT_EQ(text(*parseApFormat("uint<6>")), "ap_ufixed<6, 6>");
  for (const char* wrong :
       {"", "float", "fixed<16>", "fixed<0,0>", "fixed<16,6,UP>", "fixed<16,6,RND,SAT,17>", "int<8,2>"})
    EXPECT_FALSE(parseApFormat(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace sluice::fixed

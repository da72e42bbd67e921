#include "base/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(Text, SplitAndJoinUndoEachOther) {
  for (const std::string text : {"", ",", "a", "a,b", ",a,,b,"}) EXPECT_EQ(join(split(text, ','), ","), text);
  EXPECT_EQ(split("", ',').size(), 1u);
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
}

TEST(Text, TrimTakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(trim("  a b\t\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, CountsAreGroupedInThrees) {
  EXPECT_EQ(formatCount(0), "0");
  EXPECT_EQ(formatCount(999), "999");
  EXPECT_EQ(formatCount(1000), "1,000");
  EXPECT_EQ(formatCount(-123456), "-123,456");
  EXPECT_EQ(formatCount(1234567), "1,234,567");
  EXPECT_EQ(formatCount(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Text, DoublesAreShortAndReadBackExactly) {
  EXPECT_EQ(formatDouble(0.1), "0.1");
  EXPECT_EQ(formatDouble(3), "3");
  for (const double value : {1.0 / 3, 1e300, -5e-324, std::numeric_limits<double>::max()}) {
    double back = 0;
    ASSERT_TRUE(parseDouble(formatDouble(value), back));
    EXPECT_EQ(back, value);
  }
}

TEST(Text, FixedDigitsArePadded) {
  EXPECT_EQ(formatFixed(3.5, 2), "3.50");
  EXPECT_EQ(formatFixed(-0.125, 1), "-0.1");
  EXPECT_EQ(formatFixed(1e308, 0).size(), 309u);
}

TEST(Text, IdentifiersAreWhatVerilogTakes) {
  EXPECT_TRUE(isIdentifier("_a1"));
  EXPECT_FALSE(isIdentifier("1a"));
  EXPECT_FALSE(isIdentifier(""));
  EXPECT_FALSE(isIdentifier("a-b"));
  EXPECT_FALSE(isIdentifier("\xc3\xa4"));
  EXPECT_EQ(toIdentifier("layer/0:out"), "layer_0_out");
  EXPECT_EQ(toIdentifier("0"), "_0");
  EXPECT_EQ(toIdentifier(""), "_");
}

TEST(Text, NumbersAreReadWholeOrNotAtAll) {
  std::int64_t value = 7;
  EXPECT_TRUE(parseInt64("-12", value));
  EXPECT_EQ(value, -12);
  for (const std::string text : {"", "1x", " 1", "9223372036854775808", "1.0"})
    EXPECT_FALSE(parseInt64(text, value)) << text;
  EXPECT_EQ(value, -12);
}

TEST(Text, AnyTextIsOneLineAndComesBack) {
  const std::string text = "a\\b\nc\r\n\\n\\";
  EXPECT_EQ(escapeLine(text), "a\\\\b\\nc\\r\\n\\\\n\\\\");
  EXPECT_EQ(unescapeLine(escapeLine(text)), text);
  EXPECT_EQ(unescapeLine("a\\"), "a\\");
}

TEST(Text, CountsAgreeWithTheirNouns) {
  EXPECT_EQ(countOf(1, "node"), "1 node");
  EXPECT_EQ(countOf(2000, "node"), "2,000 nodes");
  EXPECT_EQ(countOf(0, "entry", "entries"), "0 entries");
}

}  // namespace
}  // namespace sluice

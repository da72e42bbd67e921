#include "hdl/builder.h"

#include <gtest/gtest.h>

#include "hdl/evaluate.h"
#include "hdl/verilog.h"

namespace sluice::hdl {
namespace {

TEST(Builder, InfersTheWidthOfASumFromTheIntervals) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  const Signal y = b.input("y", fixed::Interval{-3, 3});
  const Signal s = b.add(x, y);
  EXPECT_EQ(b.range(s), (fixed::Interval{-3, 10}));
  EXPECT_EQ(b.node(s).format(), (fixed::IntegerFormat{.bits = 5, .isSigned = true}));
}

TEST(Builder, SharesEqualExpressions) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  const Signal y = b.input("y", fixed::Interval{-3, 3});
  EXPECT_EQ(b.add(x, y), b.add(y, x));
  EXPECT_EQ(b.reg(x), b.reg(x));
}

TEST(Builder, TakesAnElementOutOfABeatWithoutANode) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{-8, 7});
  const Signal y = b.input("y", fixed::Interval{-8, 7});
  const Signal beat = b.concat(std::vector{x, y});
  EXPECT_EQ(b.element(beat, 1, {-8, 7}), y);
}

TEST(Builder, FoldsAComparisonThatTheIntervalsDecide) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  EXPECT_EQ(b.less(x, b.constant(8)), b.flag(true));
  EXPECT_EQ(b.lessEqual(x, b.constant(-1)), b.flag(false));
}

TEST(Builder, BuildsAnAccumulator) {
  Builder b("accumulator");
  const Signal x = b.input("x", fixed::Interval{-8, 7});
  const Signal sum = b.regDeclare({-128, 127}, 0, "sum");
  b.regDrive(sum, b.clamp(b.add(sum, x), {-128, 127}));
  b.output("y", sum);
  const Module m = std::move(b).build();
  auto e = Evaluator::make(m, 2);
  ASSERT_TRUE(e.ok());
  for (int i = 0; i < 3; ++i) {
    e->set(0, 0, 5), e->set(0, 1, -8);
    e->step();
  }
  e->settle();
  EXPECT_EQ(e->get(0, 0), 15);
  EXPECT_EQ(e->get(0, 1), -24);
  EXPECT_NE(verilog(m, Family::xc7).find("module accumulator"), std::string::npos);
}

}  // namespace
}  // namespace sluice::hdl

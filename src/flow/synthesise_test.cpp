#include "flow/synthesise.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(CostOfCells, CountsTheCellsOfSevenSeriesAsPrimitives) {
  const Result<hdl::Cost> cost = costOfCells({{"LUT6", 3},
                                              {"INV", 1},
                                              {"MUXF7", 9},
                                              {"FDRE", 5},
                                              {"CARRY4", 2},
                                              {"SRL16E", 4},
                                              {"RAM32M", 2},
                                              {"RAMB36E1", 1},
                                              {"RAMB18E1", 1},
                                              {"DSP48E1", 6}},
                                             hdl::Family::xc7);
  ASSERT_TRUE(cost.ok());
  EXPECT_EQ(*cost, (hdl::Cost{.lut = 4, .lutRam = 8, .srl = 4, .ff = 5, .carry = 2, .dsp = 6, .bram18 = 3}));
}

TEST(CostOfCells, CountsTheCellsOfEcp5AsPrimitives) {
  const Result<hdl::Cost> cost = costOfCells(
      {{"LUT4", 7}, {"TRELLIS_FF", 2}, {"CCU2C", 3}, {"PFUMX", 1}, {"DP16KD", 2}, {"MULT18X18D", 1}},
      hdl::Family::ecp5);
  ASSERT_TRUE(cost.ok());
  EXPECT_EQ(*cost, (hdl::Cost{.lut = 7, .ff = 2, .carry = 3, .dsp = 1, .bram18 = 2}));
}

TEST(CostOfCells, ACellNobodyKnowsIsAnErrorAndNotZero) {
  const Result<hdl::Cost> cost = costOfCells({{"LUT6", 1}, {"XYZZY", 2}}, hdl::Family::xc7);
  ASSERT_FALSE(cost.ok());
  EXPECT_NE(cost.error().message.find("XYZZY"), std::string::npos);
}

}  // namespace
}  // namespace sluice::flow

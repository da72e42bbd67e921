#include "flow/synthesise.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "flow/tools.h"
#include "hdl/builder.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"

namespace sluice::flow {
namespace {

/// y = a random table of `words` at x, behind a register if `synchronous`.
hdl::Module tableModule(std::uint32_t words, std::uint32_t width, bool synchronous) {
  Rng rng(words);
  std::vector<std::vector<std::uint64_t>> contents;
  for (std::uint32_t a = 0; a < words; ++a) contents.push_back({rng.bits() & ((1u << width) - 1)});
  hdl::Builder b("m");
  const hdl::MemoryId table = b.rom("table", width, contents, hdl::Style::logic, synchronous);
  b.output("y", b.read(table, b.input("x", fixed::Interval{0, std::int64_t{words} - 1})));
  return std::move(b).build();
}

TEST(TablesOfLuts, ThePrimitivesSayWhatTheExpressionsSay) {
  const Result<Tool> yosys = findYosys();
  if (!yosys.ok()) GTEST_SKIP() << yosys.error().text();
  const std::string text = hdl::verilog(tableModule(400, 3, false), hdl::Family::xc7);
  ASSERT_NE(text.find("MUXF8"), std::string::npos);
  const jobs::Command command = {
      .name = "equivalence",
      .argv = {yosys->path, "-q", "-s", "prove.ys"},
      .inputs = {{"m.v", text},
                 {"prove.ys",
                  "read_verilog -nosynthesis m.v\nprep -flatten -top m\nrename m expressions\n"
                  "design -stash expressions\n"
                  "read_verilog m.v\nread_verilog +/xilinx/cells_sim.v\nprep -flatten -top m\n"
                  "select -assert-none t:LUT6\nrename m primitives\ndesign -stash primitives\n"
                  "design -copy-from expressions expressions\ndesign -copy-from primitives primitives\n"
                  "miter -equiv -flatten expressions primitives both\nhierarchy -top both\n"
                  "sat -verify -prove trigger 0 both\n"}},
      .toolVersion = yosys->version};
  const Result<jobs::Outcome> outcome = jobs::run(nullptr, command);
  ASSERT_TRUE(outcome.ok()) << outcome.error().text();
  const Status success = jobs::requireSuccess(command, *outcome);
  EXPECT_TRUE(success.ok()) << success.error().text();
}

TEST(TablesOfLuts, AreBuiltAsCounted) {
  if (const Result<Tool> yosys = findYosys(); !yosys.ok()) GTEST_SKIP() << yosys.error().text();
  for (const std::uint32_t words : {200u}) {
    const hdl::Module m = hdl::simplify(tableModule(words, 7, true));
    const auto built = synthesise({{.name = "m",
                                    .files = {{"m.v", hdl::verilog(m, hdl::Family::xc7)}},
                                    .top = "m",
                                    .family = hdl::Family::xc7}},
                                  1, nullptr);
    ASSERT_TRUE(built.ok()) << built.error().text();
    const hdl::Cost counted = hdl::cost(m, hdl::Family::xc7);
    EXPECT_EQ(counted.lut, built->at(0).cost.lut);
    EXPECT_EQ(counted.lut, words == 64 ? 7u : 28u);
    EXPECT_EQ(counted.ff, built->at(0).cost.ff);
  }
}

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

#include "dataflow/process/compare.h"

#include <gtest/gtest.h>

#include "dataflow/process/testing.h"

namespace sluice::dataflow::process {
namespace {

std::vector<PeakRow> compared(const Network& network, std::uint64_t depth, const std::string& dump) {
  const auto program = compile(network);
  Evaluator evaluator(*program, network.timing);
  const std::vector<std::uint64_t> depths(network.groups.size(), depth);
  Record record;
  evaluator.record(evaluator.exact(depths), record);
  const auto signals =
      readDump(dump.empty() ? vcdText(waveform(network, *program, record)) : dump, "other.vcd");
  EXPECT_TRUE(signals.ok());
  const auto rows = comparePeaks(network, *program, profile(*program, record), depths, *signals);
  return rows.ok() ? *rows : std::vector<PeakRow>{};
}

TEST(ComparedPeaks, OurOwnDumpSaysWhatTheProfileSays) {
  const auto rows = compared(testing::pair(10, 3, 4), 4, "");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].simulated, 4u);
  EXPECT_EQ(rows[0].measured, 4u);
}

TEST(ComparedPeaks, APointerOfAShiftRegisterStandsOneBelow) {
  const auto rows =
      compared(testing::pair(10, 3, 4), 4,
               "$scope module tb $end $scope module f_U $end $var reg 3 ! mOutPtr $end "
               "$var reg 3 \" usedw $end $upscope $end $upscope $end #0 b111 ! #1 b10 ! b111 \"");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].measured, 3u);
  EXPECT_EQ(rows[0].signal, "tb.f_U.mOutPtr");
}

TEST(ComparedPeaks, ADumpOfSomethingElseIsRefused) {
  EXPECT_TRUE(
      compared(testing::pair(10, 3, 4), 4, "$scope module g $end $var reg 3 ! usedw $end #0 b111 !").empty());
}

}  // namespace
}  // namespace sluice::dataflow::process

#include "dataflow/vcd_read.h"

#include <gtest/gtest.h>

#include "dataflow/waveform.h"

namespace sluice::dataflow {
namespace {

std::string errorOf(const std::string& text) {
  const auto read = readDump(text, "a.vcd");
  return read.ok() ? std::string() : read.error().text();
}

TEST(DumpReader, FindsTheHighestValueOfEverySignalInItsScope) {
  const auto read = readDump(
      "$date today $end $timescale 1ps $end\n"
      "$scope module top $end $scope module f1_U $end\n"
      "$var reg 4 ! mOutPtr [3:0] $end $var wire 1 \" full_n $end\n"
      "$upscope $end $var real 64 # r $end $var wire 8 $ bus[7:0] $end $upscope $end\n"
      "$enddefinitions $end $dumpvars bxxxx ! x\" r0.5 # $end\n"
      "#0 b1111 ! 1\" #15 b0 ! b101 ! b1x0 $ #20 b11 ! b10 $",
      "a.vcd");
  ASSERT_TRUE(read.ok()) << read.error().text();
  ASSERT_EQ(read->size(), 4u);
  const DumpedSignal& pointer = (*read)[0];
  EXPECT_EQ(pointer.scopes, (std::vector<std::string>{"top", "f1_U"}));
  EXPECT_EQ(pointer.name, "mOutPtr");
  EXPECT_EQ(pointer.highest, 15u);
  EXPECT_EQ(pointer.highestNext, 6u);  // all ones: nothing is held
  EXPECT_EQ((*read)[1].highest, 1u);
  EXPECT_FALSE((*read)[2].highest.has_value());
  EXPECT_EQ((*read)[3].name, "bus");
  EXPECT_EQ((*read)[3].highest, 2u);
}

TEST(DumpReader, ReadsWhatIsWrittenHere) {
  const Waveform wave{.top = "net",
                      .bits = {64, 1},
                      .signals = {{"fifos", "a", 0}, {"fifos", "b", 0}, {"frames", "out", 1}},
                      .changes = {{0, 0, 0}, {3, 0, 7}, {5, 0, 2}, {4, 1, 1}, {0, 1, 0}}};
  const auto read = readDump(vcdText(wave), "a.vcd");
  ASSERT_TRUE(read.ok()) << read.error().text();
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ((*read)[0].highest, 7u);
  EXPECT_EQ((*read)[1].highest, 7u);
  EXPECT_EQ((*read)[2].highest, 1u);
}

TEST(DumpReader, ValuesWiderThan64BitsAreNotNumbers) {
  const std::string head = "$var wire 80 ! w $end $enddefinitions $end #0 b";
  const auto wide = readDump(head + "1" + std::string(64, '0') + " !", "a.vcd");
  ASSERT_TRUE(wide.ok());
  EXPECT_FALSE((*wide)[0].highest.has_value());
  const auto most = readDump(head + std::string(64, '1') + " !", "a.vcd");
  EXPECT_EQ((*most)[0].highest, ~std::uint64_t{0});
}

TEST(DumpReader, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(errorOf(""), "a.vcd:1: declares no signal");
  EXPECT_EQ(errorOf("{\"a\": 1}"), "a.vcd:1: is no value change dump: it begins with '{\"a\":'");
  EXPECT_EQ(errorOf("$scope module\n"), "a.vcd:2: $scope has no $end");
  EXPECT_EQ(errorOf("$scope module $end"), "a.vcd:1: $scope needs a kind and a name");
  EXPECT_EQ(errorOf("$upscope $end"), "a.vcd:1: $upscope without a scope");
  EXPECT_EQ(errorOf("$var wire -1 ! a $end"), "a.vcd:1: $var needs a kind, a size, an identifier and a name");
  EXPECT_EQ(errorOf("$var wire 1 ! a $end\n#0\n1?"), "a.vcd:3: identifier '?' was not declared");
  EXPECT_EQ(errorOf("$var wire 1 ! a $end\n#-1"), "a.vcd:2: '#-1' is no time");
  EXPECT_EQ(errorOf("$var wire 1 ! a $end\nb1"), "a.vcd:2: identifier '' was not declared");
}

}  // namespace
}  // namespace sluice::dataflow

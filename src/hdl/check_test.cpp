// One smallest violation per rule of check.
#include <gtest/gtest.h>

#include "hdl/builder.h"
#include "hdl/module.h"

namespace sluice::hdl {
namespace {

/// y = x + 1 with a RAM beside it; the tests break it in one place each.
Module legal() {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  const Signal w = b.inputBits("w", 8);
  const Signal en = b.inputBits("en", 1);
  const MemoryId ram = b.ram("ram", 8, 8, Style::lutRam, false);
  b.write(ram, en, x, w);
  b.output("y", b.add(x, b.constant(1)));
  b.output("z", b.read(ram, x));
  return std::move(b).build();
}

std::string messageOf(const Module& m) {
  const Status s = check(m);
  return s.ok() ? "" : s.error().text();
}

Node& find(Module& m, Op op) {
  for (Node& n : m.nodes)
    if (n.op == op) return n;
  throw std::logic_error("the module has such a node");
}

#define EXPECT_MESSAGE(module, part) \
  EXPECT_NE(messageOf(module).find(part), std::string::npos) << messageOf(module)

TEST(Check, AcceptsALegalModule) { EXPECT_EQ(messageOf(legal()), ""); }

TEST(Check, RefusesTheWrongNumberOfInputs) {
  Module m = legal();
  find(m, Op::add).inputs.pop_back();
  EXPECT_MESSAGE(m, "has 1 inputs");
}

TEST(Check, RefusesAnInputThatDoesNotExist) {
  Module m = legal();
  find(m, Op::add).inputs[0] = Signal(99);
  EXPECT_MESSAGE(m, "does not exist");
}

TEST(Check, RefusesARangeThatTheWidthDoesNotHold) {
  Module m = legal();
  find(m, Op::add).width = 3;
  EXPECT_MESSAGE(m, "the range does not fit the width");
}

TEST(Check, RefusesARangeThatDoesNotHoldEveryResult) {
  Module m = legal();
  find(m, Op::add).range = fixed::Interval{1, 7};
  EXPECT_MESSAGE(m, "does not hold every result");
}

TEST(Check, RefusesAConstantThatIsNotItsRange) {
  Module m = legal();
  find(m, Op::constant).words[0] = 0;
  EXPECT_MESSAGE(m, "a constant's range is its value");
}

TEST(Check, RefusesNumbersOf64UnsignedBits) {
  Module m = legal();
  find(m, Op::add).width = 64;
  EXPECT_MESSAGE(m, "a number of 64 bits");
}

TEST(Check, RefusesAnAddressBeyondTheMemory) {
  Module m = legal();
  m.memories[0].words = 7;
  EXPECT_MESSAGE(m, "may lie outside the 7 words");
}

TEST(Check, RefusesAMemoryThatIsNeverWritten) {
  Module m = legal();
  m.memories[0].writeEnable = {};
  EXPECT_MESSAGE(m, "is never written");
}

TEST(Check, RefusesBlockRamThatIsReadAtOnce) {
  Module m = legal();
  m.memories[0].style = Style::blockRam;
  EXPECT_MESSAGE(m, "read at the clock");
}

TEST(Check, RefusesKeywordsAndRepeatedNamesAsPorts) {
  Module m = legal();
  m.inputs[0].name = "begin";
  EXPECT_MESSAGE(m, "no legal identifier");
  m.inputs[0].name = "y";
  EXPECT_MESSAGE(m, "taken twice");
}

TEST(Check, RefusesACombinationalCycleAndNamesASignalOfIt) {
  Module m = legal();
  Node loop{.op = Op::bitNot,
            .width = 1,
            .range = fixed::Interval{0, 1},
            .inputs = {Signal(m.nodes.size())},
            .name = "loop"};
  m.nodes.push_back(loop);
  EXPECT_MESSAGE(m, "'loop'): is part of a combinational cycle");
  EXPECT_EQ(messageOf(legal()), "");
}

TEST(Check, SeesACycleThroughAnInstance) {
  Builder inner("inner");
  inner.output("y", inner.bitNot(inner.inputBits("x", 1)));
  Builder b("m");
  const InstanceId i = b.instance("u", std::make_shared<const Module>(std::move(inner).build()));
  const Signal y = b.instanceOutput(i, "y");
  b.connect(i, "x", b.inputBits("x", 1));
  b.output("y", y);
  Module m = std::move(b).build();
  m.instances[0].inputs[0] = y;
  EXPECT_MESSAGE(m, "combinational cycle");
}

TEST(Check, RefusesABrokenModuleInsideAnInstance) {
  auto broken = std::make_shared<Module>(legal());
  Builder b("top");
  const InstanceId i = b.instance("u", broken);
  b.connect(i, "x", b.input("x", fixed::Interval{0, 7}));
  b.connect(i, "w", b.inputBits("w", 8));
  b.connect(i, "en", b.inputBits("en", 1));
  b.output("y", b.instanceOutput(i, "y"));
  const Module m = std::move(b).build();
  broken->memories[0].words = 2;
  EXPECT_MESSAGE(m, "module 'm'");
}

TEST(Names, AreLegalInVerilogSystemVerilogAndCpp) {
  for (const char* good : {"x", "dense_0", "Top"}) EXPECT_TRUE(legalName(good)) << good;
  for (const char* bad : {"", "0x", "a__b", "a-b", "_x", "reg", "logic", "namespace", "clk", "rst", "a.b"})
    EXPECT_FALSE(legalName(bad)) << bad;
}

}  // namespace
}  // namespace sluice::hdl

#include "hdl/simplify.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hdl/builder.h"
#include "hdl/order.h"

namespace sluice::hdl {
namespace {

/// Live nodes of an operation.
std::vector<Node> nodesOf(const Module& m, Op op) {
  std::vector<Node> result;
  for (const Signal s : liveOrder(m))
    if (m.node(s).op == op) result.push_back(m.node(s));
  return result;
}

TEST(Simplify, NarrowsACounterToWhatItReaches) {
  Builder b("m");
  const Signal count = b.regDeclare({0, 1000}, 0, "count");
  const Signal last = b.equal(count, b.constant(5));
  b.regDrive(count, b.mux(last, b.constant(0), b.clamp(b.add(count, b.constant(1)), {0, 6})));
  b.output("y", count);
  const Module m = simplify(std::move(b).build());
  ASSERT_EQ(nodesOf(m, Op::reg).size(), 1u);
  EXPECT_EQ(nodesOf(m, Op::reg)[0].width, 10u);  // three exact rounds do not see the end of 1000
  Builder c("m");
  const Signal flag = c.regDeclare({0, 1000}, 0, "flag");
  c.regDrive(flag, c.mux(c.inputBits("go", 1), c.constant(3), flag));
  c.output("y", flag);
  EXPECT_EQ(nodesOf(simplify(std::move(c).build()), Op::reg)[0].width, 2u);
}

TEST(Simplify, ReplacesARegisterThatNeverLeavesItsResetValue) {
  Builder b("m");
  const Signal r = b.regDeclare({0, 7}, 4, "r");
  b.regDrive(r, b.mux(b.inputBits("go", 1), r, b.constant(4)));
  b.output("y", b.add(r, b.input("x", fixed::Interval{0, 3})));
  EXPECT_TRUE(nodesOf(simplify(std::move(b).build()), Op::reg).empty());
}

TEST(Simplify, KeepsOfADelayedBeatOnlyWhatIsRead) {
  Builder b("m");
  const Signal beat = b.inputBits("beat", 100);
  b.output("y", b.slice(b.delay(beat, 2), 40, 8));
  const std::vector<Node> regs = nodesOf(simplify(std::move(b).build()), Op::reg);
  ASSERT_EQ(regs.size(), 2u);
  EXPECT_EQ(regs[0].width, 8u);
  EXPECT_EQ(regs[1].width, 8u);
}

TEST(Simplify, StoresNoBitThatIsAlwaysZero) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  const MemoryId ram = b.ram("ram", 16, 8, Style::lutRam, false);
  b.write(ram, b.inputBits("en", 1), x,
          b.concat(std::vector{b.slice(x, 0, 3), b.constantBits(13, std::uint64_t{0})}));
  b.output("y", b.read(ram, x));
  const Module m = simplify(std::move(b).build());
  ASSERT_EQ(m.memories.size(), 1u);
  EXPECT_EQ(m.memories[0].width, 3u);
  EXPECT_EQ(m.node(m.outputs[0].signal).width, 16u);
}

TEST(Simplify, DropsWhatNoOutputNeeds) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  const MemoryId ram = b.ram("ram", 3, 8, Style::lutRam, false);
  b.write(ram, b.flag(true), x, x);
  b.read(ram, x);
  b.reg(b.multiply(x, x));
  b.output("y", x);
  const Module m = simplify(std::move(b).build());
  EXPECT_TRUE(m.memories.empty());
  EXPECT_EQ(m.nodes.size(), 1u);
}

TEST(Simplify, DecidesAutomaticProductsByTheirWidth) {
  for (const auto& [bits, dsps] : {std::pair{3u, 0u}, std::pair{12u, 1u}}) {
    Builder b("m");
    const Signal x = b.input("x", fixed::IntegerFormat{bits, true});
    const Signal y = b.input("y", fixed::IntegerFormat{bits, true});
    b.output("z", b.multiply(x, y));
    const Module m = simplify(std::move(b).build());
    EXPECT_EQ(nodesOf(m, Op::multiply).size(), dsps) << bits;
  }
}

TEST(Simplify, ReachesAFixedPoint) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{-100, 100});
  b.output("y", b.delay(b.multiply(x, b.constant(23), Style::logic), 3));
  const Module once = simplify(std::move(b).build());
  EXPECT_EQ(simplify(once).nodes.size(), once.nodes.size());
}

TEST(Simplify, SimplifiesTheModulesOfInstancesToo) {
  Builder inner("inner");
  const Signal x = inner.inputBits("x", 80);
  inner.output("y", inner.slice(inner.reg(x), 0, 4));
  Builder b("m");
  const InstanceId i = b.instance("u", std::make_shared<const Module>(std::move(inner).build()));
  b.connect(i, "x", b.inputBits("x", 80));
  b.output("y", b.instanceOutput(i, "y"));
  const Module m = simplify(std::move(b).build());
  EXPECT_EQ(nodesOf(*m.instances[0].module, Op::reg)[0].width, 4u);
}

}  // namespace
}  // namespace sluice::hdl

#include <gtest/gtest.h>

#include "hdl/verilog.h"
#include "kernel/kernel.h"
#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;

/// Passes beats of three bits on.
Kernel wire() {
  Kernel kernel;
  kernel.name = "wire_through";
  kernel.ports = {{"x", Direction::read, {1, {3, false}}, {0, 7}},
                  {"y", Direction::write, {1, {3, false}}, {0, 7}}};
  kernel.schedule.accesses = {{0, Direction::read, 0, {}}, {1, Direction::write, 0, {}}};
  kernel.datapath = [](Pipeline& pipeline) { pipeline.write(1, pipeline.beat(0)); };
  return kernel;
}

std::string messageOf(const Kernel& kernel) {
  const Status status = check(kernel);
  return status.ok() ? "" : status.error().message;
}

TEST(Elaborate, AnyLoopNestIntervalStageAndUnionOfAccessesKeepsTheFiringRule) {
  std::uint64_t beats = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const auto count = checkViews(randomKernel("loops", seed), {.seed = seed, .lanes = 16, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
    beats += count->beats;
  }
  RecordProperty("beats", static_cast<int>(beats));
}

TEST(Elaborate, AControllerWithNothingToCountHasNoRegister) {
  for (const hdl::Node& node : elaborate(wire()).nodes) EXPECT_NE(node.op, hdl::Op::reg);
}

TEST(Elaborate, NoReadyPathCrossesAKernelButTheIssueLine) {
  const hdl::Module module = elaborate(randomKernel("dense", 3).kernel);
  const auto depends = hdl::combinationalInputs(module);
  for (std::size_t o = 0; o < module.outputs.size(); ++o)
    if (module.outputs[o].name == "y_push" || module.outputs[o].name == "y_data") {
      EXPECT_TRUE(depends[o].empty()) << module.outputs[o].name;
    }
}

TEST(CheckKernel, ALegalKernelPasses) { EXPECT_EQ(messageOf(wire()), ""); }

TEST(CheckKernel, NamesWhatIsWrong) {
  Kernel k = wire();
  k.name = "2nd";
  EXPECT_EQ(messageOf(k), "'2nd' is not a legal Verilog identifier");
  k = wire();
  k.ports[0].name = "clk";
  EXPECT_EQ(messageOf(k), "port name 'clk' is not a legal Verilog identifier");
  k = wire();
  k.ports[1].name = "x";
  EXPECT_EQ(messageOf(k), "two ports are called 'x'");
  k = wire();
  k.ports[0].range = {0, 8};
  EXPECT_EQ(messageOf(k), "the format of port 'x' does not hold its range");
  k = wire();
  k.ports[0].beat.elements = 0;
  EXPECT_EQ(messageOf(k), "port 'x' has beats of no elements");
  k = wire();
  k.schedule.accesses[1].stage = 1;
  EXPECT_EQ(messageOf(k), "port 'y' is written at stage 1, beyond the depth 0");
  k = wire();
  k.schedule.depth = 1;
  k.schedule.accesses[0].stage = 1;
  EXPECT_EQ(messageOf(k), "port 'x' is read at stage 1; reads pop at issue, stage 0");
  k = wire();
  k.schedule.accesses[0].direction = Direction::write;
  EXPECT_EQ(messageOf(k), "an access of port 'x' goes the wrong way");
  k = wire();
  k.schedule.accesses[0].port = 2;
  EXPECT_EQ(messageOf(k), "an access names port 2, which is not there");
  k = wire();
  k.schedule.accesses.pop_back();
  EXPECT_EQ(messageOf(k), "port 'y' is never read or written");
  k = wire();
  k.schedule.accesses[0].when = {{0, Relation::equal, 0}};
  EXPECT_EQ(messageOf(k), "an access of port 'x' tests loop 0, which is not there");
  k = wire();
  k.schedule.depth = 1;
  k.schedule.accesses.push_back({1, Direction::write, 1, {}});
  EXPECT_EQ(messageOf(k), "accesses of port 'y' differ in stage");
  k = wire();
  k.schedule.loops = {{0}};
  EXPECT_EQ(messageOf(k), "a loop has extent 0");
  k = wire();
  k.schedule.interval = 0;
  EXPECT_EQ(messageOf(k), "the interval is 0; it is at least 1 cycle");
  k = wire();
  k.datapath = nullptr;
  EXPECT_EQ(messageOf(k), "the kernel has no datapath");
}

/// The test that ties the views must be able to fail: each of these says something else than the hardware
/// does.
TEST(CheckViews, SeesAValueAndACycleThatAreWrong) {
  KernelCase test = randomKernel("dense", 5);
  ASSERT_TRUE(checkViews(test, {.seed = 1, .lanes = 4, .passes = 2}).ok());
  const auto right = test.golden;
  test.golden = [right](const PassData& reads) {
    PassData writes = right(reads);
    ++writes[0].back();
    return writes;
  };
  const auto value = checkViews(test, {.seed = 1, .lanes = 4, .passes = 2});
  ASSERT_FALSE(value.ok());
  EXPECT_NE(value.error().message.find("the golden function"), std::string::npos) << value.error().text();

  // A datapath that pretends to be one stage shorter than the schedule its controller is made from.
  Kernel late = wire();
  late.schedule.depth = 2;
  late.schedule.accesses[1].stage = 2;
  late.datapath = [](Pipeline& pipeline) {
    pipeline.write(1, {pipeline.at(pipeline.beat(0), 1).signal, 2});  // one register for two stages
  };
  const auto shifted = checkViews({.kernel = late, .golden = [](const PassData& in) { return in; }},
                                  {.seed = 2, .lanes = 4, .passes = 20});
  ASSERT_FALSE(shifted.ok());
}

}  // namespace
}  // namespace sluice::kernel

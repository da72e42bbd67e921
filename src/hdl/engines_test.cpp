// Engines against each other: random modules in the evaluator, through Icarus Verilog, and through the
// linters.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "hdl/random_module.h"
#include "hdl/simplify.h"
#include "hdl/testbench.h"
#include "hdl/verilog.h"

namespace sluice::hdl {
namespace {

namespace fs = std::filesystem;

/// A folder of this test alone, gone at its end.
struct Scratch {
  fs::path path = fs::path(::testing::TempDir()) /
                  ("hdl_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  Scratch() { fs::remove_all(path), fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(writeFile(path / name, text).ok());
  }
  [[nodiscard]] std::string read(const std::string& name) const { return readFile(path / name).value(); }
  [[nodiscard]] int run(const std::string& command) const {
    return std::system(("cd '" + path.string() + "' && " + command).c_str());  // NOLINT: fixed commands
  }
};

bool installed(const char* tool) {
  return std::system((std::string("command -v ") + tool + " > /dev/null").c_str()) == 0;
}  // NOLINT

std::vector<TestCase> randomCases(std::uint32_t count, std::uint64_t seed,
                                  const RandomModuleOptions& options) {
  std::vector<TestCase> cases;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto m = std::make_shared<const Module>(randomModule("m" + std::to_string(i), seed + i, options));
    Trace inputs = randomInputs(*m, 24, seed + 1000 + i);
    cases.push_back({std::move(m), std::move(inputs)});
  }
  return cases;
}

void agreeWithIcarus(const std::vector<TestCase>& cases) {
  if (!installed("iverilog")) GTEST_SKIP() << "iverilog is not installed";
  const Scratch scratch;
  scratch.write("modules.v", verilogOf(cases));
  scratch.write("testbench.v", testbench(cases));
  ASSERT_EQ(scratch.run("iverilog -g2005 -Wall -Wno-timescale -o sim modules.v testbench.v > messages 2>&1"),
            0)
      << scratch.read("messages");
  EXPECT_EQ(scratch.read("messages"), "");
  ASSERT_EQ(scratch.run("vvp sim > out.txt 2>&1"), 0);
  const auto traces = parseTraces(scratch.read("out.txt"), cases);
  ASSERT_TRUE(traces.ok()) << traces.error().text();
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_EQ(
        firstDifference(*cases[i].module, (*traces)[i], evaluateTrace(*cases[i].module, cases[i].inputs)), "")
        << "module m" << i;
}

TEST(Engines, EvaluatorAndIcarusAgreeOnRandomModules) { agreeWithIcarus(randomCases(150, 1, {})); }

TEST(Engines, EvaluatorAndIcarusAgreeEvenWherePromisesAreBroken) {
  agreeWithIcarus(randomCases(50, 5000, {.memories = false, .keepPromises = false}));
}

TEST(Engines, SimplifiedModulesBehaveAsBefore) {
  for (const TestCase& c : randomCases(300, 20000, {})) {
    const Module simple = simplify(*c.module);
    ASSERT_TRUE(check(simple).ok()) << check(simple).error().text();
    ASSERT_EQ(firstDifference(simple, evaluateTrace(simple, c.inputs), evaluateTrace(*c.module, c.inputs)),
              "")
        << c.module->name;
  }
}

TEST(Engines, FlattenedModulesBehaveAsBefore) {
  for (const TestCase& c : randomCases(50, 30000, {.instances = 2})) {
    const Module flat = flatten(*c.module);
    ASSERT_TRUE(check(flat).ok()) << check(flat).error().text();
    ASSERT_EQ(firstDifference(flat, evaluateTrace(flat, c.inputs), evaluateTrace(*c.module, c.inputs)), "")
        << c.module->name;
  }
}

TEST(Engines, PrintedVerilogPassesTheLintersWithoutAWord) {
  if (!installed("verilator")) GTEST_SKIP() << "verilator is not installed";
  const Scratch scratch;
  std::string commands;
  for (std::uint32_t i = 0; i < 12; ++i) {
    const std::string name = "m" + std::to_string(i);
    Module m = randomModule(name, 777 + i, {.operations = 150, .keepPromises = i % 2 == 0});
    if (i % 3 == 0) m = simplify(m);
    scratch.write(name + ".v", verilog(m, Family::xc7));
    for (const Instance& inner : m.instances)
      scratch.write(inner.module->name + ".v", verilog(*inner.module, Family::xc7));
    commands += "verilator --lint-only -Wall -y . " + name + ".v || exit 1\n";
  }
  scratch.write("lint.sh", commands);
  EXPECT_EQ(scratch.run("sh lint.sh > messages 2>&1"), 0);
  EXPECT_EQ(scratch.read("messages"), "");
}

}  // namespace
}  // namespace sluice::hdl

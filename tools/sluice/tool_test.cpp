#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/npy.h"
#include "base/rng.h"
#include "frontend/onnx_writer.h"
#include "metrics.h"
#include "options.h"
#include "quantize.h"

namespace sluice::tool {
namespace {

namespace fs = std::filesystem;

/// A folder of the test's own, removed at its end.
class Tool : public ::testing::Test {
 protected:
  Tool() : folder_(fs::temp_directory_path() / ("sluice_tool_test_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Tool() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  /// What parseCommandLine makes of the words; what it prints is kept in `printed_`.
  Parsed parse(std::vector<std::string> words) {
    words.insert(words.begin(), "sluice");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Parsed parsed = parseCommandLine(static_cast<int>(argv.size()), argv.data());
    printed_ = ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
    return parsed;
  }
  template <typename Options>
  Options parsedAs(std::vector<std::string> words) {
    Parsed parsed = parse(std::move(words));
    EXPECT_EQ(parsed.index(), 0u) << printed_;
    return std::get<Options>(std::get<Command>(parsed));
  }
  int exitOf(std::vector<std::string> words) {
    Parsed parsed = parse(std::move(words));
    return parsed.index() == 1 ? std::get<int>(parsed) : -1;
  }
  fs::path write(const std::string& name, const std::string& content) {
    EXPECT_TRUE(writeFile(folder_ / name, content).ok());
    return folder_ / name;
  }
  fs::path folder_;
  std::string printed_;
};

TEST_F(Tool, HelpExplainsEverySubcommandWithExamplesAndLeavesWithZero) {
  EXPECT_EQ(exitOf({"--help"}), 0);
  for (const std::string name : {"build", "info", "run", "dump"}) {
    EXPECT_NE(printed_.find(name), std::string::npos);
  }
  EXPECT_NE(printed_.find("Exit codes"), std::string::npos);
  for (const std::string name : {"build", "info", "run", "dump"}) {
    EXPECT_EQ(exitOf({name, "--help"}), 0);
    EXPECT_NE(printed_.find("Example"), std::string::npos) << name;
  }
}

TEST_F(Tool, WrongUsageSaysSoAndLeavesWithTwo) {
  EXPECT_EQ(exitOf({}), 2);
  EXPECT_EQ(exitOf({"fly"}), 2);
  EXPECT_EQ(exitOf({"info"}), 2);
  EXPECT_EQ(exitOf({"run", "m.onnx", "--input", "x.npy", "--engine", "steam"}), 2);
  EXPECT_NE(printed_.find("steam"), std::string::npos);
  EXPECT_EQ(exitOf({"build", "m.onnx", "-o", "d", "--reuse-factor", "2", "--target-ii", "3"}), 2);
  EXPECT_EQ(exitOf({"build", "m.onnx", "-o", "d", "--reuse-factor", "0"}), 2);
  EXPECT_EQ(exitOf({"build", "m.onnx", "-o", "d", "--split-before", "a,a"}), 2);
  EXPECT_EQ(exitOf({"info", "m.onnx", "--input-format", "16"}), 2);
  EXPECT_EQ(exitOf({"dump"}), 2);
}

TEST_F(Tool, BuildTakesItsOptionsAsTheManualSays) {
  const auto options = parsedAs<BuildOptions>({"build",
                                               "net.onnx",
                                               "-o",
                                               "out",
                                               "--board",
                                               "pynq-z2",
                                               "--board",
                                               "arty-a7-100t:2",
                                               "--target-ii",
                                               "500",
                                               "--regime",
                                               "streamed",
                                               "--split-before",
                                               "a,b",
                                               "--split-before",
                                               "c",
                                               "--input",
                                               "x.npy",
                                               "--family",
                                               "ecp5",
                                               "--until",
                                               "rtl",
                                               "--top-k",
                                               "1"});
  EXPECT_EQ(options.model, "net.onnx");
  EXPECT_EQ(options.output, "out");
  EXPECT_EQ(options.boards, (std::vector<std::string>{"pynq-z2", "arty-a7-100t:2"}));
  EXPECT_EQ(options.targetInterval, 500u);
  EXPECT_FALSE(options.reuseFactor.has_value());
  EXPECT_EQ(options.regime, map::Regime::streamed);
  EXPECT_EQ(options.splitBefore, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(options.input, fs::path("x.npy"));
  EXPECT_EQ(options.family, hdl::Family::ecp5);
  EXPECT_EQ(options.until, Until::rtl);
  EXPECT_EQ(options.topK, 1);
  const auto plain = parsedAs<BuildOptions>({"build", "net.onnx", "-o", "out"});
  EXPECT_EQ(plain.regime, map::Regime::automatic);
  EXPECT_FALSE(plain.family.has_value());
  EXPECT_EQ(plain.until, Until::simulate);
  EXPECT_EQ(plain.skin, Skin::plain);
  EXPECT_EQ(parsedAs<BuildOptions>({"build", "net.onnx", "-o", "out", "--skin", "axi"}).skin, Skin::axi);
}

TEST_F(Tool, TheAxiSkinIsRefusedWhereItHasNoPlace) {
  const auto refusal = [](BuildOptions options) {
    options.model = "no.onnx";
    options.skin = Skin::axi;
    options.quiet = true;
    return build(options).error().text();
  };
  EXPECT_NE(refusal({.until = Until::map}).find("--until rtl"), std::string::npos);
  EXPECT_NE(refusal({.boards = {"pynq-z2:2"}, .until = Until::rtl}).find("one board"), std::string::npos);
}

TEST_F(Tool, RunTakesItsOptionsAndAnInputFormat) {
  const auto options =
      parsedAs<RunOptions>({"run", "m.onnx", "--input", "a.npy", "--input", "b.npy", "--engine", "verilator",
                            "--output-codes", "--input-format", "8,3"});
  EXPECT_EQ(options.inputs.size(), 2u);
  EXPECT_EQ(options.engine, Engine::verilator);
  EXPECT_TRUE(options.outputCodes);
  EXPECT_FALSE(options.inputCodes);
  EXPECT_EQ(options.model.lower.inputFormat->scale, std::vector<double>{0x1p-5});
  EXPECT_EQ(options.model.lower.inputFormat->range, (fixed::Interval{-128, 127}));
  EXPECT_FALSE(parsedAs<RunOptions>({"run", "m.onnx", "--input", "a.npy", "--input-format", "none"})
                   .model.lower.inputFormat);
}

TEST_F(Tool, AModelThatIsNotThereIsOneClearError) {
  const Status status = runInfo({.model = {.model = folder_ / "none.onnx", .lower = {}}});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(exitCode(status.error().code), 1);
  EXPECT_NE(status.error().text().find("none.onnx"), std::string::npos);
}

TEST_F(Tool, EveryEngineGivesTheSameCodes) {
  const fs::path model = write("chain.onnx", frontend::chainModel(2, 4, 3));
  Rng rng(5);
  std::vector<double> x(8 * 4);
  for (double& value : x) value = rng.real() * 4 - 2;
  ASSERT_TRUE(writeNpy(folder_ / "x.npy", makeNpy<double>({8, 1, 4}, x)).ok());
  // The chain ends in a real ReLU: the hardware's output is the last accumulator.
  std::vector<std::string> results;
  for (const Engine engine : {Engine::integer, Engine::real, Engine::hdl}) {
    RunOptions options;
    options.model.model = model;
    options.inputs = {folder_ / "x.npy"};
    options.output = folder_ / "y.npy";
    options.outputCodes = true;
    options.engine = engine;
    const Status status = runNetwork(options);
    ASSERT_TRUE(status.ok()) << status.error().text();
    results.push_back(*readFile(*options.output));
  }
  EXPECT_EQ(results[0], results[1]) << "integer and float";
  EXPECT_EQ(results[0], results[2]) << "integer and hdl";
  const auto codes = parseNpy(results[0], "y.npy");
  ASSERT_TRUE(codes.ok());
  EXPECT_EQ(codes->shape, (std::vector<std::uint64_t>{8, 4}));
}

TEST_F(Tool, ABuildTakesSettingsOfNodesAndWritesItsProfileAndWaves) {
  BuildOptions options{
      .model = write("chain.onnx", frontend::chainModel(2, 4, 3)),
      .output = folder_ / "out",
      .regime = map::Regime::streamed,
      .reuseFactor = 16,
      .nodeOptions = write("nodes.txt", "MatMul_0 reuse-factor=4  # faster than the others\n"),
      .waves = true,
      .until = Until::map,
      .quiet = true};
  const Result<BuildOutcome> outcome = buildNetwork(options);
  ASSERT_TRUE(outcome.ok()) << outcome.error().text();
  EXPECT_EQ(outcome->report.kernels[0].multipliers, 4u);  // 16 products in 4 cycles
  EXPECT_NE(readFile(folder_ / "out/profile.json")->find("\"occupancy\""), std::string::npos);
  EXPECT_NE(readFile(folder_ / "out/waves.vcd")->find("$enddefinitions"), std::string::npos);

  options.nodeOptions = write("nodes.txt", "MatMul_0 reuse-factor=4\nMatMul_7 simd=2\n");
  const Result<BuildOutcome> unknown = buildNetwork(options);
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().text().find("'MatMul_7'"), std::string::npos) << unknown.error().text();
  options.nodeOptions = write("nodes.txt", "\nMatMul_0 speed=9\n");
  const Result<BuildOutcome> wrong = buildNetwork(options);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().text().find("line 2"), std::string::npos) << wrong.error().text();
}

TEST_F(Tool, ABitstreamWantsABoardThatOpenToolsKnow) {
  BuildOptions options{.model = write("chain.onnx", frontend::chainModel(1, 3, 1)),
                       .output = folder_ / "out",
                       .until = Until::bitstream,
                       .quiet = true};
  const auto problem = [&]() {
    const Result<BuildOutcome> outcome = buildNetwork(options);
    return outcome.ok() ? std::string() : outcome.error().text();
  };
  const std::string without = problem();
  EXPECT_TRUE(without.find("--board") != std::string::npos ||
              without.find("was not found") != std::string::npos)
      << without;
  options.boards = {"pynq-z2"};
  const std::string other = problem();
  EXPECT_TRUE(other.find("ECP5") != std::string::npos || other.find("was not found") != std::string::npos)
      << other;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Tool, InfoAndDumpPrintWhatTheModelHolds) {
  const fs::path model = write("chain.onnx", frontend::chainModel(1, 3, 1));
  ::testing::internal::CaptureStdout();
  ASSERT_TRUE(runInfo({.model = {.model = model, .lower = {}}}).ok());
  const std::string info = ::testing::internal::GetCapturedStdout();
  EXPECT_NE(info.find("MatMul_0"), std::string::npos) << info;
  EXPECT_NE(info.find("9 multiplications"), std::string::npos) << info;
  DumpOptions dump;
  dump.model.model = model;
  dump.after = "lower-linear";
  dump.output = folder_ / "dump.slir";
  ASSERT_TRUE(runDump(dump).ok());
  EXPECT_NE(readFile(*dump.output)->find("= dense "), std::string::npos);
  dump.after = "fold-everything";
  const Status unknown = runDump(dump);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(exitCode(unknown.error().code), 2);
}

TEST_F(Tool, AFloatModelIsQuantizedFromSamplesAndComparedWithItself) {
  Rng rng(9);
  const auto normal = [&](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(rng.real() * 2 - 1);
    return values;
  };
  frontend::OnnxWriter writer;
  writer.graphName("small");
  writer.input("x", {1, 6});
  writer.tensor("w1", {6, 8}, normal(48));
  writer.tensor("w2", {8, 3}, normal(24));
  writer.node("MatMul", {"x", "w1"}, {"h"});
  writer.node("Relu", {"h"}, {"r"});
  writer.node("MatMul", {"r", "w2"}, {"y"});
  writer.output("y", {1, 3});
  QuantizeCommand command{.model = write("small.onnx", writer.bytes()), .output = folder_ / "q.onnx"};
  std::vector<double> x(64 * 6);
  for (double& value : x) value = rng.real() * 2 - 1;
  ASSERT_TRUE(writeNpy(folder_ / "x.npy", makeNpy<double>({64, 1, 6}, x)).ok());
  command.samples = {folder_ / "x.npy"};
  ::testing::internal::CaptureStdout();
  const Status quantized = runQuantize(command);
  CompareCommand compare{.a = command.model, .b = command.output, .samples = command.samples};
  compare.json = folder_ / "c.json";
  const Status compared = quantized.ok() ? runCompare(compare) : Status();
  ::testing::internal::GetCapturedStdout();
  ASSERT_TRUE(quantized.ok()) << quantized.error().text();
  ASSERT_TRUE(compared.ok()) << compared.error().text();
  EXPECT_NE(readFile(*compare.json)->find("\"y\""), std::string::npos);

  // Samples of another size: one error, and the file of before stays as it was.
  const std::string before = *readFile(command.output);
  ASSERT_TRUE(writeNpy(folder_ / "x.npy", makeNpy<double>({64, 1, 5}, std::vector<double>(64 * 5))).ok());
  const Status wrong = runQuantize(command);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(exitCode(wrong.error().code), 1);
  EXPECT_EQ(*readFile(command.output), before);
}

TEST_F(Tool, MetricsOfAFolderNameWhatTheyCouldNotRead) {
  write("notes.txt", "nothing that a tool wrote\n");
  ::testing::internal::CaptureStdout();
  const Status none = runMetrics({.reports = folder_, .output = folder_ / "m.json"});
  const std::string said = ::testing::internal::GetCapturedStdout();
  EXPECT_NE(said.find("notes.txt"), std::string::npos) << said << (none.ok() ? "" : none.error().text());
  const Status missing = runMetrics({.reports = folder_ / "prj", .output = folder_ / "n.json"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(exitCode(missing.error().code), 1);
  EXPECT_FALSE(fs::exists(folder_ / "n.json"));
}

}  // namespace
}  // namespace sluice::tool

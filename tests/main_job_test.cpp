// The main job as a user has it: the built program, started in temporary folders, on the bundled keyword
// network.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include "networks.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class MainJob : public ::testing::Test {
 protected:
  MainJob() : folder_(fs::temp_directory_path() / ("sluice_main_job_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~MainJob() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  /// Starts the program with standard output and error in files of the test's folder.
  pid_t start(const std::vector<std::string>& words) {
    const std::string program = tests::binaryFolder() / "bin/sluice";
    const std::string output = folder_ / "stdout", error = folder_ / "stderr";
    std::vector<std::string> all = words;
    all.insert(all.begin(), program);
    std::vector<char*> argv;
    for (std::string& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    if (std::freopen(output.c_str(), "w", stdout) == nullptr ||
        std::freopen(error.c_str(), "w", stderr) == nullptr)
      ::_exit(126);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  /// Runs it to its end: the exit code; what it printed is in output_ and error_.
  int run(const std::vector<std::string>& words) {
    const pid_t child = start(words);
    int status = 0;
    ::waitpid(child, &status, 0);
    output_ = readFile(folder_ / "stdout").value();
    error_ = readFile(folder_ / "stderr").value();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int build(const fs::path& folder, std::vector<std::string> more) {
    std::vector<std::string> words = {"build", model(), "-o", folder, "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  static std::string model() { return tests::sourceFolder() / "examples/kws/kws_mlp_w3a3.onnx"; }
  static std::string samples() { return tests::sourceFolder() / "examples/kws/samples.npy"; }

  /// Every file under a folder with its content, but measured times.
  static std::map<std::string, std::string> contents(const fs::path& folder) {
    std::map<std::string, std::string> files;
    if (!fs::exists(folder)) return files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.path().filename() != "timings.json")
        files[fs::relative(entry.path(), folder)] = readFile(entry.path()).value();
    return files;
  }
  /// Standard error is one line that says something.
  void expectOneLine() {
    EXPECT_EQ(split(std::string(trim(error_)), '\n').size(), 1u) << error_;
    EXPECT_GT(trim(error_).size(), 20u) << error_;
  }

  fs::path folder_;
  std::string output_, error_;
};

TEST_F(MainJob, TheSameInputGivesTheSameBytesInAnyFolder) {
  ASSERT_EQ(build(folder_ / "a", {"--reuse-factor", "2048", "--until", "rtl"}), 0) << error_;
  ASSERT_EQ(build(folder_ / "deeper/below/b", {"--reuse-factor", "2048", "--until", "rtl"}), 0) << error_;
  const auto a = contents(folder_ / "a"), b = contents(folder_ / "deeper/below/b");
  ASSERT_GT(a.size(), 10u);
  for (const char* name :
       {"design.json", "report.txt", "report.json", "report.html", "rtl/top.v", "rtl/top.f"})
    EXPECT_TRUE(a.contains(name)) << name;
  EXPECT_TRUE(fs::exists(folder_ / "a/timings.json"));
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, content] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    EXPECT_TRUE(b.at(name) == content) << name << " differs between two builds";
    EXPECT_EQ(content.find(folder_.string()), std::string::npos) << name << " names a folder of this machine";
  }
}

TEST_F(MainJob, ThePortsAndCyclesOfDesignJsonAreThoseOfTheHardware) {
  ASSERT_EQ(build(folder_ / "out", {"--reuse-factor", "2048", "--until", "map"}), 0) << error_;
  const json design = json::parse(readFile(folder_ / "out/design.json").value());
  for (const char* key : {"ports", "ii", "latency", "predicted", "streams", "kernels"})
    EXPECT_TRUE(design.contains(key)) << key;
  EXPECT_FALSE(fs::exists(folder_ / "out/rtl")) << "--until map prints no Verilog";

  const tests::Network network = tests::load(model());
  const tests::Hardware hardware =
      tests::build(network, {.regime = map::Regime::streamed, .reuseFactor = 2048});
  ASSERT_EQ(design["ports"].size(), hardware.design.ports.size());
  std::uint64_t firstInput = ~std::uint64_t{0};
  const flow::Frames frames = tests::randomFrames(network, hardware.design, 4, 1);
  const auto seen = tests::evaluate(hardware, frames, 0);
  std::size_t p = 0;
  for (const json& port : design["ports"]) {
    const map::DesignPort& mine = hardware.design.ports[p];
    const map::Stream& stream = hardware.design.streams[mine.stream.index];
    EXPECT_EQ(port["name"], mine.name);
    EXPECT_EQ(port["direction"], mine.isInput ? "in" : "out");
    EXPECT_EQ(port["bits_per_element"], stream.beat.format.bits);
    EXPECT_EQ(port["signed"], stream.beat.format.isSigned);
    EXPECT_EQ(port["elements_per_beat"], stream.beat.elements);
    EXPECT_EQ(port["beats_per_frame"], stream.beatsPerFrame);
    if (mine.isInput) firstInput = std::min(firstInput, seen[p].cycles.front());
    ++p;
  }
  for (p = 0; p < hardware.design.ports.size(); ++p) {
    if (hardware.design.ports[p].isInput) continue;
    const std::string& name = hardware.design.ports[p].name;
    std::vector<std::uint64_t> cycles = seen[p].cycles;
    for (std::uint64_t& cycle : cycles) cycle -= firstInput;
    EXPECT_EQ(design["predicted"][name].get<std::vector<std::uint64_t>>(), cycles) << name;
    const std::size_t beats = cycles.size() / 4;
    EXPECT_EQ(design["latency"], cycles[beats - 1]);
    EXPECT_EQ(design["ii"], cycles[4 * beats - 1] - cycles[3 * beats - 1])
        << "the fourth frame is in the steady state";
  }
  for (const json& stream : design["streams"]) {
    for (const char* key : {"name", "depth", "occupancy"}) EXPECT_TRUE(stream.contains(key)) << stream;
    EXPECT_LE(stream["occupancy"], stream["depth"]);
  }
}

TEST_F(MainJob, ACutGivesOneModulePerSubgraphAndAWrongNameSaysWhereCutsCanStand) {
  ASSERT_EQ(build(folder_ / "out",
                  {"--reuse-factor", "4096", "--until", "rtl", "--split-before", "MatMul_22,MatMul_34"}),
            0)
      << error_;
  const json design = json::parse(readFile(folder_ / "out/design.json").value());
  EXPECT_EQ(design["subgraphs"].size(), 3u);
  EXPECT_EQ(design["cuts"].size(), 2u);
  for (const char* module : {"sub0", "sub1", "sub2"})
    EXPECT_TRUE(fs::exists(folder_ / "out/rtl" / (std::string(module) + ".v"))) << module;

  EXPECT_EQ(build(folder_ / "bad", {"--split-before", "NoSuchNode", "--until", "map"}), 1);
  expectOneLine();
  EXPECT_NE(error_.find("NoSuchNode"), std::string::npos);
  EXPECT_NE(error_.find("MatMul_22"), std::string::npos) << "names where it can be cut: " << error_;
  EXPECT_EQ(build(folder_ / "bad", {"--split-before", "MatMul_10", "--until", "map"}), 1);
  EXPECT_NE(error_.find("nothing stands before it"), std::string::npos) << error_;
  EXPECT_FALSE(fs::exists(folder_ / "bad")) << "a build that fails leaves nothing";
}

TEST_F(MainJob, WhatIsWrongEndsWithItsExitCodeAndOneLine) {
  const auto expect = [&](int code, const std::vector<std::string>& words, const std::string& says) {
    EXPECT_EQ(run(words), code) << join(words, " ") << "\n" << error_;
    EXPECT_NE(error_.find(says), std::string::npos) << error_;
    if (code == 1) expectOneLine();
  };
  const std::string out = folder_ / "out";
  expect(1, {"build", model(), "-o", out, "--quiet", "--board", "breadboard"}, "breadboard");
  EXPECT_NE(error_.find("pynq-z2"), std::string::npos) << "the boards there are: " << error_;
  expect(1, {"info", folder_ / "absent.onnx"}, "absent.onnx");
  const std::string whole = readFile(model()).value();
  ASSERT_TRUE(writeFile(folder_ / "cut.onnx", whole.substr(0, whole.size() / 2)).ok());
  expect(1, {"build", folder_ / "cut.onnx", "-o", out, "--quiet"}, "cut.onnx");
  ASSERT_TRUE(writeFile(folder_ / "text.onnx", "this is not a model\n").ok());
  expect(1, {"info", folder_ / "text.onnx"}, "text.onnx");
  expect(2, {"build", model()}, "--output");
  expect(2, {"build", model(), "-o", out, "--regime", "sideways"}, "sideways");
  expect(2, {"build", model(), "-o", out, "--reuse-factor", "4", "--target-ii", "4"}, "--target-ii");
  expect(2, {"frobnicate"}, "");
  EXPECT_FALSE(fs::exists(out)) << "a build that fails leaves nothing";
}

TEST_F(MainJob, ADesignThatDoesNotFitItsBoardEndsWithThreeAndSaysWhatIsShort) {
  EXPECT_EQ(build(folder_ / "out", {"--board", "arty-a7-35t", "--reuse-factor", "64", "--until", "map"}), 3)
      << error_;
  expectOneLine();
  EXPECT_NE(error_.find("arty-a7-35t"), std::string::npos);
  EXPECT_NE(error_.find("--reuse-factor"), std::string::npos) << "says what would help: " << error_;
  EXPECT_TRUE(fs::exists(folder_ / "out/report.html")) << "the report shows by how much";
  EXPECT_NE(error_.find("too many, most of it in MatMul_10 ("), std::string::npos) << error_;
  const std::size_t at = error_.find("with --reuse-factor ");
  ASSERT_NE(at, std::string::npos) << error_;
  const std::string factor = std::to_string(std::stoul(error_.substr(at + 20)));
  EXPECT_EQ(build(folder_ / "out", {"--board", "arty-a7-35t", "--reuse-factor", factor, "--until", "map"}), 0)
      << "what it says fits: " << error_;
}

TEST_F(MainJob, AKilledBuildLeavesWholeFilesOnlyAndTheNextOneIsAsIfNothingHadHappened) {
  const std::vector<std::string> options = {"--reuse-factor", "2048", "--until", "rtl"};
  const auto started = std::chrono::steady_clock::now();
  ASSERT_EQ(build(folder_ / "whole", options), 0) << error_;
  const auto taken = std::chrono::steady_clock::now() - started;
  const auto whole = contents(folder_ / "whole");
  for (int tenth = 5; tenth <= 10; ++tenth) {
    std::vector<std::string> words = {"build", model(), "-o", folder_ / "killed", "--quiet"};
    words.insert(words.end(), options.begin(), options.end());
    const pid_t child = start(words);
    std::this_thread::sleep_for(taken * tenth / 10);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    for (const auto& [name, content] : contents(folder_ / "killed")) {
      if (!whole.contains(name)) continue;  // a temporary name beside the file it is to become
      EXPECT_TRUE(whole.at(name) == content) << name << " is half-written";
    }
  }
  ASSERT_EQ(build(folder_ / "killed", options), 0) << error_;
  const auto after = contents(folder_ / "killed");
  for (const auto& [name, content] : whole) EXPECT_TRUE(after.at(name) == content) << name;
}

TEST_F(MainJob, EveryEngineGivesTheSameCodes) {
  std::map<std::string, NpyArray> codes;
  for (const std::string engine : {"float", "integer", "hdl"}) {
    const fs::path file = folder_ / (engine + ".npy");
    ASSERT_EQ(run({"run", model(), "--input", samples(), "--input-codes", "--output", file, "--output-codes",
                   "--engine", engine}),
              0)
        << engine << ": " << error_;
    codes[engine] = readNpy(file).value();
    EXPECT_EQ(codes[engine].typeName(), "i8") << "codes are int64";
    EXPECT_EQ(codes[engine].shape, (std::vector<std::uint64_t>{36, 12}));
    EXPECT_EQ(*codes[engine].asInt64(), *codes["float"].asInt64()) << engine;
  }
  // Real values: float64, a fixed scale times the codes.
  const fs::path file = folder_ / "real.npy";
  ASSERT_EQ(run({"run", model(), "--input", samples(), "--input-codes", "--output", file}), 0) << error_;
  const NpyArray reals = readNpy(file).value();
  EXPECT_TRUE(reals.isFloating());
  EXPECT_EQ(reals.shape, (std::vector<std::uint64_t>{36, 12}));
}

TEST_F(MainJob, SamplesMayHaveAnyShapeWhoseElementsMatch) {
  const NpyArray flat = readNpy(samples()).value();
  std::vector<std::int64_t> codes = flat.asInt64().value();
  ASSERT_TRUE(writeNpy(folder_ / "shaped.npy", makeNpy<std::int64_t>({18, 2, 49, 10}, codes)).ok());
  const fs::path a = folder_ / "a.npy", b = folder_ / "b.npy";
  ASSERT_EQ(run({"run", model(), "--input", samples(), "--input-codes", "--output", a, "--output-codes"}), 0)
      << error_;
  ASSERT_EQ(run({"run", model(), "--input", folder_ / "shaped.npy", "--input-codes", "--output", b,
                 "--output-codes"}),
            0)
      << error_;
  EXPECT_EQ(*readNpy(a)->asInt64(), *readNpy(b)->asInt64());
  codes.pop_back();
  const std::uint64_t odd = codes.size();
  ASSERT_TRUE(writeNpy(folder_ / "odd.npy", makeNpy<std::int64_t>({odd}, std::move(codes))).ok());
  EXPECT_EQ(run({"run", model(), "--input", folder_ / "odd.npy", "--input-codes"}), 1);
  expectOneLine();
}

TEST_F(MainJob, EverySubcommandHasHelp) {
  ASSERT_EQ(run({"--help"}), 0);
  for (const char* name : {"build", "info", "run", "dump"}) {
    EXPECT_NE(output_.find(name), std::string::npos) << name;
  }
  for (const std::string name : {"build", "info", "run", "dump"}) {
    ASSERT_EQ(run({name, "--help"}), 0);
    EXPECT_GT(output_.size(), 500u) << name;
    EXPECT_NE(output_.find("Example"), std::string::npos) << name;
  }
}

TEST_F(MainJob, InfoAndDumpShowTheNetwork) {
  ASSERT_EQ(run({"info", model()}), 0) << error_;
  EXPECT_NE(output_.find("MatMul_10"), std::string::npos);
  EXPECT_NE(output_.find("490"), std::string::npos);
  ASSERT_EQ(run({"dump", model(), "--after", "import", "--brief"}), 0) << error_;
  EXPECT_NE(output_.find("matMul"), std::string::npos);
  EXPECT_EQ(run({"dump", model(), "--after", "no-such-pass"}), 2);
  EXPECT_NE(error_.find("no-such-pass"), std::string::npos);
}

}  // namespace
}  // namespace sluice

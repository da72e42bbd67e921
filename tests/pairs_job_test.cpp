// A network on a board that holds it only with two products in a DSP block, as a user builds it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "networks.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class PairsJob : public ::testing::Test {
 protected:
  PairsJob() : folder_(fs::temp_directory_path() / ("sluice_pairs_job_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~PairsJob() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  void SetUp() override {
    if (tests::sharedFolder().empty()) GTEST_SKIP() << "the shared models are not here; set SLUICE_SHARED";
  }

  /// The exit code; what it printed, errors included, is in said_.
  int build(const std::string& more, const std::string& board = "--board arty-a7-35t --reuse-factor 32 ") {
    const std::string command = (tests::binaryFolder() / "bin/sluice").string() + " build " +
                                (tests::sharedFolder() / "models/qonnx/qkeras_jettagging.onnx").string() +
                                " -o " + (folder_ / "out").string() + " --quiet " + board + more + " 2>&1";
    said_.clear();
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> block{};
    while (std::fgets(block.data(), static_cast<int>(block.size()), pipe) != nullptr) said_ += block.data();
    const int status = ::pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  json report() { return json::parse(readFile(folder_ / "out/report.json").value()); }
  static std::uint64_t blocksOf(const json& report) {
    for (const json& row : report["boards"][0]["usage"])
      if (row["resource"] == "DSP") return row["used"];
    return 0;
  }
  std::string settings(const std::string& text) {
    const fs::path file = folder_ / "nodes.txt";
    EXPECT_TRUE(writeFile(file, text).ok());
    return "--node-options " + file.string() + " ";
  }

  fs::path folder_;
  std::string said_;
};

TEST_F(PairsJob, MappingPairsProductsWhereTheBoardHasTooFewBlocksAndSaysWhy) {
  ASSERT_EQ(build("--until simulate"), 0) << said_;
  const json done = report();
  EXPECT_GT(done["products_in_pairs"]["dsp_without"], 90u);
  EXPECT_EQ(done["products_in_pairs"]["dsp_available"], 90u);
  EXPECT_FALSE(done["products_in_pairs"]["layers"].empty());
  EXPECT_LE(blocksOf(done), 90u);
  EXPECT_NE(said_.find("Two products a DSP block"), std::string::npos) << said_;
  ASSERT_EQ(done["verification"].size(), 2u) << "with stalls and without";
  for (const json& run : done["verification"]) {
    EXPECT_EQ(run["wrong_values"], 0u);
    EXPECT_EQ(run["wrong_cycles"], 0u);
  }
}

TEST_F(PairsJob, WhereSettingsForbidItTheRefusalNamesItAsAWayToFit) {
  EXPECT_EQ(build(settings("MatMul_1 multiplier=dsp\nMatMul_2 multiplier=dsp\n") + "--until map"), 3);
  EXPECT_NE(said_.find("has 90 DSP"), std::string::npos) << said_;
  EXPECT_NE(said_.find("multiplier=dsp2 instead of what --node-options says of MatMul_1, MatMul_2"),
            std::string::npos)
      << said_;
  EXPECT_FALSE(report().contains("products_in_pairs"));
}

TEST_F(PairsJob, ADesignThatFitsIsAsItWasWithoutTheBoard) {
  const auto verilog = [&] {
    std::map<std::string, std::string> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / "out/rtl"))
      files[entry.path().filename()] = readFile(entry.path()).value();
    return files;
  };
  ASSERT_EQ(build("--until rtl", "--board arty-a7-35t --reuse-factor 64 "), 0) << said_;
  const auto there = verilog();
  EXPECT_FALSE(report().contains("products_in_pairs"));
  ASSERT_EQ(build("--until rtl", "--reuse-factor 64 "), 0) << said_;
  EXPECT_EQ(verilog(), there);
}

}  // namespace
}  // namespace sluice

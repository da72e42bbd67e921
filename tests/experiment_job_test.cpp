// An experiment as a user has it: the built program on a small definition, through the file that a colleague gets.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr const char* definition = R"yaml(experiment: small
seed: 3
sampler: random
trials: 6
parameters:
  width: {levels: [4, 8, 12]}
  bits: {integer: [4, 8]}
stages:
  data: {stage: jets.data, inputs: {samples: 300}}
  prepare: {stage: jets.prepare, inputs: {x: $data.x, y: $data.y}}
  train:
    stage: jets.train
    inputs: {train_x: $prepare.train_x, train_y: $prepare.train_y, test_x: $prepare.test_x, test_y: $prepare.test_y,
             layers: 1, layer_1: $width, batch: 32, epochs: 2}
  quantize:
    stage: sluice.quantize
    inputs: {model: $train.model, samples: $prepare.train_x, weight_bits: $bits}
  build: {stage: sluice.build, inputs: {model: $quantize.model, regime: streamed}}
metrics: {accuracy: $train.accuracy, lut: $build.lut}
objectives: {accuracy: maximise, lut: minimise}
)yaml";

class ExperimentJob : public ::testing::Test {
 protected:
  ExperimentJob()
      : folder_(fs::temp_directory_path() / ("sluice_experiment_job_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    ::setenv("SLUICE_CACHE", (folder_ / "cache").c_str(), 1);
    EXPECT_TRUE(writeFile(folder_ / "small.yaml", definition).ok());
  }
  ~ExperimentJob() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  /// Exit code of "sluice experiment ARGUMENTS" in the test's folder; what it printed is in printed_.
  int run(const std::string& arguments) {
    std::error_code failure;
    const fs::path program = fs::read_symlink("/proc/self/exe", failure).parent_path() / "sluice";
    const std::string line = "cd '" + folder_.string() + "' && '" + program.string() + "' experiment " +
                             arguments + " >printed 2>&1";
    const int status = std::system(line.c_str());
    printed_ = readFile(folder_ / "printed").value();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] bool says(const std::string& words) const {
    return printed_.find(words) != std::string::npos;
  }
  fs::path folder_;
  std::string printed_;
};

TEST_F(ExperimentJob, IsRunLookedAtExportedVerifiedAndReproduced) {
  EXPECT_EQ(run("status small.yaml"), 1);
  EXPECT_TRUE(says("no trials yet")) << printed_;
  ASSERT_EQ(run("run small.yaml --workers 2"), 0) << printed_;
  EXPECT_TRUE(says("small: 6 done, 0 failed")) << printed_;
  ASSERT_EQ(run("report small.yaml -o page.html"), 0) << printed_;
  const std::string page = readFile(folder_ / "page.html").value();
  EXPECT_NE(page.find("Parallel coordinates"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  ASSERT_EQ(run("export small.yaml -o small.tar"), 0) << printed_;
  ASSERT_EQ(run("verify small.tar"), 0) << printed_;
  EXPECT_TRUE(says("6 trials")) << printed_;

  ASSERT_EQ(run("run small.yaml --store again.db --workers 1"), 0) << printed_;
  ASSERT_EQ(run("export small.yaml --store again.db -o again.tar"), 0) << printed_;
  EXPECT_EQ(readFile(folder_ / "again.tar").value(), readFile(folder_ / "small.tar").value());

  ASSERT_EQ(run("reproduce small.tar -o elsewhere"), 0) << printed_;
  EXPECT_TRUE(says("6 of 6 trials and 12 of 12 metrics equal")) << printed_;

  std::string damaged = readFile(folder_ / "small.tar").value();
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  ASSERT_TRUE(writeFile(folder_ / "damaged.tar", damaged).ok());
  EXPECT_EQ(run("verify damaged.tar"), 1);
}

TEST_F(ExperimentJob, ANewDefinitionIsValidAndMistakesSayTheirLine) {
  ASSERT_EQ(run("new mine.yaml"), 0) << printed_;
  EXPECT_EQ(run("status mine.yaml"), 1);
  EXPECT_TRUE(says("no trials yet")) << printed_;  // so it was read
  EXPECT_EQ(run("new mine.yaml"), 1) << "nothing is written over";
  ASSERT_TRUE(writeFile(folder_ / "wrong.yaml", "experiment: x\nsead: 1\n").ok());
  EXPECT_EQ(run("run wrong.yaml"), 1);
  EXPECT_TRUE(says("wrong.yaml:2: the definition has no 'sead'")) << printed_;
}

}  // namespace
}  // namespace sluice

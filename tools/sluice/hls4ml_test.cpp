#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/npy.h"
#include "options.h"

/// `sluice run` and `sluice dump` with an hls4ml configuration.
namespace sluice::tool {
namespace {

namespace fs = std::filesystem;

class Hls4mlOption : public ::testing::Test {
 protected:
  Hls4mlOption() : folder_(fs::temp_directory_path() / ("sluice_hls4ml_test_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Hls4mlOption() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  static fs::path recording(const std::string& name) {
    const char* source = std::getenv("SLUICE_SOURCE");
    return fs::path(source != nullptr ? source : ".") / "src/compat/testdata" / name;
  }
  fs::path write(const std::string& name, const std::string& content) {
    EXPECT_TRUE(writeFile(folder_ / name, content).ok());
    return folder_ / name;
  }
  fs::path folder_;
};

TEST_F(Hls4mlOption, RunGivesTheBitsOfTheEmulation) {
  auto arrays = readNpz(recording("softmax.stable.npz"));
  ASSERT_TRUE(arrays.ok()) << arrays.error().text();
  ASSERT_TRUE(writeNpy(folder_ / "x.npy", arrays->at("x")).ok());
  RunOptions options;
  options.model.model = recording("softmax.json");
  options.model.hls4mlConfig =
      write("c.yml", "Model: {Precision: 'ap_fixed<16,6>'}\nLayerName: {s: {Implementation: stable}}\n");
  options.inputs = {folder_ / "x.npy"};
  options.output = folder_ / "y.npy";
  const Status status = runNetwork(options);
  ASSERT_TRUE(status.ok()) << status.error().text();
  const auto y = readNpy(folder_ / "y.npy");
  ASSERT_TRUE(y.ok());
  EXPECT_EQ(y->asDoubles(), arrays->at("y").asDoubles());
}

TEST_F(Hls4mlOption, DumpShowsTheNetworkOnCodes) {
  DumpOptions options;
  options.model.model = recording("softmax.json");
  options.model.hls4mlConfig = write("c.json", R"({"Model": {"Precision": "ap_fixed<16,6>"}})");
  options.brief = true;
  options.output = folder_ / "g.slir";
  const Status status = runDump(options);
  ASSERT_TRUE(status.ok()) << status.error().text();
  const auto text = readFile(folder_ / "g.slir");
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("accumulateConv"), std::string::npos) << *text;
  EXPECT_NE(text->find("s/exp = lookup"), std::string::npos) << *text;
}

TEST_F(Hls4mlOption, SaysWhatIsWrongWithTheConfiguration) {
  RunOptions options;
  options.model.model = recording("softmax.json");
  options.model.hls4mlConfig = write("c.yml", "{a: 1}");
  EXPECT_NE(runNetwork(options).error().text().find("none of the keys Model"), std::string::npos);
  options.model.hls4mlConfig = folder_ / "none.yml";
  EXPECT_EQ(runNetwork(options).error().code, ErrorCode::io);
}

}  // namespace
}  // namespace sluice::tool

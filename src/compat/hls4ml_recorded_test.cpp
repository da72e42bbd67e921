#include "compat/hls4ml_recorded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

/// Recorded answers of hls4ml's own C++ emulation: small networks beside this file (made by
/// tests/oracles/record_hls4ml.py), and all of $SLUICE_SHARED/data/oracles/hls4ml.
namespace sluice::compat {
namespace {

namespace fs = std::filesystem;

fs::path source() {
  const char* folder = std::getenv("SLUICE_SOURCE");
  return folder != nullptr ? folder : ".";
}

std::vector<fs::path> recordingsIn(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() == ".json" && stem.find('.') != std::string::npos)
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void expectEqual(const fs::path& recording, const fs::path& models) {
  const auto compared = compareRecorded(recording, models);
  ASSERT_TRUE(compared.ok()) << recording.filename() << ": " << compared.error().text();
  EXPECT_GT(compared->values, 0u);
  EXPECT_EQ(compared->differing, 0u) << recording.filename();
  EXPECT_EQ(compared->typesDiffering, 0u) << recording.filename();
  for (const std::string& note : compared->notes) ADD_FAILURE() << recording.filename() << ": " << note;
}

fs::path sharedFolder() {
  const char* variable = std::getenv("SLUICE_SHARED");
  const fs::path shared = variable != nullptr ? variable : "../shared";
  return shared.is_relative() ? source() / shared : shared;
}

TEST(Hls4mlRecorded, SmallNetworksGiveTheBitsAndTypesOfTheEmulation) {
  const fs::path folder = source() / "src/compat/testdata";
  const std::vector<fs::path> recordings = recordingsIn(folder);
  EXPECT_GE(recordings.size(), 18u);
  for (const fs::path& recording : recordings) expectEqual(recording, folder);
}

TEST(Hls4mlRecorded, ConfigurationsOfPublishedNetworksGiveTheBitsAndTypesOfTheEmulation) {
  const fs::path shared = sharedFolder();
  const std::vector<fs::path> recordings = recordingsIn(shared / "data/oracles/hls4ml");
  if (recordings.empty()) GTEST_SKIP() << "the shared recordings are not here; set SLUICE_SHARED";
  EXPECT_EQ(recordings.size(), 41u);
  for (const fs::path& recording : recordings) expectEqual(recording, shared / "models");
}

/// AD08's integer ReLUs wrap, and RN07's softmax is constant, only in hls4ml.
TEST(Hls4mlRecorded, WithoutItsDefectsTheConfigurationGivesWhatTheFrameworkAnswers) {
  const fs::path shared = sharedFolder(), folder = shared / "data/oracles/hls4ml";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "the shared recordings are not here; set SLUICE_SHARED";
  const auto integers =
      differenceWithoutDefects(folder / "AD08_qkeras.name_input16_8.json", shared / "models");
  ASSERT_TRUE(integers.ok()) << integers.error().text();
  EXPECT_EQ(*integers, 0);
  const auto softmax = differenceWithoutDefects(folder / "RN07_qkeras.name.json", shared / "models");
  ASSERT_TRUE(softmax.ok()) << softmax.error().text();
  EXPECT_LT(*softmax, 1e-6);
}

}  // namespace
}  // namespace sluice::compat

#include "base/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>
#include <vector>

namespace sluice {
namespace {

namespace fs = std::filesystem;

/// A folder of the test's own, gone at its end.
class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string pattern = (fs::temp_directory_path() / "sluice-file-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileTest() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(FileTest, WhatIsWrittenIsReadAndMissingFoldersAreMade) {
  const fs::path path = folder_ / "a" / "b.bin";
  const std::string content("x\0\n\xff", 4);
  ASSERT_TRUE(writeFile(path, content).ok());
  EXPECT_EQ(readFile(path).value(), content);
}

TEST_F(FileTest, NothingTemporaryIsLeftBehind) {
  ASSERT_TRUE(writeFile(folder_ / "a", "1").ok());
  ASSERT_TRUE(writeFile(folder_ / "a", "2").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}), 1);
}

TEST_F(FileTest, AReaderSeesTheOldContentOrTheNewNeverAMixture) {
  const fs::path path = folder_ / "shared";
  const std::string a(100000, 'a'), b(100000, 'b');
  ASSERT_TRUE(writeFile(path, a).ok());
  std::jthread writer([&] {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(writeFile(path, i % 2 == 0 ? b : a).ok());
  });
  for (int i = 0; i < 100; ++i) {
    const std::string seen = readFile(path).value();
    ASSERT_TRUE(seen == a || seen == b);
  }
}

TEST_F(FileTest, ErrorsNameTheFileAndTheReason) {
  EXPECT_NE(readFile(folder_ / "none").error().text().find("none: cannot be read: No such file"),
            std::string::npos);
  EXPECT_EQ(readFile(folder_).error().code, ErrorCode::io);
  EXPECT_EQ(writeFile(folder_, "x").error().code, ErrorCode::io);
  ASSERT_TRUE(writeFile(folder_ / "file", "x").ok());
  EXPECT_EQ(writeFile(folder_ / "file" / "below", "x").error().code, ErrorCode::io);
}

TEST_F(FileTest, AFileAboveTheLimitIsRefused) {
  ASSERT_TRUE(writeFile(folder_ / "a", "12345").ok());
  EXPECT_TRUE(readFile(folder_ / "a", 5).ok());
  EXPECT_EQ(readFile(folder_ / "a", 4).error().code, ErrorCode::badInput);
}

}  // namespace
}  // namespace sluice

#include "jobs/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/file.h"
#include "jobs/test_folder.h"
#include "jobs/work_folder.h"

namespace sluice::jobs {
namespace {

namespace fs = std::filesystem;

class StoreTest : public FolderTest {
 protected:
  Store store_ = Store::open(folder_ / "store").value();
  [[nodiscard]] fs::path objectPath(const Digest& digest) const {
    return folder_ / "store" / "v1" / "objects" / digest.hex().substr(0, 2) / digest.hex().substr(2);
  }
};

TEST_F(StoreTest, WhatWasPutIsFoundByItsDigest) {
  const std::string content("netlist\0\xff", 9);
  const Digest digest = store_.put(content).value();
  EXPECT_EQ(store_.get(digest), content);
  EXPECT_EQ(store_.get(digestOf("other")), std::nullopt);
  EXPECT_EQ(Store::open(folder_ / "store")->get(digest), content);
}

TEST_F(StoreTest, ADamagedArtefactCountsAsAbsentAndIsWrittenAnew) {
  const Digest digest = store_.put("content").value();
  ASSERT_TRUE(writeFile(objectPath(digest), "CONTENT").ok());
  EXPECT_EQ(store_.get(digest), std::nullopt);
  ASSERT_TRUE(store_.put("content").ok());
  EXPECT_EQ(store_.get(digest), "content");
}

TEST_F(StoreTest, RecordsAreFoundByKeyAndADamagedOneIsNot) {
  const Digest key = digestOf("key");
  EXPECT_EQ(store_.lookup(key), std::nullopt);
  ASSERT_TRUE(store_.bind(key, "one").ok());
  ASSERT_TRUE(store_.bind(key, "two").ok());
  EXPECT_EQ(store_.lookup(key), "two");
  const fs::path path = folder_ / "store" / "v1" / "keys" / key.hex().substr(0, 2) / key.hex().substr(2);
  const std::string whole = readFile(path).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(writeFile(path, whole.substr(0, size)).ok());
    EXPECT_EQ(store_.lookup(key), std::nullopt) << size;
  }
}

TEST_F(StoreTest, CollectRemovesWhatWasUsedLongestAgo) {
  std::vector<Digest> digests;
  for (int i = 0; i < 4; ++i) {
    digests.push_back(store_.put(std::string(100, static_cast<char>('a' + i))).value());
    fs::last_write_time(objectPath(digests.back()),
                        fs::file_time_type::clock::now() - std::chrono::hours(10 - i));
  }
  EXPECT_EQ(store_.usage().bytes, 400u);
  EXPECT_EQ(store_.usage().artefacts, 4u);
  ASSERT_TRUE(store_.get(digests[0]).has_value());  // a use makes it the youngest
  EXPECT_EQ(store_.collect(200), 200u);
  EXPECT_TRUE(store_.get(digests[0]).has_value());
  EXPECT_FALSE(store_.get(digests[1]).has_value());
  EXPECT_FALSE(store_.get(digests[2]).has_value());
  EXPECT_TRUE(store_.get(digests[3]).has_value());
  EXPECT_EQ(store_.collect(0), 200u);
}

TEST_F(StoreTest, CollectRemovesTemporaryFilesThatAKilledWriterLeft) {
  const fs::path left = folder_ / "store" / "v1" / "objects" / "ab" / ".cdef.1.0.tmp";
  ASSERT_TRUE(writeFile(left, "half").ok());
  store_.collect(1000);
  EXPECT_TRUE(fs::exists(left)) << "it is young: its writer may be at work";
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(2));
  store_.collect(1000);
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(StoreTest, ManyThreadsMayPutAndGetTheSameThings) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const std::string content = "content " + std::to_string(i % 7);
        const auto digest = store_.put(content);
        ASSERT_TRUE(digest.ok());
        ASSERT_EQ(store_.get(*digest), content);
      }
    });
}

TEST_F(StoreTest, AKeyIsLockedForOneAtATime) {
  std::vector<std::jthread> threads;
  std::atomic<int> inside = 0, most = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto lock = store_.lock(digestOf("key"));
        most = std::max(most.load(), ++inside);
        std::this_thread::yield();
        --inside;
      }
    });
  threads.clear();
  EXPECT_EQ(most, 1);
}

TEST_F(StoreTest, AFolderThatCannotBeMadeIsOneClearError) {
  ASSERT_TRUE(writeFile(folder_ / "file", "").ok());
  const auto store = Store::open(folder_ / "file" / "store");
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.error().text().find("set SLUICE_CACHE"), std::string::npos);
}

TEST_F(StoreTest, WorkFoldersInUseAreNotSweptAwayAndDeadOnesAre) {
  const fs::path parent = folder_ / "work";
  fs::path gone;
  {
    const auto work = WorkFolder::make(parent);
    ASSERT_TRUE(work.ok());
    gone = work->path();
    EXPECT_TRUE(fs::is_directory(gone));
    EXPECT_EQ(WorkFolder::removeAbandoned(parent), 0u);
    EXPECT_TRUE(fs::is_directory(gone));
  }
  EXPECT_TRUE(fs::is_empty(parent));
  fs::create_directories(parent / "job-dead" / "files");  // as a killed run leaves it: nobody holds the lock
  ASSERT_TRUE(writeFile(parent / "job-dead.lock", "").ok());
  EXPECT_EQ(WorkFolder::removeAbandoned(parent), 1u);
  EXPECT_TRUE(fs::is_empty(parent));
}

TEST(StoreFolder, ComesFromTheEnvironment) {
  const char* old = std::getenv("SLUICE_CACHE");
  const std::string kept = old != nullptr ? old : "";
  ::setenv("SLUICE_CACHE", "/somewhere", 1);
  EXPECT_EQ(Store::defaultFolder(), "/somewhere");
  ::unsetenv("SLUICE_CACHE");
  ::setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(Store::defaultFolder(), "/cache/sluice");
  ::unsetenv("XDG_CACHE_HOME");
  if (!kept.empty()) ::setenv("SLUICE_CACHE", kept.c_str(), 1);
}

}  // namespace
}  // namespace sluice::jobs

#include "base/threads.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace sluice {
namespace {

TEST(ParallelFor, CoversEveryIndexOnceForEveryCountAndThreadNumber) {
  for (std::size_t count : {0u, 1u, 2u, 7u, 64u, 65u})
    for (unsigned threads : {1u, 2u, 3u, 8u}) {
      std::vector<int> visits(count);
      parallelFor(count, threads, [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t i = begin; i < end; ++i) ++visits[i];
      });
      EXPECT_EQ(visits, std::vector<int>(count, 1)) << count << " over " << threads;
    }
}

TEST(ParallelFor, CutsTheRangeTheSameWayEveryTime) {
  const auto cut = [] {
    std::vector<std::tuple<std::size_t, std::size_t>> ranges(3);
    parallelFor(10, 3,
                [&](std::size_t begin, std::size_t end, unsigned worker) { ranges[worker] = {begin, end}; });
    return ranges;
  };
  const std::vector<std::tuple<std::size_t, std::size_t>> expected = {{0, 4}, {4, 7}, {7, 10}};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cut(), expected);
}

TEST(ParallelFor, GivesTheCallerTheExceptionOfABody) {
  EXPECT_THROW(parallelFor(4, 2,
                           [](std::size_t, std::size_t, unsigned worker) {
                             if (worker == 1) throw std::runtime_error("from a worker");
                           }),
               std::runtime_error);
}

TEST(DefaultThreads, IsPositiveAndCanBeSet) {
  EXPECT_GE(defaultThreads(), 1u);
  ::setenv("SLUICE_THREADS", "3", 1);
  EXPECT_EQ(defaultThreads(), 3u);
  ::setenv("SLUICE_THREADS", "none", 1);
  EXPECT_GE(defaultThreads(), 1u);
  ::unsetenv("SLUICE_THREADS");
}

}  // namespace
}  // namespace sluice

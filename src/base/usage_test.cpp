#include "base/usage.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

void work(double seconds) {
  const double start = threadProcessorSeconds();
  volatile unsigned sink = 0;
  while (threadProcessorSeconds() - start < seconds) sink = sink + 1;
}

TEST(Usage, OfTheProcessIsThatOfAllItsThreads) {
  const double process = processorSeconds(), thread = threadProcessorSeconds(),
               children = childProcessorSeconds();
  std::thread other([] { work(0.03); });
  work(0.02);
  other.join();
  EXPECT_GE(processorSeconds() - process, 0.045);
  const double own = threadProcessorSeconds() - thread;
  EXPECT_GE(own, 0.02);
  EXPECT_LT(own, processorSeconds() - process);
  EXPECT_EQ(childProcessorSeconds(), children);
}

TEST(Usage, PeakOfMemoryRisesAndStays) {
  const double before = peakMebibytes();
  ASSERT_GT(before, 0);
  {
    const std::vector<char> large(64 << 20, 1);
  }
  const double after = peakMebibytes();
  EXPECT_GT(after, before + 32);
  EXPECT_GE(peakMebibytes(), after);
}

}  // namespace
}  // namespace sluice

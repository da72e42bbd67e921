#include "base/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sluice {
namespace {

void twoSteps(Progress& progress) {
  progress.begin("synthesise", 2);
  progress.step("dense1");
  progress.say("note");
  progress.step();
}

TEST(Progress, WritesALinePerStepWhereNobodyWatches) {
  std::ostringstream out;
  {
    Progress progress(ProgressMode::lines, out);
    twoSteps(progress);
  }
  EXPECT_EQ(out.str(), "synthesise [0/2]\nsynthesise [1/2] dense1\nnote\nsynthesise [2/2]\n");
}

TEST(Progress, RewritesOneLineOnATerminalAndLeavesItClean) {
  std::ostringstream out;
  {
    Progress progress(ProgressMode::terminal, out);
    progress.begin("map");
    progress.step(std::string(200, 'x'));
  }
  const std::string erase = "\r\x1b[K";
  EXPECT_EQ(out.str(), erase + "map" + erase + "map " + std::string(75, 'x') + erase);
}

TEST(Progress, IsSilentWhenQuiet) {
  std::ostringstream out;
  {
    Progress progress(ProgressMode::quiet, out);
    twoSteps(progress);
  }
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace sluice

#include "jobs/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "jobs/test_folder.h"

namespace sluice::jobs {
namespace {

class ProcessTest : public FolderTest {
 protected:
  [[nodiscard]] Process shell(const std::string& script) const {
    Process process;
    process.program = "/bin/sh";
    process.argv = {"sh", "-c", script};
    process.environment = {"PATH=/usr/bin:/bin", "HERE=" + folder_.string()};
    process.folder = folder_;
    process.standardOutput = folder_ / "out";
    process.standardError = folder_ / "err";
    process.limits.seconds = 20;
    return process;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto content = readFile(folder_ / name);
    return content.ok() ? std::string(trim(*content)) : "";
  }
  /// The process whose number stands in a file is gone, or will be in a moment.
  [[nodiscard]] bool endsSoon(const std::string& file) const {
    const int pid = std::atoi(text(file).c_str());
    EXPECT_GT(pid, 0);
    return holdsWithin(5, [&] { return ::kill(pid, 0) != 0 && errno == ESRCH; });
  }
};

TEST_F(ProcessTest, GivesExitCodeAndWhatWasPrinted) {
  const auto end = runProcess(shell("echo out; echo err >&2; cat; exit 3"));
  ASSERT_TRUE(end.ok()) << end.error().text();
  EXPECT_EQ(end->end, End::exited);
  EXPECT_EQ(end->code, 3);
  EXPECT_EQ(text("out"), "out");
  EXPECT_EQ(text("err"), "err");
}

TEST_F(ProcessTest, ASignalIsToldFromAnExitCode) {
  const auto end = runProcess(shell("kill -SEGV $$"));
  EXPECT_EQ(end->end, End::signalled);
  EXPECT_EQ(end->code, 128 + SIGSEGV);
}

TEST_F(ProcessTest, AProgramThatCannotStartSaysWhy) {
  Process process = shell("");
  process.program = folder_ / "none";
  EXPECT_NE(runProcess(process).error().text().find("none: cannot be started: No such file"),
            std::string::npos);
}

TEST_F(ProcessTest, TheEnvironmentIsWhatWasGivenAndNothingElse) {
  ::setenv("SLUICE_TEST_LEAK", "1", 1);
  ASSERT_TRUE(runProcess(shell("echo ${SLUICE_TEST_LEAK:-none} $HERE; pwd")).ok());
  EXPECT_EQ(text("out"), "none " + folder_.string() + "\n" + folder_.string());
}

TEST_F(ProcessTest, ATimeOutEndsGrandchildrenEvenInSessionsOfTheirOwn) {
  Process process =
      shell("setsid sh -c 'echo $$ > grandchild; sleep 1000' & (sleep 1000 & echo $! > cousin); sleep 1000");
  process.limits.seconds = 0.5;
  const auto end = runProcess(process);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->end, End::timedOut);
  EXPECT_LT(end->seconds, 5);
  EXPECT_TRUE(endsSoon("grandchild"));
  EXPECT_TRUE(endsSoon("cousin"));
}

TEST_F(ProcessTest, ProcessorSecondsAreThoseOfAllItWaitedForAndNotOfSleeping) {
  const auto asleep = runProcess(shell("sleep 0.3"));
  const auto busy = runProcess(shell("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; true"));
  ASSERT_TRUE(asleep.ok() && busy.ok());
  EXPECT_LT(asleep->processorSeconds, 0.2);
  EXPECT_GT(busy->processorSeconds, asleep->processorSeconds);
}

TEST_F(ProcessTest, WhatAProgramLeavesRunningBehindItIsEnded) {
  const auto end = runProcess(shell("setsid sleep 1000 & echo $! > left"));
  EXPECT_EQ(end->code, 0);
  EXPECT_TRUE(endsSoon("left"));
}

TEST_F(ProcessTest, MemoryIsTheSumOverAllProcesses) {
  // One holds some 64 MB: below the limit; two together are above.
  const std::string hold = "perl -e 'vec($x, 60000000, 8) = 1; sleep ";
  Process process = shell(hold + "0'");
  process.limits.memoryMiB = 100;
  const auto one = runProcess(process);
  EXPECT_EQ(one->end, End::exited);
  EXPECT_LT(one->peakMemoryMiB, 100u);
  EXPECT_GT(one->peakMemoryMiB, 40u);
  process = shell(hold + "15' & " + hold + "15'");
  process.limits.memoryMiB = 100;
  const auto two = runProcess(process);
  EXPECT_EQ(two->end, End::outOfMemory);
  EXPECT_GT(two->peakMemoryMiB, 100u);
}

TEST_F(ProcessTest, WhenWeAreKilledOurProcessesEndToo) {
  const pid_t us = ::fork();
  if (us == 0) {
    (void)runProcess(shell(
        "setsid sh -c 'echo $$ > grandchild.tmp; mv grandchild.tmp grandchild; sleep 1000' & sleep 1000"));
    ::_exit(0);
  }
  ASSERT_TRUE(holdsWithin(5, [&] { return !text("grandchild").empty(); }));
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  EXPECT_TRUE(endsSoon("grandchild"));
}

TEST(FindProgram, LooksInPathUnlessThereIsASlash) {
  ASSERT_TRUE(findProgram("sh").has_value());
  EXPECT_TRUE(findProgram("sh")->is_absolute());
  EXPECT_EQ(findProgram("/bin/sh"), "/bin/sh");
  EXPECT_EQ(findProgram("no-such-program"), std::nullopt);
  EXPECT_EQ(findProgram("/etc"), std::nullopt);
}

}  // namespace
}  // namespace sluice::jobs

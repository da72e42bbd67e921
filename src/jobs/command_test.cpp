#include "jobs/command.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "jobs/test_folder.h"

namespace sluice::jobs {
namespace {

namespace fs = std::filesystem;

class CommandTest : public FolderTest {
 protected:
  Store store_ = Store::open(folder_ / "store").value();

  /// A command that also appends a line to a file outside: so that we see how often it really ran.
  [[nodiscard]] Command counted(const std::string& script) const {
    Command command;
    command.name = "counted";
    command.argv = {"sh", "-c", "echo ran >> \"$RUNS\"; " + script};
    command.machine["RUNS"] = at("runs");
    command.limits.seconds = 20;
    return command;
  }
  [[nodiscard]] std::size_t runs() const {
    const auto content = readFile(folder_ / "runs");
    return content.ok() ? split(*content, '\n').size() - 1 : 0;
  }
  [[nodiscard]] bool workIsEmpty() const { return fs::is_empty(store_.workFolder()); }
};

TEST_F(CommandTest, ARepeatedCommandComesFromTheStore) {
  Command command = counted("cat in/x > out/y; echo log; echo warning >&2");
  command.inputs = {{"in/x", "content"}};
  command.outputs = {"out/y"};
  const auto first = run(&store_, command);
  ASSERT_TRUE(first.ok()) << first.error().text();
  EXPECT_FALSE(first->fromCache);
  EXPECT_TRUE(first->succeeded());
  EXPECT_EQ(first->outputs.at("out/y"), "content");
  EXPECT_EQ(first->standardOutput, "log\n");
  EXPECT_EQ(first->standardError, "warning\n");
  const auto second = run(&store_, command);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->fromCache);
  EXPECT_EQ(second->outputs, first->outputs);
  EXPECT_EQ(second->standardOutput, first->standardOutput);
  EXPECT_EQ(second->standardError, first->standardError);
  EXPECT_EQ(second->seconds, first->seconds);
  EXPECT_EQ(second->processorSeconds, first->processorSeconds);
  EXPECT_EQ(second->peakMemoryMiB, first->peakMemoryMiB);
  EXPECT_EQ(runs(), 1u);
  EXPECT_TRUE(workIsEmpty());
}

TEST_F(CommandTest, WhateverTheResultDependsOnIsInTheKeyAndNothingElse) {
  Command base = counted("true");
  base.inputs = {{"x", "1"}};
  base.outputs = {"y"};
  const Digest key = keyOf(base);
  const auto changed = [&](const std::function<void(Command&)>& change) {
    Command command = base;
    change(command);
    return keyOf(command) != key;
  };
  EXPECT_TRUE(changed([](Command& c) { c.argv.back() += " "; }));
  EXPECT_TRUE(changed([](Command& c) { c.argv.emplace_back(""); }));
  EXPECT_TRUE(changed([](Command& c) { c.inputs[0].content = "2"; }));
  EXPECT_TRUE(changed([](Command& c) { c.inputs[0].name = "z"; }));
  EXPECT_TRUE(changed([](Command& c) { c.inputs[0].executable = true; }));
  EXPECT_TRUE(changed([](Command& c) { c.inputs.push_back({"w", ""}); }));
  EXPECT_TRUE(changed([](Command& c) { c.outputs[0].name = "z"; }));
  EXPECT_TRUE(changed([](Command& c) { c.outputs[0].optional = true; }));
  EXPECT_TRUE(changed([](Command& c) { c.environment["A"] = "1"; }));
  EXPECT_TRUE(changed([](Command& c) { c.toolVersion = "2"; }));
  EXPECT_FALSE(changed([](Command& c) { c.name = "other"; }));
  EXPECT_FALSE(changed([](Command& c) { c.argv[0] = "/usr/bin/sh"; }));
  EXPECT_FALSE(changed([](Command& c) { c.machine["A"] = "1"; }));
  EXPECT_FALSE(changed([](Command& c) { c.limits.seconds = 1; }));
}

TEST_F(CommandTest, AChangedInputRunsAgain) {
  Command command = counted("cat x > y");
  command.inputs = {{"x", "1"}};
  command.outputs = {"y"};
  EXPECT_EQ(run(&store_, command)->outputs.at("y"), "1");
  command.inputs[0].content = "2";
  EXPECT_EQ(run(&store_, command)->outputs.at("y"), "2");
  command.inputs[0].content = "1";
  EXPECT_EQ(run(&store_, command)->outputs.at("y"), "1");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(CommandTest, FailuresAreNotKept) {
  const Command command = counted("echo first; echo 'no such cell' >&2; exit 2");
  for (std::size_t i = 1; i <= 2; ++i) {
    const auto outcome = run(&store_, command);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->exitCode, 2);
    EXPECT_EQ(runs(), i);
    EXPECT_EQ(requireSuccess(command, *outcome).error().text(),
              "counted: ended with exit code 2; its last lines:\n  no such cell");
  }
}

TEST_F(CommandTest, ATimeOutIsSaidPlainlyAndLeavesNothing) {
  Command command = counted("sleep 1000");
  command.limits.seconds = 0.2;
  const auto outcome = run(&store_, command);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->end, End::timedOut);
  EXPECT_EQ(requireSuccess(command, *outcome).error().text(), "counted: was stopped after 0.2 seconds");
  EXPECT_TRUE(workIsEmpty());
}

TEST_F(CommandTest, AMissingOutputIsAnErrorUnlessItIsOptional) {
  Command command = counted("true");
  command.outputs = {"y"};
  EXPECT_EQ(run(&store_, command).error().text(), "counted: ended well, but did not write its output 'y'");
  command.outputs = {OutputFile("y", true)};
  const auto outcome = run(&store_, command);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->outputs.empty());
}

TEST_F(CommandTest, AnExecutableInputCanBeTheProgram) {
  Command command;
  command.argv = {"./tool", "a"};
  command.inputs = {{"tool", "#!/bin/sh\necho \"got $1\"\n", true}};
  EXPECT_EQ(run(&store_, command)->standardOutput, "got a\n");
}

TEST_F(CommandTest, TheWorkFolderReadsAsADotInLogs) {
  EXPECT_EQ(run(&store_, counted("pwd; echo \"$PWD/top.v:1: error\""))->standardOutput,
            ".\n./top.v:1: error\n");
}

TEST_F(CommandTest, AnUnknownProgramIsOneClearError) {
  Command command;
  command.name = "synthesis";
  command.argv = {"no-such-tool"};
  EXPECT_EQ(run(&store_, command).error().text(),
            "synthesis: the program 'no-such-tool' is not installed or not in PATH");
}

TEST_F(CommandTest, ALostArtefactMeansRunningAgain) {
  Command command = counted("echo 1 > y");
  command.outputs = {"y"};
  ASSERT_TRUE(run(&store_, command).ok());
  fs::remove_all(folder_ / "store" / "v1" / "objects");
  EXPECT_FALSE(run(&store_, command)->fromCache);
  EXPECT_TRUE(run(&store_, command)->fromCache);
  EXPECT_EQ(runs(), 2u);
}

TEST_F(CommandTest, WithoutAStoreItAlwaysRuns) {
  const Command command = counted("true");
  EXPECT_TRUE(run(nullptr, command)->succeeded());
  EXPECT_TRUE(run(nullptr, command)->succeeded());
  EXPECT_EQ(runs(), 2u);
}

TEST_F(CommandTest, ARunKilledInTheMiddleLeavesAStoreThatWorks) {
  Command command = counted("echo $$ > \"$RUNS.pid\"; test -e \"$RUNS.go\" || sleep 1000; echo done > y");
  command.outputs = {"y"};
  const pid_t us = ::fork();
  if (us == 0) {
    (void)run(&store_, command);
    ::_exit(0);
  }
  ASSERT_TRUE(
      holdsWithin(5, [&] { return readFile(at("runs.pid")).ok() && !readFile(at("runs.pid"))->empty(); }));
  const int tool = std::atoi(readFile(at("runs.pid"))->c_str());
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  EXPECT_TRUE(holdsWithin(5, [&] { return ::kill(tool, 0) != 0; }));

  ASSERT_TRUE(writeFile(at("runs.go"), "").ok());
  EXPECT_TRUE(holdsWithin(5, [&] {  // its supervisor may still hold the lock for a moment
    const auto again = Store::open(folder_ / "store");
    return again.ok() && workIsEmpty();
  }));
  const auto outcome = run(&store_, command);
  ASSERT_TRUE(outcome.ok()) << outcome.error().text();
  EXPECT_FALSE(outcome->fromCache);
  EXPECT_EQ(outcome->outputs.at("y"), "done\n");
}

TEST_F(CommandTest, TwoProcessesWithOneKeyRunItOnce) {
  Command command = counted("sleep 0.3; echo done > y");
  command.outputs = {"y"};
  pid_t processes[2];
  for (pid_t& process : processes)
    if ((process = ::fork()) == 0) {
      const auto store = Store::open(folder_ / "store");
      const auto outcome = run(&*store, command);
      ::_exit(outcome.ok() && outcome->outputs.at("y") == "done\n" ? 0 : 1);
    }
  for (const pid_t process : processes) {
    int status = 1;
    ::waitpid(process, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(runs(), 1u);
}

TEST(ProgramVersion, IsTheFirstLineItPrints) {
  EXPECT_EQ(programVersion("printf", {"one 1\\ntwo\\n"}, "").value(), "one 1");
  EXPECT_EQ(programVersion("no-such-tool", {}, "run ./setup.sh").error().text(),
            "'no-such-tool' is not installed or not in PATH; run ./setup.sh");
}

}  // namespace
}  // namespace sluice::jobs

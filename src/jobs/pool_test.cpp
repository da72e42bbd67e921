#include "jobs/pool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "jobs/test_folder.h"

namespace sluice::jobs {
namespace {

class PoolTest : public FolderTest {
 protected:
  Store store_ = Store::open(folder_ / "store").value();

  /// Commands that note in a file outside when they begin and end.
  [[nodiscard]] Command noted(int index, std::uint64_t memoryMiB = 100) const {
    Command command;
    command.name = std::to_string(index);
    command.argv = {"sh", "-c",
                    "echo begin >> \"$LOG\"; sleep 0.1; echo end >> \"$LOG\"; echo " + command.name};
    command.machine["LOG"] = at("log");
    command.limits = {20, memoryMiB};
    return command;
  }
  /// The highest number of commands that ran at once.
  [[nodiscard]] int mostAtOnce() const {
    int running = 0, most = 0;
    for (const std::string& line : split(readFile(folder_ / "log").value(), '\n')) {
      if (line == "begin") most = std::max(most, ++running);
      if (line == "end") --running;
    }
    return most;
  }
};

TEST_F(PoolTest, ResultsComeInTheOrderOfTheCommands) {
  std::vector<Command> commands;
  for (int i = 0; i < 6; ++i) commands.push_back(noted(i));
  commands[2].argv = {"sh", "-c", "exit 1"};
  commands[3].argv = {"no-such-tool"};
  std::vector<std::size_t> order;
  const auto outcomes =
      runAll(&store_, commands, {.workers = 3}, [&](std::size_t index, const Result<Outcome>& outcome) {
        order.push_back(index);
        EXPECT_EQ(outcome.ok(), index != 3);
      });
  ASSERT_EQ(outcomes.size(), 6u);
  for (const std::size_t i : {0u, 1u, 4u, 5u})
    EXPECT_EQ(outcomes[i]->standardOutput, std::to_string(i) + "\n");
  EXPECT_EQ(outcomes[2]->exitCode, 1);
  EXPECT_FALSE(outcomes[3].ok());
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
}

TEST_F(PoolTest, NoMoreRunAtOnceThanThereAreWorkers) {
  std::vector<Command> commands;
  for (int i = 0; i < 6; ++i) commands.push_back(noted(i));
  runAll(&store_, commands, {.workers = 2});
  EXPECT_LE(mostAtOnce(), 2);
}

TEST_F(PoolTest, TheMemoryBudgetKeepsLargeCommandsApart) {
  std::vector<Command> commands;
  for (int i = 0; i < 4; ++i) commands.push_back(noted(i, 600));
  commands.push_back(noted(4, 5000));  // above the budget: alone, but not never
  const auto outcomes = runAll(&store_, commands, {.workers = 4, .memoryMiB = 1000});
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ok() && outcome->succeeded());
  EXPECT_EQ(mostAtOnce(), 1);
}

TEST_F(PoolTest, NothingToDoIsDone) { EXPECT_TRUE(runAll(&store_, {}).empty()); }

TEST_F(PoolTest, EqualCommandsOfOneBatchRunOnce) {
  const std::vector<Command> commands(4, noted(1));
  const auto outcomes = runAll(&store_, commands, {.workers = 4});
  EXPECT_EQ(split(readFile(folder_ / "log").value(), '\n').size(), 3u);
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return !o->fromCache; }), 1);
}

}  // namespace
}  // namespace sluice::jobs

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "experiment/definition.h"
#include "experiment/testing.h"

namespace sluice::experiment {
namespace {

/// Two stages in C++: a square, which writes a line into `ran` whenever it really runs, and a sum.
Registry smallStages(const std::string& ran = "") {
  StageType square{.name = "square", .version = "1", .help = "x times x"};
  square.inputs = {{"x", Type::real, "what is squared", {}},
                   {"pause_ms", Type::integer, "waits", Value(std::int64_t{0})}};
  square.outputs = {{"y", Type::real, "", {}}, {"text", Type::file, "", {}}};
  square.run = [ran](const Values& in, StageRun& run) -> Result<Values> {
    const double x = *asNumber(in.at("x"));
    if (!ran.empty()) std::ofstream(ran, std::ios::app) << "square\n";
    std::this_thread::sleep_for(std::chrono::milliseconds(std::get<std::int64_t>(in.at("pause_ms"))));
    if (x > 1e6) return infeasible("x is too large");
    run.log("squaring\n");
    SLUICE_TRY(Value file, run.keep(formatDouble(x * x)));
    return Values{{"y", x * x}, {"text", file}};
  };
  StageType sum{.name = "sum", .version = "1", .help = "a plus b"};
  sum.inputs = {{"a", Type::real, "", {}}, {"b", Type::real, "", Value(0.0)}};
  sum.outputs = {{"y", Type::real, "", {}}};
  sum.run = [ran](const Values& in, StageRun&) -> Result<Values> {
    if (!ran.empty()) std::ofstream(ran, std::ios::app) << "sum\n";
    return Values{{"y", *asNumber(in.at("a")) + *asNumber(in.at("b"))}};
  };
  return {square, sum};
}

const char* const small = R"yaml(experiment: small
seed: 7
sampler: nsga2
window: 4
trials: 40
parameters:
  x: {number: [-2, 2]}
  shift: {integer: [0, 3]}
stages:
  total: {stage: sum, inputs: {a: $square.y, b: $shift}}
  square: {stage: square, inputs: {x: $x}}
metrics: {total: $total.y, square: $square.y}
objectives: {total: minimise, square: {close_to: 1}}
)yaml";

Definition defined(const std::string& text, const Registry& registry) {
  Result<Definition> definition = parseDefinition(text, "small.yaml", ".", registry);
  EXPECT_TRUE(definition.ok()) << definition.error().text();
  return std::move(definition).value();
}

std::string errorOf(const std::string& text) {
  const Result<Definition> definition = parseDefinition(text, "d.yaml", ".", smallStages());
  return definition.ok() ? "" : definition.error().text();
}

std::string runSmall(const Definition& definition, const TestFolder& folder, const std::string& name,
                     unsigned workers) {
  runToEnd(definition, folder, folder.at(name), workers);
  return outcomeOf(definition, folder.at(name));
}

TEST(Definition, OrdersStagesAndSaysTheLineOfEveryMistake) {
  const Definition definition = defined(small, smallStages());
  ASSERT_EQ(definition.stages.size(), 2u);
  EXPECT_EQ(definition.stages[0].name, "square");
  const auto says = [](const std::string& from, const std::string& to, const std::string& words) {
    const std::string error = errorOf(replaced(small, from, to));
    EXPECT_NE(error.find(words), std::string::npos) << to << " says: " << error;
  };
  says("a: $square.y", "a: $cube.y", "d.yaml:10: there is no stage 'cube'");
  says("$square.y, b", "$square.z, b", "d.yaml:10: stage 'square' has no output 'z'; it has: y, text");
  says("a: $square.y", "a: $square.text", "d.yaml:10: input 'a' is a number, but it is given a file");
  says("x: $x", "x: $total.y", "circle: total, square");
  says("b: $shift", "c: $shift", "d.yaml:10: stage 'total' has no input 'c'");
  says("stage: sum", "stage: product", "there is no stage 'product'; there are: square, sum");
  says("trials: 40", "trials: many", "d.yaml:5: 'trials' is not a whole number");
  says("total: minimise", "total: small", "d.yaml:13: objective 'total' is minimise, maximise");
  says("total: minimise", "loss: minimise", "d.yaml:13: objective 'loss' is no metric");
  says("[-2, 2]", "[-2, 2", "d.yaml:7: is no valid YAML");
  says("seed: 7", "sead: 7", "d.yaml:2: the definition has no 'sead'");
  says("shift: {integer: [0, 3]}", "shift: {integer: [0, 3], when: {y: 1}}",
       "there is no earlier parameter 'y'");
  says("shift: {integer: [0, 3]}", "shift: {choices: [one]}", "parameter 'shift' may be 'one'");
  says("sampler: nsga2", "sampler: magic", "d.yaml:3");
}

TEST(Definition, RefusesAliasesThatUnfoldWithoutEnd) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = std::to_string(i - 1), now = std::to_string(i);
    bomb += "a" + now + ": &a" + now + " [*a" + before;
    for (int j = 0; j < 9; ++j) bomb += ", *a" + before;
    bomb += "]\n";
  }
  EXPECT_NE(errorOf(bomb).find("more than 100,000 values"), std::string::npos);
}

TEST(Stages, RunOnceAndOnlyWhatDependsOnAChangeRunsAgain) {
  const TestFolder folder;
  const std::string ran = folder.at("ran");
  const Registry registry = smallStages(ran);
  const Definition definition = defined(small, registry);
  const jobs::Store store = *jobs::Store::open(folder.at("cache"));
  const Runner runner = *Runner::make(definition, store);
  const auto lines = [&] { return readFile(ran).ok() ? *readFile(ran) : ""; };
  EXPECT_EQ(runner.run({{.values = {1.5, 2.0}}})->metrics.at("total"), 4.25);
  EXPECT_EQ(lines(), "square\nsum\n");
  EXPECT_TRUE(runner.run({{.values = {1.5, 2.0}}})->timings[1].fromCache);
  EXPECT_EQ(lines(), "square\nsum\n");
  EXPECT_EQ(runner.run({{.values = {1.5, 3.0}}})->metrics.at("total"), 5.25);
  EXPECT_EQ(lines(), "square\nsum\nsum\n") << "the late parameter changed";
  EXPECT_EQ(runner.run({{.values = {-1.5, 3.0}}})->metrics.at("total"), 5.25);
  EXPECT_EQ(lines(), "square\nsum\nsum\nsquare\n") << "the square came out the same, so the sum is known";
}

TEST(Stages, KeepWhatAStageRefusesAndRunANewVersionAnew) {
  const TestFolder folder;
  const jobs::Store store = *jobs::Store::open(folder.at("cache"));
  StageType square = smallStages(folder.at("ran"))[0];
  for (int i = 0; i < 2; ++i) {
    const Result<StageOutcome> outcome = runStage(store, square, "", {{"x", 1e9}});
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().message, "x is too large");
    EXPECT_EQ(outcome.error().code, ErrorCode::infeasible);
  }
  EXPECT_EQ(*readFile(folder.at("ran")), "square\n");
  square.version = "2";
  EXPECT_FALSE(runStage(store, square, "", {{"x", 1e9}}).ok());
  EXPECT_EQ(*readFile(folder.at("ran")), "square\nsquare\n");
  EXPECT_NE(runStage(store, square, "", {}).error().text().find("needs its input 'x'"), std::string::npos);
}

TEST(Stages, ACachedOneTakesLessThanAMillisecond) {
  const TestFolder folder;
  const jobs::Store store = *jobs::Store::open(folder.at("cache"));
  const StageType sum = smallStages()[1];
  ASSERT_TRUE(runStage(store, sum, "", {{"a", 1.0}}).ok());
  double best = 1;
  for (int i = 0; i < 50; ++i) best = std::min(best, runStage(store, sum, "", {{"a", 1.0}})->seconds);
  EXPECT_LT(best, 1e-3);
}

TEST(Stages, ACommandReadsItsInputsAndGivesFilesNumbersAndErrors) {
  const TestFolder folder;
  const std::string text = R"yaml(experiment: commands
trials: 2
sampler: grid
parameters:
  words: {choices: ["one two", "three"]}
stages:
  count:
    command: [sh, -c, "printf '%s' '{text}' > out.txt; wc -w < out.txt; printf '[1, 2.5]' > n.json"]
    inputs: {text: $words}
    outputs: {words: {integer: stdout, match: "([0-9]+)"}, kept: {file: out.txt}, m: {number: n.json, at: /1}}
  fails: {command: [sh, -c, "cat {f}; test {n} -ge 2"], inputs: {n: $count.words, f: {from: $count.kept, as: t.txt}},
          outputs: {y: {text: stdout}}}
metrics: {words: $count.words, m: $count.m}
objectives: {words: minimise}
)yaml";
  const jobs::Store store = *jobs::Store::open(folder.at("cache"));
  const Definition definition = defined(text, {});
  EXPECT_TRUE(definition.hasCommands());
  const Runner runner = *Runner::make(definition, store);
  const TrialResult two = *runner.run({{.values = {0.0}}});
  ASSERT_EQ(two.error, "");
  EXPECT_EQ(two.metrics.at("words"), 2);
  EXPECT_EQ(two.metrics.at("m"), 2.5);
  EXPECT_EQ(*store.get(two.artefacts.at("count.kept")), "one two");
  EXPECT_EQ(*store.get(two.logs.at("fails")), "one two");
  const TrialResult one = *runner.run({{.values = {1.0}}});
  EXPECT_EQ(one.failed, "fails");
  EXPECT_NE(one.error.find("exit code 1"), std::string::npos) << one.error;

  const Definition other = defined(replaced(text, "at: /1", "at: /9"), {});
  const TrialResult nowhere = *Runner::make(other, store)->run({{.values = {0.0}}});
  EXPECT_NE(nowhere.error.find("has nothing at /9"), std::string::npos) << nowhere.error;
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& words) {
    const Result<Definition> wrong = parseDefinition(replaced(text, from, to), "c.yaml", ".", {});
    ASSERT_FALSE(wrong.ok());
    EXPECT_NE(wrong.error().text().find(words), std::string::npos) << wrong.error().text();
  };
  refused("{text}", "{words}", "'{words}'");
  refused("out.txt}", "../out.txt}", "inside the work folder");
  refused("([0-9]+)", "([0-9]+", "output 'words'");
}

TEST(Experiment, TrialsAreTheSameForOneTwoAndEightWorkers) {
  const TestFolder folder;
  const Definition definition = defined(small, smallStages());
  const std::string one = runSmall(definition, folder, "1.db", 1);
  EXPECT_EQ(split(one, '\n').size(), 41u);
  EXPECT_EQ(one.find("waiting"), std::string::npos);
  EXPECT_EQ(runSmall(definition, folder, "2.db", 2), one);
  EXPECT_EQ(runSmall(definition, folder, "8.db", 8), one);
}

TEST(Experiment, GoesOnWhereItWasAndTakesMoreTrials) {
  const TestFolder folder;
  const Registry registry = smallStages();
  const std::string forty = runSmall(defined(small, registry), folder, "a.db", 2);
  const Definition longer = defined(replaced(small, "trials: 40", "trials: 50"), registry);
  const std::string fifty = runSmall(longer, folder, "a.db", 2);
  EXPECT_EQ(fifty.substr(0, forty.size()), forty);
  EXPECT_EQ(runSmall(longer, folder, "b.db", 2), fifty) << "as if it had been fifty from the beginning";
  TrialStore store = std::move(TrialStore::open(folder.at("a.db"))).value();
  EXPECT_FALSE(enter(store, defined(replaced(small, "seed: 7", "seed: 8"), registry)).ok());
}

}  // namespace
}  // namespace sluice::experiment

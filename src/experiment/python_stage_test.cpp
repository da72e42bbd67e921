#include "experiment/python_stage.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include "experiment/exchange.h"
#include "experiment/testing.h"

namespace sluice::experiment {
namespace {

constexpr const char* const pythonDefinition = R"yaml(experiment: python
trials: 3
sampler: grid
parameters:
  width: {levels: [2, 3, 4]}
  word: {choices: [one]}
stages:
  make:
    python: code/make.py:make
    files: [code/helper.py]
    inputs: {width: $width, word: $word, data: {file: data.txt, as: d.txt}}
    outputs: {total: number, rows: integer, good: boolean, text: text, model: file, bytes: file}
    seconds: 60
metrics: {total: $make.total, rows: $make.rows}
objectives: {total: minimise}
)yaml";

constexpr const char* const makeSource = R"py(
import json
from helper import twice

def make(width, word, *, data):
    """Everything a stage can give."""
    print("making", width)
    with open("model.txt", "w") as file:
        file.write(word * width)
    return {"total": twice(width) + 0.5, "rows": len(data.read_text().split()) * (data.name == "d.txt"), "good": width > 2,
            "text": "line\nline", "model": "model.txt", "bytes": bytes([0, 255, width])}

def use(model, times=3):
    return len(model.read_text()) * times
)py";

class Python : public testing::Test {
 protected:
  Python() {
    if (!jobs::findProgram(pythonProgram())) return;
    write("code/make.py", makeSource);
    write("code/helper.py", "def twice(x):\n    return 2 * x\n");
    write("data.txt", "a b c");
  }
  void SetUp() override {
    if (!jobs::findProgram(pythonProgram())) GTEST_SKIP() << "there is no " << pythonProgram();
  }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(writeFile(folder_.at("d/" + name), text).ok());
  }
  void replace(const std::string& name, const std::string& what, const std::string& with) {
    std::string text = *readFile(folder_.at("d/" + name));
    const std::size_t at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    write(name, text.replace(at, what.size(), with));
  }
  [[nodiscard]] Result<Definition> read(const std::string& text = pythonDefinition) const {
    return parseDefinition(text, "d.yaml", folder_.at("d"), {});
  }
  /// The first trial, with the sources as they stand now; what went wrong as its error.
  [[nodiscard]] TrialResult first(double level = 0, const std::string& text = pythonDefinition) const {
    const Result<Definition> definition = read(text);
    EXPECT_TRUE(definition.ok()) << definition.error().text();
    const Result<jobs::Store> store = jobs::Store::open(folder_.at("cache"));
    const Result<Runner> runner = Runner::make(*definition, *store);
    TrialResult result;
    if (!runner.ok()) return result.error = runner.error().text(), result;
    Result<TrialResult> ran = runner->run({{.values = {level, 0.0}}});
    if (!ran.ok()) return result.error = "io: " + ran.error().text(), result;
    return std::move(ran).value();
  }
  TestFolder folder_;
};

TEST_F(Python, AFunctionTakesAndGivesEveryTypeAndItsAnswerIsKept) {
  std::string two = pythonDefinition;
  two.insert(
      two.find("metrics:"),
      "  use: {python: \"code/make.py:use\", files: [code/helper.py], inputs: {model: $make.model}, outputs: "
      "{y: number}}\n");
  two.replace(two.find("rows: $make.rows"), 16, "rows: $make.rows, y: $use.y");
  const TrialResult result = first(0, two);
  ASSERT_EQ(result.error, "");
  EXPECT_EQ(result.metrics.at("total"), 4.5);
  EXPECT_EQ(result.metrics.at("rows"), 3);
  EXPECT_EQ(result.metrics.at("y"), 18) << "three times the length of 'oneone'";
  const jobs::Store store = *jobs::Store::open(folder_.at("cache"));
  EXPECT_EQ(*store.get(result.artefacts.at("make.model")), "oneone");
  EXPECT_EQ(*store.get(result.artefacts.at("make.bytes")), std::string("\0\xff\2", 3));
  EXPECT_EQ(*store.get(result.logs.at("make")), "making 2\n");
  EXPECT_TRUE(first().timings[0].fromCache);
  EXPECT_FALSE(first(1).timings[0].fromCache);
}

TEST_F(Python, AChangeOfItsSourceOrOfAModuleRunsItAgain) {
  ASSERT_EQ(first().metrics.at("total"), 4.5);
  replace("code/helper.py", "2 * x", "3 * x");
  EXPECT_EQ(first().metrics.at("total"), 6.5);
  replace("code/make.py", "+ 0.5", "+ 1.5");
  EXPECT_EQ(first().metrics.at("total"), 7.5);
  replace("code/make.py", "+ 1.5", "+ 0.5");
  replace("code/helper.py", "3 * x", "2 * x");
  EXPECT_TRUE(first().timings[0].fromCache);
}

TEST_F(Python, WhatItRaisesIsToldWithTheEndOfTheTraceback) {
  replace("code/helper.py", "return 2 * x", "raise ValueError(f'{x} is odd')");
  const TrialResult result = first();
  EXPECT_EQ(result.failed, "make");
  EXPECT_NE(result.error.find("helper.py\", line 2, in twice"), std::string::npos) << result.error;
  EXPECT_NE(result.error.find("ValueError: 2 is odd"), std::string::npos) << result.error;
  EXPECT_EQ(result.error.find("sluice_call"), std::string::npos) << "what is ours is of no interest";
}

TEST_F(Python, SaysWhatIsWrongBeforeAnythingRuns) {
  const auto says = [&](const std::string& what, const std::string& with, const std::string& words) {
    replace("code/make.py", what, with);
    const std::string error = first().error;
    EXPECT_NE(error.find(words), std::string::npos) << with << " says: " << error;
    write("code/make.py", makeSource);
  };
  says("def make(", "def made(", "code/make.py has no function 'make'");
  says("def make(width, word,", "def make(width, other,", "'code/make.py:make' has no argument 'word'");
  says("*, data)", "*, data, more)", "'code/make.py:make' needs its argument 'more'");
  says("import json", "import not_installed", "imports 'not_installed', which is neither");
  says("import json", "import json json", "SyntaxError");
  const auto refuses = [&](const std::string& what, const std::string& with, const std::string& words) {
    const Result<Definition> wrong = read(replaced(pythonDefinition, what, with));
    ASSERT_FALSE(wrong.ok()) << with;
    EXPECT_NE(wrong.error().text().find(words), std::string::npos) << wrong.error().text();
  };
  refuses("code/make.py:make", "../make.py:make", "does not lie beside the definition");
  refuses("code/make.py:make", "code/make.py", "is not file.py:function");
  refuses("rows: integer", "rows: int", "d.yaml:12: output 'rows' is a number, integer");
  refuses("as: d.txt", "as: ../d.txt", "inside the work folder");
}

TEST_F(Python, AnOutputOfAnotherTypeIsAnError) {
  const auto says = [&](const std::string& what, const std::string& with, const std::string& words) {
    replace("code/make.py", what, with);
    const std::string error = first().error;
    EXPECT_NE(error.find(words), std::string::npos) << with << " says: " << error;
    write("code/make.py", makeSource);
  };
  says("\"good\": width > 2", "\"good\": 1", "output 'good' is to be a boolean, not int");
  says("\"good\": width > 2,", "",
       "is to return bytes, good, model, rows, text, total, and returned bytes, model");
  says("\"total\": twice(width) + 0.5", "\"total\": float('nan')", "output 'total' is nan");
  says("\"model\": \"model.txt\"", "\"model\": \"/etc/passwd\"", "outside the folder it ran in");
  says("\"model\": \"model.txt\"", "\"model\": \"other.txt\"", "it did not write other.txt");
  says("len(data.read_text().split())", "2 ** 70", "output 'rows' does not fit 64 bits");
  says("print(\"making\", width)", "import os; os._exit(0)", "ended the process instead of returning");
}

TEST_F(Python, InfeasibleIsAnAnswerThatIsKept) {
  write("code/helper.py", "class Infeasible(Exception):\n    pass\n\ndef twice(x):\n    open('" +
                              folder_.at("ran") + "', 'a').write('.')\n    raise Infeasible('too wide')\n");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(first().error, "too wide");
  EXPECT_EQ(*readFile(folder_.at("ran")), ".");
}

TEST_F(Python, TheSourceGoesWithAnExportAndStrangersDoNotRunItUnasked) {
  const Definition definition = *read();
  EXPECT_TRUE(definition.hasCommands());
  runToEnd(definition, folder_, folder_.at("trials.db"), 2);
  TrialStore store = std::move(TrialStore::open(folder_.at("trials.db"))).value();
  const jobs::Store cache = *jobs::Store::open(folder_.at("cache"));
  const Runner runner = *Runner::make(definition, cache);
  const std::string archive = *exportExperiment(definition, runner, store, cache, {.data = true});
  const Exported exported = *readExported(archive, "x.tar");
  const Result<Reproduction> refused = reproduce(exported, {}, {.folder = folder_.at("no")});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text().find("code/make.py:make in Python"), std::string::npos);
  const Result<Reproduction> again =
      reproduce(exported, {}, {.folder = folder_.at("yes"), .runCommands = true});
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_TRUE(again->equal());
  EXPECT_EQ(again->trials, 3u);
  const std::string without = *exportExperiment(definition, runner, store, cache, {});
  EXPECT_EQ(readExported(without, "x.tar")->files.size(), 2u) << "its two sources, not its data";
}

}  // namespace
}  // namespace sluice::experiment

#include "experiment/exchange.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "experiment/test_server.h"
#include "experiment/worker.h"

namespace sluice::experiment {
namespace {

TEST(Archive, GivesBackWhatWentInAndRefusesEveryFlippedBit) {
  const std::vector<ArchiveFile> files = {
      {"a.json", "{}"}, {"data/x.bin", std::string(700, '\x01')}, {"empty", ""}};
  const std::string archive = printArchive(files);
  const std::vector<ArchiveFile> back = *parseArchive(archive, "x");
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(back[1].name, "data/x.bin");
  EXPECT_EQ(back[1].content, files[1].content);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < archive.size() * 8; i += 3) {
    std::string damaged = archive;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    const Result<std::vector<ArchiveFile>> read = parseArchive(damaged, "x");
    // What is left to the seal: a change within a content, or a name that is as good.
    accepted += read.ok() && read->size() == 3 && (*read)[0].content == "{}" &&
                (*read)[1].content == files[1].content;
  }
  EXPECT_EQ(accepted, 0u);
  for (std::size_t cut = 0; cut < archive.size(); cut += 100)
    EXPECT_FALSE(parseArchive(archive.substr(0, cut), "x").ok());
}

TEST(Archive, RefusesPathsThatLeaveTheFolder) {
  for (const char* name : {"../x", "/etc/passwd", "a/../../x", "a//b", "./a", "a b", "", "a\\b"})
    EXPECT_FALSE(isArchiveName(name)) << name;
  // As tar would write it, with a right checksum: the name alone is wrong.
  std::string archive = printArchive({{"aa/x", "evil"}});
  archive.replace(0, 4, "../x");
  unsigned sum = 0;
  archive.replace(148, 8, "        ");
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(archive[i]);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  archive.replace(148, 7, digits, 7);
  const Result<std::vector<ArchiveFile>> read = parseArchive(archive, "evil.tar");
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text().find("not allowed"), std::string::npos) << read.error().text();
}

Registry twice() {
  StageType stage{.name = "twice", .version = "1", .help = ""};
  stage.inputs = {{"x", Type::real, "", {}}, {"table", Type::file, "", {}}};
  stage.outputs = {{"y", Type::real, "", {}}, {"copy", Type::file, "", {}}};
  stage.run = [](const Values& in, StageRun& run) -> Result<Values> {
    run.log("doubling\n");
    SLUICE_TRY(const std::string table, run.content(in, "table"));
    SLUICE_TRY(const Value copy, run.keep(table + "."));
    return Values{{"y", 2 * *asNumber(in.at("x")) + static_cast<double>(table.size())}, {"copy", copy}};
  };
  return {stage};
}

const char* const text = R"yaml(experiment: twice
seed: 1
sampler: random
trials: 12
parameters: {x: {number: [0, 1]}}
stages: {twice: {stage: twice, inputs: {x: $x, table: {file: table.csv}}}}
metrics: {y: $twice.y}
objectives: {y: minimise}
)yaml";

class Exchange : public testing::Test {
 protected:
  /// The experiment run with `workers`, exported.
  std::string exported(unsigned workers, const ExportOptions& options = {.data = true, .artefacts = true}) {
    const std::string name = std::to_string(workers);
    EXPECT_TRUE(writeFile(folder_.at("table.csv"), "a,b\n1,2\n").ok());
    const Result<Definition> definition = parseDefinition(text, "t.yaml", folder_.path(), twice());
    EXPECT_TRUE(definition.ok()) << definition.error().text();
    RunOptions running;
    running.worker.place = folder_.at(name + ".db");
    running.workers = workers;
    EXPECT_TRUE(run(*definition, folder_.at("cache" + name), running).ok());
    TrialStore store = std::move(TrialStore::open(running.worker.place)).value();
    const jobs::Store cache = *jobs::Store::open(folder_.at("cache" + name));
    const Runner runner = *Runner::make(*definition, cache);
    Result<std::string> archive = exportExperiment(*definition, runner, store, cache, options);
    EXPECT_TRUE(archive.ok()) << archive.error().text();
    return archive.ok() ? *archive : "";
  }
  TestFolder folder_;
};

TEST_F(Exchange, TheFileIsTheSameForOneTwoAndEightWorkers) {
  const std::string one = exported(1);
  EXPECT_EQ(exported(2), one);
  EXPECT_EQ(exported(8), one);
}

TEST_F(Exchange, EveryFlippedByteIsFound) {
  const std::string archive = exported(1);
  ASSERT_TRUE(readExported(archive, "x").ok()) << readExported(archive, "x").error().text();
  for (std::size_t i = 0; i < archive.size(); i += 7) {
    std::string damaged = archive;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(readExported(damaged, "x").ok()) << "byte " << i;
  }
}

TEST_F(Exchange, IsReproducedInAnotherFolderAndSaysWhatDiffers) {
  Exported inside = *readExported(exported(2), "x");
  ReproduceOptions options;
  options.folder = folder_.at("again");
  options.workers = 2;
  const Result<Reproduction> same = reproduce(inside, twice(), options);
  ASSERT_TRUE(same.ok()) << same.error().text();
  EXPECT_TRUE(same->equal());
  EXPECT_EQ(same->equalMetrics, 12u);
  EXPECT_FALSE(reproduce(inside, twice(), options).ok()) << "the folder is not empty";

  inside.trials[3].result.metrics["y"] += 1;
  inside.tools["twice"] = "twice 0 ";
  options.folder = folder_.at("changed");
  const Reproduction changed = *reproduce(inside, twice(), options);
  EXPECT_FALSE(changed.equal());
  ASSERT_EQ(changed.differences.size(), 1u);
  EXPECT_NE(changed.differences[0].find("trial 3: y: "), std::string::npos);
  ASSERT_EQ(changed.tools.size(), 1u);
}

TEST_F(Exchange, DataThatIsNotInsideHasToBeTheSameFile) {
  const Exported inside = *readExported(exported(1, {}), "x");
  ReproduceOptions options;
  options.folder = folder_.at("again");
  const Result<Reproduction> without = reproduce(inside, twice(), options);
  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.error().text().find("table.csv"), std::string::npos) << without.error().text();
}

TEST(Reproduce, RunsNoCommandsOfStrangersUnasked) {
  const TestFolder folder;
  Exported evil;
  evil.name = "evil";
  evil.definition = R"yaml(experiment: evil
trials: 1
sampler: grid
parameters: {x: {choices: [a]}}
stages: {s: {command: [touch, /tmp/owned], inputs: {x: $x}, outputs: {y: {number: stdout}}}}
metrics: {y: $s.y}
objectives: {y: minimise}
)yaml";
  ReproduceOptions options;
  options.folder = folder.at("new");
  const Result<Reproduction> outcome = reproduce(evil, {}, options);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().text().find("touch /tmp/owned"), std::string::npos) << outcome.error().text();
  EXPECT_FALSE(std::filesystem::exists(options.folder));
}

TEST(Reproduce, RefusesWhatIsNoExperiment) {
  EXPECT_FALSE(readExported("", "x").ok());
  EXPECT_FALSE(readExported(std::string(100'000, '\0'), "x").ok());
  EXPECT_FALSE(readExported(printArchive({{"readme", "hello"}}), "x").ok());
  const Result<Exported> newer = readExported(
      printArchive({{"manifest.json", R"({"experiment":"x","files":{},"format":"sluice experiment 2"})"},
                    {"a", ""},
                    {"b", ""},
                    {"c", ""},
                    {"seal", ""}}),
      "x");
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace sluice::experiment

#include <gtest/gtest.h>

#include "experiment/exchange.h"
#include "experiment/proposer.h"
#include "experiment/report.h"
#include "experiment/testing.h"

namespace sluice::experiment {
namespace {

constexpr const char* const halved = R"yaml(experiment: halved
seed: 7
sampler: nsga2
window: 3
trials: 20
parameters:
  x: {number: [-2, 2]}
fidelity: {values: [1, 3, 9], bracket: 9, factor: 3}
stages:
  train: {stage: train, inputs: {x: $x, epochs: $fidelity}}
metrics: {error: $train.error, cost: $train.cost}
objectives: {error: minimise, cost: minimise}
)yaml";

/// The error falls with the epochs; some points cannot be trained at all.
Registry trainer() {
  StageType train{.name = "train", .version = "1", .help = ""};
  train.inputs = {{"x", Type::real, "", {}}, {"epochs", Type::integer, "", {}}};
  train.outputs = {{"error", Type::real, "", {}}, {"cost", Type::real, "", {}}};
  train.run = [](const Values& in, StageRun&) -> Result<Values> {
    const double x = std::get<double>(in.at("x"));
    if (x > 1.7) return infeasible("x is too large");
    return Values{{"error", x * x + 1.0 / static_cast<double>(std::get<std::int64_t>(in.at("epochs")))},
                  {"cost", 2 - x}};
  };
  return {train};
}

Definition halvedDefinition() { return *parseDefinition(halved, "h.yaml", ".", trainer()); }

std::vector<TrialRow> ranWith(unsigned workers, const TestFolder& folder) {
  const Definition definition = halvedDefinition();
  const std::string place = folder.at(std::to_string(workers) + ".db");
  runToEnd(definition, folder, place, workers);
  return rowsOf(definition, place);
}

TEST(Fidelity, StopsTheWorseEarlyAndTheSameForAnyNumberOfWorkers) {
  const TestFolder folder;
  const std::vector<TrialRow> alone = ranWith(1, folder), eight = ranWith(8, folder);
  // Brackets of 9, 9 and 2 points: 9 + 3 + 1, 9 + 3 + 1, 2 + 1 + 1.
  ASSERT_EQ(alone.size(), 30u);
  ASSERT_EQ(eight.size(), 30u);
  std::size_t atRung[3] = {};
  const Definition definition = halvedDefinition();
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(alone[i].parameters, eight[i].parameters) << i;
    EXPECT_EQ(alone[i].result, eight[i].result) << i;
    ++atRung[parseParameters(definition, alone[i].parameters)->rung];
  }
  EXPECT_EQ(atRung[0], 20u);
  EXPECT_EQ(atRung[1], 7u);
  EXPECT_EQ(atRung[2], 3u);
  const std::string page = *reportPage(definition, alone, *jobs::Store::open(folder.at("cache")));
  EXPECT_NE(page.find("at the highest fidelity"), std::string::npos);
  EXPECT_NE(page.find("fidelity 3, 2 of 3"), std::string::npos);
  EXPECT_EQ(summaryText(definition, alone).find("more"), std::string::npos)
      << "three are on the front at most";
}

TEST(Fidelity, IsCheckedWithTheDefinition) {
  const auto says = [](const std::string& what, const std::string& with, const std::string& words) {
    const Result<Definition> wrong = parseDefinition(replaced(halved, what, with), "h.yaml", ".", trainer());
    ASSERT_FALSE(wrong.ok()) << with;
    EXPECT_NE(wrong.error().text().find(words), std::string::npos) << wrong.error().text();
  };
  says("[1, 3, 9]", "[9]", "h.yaml:8: 'values' of 'fidelity' are two or more");
  says("[1, 3, 9]", "[1, 3, 3]", "'3' stands twice");
  says("[1, 3, 9]", "[1, 3, all]", "h.yaml:10: input 'epochs' is a integer, but the fidelity may be 'all'");
  says("factor: 3", "factor: 1", "the factor of halving is above 1");
  says("epochs: $fidelity", "epochs: 3", "h.yaml:8: no stage takes $fidelity");
  says("  x: {", "  fidelity: {", "already the name of a parameter");
}

TEST(Retry, FailedTrialsRunAgainAndWhatTheyLedToIsProposedAnew) {
  const TestFolder folder;
  const std::string place = folder.at("trials.db");
  TrialStore store = std::move(TrialStore::open(place)).value();
  const std::int64_t id = *store.experiment("e", "d");
  ASSERT_TRUE(store.add(id, 0, std::vector<std::string>(6, "{}")).ok());
  for (int i = 0; i < 6; ++i) {
    const Claim claim = **store.claim(id, "w", 60'000);
    if (i == 5) {
      EXPECT_FALSE(store.retryFailed(id, 0).ok()) << "one is running";
    }
    ASSERT_TRUE(*store.finish(id, claim, i == 2 || i == 4 ? TrialState::failed : TrialState::done, "r", "t"));
  }
  const TrialStore::Retried blind = *store.retryFailed(id, 0);
  EXPECT_EQ(blind.waiting, 2);
  EXPECT_EQ(blind.dropped, 0);
  EXPECT_EQ(store.counts(id)->waiting, 2);
  const Claim two = **store.claim(id, "w", 60'000);
  EXPECT_EQ(two.number, 2);
  EXPECT_EQ(two.token, TrialStore::claimsPerRound + 1) << "who claimed it before cannot write over it";
  ASSERT_TRUE(*store.finish(id, two, TrialState::failed, "again", ""));
  const Claim four = **store.claim(id, "w", 60'000);
  ASSERT_TRUE(*store.finish(id, four, TrialState::done, "r", ""));
  const TrialStore::Retried looking = *store.retryFailed(id, 2);
  EXPECT_EQ(looking.waiting, 1);
  EXPECT_EQ(looking.dropped, 2) << "trials 4 and 5 could look at trial 2";
  EXPECT_EQ(store.extent(id)->trials, 4);
}

}  // namespace
}  // namespace sluice::experiment

#include "stages/stages.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/hash.h"
#include "stages/jets.h"

namespace sluice::stages {
namespace {

TEST(Jets, ATrainedNetworkTellsTheClassesApartAndIsTheSameEachTime) {
  const Prepared data = prepare(syntheticJets(1500, 1), 0.2, 42);
  EXPECT_EQ(data.train.count(), 1200u);
  EXPECT_EQ(data.test.count(), 300u);
  const TrainOptions options{.hidden = {16}, .batch = 64, .epochs = 8};
  const Mlp model = train(data.train, 5, options);
  EXPECT_GT(accuracy(model, data.test), 0.5) << "chance is 0.2";
  EXPECT_EQ(digestOf(onnxOf(model)), digestOf(onnxOf(train(data.train, 5, options))));
}

TEST(Jets, TheScaleOfTheTrainPartIsOneAndTheTestPartIsScaledAlike) {
  const Prepared data = prepare(syntheticJets(2000, 3), 0.25, 1);
  double sum = 0, squares = 0;
  for (std::size_t n = 0; n < data.train.count(); ++n) {
    sum += data.train.x[n * 16 + 9];
    squares += data.train.x[n * 16 + 9] * data.train.x[n * 16 + 9];
  }
  EXPECT_NEAR(sum / 1500, 0, 1e-4);
  EXPECT_NEAR(squares / 1500, 1, 1e-3);
}

TEST(Stages, TheExamplesAreValid) {
  const char* source = std::getenv("SLUICE_SOURCE");
  ASSERT_NE(source, nullptr);
  for (const char* name :
       {"jets.yaml", "jets_yosys.yaml", "jets_search.yaml", "jets_halving.yaml", "python.yaml"}) {
    const auto definition =
        experiment::readDefinition(std::filesystem::path(source) / "examples/experiments" / name, stages());
    ASSERT_TRUE(definition.ok()) << definition.error().text();
    EXPECT_EQ(definition->hasCommands(), std::string(name) == "python.yaml")
        << "a colleague can run the others without trusting anybody";
  }
}

TEST(Stages, DataAndTrainingRunAsStages) {
  const auto folder = std::filesystem::temp_directory_path() / "sluice-stages-test";
  std::filesystem::remove_all(folder);
  const jobs::Store store = *jobs::Store::open(folder);
  const auto stage = [](const char* name) {
    for (const experiment::StageType& type : stages())
      if (type.name == name) return type;
    return experiment::StageType{};
  };
  using experiment::Value;
  experiment::Values data =
      runStage(store, stage("jets.data"), "", {{"samples", Value(std::int64_t{600})}})->outputs;
  experiment::Values parts =
      runStage(store, stage("jets.prepare"), "", {{"x", data["x"]}, {"y", data["y"]}})->outputs;
  parts["epochs"] = Value(std::int64_t{2});
  const auto trained = runStage(store, stage("jets.train"), "", parts);
  ASSERT_TRUE(trained.ok()) << trained.error().text();
  EXPECT_GT(std::get<double>(trained->outputs.at("accuracy")), 0.2);
  parts["layers"] = Value(std::int64_t{9});
  const auto wrong = runStage(store, stage("jets.train"), "", parts);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message, "input 'layers' has to be 1 to 4");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sluice::stages

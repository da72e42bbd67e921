// Every layer and quantizer against what the frameworks answered (tests/oracles/keras/record.py).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/npy.h"
#include "frontend/keras/keras.h"
#include "ir/reference.h"
#include "ir/verify.h"

namespace sluice::frontend {
namespace {

std::filesystem::path testdata(const std::string& name) {
  const char* source = std::getenv("SLUICE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "src/frontend/keras/testdata" / name;
}

/// A model, its recording, and what the reference gives for it.
struct Recorded {
  ir::Graph graph;
  std::map<std::string, NpyArray> arrays;
  std::vector<std::vector<double>> outputs;  ///< in the order of graph.outputs
  std::size_t samples = 0;

  void open(const std::string& model, const std::string& recording) {
    auto imported = importKeras(testdata(model));
    ASSERT_TRUE(imported.ok()) << imported.error().text();
    graph = std::move(imported).value();
    const Status valid = ir::verify(graph);
    ASSERT_TRUE(valid.ok()) << valid.error().text();
    auto read = readNpz(testdata(recording));
    ASSERT_TRUE(read.ok()) << read.error().text();
    arrays = std::move(read).value();
    std::vector<std::vector<double>> inputs;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
      inputs.push_back(arrays.at("x" + std::to_string(i)).asDoubles());
    samples =
        inputs[0].size() / static_cast<std::size_t>(ir::elements(graph.tensor(graph.inputs[0]).type.shape));
    auto results = ir::runReference(graph, inputs, samples);
    ASSERT_TRUE(results.ok()) << results.error().text();
    for (const ir::ConstantData& result : *results) outputs.push_back(std::get<std::vector<double>>(result));
  }

  /// The recording of an output: named after its tensor, a nested model's by the model.
  const NpyArray* recordingOf(std::size_t output) const {
    std::string name = graph.tensor(graph.outputs[output]).name;
    name = name.substr(0, name.find('/'));
    if (const std::size_t call = name.find("_call"); call != std::string::npos) name.resize(call);
    if (name == "vector") name = "act_linear";  // the one layer that hands on its input
    const auto found = arrays.find(name);
    return found == arrays.end() ? nullptr : &found->second;
  }
};

struct Difference {
  double relative = 0;        ///< largest, divided by the range of the recording
  std::size_t different = 0;  ///< values that differ by more than 1e-6 of the range
};

Difference compare(const std::vector<double>& ours, const std::vector<double>& theirs) {
  if (ours.size() != theirs.size()) return {INFINITY, ours.size()};
  const auto [low, high] = std::minmax_element(theirs.begin(), theirs.end());
  const double range = std::max(*high - *low, 1e-6);
  Difference result;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double apart = std::abs(ours[i] - theirs[i]) / range;
    result.relative = std::max(result.relative, std::isnan(apart) ? INFINITY : apart);
    if (!(apart <= 1e-6)) ++result.different;
  }
  return result;
}

class FloatLayers : public testing::TestWithParam<const char*> {};

TEST_P(FloatLayers, EveryLayerGivesWhatKerasGives) {
  Recorded recorded;
  recorded.open(std::string(GetParam()) + ".keras", std::string(GetParam()) + ".npz");
  if (HasFatalFailure()) return;
  std::size_t compared = 0;
  for (std::size_t i = 0; i < recorded.outputs.size(); ++i) {
    const std::string& name = recorded.graph.tensor(recorded.graph.outputs[i]).name;
    const NpyArray* theirs = recorded.recordingOf(i);
    ASSERT_NE(theirs, nullptr) << name;
    const Difference difference = compare(recorded.outputs[i], theirs->asDoubles());
    EXPECT_LE(difference.relative, 1e-5) << name;
    ++compared;
  }
  EXPECT_GT(compared, 60u);
}

INSTANTIATE_TEST_SUITE_P(Keras, FloatLayers, testing::Values("keras2_layers", "keras3_layers"));

class Quantized : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Quantized, EveryQuantizerGivesWhatItsFrameworkGives) {
  Recorded recorded;
  recorded.open(GetParam().first, GetParam().second);
  if (HasFatalFailure()) return;
  for (std::size_t i = 0; i < recorded.outputs.size(); ++i) {
    const std::string& name = recorded.graph.tensor(recorded.graph.outputs[i]).name;
    const NpyArray* theirs = recorded.recordingOf(i);
    ASSERT_NE(theirs, nullptr) << name;
    const Difference difference = compare(recorded.outputs[i], theirs->asDoubles());
    EXPECT_EQ(difference.different, 0u) << name << ", largest " << difference.relative;
  }
}

INSTANTIATE_TEST_SUITE_P(Keras, Quantized,
                         testing::Values(std::pair("qkeras_quantizers.keras", "qkeras_quantizers.npz"),
                                         std::pair("hgq2_quantizers.keras", "hgq2_quantizers.npz")));

TEST(KerasRecorded, WeightsBehindQKerasQuantizersAreThoseOfQKeras) {
  Recorded recorded;
  recorded.open("qkeras_quantizers.keras", "qkeras_quantizers.npz");
  if (HasFatalFailure()) return;
  std::size_t compared = 0;
  for (const auto& [key, theirs] : recorded.arrays) {
    if (!key.starts_with("w_k_") && !key.starts_with("b_k_")) continue;
    const auto id = recorded.graph.findTensor(key.substr(2) + (key[0] == 'w' ? "/kernel" : "/bias"));
    ASSERT_TRUE(id.has_value()) << key;
    const ir::Tensor& tensor = recorded.graph.tensor(*id);
    const std::vector<double> ours = ir::realValues(tensor.type, *tensor.constant);
    EXPECT_LE(compare(ours, theirs.asDoubles()).relative, 3e-7) << key;
    EXPECT_FALSE(tensor.type.isReal()) << key << " are codes";
    ++compared;
  }
  EXPECT_GT(compared, 40u);
}

}  // namespace
}  // namespace sluice::frontend

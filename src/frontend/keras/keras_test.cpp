#include "frontend/keras/keras.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/npy.h"
#include "base/rng.h"
#include "frontend/keras/hdf5.h"
#include "ir/reference.h"
#include "ir/verify.h"

namespace sluice::frontend {
namespace {

std::filesystem::path testdata(const std::string& name) {
  const char* source = std::getenv("SLUICE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "src/frontend/keras/testdata" / name;
}

/// A folder of this test alone, gone with it.
class KerasFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("sluice_keras_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               "_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, std::string_view content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  /// A Sequential model of these layers, with the weights of the tiny network.
  Result<ir::Graph> sequential(const std::string& layers) {
    const auto path =
        write("model.json", R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + layers +
                                R"(]}, "keras_version": "2.14.0", "backend": "tensorflow"})");
    return importKeras(path, {.weights = testdata("tiny_weights.h5")});
  }
  static std::string input(const std::string& shape) {
    return R"({"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [null, )" + shape +
           "]}}";
  }
  static std::string layer(const std::string& className, const std::string& config) {
    return R"(, {"class_name": ")" + className + R"(", "config": {)" + config + "}}";
  }

  std::filesystem::path folder_;
};

std::vector<double> valuesOf(const ir::Graph& graph, const std::vector<double>& x, std::size_t samples) {
  const auto results = ir::runReference(graph, {x}, samples);
  if (!results.ok()) {
    ADD_FAILURE() << results.error().text();
    return {};
  }
  return std::get<std::vector<double>>((*results)[0]);
}

TEST_F(KerasFiles, OneNetworkInThreeFormsGivesTheSame) {
  const auto recorded = readNpz(testdata("tiny.npz"));
  ASSERT_TRUE(recorded.ok());
  const std::vector<double> x = recorded->at("x0").asDoubles(), y = recorded->at("softmax").asDoubles();
  std::vector<std::string> texts;
  for (const char* name : {"tiny.h5", "tiny.json", "tiny.keras"}) {
    const auto graph = importKeras(testdata(name));
    ASSERT_TRUE(graph.ok()) << graph.error().text();
    EXPECT_EQ(graph->name, "tiny");
    EXPECT_TRUE(graph->findTensor("block/act").has_value())
        << "layers of nested models carry the model's name";
    const std::vector<double> ours = valuesOf(*graph, x, 6);
    ASSERT_EQ(ours.size(), y.size());
    for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(ours[i], y[i], 1e-6) << name;
  }
}

TEST_F(KerasFiles, AModelWithoutWeightsSaysWhereTheyWereLookedFor) {
  const auto path = write("alone.json", readFile(testdata("tiny.json")).value());
  const auto graph = importKeras(path);
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.error().text().find("alone_weights.h5"), std::string::npos) << graph.error().text();
  EXPECT_NE(graph.error().text().find("--weights"), std::string::npos);
  EXPECT_TRUE(importKeras(path, {.weights = testdata("tiny_weights.h5")}).ok());
}

TEST_F(KerasFiles, AFileOfWeightsAloneIsNoModel) {
  const auto graph = importKeras(testdata("tiny_weights.h5"));
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.error().text().find("holds weights but no model"), std::string::npos)
      << graph.error().text();
}

TEST_F(KerasFiles, EverythingThatIsNotSupportedStandsInOneList) {
  const auto graph =
      sequential(input("8, 6") + layer("LSTM", R"("name": "rnn", "units": 4)") +
                 layer("MultiHeadAttention", R"("name": "mha")") +
                 layer("Activation", R"("name": "odd", "activation": "tanhshrink")") +
                 layer("QActivation", R"x("name": "noise", "activation": "bernoulli(alpha=1)")x") +
                 layer("Lambda", R"("name": "code")") + layer("GarNet", R"("name": "g")") +
                 layer("MyLayer", R"("name": "mine")"));
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::unsupported);
  const std::string text = graph.error().text();
  for (const char* part : {"layer 'rnn' (LSTM)", "recurrent layers are not supported yet", "'mha'",
                           "attention", "'odd'", "tanhshrink", "'noise'", "random numbers", "'code'",
                           "Python code", "'g'", "GarNet", "'mine' (MyLayer)", "class that is not supported"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
}

TEST_F(KerasFiles, AnOpenInputAxisIsNamed) {
  const auto graph = sequential(input("null, 3") + layer("Flatten", R"("name": "f")"));
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.error().text().find("axis 1 open"), std::string::npos) << graph.error().text();
}

TEST_F(KerasFiles, AWeightOfAnotherShapeIsAnErrorWithBothShapes) {
  const auto graph = sequential(input("4") + layer("Dense", R"("name": "last", "units": 2)"));
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.error().text().find("[3, 2] where [4, 2]"), std::string::npos) << graph.error().text();
}

/// Channels first: the same as turning the sample, the layer channels last, and turning back.
TEST_F(KerasFiles, ChannelsFirstIsChannelsLastTurned) {
  const std::vector<std::pair<std::string, std::string>> layers = {
      {"MaxPooling2D", R"("pool_size": [2, 3], "strides": [1, 2], "padding": "same")"},
      {"AveragePooling2D", R"("pool_size": 2)"},
      {"ZeroPadding2D", R"("padding": [[1, 0], [0, 2]])"},
      {"Cropping2D", R"("cropping": [[1, 0], [0, 2]])"},
      {"UpSampling2D", R"("size": [2, 3])"},
      {"GlobalAveragePooling2D", R"("keepdims": true)"}};
  std::vector<double> x;
  Rng rng(3);
  for (int i = 0; i < 2 * 4 * 6; ++i) x.push_back(rng.real());
  for (const auto& [className, config] : layers) {
    const auto first = sequential(
        input("2, 4, 6") + layer(className, R"("name": "l", "data_format": "channels_first", )" + config));
    ASSERT_TRUE(first.ok()) << first.error().text();
    const auto last =
        sequential(input("2, 4, 6") + layer("Permute", R"("name": "there", "dims": [2, 3, 1])") +
                   layer(className, R"("name": "l", "data_format": "channels_last", )" + config) +
                   layer("Permute", R"("name": "back", "dims": [3, 1, 2])"));
    ASSERT_TRUE(last.ok()) << last.error().text();
    const std::vector<double> ours = valuesOf(*first, x, 1), turned = valuesOf(*last, x, 1);
    EXPECT_EQ(first->tensor(first->outputs[0]).type.shape, last->tensor(last->outputs[0]).type.shape)
        << className;
    ASSERT_EQ(ours.size(), turned.size());
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_DOUBLE_EQ(ours[i], turned[i]) << className;
  }
}

/// Hubara et al. 2016: w becomes H or -H (0 becomes -H), or H times -1, 0, 1.
TEST_F(KerasFiles, BinaryAndTernaryDenseHaveFewValuedKernels) {
  const auto file = keras::Hdf5File::parse(readFile(testdata("tiny_weights.h5")).value(), "tiny_weights.h5");
  ASSERT_TRUE(file.ok());
  const keras::Hdf5Object* kernel = file->root().findPath("last/last/kernel:0");
  ASSERT_NE(kernel, nullptr);
  const std::vector<double> raw = file->read(*kernel)->values;
  for (const bool ternary : {false, true}) {
    const auto graph =
        sequential(input("3") + layer(ternary ? "TernaryDense" : "BinaryDense",
                                      R"("name": "last", "units": 2, "H": 0.5, "use_bias": false)"));
    ASSERT_TRUE(graph.ok()) << graph.error().text();
    const ir::Tensor& weight = graph->tensor(*graph->findTensor("last/kernel"));
    const std::vector<double> values = ir::realValues(weight.type, *weight.constant);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const double expected = ternary      ? 0.5 * std::nearbyint(std::clamp(raw[i] / 0.5, -1.0, 1.0))
                              : raw[i] > 0 ? 0.5
                                           : -0.5;
      EXPECT_EQ(values[i], expected) << raw[i];
    }
  }
}

TEST_F(KerasFiles, NumbersThatOnlyPythonWritesAreRead) {
  const auto graph =
      sequential(input("3") + layer("ReLU", R"("name": "r", "max_value": Infinity, "other": NaN)"));
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  EXPECT_EQ(valuesOf(*graph, {-1, 0.5, 7}, 1), (std::vector<double>{0, 0.5, 7}));
}

/// Copies of a file with flipped bits, cut, or with stretches of 0x00 and 0xff.
std::string damaged(const std::string& good, std::uint64_t stream) {
  Rng rng(11, stream);
  std::string bytes = good;
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(rng.bits() % limit); };
  const std::size_t kind = below(4);
  if (kind == 0) bytes.resize(below(bytes.size()));
  if (kind == 1) {
    const std::size_t at = below(bytes.size() - 16);
    for (std::size_t k = 0; k < 16; ++k) bytes[at + k] = static_cast<char>(rng.chance(0.5) ? 0xff : 0);
  }
  const std::size_t flips = kind < 2 ? 0 : 1 + below(kind == 2 ? 3 : 40);
  for (std::size_t k = 0; k < flips; ++k) bytes[below(bytes.size())] ^= static_cast<char>(1u << below(8));
  return bytes;
}

class Damaged : public testing::TestWithParam<const char*> {};

TEST_P(Damaged, FilesGiveErrorsOrValidGraphs) {
  const std::string name = GetParam(), good = readFile(testdata(name)).value();
  std::optional<std::string> weights;
  if (name.ends_with(".json")) weights = readFile(testdata("tiny_weights.h5")).value();
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto graph = importKerasBytes(damaged(good, i), "damaged", weights);
    if (!graph.ok()) {
      ++refused;
      EXPECT_FALSE(graph.error().text().empty());
      continue;
    }
    const Status valid = ir::verify(*graph);
    EXPECT_TRUE(valid.ok()) << valid.error().text();
  }
  EXPECT_GT(refused, 400u);
}

INSTANTIATE_TEST_SUITE_P(Keras, Damaged, testing::Values("tiny.h5", "tiny.json", "tiny.keras"));

}  // namespace
}  // namespace sluice::frontend

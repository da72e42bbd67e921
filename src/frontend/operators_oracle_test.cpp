#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/npy.h"
#include "frontend/frontend_testing.h"
#include "ir/verify.h"

/// Every operator in every variant against what onnxruntime and the QONNX executor answered for a small model of
/// it. tests/oracles/record_onnx_operators.py makes the recordings and says how they are stored.
namespace sluice::frontend {
namespace {

struct Part {
  std::string name;
  std::vector<std::int64_t> shape;  ///< first axis: samples
  std::size_t at = 0, count = 0;    ///< in the values
};
struct Case {
  std::string name;
  std::string model;
  std::vector<Part> parts;  ///< inputs, then the output
};
struct Recording {
  std::vector<Case> cases;
  std::vector<double> values;
};

std::filesystem::path testdata() {
  const char* source = std::getenv("SLUICE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "src/frontend/testdata";
}

Recording readRecording(const std::string& file) {
  Recording recording;
  const auto archive = readNpz(testdata() / file);
  EXPECT_TRUE(archive.ok()) << archive.error().text();
  if (!archive.ok()) return recording;
  const auto bytes = [&](const char* key) {
    const auto& list = std::get<std::vector<std::uint8_t>>(archive->at(key).data);
    return std::string(list.begin(), list.end());
  };
  recording.values = archive->at("values").asDoubles();
  const std::string models = bytes("models");
  std::istringstream lines(bytes("index"));
  std::string line;
  std::getline(lines, line);  // versions
  std::size_t model = 0, value = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    Case one;
    std::size_t size = 0;
    words >> one.name >> size;
    one.model = models.substr(model, size);
    model += size;
    std::string word;
    while (words >> word) {
      Part part{.name = word.substr(0, word.find('=')), .shape = {}, .at = value, .count = 1};
      std::istringstream extents(word.substr(word.find('=') + 1));
      for (std::string extent; std::getline(extents, extent, ',');) {
        part.shape.push_back(std::stoll(extent));
        part.count *= static_cast<std::size_t>(part.shape.back());
      }
      value += part.count;
      one.parts.push_back(std::move(part));
    }
    recording.cases.push_back(std::move(one));
  }
  EXPECT_EQ(value, recording.values.size());
  EXPECT_EQ(model, models.size());
  return recording;
}

void compare(const Case& one, const std::vector<double>& values) {
  SCOPED_TRACE(one.name);
  const auto graph = importOnnxBytes(one.model, one.name);
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  const Status valid = ir::verify(*graph);
  EXPECT_TRUE(valid.ok()) << valid.error().text();
  const auto slice = [&](const Part& part) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(part.at);
    return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(part.count));
  };
  std::vector<std::vector<double>> inputs;
  for (const ir::TensorId input : graph->inputs) {
    const auto part = std::find_if(one.parts.begin(), one.parts.end(),
                                   [&](const Part& p) { return p.name == graph->tensor(input).name; });
    ASSERT_NE(part, one.parts.end());
    inputs.push_back(slice(*part));
  }
  const Part& last = one.parts.back();
  const auto samples = static_cast<std::size_t>(last.shape[0]);
  const auto result = ir::runReference(*graph, inputs, samples);
  ASSERT_TRUE(result.ok()) << result.error().text();
  const auto& outputs = std::get<0>((*result)[0]);
  const std::vector<double> expected = slice(last);
  ir::Shape shape(last.shape.begin() + 1, last.shape.end());
  EXPECT_EQ(graph->tensor(graph->outputs[0]).type.shape, shape);
  ASSERT_EQ(outputs.size(), expected.size());
  const bool exact = one.name.starts_with("exact_");
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  const double range = std::max({*high - *low, std::abs(*high), std::abs(*low), 1e-3});
  // Codes: float32 holds the framework's value of one code with a rounding error of its own.
  const double tolerance = exact ? 2e-7 * range : 1e-5 * range;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    ASSERT_NEAR(outputs[i], expected[i], tolerance) << "element " << i;
}

TEST(OperatorOracle, EveryOnnxVariantAgreesWithOnnxruntime) {
  const Recording recording = readRecording("onnx_operators.npz");
  EXPECT_GE(recording.cases.size(), 270u);
  for (const Case& one : recording.cases) compare(one, recording.values);
}

TEST(OperatorOracle, EveryQonnxVariantAgreesWithTheQonnxExecutor) {
  const Recording recording = readRecording("qonnx_operators.npz");
  EXPECT_GE(recording.cases.size(), 48u);
  for (const Case& one : recording.cases) compare(one, recording.values);
}

TEST(OperatorOracle, EverySupportedOperatorHasARecordedVariant) {
  std::string all;
  for (const char* file : {"onnx_operators.npz", "qonnx_operators.npz"})
    for (const Case& one : readRecording(file).cases) all += one.model;
  std::string missing;
  std::istringstream names(supportedOnnxOperators());
  for (std::string name; names >> name;) {
    if (name.back() == ',') name.pop_back();
    // op_type is field 4 of a node: tag 0x22, length, name.
    const std::string field = std::string("\x22") + static_cast<char>(name.size()) + name;
    if (all.find(field) == std::string::npos) missing += name + " ";
  }
  EXPECT_EQ(missing, "");
}

}  // namespace
}  // namespace sluice::frontend

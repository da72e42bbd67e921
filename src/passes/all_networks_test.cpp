#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <ostream>

#include "base/npy.h"
#include "frontend/model.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/testing.h"
#include "passes/host_part.h"
#include "passes/pipeline.h"

/// Every quantized network there is a recording of: imported, lowered, run on the integer engine, and compared with
/// what its framework answered.
namespace sluice::passes {
namespace {

struct Network {
  const char* model;   ///< file under models/
  const char* oracle;  ///< file under data/oracles/
  /// Inputs that no quantizer comes before are held by a format so fine that it changes none of the recorded ones (by
  /// default one of 16 bits, the tool's).
  double inputStep = 0x1p-10;
  std::int64_t inputMost = 32767;
  double tolerance = 0;  ///< of outputs: 0 where every value lies on a grid, else for the float epilogue
  std::size_t ties = 0;  ///< values that differ, all explained where the network is listed
};

std::filesystem::path sharedFolder() {
  const char* source = std::getenv("SLUICE_SOURCE");
  const char* shared = std::getenv("SLUICE_SHARED");
  std::filesystem::path folder = shared != nullptr ? shared : "../shared";
  if (folder.is_relative() && source != nullptr) folder = std::filesystem::path(source) / folder;
  return std::filesystem::exists(folder / "models") ? folder : std::filesystem::path();
}

/// "12 dense, 3 threshold".
std::string census(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes) {
  std::map<std::string, int> counts;
  for (const ir::NodeId id : nodes) ++counts[ir::info(graph.node(id).operation).name];
  std::string out;
  for (const auto& [name, count] : counts)
    out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  return out;
}

void PrintTo(const Network& network, std::ostream* out) { *out << network.model; }

class AllNetworks : public testing::TestWithParam<Network> {};

TEST_P(AllNetworks, GivesTheCodesThatItsFrameworkRecorded) {
  const std::filesystem::path shared = sharedFolder();
  if (shared.empty()) GTEST_SKIP() << "the shared models and data are not here; set SLUICE_SHARED";
  const Network& network = GetParam();
  const auto imported = frontend::importModel(shared / "models" / network.model);
  ASSERT_TRUE(imported.ok()) << imported.error().text();
  const auto lowered =
      lower(*imported, {.inputFormat = ir::Quantize{.scale = {network.inputStep},
                                                    .zeroPoint = 0,
                                                    .range = {-network.inputMost - 1, network.inputMost},
                                                    .rounding = fixed::Rounding::halfEven}});
  ASSERT_TRUE(lowered.ok()) << lowered.error().text();
  const auto engine = ir::IntegerEngine::compile(*lowered);
  ASSERT_TRUE(engine.ok()) << engine.error().text();
  const ir::Regions& regions = engine->regions();
  std::printf("%s\n  host before: %s\n  integer: %s\n  host behind: %s\n", network.model,
              census(*lowered, regions.prologue).c_str(), census(*lowered, regions.integer).c_str(),
              census(*lowered, regions.epilogue).c_str());

  const auto archive = readNpz(shared / "data/oracles" / network.oracle);
  ASSERT_TRUE(archive.ok()) << archive.error().text();
  const NpyArray& x = archive->at("x");
  const auto samples = static_cast<std::size_t>(x.shape[0]);
  const auto codes = ir::hardwareInputCodes(*lowered, regions, {x.asDoubles()}, samples);
  ASSERT_TRUE(codes.ok()) << codes.error().text();
  const auto results = engine->run(*codes, samples);
  ASSERT_TRUE(results.ok()) << results.error().text();
  const auto outputs = ir::outputValues(*lowered, regions, *results, samples, {x.asDoubles()});
  ASSERT_TRUE(outputs.ok()) << outputs.error().text();
  // Of the largest outputs the first values and the sum of each channel were kept.
  const bool whole = archive->contains("y");
  const std::vector<double> y = archive->at(whole ? "y" : "y__head").asDoubles();
  std::vector<double> got = (*outputs)[0];
  if (!whole) {
    const std::vector<double> sums = archive->at("y_channel_sum").asDoubles();
    std::vector<double> ours(sums.size());
    for (std::size_t i = 0; i < got.size(); ++i) ours[i % ours.size()] += got[i];
    EXPECT_EQ(ours, sums);
    got.resize(y.size());
  }
  ASSERT_EQ(got.size(), y.size());
  std::size_t different = 0;
  double largest = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double apart = std::fabs(got[i] - y[i]);
    largest = std::max(largest, apart);
    if (apart > network.tolerance && ++different <= 5)
      std::printf("  sample %zu output %zu: %.9g, recorded %.9g\n", i * samples / y.size(),
                  i % (y.size() / samples), got[i], y[i]);
  }
  std::printf("  %zu of %zu values differ, by %g at most\n", different, y.size(), largest);
  EXPECT_EQ(different, network.ties);
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, AllNetworks,
    testing::Values(
        Network{.model = "onnx/branched_model_ch_last.onnx", .oracle = "qonnx/branched_model_ch_last.npz"},
        Network{.model = "onnx/tiny_unet_ch_last.onnx", .oracle = "qonnx/tiny_unet_ch_last.npz"},
        Network{.model = "onnx/separable_conv_model_ch_last.onnx",
                .oracle = "qonnx/separable_conv_model_ch_last.npz"},
        Network{.model = "qkeras-hgq/qkeras_3layer.json",
                .oracle = "qkeras/qkeras_3layer.npz",
                .inputStep = 0x1p-32,
                .inputMost = std::int64_t{1} << 40,
                .tolerance = 1e-6},
        Network{.model = "qkeras-hgq/qkeras_mnist_cnn.json",
                .oracle = "qkeras/qkeras_mnist_cnn.npz",
                .inputStep = 0x1p-32,
                .inputMost = std::int64_t{1} << 40,
                .tolerance = 1e-6},
        Network{.model = "seed-demo/mnist_784_16_10_q6.h5",
                .oracle = "seed-demo/mnist_784_16_10_q6.npz",
                .inputStep = 0x1p-32,
                .inputMost = std::int64_t{1} << 40,
                .tolerance = 1e-6},
        Network{.model = "seed-demo/mnist_cnn_73k_q6.h5",
                .oracle = "seed-demo/mnist_cnn_73k_q6.npz",
                .inputStep = 0x1p-32,
                .inputMost = std::int64_t{1} << 40,
                .tolerance = 1e-6},
        Network{.model = "mlperf-tiny/RN07_qkeras.h5", .oracle = "qkeras/RN07_qkeras.npz", .tolerance = 1e-6},
        Network{.model = "mlperf-tiny/AD08_qkeras.h5", .oracle = "qkeras/AD08_qkeras.npz", .inputStep = 0.25},
        Network{.model = "qkeras-hgq/hgq_jet_classifier.h5", .oracle = "hgq/hgq_jet_classifier.npz"},
        Network{.model = "hgq2/mnist_8x8_64_32_32_10.keras", .oracle = "hgq2/mnist_8x8_64_32_32_10.npz"}),
    [](const testing::TestParamInfo<Network>& info) {
      std::string name = std::filesystem::path(info.param.model).stem().string();
      std::replace_if(
          name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; },
          '_');
      return name;
    });

}  // namespace
}  // namespace sluice::passes

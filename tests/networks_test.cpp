// Real networks end to end: file, lowering, design, hardware; every output code as the integer engine has it,
// every beat in the cycle that the simulator says. bench/quality shows the same with more frames, cuts and
// Verilator for all.
#include <gtest/gtest.h>

#include "base/npy.h"
#include "networks.h"

namespace sluice::tests {
namespace {

namespace fs = std::filesystem;

/// The bundled network with its first `count` real samples.
struct Keywords {
  Network network = load(sourceFolder() / "examples/kws/kws_mlp_w3a3.onnx");
  ir::CodeRows codes(std::uint64_t count) const {
    std::vector<std::int64_t> all = readNpy(sourceFolder() / "examples/kws/samples.npy")->asInt64().value();
    all.resize(count * 490);
    return {all};
  }
};

void expectOnEvaluator(const Network& network, const map::MapOptions& options, std::uint64_t count) {
  const Hardware hardware = build(network, options);
  const flow::Frames frames = randomFrames(network, hardware.design, count, 5);
  for (const std::uint32_t stall : {0u, 35u})
    expectAgreement(hardware, frames, evaluate(hardware, frames, stall), stall);
}

TEST(Networks, KeywordsStreamedAtTwoReuseFactorsOnRealSamples) {
  const Keywords keywords;
  for (const std::uint64_t factor : {512u, 2048u}) {
    const Hardware hardware =
        build(keywords.network, {.regime = map::Regime::streamed, .reuseFactor = factor});
    const flow::Frames frames = framesOf(keywords.network, hardware.design, keywords.codes(6), 6);
    for (const std::uint32_t stall : {0u, 35u})
      expectAgreement(hardware, frames, evaluate(hardware, frames, stall), stall);
  }
}

TEST(Networks, KeywordsCutIntoThreeKeepTheirAnswers) {
  const Keywords keywords;
  const Hardware hardware =
      build(keywords.network,
            {.regime = map::Regime::streamed, .reuseFactor = 2048, .splitBefore = {"MatMul_22", "Quant_40"}});
  ASSERT_EQ(hardware.rtl.subgraphs.size(), 3u);
  const flow::Frames frames = framesOf(keywords.network, hardware.design, keywords.codes(4), 4);
  for (const std::uint32_t stall : {0u, 35u})
    expectAgreement(hardware, frames, evaluate(hardware, frames, stall), stall);
}

TEST(Networks, KeywordsThroughVerilator) {
  const Keywords keywords;
  const Hardware hardware = build(keywords.network, {.regime = map::Regime::streamed, .reuseFactor = 4096});
  const auto model =
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), nullptr);
  ASSERT_TRUE(model.ok()) << model.error().text();
  const flow::Frames frames = framesOf(keywords.network, hardware.design, keywords.codes(20), 20);
  for (const std::uint32_t stall : {0u, 35u})
    expectAgreement(hardware, frames, simulate(hardware, *model, frames, stall), stall);
}

TEST(Networks, DigitsStreamed) {
  if (sharedFolder().empty()) GTEST_SKIP() << "the shared models are not here; set SLUICE_SHARED";
  const Network network = load(sharedFolder() / "models/qonnx/TFC_2W2A.onnx");
  expectOnEvaluator(network, {.regime = map::Regime::streamed, .reuseFactor = 64}, 20);
}

TEST(Networks, JetsUnrolledTakeAFrameEveryCycle) {
  if (sharedFolder().empty()) GTEST_SKIP() << "the shared models are not here; set SLUICE_SHARED";
  const Network network = load(sharedFolder() / "models/qonnx/qkeras_jettagging.onnx");
  const Hardware hardware = build(network, {.regime = map::Regime::unrolled});
  const auto performance = dataflow::measure(map::network(hardware.design));
  ASSERT_TRUE(performance.ok());
  EXPECT_EQ(performance->initiationInterval, 1u);
  expectOnEvaluator(network, {.regime = map::Regime::unrolled}, 40);
}

}  // namespace
}  // namespace sluice::tests

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "compat/hls4ml.h"
#include "ir/host.h"
#include "ir/testing.h"
#include "networks.h"
#include "passes/pipeline.h"

/// Networks with a softmax or a layer norm in the middle: hardware against the integer engine, values and cycles, and what
/// they answer against another program's real numbers.
namespace sluice::tests {
namespace {

Network networkOf(ir::Graph imported) {
  Network network;
  network.imported = std::move(imported);
  auto lowered = passes::lower(network.imported);
  EXPECT_TRUE(lowered.ok()) << (lowered.ok() ? "" : lowered.error().text());
  if (!lowered.ok()) return network;
  network.lowered = *std::move(lowered);
  auto engine = ir::IntegerEngine::compile(network.lowered);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().text());
  if (engine.ok()) network.engine = std::make_shared<const ir::IntegerEngine>(*std::move(engine));
  return network;
}

Network parsed(const std::string& text) { return networkOf(ir::graphOf(text)); }

/// "w = constant [4, 6] s4 {..};"
std::string weights(const std::string& name, int rows, int columns) {
  std::string text =
      name + " = constant [" + std::to_string(rows) + ", " + std::to_string(columns) + "] s4 {";
  for (int i = 0; i < rows * columns; ++i) text += std::to_string(i * 5 % 13 - 6) + " ";
  return text + "};";
}

/// Built, run by the evaluator with and without stalls.
void expectHardware(const Network& network, const map::MapOptions& options) {
  ASSERT_NE(network.engine, nullptr);
  const Hardware hardware = build(network, options);
  const flow::Frames frames = randomFrames(network, hardware.design, 5, 3);
  for (const std::uint32_t stall : {0u, 40u})
    expectAgreement(hardware, frames, evaluate(hardware, frames, stall), stall);
}

const char* const kScores = "x = input [4, 8] real; q = quantize x, scale 0.125, range s6;";

TEST(Norms, ASoftmaxBetweenTwoLayersIsExactAtEveryPace) {
  const Network network = parsed(kScores + weights("w", 8, 6) +
                                 "a = matMul q, w; b = quantize a, scale 0.25, range s6; s = softmax b;"
                                 "z = quantize s, scale 0.00390625, range u8;" +
                                 weights("v", 6, 3) + "y = matMul z, v; output y");
  for (const std::uint64_t target : {40u, 200u, 2000u})
    expectHardware(network, {.regime = map::Regime::streamed, .targetInterval = target});
}

TEST(Norms, ALayerNormBetweenTwoLayersIsExact) {
  const Network network = parsed(
      kScores + weights("w", 8, 6) +
      "a = matMul q, w; b = quantize a, scale 0.25, range s6; g = constant [6] real {1 0.9 1.1 -1.2 1.3 0.7};"
      "c = constant [6] real {0 0.1 0.2 0.3 -0.4 0.5}; s = layerNormalize b, g, c, epsilon 0.001;"
      "z = quantize s, scale 0.0625, range s6;" +
      weights("v", 6, 3) + "y = matMul z, v; output y");
  for (const std::uint64_t target : {50u, 600u})
    expectHardware(network, {.regime = map::Regime::streamed, .targetInterval = target});
}

/// hls4ml's softmax is tables too, of its own formats: its network builds as well, in the middle and at the end.
TEST(Norms, ASoftmaxAsHls4mlComputesItIsHardwareInTheMiddleAndAtTheEnd) {
  const auto layer = [](const std::string& name, const std::string& input, int rows, int columns) {
    std::string text =
        name + "/kernel = constant [" + std::to_string(rows) + ", " + std::to_string(columns) + "] real {";
    for (int i = 0; i < rows * columns; ++i) text += std::to_string(0.0625 * (i * 5 % 13 - 6)) + " ";
    text += "}\n" + name + "/bias = constant [" + std::to_string(columns) + "] real {";
    for (int i = 0; i < columns; ++i) text += "0 ";
    return text + "}\n" + name + "/matmul = matMul " + input + ", " + name + "/kernel from " + name + "\n" +
           name + " = add " + name + "/matmul, " + name + "/bias from " + name + "\n";
  };
  const std::string start = "x = input [4] real\n" + layer("fc", "x", 4, 6) + "s = softmax fc\n";
  const auto config = compat::parseHls4mlConfig(
      "Model: {Precision: 'ap_fixed<12,5>'}\nLayerType: {Dense: {Precision: {accum: 'ap_fixed<32,14>'}}}\n",
      "c.yml");
  ASSERT_TRUE(config.ok()) << config.error().text();
  for (const std::string& text : {start + "output s\n", start + layer("out", "s", 6, 3) + "output out\n"}) {
    const auto graph = ir::parse(text);
    ASSERT_TRUE(graph.ok()) << graph.error().text();
    const auto made = compat::applyHls4mlConfig(*graph, *config, {});
    ASSERT_TRUE(made.ok()) << made.error().text();
    expectHardware(networkOf(made->graph), {.regime = map::Regime::streamed, .targetInterval = 60});
    expectHardware(networkOf(made->graph), {.regime = map::Regime::unrolled});
  }
}

/// What another program (onnxruntime, in float) answers for a network of 8-bit quantizers: ours is off only where the norm's
/// error tips a quantizer, by a code of it.
void expectRecorded(const std::string& name, double most, double equalShare) {
  const std::filesystem::path folder = sourceFolder() / "tests/testdata/norms";
  const Network network = load(folder / (name + ".onnx"));
  for (const std::uint64_t target : {200u, 2000u})
    expectHardware(network, {.regime = map::Regime::streamed, .targetInterval = target});
  const auto recorded = readNpz(folder / (name + ".npz"));
  ASSERT_TRUE(recorded.ok()) << recorded.error().text();
  const std::vector<double> x = recorded->at("x").asDoubles(), y = recorded->at("y").asDoubles();
  const std::size_t samples = recorded->at("x").shape[0];
  const auto codes = ir::hardwareInputCodes(network.lowered, network.engine->regions(), {x}, samples);
  ASSERT_TRUE(codes.ok()) << codes.error().text();
  const auto answers = network.engine->run(*codes, samples);
  ASSERT_TRUE(answers.ok()) << answers.error().text();
  const auto values = ir::outputValues(network.lowered, network.engine->regions(), *answers, samples);
  ASSERT_TRUE(values.ok()) << values.error().text();
  ASSERT_EQ((*values)[0].size(), y.size());
  double largest = 0;
  std::size_t equal = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double off = std::fabs((*values)[0][i] - y[i]);
    largest = std::max(largest, off);
    equal += off < 1e-5 ? 1 : 0;
  }
  EXPECT_LE(largest, most) << name;
  EXPECT_GE(static_cast<double>(equal), equalShare * static_cast<double>(y.size())) << name;
}

TEST(Norms, ASoftmaxInAnOnnxFileAnswersWhatItsFrameworkDoes) { expectRecorded("softmax", 0.03, 0.6); }

TEST(Norms, ALayerNormInAnOnnxFileAnswersWhatItsFrameworkDoes) { expectRecorded("layer_norm", 0.1, 0.6); }

/// Frames back to back and with gaps and stalls, through Verilator.
void expectVerilator(const Network& network, const map::MapOptions& options, std::uint64_t count) {
  ASSERT_NE(network.engine, nullptr);
  const Hardware hardware = build(network, options);
  const auto model =
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), nullptr);
  ASSERT_TRUE(model.ok()) << model.error().text();
  const flow::Frames frames = randomFrames(network, hardware.design, count, 7);
  for (const std::uint32_t stall : {0u, 35u})
    expectAgreement(hardware, frames, simulate(hardware, *model, frames, stall), stall);
}

/// A small jet tagger, quantized as ONNX says it: 16 numbers, 32 neurons, five shares in steps of 1/256; random weights of 6 bits.
Network tagger() { return load(sourceFolder() / "tests/testdata/norms/tagger.onnx"); }

TEST(Norms, ASoftmaxBehindTwoLayersIsOnePipelineOfAFrameEveryCycle) {
  const Network network = tagger();
  const map::MapOptions options{.regime = map::Regime::unrolled};
  const Hardware hardware = build(network, options);
  ASSERT_EQ(hardware.design.kernels.size(), 1u);
  EXPECT_EQ(hardware.design.kernels[0].kernel.schedule.interval, 1u);
  expectHardware(network, options);
  expectVerilator(network, options, 100);
}

TEST(Norms, ASmallNetworkWithASoftmaxIsUnrolledUnasked) {
  const Hardware hardware = build(tagger(), {});
  EXPECT_EQ(hardware.design.regime, map::Regime::unrolled);
}

TEST(Norms, ALayerNormBetweenTwoLayersIsOnePipelineOfAFrameEveryCycle) {
  const Network network = parsed(
      "x = input [8] real; q = quantize x, scale 0.125, range s6;" + weights("w", 8, 6) +
      "a = matMul q, w; b = quantize a, scale 0.25, range s6; g = constant [6] real {1 0.9 1.1 -1.2 1.3 0.7};"
      "c = constant [6] real {0 0.1 0.2 0.3 -0.4 0.5}; s = layerNormalize b, g, c, epsilon 0.001;"
      "z = quantize s, scale 0.0625, range s6;" +
      weights("v", 6, 3) + "y = matMul z, v; output y");
  expectHardware(network, {.regime = map::Regime::unrolled});
}

TEST(Norms, AttentionThroughVerilator) {
  expectVerilator(load(sourceFolder() / "tests/testdata/norms/attention.onnx"),
                  {.regime = map::Regime::streamed, .targetInterval = 600}, 10);
}

TEST(Norms, AttentionWithItsResidualAndNormAnswersWhatItsFrameworkDoes) {
  expectRecorded("attention", 0.5, 0.3);
}

}  // namespace
}  // namespace sluice::tests

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "compat/hls4ml.h"
#include "ir/host.h"
#include "ir/text.h"
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

Network parsed(const std::string& text) {
  auto graph = ir::parse(text);
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().text());
  return networkOf(*std::move(graph));
}

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

}  // namespace
}  // namespace sluice::tests

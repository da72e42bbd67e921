#include <gtest/gtest.h>

#include "ir/testing.h"
#include "networks.h"
#include "passes/pipeline.h"

/// Transposed convolutions, by phases and by inserting: values and cycles of both against the integer engine.
namespace sluice::tests {
namespace {

Network transposedOf(const std::string& text) {
  Network network{.imported = ir::graphOf(text), .lowered = {}, .engine = {}};
  auto lowered = passes::lower(network.imported);
  EXPECT_TRUE(lowered.ok()) << (lowered.ok() ? "" : lowered.error().text());
  network.lowered = *std::move(lowered);
  network.engine =
      std::make_shared<const ir::IntegerEngine>(ir::IntegerEngine::compile(network.lowered).value());
  return network;
}

std::string kernelOf(const std::string& shape, int count) {
  std::string text = "k = constant [" + shape + "] s4 {";
  for (int i = 0; i < count; ++i) text += std::to_string(i * 5 % 13 - 6) + " ";
  return text + "};";
}

bool usesPhases(const Hardware& hardware) {
  for (const map::KernelInstance& kernel : hardware.design.kernels)
    if (kernel.name.find("_phases") != std::string::npos) return true;
  return false;
}

struct Shape {
  std::string input, kernel, attributes;
  int weights;
};

TEST(Transposed, AreExactByPhasesAndByInserting) {
  int byPhases = 0, inserted = 0;
  for (const Shape& shape :
       {Shape{"6, 5, 2", "3, 3, 2, 4", "strides [2, 2], padBefore [1, 1], padAfter [1, 1], outputPad [1, 1]",
              72},
        Shape{"5, 6, 3", "2, 2, 3, 2", "strides [2, 2]", 24},
        Shape{"5, 4, 2", "3, 3, 2, 3", "strides [2, 2], padBefore [1, 1], padAfter [1, 1]", 54},
        Shape{"9, 2", "4, 2, 3", "strides [2], padBefore [1], padAfter [1]", 24},
        Shape{"4, 4, 2", "5, 5, 2, 2", "strides [3, 3], padBefore [2, 2], padAfter [2, 2]", 100}}) {
    const Network network =
        transposedOf("x = input [" + shape.input + "] real; q = quantize x, scale 1, range s4;" +
                     kernelOf(shape.kernel, shape.weights) + "y = convTranspose q, k, " + shape.attributes +
                     "; z = quantize y, scale 16, range s6; output z");
    // Folds that are said of the node are those of the form that inserts.
    map::MapOptions said{.regime = map::Regime::streamed};
    said.nodes["y"] = map::NodeOptions{.simd = 1, .pe = 1};
    std::vector<map::MapOptions> all{said};
    for (const std::uint64_t target : {500u, 20000u})
      all.push_back({.regime = map::Regime::streamed, .targetInterval = target});
    for (const map::MapOptions& options : all) {
      const Hardware hardware = build(network, options);
      (usesPhases(hardware) ? byPhases : inserted) += 1;
      const flow::Frames frames = randomFrames(network, hardware.design, 4, 3);
      for (const std::uint32_t stall : {0u, 40u})
        expectAgreement(hardware, frames, evaluate(hardware, frames, stall), stall);
    }
  }
  EXPECT_GT(byPhases, 0);
  EXPECT_GT(inserted, 0);
}

TEST(Transposed, PhasesTakeAFractionOfTheMultipliersAndTheIntervalIsKept) {
  const Network network = transposedOf(
      "x = input [8, 8, 4] real; q = quantize x, scale 1, range s4;" + kernelOf("2, 2, 4, 4", 64) +
      "y = convTranspose q, k, strides [2, 2]; z = quantize y, scale 16, range s6; output z");
  const Hardware hardware = build(network, {.regime = map::Regime::streamed, .targetInterval = 1024});
  EXPECT_TRUE(usesPhases(hardware));
  std::uint32_t multipliers = 0;
  for (const map::KernelInstance& kernel : hardware.design.kernels) multipliers += kernel.multipliers;
  // 8 x 8 pixels, each 2 x 2 x 4 outputs of 4 inputs, in 1,024 cycles; inserted zeros would make it four times that.
  EXPECT_EQ(multipliers, 8u * 8 * 2 * 2 * 4 * 4 / 1024);
}

}  // namespace
}  // namespace sluice::tests

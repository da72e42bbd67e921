#include "kernel/unrolled/unrolled.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "ir/random_graph.h"
#include "kernel/unrolled/unrolled_testing.h"

namespace sluice::kernel {
namespace {

TEST(Unrolled, ComputesAMatrixAndItsThresholdsInOnePipeline) {
  const ir::Graph graph = ir::graphOf(
      "x = input [3] codes [-8, 7]; w = constant [3, 2] {1 -3  5 0  -2 7}; b = constant [2] {4 -6};"
      "a = dense x, w, b; t = constant [2, 3] {-9 0 12  -20 5 31}; y = threshold a, t; output y");
  const KernelCase test = caseOf(graph, paramsOf(graph));
  EXPECT_TRUE(test.kernel.schedule.loops.empty());
  EXPECT_EQ(test.kernel.schedule.interval, 1u);
  const auto count = checkViews(test, {.seed = 3, .lanes = 64, .passes = 6});
  ASSERT_TRUE(count.ok()) << count.error().text();
}

TEST(Unrolled, EqualsTheReferenceAndTheSimulatorOnRandomNetworks) {
  std::uint64_t cases = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const ir::Graph graph = ir::randomGraph(seed, {.operations = 3 + seed % 6,
                                                   .mostChannels = 6,
                                                   .mostCodeBits = 3 + static_cast<std::uint32_t>(seed % 4),
                                                   .inputs = 1 + seed % 2,
                                                   .mostOutputs = 1 + seed % 3,
                                                   .realInputs = false,
                                                   .leadingAxes = seed % 4 == 0,
                                                   .transpose = true});
    UnrolledParams params = paramsOf(graph);
    params.levelsPerStage = 1 + static_cast<std::uint32_t>(seed % 4);
    params.inputLevels = static_cast<std::uint32_t>(seed % 2);
    params.adders = {.extraDepth = static_cast<std::uint32_t>(seed % 3),
                     .effort = 1 + static_cast<std::uint32_t>(seed % 4)};
    const auto count = checkViews(caseOf(graph, params), {.seed = seed, .lanes = 32, .passes = 4});
    ASSERT_TRUE(count.ok()) << count.error().text() << "\n" << ir::print(graph);
    cases += count->cases * 4;
  }
  EXPECT_GE(cases, 5'000u);
}

TEST(Unrolled, RescalesEveryCodeOfTenBitsAsTheReferenceDoes) {
  Rng rng(7);
  for (int k = 0; k < 120; ++k) {
    const std::int64_t lo = rng.uniform(-600, 0);
    const std::string x =
        "x = input [1] codes [" + std::to_string(lo) + ", " + std::to_string(lo + 900) + "]; ";
    const std::int64_t shift = rng.uniform(0, 7),
                       factor = rng.chance(0.3) ? (rng.chance(0.5) ? 1 : -2) : rng.uniform(-1000, 1000);
    const std::int64_t low = rng.chance(0.4) ? 0 : rng.uniform(-200, 100);
    std::string text = x + "a = constant [1] {" + std::to_string(factor) + "}; b = constant [1] {" +
                       std::to_string(rng.chance(0.3) ? 0 : rng.uniform(-300, 300)) +
                       "}; y = rescale x, a, b, shift " + std::to_string(shift) + ", range [" +
                       std::to_string(low) + ", " + std::to_string(low + rng.uniform(1, 2000)) + "]";
    if (shift > 0 && rng.chance(0.6)) text += ", tieToEven true";
    expectSweepEqualsReference(ir::graphOf(text + "; output y"), text);
  }
}

TEST(Unrolled, ConvertsFormatsForEveryCodeOfTenBitsAsTheReferenceDoes) {
  Rng rng(9);
  int unrolled = 0;
  for (int k = 0; k < 200; ++k) {
    static constexpr const char* kRoundings[] = {"floor", "halfEven",   "halfUp",           "halfDown",
                                                 "ceil",  "towardZero", "halfAwayFromZero", "halfTowardZero"};
    static constexpr const char* kOverflows[] = {"saturate", "wrap", "saturateSymmetric", "saturateToZero"};
    const std::int64_t lo = rng.uniform(-600, 0), bits = rng.uniform(1, 12), fit = rng.uniform(0, 3);
    const bool isSigned = rng.chance(0.5), some = fit < 2 && rng.chance(0.2);
    const std::int64_t low = isSigned ? -(std::int64_t{1} << (bits - 1)) : some ? 3 : 0;
    // Behind a matrix, so that signs, shifts and offsets are in play; two channels with formats of their own.
    const std::string text =
        "x = input [1] codes [" + std::to_string(lo) + ", " + std::to_string(lo + 900) +
        "]; w = constant [1, 2] codes [-8, 8] {" + std::to_string(rng.uniform(-3, 4)) + " " +
        std::to_string(rng.chance(0.5) ? -4 : 1) + "}; b = constant [2] {" +
        std::to_string(rng.uniform(-50, 50)) + " 0}; a = dense x, w, b; y = requantize a, shift [" +
        std::to_string(rng.uniform(-2, 6)) + ", " + std::to_string(rng.uniform(0, 4)) + "], range [" +
        std::to_string(low) + ", " + std::to_string(low + (std::int64_t{1} << bits) - 1) + "], rounding " +
        kRoundings[rng.uniform(0, 7)] + ", overflow " + kOverflows[fit] + "; output y";
    const ir::Graph graph = ir::graphOf(text);
    // What has no cells says so; it must be the exception.
    if (const auto kernel = unrolledPipeline("dut", paramsOf(graph)); !kernel.ok()) {
      EXPECT_NE(kernel.error().text().find("cannot be unrolled; streamed it can"), std::string::npos);
      continue;
    }
    ++unrolled;
    expectSweepEqualsReference(graph, text);
  }
  EXPECT_GE(unrolled, 150);
}

TEST(Unrolled, CountsThresholdsOfEveryKindForEveryCode) {
  Rng rng(8);
  for (int k = 0; k < 120; ++k) {
    // Random steps, repeated steps, even steps, and steps of a rounding to nearest with ties to even; before
    // them a factor, so that sign, shift and offset are in play.
    const std::int64_t kind = rng.uniform(0, 3), steps = rng.uniform(1, 12),
                       unit = std::int64_t{1} << rng.uniform(1, 5);
    std::vector<std::int64_t> t;
    const std::int64_t start = rng.uniform(-400, 300), parity = rng.uniform(0, 1);
    for (std::int64_t i = 0; i < steps; ++i) {
      if (kind == 0) t.push_back(rng.uniform(-900, 900));
      if (kind == 1) t.push_back(start + 40 * (i / 3));
      if (kind == 2) t.push_back(start + unit * i);
      if (kind == 3) t.push_back(start + unit * i + ((i + parity) & 1));
    }
    std::sort(t.begin(), t.end());
    std::string list;
    for (const std::int64_t v : t) list += " " + std::to_string(v);
    const std::int64_t factor = rng.chance(0.5) ? 1 : rng.uniform(-3, 4);
    const std::string text = "x = input [1] codes [-300, 300]; w = constant [1, 1] codes [-8, 8] {" +
                             std::to_string(factor) + "}; b = constant [1] {" +
                             std::to_string(rng.uniform(-50, 50)) +
                             "}; a = dense x, w, b; t = constant [1, " + std::to_string(steps) + "] {" +
                             list + "}; y = threshold a, t, base " + std::to_string(rng.uniform(-20, 20)) +
                             ", sign " + (rng.chance(0.5) ? "1" : "-1") + "; output y";
    expectSweepEqualsReference(ir::graphOf(text), text);
  }
}

TEST(Unrolled, TakesNothingForBiasSignAndScaleBeforeAThreshold) {
  const ir::Graph graph = ir::graphOf(
      "x = input [2] codes [-100, 100]; w = constant [2, 2] {4 0  0 -1}; b = constant [2] {17 -5}; a = dense "
      "x, w, b;"
      "t = constant [1, 1] {3}; y = threshold a, t; output y");
  const auto summary = unrolledSummary(paramsOf(graph));
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->adders, 0u);
  EXPECT_EQ(summary->comparisons, 2u);
}

TEST(Unrolled, TakesTheStepsOfAUniformQuantizerAsAShift) {
  // 62 thresholds of relu and rounding to nearest, ties to even, at a step of 32.
  std::string t;
  for (std::int64_t k = 1; k <= 62; ++k) t += " " + std::to_string(k * 32 - 16 + (k & 1));
  const ir::Graph graph = ir::graphOf("x = input [1] codes [-4096, 4095]; t = constant [1, 62] {" + t +
                                      "}; y = threshold x, t; output y");
  const auto summary = unrolledSummary(paramsOf(graph));
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->comparisons, 0u);
  EXPECT_EQ(summary->adders, 1u);
  expectSweepEqualsReference(graph, "uniform quantizer");
}

TEST(Unrolled, MakesStagesOfTheLevelsAskedFor) {
  // Eight terms take three levels; the way in takes one.
  const ir::Graph graph = ir::graphOf(
      "x = input [8] codes [0, 9]; w = constant [8, 1] {1 1 1 1 1 1 1 1}; y = dense x, w; output y");
  UnrolledParams params = paramsOf(graph);
  params.adders.extraDepth = 0;
  const auto depthAt = [&](std::uint32_t levels, std::uint32_t in) {
    params.levelsPerStage = levels;
    params.inputLevels = in;
    return unrolledPipeline("dut", params)->schedule.depth;
  };
  EXPECT_EQ(depthAt(4, 1), 0u);
  EXPECT_EQ(depthAt(3, 1), 1u);
  EXPECT_EQ(depthAt(3, 0), 0u);
  EXPECT_EQ(depthAt(2, 1), 1u);
  EXPECT_EQ(depthAt(1, 1), 3u);
  EXPECT_EQ(depthAt(1, 0), 2u);
}

TEST(Unrolled, PlacesRegistersWhereTheyAreNarrow) {
  // Two stages apart, eight inputs of 8 bits or their sum of 11: the sum is taken first and waits.
  const ir::Graph graph = ir::graphOf(
      "x = input [8] codes [0, 255]; w = constant [8, 1] {1 1 1 1 1 1 1 1}; s = dense x, w; z = input [8] "
      "codes [0, 255];"
      "v = constant [8, 1] {93 87 77 109 57 83 91 117}; r = dense z, v; y = merge s, r, shift [0, 0]; output "
      "y");
  UnrolledParams params = paramsOf(graph);
  const auto summary = unrolledSummary(params);
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_GE(summary->depth, 3u);
  params.nodes.erase(params.nodes.begin());  // without the first sum: s comes in, 11 bits wide
  const auto without = unrolledSummary(params);
  ASSERT_TRUE(without.ok()) << without.error().text();
  EXPECT_LE(summary->registerBits, without->registerBits + 2 * 10 + 11)
      << "at most its two halves once, then the sum";
}

TEST(Unrolled, FindsTheLargestElementsWithTiesToTheLowerIndex) {
  for (const int k : {1, 2, 5}) {
    const ir::Graph graph =
        ir::graphOf("x = input [5] codes [-2, 1]; y = topK x, k " + std::to_string(k) + "; output y");
    const auto count = checkViews(caseOf(graph, paramsOf(graph)), {.seed = 9, .lanes = 64, .passes = 16});
    ASSERT_TRUE(count.ok()) << count.error().text();
  }
}

TEST(Unrolled, HoldsAWideLayer) {
  Rng rng(11);
  std::string weights;
  for (int k = 0; k < 784 * 4; ++k) weights += " " + std::to_string(rng.uniform(-2, 1));
  const ir::Graph graph =
      ir::graphOf("x = input [784] codes [-2, 1]; w = constant [784, 4] {" + weights +
                  "}; a = dense x, w; t = constant [1, 3] {-40 0 40}; y = threshold a, t; output y");
  const auto count = checkViews(caseOf(graph, paramsOf(graph)), {.seed = 2, .lanes = 8, .passes = 3});
  ASSERT_TRUE(count.ok()) << count.error().text();
}

TEST(Unrolled, SaysWhatItCannotUnroll) {
  const auto refused = [](const char* text, auto change, const char* message) {
    const ir::Graph graph = ir::graphOf(text);
    UnrolledParams params = paramsOf(graph);
    change(params);
    const auto kernel = unrolledPipeline("dut", params);
    ASSERT_FALSE(kernel.ok()) << message;
    EXPECT_NE(kernel.error().text().find(message), std::string::npos) << kernel.error().text();
  };
  const auto nothing = [](UnrolledParams&) {};
  const char* chain =
      "x = input [1] codes [0, 9]; w = constant [1, 1] {3}; a = dense x, w; b = dense a, w; output b";
  refused(
      chain, [](UnrolledParams& p) { std::swap(p.nodes[0], p.nodes[1]); }, "node 'b': it reads 'a' before");
  refused(chain, [](UnrolledParams& p) { p.nodes.clear(); }, "no node of the set is read from outside");
  refused(chain, [](UnrolledParams& p) { p.levelsPerStage = 0; }, "at least one level");
  refused(chain, [](UnrolledParams& p) { p.inputLevels = 9; }, "the way in takes 9 levels of a stage of 2");
  refused("x = input [1] codes [0, 1]; w = constant [1, 1] {2305843009213693952}; a = dense x, w; output a",
          nothing, "node 'a': column 0: weight 2305843009213693952 is outside 61 bits");
  refused(
      "x = input [1]; q = relu x; y = relu q; output y", [](UnrolledParams& p) { p.nodes = {ir::NodeId(2)}; },
      "holds real numbers");
}

}  // namespace
}  // namespace sluice::kernel

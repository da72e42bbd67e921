#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/rng.h"
#include "ir/random_twin.h"
#include "kernel/unrolled/unrolled_testing.h"

/// Operations that need more than additions and comparisons with constants: products and extremes of two signals, staircases of
/// many steps, rows, windows, moves, and a softmax made of them.
namespace sluice::kernel {
namespace {

/// "{1 -3 ..}" of so many random numbers.
std::string numbers(Rng& rng, std::int64_t count, std::int64_t lo, std::int64_t hi) {
  std::string text = "{";
  for (std::int64_t k = 0; k < count; ++k) text += " " + std::to_string(rng.uniform(lo, hi));
  return text + "}";
}
std::string codesIn(Rng& rng, std::int64_t most) {
  const bool isSigned = rng.chance(0.6);
  return "codes [" + std::to_string(isSigned ? -rng.uniform(1, most) : 0) + ", " +
         std::to_string(rng.uniform(1, most)) + "]";
}

void expectViews(const std::string& text, std::uint64_t seed, std::uint32_t levels = 2) {
  const ir::Graph graph = ir::graphOf(text);
  UnrolledParams params = paramsOf(graph);
  params.levelsPerStage = levels;
  const auto kernel = unrolledPipeline("dut", params);
  ASSERT_TRUE(kernel.ok()) << kernel.error().text() << "\n" << text;
  const auto count = checkViews(caseOf(graph, params), {.seed = seed, .lanes = 32, .passes = 4});
  ASSERT_TRUE(count.ok()) << count.error().text() << "\n" << text;
}

TEST(Unrolled, MultipliesEveryPairOfCodes) {
  // One input, every code of it; its halves are the factors.
  Rng rng(21);
  for (int k = 0; k < 60; ++k) {
    const std::int64_t a = std::int64_t{1} << rng.uniform(1, 6), b = std::int64_t{1} << rng.uniform(1, 6);
    std::string first, second;
    const std::int64_t lowA = rng.uniform(-a, 2), lowB = rng.uniform(-b, 2);
    for (std::int64_t q = 0; q < a * b; ++q) {
      first += " " + std::to_string(q % a + lowA);
      second += " " + std::to_string(q / a + lowB);
    }
    const std::string size = std::to_string(a * b), weight = std::to_string(rng.uniform(-3, 3));
    expectSweepEqualsReference(
        ir::graphOf(
            "x = input [1] codes [0, " + std::to_string(a * b - 1) + "]; s = constant [1, " + size + "] {" +
            first + "}; t = constant [1, " + size + "] {" + second +
            "}; a = lookup x, s, first 0; b = lookup x, t, first 0; w = constant [1, 1] codes [-8, 8] {" +
            weight + "}; o = constant [1] {" + std::to_string(rng.uniform(-9, 9)) +
            "}; c = dense b, w, o; y = codeMultiply a, c; output y"),
        "product " + std::to_string(a) + " x " + std::to_string(b));
  }
}

TEST(Unrolled, MultipliesAndComparesTensorsWithBroadcasting) {
  Rng rng(22);
  for (std::uint64_t k = 0; k < 40; ++k) {
    const std::string kind = std::vector<std::string>{"codeMultiply", "codeMinimum", "codeMaximum"}[k % 3];
    const std::string codes = codesIn(rng, 200);
    const std::string other = k % 3 == 0 ? codesIn(rng, std::int64_t{1} << rng.uniform(1, 11)) : codes;
    expectViews("x = input [2, 3] " + codes + "; z = input [" + (rng.chance(0.5) ? "1, 3" : "2, 1") + "] " +
                    other + "; y = " + kind + " x, z; output y",
                k, 1 + static_cast<std::uint32_t>(k % 3));
  }
  expectViews("x = input [4] codes [-300, 200]; y = codeMultiply x, x; output y", 1);
  expectViews("x = input [4] codes [-30, 20]; y = codeMultiply x, x; output y", 1);
}

TEST(Unrolled, MultipliesMatricesOfTwoTensors) {
  Rng rng(23);
  for (std::uint64_t k = 0; k < 12; ++k)
    expectViews("x = input [2, 3, 4] " + codesIn(rng, 60) + "; z = input [" +
                    (k % 2 == 0 ? "2, 4, 3" : "4, 3") + "] " + codesIn(rng, 20) +
                    "; y = codeMatMul x, z; output y",
                k, 1 + static_cast<std::uint32_t>(k % 3));
}

TEST(Unrolled, ReducesRowsAndPoolsWindows) {
  Rng rng(24);
  for (std::uint64_t k = 0; k < 30; ++k) {
    const std::string kind = std::vector<std::string>{"reduceMax", "reduceMin", "reduceSum"}[k % 3];
    expectViews("x = input [3, " + std::to_string(1 + k % 7) + ", 2] " + codesIn(rng, 100) + "; y = " + kind +
                    " x, axes [" + (rng.chance(0.5) ? "1" : "0, 2") + "], keepDims " +
                    (rng.chance(0.5) ? "true" : "false") + "; output y",
                k, 1 + static_cast<std::uint32_t>(k % 4));
    expectViews("x = input [5, 4, 2] " + codesIn(rng, 100) + "; y = " + (k % 2 == 0 ? "maxPool" : "sumPool") +
                    " x, kernel [" + std::to_string(2 + k % 2) + ", 2], strides [" +
                    std::to_string(1 + k % 2) + ", 2], padBefore [1, 0], padAfter [0, 1]; output y",
                k, 2);
  }
}

TEST(Unrolled, ConvolvesEveryPositionOfAWindow) {
  Rng rng(25);
  for (std::uint64_t k = 0; k < 16; ++k) {
    const std::int64_t groups = k % 3 == 0 ? 2 : 1, in = 2 * groups, out = 2 * groups;
    expectViews("x = input [5, 4, " + std::to_string(in) + "] " + codesIn(rng, 30) +
                    "; w = constant [3, 2, " + std::to_string(in / groups) + ", " + std::to_string(out) +
                    "] " + numbers(rng, 6 * in / groups * out, -7, 7) + "; b = constant [" +
                    std::to_string(out) + "] " + numbers(rng, out, -50, 50) +
                    "; y = codeConv x, w, b, strides [" + std::to_string(1 + k % 2) +
                    ", 1], padBefore [1, 1], padAfter [" + std::to_string(k % 2) + ", 0], groups " +
                    std::to_string(groups) + "; output y",
                k);
  }
}

TEST(Unrolled, MovesElementsAsWires) {
  expectViews(
      "x = input [2, 3] codes [-9, 5]; z = input [2, 2] codes [0, 30]; c = concat x, z, axis 1; s = slice c, "
      "begin "
      "[0, 1], end [2, 5], step [1, 2]; p = pad s, before [1, 0], after [0, 2]; e = reshape p, shape [3, 4, "
      "1]; f = "
      "expand e, shape [2, 3, 4, 2]; y = resizeNearest f, shape [2, 6, 4, 2]; output y",
      3);
  const ir::Graph graph = ir::graphOf("x = input [3] codes [-9, 5]; y = expand x, shape [4, 3]; output y");
  const auto summary = unrolledSummary(paramsOf(graph));
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->levels, 0u);
}

TEST(Unrolled, LooksUpPairsOfCodes) {
  Rng rng(26);
  expectViews("x = input [2] codes [-3, 4]; z = input [2] codes [-1, 2]; t = constant [2, 32] " +
                  numbers(rng, 64, -100, 100) +
                  "; y = pairLookup x, z, t, first0 -3, first1 -1, span1 4; output y",
              5);
}

TEST(Unrolled, EqualsTheReferenceOnRandomNetworksOfEveryOperation) {
  std::uint64_t cases = 0;
  std::map<std::string, int> refused;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const ir::Graph graph = ir::randomTwins(seed, 2 + seed % 7).codes;
    // Random beats do not know of ranges for single elements.
    if (std::any_of(graph.inputs.begin(), graph.inputs.end(),
                    [&](ir::TensorId id) { return !graph.tensor(id).type.codes->ranges.empty(); }))
      continue;
    UnrolledParams params = paramsOf(graph);
    params.levelsPerStage = 1 + static_cast<std::uint32_t>(seed % 4);
    const auto kernel = unrolledPipeline("dut", params);
    if (!kernel.ok()) {  // what has no cells says so
      EXPECT_NE(kernel.error().text().find("unrolled"), std::string::npos) << kernel.error().text();
      const std::string text = kernel.error().text();
      ++refused[text.substr(text.find(':') + 2)];
      continue;
    }
    const auto count = checkViews(caseOf(graph, params), {.seed = seed, .lanes = 16, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text() << "\n" << ir::print(graph);
    ++cases;
  }
  EXPECT_GE(cases, 220u);
  for (const auto& [why, count] : refused) std::printf("%d x %s\n", count, why.c_str());
}

/// Thresholds of f over [lo, hi], rounded: rising or falling.
std::string thresholdsOf(const std::function<double(double)>& f, std::int64_t lo, std::int64_t hi,
                         std::int64_t& base, int& sign) {
  const auto at = [&](std::int64_t v) {
    return static_cast<std::int64_t>(std::lround(f(static_cast<double>(v))));
  };
  base = at(lo);
  sign = at(hi) >= base ? 1 : -1;
  std::string list;
  std::int64_t count = 0;
  for (std::int64_t v = lo, y = base; v <= hi; ++v)
    for (; y != at(v); y += sign, ++count) list += " " + std::to_string(v);
  return "t = constant [1, " + std::to_string(count) + "] {" + list + "}";
}

TEST(Unrolled, FollowsSmoothStaircasesOfManyStepsForEveryCode) {
  struct Curve {
    const char* what;
    std::function<double(double)> f;
    std::int64_t lo, hi;
  };
  const std::vector<Curve> curves = {
      {"1/s of 5 shares", [](double s) { return 1024 * std::min(1.0, 4096 / (s + 1e-9)); }, 0, 5 * 4096},
      {"1/s from 1 on", [](double s) { return 256 * 1024 / s; }, 1024, 9000},
      {"root", [](double s) { return 4 * std::sqrt(s + 300); }, -300, 12000},
      {"sigmoid", [](double s) { return 255 / (1 + std::exp(-s / 600)); }, -4000, 4000},
      {"falling sigmoid", [](double s) { return 99 / (1 + std::exp(s / 300)) - 50; }, -2000, 1500},
      {"steps of their own", [](double s) { return std::floor(s / 31) + 2 * std::floor(s / 77); }, -900,
       5000},
      {"jumps", [](double s) { return s < 700 ? s / 10 : 300 + s / 16; }, 0, 3000},
  };
  for (const Curve& curve : curves) {
    std::int64_t base = 0;
    int sign = 1;
    const std::string list = thresholdsOf(curve.f, curve.lo, curve.hi, base, sign);
    expectSweepEqualsReference(
        ir::graphOf("x = input [1] codes [" + std::to_string(curve.lo) + ", " + std::to_string(curve.hi) +
                    "]; " + list + "; y = threshold x, t, base " + std::to_string(base) + ", sign " +
                    std::to_string(sign) + "; output y"),
        curve.what);
  }
}

TEST(Unrolled, TakesFarFewerComparisonsThanASmoothStaircaseHasSteps) {
  std::int64_t base = 0;
  int sign = 1;
  const std::string list = thresholdsOf([](double s) { return 1024 * std::min(1.0, 16384 / (s + 1e-9)); }, 0,
                                        5 * 16384, base, sign);
  const auto summary = unrolledSummary(paramsOf(ir::graphOf(
      "x = input [1] codes [0, 81920]; " + list + "; y = threshold x, t, base 1024, sign -1; output y")));
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->comparisons, 0u);
  EXPECT_EQ(summary->tables, 3u);
  EXPECT_LE(summary->levels, 10u);
}

TEST(Unrolled, TakesASoftmaxWhole) {
  // 6-bit scores of five classes: the shares in steps of 1/256.
  const ir::Graph graph = ir::graphOf([] {
    std::string exps;
    for (int q = -63; q <= 0; ++q) exps += " " + std::to_string(std::lround(4096 * std::exp(q / 8.0)));
    std::int64_t base = 0;
    int sign = 1;
    const std::string list = thresholdsOf([](double s) { return 512 * std::min(1.0, 4096 / (s + 1e-9)); }, 0,
                                          5 * 4096, base, sign);
    return "x = input [5] codes [-32, 31]; m = reduceMax x, axes 0, keepDims true; e = expand m, shape [5]; "
           "a = "
           "constant [1] codes [-1, 0] {-1}; o = constant [1] {0}; n = rescale e, a, o, shift 0, range [-31, "
           "32]; d = merge x, n, "
           "shift [0, 0]; one = constant [1] {1}; near = rescale d, one, o, shift 0, range [-63, 0]; table = "
           "constant [1, 64] {" +
           exps + "}; p = lookup near, table, first -63; s = reduceSum p, axes 0, keepDims true; " + list +
           "; r = threshold s, t, base 512, sign -1; y = codeMultiply p, r; z = rescale y, one, o, shift 13, "
           "range "
           "[0, 255], tieToEven true; output z";
  }());
  for (const std::uint32_t levels : {1u, 2u, 5u}) {
    UnrolledParams params = paramsOf(graph);
    params.levelsPerStage = levels;
    const auto count = checkViews(caseOf(graph, params), {.seed = levels, .lanes = 64, .passes = 8});
    ASSERT_TRUE(count.ok()) << count.error().text();
  }
}

}  // namespace
}  // namespace sluice::kernel

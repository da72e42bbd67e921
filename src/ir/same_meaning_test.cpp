#include "ir/same_meaning.h"

#include <cmath>

#include "ir/random_graph.h"
#include "ir/testing.h"

namespace sluice::ir {
namespace {

std::string difference(const char* before, const char* after, MeaningOptions options = {}) {
  const Status status = compareMeaning(graphOf(before), graphOf(after), options);
  return status.ok() ? "" : status.error().message;
}

constexpr const char* relu = R"(
  x = input [3]
  q = quantize x, scale 0.5, range s4
  r = relu q
  y = quantize r, scale 0.5, range u3
  output y)";

TEST(SameMeaning, TheSameFunctionInOtherWordsPasses) {
  EXPECT_EQ(difference(relu, R"(
    x = input [3]
    q = quantize x, scale 0.5, range s4
    t = constant [1, 7] {1 2 3 4 5 6 7}
    y = threshold q, t, scale 0.5
    output y)"),
            "");
}

TEST(SameMeaning, OneWrongThresholdIsFound) {
  EXPECT_NE(difference(relu, R"(
    x = input [3]
    q = quantize x, scale 0.5, range s4
    t = constant [1, 7] {1 2 3 5 5 6 7}
    y = threshold q, t, scale 0.5
    output y)")
                .find("element "),
            std::string::npos);
}

TEST(SameMeaning, TellsSeedSampleOutputElementAndValues) {
  EXPECT_EQ(difference("x = input [1] u1; t = constant [1, 1] {0}; y = threshold x, t; output y",
                       "x = input [1] u1; t = constant [1, 1] {0}; y = threshold x, t, base 1; output y"),
            "the meaning changed: seed 1, sample 0: output 'y', element 0 was code 1 and is code 2");
}

TEST(SameMeaning, CodesOfOtherScalesAreComparedAsRealValues) {
  EXPECT_EQ(difference("x = input [2] s4 scale 0.5; y = identity x; output y",
                       "x = input [2] s4 scale 0.5; y = reshape x, shape [2]; output y"),
            "");
  EXPECT_NE(difference("x = input [2] s4 scale 0.5; y = identity x; output y",
                       "x = input [2] s4 scale 0.5; y = negate x; output y"),
            "");
}

TEST(SameMeaning, ToleratesCodesOffByWhatIsAllowed) {
  const char* a = "x = input [2]; y = quantize x, scale 0.25, range s4; output y";
  const char* b = "x = input [2]; y = quantize x, scale 0.25, range s4, rounding floor; output y";
  EXPECT_NE(difference(a, b, {.mostExcused = 1}), "");
  EXPECT_EQ(difference(a, b, {.toleranceLsb = 1}), "");
}

TEST(SameMeaning, AnExactTieThatFloatsBreakIsExcused) {
  // 0.1 * 3 / 0.2 is 1.5, a tie; in float64 it comes out above it.
  const char* floats = R"(
    x = input [1] codes [3, 3] scale 0.1
    y = quantize x, scale 0.2, range s4, rounding halfDown
    output y)";
  const char* exact = R"(
    x = input [1] codes [3, 3] scale 0.1
    t = constant [1, 1] {0}
    y = threshold x, t, scale 0.2
    output y)";
  EXPECT_EQ(difference(floats, exact, {.mostExcused = 1}), "");
  EXPECT_NE(difference(floats, exact).find("samples, each near a tie"), std::string::npos);
}

TEST(SameMeaning, OtherInputsOrOutputsAreNotTheSame) {
  EXPECT_EQ(difference("x = input [2]; y = relu x; output y", "z = input [2]; y = relu z; output y"),
            "input 'x' [2] became 'z' [2]");
  EXPECT_EQ(difference("x = input [2]; y = relu x; output y", "x = input [2]; y = relu x; output y, x"),
            "1 outputs became 2");
}

TEST(SameMeaning, InputsCoverTheQuantizersRangeTiesAndWhatIsBeyond) {
  const Graph graph =
      graphOf("x = input [4]; r = reshape x, shape [2, 2]; q = quantize r, scale 0.5, range s4; output q");
  bool below = false, above = false, tie = false;
  std::vector<bool> seen(16);
  const auto inputs = drawInputs(graph, 200, 1);
  for (const double x : inputs[0]) {
    const double steps = x / 0.5;
    below = below || steps < -9;
    above = above || steps > 8;
    tie = tie || (steps != std::floor(steps) && 2 * steps == std::floor(2 * steps));
    if (steps == std::floor(steps) && steps >= -8 && steps <= 7)
      seen[static_cast<std::size_t>(steps + 8)] = true;
  }
  EXPECT_TRUE(below && above && tie);
  EXPECT_EQ(seen, std::vector<bool>(16, true));
}

TEST(SameMeaning, GuardsAScope) {
  Graph graph = randomGraph(4);
  const SameMeaning guard(graph, {.samples = 16, .seed = 7});
  graph = *parse(print(graph));
}

}  // namespace
}  // namespace sluice::ir

#include <gtest/gtest.h>

#include "base/rng.h"
#include "ir/regions.h"
#include "ir/testing.h"
#include "passes/pipeline.h"

/// Random networks of the real dialect: lowering succeeds, leaves nothing real between codes, and keeps the
/// meaning.
namespace sluice::passes {
namespace {

class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint64_t seed) : rng_(seed) {}

  std::string text() {
    std::string x = "x";
    out_ = "x = input [5] real;";
    x = quantized(x);
    std::int64_t width = 5;
    std::vector<std::pair<std::string, std::int64_t>> earlier;
    const std::int64_t layers = rng_.uniform(1, 4);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      const std::int64_t next = rng_.uniform(1, 6);
      x = product(x, width, next);
      width = next;
      x = chain(x, width);
      x = quantized(x);
      // A skip from an earlier tensor of codes of the same width; all quantizers have scales that are powers
      // of two.
      for (const auto& [name, size] : earlier)
        if (size == width && rng_.chance(0.5)) {
          x = node(std::string(rng_.chance(0.5) ? "add " : "subtract ") + x + ", " + name);
          x = quantized(rng_.chance(0.5) ? chain(x, width) : x);
          break;
        }
      earlier.emplace_back(x, width);
    }
    if (rng_.chance(0.5)) x = product(x, width, 3);
    if (rng_.chance(0.5)) x = node("multiply " + x + ", " + reals(1, 0.1, 2));
    return out_ + "output " + x;
  }

 private:
  std::string node(const std::string& operation) {
    const std::string name = "t" + std::to_string(count_++);
    out_ += name + " = " + operation + ";\n";
    return name;
  }
  std::string reals(std::int64_t size, double lo, double hi) {
    std::string values;
    for (std::int64_t i = 0; i < size; ++i)
      values += " " + std::to_string(static_cast<float>(lo + (hi - lo) * rng_.real()));
    return node("constant [" + std::to_string(size) + "] real {" + values + "}");
  }
  std::string quantized(const std::string& x) {
    const char* ranges[] = {"u3", "s3", "[-3, 3]", "u1", "s6", "u8", "[-7, 7]"};
    const char* roundings[] = {"halfEven", "floor", "halfUp", "towardZero", "halfAwayFromZero"};
    const char* scales[] = {"0.25", "0.5", "1", "2"};
    if (rng_.chance(0.1)) return node("bipolar " + x + ", scale " + scales[rng_.uniform(0, 3)]);
    if (rng_.chance(0.1))
      return node("quantizePower " + x + ", lowest " + std::to_string(rng_.uniform(-4, 0)) + ", highest " +
                  std::to_string(rng_.uniform(0, 3)) + ", rounding " + roundings[rng_.uniform(0, 4)] +
                  (rng_.chance(0.3) ? ", negative false" : ""));
    if (rng_.chance(0.1))
      return node("quantizeFloat " + x + ", scale " + scales[rng_.uniform(0, 3)] +
                  ", exponentBits 2, mantissaBits " + (rng_.chance(0.5) ? "1" : "2") +
                  ", exponentBias 1, largest " + (rng_.chance(0.5) ? "6" : "4") + ", rounding " +
                  roundings[rng_.uniform(0, 4)]);
    return node("quantize " + x + ", scale " + scales[rng_.uniform(0, 3)] + ", zeroPoint " +
                (rng_.chance(0.8) ? "0" : std::to_string(rng_.uniform(-2, 2))) + ", range " +
                ranges[rng_.uniform(0, 6)] + ", rounding " +
                roundings[rng_.chance(0.6) ? 0 : rng_.uniform(0, 4)]);
  }
  std::string product(const std::string& x, std::int64_t from, std::int64_t to) {
    std::string values;
    for (std::int64_t i = 0; i < from * to; ++i) values += " " + std::to_string(rng_.uniform(-4, 3));
    const std::string zero = rng_.chance(0.8) ? "" : " zeroPoint 1";
    std::string scale = " scale 0.125";
    if (rng_.chance(0.4)) {
      scale = " scale [";
      for (std::int64_t i = 0; i < to; ++i)
        scale += (i > 0 ? ", " : "") + std::to_string(0.1 + 0.2 * rng_.real());
      scale += "]";
    }
    const std::string w = node("constant [" + std::to_string(from) + ", " + std::to_string(to) +
                               "] codes [-4, 3]" + scale + zero + " {" + values + "}");
    std::string y = node("matMul " + x + ", " + w);
    if (rng_.chance(0.3)) y = node("add " + y + ", " + reals(to, -2, 2));
    return y;
  }
  std::string chain(std::string x, std::int64_t width) {
    if (rng_.chance(0.5))
      x = node("batchNormalize " + x + ", " + reals(width, -1.5, 2) + ", " + reals(width, -1, 1) + ", " +
               reals(width, -2, 2) + ", " + reals(width, 0.2, 4));
    if (rng_.chance(0.3)) x = node("multiply " + reals(1, -2, 2) + ", " + x);
    if (rng_.chance(0.2)) x = node("subtract " + reals(width, -2, 2) + ", " + x);
    if (rng_.chance(0.2)) x = node("divide " + x + ", " + reals(width, 0.3, 3));
    if (rng_.chance(0.1)) x = node("tanh " + x);
    if (rng_.chance(0.6)) x = node("relu " + x);
    return x;
  }

  Rng rng_;
  std::string out_;
  int count_ = 0;
};

TEST(RandomLowering, KeepsTheMeaningOfRandomNetworksAndLeavesNothingRealBetweenCodes) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const std::string text = RandomNetwork(seed).text();
    const ir::Graph graph = ir::graphOf(text);
    const auto lowered = lower(graph);
    ASSERT_TRUE(lowered.ok()) << "seed " << seed << ": " << lowered.error().text() << "\n" << text;
    ASSERT_TRUE(ir::regions(*lowered).ok());
    for (const ir::Node& node : lowered->nodes) {
      ASSERT_FALSE(std::holds_alternative<ir::MatMul>(node.operation));
      ASSERT_FALSE(std::holds_alternative<ir::BatchNormalize>(node.operation));
    }
    const Status same =
        ir::compareMeaning(graph, *lowered, {.samples = 60, .seed = seed, .mostExcused = 0.1});
    ASSERT_TRUE(same.ok()) << "seed " << seed << ": " << same.error().text() << "\n"
                           << text << "\n"
                           << ir::print(*lowered);
    // Lowering what is lowered changes nothing.
    const auto again = lower(*lowered);
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(ir::print(*again), ir::print(*lowered)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::passes

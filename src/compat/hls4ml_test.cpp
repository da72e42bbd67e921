#include "compat/hls4ml.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "compat/hls4ml_layer.h"
#include "compat/hls4ml_tables.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/testing.h"

namespace sluice::compat {
namespace {

using fixed::ApFormat;

Hls4mlConfig configOf(const std::string& text) {
  auto config = parseHls4mlConfig(text, "c.yml");
  EXPECT_TRUE(config.ok()) << config.error().text();
  return *config;
}

Hls4mlGraph made(const std::string& graph, const std::string& config, Hls4mlOptions options = {}) {
  auto result = applyHls4mlConfig(ir::graphOf(graph), configOf(config), options);
  EXPECT_TRUE(result.ok()) << result.error().text();
  return result.ok() ? *result : Hls4mlGraph{};
}

std::string errorOf(const std::string& graph, const std::string& config) {
  const auto result = applyHls4mlConfig(ir::graphOf(graph), configOf(config));
  return result.ok() ? "no error" : result.error().text();
}

/// The outputs for real inputs: integer middle, then the epilogue.
std::vector<double> outputs(const Hls4mlGraph& network, const std::vector<double>& x, std::size_t samples) {
  const auto engine = ir::IntegerEngine::compile(network.graph);
  EXPECT_TRUE(engine.ok()) << engine.error().text();
  const auto codes = ir::hardwareInputCodes(network.graph, engine->regions(), {x}, samples);
  EXPECT_TRUE(codes.ok()) << codes.error().text();
  const auto rows = engine->run(*codes, samples);
  EXPECT_TRUE(rows.ok()) << rows.error().text();
  const auto values = ir::outputValues(network.graph, engine->regions(), *rows, samples, {x});
  EXPECT_TRUE(values.ok()) << values.error().text();
  return values->at(0);
}

bool mentions(const std::vector<std::string>& sentences, const std::string& part) {
  return std::any_of(sentences.begin(), sentences.end(),
                     [&](const std::string& s) { return s.find(part) != std::string::npos; });
}

const char* const dense =
    "x = input [1] real\n"
    "fc/kernel = constant [1, 1] real {0.75}\n"
    "fc/bias = constant [1] real {0}\n"
    "fc/matmul = matMul x, fc/kernel from fc\n"
    "fc = add fc/matmul, fc/bias from fc\n"
    "output fc\n";

TEST(Hls4ml, CutsEachProductToTheAccumulatorAndWraps) {
  const Hls4mlGraph network = made(dense, "Model: {Precision: 'ap_fixed<6,4>'}");
  // Steps of 1/4: 0.25 * 0.75 = 0.1875 is cut to 0, -0.25 * 0.75 to -0.25; 7.75 * 0.75 = 5.8125; the input 9 wraps to -7.
  EXPECT_EQ(outputs(network, {0.25, -0.25, 7.75, 9}, 4), (std::vector<double>{0, -0.25, 5.75, -5.25}));
  EXPECT_TRUE(mentions(network.warnings, "may wrap"));
}

TEST(Hls4ml, LooksTypesUpByNameThenClassThenModel) {
  const Hls4mlGraph network =
      made(dense,
           "Model: {Precision: {default: 'ap_fixed<16,6>', bias: 'ap_fixed<9,3>'}}\n"
           "LayerType: {Dense: {Precision: {accum: 'ap_fixed<20,10>', weight: 'ap_fixed<8,1>'}}}\n"
           "LayerName: {fc: {Precision: {weight: 'ap_fixed<7,1>'}}}\n");
  const auto typeOf = [&](const std::string& variable) {
    for (const auto& [name, format] : network.layers.at(1).types)
      if (name == variable) return fixed::text(format);
    return std::string("none");
  };
  EXPECT_EQ(typeOf("weight"), fixed::text(ApFormat{.width = 7, .integer = 1}));
  EXPECT_EQ(typeOf("accum"), fixed::text(ApFormat{.width = 20, .integer = 10}));
  EXPECT_EQ(typeOf("bias"), fixed::text(ApFormat{.width = 9, .integer = 3}));
  EXPECT_EQ(typeOf("result"), fixed::text(ApFormat{.width = 16, .integer = 6}));
}

TEST(Hls4ml, PrintsWeightsAsDecimalsBeforeItCutsThem) {
  // One float32 below 1/4: five decimals round it up.
  const double below = std::nextafter(0.25f, 0.0f);
  const ApFormat type{.width = 8, .integer = 3};
  EXPECT_EQ(printedCodes({below, 0.2499}, type), (std::vector<std::int64_t>{8, 7}));
}

const char* const logits =
    "x = input [3] real\n"
    "l = relu x from l\n"
    "s = softmax l from s\n"
    "output s\n";

TEST(Hls4ml, ReproducesTheConstantSoftmaxAndWarns) {
  const std::string wide =
      "{Model: {Precision: 'ap_fixed<16,6>'}, LayerName: {l: {Precision: {result: 'ap_fixed<38,18>'}}}}";
  const Hls4mlGraph network = made(logits, wide);
  const std::vector<double> y = outputs(network, {1, 5, 3}, 1);
  EXPECT_EQ(y[0], y[1]);
  EXPECT_EQ(y[1], y[2]);
  EXPECT_TRUE(mentions(network.warnings, "one entry for every 128"));

  const Hls4mlGraph meant = made(logits, wide, {.reproduceDefects = false});
  EXPECT_NEAR(outputs(meant, {1, 5, 3}, 1)[1], 0.867, 0.001);
  EXPECT_FALSE(mentions(meant.warnings, "one entry"));
}

const char* const integerRelu =
    "x = input [1] real\n"
    "a/relu = relu x from a\n"
    "a = quantize a/relu, scale 1, range [0, 63] from a\n"
    "output a\n";

TEST(Hls4ml, ReproducesTheWrappingIntegerReluAndWarns) {
  const std::string config =
      "{Model: {Precision: 'ap_fixed<16,9>'}, LayerName: {a: {Precision: {result: 'uint<6>'}}}}";
  const Hls4mlGraph network = made(integerRelu, config);
  EXPECT_EQ(outputs(network, {1.75, 65, -3}, 3), (std::vector<double>{1, 1, 0}));
  EXPECT_TRUE(mentions(network.warnings, "does not round and saturate"));
  const Hls4mlGraph meant = made(integerRelu, config, {.reproduceDefects = false});
  EXPECT_EQ(outputs(meant, {1.75, 65, -3}, 3), (std::vector<double>{2, 63, 0}));
  EXPECT_FALSE(mentions(meant.warnings, "does not round"));
}

TEST(Hls4ml, WarnsOfSettingsWithoutEffect) {
  const Hls4mlGraph network =
      made(logits,
           "{Model: {Precision: 'ap_fixed<16,6>'}, LayerName: {s: {Precision: {exp_table: "
           "'ap_fixed<9,3>'}}, t: {Precision: 'ap_fixed<8,2>'}}}");
  EXPECT_TRUE(mentions(network.warnings, "exp_table has no effect"));
  EXPECT_TRUE(mentions(network.warnings, "no layer is called 't'"));
}

TEST(Hls4ml, NamesEveryLayerItDoesNotKnow) {
  const std::string error = errorOf(
      "x = input [4] real\n"
      "g = gelu x from g\n"
      "m = mish g from m\n"
      "output m\n",
      "Model: {Precision: 'ap_fixed<16,6>'}");
  EXPECT_NE(error.find("layer 'g'"), std::string::npos);
  EXPECT_NE(error.find("layer 'm'"), std::string::npos);
}

TEST(Hls4ml, RefusesTypesThatAreNone) {
  EXPECT_NE(errorOf(dense, "Model: {ReuseFactor: 1}").find("no default precision"), std::string::npos);
  EXPECT_NE(errorOf(dense, "Model: {Precision: auto}").find("'auto'"), std::string::npos);
  EXPECT_NE(
      errorOf(dense,
              "{Model: {Precision: 'ap_fixed<16,6>'}, LayerName: {fc: {Precision: {accum: 'ap_fixed<x>'}}}}")
          .find("layer 'fc': precision of accum"),
      std::string::npos);
}

TEST(Hls4ml, LeavesAModelOfHgqAsItIs) {
  const Hls4mlGraph network = made(
      "x = input [1] real\n"
      "q = quantize x, scale 0.5, range [-8, 7], rounding floor, overflow wrap from q\n"
      "output q\n",
      "Model: {Precision: 'ap_fixed<16,6>'}");
  EXPECT_EQ(network.graph.nodes.size(), 2u);
  EXPECT_TRUE(mentions(network.warnings, "HGQ"));
}

/// Every average of 1 to 70 numbers, against the quotient of ap_fixed itself.
TEST(Hls4ml, DividesAveragesAsApFixedDoes) {
  for (const int count : {2, 3, 5, 7, 9, 12, 64, 70}) {
    const std::string graph = "x = input [" + std::to_string(count) +
                              ", 1] real\n"
                              "g = reduceMean x, axes [0] from g\n"
                              "output g\n";
    const Hls4mlGraph network = made(graph, "Model: {Precision: 'ap_fixed<10,6>'}");
    const ApFormat type{.width = 10, .integer = 6};
    std::vector<double> x;
    std::vector<double> expected;
    for (int sample = 0; sample < 400; ++sample) {
      fixed::ApNumber sum{type, 0};
      for (int i = 0; i < count; ++i) {
        const double value = ((sample * 37 + i * 101) % 64 - 32) / 16.0;
        x.push_back(value);
        sum = fixed::convert(sum + fixed::fromDouble(value, type), type);
      }
      const ApFormat integer{.width = 32, .integer = 32, .isSigned = false};
      expected.push_back(fixed::convert(sum / fixed::ApNumber{integer, count}, type).value());
    }
    EXPECT_EQ(outputs(network, x, 400), expected) << count;
  }
}

}  // namespace
}  // namespace sluice::compat

#include <cmath>

#include "frontend/frontend_testing.h"

namespace sluice::frontend {
namespace {

const std::string qonnx = "qonnx.custom_op.general";

/// x [N, n] through one Quant.
OnnxWriter quantOf(std::int64_t n, float scale, float zero, float bits,
                   const std::vector<WrittenAttribute>& attributes, const std::string& domain = qonnx) {
  OnnxWriter file;
  file.input("x", {-1, n});
  file.scalar("s", scale);
  file.scalar("z", zero);
  file.scalar("b", bits);
  file.node("Quant", {"x", "s", "z", "b"}, {"y"}, attributes, "q", domain);
  file.output("y", {-1, n});
  return file;
}

/// The rule of the QONNX definition in float64, for numbers that float64 divides exactly.
double quantReference(double x, double scale, double zero, double lo, double hi, const std::string& mode) {
  double v = std::clamp(x / scale + zero, lo, hi);
  const double sign = v < 0 ? -1 : 1;
  if (mode == "ROUND") v = std::nearbyint(v);
  if (mode == "CEIL") v = std::ceil(v);
  if (mode == "FLOOR") v = std::floor(v);
  if (mode == "UP") v = sign * std::ceil(std::abs(v));
  if (mode == "DOWN" || mode == "ROUND_TO_ZERO") v = std::trunc(v);
  if (mode == "HALF_UP") v = sign * std::floor(std::abs(v) + 0.5);
  if (mode == "HALF_DOWN") v = sign * std::ceil(std::abs(v) - 0.5);
  return (v - zero) * scale;
}

TEST(ImportQuant, EveryRoundingModeSignAndNarrownessAgreesWithTheDefinition) {
  std::vector<double> x;
  for (int i = -80; i <= 80; ++i) x.push_back(i * 0.0625);
  for (const std::string mode :
       {"ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN", "ROUND_TO_ZERO", "half_up", "Round"})
    for (const bool isSigned : {false, true})
      for (const bool narrow : {false, true})
        for (const double zero : {0.0, 1.0}) {
          const ir::Graph graph =
              imported(quantOf(static_cast<std::int64_t>(x.size()), 0.25f, static_cast<float>(zero), 3,
                               {{"signed", std::int64_t{isSigned}},
                                {"narrow", std::int64_t{narrow}},
                                {"rounding_mode", mode}}));
          const double lo = isSigned ? (narrow ? -3 : -4) : 0;
          const double hi = isSigned ? 3 : (narrow ? 6 : 7);
          std::string upper = mode;
          for (char& c : upper) c = static_cast<char>(std::toupper(c));
          const auto y = run(graph, x);
          ASSERT_EQ(y.size(), x.size());
          for (std::size_t i = 0; i < x.size(); ++i)
            EXPECT_EQ(y[i], quantReference(x[i], 0.25, zero, lo, hi, upper))
                << mode << " " << x[i] << " " << lo << " " << hi;
        }
}

TEST(ImportQuant, IsKnownUnderEveryDomainThatExportersUse) {
  for (const std::string domain :
       {"", "onnx.brevitas", "finn.custom_op.general", "qonnx.custom_op.general",
        "qonnx.custom_op.general.v2", "onnx.brevitas.1", "finn.custom_op.general:2"})
    EXPECT_TRUE(importWritten(quantOf(4, 0.5f, 0, 4, {}, domain)).ok()) << domain;
  for (const std::string domain : {"com.example", "qonnx.custom_op.generally", "onnx.brevitas.more"})
    EXPECT_FALSE(importWritten(quantOf(4, 0.5f, 0, 4, {}, domain)).ok()) << domain;
}

TEST(ImportQuant, OfAWeightWithScalesOnItsOutputsBecomesCodesWithScalesOnTheLastAxis) {
  OnnxWriter file;
  file.input("x", {1, 3});
  file.tensor("w", {2, 3}, {0.5f, -0.25f, 1.5f, 3.0f, -6.0f, 2.0f});
  file.tensor("ws", {2, 1}, {0.5f, 2.0f});
  file.scalar("z", 0);
  file.scalar("b", 3);
  file.node("Quant", {"w", "ws", "z", "b"}, {"wq"}, {{"signed", 1}, {"narrow", 1}}, "quantW", qonnx);
  file.node("Transpose", {"wq"}, {"wt"}, {{"perm", std::vector<std::int64_t>{1, 0}}}, "turn");
  file.node("MatMul", {"x", "wt"}, {"y"}, {}, "mm");
  file.output("y", {1, 2});
  const ir::Graph graph = imported(file);
  const ir::Node* product = nodeOf(graph, "mm");
  ASSERT_NE(product, nullptr);
  const ir::Tensor& w = graph.tensor(product->inputs[1]);
  EXPECT_EQ(w.name, "wt");
  EXPECT_EQ(w.type.shape, (ir::Shape{3, 2}));
  ASSERT_TRUE(w.type.codes);
  EXPECT_EQ(w.type.codes->scale, (std::vector<double>{0.5, 2.0}));
  EXPECT_EQ(w.type.codes->range, (fixed::Interval{-3, 3}));
  // 0.5/0.5=1, -0.25/0.5=-0.5 -> 0, 3; 1.5 -> 2, -3, 1: ties go to even.
  EXPECT_EQ(ir::codesOf(w), (std::vector<std::int64_t>{1, 2, 0, -3, 3, 1}));
  EXPECT_EQ(product->origins, (Names{"quantW", "turn", "mm"}));
}

TEST(ImportQuant, DecidesTiesByTheExactQuotientNotByFloat32Division) {
  // s = 0.1f is 0.1000000014901161..; w = 2.5 * s rounded to float32 is not exactly a tie. The quotient in
  // float32 is 2.5.
  const float scale = 0.1f;
  const float weight = 2.5f * scale;
  ASSERT_EQ(weight / scale, 2.5f);
  const double exact = static_cast<double>(weight) - 2.5 * static_cast<double>(scale);  // exact in double
  ASSERT_NE(exact, 0.0);
  OnnxWriter file;
  file.input("x", {1, 1});
  file.tensor("w", {1, 1}, {weight});
  file.scalar("s", scale);
  file.scalar("z", 0);
  file.scalar("b", 4);
  file.node("Quant", {"w", "s", "z", "b"}, {"wq"}, {}, "", qonnx);
  file.node("MatMul", {"x", "wq"}, {"y"});
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(ir::codesOf(graph.tensors[graph.findTensor("wq")->index]),
            (std::vector<std::int64_t>{exact > 0 ? 3 : 2}));
}

TEST(ImportQuant, OfAComputedTensorTakesScalesAndZeroPointsAlongAnyAxis) {
  const std::vector<double> x{0.3, -1.2, 2.6, 0.75, -0.25, 1.5};
  for (const std::int64_t axis : {1, 2}) {
    const std::size_t count = axis == 1 ? 2 : 3;
    std::vector<float> scales{0.5f, 1, 2}, zeros{0, 1, 3};
    scales.resize(count);
    zeros.resize(count);
    const std::vector<std::int64_t> shape =
        axis == 1 ? std::vector<std::int64_t>{1, 2, 1} : std::vector<std::int64_t>{1, 1, 3};
    OnnxWriter file;
    file.input("x", {-1, 2, 3});
    file.tensor("s", shape, scales);
    file.tensor("z", shape, zeros);
    file.scalar("b", 3);
    file.node("Quant", {"x", "s", "z", "b"}, {"y"}, {{"signed", 0}}, "q", qonnx);
    file.output("y");
    const auto y = run(imported(file), x);
    ASSERT_EQ(y.size(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t c = axis == 1 ? i / 3 : i % 3;
      EXPECT_EQ(y[i], quantReference(x[i], static_cast<double>(scales[c]), static_cast<double>(zeros[c]), 0,
                                     7, "ROUND"))
          << axis << " " << i;
    }
  }
}

TEST(ImportQuant, SettingsThatMakeNoSenseAreRefusedWithTheirValues) {
  const auto message = [](float scale, float zero, float bits,
                          const std::vector<WrittenAttribute>& attributes) {
    return errorOf(importWritten(quantOf(4, scale, zero, bits, attributes)));
  };
  EXPECT_NE(message(0, 0, 4, {}).find("the scale 0.000000 is not a positive number"), std::string::npos);
  EXPECT_NE(message(-1, 0, 4, {}).find("not a positive number"), std::string::npos);
  EXPECT_NE(message(1, 0, 0, {}).find("the bit width is 0.000000, not a whole number"), std::string::npos);
  EXPECT_NE(message(1, 0, 2.5f, {}).find("2.5"), std::string::npos);
  EXPECT_NE(message(1, 0, 1000, {}).find("quantizers have 1 to 32 bits"), std::string::npos);
  EXPECT_NE(message(1, 0.5f, 4, {}).find("the zero point 0.5"), std::string::npos);
  EXPECT_NE(message(1, 0, 1, {{"signed", 1}, {"narrow", 1}}).find("single code"), std::string::npos);
  EXPECT_NE(message(1, 0, 4, {{"rounding_mode", "SIDEWAYS"}}).find("rounding mode 'SIDEWAYS'"),
            std::string::npos);
  EXPECT_NE(message(1, 0, 4, {{"colour", 1}}).find("attribute 'colour' is not supported"), std::string::npos);
  EXPECT_NE(message(NAN, 0, 4, {}).find("NaN or an infinity"), std::string::npos);
}

TEST(ImportBipolarQuant, GivesPlusScaleFromZeroOnAndMinusScaleBelow) {
  OnnxWriter file;
  file.input("x", {1, 3});
  file.tensor("w", {3, 2}, {-0.5f, 0, 2, -3, 1, 1});
  file.scalar("s", 0.5f);
  file.node("BipolarQuant", {"x", "s"}, {"xq"}, {}, "", "finn.custom_op.general");
  file.node("BipolarQuant", {"w", "s"}, {"wq"}, {}, "", "finn.custom_op.general");
  file.node("MatMul", {"xq", "wq"}, {"y"});
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(ir::codesOf(graph.tensors[graph.findTensor("wq")->index]),
            (std::vector<std::int64_t>{-1, 1, 1, -1, 1, 1}));
  // x codes 1, 1, -1: columns (-1+1-1, 1-1-1), times 0.25.
  EXPECT_EQ(run(graph, {0, 2, -0.1}), (std::vector<double>{-0.25, -0.25}));
}

/// QONNX's five-input Trunc in float64.
double truncReference(double x, double scale, double inBits, double outBits) {
  const double steps = std::exp2(inBits - outBits);
  return std::floor(std::nearbyint(x / scale) / steps) * scale;
}

TEST(ImportTrunc, DropsLowBitsAndKeepsTheScale) {
  OnnxWriter file;
  file.input("x", {1, 129});
  file.scalar("s", 0.25f);
  file.scalar("z", 0);
  file.scalar("in", 6);
  file.scalar("out", 3);
  file.node("Trunc", {"x", "s", "z", "in", "out"}, {"y"}, {{"rounding_mode", "FLOOR"}}, "t", "onnx.brevitas");
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(opNames(graph), (Names{"input", "quantize", "quantize", "binary", "quantize"}));
  std::vector<double> x;
  for (int i = -64; i <= 64; ++i) x.push_back(i * 0.125);
  const auto y = run(graph, x);
  ASSERT_EQ(y.size(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i], truncReference(x[i], 0.25, 6, 3)) << x[i];
}

TEST(ImportTrunc, OfACodeOfItsOwnScaleNeedsNoFirstQuantizerAndWithSixInputsNoRescaling) {
  OnnxWriter file = quantOf(9, 0.5f, 0, 4, {});
  file.scalar("os", 2);
  file.scalar("ob", 2);
  file.node("Trunc", {"y", "s", "z", "b", "os", "ob"}, {"t"}, {{"signed", 1}, {"narrow", 0}}, "trunc", qonnx);
  file.output("t");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(opNames(graph), (Names{"input", "quantize", "quantize"}));
  const auto result = ir::runReference(graph, {{-4, -2.1, -1, -0.5, 0, 0.5, 1.9, 2, 3.5}}, 1);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::get<0>((*result)[1]), (std::vector<double>{-4, -2, -2, -2, 0, 0, 2, 2, 2}));
}

TEST(ImportTrunc, OfAConstantIsCarriedOut) {
  OnnxWriter file;
  file.input("x", {1, 2});
  file.tensor("w", {2, 1}, {-0.75f, 1.75f});
  file.scalar("s", 0.25f);
  file.scalar("z", 0);
  file.scalar("in", 4);
  file.scalar("out", 3);
  file.node("Trunc", {"w", "s", "z", "in", "out"}, {"wt"}, {}, "t", "onnx.brevitas");
  file.node("MatMul", {"x", "wt"}, {"y"});
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(ir::codesOf(graph.tensors[graph.findTensor("wt")->index]), (std::vector<std::int64_t>{-2, 3}));
}

TEST(ImportTrunc, WithAZeroPointOrAnOddOutputScaleIsRefused) {
  OnnxWriter file;
  file.input("x", {1, 2});
  file.scalar("s", 0.25f);
  file.scalar("z", 1);
  file.scalar("zero", 0);
  file.scalar("b", 4);
  file.scalar("os", 0.75f);
  file.node("Trunc", {"x", "s", "z", "b", "b"}, {"a"}, {}, "first", qonnx);
  file.node("Trunc", {"x", "s", "zero", "b", "os", "b"}, {"c"}, {}, "second", qonnx);
  file.output("a");
  file.output("c");
  const std::string error = errorOf(importWritten(file));
  EXPECT_NE(error.find("node 'first' (Trunc): a Trunc with the zero point 1"), std::string::npos) << error;
  EXPECT_NE(error.find("node 'second' (Trunc): the output scale"), std::string::npos) << error;
}

}  // namespace
}  // namespace sluice::frontend

#include <cmath>

#include "frontend/frontend_testing.h"

namespace sluice::frontend {
namespace {

TEST(ImportGemm, ComputesAlphaTimesTheProductPlusBetaTimesTheBias) {
  for (const bool turned : {false, true})
    for (const float alpha : {1.0f, 0.5f})
      for (const float beta : {1.0f, 2.0f, 0.0f}) {
        OnnxWriter file;
        file.input("x", {-1, 2});
        if (turned)
          file.tensor("w", {3, 2}, {1, 4, 2, 5, 3, 6});
        else
          file.tensor("w", {2, 3}, {1, 2, 3, 4, 5, 6});
        file.tensor("c", {1, 3}, {10, 20, 30});
        file.node("Gemm", {"x", "w", "c"}, {"y"},
                  {{"alpha", alpha}, {"beta", beta}, {"transB", std::int64_t{turned}}}, "g");
        file.output("y", {-1, 3});
        const ir::Graph graph = imported(file);
        const auto y = run(graph, {1, -1});
        const auto a = static_cast<double>(alpha);
        const auto b = static_cast<double>(beta);
        EXPECT_EQ(y, (std::vector<double>{-3 * a + 10 * b, -3 * a + 20 * b, -3 * a + 30 * b}));
        ASSERT_NE(nodeOf(graph, "g"), nullptr);
      }
}

TEST(ImportGemm, WithTransposedInputIsRefused) {
  OnnxWriter file;
  file.input("x", {2, 2});
  file.tensor("w", {2, 1}, {1, 2});
  file.node("Gemm", {"x", "w"}, {"y"}, {{"transA", 1}});
  file.output("y");
  EXPECT_NE(errorOf(importWritten(file)).find("transA would move the batch axis"), std::string::npos);
}

TEST(ImportMatMul, OfTwoConstantsOrAcrossTheBatchIsRefused) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.tensor("w", {2, 2}, {1, 2, 3, 4});
  file.tensor("stack", {2, 2, 2}, std::vector<float>(8, 1));
  file.node("MatMul", {"w", "x"}, {"a"}, {}, "left");
  file.node("MatMul", {"x", "x"}, {"b"}, {}, "both");
  file.node("MatMul", {"w", "w"}, {"c"}, {}, "none");
  file.node("MatMul", {"x", "stack"}, {"d"}, {}, "deep");
  for (const char* output : {"a", "b", "c", "d"}) file.output(output);
  const std::string error = errorOf(importWritten(file));
  EXPECT_NE(
      error.find("node 'left' (MatMul): the constant is its first operand and the computed one has 1 axes "
                 "besides the batch, so the product would mix samples"),
      std::string::npos)
      << error;
  EXPECT_NE(error.find("node 'both' (MatMul): both operands are computed, with 2 and 2 axes"),
            std::string::npos);
  EXPECT_NE(error.find("node 'none' (MatMul): both operands are constants"), std::string::npos);
  EXPECT_NE(error.find("node 'deep' (MatMul): the constant operand has shape [2, 2, 2]"), std::string::npos);
}

TEST(ImportMatMul, WithAConstantFirstOperandExchangesTheLastAxes) {
  OnnxWriter file;
  file.input("x", {-1, 2, 3});
  file.tensor("w", {1, 2}, {10, 1});
  file.node("MatMul", {"w", "x"}, {"y"});
  file.output("y", {-1, 1, 3});
  EXPECT_EQ(run(imported(file), {1, 2, 3, 4, 5, 6}), (std::vector<double>{14, 25, 36}));
}

TEST(ImportMatMul, KeepsScalesAlongItsSummationAsOnePerElement) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.tensor("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  file.tensor("s", {2, 1}, {0.5f, 1});
  file.scalar("z", 0);
  file.scalar("b", 8);
  file.node("Quant", {"w", "s", "z", "b"}, {"wq"});
  file.node("MatMul", {"x", "wq"}, {"y"}, {}, "mm");
  file.output("y");
  const ir::Graph graph = imported(file);
  const ir::Tensor& w = graph.tensor(*graph.findTensor("wq"));
  EXPECT_EQ(w.type.codes->scale, (std::vector<double>{0.5, 0.5, 0.5, 1, 1, 1}));
  EXPECT_EQ(ir::codesOf(w), (std::vector<std::int64_t>{2, 4, 6, 4, 5, 6}));
  EXPECT_EQ(run(graph, {1, 1}), (std::vector<double>{5, 7, 9}));
}

OnnxWriter normalized(std::vector<WrittenAttribute> attributes, float variance = 4, std::int64_t opset = 13) {
  OnnxWriter file(opset);
  file.input("x", {-1, 2});
  file.tensor("g", {2}, {2, 3});
  file.tensor("b", {2}, {1, -1});
  file.tensor("m", {2}, {0.5f, -0.5f});
  file.tensor("v", {2}, {variance, 9});
  file.node("BatchNormalization", {"x", "g", "b", "m", "v"}, {"y"}, attributes, "bn");
  file.output("y");
  return file;
}

TEST(ImportBatchNormalization, FollowsItsFormula) {
  const auto y = run(imported(normalized({{"epsilon", 0.25f}, {"momentum", 0.9f}})), {1, 2});
  ASSERT_EQ(y.size(), 2u);
  EXPECT_NEAR(y[0], 2 * 0.5 / std::sqrt(4.25) + 1, 1e-15);
  EXPECT_NEAR(y[1], 3 * 2.5 / std::sqrt(9.25) - 1, 1e-15);
}

TEST(ImportBatchNormalization, InTrainingModeOrWithoutPositiveVarianceIsRefused) {
  EXPECT_NE(errorOf(importWritten(normalized({{"training_mode", 1}}, 4, 14))).find("training mode"),
            std::string::npos);
  EXPECT_NE(errorOf(importWritten(normalized({}, 4, 6))).find("training mode"), std::string::npos);
  EXPECT_TRUE(importWritten(normalized({{"is_test", 1}}, 4, 6)).ok());
  EXPECT_NE(errorOf(importWritten(normalized({}, -1))).find("it must be positive"), std::string::npos);
  EXPECT_TRUE(importWritten(normalized({{"spatial", 0}}, 4, 7)).ok());  // of a vector that is the same
  OnnxWriter image(7);
  image.input("x", {-1, 2, 3, 3});
  for (const char* name : {"g", "b", "m", "v"}) image.tensor(name, {2, 3, 3}, std::vector<float>(18, 1));
  image.node("BatchNormalization", {"x", "g", "b", "m", "v"}, {"y"}, {{"spatial", 0}});
  image.output("y");
  EXPECT_NE(errorOf(importWritten(image)).find("spatial = 0"), std::string::npos);
}

TEST(ImportSoftmax, RunsOverOneAxisOrAllFromOneOn) {
  const auto softmax = [](std::vector<std::int64_t> shape, std::vector<WrittenAttribute> attributes,
                          std::int64_t opset) {
    OnnxWriter file(opset);
    file.input("x", shape);
    file.node("Softmax", {"x"}, {"y"}, attributes, "s");
    file.output("y");
    return file;
  };
  const auto y = run(imported(softmax({-1, 2}, {}, 9)), {0, std::log(3.0)});
  EXPECT_NEAR(y[0], 0.25, 1e-15);
  EXPECT_TRUE(importWritten(softmax({-1, 2}, {}, 13)).ok());
  EXPECT_TRUE(importWritten(softmax({-1, 1, 2}, {{"axis", 1}}, 9)).ok());
  // Over six elements at once, or over the three.
  EXPECT_NEAR(run(imported(softmax({-1, 3, 2}, {{"axis", 1}}, 9)), {0, 0, 0, 0, 0, 0})[0], 1 / 6.0, 1e-15);
  EXPECT_NEAR(run(imported(softmax({-1, 3, 2}, {{"axis", 1}}, 13)), {0, 0, 0, 0, 0, 0})[0], 1 / 3.0, 1e-15);
  EXPECT_TRUE(importWritten(softmax({-1, 3, 2}, {{"axis", -1}}, 13)).ok());
  EXPECT_FALSE(importWritten(softmax({-1, 2}, {{"axis", 0}}, 9)).ok());
}

TEST(ImportArgMax, GivesTheLowestIndexOfTheLargestElement) {
  for (const std::int64_t keep : {0, 1}) {
    OnnxWriter file;
    file.input("x", {-1, 4});
    file.node("ArgMax", {"x"}, {"y"}, {{"axis", -1}, {"keepdims", keep}}, "a");
    file.output("y");
    EXPECT_EQ(run(imported(file), {1, 7, 7, 3}), std::vector<double>{1});
  }
}

TEST(ImportArithmetic, BroadcastsConstantsOverASampleAndFoldsConstantChains) {
  OnnxWriter file;
  file.input("x", {-1, 2, 2});
  file.tensor("row", {1, 1, 2}, {1, 2});
  file.scalar("v", 16);
  file.scalar("half", 0.5f);
  file.node("Sub", {"x", "row"}, {"a"});
  file.node("Pow", {"v", "half"}, {"root"}, {}, "root");
  file.node("Div", {"a", "root"}, {"b"}, {}, "div");
  file.node("Neg", {"b"}, {"c"});
  file.node("Reciprocal", {"v"}, {"r"});
  file.node("Mul", {"r", "c"}, {"y"});
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(run(graph, {5, 6, 9, 2}), (std::vector<double>{-1 / 16.0, -1 / 16.0, -2 / 16.0, 0}));
  EXPECT_EQ(nodeOf(graph, "div")->origins, (Names{"root", "div"}));
}

TEST(ImportArithmetic, OnASingleAxisMeetingTheBatchIsRefused) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.input("other", {-1, 3, 2});
  file.tensor("perSample", {4, 2}, std::vector<float>(8, 1));
  file.tensor("wide", {1, 1, 2}, {1, 2});
  file.node("Add", {"x", "perSample"}, {"a"}, {}, "first");
  file.node("Add", {"x", "other"}, {"b"}, {}, "second");
  file.node("Add", {"x", "wide"}, {"c"}, {}, "third");
  for (const char* output : {"a", "b", "c"}) file.output(output);
  const std::string error = errorOf(importWritten(file));
  EXPECT_NE(error.find("node 'first' (Add): 'perSample' of shape [4, 2] differs from sample to sample"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("node 'second' (Add): 'x' has fewer axes than the result"), std::string::npos);
  EXPECT_NE(error.find("node 'third' (Add): 'x' has fewer axes than the result"), std::string::npos);
}

TEST(ImportArithmetic, FunctionsOfComputedTensorsAgreeWithMathematics) {
  const auto value = [](const std::string& op, double x) {
    OnnxWriter file;
    file.input("x", {-1, 1});
    file.node(op, {"x"}, {"y"});
    file.output("y");
    return run(imported(file), {x}).at(0);
  };
  EXPECT_NEAR(value("Sigmoid", 1), 1 / (1 + std::exp(-1.0)), 1e-15);
  EXPECT_NEAR(value("Tanh", 0.5), std::tanh(0.5), 1e-15);
  EXPECT_EQ(value("Relu", -2), 0);
  EXPECT_EQ(value("Neg", -2), 2);
  EXPECT_EQ(value("Sqrt", 9), 3);
  EXPECT_EQ(value("Reciprocal", 4), 0.25);
}

}  // namespace
}  // namespace sluice::frontend

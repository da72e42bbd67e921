#include "frontend/onnx_writer_graph.h"

#include <gtest/gtest.h>

#include "frontend/qonnx.h"
#include "ir/testing.h"

/// Graphs written as QONNX come back as they were.
namespace sluice::frontend {
namespace {

std::string plain(ir::Graph graph) {
  for (ir::Node& node : graph.nodes) node.origins.clear();
  return ir::print(graph);
}

void expectSameAgain(const std::string& text) {
  const ir::Graph graph = ir::graphOf(text);
  const auto bytes = qonnxBytes(graph);
  ASSERT_TRUE(bytes.ok()) << bytes.error().text();
  const auto again = importOnnxBytes(*bytes, graph.name);
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(plain(*again), plain(graph));
}

TEST(QonnxWriter, QuantizedConvolutionsComeBackWithCodesScalesAndBiases) {
  expectSameAgain(
      "graph net\nx = input [3, 3, 2] real; q = quantize x, scale 0.25, range u4\n"
      "y.weight = constant [2, 2, 2, 3] codes s3 scale [0.5, 0.30000001192092896, 1] "
      "{1 2 3 -4 -3 -2 -1 0 1 2 3 0 1 1 1 2 2 2 3 3 3 -1 -2 -3}\n"
      "y.bias = constant [3] codes s8 scale [0.125, 0.07500000298023224, 0.25] {100 -128 7}\n"
      "y = conv q, y.weight, y.bias, padBefore [1, 0], padAfter [0, 1]; r = relu y\n"
      "o = quantize r, scale 0.5, range [-7, 7]; f = reshape o, shape 27; output f");
}

TEST(QonnxWriter, AFlattenedFeatureMapMeetsItsMatrixInTheGraphsOrder) {
  const ir::Graph graph = ir::graphOf(
      "graph net\nx = input [2, 2, 2] real; k = constant [1, 1, 2, 2] real {1 2 3 4}; c = conv x, k\n"
      "f = reshape c, shape 8; w = constant [8, 1] real {1 2 3 4 5 6 7 8}; y = matMul f, w; output y");
  const auto bytes = qonnxBytes(graph);
  ASSERT_TRUE(bytes.ok());
  const auto again = importOnnxBytes(*bytes, "net");
  ASSERT_TRUE(again.ok()) << again.error().text();
  const Status same = ir::compareMeaning(graph, *again, {.samples = 16});
  EXPECT_TRUE(same.ok()) << same.error().text();
}

TEST(QonnxWriter, AnOutputThatIsAFeatureMapKeepsItsNameAndOrder) {
  const ir::Graph graph = ir::graphOf(
      "graph net\nx = input [2, 3, 2] real; k = constant [1, 1, 2, 2] real {1 2 3 4}; c = conv x, k; output "
      "c");
  const auto again = importOnnxBytes(*qonnxBytes(graph), "net");
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again->tensor(again->outputs[0]).name, "c");
  const Status same = ir::compareMeaning(graph, *again, {.samples = 16});
  EXPECT_TRUE(same.ok()) << same.error().text();
}

TEST(QonnxWriter, ScalesPerChannelOfActivationsFollowTheChannels) {
  expectSameAgain(
      "graph net\nx = input [2, 2, 3] real; q = quantize x, scale [0.5, 1, 2], range s4; output q");
}

TEST(QonnxWriter, WhatHasNoOperatorIsNamed) {
  const ir::Graph graph = ir::graphOf(
      "graph net\nx = input [4] real; y = swish x, alpha 1; z = quantize y, scale 1, range [-3, 9]; output "
      "z");
  const auto bytes = qonnxBytes(graph);
  ASSERT_FALSE(bytes.ok());
  EXPECT_NE(bytes.error().message.find("node 'y'"), std::string::npos) << bytes.error().message;
  EXPECT_NE(bytes.error().message.find("node 'z'"), std::string::npos) << bytes.error().message;
}

}  // namespace
}  // namespace sluice::frontend
